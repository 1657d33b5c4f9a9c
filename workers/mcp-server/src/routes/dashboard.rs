//! `GET /dashboard`: the user's accounts as of the last sync, live. `POST /dashboard/sync`: *Sync now*.
//!
//! Without a session both lead to the login. The form needs the session's token, so that no other page can send it; a
//! script that asks for JSON gets the job instead of the page.

use contract::{Call, JobStatus, Overview, Principal};
use domain::{Error, Reason, Scopes};
use edge::http::{Request, Response, answer, json};
use http::header;
use oauth::{Params, session::Session};

use crate::{app::App, auth, config::Mode, pages, rate, render};

/// The page.
pub(crate) async fn show(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    let Some(session) = session(app, request).await? else { return Ok(to("/login?return_to=/dashboard")) };
    let overview: Overview = app.ask(Some(principal(&session)), Call::GetOverview).await?;
    pages::dashboard::render(&session, &overview)
}

/// Starts a sync and goes back to the page.
pub(crate) async fn sync(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    let Some(session) = session(app, request).await? else { return Ok(to("/login?return_to=/dashboard")) };
    let form = Params::parse(request.body());
    if !session.made(form.all("csrf").next()) {
        return Err(Error::new(Reason::Forbidden, "This form is not from your dashboard. Open it and press Sync now."));
    }
    rate::form(app, &session.user).await?;
    let job: JobStatus = app.ask(Some(principal(&session)), Call::SyncAccount).await?;
    Ok(if wants_json(request) { json(202, &job) } else { to("/dashboard") })
}

async fn session(app: &App<'_>, request: &Request) -> Result<Option<Session>, Error> {
    if matches!(app.config.mode, Mode::SingleUser) {
        return Err(Error::new(
            Reason::NotFound,
            "Single-user mode has no pages: nobody logs in there. Use the MCP endpoint.",
        ));
    }
    auth::browser(app, request.headers().get(header::COOKIE).and_then(|value| value.to_str().ok())).await
}

/// Whoever holds the browser's session may do everything that the user may.
fn principal(session: &Session) -> Principal {
    Principal { user_id: session.user.clone(), scopes: Scopes::all() }
}

fn to(path: &'static str) -> Response {
    let mut response = answer(303, "text/plain", "");
    render::add(&mut response, [("location", path.to_owned())]);
    response
}

fn wants_json(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}
