//! `GET /ws`: the live channel of the user's pages. The upgrade is passed on to the user's hub once the browser session is
//! checked; without `Upgrade` the answer is 426.

use domain::{Error, Reason};
use edge::{
    after::After,
    http::{Response, answer},
};
use worker::Env;

use super::access::Access;
use crate::{app::App, auth, render};

/// The header that tells the hub which session a socket belongs to, so that it ends with it.
const SESSION: &str = "x-ttai-session";

/// Whether this is a WebSocket handshake for the live channel.
pub(crate) fn is_upgrade(request: &worker::Request) -> bool {
    let upgrade = request.headers().get("upgrade").ok().flatten();
    request.path() == "/ws" && upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

/// The answer to `/ws` without an upgrade.
pub(crate) fn upgrade_required() -> Response {
    let mut response = answer(426, "application/json", "");
    render::add(&mut response, [("upgrade", "websocket".to_owned())]);
    *response.body_mut() = br#"{"error":{"code":"VALIDATION_ERROR","reason":"invalid_request","message":"This address speaks WebSocket: connect with ws:// or wss://.","retryable":false,"details":{}}}"#.to_vec();
    response
}

/// Checks the session and hands the socket to the user's hub.
pub(crate) async fn serve(
    request: worker::Request,
    env: &Env,
    after: After,
    access: &Access,
) -> worker::Result<worker::Response> {
    match edge::guard::catch(connect(request, env, after, &access.id)).await {
        Ok(Ok(response)) => {
            access.log(response.status_code());
            Ok(response)
        }
        Ok(Err(error)) => refuse(access, &error),
        Err(_) => refuse(access, &Error::new(Reason::Internal, "The live channel failed. Reload the page.")),
    }
}

fn refuse(access: &Access, error: &Error) -> worker::Result<worker::Response> {
    let mut response = render::error(error);
    render::protect(&mut response);
    access.answered(&mut response);
    edge::http::give(response)
}

async fn connect(
    request: worker::Request,
    env: &Env,
    after: After,
    request_id: &str,
) -> Result<worker::Response, Error> {
    let app = App::new(env, after, request_id.to_owned())?;
    let header = |name| request.headers().get(name).ok().flatten();
    super::check_host(&app, &header("host").unwrap_or_default())?;
    // A page of another origin could open this socket with the user's cookie.
    if header("origin").as_deref() != Some(app.config.public_url()) {
        return Err(Error::new(Reason::Forbidden, "The live channel serves the pages of this server only."));
    }
    let session = auth::browser(&app, header("cookie").as_deref()).await?;
    let session = session.ok_or_else(|| Error::new(Reason::InvalidToken, "Log in at /login first."))?;
    let unavailable =
        |_| Error::new(Reason::AnalysisUnavailable, "The live channel is not available. Reload the page.");
    let hub = edge::object::named(env, "USER_HUB", session.user.as_str()).map_err(unavailable)?;
    let mut request = request.clone_mut().map_err(unavailable)?;
    request.headers_mut().and_then(|headers| headers.set(SESSION, session.hash())).map_err(unavailable)?;
    hub.fetch_with_request(request).await.map_err(unavailable)
}
