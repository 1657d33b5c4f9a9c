//! TastyTrade's APIs, without the network: requests are built here and answers are read here.
//!
//! Each endpoint is a module with a function that builds its [`Request`] and a `read` that turns an [`Answer`] into checked
//! values. Whoever owns the connection sends [`Request::url`], [`Request::headers`] and the body, makes an [`Answer`] of
//! what comes back, and asks [`retry`] what to do about trouble, [`budget`] when it may be sent, and [`batch`] what can be
//! asked together.
//!
//! Market data in motion come over a WebSocket: [`dxlink`] speaks its protocol, [`account_streamer`] the one over which
//! TastyTrade tells of orders, balances and positions. Both are machines fed with frames.
//!
//! Out of scope: sockets, clocks, storing tokens, caching, and the shapes that tools answer with.
//!
//! Reading is tolerant where that is harmless: numbers may be strings, a field may be missing, `null` or `"NaN"`, unknown
//! fields are skipped, and an optional field that cannot be read is absent with a note. It is strict where a guess would
//! mislead: an account or a position that cannot be read is an error that names the field.

pub mod account_streamer;
pub mod accounts;
pub mod balances;
pub mod batch;
pub mod budget;
pub mod customer;
pub mod dxlink;
pub mod error;
mod fields;
pub mod instruments;
pub mod market_data;
pub mod market_metrics;
pub mod market_time;
pub mod option_chain;
pub mod positions;
pub mod quote_token;
pub mod request;
pub mod response;
pub mod retry;
pub mod risk_free_rate;
pub mod symbol;
pub mod symbol_search;
pub mod token;
pub mod watchlists;

pub use error::Error;
pub use request::{Method, Request};
pub use response::{Answer, Noted};
