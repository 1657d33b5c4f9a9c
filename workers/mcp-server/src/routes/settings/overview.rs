//! `GET /settings` and its forms.

use domain::Error;
use edge::http::Response;
use oauth::{cookie::Cookie, session::Session};
use store::identity::{sessions, users};

use crate::{
    app::App,
    pages::{self, settings::overview::Connection},
    render,
};

/// The page.
pub(super) async fn show(app: &App<'_>, session: &Session, done: Option<&str>) -> Result<Response, Error> {
    let credential = users::credential(&app.db, &session.user).await?;
    pages::settings::overview::render(session, Connection::of(credential.as_ref()), done)
}

/// Ends every browser session of the user, this one too.
pub(super) async fn log_out_everywhere(app: &App<'_>, session: &Session) -> Result<Response, Error> {
    sessions::end_all(&app.db, &session.user, app.now).await?;
    let mut response = pages::message::logged_out()?;
    render::add(&mut response, [("set-cookie", Cookie::Session.clear())]);
    Ok(response)
}
