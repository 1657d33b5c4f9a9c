//! The private worker: everything that touches TastyTrade, numbers or time.
//!
//! It has no public route. mcp-server reaches it through the service binding (`service`), and the objects that live here by
//! name; the platform calls it for queue messages (`queue`), the minute cron (`cron`) and workflow instances (`workflow`).

#![expect(missing_docs, reason = "the platform's macros export methods that cannot be documented")]

mod app;
mod calls;
mod chain;
mod chart;
mod config;
mod credential;
mod cron;
mod debug;
mod flight;
mod follow;
mod gather;
mod hub;
mod instruments;
mod jobs;
mod live;
mod metrics;
mod options;
mod pace;
mod portfolio;
mod queue;
mod quote;
mod service;
mod strategy;
mod stream;
mod sync;
mod tools;
mod upstream;
mod workflow;
mod zone;

use worker::{Context, Env, MessageBatch, Request, Response, Result, ScheduleContext, ScheduledEvent, event};

pub use hub::UserHub;
pub use upstream::Upstream;
pub use workflow::TtaiWorkflow;

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    service::serve(request, env).await
}

#[event(queue)]
async fn queue(batch: MessageBatch<serde_json::Value>, env: Env, _context: Context) -> Result<()> {
    queue::consume(batch, env).await
}

#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    cron::tick(&event, &env).await;
}
