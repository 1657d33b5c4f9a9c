//! `GET /` in a browser: what this is and how to connect.

use domain::Error;
use edge::http::Response;

use crate::{app::App, pages};

/// The landing page.
pub(crate) fn show(app: &App<'_>) -> Result<Response, Error> {
    pages::landing::render(&app.config)
}
