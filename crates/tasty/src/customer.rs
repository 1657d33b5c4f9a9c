//! The customer, `GET /customers/me`.
//!
//! The record holds address, birth date and tax data. Only what is named here is ever taken out of the answer.

use domain::UserId;
use serde::Deserialize;

use crate::{Answer, Error, Request};

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// TastyTrade's `external-id`, which is the user here.
    pub user_id: UserId,
    /// Whether this customer's quotes are delayed, so that they must not be shown to anyone else. Taken to be so where
    /// the answer does not say.
    pub has_delayed_quotes: bool,
}

/// Asks who it is.
pub fn request() -> Request {
    Request::get("/customers/me")
}

/// Reads the customer. One without an external id is [`Error::NoExternalId`]: the other id is not stable enough to be the
/// key of a user.
pub fn read(answer: &Answer) -> Result<Customer, Error> {
    let wire: Wire = answer.data()?;
    let user_id = wire.external_id.as_deref().and_then(UserId::new).ok_or(Error::NoExternalId)?;
    Ok(Customer { user_id, has_delayed_quotes: wire.has_delayed_quotes.unwrap_or(true) })
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Wire {
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    has_delayed_quotes: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn a_customer_is_its_external_id() {
        let body = r#"{"data":{"id":"me","external-id":"A0000012345","has-delayed-quotes":false,"email":"x@example.com",
            "address":{"city":"Chicago","street-one":"1 Main"},"permitted-account-types":[{"is_tax_advantaged":true}]},
            "context":"/customers/me"}"#;
        let customer = read(&answer(200, body)).unwrap();
        assert_eq!((customer.user_id.as_str(), customer.has_delayed_quotes), ("A0000012345", false));
        assert!(!format!("{customer:?}").contains("example"));
    }

    #[test]
    fn doubt_means_delayed_and_no_id_means_no_login() {
        assert!(read(&answer(200, r#"{"data":{"external-id":"U1"}}"#)).unwrap().has_delayed_quotes);
        for body in [
            r#"{"data":{"id":"me"}}"#,
            r#"{"data":{"external-id":null}}"#,
            r#"{"data":{"external-id":""}}"#,
            r#"{"data":{"external-id":"two words"}}"#,
        ] {
            assert_eq!(read(&answer(200, body)), Err(Error::NoExternalId), "{body}");
        }
        assert_eq!(read(&answer(401, "")), Err(Error::TokenExpired));
    }
}
