//! `get_portfolio`: accounts, balances and open positions from the rows of the last sync.

use contract::{
    account::Source,
    portfolio::{AccountBalance, HeldPosition, Portfolio},
};
use domain::{Error, UserId, portfolio::Account};
use store::{identity::users, portfolio};

use crate::app::App;

/// The open accounts and what is in them. Before the first sync there is nothing.
pub(crate) async fn answer(app: &App, user: &UserId) -> Result<Portfolio, Error> {
    let accounts = default_first(app, user).await?;
    let balances = portfolio::balances(&app.db, user).await?;
    let positions = portfolio::open_positions(&app.db, user).await?;
    let accounts = accounts.iter().filter(|(account, _)| !account.is_closed).map(|(account, is_default)| {
        let balance = balances.iter().find(|balance| balance.value.account_number == account.number);
        let read = balance.map(|balance| &balance.value);
        AccountBalance {
            is_default: *is_default,
            ..AccountBalance::new(account, read, balance.map(|balance| balance.as_of))
        }
    });
    Ok(Portfolio {
        accounts: accounts.collect(),
        positions: positions.into_iter().map(|held| HeldPosition::new(held.value, held.as_of)).collect(),
        source: Source::LastSync,
        notes: Vec::new(),
    })
}

/// The user's accounts by number, the default account before the others, and which one it is.
pub(crate) async fn default_first(app: &App, user: &UserId) -> Result<Vec<(Account, bool)>, Error> {
    let accounts = portfolio::accounts(&app.db, user).await?;
    let chosen = users::user(&app.db, user).await?.and_then(|user| user.default_account);
    let open: Vec<_> =
        accounts.iter().filter(|account| !account.value.is_closed).map(|account| &account.value.number).collect();
    let default = domain::account::default_of(&open, chosen.as_deref()).cloned();
    let marked = accounts.into_iter().map(|account| {
        let is_default = default.as_ref() == Some(&account.value.number);
        (account.value, is_default)
    });
    let mut marked: Vec<_> = marked.collect();
    marked.sort_by_key(|(_, is_default)| !is_default);
    Ok(marked)
}
