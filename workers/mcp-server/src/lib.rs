//! The public worker: the MCP endpoint, the authorization server, and the pages.
//!
//! It opens no connection to TastyTrade and knows no finance beyond the names and schemas of the tools; what needs either
//! goes to the analysis worker through the service binding. [`routes`] lists every address.

mod app;
mod auth;
mod config;
mod identity;
mod mcp;
mod pages;
mod render;
mod routes;

use worker::{Context, Env, Request, Response, Result, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    routes::serve(request, env).await
}
