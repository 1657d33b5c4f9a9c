//! A sync: accounts, balances and positions from TastyTrade into D1. The workflow takes it in durable steps, the queue
//! consumer in one go; both read with these functions and store through one function, where the newest `as_of` wins.

use domain::{
    AccountNumber, Error, Timestamp, UserId,
    portfolio::{Account, Balance, Position},
};
use serde_json::{Value, json};
use store::portfolio::{self, SyncedPortfolio};

use crate::{app::App, hub, upstream};

/// The user's accounts.
pub(crate) async fn accounts(app: &App, user: &UserId) -> Result<Vec<Account>, Error> {
    upstream::ask(app, user, "accounts", tasty::accounts::request(), tasty::accounts::read).await
}

/// The balances of one account.
pub(crate) async fn balance(app: &App, user: &UserId, account: &AccountNumber) -> Result<Balance, Error> {
    let request = tasty::balances::request(account);
    upstream::ask(app, user, "balances", request, |answer| tasty::balances::read(account, answer)).await
}

/// The positions of one account, with marks.
pub(crate) async fn positions(app: &App, user: &UserId, account: &AccountNumber) -> Result<Vec<Position>, Error> {
    Ok(held(app, user, account).await?.into_iter().map(|held| held.position).collect())
}

/// The positions of one account, with what is needed to value them now.
pub(crate) async fn held(
    app: &App,
    user: &UserId,
    account: &AccountNumber,
) -> Result<Vec<tasty::positions::Held>, Error> {
    let request = tasty::positions::request(account, true);
    upstream::ask(app, user, "positions", request, |answer| tasty::positions::read_held(account, answer)).await
}

/// Stores what was read and says what it was. Whoever listens is told that the positions may have changed, unless a later
/// sync was first.
pub(crate) async fn save(app: &App, user: &UserId, synced: &SyncedPortfolio) -> Result<Value, Error> {
    if portfolio::save_sync(&app.db, user, synced).await? {
        for uri in [hub::POSITIONS, hub::BALANCES] {
            app.publish(user, hub::RESOURCES, &json!({ "uri": uri })).await;
        }
    }
    Ok(summary(synced))
}

fn summary(synced: &SyncedPortfolio) -> Value {
    json!({
        "accounts": synced.accounts.len(),
        "positions": synced.positions.len(),
        "as_of": synced.as_of,
        "source": "rest",
    })
}

/// Reads everything and stores it.
pub(crate) async fn run(app: &App, user: &UserId) -> Result<Value, Error> {
    let as_of: Timestamp = app.now;
    let accounts = accounts(app, user).await?;
    let (mut balances, mut all_positions) = (Vec::new(), Vec::new());
    for account in accounts.iter().filter(|account| !account.is_closed) {
        balances.push(balance(app, user, &account.number).await?);
        all_positions.extend(positions(app, user, &account.number).await?);
    }
    save(app, user, &SyncedPortfolio { accounts, balances, positions: all_positions, as_of }).await
}
