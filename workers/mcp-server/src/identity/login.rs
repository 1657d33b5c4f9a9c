//! `GET /login?return_to=/dashboard`: the login page of the browser itself. Whoever is logged in goes on at once.

use domain::Error;
use edge::http::{Request, Response};
use http::header;

use super::{query, redirect, text};
use crate::{app::App, pages};

/// The page.
pub(super) async fn show(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    let cx = app.oauth();
    let cookies = text(request, &header::COOKIE);
    let query = query(request);
    let return_to = query.one("return_to").ok().flatten().filter(|path| oauth::session::is_ours(path));
    match oauth::session::read(&cx, cookies).await {
        Ok(Some(_)) => Ok(redirect(&format!("{}{}", cx.config.public_url, return_to.unwrap_or(oauth::session::HOME)))),
        Ok(None) => match oauth::authorize::open_login(&cx, return_to, cookies).await {
            Ok(consent) => pages::consent::render(cx.config, &consent),
            Err(error) => pages::message::error(&error),
        },
        Err(error) => pages::message::error(&error),
    }
}
