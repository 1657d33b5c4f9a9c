//! The pages under `/settings`, for a browser that is logged in. Without a session they lead to the login and back.
//!
//! | address | what |
//! |---|---|
//! | `GET /settings` | the connection to TastyTrade, and browsers |
//! | `POST /settings/log-out-everywhere` | ends every browser session of the user |
//! | `GET /settings/apps`, `POST /settings/apps/revoke` | the apps that were let in |
//! | `GET`, `POST /settings/keys`, `POST /settings/keys/revoke` | API keys; a new one is the answer to its POST |
//!
//! Every POST is checked here, before any handler sees it, for the form token of its session; what it
//! answers is 303, a page to which a reload leads back, or the one sight of a new key, which a reload does not make again.

mod apps;
mod keys;
mod overview;

use domain::{Error, Reason};
use edge::http::{Request, Response, answer};
use http::{Method, header};
use oauth::{Params, session::Session};

use crate::{
    app::App,
    auth,
    config::Mode,
    identity::{method_not_allowed, query, text},
    render,
};

/// Answers a request under `/settings`.
pub(crate) async fn route(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    if matches!(app.config.mode, Mode::SingleUser) {
        return Err(Error::new(
            Reason::NotFound,
            "Single-user mode has no settings: nobody logs in there. Use the MCP endpoint.",
        ));
    }
    let path = request.uri().path();
    let path = path.strip_suffix('/').unwrap_or(path);
    let Some(session) = auth::browser(app, text(request, &header::COOKIE)).await? else {
        let back = if *request.method() == Method::GET && oauth::session::is_ours(path) { path } else { "/settings" };
        return Ok(to(&format!("/login?return_to={back}")));
    };
    match *request.method() {
        Method::GET => show(app, &session, path, &query(request)).await,
        Method::POST => {
            let form = Params::parse(request.body());
            if !session.made(form.one("csrf").ok().flatten()) {
                let message = "This form is not from a page of this session. Open your settings and try again.";
                return Err(Error::new(Reason::Forbidden, message));
            }
            act(app, session, path, &form).await
        }
        _ => Ok(method_not_allowed("GET, POST")),
    }
}

async fn show(app: &App<'_>, session: &Session, path: &str, query: &Params) -> Result<Response, Error> {
    let done = query.one("done").ok().flatten();
    match path {
        "/settings" => overview::show(app, session, done).await,
        "/settings/apps" => apps::show(app, session, done).await,
        "/settings/keys" => keys::show(app, session, done).await,
        _ => Err(not_found()),
    }
}

/// Serves a form whose token has been checked.
async fn act(app: &App<'_>, session: Session, path: &str, form: &Params) -> Result<Response, Error> {
    match path {
        "/settings/log-out-everywhere" => overview::log_out_everywhere(app, &session).await,
        "/settings/apps/revoke" => apps::revoke(app, &session, form).await,
        "/settings/keys" => keys::make(app, &session, form).await,
        "/settings/keys/revoke" => keys::revoke(app, &session, form).await,
        _ => Err(not_found()),
    }
}

fn not_found() -> Error {
    Error::new(Reason::NotFound, "There is no such page. Your settings begin at /settings.")
}

fn database() -> Error {
    Error::new(Reason::DatabaseUnavailable, "The database did not answer. Try again in a moment.")
}

/// Sends the browser to a page of ours; what follows is a GET.
pub(crate) fn to(path: &str) -> Response {
    let mut response = answer(303, "text/plain", "");
    render::add(&mut response, [("location", path.to_owned()), ("referrer-policy", "no-referrer".to_owned())]);
    response
}
