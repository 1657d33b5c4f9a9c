//! The Model Context Protocol without I/O: bytes and headers in, replies, frames or questions out.
//!
//! [`receive`] reads one POST and either answers it from the [`Catalog`] or hands back an [`Ask`]: what the product has to
//! look up. The caller looks it up and calls `finish` on it, which gives the [`Reply`].
//!
//! Two eras are served at one endpoint: *legacy* are the revisions that begin with `initialize` (2025-11-25, 2025-06-18,
//! 2025-03-26, and 2024-11-05 over its own transport), *modern* is 2026-07-28, where every request describes itself.
//! [`receive`] tells them apart request by request, and remembers nothing between two requests.
//!
//! ```
//! use mcp::{Ask, Catalog, Entry, Outcome, Options, Received, Reply, Sealing, Tool, ToolOutput};
//!
//! const CATALOG: Catalog = Catalog {
//!     tools: &[Tool { name: "greet", description: "Says hello.", ..Tool::EMPTY }],
//!     ..Catalog::EMPTY
//! };
//!
//! fn serve(headers: &http::HeaderMap, body: &[u8], sealing: &Sealing<'_>) -> Reply {
//!     let options = Options { asks_back: true, ..Options::default() };
//!     match mcp::receive(&CATALOG, &options, headers, body) {
//!         Received::Reply(reply) => reply,
//!         Received::Ask(ask) => answer(*ask, sealing),
//!         Received::Batch(batch) => Reply::batch(batch.entries.into_iter().map(|entry| match entry {
//!             Entry::Reply(reply) => reply,
//!             Entry::Ask(ask) => answer(*ask, sealing),
//!         })),
//!     }
//! }
//!
//! fn answer(mut ask: Ask, sealing: &Sealing<'_>) -> Reply {
//!     match (ask.resume(sealing), ask) {
//!         (Err(reply), _) => reply,
//!         (Ok(()), Ask::Tool(call)) => call.conclude(Ok(Outcome::Done(ToolOutput::text("Hello!"))), sealing),
//!         (Ok(()), other) => other.fail(domain::Error::new(domain::Reason::NotFound, "Nothing there.")),
//!     }
//! }
//! ```
//!
//! What needs more than one reply:
//! - [`stream`]: progress and log messages in front of the reply.
//! - [`input`]: asking the client back; in the modern era by the reply itself, in the legacy one through a [`session`].
//! - [`listen`]: telling of changes.
//!
//! Time, encryption, signatures and the user are parameters or traits that the caller implements ([`input::StateSeal`],
//! [`cursor::Sign`]). Out of scope: authentication, which comes before; routing, CORS and `Origin`, for which [`origin`]
//! holds the facts; deadlines; and what the tools do.

pub mod apps;
pub mod arguments;
mod ask;
mod batch;
mod catalog;
mod context;
pub mod cursor;
mod fault;
mod headers;
pub mod input;
mod json;
mod legacy;
mod level;
pub mod listen;
mod message;
mod mirrored;
mod modern;
mod notify;
pub mod origin;
mod output;
mod problems;
mod receive;
mod reply;
mod serve;
pub mod session;
pub mod stream;
mod template;
mod toolset;
mod version;

pub use ask::{Ask, Completion, PromptGet, ResourceRead, Subject, ToolCall};
pub use batch::{Batch, Entry};
pub use catalog::{
    Annotations, Cache, CacheScope, Catalog, Extension, Icon, ListChanged, Prompt, PromptArgument, Resource, Server,
    Template, Theme, Tool,
};
pub use context::Context;
pub use cursor::Pages;
pub use fault::code;
pub use input::{Input, InputRequest, InputRequired, Outcome, Sealing};
pub use level::Level;
pub use listen::Listen;
pub use message::{CallId, Refusal};
pub use notify::{Change, Progress};
pub use output::{
    CompletionOutput, Content, MAX_RESULT, PromptMessage, PromptOutput, ResourceContents, Role, ToolOutput, too_large,
};
pub use receive::{MAX_BATCH, MAX_BODY, MAX_DEPTH, Options, Received, receive};
pub use reply::{Reply, Seen};
pub use session::Session;
pub use stream::Frame;
pub use toolset::Toolset;
pub use version::{Era, LEGACY_VERSIONS, MODERN_VERSION, Revision};

#[cfg(test)]
mod tests;
