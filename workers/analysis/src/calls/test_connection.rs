//! `test_connection`: asks TastyTrade for the user's accounts, and says in either case what was found and what to do.

use contract::connection::{ConnectedAccount, ConnectionTest, Way};
use domain::{AccountNumber, Error, Reason, UserId, portfolio::Account};
use store::identity::users::{self, CredentialKind};

use crate::{
    app::App,
    credential::{disconnected, login_url},
    sync,
};

/// What the test found. Only a failure of our own database is an error: then nothing is known.
pub(crate) async fn answer(app: &App, user: &UserId) -> Result<ConnectionTest, Error> {
    let Some(connection) = users::connection(&app.db, user).await? else {
        return Ok(failed(app, None, "disconnected".to_owned(), disconnected(app)));
    };
    let way = Some(match connection.kind {
        CredentialKind::Login => Way::Login,
        CredentialKind::OwnGrant => Way::OwnGrant,
    });
    match sync::accounts(app, user).await {
        Ok(accounts) => {
            let chosen = users::user(&app.db, user).await?.and_then(|user| user.default_account);
            Ok(works(app, way, &accounts, chosen.as_deref()))
        }
        Err(error) if error.reason == Reason::DatabaseUnavailable => Err(error),
        Err(error) => Ok(failed(app, way, word(error.reason), error)),
    }
}

fn works(app: &App, way: Option<Way>, accounts: &[Account], chosen: Option<&str>) -> ConnectionTest {
    let open: Vec<&Account> = accounts.iter().filter(|account| !account.is_closed).collect();
    let numbers: Vec<&AccountNumber> = open.iter().map(|account| &account.number).collect();
    let default = domain::account::default_of(&numbers, chosen);
    let accounts: Vec<ConnectedAccount> = open
        .iter()
        .map(|account| ConnectedAccount {
            account: account.number.masked(),
            name: account.nickname.clone().or_else(|| account.account_type.clone()).unwrap_or_else(unnamed),
            is_default: default == Some(&account.number),
        })
        .collect();
    let message = match accounts.len() {
        0 => "TastyTrade answers, and lists no open account.".to_owned(),
        1 => "TastyTrade answers, with one open account.".to_owned(),
        count => format!("TastyTrade answers, with {count} open accounts."),
    };
    ConnectionTest {
        connected: true,
        way,
        reason: None,
        message,
        accounts,
        checked_at: app.now,
        login_url: login_url(app),
    }
}

fn unnamed() -> String {
    "Account".to_owned()
}

fn failed(app: &App, way: Option<Way>, reason: String, error: Error) -> ConnectionTest {
    ConnectionTest {
        connected: false,
        way,
        reason: Some(reason),
        message: error.message.into_owned(),
        accounts: Vec::new(),
        checked_at: app.now,
        login_url: login_url(app),
    }
}

/// The word of a reason, as errors carry it.
fn word(reason: Reason) -> String {
    match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "internal".to_owned(),
    }
}
