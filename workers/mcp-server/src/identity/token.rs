//! `POST /oauth/token`: a code or a refresh token for a pair of tokens. 200; 400, 401, 413 or 503 with the reason.

use domain::Error;
use edge::http::{Request, Response};
use http::header;

use super::{answered, jwt, outside::Outside, text};
use crate::app::App;

/// Issues the tokens.
pub(super) async fn handle(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    let issued = oauth::token::token(&app.oauth(), jwt(app)?, &read(request), &Outside(app)).await;
    if let Err(error) = &issued {
        edge::log::info("token refused", &[("request_id", &app.request_id), ("why", error)]);
    }
    Ok(answered(200, issued))
}

/// What the token and revocation endpoints read of a request.
pub(super) fn read(request: &Request) -> oauth::token::Request<'_> {
    oauth::token::Request {
        content_type: text(request, &header::CONTENT_TYPE),
        authorization: text(request, &header::AUTHORIZATION),
        body: request.body(),
    }
}
