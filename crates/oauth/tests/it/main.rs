//! The authorization server on a real SQLite, with a clock that the test moves.
//!
//! `authorize`: requests, consent, the upstream leg, the browser's login. `changes`: what is told for the audit. `cimd`: apps
//! that are known by a document or by the configuration, and what TastyTrade says at a refresh. `key`: API keys. `register`:
//! registration and how apps prove who they are. `token`: exchange, rotation, revocation, the access token. `failures`: a
//! database that fails at each call in turn, from the first request to the last refresh. `parallel`: the same request many
//! times at once. `properties`: any sequence of steps keeps what must always hold.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod authorize;
mod changes;
mod cimd;
mod failures;
mod key;
mod parallel;
mod properties;
mod register;
mod token;
mod world;
