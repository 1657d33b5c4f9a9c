//! `POST /oauth/revoke`: ends the connection that a token belongs to (RFC 7009). 200 whether or not there was one; 400, 401,
//! 413 or 503 with the reason.

use domain::Error;
use edge::http::{Request, Response};

use super::{answered, jwt, outside::Outside, token::read};
use crate::app::App;

/// Revokes the grant.
pub(super) async fn handle(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    let revoked = oauth::revoke::revoke(&app.oauth(), jwt(app)?, &read(request), &Outside(app)).await;
    Ok(answered(200, revoked.map(|()| serde_json::json!({}))))
}
