//! `get_portfolio`: accounts, balances and open positions from the rows of the last sync.

use contract::portfolio::{AccountBalance, HeldPosition, Portfolio};
use domain::{Error, UserId};
use store::portfolio;

use crate::app::App;

/// The open accounts and what is in them. Before the first sync there is nothing.
pub(crate) async fn answer(app: &App, user: &UserId) -> Result<Portfolio, Error> {
    let accounts = portfolio::accounts(&app.db, user).await?;
    let balances = portfolio::balances(&app.db, user).await?;
    let positions = portfolio::open_positions(&app.db, user).await?;
    let open = accounts.iter().map(|account| &account.value).filter(|account| !account.is_closed);
    let accounts = open.map(|account| {
        let balance = balances.iter().find(|balance| balance.value.account_number == account.number);
        AccountBalance::new(account, balance.map(|balance| &balance.value), balance.map(|balance| balance.as_of))
    });
    Ok(Portfolio {
        accounts: accounts.collect(),
        positions: positions.into_iter().map(|held| HeldPosition::new(held.value, held.as_of)).collect(),
    })
}
