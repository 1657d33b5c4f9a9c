//! The public worker: the MCP endpoint, the authorization server, and the pages.
//!
//! It opens no connection to TastyTrade and knows no finance beyond the names and schemas of the tools; what needs either
//! goes to the analysis worker through the service binding. [`routes`] lists every address.

mod app;
mod audit;
mod auth;
mod config;
mod identity;
mod mcp;
mod pages;
mod rate;
mod render;
mod routes;

use edge::after::After;
use worker::{Context, Env, Method, Request, Response, Result, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    let after = After::request(context);
    if !may_end_anywhere(&request) {
        return routes::serve(request, env, after).await;
    }
    let caller = edge::caller::Caller::of(&request);
    let served = caller.attend(routes::serve(request, env, after)).await;
    served.unwrap_or_else(|| Response::error("The client has gone.", 499))
}

/// The MCP endpoint is served for as long as its client waits. What changes something is done by the analysis worker, which
/// finishes it.
fn may_end_anywhere(request: &Request) -> bool {
    request.method() == Method::Post && matches!(request.path().as_str(), "/" | "/mcp")
}
