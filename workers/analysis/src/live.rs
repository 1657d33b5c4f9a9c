//! Balances and positions as they are now; of an account that TastyTrade does not answer for, what the last sync found.

use contract::{account::Source, portfolio::AccountBalance};
use domain::{
    AccountNumber, Error, Family, Timestamp, UserId,
    portfolio::{Account, Balance},
};
use store::portfolio;
use tasty::positions::Held;

use crate::{
    app::App,
    sync,
    tools::account::{self, Each},
};

/// What is known of one account.
pub(crate) struct Found<T> {
    pub(crate) account: Account,
    pub(crate) value: T,
    pub(crate) as_of: Timestamp,
    pub(crate) source: Source,
}

/// What is known of some accounts, in the order in which they were asked for.
pub(crate) struct Known<T> {
    pub(crate) found: Vec<Found<T>>,
    /// What is not live and why.
    pub(crate) notes: Vec<String>,
    /// Why nothing can be live: the login does not hold.
    pub(crate) refusal: Option<Error>,
}

impl<T> Known<T> {
    /// Where it comes from: live, if any of it is.
    pub(crate) fn source(&self) -> Source {
        let is_live = self.found.is_empty() || self.found.iter().any(|found| found.source == Source::Rest);
        if is_live { Source::Rest } else { Source::LastSync }
    }

    /// When the oldest of it was read.
    pub(crate) fn as_of(&self) -> Option<Timestamp> {
        self.found.iter().map(|found| found.as_of).min()
    }

    /// Itself, unless the login does not hold: whoever asks by a tool is to log in.
    pub(crate) fn allowed(self) -> Result<Self, Error> {
        match self.refusal {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}

/// The balances of these accounts.
pub(crate) async fn balances(app: &App, user: &UserId, accounts: Vec<Account>) -> Result<Known<Balance>, Error> {
    let each = account::each(accounts.clone(), async |account| sync::balance(app, user, &account.number).await).await;
    let stored = if each.failed.is_empty() { Vec::new() } else { portfolio::balances(&app.db, user).await? };
    let stored = stored.into_iter().map(|row| (row.value.account_number.clone(), row.value, row.as_of));
    together(&accounts, each, stored.collect(), app.now)
}

/// The positions of these accounts.
pub(crate) async fn positions(app: &App, user: &UserId, accounts: Vec<Account>) -> Result<Known<Vec<Held>>, Error> {
    let each = account::each(accounts.clone(), async |account| sync::held(app, user, &account.number).await).await;
    let stored = if each.failed.is_empty() { Vec::new() } else { stored_positions(app, user).await? };
    together(&accounts, each, stored, app.now)
}

/// What the last sync found, also where that was nothing.
async fn stored_positions(app: &App, user: &UserId) -> Result<Vec<(AccountNumber, Vec<Held>, Timestamp)>, Error> {
    let accounts = portfolio::accounts(&app.db, user).await?;
    let positions = portfolio::open_positions(&app.db, user).await?;
    let of = |number: &AccountNumber| {
        let own = positions.iter().filter(|row| row.value.account_number == *number);
        own.map(|row| Held { position: row.value.clone(), streamer_symbol: None, day_reference: None }).collect()
    };
    Ok(accounts.into_iter().map(|row| (row.value.number.clone(), of(&row.value.number), row.as_of)).collect())
}

fn together<T>(
    accounts: &[Account],
    each: Each<T>,
    mut stored: Vec<(AccountNumber, T, Timestamp)>,
    now: Timestamp,
) -> Result<Known<T>, Error> {
    let Each { found, failed } = each;
    let live = found.into_iter().map(|(account, value)| Found { account, value, as_of: now, source: Source::Rest });
    let mut known = Known { found: live.collect(), notes: Vec::new(), refusal: None };
    let mut first_error = None;
    for (account, error) in failed {
        let masked = account.number.masked();
        if let Some(place) = stored.iter().position(|(number, ..)| *number == account.number) {
            let (_, value, as_of) = stored.swap_remove(place);
            known.notes.push(format!("{masked} is not live but as of the last sync. {}", error.message));
            known.found.push(Found { account, value, as_of, source: Source::LastSync });
        } else {
            known.notes.push(format!("{masked} is missing. {}", error.message));
        }
        if error.reason.family() == Family::AuthenticationError {
            known.refusal.get_or_insert(error);
        } else {
            first_error.get_or_insert(error);
        }
    }
    if let (true, None, Some(error)) = (known.found.is_empty(), &known.refusal, first_error) {
        return Err(error);
    }
    known.found.sort_by_key(|found| accounts.iter().position(|account| account.number == found.account.number));
    Ok(known)
}

/// The rows of balances, of which one may be the default account's.
pub(crate) fn rows(found: &[Found<Balance>], default: Option<&AccountNumber>) -> Vec<AccountBalance> {
    let row = |found: &Found<Balance>| AccountBalance {
        is_default: default == Some(&found.account.number),
        ..AccountBalance::new(&found.account, Some(&found.value), Some(found.as_of))
    };
    found.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use domain::Reason;

    use super::*;
    use crate::tools::account::tests::account;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_not_live_is_of_the_last_sync_and_says_so() {
        let accounts = ["5WX00001", "5WX00002", "5WX00003"].map(account);
        let [first, second, third] = accounts.clone();
        let slow = || Error::from(tasty::Error::TimedOut);
        let (now, then) = (moment("2026-11-20T15:00:00Z"), moment("2026-11-20T14:00:00Z"));
        let each = Each { found: vec![(third, 3)], failed: vec![(first.clone(), slow()), (second, slow())] };
        let known = together(&accounts, each, vec![(first.number.clone(), 1, then)], now).unwrap();
        let rows: Vec<_> = known.found.iter().map(|found| (found.value, found.as_of, found.source)).collect();
        assert_eq!(rows, [(1, then, Source::LastSync), (3, now, Source::Rest)]);
        assert_eq!((known.source(), known.as_of(), known.notes.len()), (Source::Rest, Some(then), 2));
        assert!(known.notes[1].contains("0002 is missing."), "{}", known.notes[1]);
        assert!(known.allowed().is_ok());

        let each = Each::<u8> { found: Vec::new(), failed: vec![(first.clone(), slow())] };
        assert_eq!(together(&accounts, each, Vec::new(), now).err().unwrap().reason, Reason::UpstreamTimeout);
        let gone = Error::new(Reason::ReconnectRequired, "Log in.");
        let each = Each::<u8> { found: Vec::new(), failed: vec![(first.clone(), gone)] };
        let known = together(&accounts, each, vec![(first.number, 1, then)], now).unwrap();
        assert_eq!((known.source(), known.found.len()), (Source::LastSync, 1));
        assert_eq!(known.allowed().err().unwrap().reason, Reason::ReconnectRequired);
    }
}
