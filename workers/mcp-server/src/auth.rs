//! Who asks: the bearer of an access token at the MCP endpoint, or a browser that is logged in.

use contract::{Call, LoggedIn, Principal};
use domain::{Error, Reason, Scopes};
use edge::http::{Request, Response};
use http::header;
use oauth::{
    access::{self, Authenticated, Unauthorized},
    metadata::Endpoint,
    session::{self, Session},
};
use store::settings::QuoteTtl;

use crate::{app::App, config::Mode, render};

/// A caller whose token and grant hold.
#[derive(Clone)]
pub(crate) struct Caller {
    /// The user and what the token permits.
    pub(crate) principal: Principal,
    /// How old a cached quote may be for this user, where it was read with the grant.
    pub(crate) quote_ttl: Option<QuoteTtl>,
}

/// What a request brought with it.
pub(crate) enum Token {
    /// An access token that holds by itself; its grant is still to be read.
    Verified(Authenticated),
    /// Nothing is needed: single-user mode.
    SingleUser,
}

/// Checks the token by itself; the error is the 401.
pub(crate) async fn token(app: &App<'_>, request: &Request) -> Result<Token, Response> {
    let Mode::MultiUser { jwt } = &app.config.mode else { return Ok(Token::SingleUser) };
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    access::bearer(authorization)
        .and_then(|token| access::verify_token(jwt, &app.config.oauth, token, app.now))
        .map(Token::Verified)
        .map_err(|why| unauthorized(app, request, why))
}

/// Reads the grant, so that a revocation counts at once; the error is the 401.
pub(crate) async fn caller(app: &App<'_>, request: &Request, token: Token) -> Result<Caller, Response> {
    match token {
        Token::Verified(who) => {
            let live = access::grant_is_live(&app.db, &who).await;
            let live = live.map_err(|why| unauthorized(app, request, why))?;
            let principal = Principal { user_id: who.user, scopes: who.scopes };
            Ok(Caller { principal, quote_ttl: Some(live.quote_ttl) })
        }
        Token::SingleUser => {
            let user: LoggedIn = app.ask(None, Call::SingleUser).await.map_err(|error| render::error(&error))?;
            let principal = Principal { user_id: user.user_id, scopes: Scopes::all() };
            Ok(Caller { principal, quote_ttl: None })
        }
    }
}

/// The browser's session, from the `Cookie` header.
pub(crate) async fn browser(app: &App<'_>, cookies: Option<&str>) -> Result<Option<Session>, Error> {
    session::read(&app.oauth(), cookies)
        .await
        .map_err(|_| Error::new(Reason::DatabaseUnavailable, "The database did not answer. Try again in a moment."))
}

fn endpoint(request: &Request) -> Endpoint {
    if request.uri().path() == "/" { Endpoint::Root } else { Endpoint::Mcp }
}

fn unauthorized(app: &App<'_>, request: &Request, why: Unauthorized) -> Response {
    let error = match why {
        Unauthorized::Missing => Error::new(
            Reason::InvalidToken,
            "Log in first: this server's authorization server is named in the WWW-Authenticate header.",
        ),
        Unauthorized::Invalid => {
            Error::new(Reason::InvalidToken, "The access token has expired or was revoked. Refresh it or log in again.")
        }
        Unauthorized::Unavailable => {
            let message = "The database did not answer, so nobody can be let in. Try again in a moment.";
            return render::error(&Error::new(Reason::DatabaseUnavailable, message));
        }
    };
    let mut response = render::error(&error);
    let challenge = access::challenge(&app.config.oauth, endpoint(request), why);
    render::add(&mut response, [("www-authenticate", challenge)]);
    response
}

/// What is said to a caller whose token lacks a scope, over whatever transport.
pub(crate) fn missing(needed: &Scopes) -> Error {
    let message = format!("This needs the permission {needed}. Connect again and leave it ticked on the consent page.");
    Error::new(Reason::InsufficientScope, message).with("scope", needed.to_string())
}

/// The 403 that names every scope that the operation needs.
pub(crate) fn insufficient_scope(app: &App<'_>, request: &Request, needed: &Scopes) -> Response {
    let mut response = render::error(&missing(needed));
    let challenge = access::challenge_scope(&app.config.oauth, endpoint(request), needed);
    render::add(&mut response, [("www-authenticate", challenge)]);
    response
}
