//! The customer's accounts, `GET /customers/me/accounts`.

use domain::portfolio::Account;

use crate::{Answer, Error, Noted, Request, fields::Fields};

/// Asks for the accounts.
pub fn request() -> Request {
    Request::get("/customers/me/accounts")
}

/// Reads the accounts. One without a usable number is an error, since an account that is left out counts as gone.
pub fn read(answer: &Answer) -> Result<Noted<Vec<Account>>, Error> {
    let mut noted = Noted { value: Vec::new(), notes: Vec::new() };
    for item in answer.items()? {
        let mut account = item.inner("account");
        noted.value.push(Account {
            number: account.required("account-number", Fields::account_number)?,
            nickname: account.text("nickname"),
            account_type: account.text("account-type-name"),
            margin_or_cash: account.text("margin-or-cash"),
            is_closed: account.truth("is-closed").unwrap_or(false),
        });
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
              "is-closed":false,"margin-or-cash":"Margin","opened-at":"2024-01-02T00:00:00Z"},"authority-level":"owner"},
            {"account":{"account-number":"5WT00002","nickname":null,"is-closed":"true","margin-or-cash":["?"]}}
            ]},"context":"/customers/me/accounts"}"#;
        let accounts = read(&answer(200, body)).unwrap();
        assert_eq!(accounts.notes, ["data.items[1].account.margin-or-cash: not a text"]);
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
