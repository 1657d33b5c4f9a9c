//! The authorization server on a real SQLite, with a clock that the test moves.
//!
//! `authorize`: requests, consent, the upstream leg, the browser's login. `cimd`: apps that are known by a document or by the
//! configuration, and what TastyTrade says at a refresh. `register`: registration and how apps prove who they
//! are. `key`: API keys. `changes`: what is told for the audit. `token`: exchange, rotation, revocation, the access token, a database that fails at each step in turn. `properties`:
//! any sequence of steps keeps what must always hold.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod authorize;
mod changes;
mod cimd;
mod key;
mod properties;
mod register;
mod token;
mod world;
