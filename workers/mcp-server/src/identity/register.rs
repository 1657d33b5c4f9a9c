//! `POST /oauth/register`: an app introduces itself (RFC 7591). 201 with its id; 400, 413 or 503 with the reason.

use domain::Error;
use edge::http::{Request, Response};

use super::answered;
use crate::app::App;

/// Registers the app.
pub(super) async fn handle(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    let registered = oauth::register::register(&app.oauth(), request.body()).await;
    Ok(answered(201, registered))
}
