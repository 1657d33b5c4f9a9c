//! Orders: what they are, how they are read and checked, filled and shown.
//!
//! In scope: shares and options on shares and indexes; market, limit, stop and stop limit orders; one-cancels-other and
//! one-triggers-other; fills in parts. Out of scope: fractions of shares, futures and coins.

pub(crate) mod complex;
pub(crate) mod effect;
pub(crate) mod fees;
pub(crate) mod fill;
pub(crate) mod read;
pub(crate) mod rules;
pub(crate) mod show;

use chrono::NaiveDate;
use domain::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::market::Instrument;

/// What a leg does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    #[serde(rename = "Buy to Open")]
    BuyToOpen,
    #[serde(rename = "Buy to Close")]
    BuyToClose,
    #[serde(rename = "Sell to Open")]
    SellToOpen,
    #[serde(rename = "Sell to Close")]
    SellToClose,
}

impl Action {
    /// All of them.
    const ALL: [Self; 4] = [Self::BuyToOpen, Self::BuyToClose, Self::SellToOpen, Self::SellToClose];

    /// The wire's spelling.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::BuyToOpen => "Buy to Open",
            Self::BuyToClose => "Buy to Close",
            Self::SellToOpen => "Sell to Open",
            Self::SellToClose => "Sell to Close",
        }
    }

    /// Reads the wire's spelling.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }

    /// 1 for buying, -1 for selling.
    pub(crate) fn sign(self) -> i64 {
        if matches!(self, Self::BuyToOpen | Self::BuyToClose) { 1 } else { -1 }
    }

    /// Whether it opens.
    pub(crate) fn opens(self) -> bool {
        matches!(self, Self::BuyToOpen | Self::SellToOpen)
    }
}

/// How an order is to be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Limit,
    Market,
    Stop,
    #[serde(rename = "Stop Limit")]
    StopLimit,
}

impl Kind {
    /// The wire's spelling.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Limit => "Limit",
            Self::Market => "Market",
            Self::Stop => "Stop",
            Self::StopLimit => "Stop Limit",
        }
    }
}

/// How long an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Tif {
    Day,
    #[serde(rename = "GTC")]
    Gtc,
    #[serde(rename = "GTD")]
    Gtd,
    /// What is not filled at once is cancelled.
    #[serde(rename = "IOC")]
    Ioc,
}

impl Tif {
    /// The wire's spelling.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Day => "Day",
            Self::Gtc => "GTC",
            Self::Gtd => "GTD",
            Self::Ioc => "IOC",
        }
    }
}

/// How far an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    /// Taken in; while the market is closed it stays so.
    Received,
    /// Another order has to be filled first, or its rules have to let it go.
    Contingent,
    /// On its way to the exchange.
    Routed,
    /// The same, a little later.
    #[serde(rename = "In Flight")]
    InFlight,
    /// At the exchange. What was filled of it in part stays so.
    Live,
    #[serde(rename = "Cancel Requested")]
    CancelRequested,
    #[serde(rename = "Replace Requested")]
    ReplaceRequested,
    Filled,
    Cancelled,
    Expired,
}

impl Status {
    /// The wire's spelling.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Received => "Received",
            Self::Contingent => "Contingent",
            Self::Routed => "Routed",
            Self::InFlight => "In Flight",
            Self::Live => "Live",
            Self::CancelRequested => "Cancel Requested",
            Self::ReplaceRequested => "Replace Requested",
            Self::Filled => "Filled",
            Self::Cancelled => "Cancelled",
            Self::Expired => "Expired",
        }
    }

    /// Whether nothing will happen to it any more.
    pub(crate) fn is_terminal(self) -> bool {
        matches!(self, Self::Filled | Self::Cancelled | Self::Expired)
    }
}

/// What was filled at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fill {
    pub quantity: i64,
    /// Per share.
    #[serde(with = "crate::wire::decimal_there")]
    pub price: Decimal,
    pub at: Timestamp,
}

/// One instrument of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Leg {
    pub instrument_type: String,
    pub symbol: String,
    pub action: Action,
    pub quantity: i64,
    /// Oldest first.
    pub fills: Vec<Fill>,
}

impl Leg {
    /// What it is about.
    pub(crate) fn instrument(&self) -> Option<Instrument> {
        Instrument::find(&self.instrument_type, &self.symbol)
    }

    /// How much of it was filled.
    pub(crate) fn filled(&self) -> i64 {
        self.fills.iter().map(|fill| fill.quantity).sum()
    }
}

/// An order, with its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub id: u64,
    /// The account's number.
    pub account: String,
    pub kind: Kind,
    pub tif: Tif,
    pub gtc_date: Option<NaiveDate>,
    /// Per unit, a credit above zero.
    #[serde(with = "crate::wire::decimal_text")]
    pub price: Option<Decimal>,
    #[serde(with = "crate::wire::decimal_text")]
    pub stop: Option<Decimal>,
    pub legs: Vec<Leg>,
    pub status: Status,
    pub received_at: Timestamp,
    pub updated_at: Timestamp,
    /// When it reached the exchange.
    pub live_at: Option<Timestamp>,
    pub terminal_at: Option<Timestamp>,
    pub source: Option<String>,
    pub external_identifier: Option<String>,
    pub replaces: Option<u64>,
    pub replaced_by: Option<u64>,
    /// The complex order that it is part of.
    pub complex: Option<u64>,
    /// What it waits for, and what cancels it.
    pub rules: Option<rules::Rules>,
}

impl Order {
    /// How many times the smallest ratio of its legs it is.
    pub(crate) fn size(&self) -> i64 {
        let divisor = self.legs.iter().fold(0, |divisor, leg| gcd(divisor, leg.quantity.saturating_abs()));
        divisor.max(1)
    }

    /// The symbol of what its first leg is written on.
    pub(crate) fn underlying(&self) -> String {
        self.legs
            .first()
            .and_then(Leg::instrument)
            .map_or_else(String::new, |instrument| instrument.underlying_symbol())
    }

    /// How many of them were filled.
    pub(crate) fn filled(&self) -> i64 {
        self.legs.first().map_or(0, |leg| leg.filled() * self.size() / leg.quantity.max(1))
    }

    /// When something of it was filled last.
    pub(crate) fn last_fill_at(&self) -> Option<Timestamp> {
        self.legs.iter().filter_map(|leg| leg.fills.last()).map(|fill| fill.at).max()
    }

    /// Ends it.
    pub(crate) fn end(&mut self, status: Status, at: Timestamp) {
        self.status = status;
        self.updated_at = at;
        self.terminal_at = Some(at);
    }
}

fn gcd(left: i64, right: i64) -> i64 {
    if right == 0 { left } else { gcd(right, left % right) }
}
