//! `GET /.well-known/oauth-protected-resource`, the same with `/mcp`, and `GET /.well-known/oauth-authorization-server`, the same
//! with `/mcp`. This is no OpenID provider, so `openid-configuration` is not found.

use domain::Error;
use edge::http::{Response, json};
use oauth::metadata::{Endpoint, authorization_server, protected_resource};

use crate::app::App;

/// The document at this path, if there is one.
pub(super) fn serve(app: &App<'_>, path: &str) -> Option<Result<Response, Error>> {
    let config = &app.config.oauth;
    let document = match path {
        "/.well-known/oauth-protected-resource" => protected_resource(config, Endpoint::Root),
        "/.well-known/oauth-protected-resource/mcp" => protected_resource(config, Endpoint::Mcp),
        "/.well-known/oauth-authorization-server" | "/.well-known/oauth-authorization-server/mcp" => {
            authorization_server(config)
        }
        _ => return None,
    };
    Some(Ok(json(200, &document)))
}
