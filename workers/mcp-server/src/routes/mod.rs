//! Every address of the server.
//!
//! | address | what |
//! |---|---|
//! | `POST /mcp`, `POST /` | the MCP endpoint |
//! | `GET /mcp`, `DELETE /mcp` | the stream and the end of a legacy session; 405 without one |
//! | `GET /sse`, `POST /messages` | the MCP endpoint over the transport of 2024-11-05 |
//! | `GET /` | the landing page |
//! | `HEAD` anywhere | 200 and the protocol's version |
//! | `GET /health` | the state of every binding |
//! | `GET /debug/analysis`, `/debug/panic`, `POST /debug/stream` | development only |
//! | `/.well-known/*`, `/oauth/*` and their aliases, `/login`, `/logout` | [`crate::identity`] |
//! | `GET /dashboard`, `POST /dashboard/sync`, `GET /ws` | the user's page and its live channel |
//! | `/settings`, `/settings/*` | [`settings`] |
//! | `GET /assets/*`, `/favicon.ico` | style, script and icon of the pages |
//! | anything else | 404 |

mod access;
mod assets;
mod dashboard;
mod debug;
mod health;
mod landing;
mod live;
mod settings;

use domain::{Error, Reason};
use edge::{
    after::After,
    http::{Body, Refused, Request, Response, answer},
    mcp::answer as from_reply,
};
use http::{HeaderValue, Method, header};
use mcp::{Reply, origin};
use worker::Env;

use self::access::Access;
use crate::{
    app::App,
    config::{Environment, Mode},
    identity, mcp as endpoint, pages, render,
};

/// Paths that pages of other origins may call: the protocol's, not ours.
const CROSS_ORIGIN: &[&str] = &[
    "/",
    "/mcp",
    "/sse",
    "/messages",
    "/oauth/token",
    "/token",
    "/oauth/register",
    "/register",
    "/oauth/revoke",
    "/revoke",
];

/// Answers one request. A panic in it is one 500 and never the end of another request.
pub(crate) async fn serve(request: worker::Request, env: Env, after: After) -> worker::Result<worker::Response> {
    let access = Access::of(&request);
    if live::is_upgrade(&request) {
        return live::serve(request, &env, after, &access).await;
    }
    let answered = edge::guard::catch(async {
        match edge::http::take(request, mcp::MAX_BODY).await {
            Ok(request) => guarded(&env, after, &access.id, &request).await,
            Err(Refused::TooLarge) => {
                refused(&Error::new(Reason::PayloadTooLarge, "The body is larger than 1 MiB. Send less at a time."))
            }
            Err(Refused::Unreadable) => {
                refused(&Error::new(Reason::InvalidRequest, "The request could not be read. Send it again."))
            }
        }
    });
    let mut response = answered.await.unwrap_or_else(|_| {
        refused(&Error::new(
            Reason::Internal,
            "Something failed on our side. It has been logged; try again, and report it if it stays.",
        ))
    });
    render::protect(&mut response);
    access.answered(&mut response);
    edge::http::give(response)
}

fn refused(error: &Error) -> Response<Body> {
    render::error(error).map(Body::from)
}

/// An error as a page where a person looks at it, else as JSON.
fn failed(request: &Request, error: &Error) -> Response<Body> {
    let is_endpoint = *request.method() == Method::POST && matches!(request.uri().path(), "/" | "/mcp");
    if accepts_html(request) && !is_endpoint {
        let mut page =
            pages::message::failure(error, request.uri().path()).unwrap_or_else(|error| render::error(&error));
        render::retry_after(&mut page, error);
        return page.map(Body::from);
    }
    refused(error)
}

/// What holds for every request: where it may come from, and the CORS headers of its answer, errors too.
async fn guarded(env: &Env, after: After, request_id: &str, request: &Request) -> Response<Body> {
    if request.method() == Method::HEAD {
        return head().map(Body::from);
    }
    let app = match App::new(env, after, request_id.to_owned()) {
        Ok(app) => app,
        Err(error) => return failed(request, &error),
    };
    let origin = request.headers().get(header::ORIGIN).and_then(|value| value.to_str().ok());
    let host = request.uri().authority().map(http::uri::Authority::as_str).unwrap_or_default();
    if let Err(error) = check_host(&app, host).and_then(|()| check_origin(&app, request, origin)) {
        return refused(&error);
    }
    let crosses = CROSS_ORIGIN.contains(&request.uri().path()) || request.uri().path().starts_with("/.well-known/");
    if let (Some(origin), &Method::OPTIONS, true) = (origin, request.method(), crosses) {
        let mut response = http::Response::new(Body::from(Vec::new()));
        *response.status_mut() = http::StatusCode::NO_CONTENT;
        render::add(&mut response, origin::preflight_headers(origin));
        return response;
    }
    let mut response = route(&app, request).await.unwrap_or_else(|error| failed(request, &error));
    if let (Some(origin), true) = (origin, crosses) {
        render::add(&mut response, origin::cors_headers(origin));
    }
    response
}

/// Foreign pages may not call the endpoint.
fn check_origin(app: &App<'_>, request: &Request, origin: Option<&str>) -> Result<(), Error> {
    let none: &[&str] = &[];
    let is_endpoint = match request.uri().path() {
        "/" => request.method() == Method::POST,
        path => matches!(path, "/mcp" | "/sse" | "/messages"),
    };
    match origin {
        Some(origin) if is_endpoint && !origin::origin_allowed(origin, app.config.public_url(), none) => {
            Err(Error::new(Reason::Forbidden, "Pages of this origin may not call the server."))
        }
        _ => Ok(()),
    }
}

/// The server answers for its own name, in development for any of this machine's; single-user mode for this machine alone.
fn check_host(app: &App<'_>, host: &str) -> Result<(), Error> {
    let none: &[&str] = &[];
    let is_here = origin::host_allowed(host, "http://localhost", true, none);
    if matches!(app.config.mode, Mode::SingleUser) && !is_here {
        let message = "Single-user mode serves this machine only: use http://localhost or http://127.0.0.1.";
        return Err(Error::new(Reason::Forbidden, message));
    }
    let is_development = app.config.environment == Environment::Development;
    if !origin::host_allowed(host, app.config.public_url(), is_development, none) {
        return Err(Error::new(Reason::Forbidden, "This server does not answer for that host name."));
    }
    Ok(())
}

async fn route(app: &App<'_>, request: &Request) -> Result<Response<Body>, Error> {
    match (request.method().as_str(), request.uri().path()) {
        ("POST", "/mcp" | "/") => Ok(endpoint::serve(app, request).await),
        ("GET", "/mcp") => Ok(endpoint::hold(app, request).await),
        ("DELETE", "/mcp") => Ok(endpoint::end(app, request).await),
        ("GET", "/sse") => Ok(endpoint::begin_http_sse(app, request).await),
        ("POST", "/messages") => Ok(endpoint::message(app, request).await),
        ("GET", "/") if accepts_html(request) => landing::show(app).map(|page| page.map(Body::from)),
        (_, "/mcp" | "/" | "/sse" | "/messages") => Ok(from_reply(Reply::method_not_allowed())),
        _ => page(app, request).await.map(|page| page.map(Body::from)),
    }
}

/// What is not the endpoint.
async fn page(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    let path = request.uri().path();
    match (request.method().as_str(), path) {
        ("GET", "/health") => health::show(app).await,
        ("GET", "/debug/analysis") => debug::analysis(app).await,
        ("GET", "/debug/panic") => debug::panic(app, request).await,
        ("POST", "/debug/stream") => debug::stream(app, request).await,
        ("GET", "/dashboard") => dashboard::show(app, request).await,
        ("POST", "/dashboard/sync") => dashboard::sync(app, request).await,
        (_, path) if path == "/settings" || path.starts_with("/settings/") => settings::route(app, request).await,
        ("GET", "/ws") => Ok(live::upgrade_required()),
        ("GET", "/favicon.ico") => assets::serve(path),
        ("GET", _) if path.starts_with("/assets/") => assets::serve(path),
        _ => match identity::route(app, request).await {
            Some(answered) => answered,
            None => Err(not_found(path)),
        },
    }
}

fn not_found(path: &str) -> Error {
    let shown: String = path.chars().take(80).collect();
    Error::new(
        Reason::NotFound,
        format!("There is nothing at {shown}. The MCP endpoint is /mcp; / describes the server."),
    )
}

/// Claude checks with HEAD whether a server is there and which protocol it speaks, before it logs in.
fn head() -> Response {
    let mut response = answer(200, "application/json", "");
    response.headers_mut().insert("mcp-protocol-version", HeaderValue::from_static(mcp::MODERN_VERSION));
    response
}

fn accepts_html(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}
