//! Candles: how they are named, and how a snapshot is put together from events.

use std::{collections::BTreeMap, fmt};

use domain::{Decimal, Timestamp};
use serde::{Deserialize, Serialize};

use super::row::Row;

/// More than any chart shows; what goes beyond it is cut off at the old end.
const MAX_CANDLES: usize = 20_000;

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
}

impl Unit {
    const fn letters(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Week => "w",
            Self::Month => "mo",
        }
    }
}

/// How much time a candle spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// How many of the unit; at least one.
    pub count: u16,
    /// The unit.
    pub unit: Unit,
}

impl Period {
    /// So many of a unit; zero counts as one.
    #[must_use]
    pub const fn of(count: u16, unit: Unit) -> Self {
        Self { count: if count == 0 { 1 } else { count }, unit }
    }
}

impl fmt::Display for Period {
    /// As the server writes it: `d`, `5m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count > 1 {
            write!(f, "{}", self.count)?;
        }
        f.write_str(self.unit.letters())
    }
}

/// The candles that are wanted of one symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandleSeries {
    /// The streamer symbol, for example `AAPL`.
    pub symbol: String,
    /// What each spans.
    pub period: Period,
    /// Whether trades outside of the regular session are left out.
    pub regular_hours: bool,
    /// The first moment that is wanted.
    pub from: Timestamp,
}

impl CandleSeries {
    /// The symbol under which the server knows the series, in the form in which it answers: `AAPL{=d,tho=true}`.
    pub fn name(&self) -> String {
        let hours = if self.regular_hours { ",tho=true" } else { "" };
        format!("{}{{={}{hours}}}", self.symbol, self.period)
    }
}

/// One candle, prices in US dollars per unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candle {
    /// Its place among the others: later ones have larger ones.
    pub index: i64,
    /// When it begins.
    pub at: Timestamp,
    /// First price.
    pub open: Decimal,
    /// Highest price.
    pub high: Decimal,
    /// Lowest price.
    pub low: Decimal,
    /// Last price.
    pub close: Decimal,
    /// Shares or contracts.
    pub volume: Option<Decimal>,
    /// Average price weighted by volume.
    pub vwap: Option<Decimal>,
    /// Trades.
    pub count: Option<i64>,
    /// Implied volatility per year, a fraction.
    pub iv: Option<f64>,
    /// Open contracts.
    pub open_interest: Option<Decimal>,
}

/// The candles of one series, oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Candles {
    /// Whether the server has sent all that it has from the wanted moment on. The newest come first, so what is missing
    /// otherwise is the old end.
    pub is_complete: bool,
    /// The candles.
    pub candles: Vec<Candle>,
}

/// The flags of an indexed event.
mod flag {
    pub(super) const TX_PENDING: i64 = 0x01;
    pub(super) const REMOVE_EVENT: i64 = 0x02;
    pub(super) const SNAPSHOT_BEGIN: i64 = 0x04;
    pub(super) const SNAPSHOT_END: i64 = 0x08;
    pub(super) const SNAPSHOT_SNIP: i64 = 0x10;
}

/// One event of a series: a candle at its index, or that there is none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CandleEvent {
    flags: i64,
    index: i64,
    candle: Option<Candle>,
}

impl CandleEvent {
    /// Nothing without flags and index: its place would be a guess.
    pub(super) fn read(row: Row<'_>) -> Option<Self> {
        let (flags, index) = (row.whole("eventFlags").unwrap_or(0), row.whole("index")?);
        let removed = flags & flag::REMOVE_EVENT != 0;
        Some(Self { flags, index, candle: if removed { None } else { candle(index, row) } })
    }
}

fn candle(index: i64, row: Row<'_>) -> Option<Candle> {
    Some(Candle {
        index,
        at: row.moment("time")?,
        open: row.decimal("open")?,
        high: row.decimal("high")?,
        low: row.decimal("low")?,
        close: row.decimal("close")?,
        volume: row.decimal("volume"),
        vwap: row.decimal("vwap").or_else(|| row.decimal("VWAP")),
        count: row.whole("count"),
        iv: row.double("impVolatility"),
        open_interest: row.decimal("openInterest"),
    })
}

/// A series while its events come in. A snapshot takes the place of what was there when it is whole; a transaction takes
/// effect when its last event has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Assembly {
    candles: BTreeMap<i64, Candle>,
    /// Events of a snapshot or a transaction that is not whole yet.
    waiting: Vec<CandleEvent>,
    /// Between the first and the last event of a snapshot.
    in_snapshot: bool,
    /// Whether what waits is a snapshot rather than changes.
    is_snapshot: bool,
    complete: bool,
}

impl Assembly {
    /// Takes one event in.
    pub(super) fn take(&mut self, event: CandleEvent) {
        let has = |bit| event.flags & bit != 0;
        if has(flag::SNAPSHOT_BEGIN) {
            self.waiting.clear();
            self.in_snapshot = true;
            self.is_snapshot = true;
        }
        if self.in_snapshot && (has(flag::SNAPSHOT_END) || has(flag::SNAPSHOT_SNIP)) {
            self.in_snapshot = false;
        }
        let pending = has(flag::TX_PENDING);
        self.waiting.push(event);
        let is_full = self.waiting.len() > MAX_CANDLES;
        if is_full || !(pending || self.in_snapshot) {
            self.apply();
        }
        if is_full {
            // The rest of the snapshot is older than anybody looks.
            self.in_snapshot = false;
        }
    }

    fn apply(&mut self) {
        if std::mem::take(&mut self.is_snapshot) {
            self.candles.clear();
            self.complete = true;
        }
        for event in std::mem::take(&mut self.waiting) {
            match event.candle {
                Some(candle) => drop(self.candles.insert(event.index, candle)),
                None => drop(self.candles.remove(&event.index)),
            }
        }
        while self.candles.len() > MAX_CANDLES {
            self.candles.pop_first();
        }
    }

    /// Whether a whole snapshot has come.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// What there is from that moment on: the last whole state, or as much of the first snapshot as has come.
    pub(super) fn candles(&self, from: Timestamp) -> Candles {
        let mut all = self.candles.clone();
        if !self.complete {
            all.extend(self.waiting.iter().filter_map(|event| Some((event.index, event.candle.clone()?))));
        }
        let candles = all.into_values().filter(|candle| candle.at >= from).collect();
        Candles { is_complete: self.complete, candles }
    }
}

/// A candle symbol in the form in which the server answers: the attributes in the order of their names, a count of one
/// left out. Any other symbol is as it was.
pub(super) fn normalised(symbol: &str) -> String {
    let Some((base, attributes)) = symbol.strip_suffix('}').and_then(|text| text.split_once('{')) else {
        return symbol.to_owned();
    };
    let mut attributes: Vec<String> = attributes.split(',').map(attribute).collect();
    attributes.sort_unstable();
    format!("{base}{{{}}}", attributes.join(","))
}

fn attribute(text: &str) -> String {
    let Some(period) = text.strip_prefix('=') else { return text.to_owned() };
    let unit = period.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let count = period.strip_suffix(unit).unwrap_or_default();
    if !unit.is_empty() && count.parse::<f64>().is_ok_and(|count| (count - 1.0).abs() < f64::EPSILON) {
        format!("={unit}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(flags: i64, index: i64, price: Option<i64>) -> CandleEvent {
        let candle = price.map(|price| {
            let price = Decimal(price.into());
            Candle {
                index,
                at: Timestamp::from_timestamp(index, 0).unwrap(),
                open: price,
                high: price,
                low: price,
                close: price,
                volume: None,
                vwap: None,
                count: None,
                iv: None,
                open_interest: None,
            }
        });
        CandleEvent { flags, index, candle }
    }

    fn assembled(events: &[(i64, i64, Option<i64>)]) -> (bool, Vec<(i64, String)>) {
        let mut assembly = Assembly::default();
        for (flags, index, price) in events {
            assembly.take(event(*flags, *index, *price));
        }
        let candles = assembly.candles(Timestamp::UNIX_EPOCH);
        let seen = candles.candles.iter().map(|candle| (candle.index, candle.close.to_string())).collect();
        (candles.is_complete, seen)
    }

    fn expect(events: &[(i64, i64, Option<i64>)], complete: bool, seen: &[(i64, i64)]) {
        let seen = seen.iter().map(|(index, price)| (*index, price.to_string())).collect();
        assert_eq!(assembled(events), (complete, seen), "{events:?}");
    }

    #[test]
    fn snapshots_by_their_flags() {
        // Newest first, ended by an event without a candle.
        expect(
            &[(0x04, 3, Some(30)), (0, 2, Some(20)), (0, 1, Some(10)), (0x0a, 0, None)],
            true,
            &[(1, 10), (2, 20), (3, 30)],
        );
        // With the mode bit, and snipped.
        expect(&[(0x44, 3, Some(30)), (0x40, 2, Some(20)), (0x50, 1, Some(10))], true, &[(1, 10), (2, 20), (3, 30)]);
        // All in one transaction: whole only when nothing is pending any more.
        expect(&[(0x05, 2, Some(20)), (0x09, 1, Some(10))], false, &[(1, 10), (2, 20)]);
        expect(&[(0x05, 2, Some(20)), (0x09, 1, Some(10)), (0, 2, Some(21))], true, &[(1, 10), (2, 21)]);
        // Nothing there at all.
        expect(&[(0x0e, 0, None)], true, &[]);
        // A snapshot of one.
        expect(&[(0x0c, 7, Some(70))], true, &[(7, 70)]);
        // Not ended: what has come is there, and not complete.
        expect(&[(0x04, 3, Some(30)), (0, 2, Some(20))], false, &[(2, 20), (3, 30)]);
    }

    #[test]
    fn changes_after_the_snapshot() {
        let whole = [(0x04, 3, Some(30)), (0x08, 2, Some(20))];
        let with = |more: &[(i64, i64, Option<i64>)]| [whole.as_slice(), more].concat();
        expect(&with(&[(0, 3, Some(31)), (0, 4, Some(40))]), true, &[(2, 20), (3, 31), (4, 40)]);
        expect(&with(&[(0x02, 3, None)]), true, &[(2, 20)]);
        // A transaction that is not over yet does not show.
        expect(&with(&[(0x01, 3, Some(33)), (0x01, 4, Some(40))]), true, &[(2, 20), (3, 30)]);
        expect(&with(&[(0x01, 3, Some(33)), (0, 4, Some(40))]), true, &[(2, 20), (3, 33), (4, 40)]);
        // A second snapshot takes the place of the first one, and a broken one does not.
        expect(&with(&[(0x04, 9, Some(90)), (0x08, 8, Some(80))]), true, &[(8, 80), (9, 90)]);
        expect(&with(&[(0x04, 9, Some(90)), (0, 8, Some(80))]), true, &[(2, 20), (3, 30)]);
    }

    #[test]
    fn what_comes_out_of_order_is_put_in_order() {
        expect(
            &[(0x04, 1, Some(10)), (0, 3, Some(30)), (0, 2, Some(20)), (0x0a, 0, None)],
            true,
            &[(1, 10), (2, 20), (3, 30)],
        );
    }

    #[test]
    fn a_snapshot_without_end_is_cut_off() {
        let mut assembly = Assembly::default();
        assembly.take(event(0x04, 1_000_000, Some(1)));
        for index in (0..30_000).rev() {
            assembly.take(event(0, index, Some(1)));
        }
        let candles = assembly.candles(Timestamp::UNIX_EPOCH);
        assert_eq!((candles.is_complete, candles.candles.len()), (true, MAX_CANDLES));
        assert_eq!(candles.candles.last().unwrap().index, 1_000_000);
    }

    #[test]
    fn names_are_the_servers() {
        for (given, expected) in [
            ("AAPL{=1d}", "AAPL{=d}"),
            ("AAPL{=d}", "AAPL{=d}"),
            ("AAPL{=5m,tho=true}", "AAPL{=5m,tho=true}"),
            ("AAPL{tho=true,=1mo}", "AAPL{=mo,tho=true}"),
            ("AAPL{a=s,=1.0h}", "AAPL{=h,a=s}"),
            ("BRK/B{=10d}", "BRK/B{=10d}"),
            ("AAPL", "AAPL"),
            ("AAPL{", "AAPL{"),
            ("}", "}"),
            ("{}", "{}"),
        ] {
            assert_eq!(normalised(given), expected, "{given}");
        }
        let series = CandleSeries {
            symbol: "BRK/B".to_owned(),
            period: Period::of(1, Unit::Day),
            regular_hours: true,
            from: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(series.name(), "BRK/B{=d,tho=true}");
        assert_eq!(normalised(&series.name()), series.name());
    }
}
