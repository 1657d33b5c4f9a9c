//! What is asked for at once, and what comes of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::TimeDelta;
use domain::{Error, Reason};
use serde::{Deserialize, Serialize};

use super::{
    Fault,
    candle::{CandleSeries, Candles},
    event::{Greeks, Kind, Profile, Quote, Summary, TheoPrice, Trade, Underlying},
    row::MAX_SYMBOL,
};

/// The most subscriptions of one collection.
const MAX_SUBSCRIPTIONS: usize = 20_000;
/// The most candle series of one collection.
const MAX_SERIES: usize = 100;

/// What is wanted: every symbol with every kind of each group, and candles. Symbols are the streamer's, for example
/// `AAPL`, `.AAPL261218C255`, `/ESZ26:XCME`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wanted {
    groups: Vec<(Vec<Kind>, Vec<String>)>,
    series: Vec<CandleSeries>,
    #[serde(default)]
    quiet_ms: Option<u32>,
}

/// Why a collection is not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// More symbols times kinds than one collection may have.
    #[error("more than {MAX_SUBSCRIPTIONS} subscriptions")]
    Subscriptions,
    /// More series of candles than one collection may have.
    #[error("more than {MAX_SERIES} series of candles")]
    Series,
    /// A symbol that is empty or longer than any.
    #[error("a symbol that is none")]
    Symbol,
}

impl From<TooMuch> for Error {
    fn from(error: TooMuch) -> Self {
        Self::new(
            Reason::InvalidArguments,
            format!("This asks for too much market data at once: {error}. Ask for fewer symbols or expirations."),
        )
    }
}

impl Wanted {
    /// These kinds of events of these symbols. Candles are asked for by [`Wanted::and_candles`].
    #[must_use]
    pub fn events(kinds: &[Kind], symbols: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::default().and_events(kinds, symbols)
    }

    /// And these.
    #[must_use]
    pub fn and_events(mut self, kinds: &[Kind], symbols: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let kinds = kinds.iter().copied().filter(|kind| *kind != Kind::Candle).collect();
        self.groups.push((kinds, symbols.into_iter().map(Into::into).collect()));
        self
    }

    /// And these candles.
    #[must_use]
    pub fn and_candles(mut self, series: impl IntoIterator<Item = CandleSeries>) -> Self {
        self.series.extend(series);
        self
    }

    /// And no longer than until nothing of it has come for so long, counted from the first that came: options that nobody
    /// trades have no greeks, and a whole chain always has some of them.
    #[must_use]
    pub fn until_quiet(mut self, quiet: Duration) -> Self {
        self.quiet_ms = Some(u32::try_from(quiet.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// How long the quiet is that ends it.
    pub(super) fn quiet(&self) -> Option<TimeDelta> {
        self.quiet_ms.map(|millis| TimeDelta::milliseconds(millis.into()))
    }

    /// Whether it is little enough for one collection, and its symbols can be some.
    pub fn check(&self) -> Result<(), TooMuch> {
        let product = |(kinds, symbols): &(Vec<Kind>, Vec<String>)| kinds.len().saturating_mul(symbols.len());
        let total = self.groups.iter().map(product).fold(0_usize, usize::saturating_add);
        let symbols = self.groups.iter().flat_map(|(_, symbols)| symbols);
        let mut symbols = symbols.chain(self.series.iter().map(|series| &series.symbol));
        if total > MAX_SUBSCRIPTIONS {
            Err(TooMuch::Subscriptions)
        } else if self.series.len() > MAX_SERIES {
            Err(TooMuch::Series)
        } else if symbols.any(|symbol| symbol.is_empty() || symbol.len() > MAX_SYMBOL.saturating_sub(32)) {
            Err(TooMuch::Symbol)
        } else {
            Ok(())
        }
    }

    /// What comes of it when nothing comes: all of it is missing.
    pub fn nothing(&self, ended: Ended) -> Collected {
        let series = self.series.iter().map(|series| Missing { kind: Kind::Candle, symbol: series.name() });
        let events = self.keys().into_iter().map(|(kind, symbol)| Missing { kind, symbol });
        Collected { missing: events.chain(series).collect(), ..Collected::nothing(ended) }
    }

    /// Kind and symbol of every subscription but candles, each once.
    pub(super) fn keys(&self) -> BTreeSet<(Kind, String)> {
        let pairs = |(kinds, symbols): &(Vec<Kind>, Vec<String>)| {
            let kinds: Vec<Kind> = kinds.iter().copied().filter(|kind| *kind != Kind::Candle).collect();
            let pair = move |symbol: &String| {
                let symbol = symbol.clone();
                kinds.clone().into_iter().map(move |kind| (kind, symbol.clone()))
            };
            symbols.iter().flat_map(pair).collect::<Vec<_>>()
        };
        self.groups.iter().flat_map(pairs).collect()
    }

    /// The candles that are wanted.
    pub(super) fn series(&self) -> &[CandleSeries] {
        &self.series
    }
}

/// Something that was wanted and did not come.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Missing {
    /// What kind of event.
    pub kind: Kind,
    /// Of which symbol; of candles the name of the series.
    pub symbol: String,
}

/// Why a collection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Everything has come.
    Complete,
    /// Some of it has come, and then nothing more for as long as the wish said.
    Quiet,
    /// The time was up.
    Deadline,
    /// The session broke.
    Broken(Fault),
}

/// What has come, by symbol; candles by the name of their series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Collected {
    /// Why it is over.
    pub ended: Ended,
    /// Best bids and asks.
    #[serde(default)]
    pub quotes: BTreeMap<String, Quote>,
    /// Last trades.
    #[serde(default)]
    pub trades: BTreeMap<String, Trade>,
    /// Days.
    #[serde(default)]
    pub summaries: BTreeMap<String, Summary>,
    /// Greeks.
    #[serde(default)]
    pub greeks: BTreeMap<String, Greeks>,
    /// Instruments.
    #[serde(default)]
    pub profiles: BTreeMap<String, Profile>,
    /// Theoretical prices.
    #[serde(default)]
    pub theo_prices: BTreeMap<String, TheoPrice>,
    /// Underlyings.
    #[serde(default)]
    pub underlyings: BTreeMap<String, Underlying>,
    /// Candles; also of a series that is missing, as far as it came.
    #[serde(default)]
    pub candles: BTreeMap<String, Candles>,
    /// What did not come, or not whole.
    #[serde(default)]
    pub missing: Vec<Missing>,
}

impl Collected {
    /// One with nothing in it.
    pub(super) fn nothing(ended: Ended) -> Self {
        Self {
            ended,
            quotes: BTreeMap::new(),
            trades: BTreeMap::new(),
            summaries: BTreeMap::new(),
            greeks: BTreeMap::new(),
            profiles: BTreeMap::new(),
            theo_prices: BTreeMap::new(),
            underlyings: BTreeMap::new(),
            candles: BTreeMap::new(),
            missing: Vec::new(),
        }
    }

    /// Whether nothing has come at all.
    pub fn is_empty(&self) -> bool {
        self.quotes.is_empty()
            && self.trades.is_empty()
            && self.summaries.is_empty()
            && self.greeks.is_empty()
            && self.profiles.is_empty()
            && self.theo_prices.is_empty()
            && self.underlyings.is_empty()
            && self.candles.values().all(|candles| candles.candles.is_empty() && !candles.is_complete)
    }
}
