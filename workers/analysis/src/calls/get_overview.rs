//! `get_overview`: what the dashboard shows, from the rows of the last sync.

use contract::{AccountOverview, Overview, PositionOverview};
use domain::{Error, UserId, portfolio::Position};
use store::portfolio;

use crate::{app::App, jobs};

/// Accounts with balances and open positions, and the newest job.
pub(crate) async fn answer(app: &App, user: &UserId) -> Result<Overview, Error> {
    let accounts = super::get_portfolio::default_first(app, user).await?;
    let balances = portfolio::balances(&app.db, user).await?;
    let positions = portfolio::open_positions(&app.db, user).await?;
    let last_job = store::jobs::newest(&app.db, user, jobs::SYNC_ACCOUNT).await?.map(jobs::status);
    let accounts = accounts.into_iter().map(|(account, _)| {
        let balance = balances.iter().find(|balance| balance.value.account_number == account.number);
        let money = |pick: fn(&domain::portfolio::Balance) -> Option<domain::Decimal>| {
            balance.and_then(|balance| pick(&balance.value)).map(|amount| amount.to_string())
        };
        AccountOverview {
            account: account.number.masked(),
            name: account.nickname.or(account.account_type).unwrap_or_else(|| "Account".to_owned()),
            net_liquidating_value: money(|balance| balance.net_liquidating_value),
            derivative_buying_power: money(|balance| balance.derivative_buying_power),
            as_of: balance.map(|balance| balance.as_of),
            positions: positions
                .iter()
                .filter(|position| position.value.account_number == account.number)
                .map(|position| overview(&position.value))
                .collect(),
        }
    });
    Ok(Overview { accounts: accounts.collect(), last_job })
}

fn overview(position: &Position) -> PositionOverview {
    PositionOverview {
        symbol: position.symbol.clone(),
        quantity: position.quantity.to_string(),
        quantity_direction: position.quantity_direction.as_str().to_owned(),
        average_open_price: position.average_open_price.map(|price| price.to_string()),
        mark_price: position.mark_price.map(|price| price.to_string()),
    }
}
