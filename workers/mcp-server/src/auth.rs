//! Who asks: the bearer of an access token at the MCP endpoint, or a browser that is logged in.

use contract::{Call, LoggedIn, Principal};
use domain::{Error, Reason, Scopes};
use edge::{
    d1::D1,
    http::{Request, Response},
};
use http::header;
use oauth::{
    access::{self, Holder, Presented, Unauthorized},
    metadata::Endpoint,
    session::{self, Session},
};
use store::{Database, limits::Counting, settings::QuoteTtl};

use crate::{
    app::App,
    config::Mode,
    rate::{self, Class, Counted},
    render,
};

/// A caller whose token and grant hold.
#[derive(Clone)]
pub(crate) struct Caller {
    /// The user and what the token permits.
    pub(crate) principal: Principal,
    /// How old a cached quote may be for this user, where it was read with the grant.
    pub(crate) quote_ttl: Option<QuoteTtl>,
    /// The app, or `api_key:` and the id of the key; `None` in single-user mode.
    pub(crate) client_id: Option<String>,
    /// How many calls of the request's class there were in this window, where that was read with the grant.
    pub(crate) counted: Option<Counted>,
}

/// What a request brought with it.
pub(crate) enum Token {
    /// An access token that holds by itself, or something in the form of an API key; the row is still to be read.
    Presented(Presented),
    /// Nothing is needed: single-user mode.
    SingleUser,
}

/// Checks the token by itself; the error is the 401.
pub(crate) async fn token(app: &App<'_>, request: &Request) -> Result<Token, Response> {
    let Mode::MultiUser { jwt } = &app.config.mode else { return Ok(Token::SingleUser) };
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    access::bearer(authorization)
        .and_then(|token| access::present(jwt, &app.config.oauth, token, app.now))
        .map(Token::Presented)
        .map_err(|why| unauthorized(app, request, why))
}

/// Reads the row of the grant or key, so that a revocation counts at once, and with a grant how many calls of this class there
/// were; the error is the 401.
pub(crate) async fn caller(app: &App<'_>, request: &Request, token: Token, class: Class) -> Result<Caller, Response> {
    match token {
        Token::Presented(presented) => {
            let key = presented.user().and_then(|user| rate::key_of(app, user, class));
            let counting = key.as_deref().map(|key| Counting { key, window: rate::window(app) });
            let holder = presented.holder(&app.db, counting, app.now).await;
            let Holder { who, quote_ttl, note, count } = holder.map_err(|why| unauthorized(app, request, why))?;
            note.into_iter().for_each(|note| note_use(app, note));
            let principal = Principal { user_id: who.user, scopes: who.scopes };
            let counted = count.map(|count| Counted::new(app, class, count));
            Ok(Caller { principal, quote_ttl: Some(quote_ttl), client_id: Some(who.client_id), counted })
        }
        Token::SingleUser => {
            let user: LoggedIn = app.ask(None, Call::SingleUser).await.map_err(|error| render::error(&error))?;
            let principal = Principal { user_id: user.user_id, scopes: Scopes::all() };
            Ok(Caller { principal, quote_ttl: None, client_id: None, counted: None })
        }
    }
}

/// Writes down that a grant or key was used, once the answer is under way. A note that is lost is made by a later use.
fn note_use(app: &App<'_>, note: store::Statement) {
    let env = app.env.clone();
    app.after.run(async move {
        if let Ok(db) = D1::of(&env) {
            let _ = db.run(note).await;
        }
    });
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
        Unauthorized::Invalid => Error::new(
            Reason::InvalidToken,
            "The access token or API key has expired or was revoked. Refresh it, log in again, or make another key in the settings.",
        ),
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
