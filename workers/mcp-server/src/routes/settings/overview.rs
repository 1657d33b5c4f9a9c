//! `GET /settings` and its forms, and the page that asks before disconnecting.

use contract::{Call, config::ConfigChanges, connection::ConnectionTest};
use domain::Error;
use edge::http::Response;
use futures_util::future::{join, try_join};
use oauth::{Params, cookie::Cookie, session::Session};
use serde_json::json;
use store::identity::{sessions, users};

use super::{note, principal, to};
use crate::{
    app::App,
    pages::{self, settings::overview::Connection},
    render,
};

/// The page. What was chosen is asked of the analysis worker; while that does not answer, the rest is shown all the same.
pub(super) async fn show(app: &App<'_>, session: &Session, done: Option<&str>) -> Result<Response, Error> {
    let ask = |call| app.ask_raw(principal(session), call);
    let (connection, chosen) =
        join(users::connection(&app.db, &session.user), try_join(ask(Call::GetConfig), ask(Call::GetPortfolio))).await;
    let connection = Connection::of(connection?.as_ref());
    let chosen = chosen.ok().and_then(|(config, portfolio)| {
        Some((serde_json::from_str(config.get()).ok()?, serde_json::from_str(portfolio.get()).ok()?))
    });
    pages::settings::overview::render(session, connection, chosen, done)
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

/// Keeps the default account and the time zone. An account is named as it is shown, and looked for among the user's own.
pub(super) async fn save(app: &App<'_>, session: &Session, form: &Params) -> Result<Response, Error> {
    let one = |name| form.one(name).ok().flatten().map(str::to_owned);
    let changes =
        ConfigChanges { default_account: one("account"), time_zone: one("time_zone"), ..ConfigChanges::default() };
    let changed = json!({ "changed": changes.names() });
    app.ask_raw(principal(session), Call::UpdateConfig(changes)).await?;
    note(app, session, "settings_changed", None, changed);
    Ok(to("/settings?done=saved"))
}

/// Deletes what TastyTrade entrusted to us for this user.
pub(super) async fn disconnect(app: &App<'_>, session: &Session) -> Result<Response, Error> {
    app.ask_raw(principal(session), Call::Disconnect).await?;
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
