//! The addresses of the authorization server and of the browser's login. The decisions are made in the `oauth` crate; here is
//! what they look like over HTTP.
//!
//! | address | what |
//! |---|---|
//! | `GET /.well-known/oauth-protected-resource[/mcp]` | RFC 9728, one document for each MCP address |
//! | `GET /.well-known/oauth-authorization-server[/mcp]` | RFC 8414 |
//! | `POST /oauth/register`, `/register` | RFC 7591 |
//! | `GET`, `POST /oauth/authorize`, `/authorize` | the consent page and its answer |
//! | `GET /oauth/callback` | the return from TastyTrade |
//! | `POST /oauth/token`, `/token` | codes and refresh tokens |
//! | `POST /oauth/revoke`, `/revoke` | RFC 7009 |
//! | `GET`, `POST /login`, `POST /logout` | the browser's own session |
//! | `GET /connected` | where a login ends that came from no page and no app |
//!
//! The short paths are there because some clients build them themselves. A trailing slash makes no difference, and nothing
//! redirects a POST. In single-user mode none of this exists.

mod authorize;
mod callback;
mod connected;
mod login;
mod logout;
mod outside;
mod register;
mod revoke;
mod token;
mod well_known;

use domain::{Error, Reason};
use edge::http::{Request, Response, answer, json};
use http::{HeaderName, HeaderValue, header};
use oauth::{Code, Finished, Refusal, cookie::Cookie};
use vault::JwtKeys;

use crate::{
    app::App,
    audit,
    config::Mode,
    pages,
    rate::{self, Class},
    render,
};

/// Answers, if the address is one of these. What changes by it is written down for the audit.
pub(crate) async fn route(app: &App<'_>, request: &Request) -> Option<Result<Response, Error>> {
    if let Mode::SingleUser = app.config.mode {
        return None;
    }
    if let Some(refused) = limited(app, request).await {
        return Some(refused);
    }
    let answered = dispatch(app, request).await;
    audit::note_changes(app);
    answered
}

/// The answer to a network that asks too often, in the form of the address that it asks. Nothing was done: a page that is
/// reloaded later does what it would have done.
async fn limited(app: &App<'_>, request: &Request) -> Option<Result<Response, Error>> {
    let path = request.uri().path();
    let class = match (request.method().as_str(), path.strip_suffix('/').unwrap_or(path)) {
        ("POST", "/oauth/register" | "/register") => Class::Register,
        ("POST", "/oauth/token" | "/token" | "/oauth/revoke" | "/revoke") => Class::Token,
        ("GET" | "POST", "/oauth/authorize" | "/authorize" | "/login") => Class::Authorize,
        _ => return None,
    };
    let error = rate::address(app, request, class).await.err()?;
    let code = match error.reason {
        Reason::RateLimited => Code::TooManyRequests,
        _ => Code::TemporarilyUnavailable,
    };
    let told = oauth::Error::new(code, error.message.clone());
    let mut answer = match class {
        Class::Authorize => pages::message::error(&told),
        _ => Ok(answered(code.status(), Err(told))),
    };
    if let Ok(answer) = &mut answer {
        answer.headers_mut().remove(header::RETRY_AFTER);
        render::retry_after(answer, &error);
    }
    Some(answer)
}

async fn dispatch(app: &App<'_>, request: &Request) -> Option<Result<Response, Error>> {
    let path = request.uri().path();
    let path = path.strip_suffix('/').unwrap_or(path);
    Some(match (request.method().as_str(), path) {
        ("GET", path) if path.starts_with("/.well-known/") => return well_known::serve(app, path),
        ("GET", "/oauth/authorize" | "/authorize") => authorize::show(app, request).await,
        ("POST", "/oauth/authorize" | "/authorize") => authorize::decide(app, request).await,
        ("GET", "/oauth/callback") => callback::handle(app, request).await,
        ("POST", "/oauth/token" | "/token") => token::handle(app, request).await,
        ("POST", "/oauth/register" | "/register") => register::handle(app, request).await,
        ("POST", "/oauth/revoke" | "/revoke") => revoke::handle(app, request).await,
        ("GET", "/login") => login::show(app, request).await,
        ("POST", "/login") => authorize::decide(app, request).await,
        ("POST", "/logout") => logout::handle(app, request).await,
        ("GET", "/connected") => connected::show(app, request).await,
        (_, "/oauth/authorize" | "/authorize" | "/login") => Ok(method_not_allowed("GET, POST")),
        (_, "/oauth/callback" | "/connected") => Ok(method_not_allowed("GET")),
        (_, "/oauth/token" | "/token" | "/oauth/register" | "/register" | "/oauth/revoke" | "/revoke" | "/logout") => {
            Ok(method_not_allowed("POST"))
        }
        _ => return None,
    })
}

/// 405, with what is served.
pub(crate) fn method_not_allowed(allow: &'static str) -> Response {
    let error = Error::new(Reason::MethodNotAllowed, format!("This address answers {allow} only."));
    let mut response = render::error(&error);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

/// The keys of access tokens; they exist wherever these addresses do.
fn jwt<'a>(app: &'a App<'_>) -> Result<&'a JwtKeys, Error> {
    match &app.config.mode {
        Mode::MultiUser { jwt } => Ok(jwt),
        Mode::SingleUser => Err(Error::new(Reason::NotFound, "There is no login in single-user mode.")),
    }
}

/// A header as text.
pub(crate) fn text<'a>(request: &'a Request, name: &HeaderName) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// The parameters of a request's address.
pub(crate) fn query(request: &Request) -> oauth::Params {
    oauth::Params::parse(request.uri().query().unwrap_or_default().as_bytes())
}

/// Sends the browser elsewhere. Always 302: what follows is a GET, even after a POST.
pub(crate) fn redirect(location: &str) -> Response {
    let mut response = answer(302, "text/plain; charset=utf-8", "");
    render::add(&mut response, [("location", location.to_owned()), ("referrer-policy", "no-referrer".to_owned())]);
    response
}

/// A login that succeeded: the browser goes on, with a session of its own.
fn finished(finished: &Finished) -> Response {
    let mut response = redirect(&finished.location);
    render::add(&mut response, [("set-cookie", Cookie::Session.set(&finished.session))]);
    response
}

/// A refused request of a browser.
fn refused(refusal: &Refusal) -> Result<Response, Error> {
    match refusal {
        Refusal::Redirect(location) => Ok(redirect(location)),
        Refusal::Page(error) => pages::message::error(error),
    }
}

/// A JSON answer of the endpoints that apps call.
fn answered(status: u16, result: Result<serde_json::Value, oauth::Error>) -> Response {
    let mut response = match &result {
        Ok(body) => json(status, body),
        Err(error) => json(error.code.status(), &error.json()),
    };
    render::add(&mut response, [("pragma", "no-cache".to_owned())]);
    if let Some((name, value)) = result.as_ref().err().and_then(oauth::Error::headers) {
        render::add(&mut response, [(name, value)]);
    }
    response
}
