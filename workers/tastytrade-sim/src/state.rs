//! What survives a restart: the market's clock and prices set by hand, the faults, logins, codes and grants.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    faults::Fault,
    market::{Market, Override},
    oauth::{Attempt, Code, Grant, PersonalApp},
    orders::{Order, complex::ComplexOrder},
    quote_alerts::Alert,
    rest::Watchlist,
    stream::accounts::News,
};

/// How long an access token lives unless a test shortens it, in seconds.
const ACCESS_SECONDS: i64 = 900;
/// The market's seed unless a test sets another.
const SEED: u64 = 20_260_102;
/// The number of the first order that is placed here.
const FIRST_ORDER: u64 = 900_000_001;

/// The market's clock. Tokens, codes and logins go by the wall clock, so that a test may move the market to a Tuesday noon
/// without ending anybody's login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Clock {
    /// The wall clock.
    #[default]
    Wall,
    /// So many milliseconds after the wall clock.
    Shifted {
        /// Negative for the past.
        by_ms: i64,
    },
    /// Standing still.
    Frozen {
        /// Where it stands.
        at: Timestamp,
    },
}

impl Clock {
    /// The market's time.
    pub(crate) fn now(self, wall: Timestamp) -> Timestamp {
        match self {
            Self::Wall => wall,
            Self::Shifted { by_ms } => wall.checked_add_signed(TimeDelta::milliseconds(by_ms)).unwrap_or(wall),
            Self::Frozen { at } => at,
        }
    }
}

/// How many access tokens were made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Mints {
    /// All of them.
    pub total: u64,
    /// By user.
    pub by_user: BTreeMap<String, u64>,
    /// By grant type.
    pub by_grant_type: BTreeMap<String, u64>,
    /// Calls of the token endpoint that were refused.
    pub refused: u64,
}

/// Everything that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// The market's seed.
    pub seed: u64,
    /// The market's clock.
    pub clock: Clock,
    /// Prices set by hand, by symbol.
    pub overrides: BTreeMap<String, Override>,
    /// Faults to come.
    pub faults: Vec<Fault>,
    /// How long new access tokens live, in seconds.
    pub access_seconds: i64,
    /// Logins under way, by id.
    pub attempts: BTreeMap<String, Attempt>,
    /// Authorization codes that were not used yet, by code.
    pub codes: BTreeMap<String, Code>,
    /// Grants that were not revoked, by id.
    pub grants: BTreeMap<String, Grant>,
    /// The users' own applications, by user.
    pub personal_apps: BTreeMap<String, PersonalApp>,
    /// How many access tokens were made.
    pub mints: Mints,
    /// The users' own watchlists, once they changed something.
    pub watchlists: BTreeMap<String, Vec<Watchlist>>,
    /// Orders that were placed here; those of the accounts' own history are not kept but computed.
    pub orders: Vec<Order>,
    /// Orders that hang together.
    pub complex_orders: Vec<ComplexOrder>,
    /// How many orders were placed here.
    pub orders_placed: u64,
    /// Wishes to be told of prices.
    pub quote_alerts: Vec<Alert>,
    /// How many of them there ever were.
    pub alerts_made: u64,
    /// By user, the number of the last access token that was made to expire early.
    pub expired_through: BTreeMap<String, u64>,
    /// Whether DXLink takes a token before it has asked for one, as it did until June 2026.
    pub lenient_handshake: bool,
    /// What happened to accounts, for those who follow them.
    #[serde(skip)]
    pub news: News,
}

impl Default for State {
    fn default() -> Self {
        Self {
            seed: SEED,
            clock: Clock::Wall,
            overrides: BTreeMap::new(),
            faults: Vec::new(),
            access_seconds: ACCESS_SECONDS,
            attempts: BTreeMap::new(),
            codes: BTreeMap::new(),
            grants: BTreeMap::new(),
            personal_apps: BTreeMap::new(),
            mints: Mints::default(),
            watchlists: BTreeMap::new(),
            orders: Vec::new(),
            complex_orders: Vec::new(),
            orders_placed: 0,
            quote_alerts: Vec::new(),
            alerts_made: 0,
            expired_through: BTreeMap::new(),
            lenient_handshake: false,
            news: News::default(),
        }
    }
}

impl State {
    /// A number for a new order.
    pub(crate) fn next_order(&mut self) -> u64 {
        self.orders_placed += 1;
        FIRST_ORDER + self.orders_placed - 1
    }

    /// A number for a new quote alert.
    pub(crate) fn next_alert(&mut self) -> u64 {
        self.alerts_made += 1;
        self.alerts_made
    }

    /// The market as it is now.
    pub(crate) fn market(&self) -> Market<'_> {
        Market { seed: self.seed, overrides: &self.overrides }
    }
}
