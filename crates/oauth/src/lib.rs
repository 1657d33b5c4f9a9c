//! The authorization server: OAuth 2.1 for MCP clients in front of a login at TastyTrade.
//!
//! In scope: metadata documents (RFC 8414, 9728), registration (7591) and apps that are known by a document of theirs or by
//! the operator's configuration, the authorization request with PKCE S256 (7636),
//! consent per app before anything is sent upstream, the upstream leg's `state`, codes, tokens and their rotation, revocation
//! (7009), `resource` (8707), `iss` (9207), the access-token check of the MCP endpoint, and browser sessions. Out of scope:
//! HTML and HTTP (the worker renders what is answered here), and TastyTrade itself (the worker redeems the code and tells
//! the outcome).
//!
//! No I/O but through [`store::Database`] and the ports [`cimd::Documents`] and [`token::Connections`]; time and randomness come with the [`Context`]. A login goes through stages that
//! are types: [`authorize`](authorize::authorize) stages a visit and answers a [`Consent`], [`consent::decide`] consumes its
//! handle, [`callback::come_back`] consumes the upstream state and answers an [`Approved`], which either
//! [finishes](Approved::finish) with a code or [fails](Approved::fail).
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

pub mod access;
pub mod authorize;
pub mod callback;
pub mod changes;
pub mod cimd;
pub mod client;
pub mod consent;
pub mod cookie;
pub mod error;
pub mod key;
pub mod metadata;
pub mod params;
pub mod redirect;
pub mod register;
pub mod resource;
pub mod revoke;
pub mod session;
pub mod token;
pub mod visit;

pub use changes::Changes;
pub use error::{Code, Error, Refusal};
pub use params::Params;
pub use visit::{Approved, Consent, Failure, Finished, Visitor};

use chrono::TimeDelta;
use domain::Timestamp;
use store::identity::clients::ClientRow;

/// How long a consent page can be answered, and how long a login at TastyTrade may take.
pub const VISIT: TimeDelta = TimeDelta::minutes(10);
/// How long a code can be exchanged.
pub const CODE: TimeDelta = TimeDelta::seconds(60);
/// How long an access token holds. Each use reads the grant as well, so that a long life does not delay a revocation.
pub const ACCESS: TimeDelta = TimeDelta::hours(24);
/// How long a refresh token waits for its use.
pub const REFRESH: TimeDelta = TimeDelta::days(180);
/// How long after its first use a refresh token still yields a pair: an answer may have been lost on its way.
pub const GRACE: TimeDelta = TimeDelta::seconds(120);
/// How long an app is remembered that is not used.
pub const CLIENT: TimeDelta = TimeDelta::days(90);
/// How long a repeated registration gets the same answer.
pub const TWIN: TimeDelta = TimeDelta::minutes(10);
/// How long a browser stays logged in.
pub const SESSION: TimeDelta = TimeDelta::hours(12);
/// How many pasted grants one visit may try. TastyTrade blocks addresses that try too often.
pub const ATTEMPTS: u32 = 5;
/// The largest body that is read, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// What the server is configured with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the server is reached, without a trailing slash: the issuer, and the beginning of every address.
    pub public_url: String,
    /// The operator's app at TastyTrade. Without one, only pasted grants work.
    pub upstream: Option<Upstream>,
    /// The apps that the operator has set up; see [`client::configured`].
    pub clients: Vec<ClientRow>,
}

/// The operator's app at TastyTrade.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Its `client_id`.
    pub client_id: String,
    /// TastyTrade's login page.
    pub authorize_url: String,
    /// The scopes to ask for, separated by blanks; `read` is enough for everything but orders.
    pub scope: String,
}

impl Config {
    /// The resource that tokens are for: the MCP endpoint.
    pub fn resource(&self) -> String {
        format!("{}/mcp", self.public_url)
    }

    /// The app that the operator has set up under this id, if there is one.
    pub fn set_up(&self, client_id: &str) -> Option<&ClientRow> {
        self.clients.iter().find(|client| client.id == client_id)
    }

    /// Where TastyTrade sends the browser back to.
    pub fn callback(&self) -> String {
        format!("{}/oauth/callback", self.public_url)
    }
}

/// One request's surroundings.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a, D, E> {
    /// The database.
    pub db: &'a D,
    /// The configuration.
    pub config: &'a Config,
    /// Where randomness comes from.
    pub entropy: &'a E,
    /// The time.
    pub now: Timestamp,
    /// Where changes of identity are told, for the audit.
    pub changes: &'a Changes,
}

/// A moment that much later; the end of time if there is none.
pub(crate) fn later(now: Timestamp, by: TimeDelta) -> Timestamp {
    now.checked_add_signed(by).unwrap_or(Timestamp::MAX_UTC)
}

/// A moment that much earlier; the beginning of time if there is none.
pub(crate) fn earlier(now: Timestamp, by: TimeDelta) -> Timestamp {
    now.checked_sub_signed(by).unwrap_or(Timestamp::MIN_UTC)
}
