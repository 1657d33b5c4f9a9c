//! The Model Context Protocol without I/O: bytes and headers in, replies or questions out.
//!
//! [`receive`] reads one POST and either answers it from the [`Catalog`] or hands back an [`Ask`]: what the product has to
//! look up. The caller looks it up and calls `finish` on it, which gives the [`Reply`].
//!
//! Two eras are served at one endpoint, both without sessions: *legacy* are the revisions that begin with `initialize`
//! (2025-11-25, 2025-06-18, 2025-03-26), *modern* is 2026-07-28, where every request describes itself. [`receive`] tells
//! them apart request by request; nothing is remembered between two requests.
//!
//! Out of scope: authentication, which comes before; routing, CORS and `Origin`, for which [`origin`] holds the facts; and
//! what the tools do.

pub mod arguments;
mod ask;
mod batch;
mod catalog;
mod context;
mod fault;
mod headers;
mod json;
mod legacy;
mod message;
mod modern;
pub mod origin;
mod output;
mod receive;
mod reply;
mod serve;
mod template;
mod version;

pub use ask::{Ask, Completion, PromptGet, ResourceRead, Subject, ToolCall};
pub use batch::{Batch, Entry};
pub use catalog::{
    Annotations, Cache, CacheScope, Catalog, Extension, Icon, Prompt, PromptArgument, Resource, Server, Template, Tool,
};
pub use context::Context;
pub use fault::code;
pub use output::{CompletionOutput, Content, PromptMessage, PromptOutput, ResourceContents, Role, ToolOutput};
pub use receive::{MAX_BATCH, MAX_BODY, MAX_DEPTH, Options, Received, receive};
pub use reply::{Reply, Seen};
pub use version::{Era, LEGACY_VERSIONS, MODERN_VERSION};

#[cfg(test)]
mod tests;
