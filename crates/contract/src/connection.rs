//! The user's connection to TastyTrade: whether it works, and what to do where it does not.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// How the user connected TastyTrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// By TastyTrade's login page, with the operator's app.
    Login,
    /// By a grant that the user made at TastyTrade and pasted.
    OwnGrant,
}

/// What a test of the connection found. A connection that does not work is a result like any other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConnectionTest {
    /// Whether TastyTrade answered in the user's name.
    pub connected: bool,
    /// How TastyTrade was connected: `login` (by TastyTrade's login page) or `own_grant` (a pasted grant); `null` when it is
    /// not connected.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub way: Option<Way>,
    /// Why it does not work, in one word: `disconnected`, `reconnect_required`, `key_unavailable`, `rate_limited`,
    /// `upstream_unavailable`, `upstream_timeout` and others; `null` when it works.
    pub reason: Option<String>,
    /// What was found and what to do, for the person.
    pub message: String,
    /// The open accounts that TastyTrade listed; empty when it does not work.
    pub accounts: Vec<ConnectedAccount>,
    /// When TastyTrade was asked, ISO 8601 with offset.
    pub checked_at: Timestamp,
    /// Where to log in again, in the browser.
    pub login_url: String,
}

/// One account that the connection reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConnectedAccount {
    /// The masked number.
    pub account: String,
    /// The user's name for it, or its type.
    pub name: String,
    /// Whether it is the default account.
    pub is_default: bool,
}
