//! Tokens for market data: for DXLink alone, for a day. A grant that is revoked leaves them as they are.

use chrono::TimeDelta;
use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::jwt;

/// How long one lives.
pub(crate) const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// What one says. Times in Unix seconds.
#[derive(Serialize, Deserialize)]
struct Claims {
    /// Tells it from other tokens.
    quotes_of: String,
    exp: i64,
}

/// A token for a user.
pub(crate) fn issue(user: &str, wall: Timestamp) -> String {
    jwt::sign(&Claims { quotes_of: user.to_owned(), exp: (wall + LIFETIME).timestamp() })
}

/// Whose token it is, if it is one and has not ended.
pub(crate) fn user(token: &str, wall: Timestamp) -> Option<String> {
    let claims: Claims = jwt::read(token)?;
    (claims.exp > wall.timestamp()).then_some(claims.quotes_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_a_day() {
        let now: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
        let token = issue("trader", now);
        assert_eq!(user(&token, now + LIFETIME - TimeDelta::seconds(1)).as_deref(), Some("trader"));
        assert_eq!(user(&token, now + LIFETIME), None);
        assert_eq!(user("no token", now), None);
    }
}
