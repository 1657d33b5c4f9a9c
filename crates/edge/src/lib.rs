//! Everything that touches Cloudflare's runtime, so that the rest does not have to: the ports' implementations on D1, KV,
//! R2, queues, Workflows and Durable Objects, the conversion of requests and answers, and the guard against panics.
//!
//! In scope: adapters, each a thin layer with our own types on the outside. Out of scope: decisions. This is the only
//! library that imports `worker`.

pub mod after;
pub mod caller;
pub mod clock;
pub mod d1;
pub mod deadline;
pub mod entropy;
pub mod fetch;
pub mod guard;
pub mod http;
pub mod kv;
pub mod log;
pub mod mcp;
pub mod object;
pub mod r2;
pub mod socket;
pub mod time_zone;
pub mod vars;
pub mod workflow;
