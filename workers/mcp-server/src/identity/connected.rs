//! `GET /connected`: where a login ends that began neither at an app nor on a page of ours, for example at a link that a chat
//! showed.

use domain::Error;
use edge::http::{Request, Response};
use http::header;

use super::{redirect, text};
use crate::{app::App, auth, pages};

/// The page, for whoever is logged in.
pub(super) async fn show(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    match auth::browser(app, text(request, &header::COOKIE)).await? {
        Some(session) => pages::connected::render(&session),
        None => Ok(redirect(&format!("{}/login", app.config.public_url()))),
    }
}
