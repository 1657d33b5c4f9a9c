//! `GET /settings` and its forms, and the page that asks before disconnecting.

use contract::{Call, connection::ConnectionTest};
use domain::{AccountNumber, Error, Reason, portfolio::Account};
use edge::http::Response;
use futures_util::future::try_join4;
use oauth::{Params, cookie::Cookie, session::Session};
use serde_json::{Value, json};
use store::{
    identity::{sessions, users},
    portfolio,
    settings::{self, Changes, TimeZone},
};

use super::{note, principal, to};
use crate::{
    app::App,
    pages::{
        self,
        settings::overview::{Connection, Known, ZONES, handle},
    },
    render,
};

/// The page.
pub(super) async fn show(app: &App<'_>, session: &Session, done: Option<&str>) -> Result<Response, Error> {
    let user = &session.user;
    let (connection, stored, settings, accounts) = try_join4(
        users::connection(&app.db, user),
        users::user(&app.db, user),
        settings::read(&app.db, user),
        portfolio::accounts(&app.db, user),
    )
    .await?;
    let open: Vec<Account> =
        accounts.into_iter().map(|found| found.value).filter(|account| !account.is_closed).collect();
    let known = Known {
        connection: Connection::of(connection.as_ref()),
        accounts: &open,
        chosen: stored.as_ref().and_then(|user| user.default_account.as_deref()),
        settings: &settings,
    };
    pages::settings::overview::render(session, &known, done)
}

/// Asks TastyTrade, and says on the page how it went.
pub(super) async fn test(app: &App<'_>, session: &Session) -> Result<Response, Error> {
    let found: ConnectionTest = app.ask(Some(principal(session)), Call::TestConnection).await?;
    Ok(to(match found.reason.as_deref() {
        None if found.connected => "/settings?done=test_ok",
        Some("disconnected" | "reconnect_required") => "/settings?done=test_refused",
        Some("key_unavailable") => "/settings?done=test_key",
        Some("rate_limited") => "/settings?done=test_busy",
        _ => "/settings?done=test_failed",
    }))
}

/// Keeps the default account and the time zone. An account is named by what stands for it on the page of this session.
pub(super) async fn save(app: &App<'_>, session: &Session, form: &Params) -> Result<Response, Error> {
    let one = |name| form.one(name).ok().flatten();
    let current = settings::read(&app.db, &session.user).await?;
    let default_account = match one("account") {
        None => None,
        Some("none") => Some(None),
        Some(given) => Some(Some(account(app, session, given).await?)),
    };
    let time_zone = match one("time_zone") {
        None => None,
        Some(given) if given == current.time_zone.as_str() => None,
        Some(given) => Some(TimeZone::new(given).filter(|_| ZONES.contains(&given)).ok_or_else(|| {
            Error::invalid_argument("time_zone", "This time zone is none of those on the page. Choose one of them.")
        })?),
    };
    let names = [default_account.is_some().then_some("default_account"), time_zone.is_some().then_some("time_zone")];
    let changed: Vec<&str> = names.into_iter().flatten().collect();
    let changes = Changes { default_account, time_zone, ..Changes::default() };
    settings::update(&app.db, &session.user, &changes, app.now).await?;
    if !changed.is_empty() {
        note(app, session, "settings_changed", None, json!({ "changed": changed }));
    }
    Ok(to("/settings?done=saved"))
}

/// The open account of this user that a form means; anything else is unknown, whosever it is.
async fn account(app: &App<'_>, session: &Session, given: &str) -> Result<AccountNumber, Error> {
    let accounts = portfolio::accounts(&app.db, &session.user).await?;
    let mut open = accounts.into_iter().map(|found| found.value).filter(|account| !account.is_closed);
    let found = open.find(|account| handle(session, &account.number) == given);
    found.map(|account| account.number).ok_or_else(|| {
        Error::new(Reason::NotFound, "There is no such account. Open your settings and choose one of those listed.")
    })
}

/// Deletes what TastyTrade entrusted to us for this user.
pub(super) async fn disconnect(app: &App<'_>, session: &Session) -> Result<Response, Error> {
    let _: Value = app.ask(Some(principal(session)), Call::Disconnect).await?;
    note(app, session, "disconnected", None, json!({}));
    Ok(to("/settings?done=disconnected"))
}

/// Ends every browser session of the user, this one too.
pub(super) async fn log_out_everywhere(app: &App<'_>, session: &Session) -> Result<Response, Error> {
    sessions::end_all(&app.db, &session.user, app.now).await?;
    let mut response = pages::message::logged_out()?;
    render::add(&mut response, [("set-cookie", Cookie::Session.clear())]);
    Ok(response)
}
