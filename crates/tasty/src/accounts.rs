//! The customer's accounts, `GET /customers/me/accounts`.

use domain::{Timestamp, portfolio::Account};

use crate::{Answer, Error, Noted, Request, fields::Fields};

/// Asks for the accounts.
pub fn request() -> Request {
    Request::get("/customers/me/accounts")
}

/// An account with what is said of it beside.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The account.
    pub account: Account,
    /// What the user may do with it, for example `owner`.
    pub authority: Option<String>,
    /// How far options may be traded.
    pub options_level: Option<String>,
    /// Whether the account is marked as a day trader's.
    pub is_day_trader: Option<bool>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
}

/// Reads the accounts. One without a usable number is an error, since an account that is left out counts as gone.
pub fn read(answer: &Answer) -> Result<Noted<Vec<Account>>, Error> {
    let Noted { value, notes } = read_listed(answer)?;
    Ok(Noted { value: value.into_iter().map(|listed| listed.account).collect(), notes })
}

/// Like [`read`], with what is said of the accounts beside.
pub fn read_listed(answer: &Answer) -> Result<Noted<Vec<Listed>>, Error> {
    let mut noted = Noted { value: Vec::new(), notes: Vec::new() };
    for mut item in answer.items()? {
        let authority = item.text("authority-level");
        let mut account = item.inner("account");
        noted.value.push(Listed {
            account: Account {
                number: account.required("account-number", Fields::account_number)?,
                nickname: account.text("nickname"),
                account_type: account.text("account-type-name"),
                margin_or_cash: account.text("margin-or-cash"),
                is_closed: account.truth("is-closed").unwrap_or(false),
            },
            authority,
            options_level: account.text("suitable-options-level"),
            is_day_trader: account.truth("day-trader-status"),
            opened_at: account.moment("opened-at"),
        });
        noted.notes.append(&mut item.notes);
        noted.notes.append(&mut account.notes);
    }
    Ok(noted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn accounts_are_read() {
        let body = r#"{"data":{"items":[
            {"account":{"account-number":"5WT00001","nickname":"Individual","account-type-name":"Individual",
              "is-closed":false,"day-trader-status":false,"margin-or-cash":"Margin","opened-at":"2024-01-02T00:00:00Z"},"authority-level":"owner"},
            {"account":{"account-number":"5WT00002","nickname":null,"is-closed":"true","margin-or-cash":["?"]}}
            ]},"context":"/customers/me/accounts"}"#;
        let accounts = read(&answer(200, body)).unwrap();
        assert_eq!(accounts.notes, ["data.items[1].account.margin-or-cash: not a text"]);
        let listed = read_listed(&answer(200, body)).unwrap().value;
        assert_eq!((listed[0].authority.as_deref(), listed[0].is_day_trader), (Some("owner"), Some(false)));
        assert_eq!(listed[0].opened_at.unwrap().to_rfc3339(), "2024-01-02T00:00:00+00:00");
        let [first, second] = accounts.value.try_into().unwrap();
        assert_eq!((first.number.as_str(), first.margin_or_cash.as_deref()), ("5WT00001", Some("Margin")));
        assert_eq!((second.nickname, second.is_closed), (None, true));
    }

    #[test]
    fn an_account_without_a_number_is_named() {
        for body in [r#"{"data":{"items":[{"account":{}}]}}"#, r#"{"data":{"items":[{}]}}"#] {
            assert_eq!(
                read(&answer(200, body)).err(),
                Some(Error::invalid("data.items[0].account.account-number", "missing"))
            );
        }
    }
}
