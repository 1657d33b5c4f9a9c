//! What the account tools share: which accounts a call means, and reading each of them.
//!
//! Which accounts there are comes from the rows of the last sync, so that somebody else's number, or one that never was, is
//! answered without a word to TastyTrade.

use std::time::Duration;

use domain::{
    AccountNumber, Error, Family, Reason, UserId,
    account::{self, NotNamed},
    portfolio::Account,
};
use futures_util::future::join_all;

use crate::{app::App, calls::get_portfolio::default_first, sync};

/// What names all accounts.
const ALL: &str = "all";

/// How long one account may take. What comes after it needs the rest of the call's time.
const LIMIT: Duration = Duration::from_secs(12);

/// The open accounts that a call means: the one that it names, or all; without a name the default account, or all where
/// there is none. The default account is the first.
///
/// # Errors
///
/// `account_not_found` for what is none of the user's open accounts, `invalid_arguments` for the end of several.
pub(crate) async fn meant(app: &App, user: &UserId, named: Option<&str>) -> Result<Vec<Account>, Error> {
    choose(open(app, user).await?, named)
}

/// The same, and the account that is meant where none is named, if that is one.
pub(crate) async fn meant_and_default(
    app: &App,
    user: &UserId,
    named: Option<&str>,
) -> Result<(Vec<Account>, Option<AccountNumber>), Error> {
    let known = open(app, user).await?;
    let default = default_of(&known);
    Ok((choose(known, named)?, default))
}

/// The user's open accounts, the default one first, and which one that is.
async fn open(app: &App, user: &UserId) -> Result<Vec<(Account, bool)>, Error> {
    let mut known = default_first(app, user).await?;
    if known.is_empty() {
        // Nothing has been synced yet.
        known = sync::accounts(app, user).await?.into_iter().map(|account| (account, false)).collect();
    }
    known.retain(|(account, _)| !account.is_closed);
    Ok(known)
}

fn default_of(known: &[(Account, bool)]) -> Option<AccountNumber> {
    match known {
        [(only, _)] => Some(only.number.clone()),
        _ => known.iter().find(|(_, is_default)| *is_default).map(|(account, _)| account.number.clone()),
    }
}

fn choose(known: Vec<(Account, bool)>, named: Option<&str>) -> Result<Vec<Account>, Error> {
    if known.is_empty() {
        return Err(Error::new(Reason::AccountNotFound, "TastyTrade lists no open account of yours."));
    }
    let wanted: Vec<AccountNumber> = match named.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) if text.eq_ignore_ascii_case(ALL) => Vec::new(),
        Some(text) => vec![one(&known, text)?],
        None => known.iter().filter(|(_, is_default)| *is_default).map(|(account, _)| account.number.clone()).collect(),
    };
    let accounts = known.into_iter().map(|(account, _)| account);
    Ok(accounts.filter(|account| wanted.is_empty() || wanted.contains(&account.number)).collect())
}

fn one(known: &[(Account, bool)], text: &str) -> Result<AccountNumber, Error> {
    let numbers: Vec<_> = known.iter().map(|(account, _)| &account.number).collect();
    match account::named(&numbers, text) {
        Ok(number) => Ok(number.clone()),
        Err(NotNamed::Ambiguous) => Err(Error::invalid_argument(
            "account",
            "Several of your accounts end like this. Send the account's whole number.",
        )),
        Err(NotNamed::Unknown) => {
            let list: Vec<String> = numbers.iter().map(|number| number.masked()).collect();
            let message =
                format!("`account` is none of your open accounts. Those that there are: {}.", list.join(", "));
            Err(Error::new(Reason::AccountNotFound, message).with("argument", "account"))
        }
    }
}

/// Accounts, each with what was read of it.
type Rows<T> = Vec<(Account, T)>;

/// What was read of some accounts, and why the others could not be.
pub(crate) struct Each<T> {
    pub(crate) found: Rows<T>,
    pub(crate) failed: Vec<(Account, Error)>,
}

/// Reads each account, all at the same time.
pub(crate) async fn each<T>(accounts: Vec<Account>, read: impl AsyncFn(&Account) -> Result<T, Error>) -> Each<T> {
    let read = &read;
    let all = accounts.into_iter().map(|account| async move {
        let late = || Err(Error::from(tasty::Error::TimedOut));
        let outcome = edge::deadline::within(LIMIT, read(&account)).await.unwrap_or_else(late);
        (account, outcome)
    });
    let mut each = Each { found: Vec::new(), failed: Vec::new() };
    for (account, outcome) in join_all(all).await {
        match outcome {
            Ok(found) => each.found.push((account, found)),
            Err(error) => each.failed.push((account, error)),
        }
    }
    each
}

impl<T> Each<T> {
    /// The error of the whole: the login does not hold.
    pub(crate) fn refusal(&mut self) -> Option<Error> {
        let place = self.failed.iter().position(|(_, error)| error.reason.family() == Family::AuthenticationError)?;
        Some(self.failed.remove(place).1)
    }

    /// What was found, and notes on what was not.
    ///
    /// # Errors
    ///
    /// That the login does not hold; or, where nothing was found at all, why.
    pub(crate) fn some(mut self) -> Result<(Rows<T>, Vec<String>), Error> {
        if let Some(error) = self.refusal() {
            return Err(error);
        }
        if self.found.is_empty() && !self.failed.is_empty() {
            return Err(self.failed.remove(0).1);
        }
        let notes = self.failed.iter().map(|(account, error)| missing(account, error)).collect();
        Ok((self.found, notes))
    }
}

/// That an account is not in the answer.
fn missing(account: &Account, error: &Error) -> String {
    format!("{} is missing: {}", account.number.masked(), error.message)
}

/// An account in a text: its masked number and its name.
pub(crate) fn called(account: &Account) -> String {
    match account.nickname.as_ref().or(account.account_type.as_ref()) {
        Some(name) => format!("{} {name}", account.number.masked()),
        None => account.number.masked(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An open account of that number.
    pub(crate) fn account(number: &str) -> Account {
        Account {
            number: AccountNumber::new(number).unwrap(),
            nickname: Some("Income".to_owned()),
            account_type: Some("Individual".to_owned()),
            margin_or_cash: Some("Margin".to_owned()),
            is_closed: false,
        }
    }

    fn chosen(defaults: [bool; 2], named: Option<&str>) -> Result<Vec<String>, Error> {
        let known = ["5WX00042", "5WX00077"].map(account).into_iter().zip(defaults).collect();
        Ok(choose(known, named)?.into_iter().map(|account| account.number.as_str().to_owned()).collect())
    }

    #[test]
    fn an_account_is_meant_by_name_or_by_default() {
        for (defaults, named, meant) in [
            ([false, false], None, vec!["5WX00042", "5WX00077"]),
            ([false, true], None, vec!["5WX00077"]),
            ([false, true], Some(""), vec!["5WX00077"]),
            ([false, true], Some(" ALL "), vec!["5WX00042", "5WX00077"]),
            ([false, true], Some("0042"), vec!["5WX00042"]),
            ([false, true], Some("\u{2022}\u{2022}\u{2022}\u{2022}0042"), vec!["5WX00042"]),
            ([true, false], Some("5wx00077"), vec!["5WX00077"]),
        ] {
            assert_eq!(chosen(defaults, named).unwrap(), meant, "{named:?}");
        }
    }

    #[test]
    fn the_default_account_is_the_chosen_or_the_only_one() {
        let known = |defaults: &[bool]| -> Vec<(Account, bool)> {
            ["5WX00042", "5WX00077"].map(account).into_iter().zip(defaults.iter().copied()).collect()
        };
        for (defaults, default) in
            [(&[][..], None), (&[false], Some("5WX00042")), (&[false, false], None), (&[false, true], Some("5WX00077"))]
        {
            assert_eq!(default_of(&known(defaults)).as_ref().map(AccountNumber::as_str), default, "{defaults:?}");
        }
    }

    #[test]
    fn somebody_elses_number_is_as_good_as_none() {
        let theirs = chosen([true, false], Some("5WX20001")).unwrap_err();
        let never = chosen([true, false], Some("5WX19999")).unwrap_err();
        assert_eq!((theirs.reason, &theirs.message), (Reason::AccountNotFound, &never.message));
        assert!(!theirs.message.contains("5WX"), "{}", theirs.message);
        let none = choose(Vec::new(), None).unwrap_err();
        assert_eq!(none.reason, Reason::AccountNotFound);
    }

    #[test]
    fn what_was_found_is_answered_unless_the_login_is_gone() {
        let found = |failed: Vec<Error>, found: usize| Each {
            found: (0..found).map(|_| (account("5WX00042"), ())).collect(),
            failed: failed.into_iter().map(|error| (account("5WX00077"), error)).collect(),
        };
        let slow = || Error::from(tasty::Error::TimedOut);
        let (rows, notes) = found(vec![slow()], 1).some().unwrap();
        assert_eq!((rows.len(), notes.len()), (1, 1));
        assert!(notes[0].starts_with("\u{2022}\u{2022}\u{2022}\u{2022}0077 is missing: "), "{}", notes[0]);
        assert_eq!(found(vec![slow()], 0).some().unwrap_err().reason, Reason::UpstreamTimeout);
        let gone = Error::new(Reason::ReconnectRequired, "Log in.");
        assert_eq!(found(vec![slow(), gone], 1).some().unwrap_err().reason, Reason::ReconnectRequired);
        assert!(found(Vec::new(), 0).some().unwrap().0.is_empty());
    }
}
