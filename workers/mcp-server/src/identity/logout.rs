//! `POST /logout` with the session's `csrf`: ends the browser's session. Apps stay connected.

use domain::Error;
use edge::http::{Request, Response};
use http::header;
use oauth::{Code, cookie::Cookie};

use super::text;
use crate::{app::App, pages, render};

/// Ends the session and removes its cookie.
pub(super) async fn handle(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    let cx = app.oauth();
    let form = oauth::Params::parse(request.body());
    let ended = match oauth::session::read(&cx, text(request, &header::COOKIE)).await {
        Ok(Some(session)) if session.made(form.one("csrf").ok().flatten()) => session.end(&cx).await,
        Ok(Some(_)) => Err(oauth::Error::new(
            Code::InvalidRequest,
            "The form is not from a page of this session. Go back, reload the page and try again.",
        )),
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = ended {
        return pages::message::error(&error);
    }
    let mut response = pages::message::logged_out()?;
    render::add(&mut response, [("set-cookie", Cookie::Session.clear())]);
    Ok(response)
}
