//! The pages under `/settings`, for a browser that is logged in. Without a session they lead to the login and back.
//!
//! | address | what |
//! |---|---|
//! | `GET /settings` | the connection to TastyTrade, and browsers |
//! | `POST /settings/test` | asks TastyTrade whether the connection works |
//! | `POST /settings/preferences` | default account and time zone |
//! | `GET`, `POST /settings/disconnect` | deletes the permission at TastyTrade, after a question |
//! | `POST /settings/log-out-everywhere` | ends every browser session of the user |
//! | `GET /settings/apps`, `POST /settings/apps/revoke` | the apps that were let in |
//! | `GET`, `POST /settings/keys`, `POST /settings/keys/revoke` | API keys; a new one is the answer to its POST |
//! | `GET /settings/activity`, `/settings/activity.csv`, `/settings/activity.json` | what was done in the user's name |
//! | `GET /settings/data`, `POST /settings/data/download`, `POST /settings/data/delete` | everything, as a file or gone |
//!
//! Every POST is checked here, before any handler sees it, for the form token of its session, and counted; what it
//! answers is 303, a page to which a reload leads back, or the one sight of a new key, which a reload does not make again.

mod activity;
mod apps;
mod data;
mod keys;
mod overview;

use contract::Principal;
use domain::{Error, Reason, Scopes};
use edge::http::{Request, Response, answer};
use http::{Method, header};
use oauth::{Params, session::Session};
use store::audit::Entry;

use crate::{
    app::App,
    audit, auth,
    config::Mode,
    identity::{method_not_allowed, query, text},
    pages, rate, render,
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
            rate::form(app, &session.user).await?;
            act(app, &session, path, &form).await
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
        "/settings/activity" => activity::show(app, session, query.one("before").ok().flatten()).await,
        "/settings/activity.csv" => activity::csv(app, session).await,
        "/settings/activity.json" => activity::json(app, session).await,
        "/settings/data" => pages::settings::data::render(session, false),
        "/settings/disconnect" => pages::settings::overview::disconnect(session),
        _ => Err(not_found()),
    }
}

/// Serves a form whose token has been checked.
async fn act(app: &App<'_>, session: &Session, path: &str, form: &Params) -> Result<Response, Error> {
    match path {
        "/settings/test" => overview::test(app, session).await,
        "/settings/preferences" => overview::save(app, session, form).await,
        "/settings/disconnect" => overview::disconnect(app, session).await,
        "/settings/log-out-everywhere" => overview::log_out_everywhere(app, session).await,
        "/settings/apps/revoke" => apps::revoke(app, session, form).await,
        "/settings/keys" => keys::make(app, session, form).await,
        "/settings/keys/revoke" => keys::revoke(app, session, form).await,
        "/settings/data/download" => data::download(app, session).await,
        "/settings/data/delete" => data::delete(app, session, form).await,
        _ => Err(not_found()),
    }
}

fn not_found() -> Error {
    Error::new(Reason::NotFound, "There is no such page. Your settings begin at /settings.")
}

/// Whoever holds the browser's session may do everything that the user may.
fn principal(session: &Session) -> Principal {
    Principal { user_id: session.user.clone(), scopes: Scopes::all() }
}

/// Notes what the user did on these pages; `client_id` is the app or key that it was about.
fn note(app: &App<'_>, session: &Session, action: &str, client_id: Option<&str>, details: serde_json::Value) {
    let (user, request_id) = (Some(&session.user), app.request_id.as_str());
    audit::note(app, Entry { user, action, client_id, outcome: "ok", request_id, details });
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
