//! Differential tests: the client of the official Rust SDK (`rmcp`) against the protocol core (`crates/mcp`), in both eras.
//!
//! The core is served by a small HTTP server of this crate, in this process, over a Unix socket that only this process
//! knows; the SDK brings its own HTTP client. What is tested is what the SDK makes of our answers. Out of scope: the
//! workers, which tests/clients drives with the SDKs in TypeScript; authentication; sessions of the legacy era.

#![cfg(test)]

mod client;
mod server;

mod features;
