//! After a login that has no page to go back to.

use askama::Template;
use domain::Error;
use edge::http::Response;
use oauth::session::Session;

use super::{Policy, page};

#[derive(Template)]
#[template(path = "connected.html")]
struct Connected<'a> {
    csrf: &'a str,
}

/// The page.
pub(crate) fn render(session: &Session) -> Result<Response, Error> {
    page(200, &Connected { csrf: session.csrf.expose() }, &Policy::default())
}
