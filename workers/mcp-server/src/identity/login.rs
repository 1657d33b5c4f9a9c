//! `GET /login?return_to=/dashboard`: the login page of the browser itself. Whoever is logged in and connected to TastyTrade
//! goes on at once, unless the address says `again=yes`.

use domain::Error;
use edge::http::{Request, Response};
use http::header;
use oauth::session::Session;
use store::identity::users::{self, CredentialStatus};

use super::{query, redirect, text};
use crate::{app::App, auth, pages};

/// The page.
pub(super) async fn show(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    let cx = app.oauth();
    let cookies = text(request, &header::COOKIE);
    let query = query(request);
    let return_to = query.one("return_to").ok().flatten().filter(|path| oauth::session::is_ours(path));
    let again = query.all("again").next().is_some();
    if let Some(session) = auth::browser(app, cookies).await?
        && !again
        && is_connected(app, &session).await?
    {
        return Ok(redirect(&format!("{}{}", cx.config.public_url, return_to.unwrap_or(oauth::session::HOME))));
    }
    match oauth::authorize::open_login(&cx, return_to, cookies).await {
        Ok(consent) => pages::consent::render(cx.config, &consent),
        Err(error) => pages::message::error(&error),
    }
}

/// Whether TastyTrade accepts the user's credential, as far as we know. Somebody for whom it does not is here to log in
/// again, with or without a session.
async fn is_connected(app: &App<'_>, session: &Session) -> Result<bool, Error> {
    let connection = users::connection(&app.db, &session.user).await?;
    Ok(connection.is_some_and(|connection| connection.status == CredentialStatus::Active))
}
