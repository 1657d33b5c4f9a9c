//! `POST /mcp` and `POST /`: the MCP endpoint. Who asks is settled first; then the protocol core reads the body, and what
//! it cannot answer from the catalogue is looked up by the [`product`]. The same behind `/sse` and `/messages`, the transport
//! of 2024-11-05, and what a legacy session needs beside POST.

pub(crate) mod catalog;
mod changes;
mod completions;
mod counted;
mod legacy_session;
mod limits;
mod product;
mod prompts;
mod resources;
mod scopes;
mod tools;

use domain::Scopes;
use edge::{
    http::{Body, Request, Response},
    mcp::{answer, respond, session},
};
use futures_util::future::join;
use mcp::{Ask, Entry, Options, Received, Reply, ToolCall, Toolset};

use self::product::Live;
use crate::{app::App, auth, rate::Class, render};

/// Answers one POST. The grant's row is read side by side with what the cache may have; nothing of the latter is sent if
/// the grant does not hold.
pub(crate) async fn serve(app: &App<'_>, request: &Request) -> Response<Body> {
    answered(app, request).await.unwrap_or_else(|refused| refused.map(Body::from))
}

async fn answered(app: &App<'_>, request: &Request) -> Result<Response<Body>, Response> {
    let token = auth::token(app, request).await?;
    let toolset = Toolset::parse(&catalog::CATALOG, request.uri().query().unwrap_or_default());
    let options = Options { toolset: Some(&toolset), ..product::options(app.env, &app.config.seal) };
    let received = mcp::receive(&catalog::CATALOG, &options, request.headers(), request.body());
    let (caller, prefetched) =
        join(auth::caller(app, request, token, counted::class(&received)), tools::prefetch(app, &received)).await;
    let caller = caller?;
    if let Some(missing) = missing_scopes(&received, &caller.principal.scopes) {
        for call in asks(&received).filter_map(as_tool) {
            counted::refused(app, &caller.principal, caller.client_id.as_deref(), call);
        }
        return Err(auth::insufficient_scope(app, request, &missing));
    }
    if let Received::Reply(_) = received {
        counted::other(app, &caller).await.map_err(|error| render::error(&error))?;
    }
    let live = Live::new(app, &caller, prefetched);
    Ok(match session::post(app.env, &live, request).await {
        Some(answered) => answered,
        None => respond(app.env, &live, received).await,
    })
}

/// The stream that a client with a session opens to hear of changes. Without one there is none, whoever asks.
pub(crate) async fn hold(app: &App<'_>, request: &Request) -> Response<Body> {
    if !names_session(request) {
        return answer(Reply::method_not_allowed());
    }
    as_caller(app, request, async |live| session::hold(app.env, &live, request).await).await
}

/// The end of a session.
pub(crate) async fn end(app: &App<'_>, request: &Request) -> Response<Body> {
    if !names_session(request) {
        return answer(Reply::method_not_allowed());
    }
    as_caller(app, request, async |live| session::end(app.env, &live, request).await).await
}

fn names_session(request: &Request) -> bool {
    request.headers().contains_key("mcp-session-id")
}

/// The stream with which the transport of 2024-11-05 begins.
pub(crate) async fn begin_http_sse(app: &App<'_>, request: &Request) -> Response<Body> {
    as_caller(app, request, async |live| session::begin_http_sse(app.env, &live).await).await
}

/// A message of the transport of 2024-11-05.
pub(crate) async fn message(app: &App<'_>, request: &Request) -> Response<Body> {
    as_caller(app, request, async |live| session::message(app.env, &live, request).await).await
}

async fn as_caller(
    app: &App<'_>,
    request: &Request,
    serve: impl AsyncFnOnce(Live<'_>) -> Response<Body>,
) -> Response<Body> {
    let caller = async {
        let caller = auth::caller(app, request, auth::token(app, request).await?, Class::Other).await?;
        counted::other(app, &caller).await.map_err(|error| render::error(&error))?;
        Ok::<_, Response>(caller)
    };
    match caller.await {
        Ok(caller) => serve(Live::new(app, &caller, tools::Prefetched::default())).await,
        Err(refused) => refused.map(Body::from),
    }
}

/// The scopes that the request needs and the token does not have.
fn missing_scopes(received: &Received, granted: &Scopes) -> Option<Scopes> {
    let needed: Scopes = asks(received).flat_map(scopes::needed).collect();
    (!granted.contains_all(&needed)).then_some(needed)
}

/// What the product is asked.
fn asks(received: &Received) -> impl Iterator<Item = &Ask> {
    let (one, several) = match received {
        Received::Reply(_) => (None, [].as_slice()),
        Received::Ask(ask) => (Some(&**ask), [].as_slice()),
        Received::Batch(batch) => (None, batch.entries.as_slice()),
    };
    let several = several.iter().filter_map(|entry| match entry {
        Entry::Ask(ask) => Some(&**ask),
        Entry::Reply(_) => None,
    });
    one.into_iter().chain(several)
}

const fn as_tool(ask: &Ask) -> Option<&ToolCall> {
    match ask {
        Ask::Tool(call) => Some(call),
        _ => None,
    }
}
