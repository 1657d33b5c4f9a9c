//! Bars of a symbol, from the stream of market data or from the cache.

use std::{pin::pin, time::Duration};

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use contract::market::{
    Source,
    history::{self, Interval},
};
use domain::{Decimal, Error, Reason, Symbol, Timestamp, UserId};
use edge::kv::Ttl;
use futures_util::future::{Either, select};
use quant::Bars;
use serde::{Deserialize, Serialize};
use tasty::{
    dxlink::{Candle, CandleSeries, Ended, Period, Unit, Wanted},
    symbol::Kind,
};
use worker::Delay;

use crate::{
    app::App,
    instruments,
    stream::{self, Streamed},
    tools::new_york,
    upstream,
};

/// How long the stream may take; the call itself has more.
const WAIT: Duration = Duration::from_secs(8);
/// After so long without bars TastyTrade is asked whether it knows the symbol.
const DOUBT: Duration = Duration::from_millis(700);
/// The stream cuts series that are longer, at the old end. Nights count, since they are not known before.
pub(crate) const MAX_SPAN: i64 = 20_000;
/// The minutes of a regular session.
const SESSION_MINUTES: i64 = 390;

/// Bars as TastyTrade sends them, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candles {
    /// What they are of: of a future's product its active month.
    pub(crate) symbol: Symbol,
    /// Whether trades outside of the regular session are in them; of what has no sessions they always are.
    pub(crate) extended_hours: bool,
    /// The newest may still be forming.
    pub(crate) candles: Vec<Candle>,
    pub(crate) source: Source,
    pub(crate) as_of: Timestamp,
    pub(crate) notes: Vec<String>,
}

/// Bars to compute with, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    /// What they are of: of a future's product its active month.
    pub(crate) symbol: Symbol,
    pub(crate) interval: Interval,
    /// The newest may still be forming.
    pub(crate) bars: Bars,
    /// When each begins. Bars of a day and more begin at midnight in UTC of their day.
    pub(crate) times: Vec<Timestamp>,
    /// Whether there are volumes; an index has none, and its volumes here are zero.
    pub(crate) has_volume: bool,
    pub(crate) source: Source,
    pub(crate) as_of: Timestamp,
    pub(crate) notes: Vec<String>,
}

/// Bars as they lie in the cache.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    as_of: Timestamp,
    candles: Vec<Candle>,
}

/// The newest `count` bars of a symbol, of regular hours where it has such, or as many as there are.
///
/// # Errors
///
/// `not_found` where there are none, and what TastyTrade's stream answers.
pub(crate) async fn bars(
    app: &App,
    user: &UserId,
    symbol: &Symbol,
    interval: Interval,
    count: usize,
) -> Result<Series, Error> {
    let candles = candles(app, user, symbol, interval, false, begin(interval, count, app.now)).await?;
    let series = series(interval, candles, count);
    if series.bars.is_empty() { Err(nothing(symbol)) } else { Ok(series) }
}

/// A first day before which `count` bars begin in any case: nights, weekends and holidays are counted generously.
fn begin(interval: Interval, count: usize, now: Timestamp) -> Timestamp {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let minutes = interval.minutes();
    let days = if interval.is_intraday() {
        count.saturating_mul(minutes).div_euclid(SESSION_MINUTES).saturating_add(1).saturating_mul(7).div_euclid(5)
    } else {
        let days = count.saturating_mul(minutes / 1440);
        // Of a week five days are traded, and of a year some more are not.
        if interval == Interval::Day1 { days.saturating_mul(3).div_euclid(2) } else { days }
    };
    let longest = minutes.saturating_mul(MAX_SPAN) / 1440;
    midnight(new_york::day(now) - TimeDelta::days(days.saturating_add(5).clamp(1, longest.max(2) - 1)))
}

/// The newest of the bars as columns. A bar that contradicts itself is left out, with a note.
fn series(interval: Interval, candles: Candles, count: usize) -> Series {
    let Candles { symbol, candles, source, as_of, mut notes, .. } = candles;
    let number = |decimal: Decimal| f64::try_from(decimal.0).unwrap_or(f64::NAN);
    let row = |candle: &Candle| {
        let Candle { at, open, high, low, close, volume, .. } = candle;
        let prices = [*open, *high, *low, *close].map(number);
        let [open, high, low, close] = prices;
        let volume = volume.map_or(0.0, number);
        let is_sound = prices.iter().all(|price| price.is_finite() && *price > 0.0)
            && low <= open.min(close)
            && open.max(close) <= high
            && volume.is_finite()
            && volume >= 0.0;
        is_sound.then_some((*at, prices, volume))
    };
    let newest = candles.get(candles.len().saturating_sub(count)..).unwrap_or_default();
    let rows: Vec<_> = newest.iter().filter_map(row).collect();
    if rows.len() < newest.len() {
        notes.push(format!("{} bars contradict themselves and are left out.", newest.len() - rows.len()));
    }
    let column = |place: usize| rows.iter().filter_map(|(_, prices, _)| prices.get(place).copied()).collect();
    let volume: Vec<f64> = rows.iter().map(|(_, _, volume)| *volume).collect();
    Series {
        symbol,
        interval,
        has_volume: volume.iter().any(|volume| *volume > 0.0),
        // The rows have been looked at one by one.
        bars: Bars::new(column(0), column(1), column(2), column(3), volume).unwrap_or_default(),
        times: rows.iter().map(|(at, _, _)| *at).collect(),
        source,
        as_of,
        notes,
    }
}

/// The bars of a symbol from a moment on.
///
/// # Errors
///
/// `not_found` where there are none, and what TastyTrade's stream answers.
pub(crate) async fn candles(
    app: &App,
    user: &UserId,
    asked_for: &Symbol,
    interval: Interval,
    extended_hours: bool,
    from: Timestamp,
) -> Result<Candles, Error> {
    let (symbol, streamer, mut notes) = streamer(app, user, asked_for).await?;
    let series = CandleSeries {
        symbol: streamer,
        period: period(interval),
        regular_hours: !extended_hours && has_sessions(&symbol),
        from,
    };
    let name = format!("{}:{}", series.name(), from.timestamp());
    let (kept, source) = match cached(app, &name, interval).await {
        Some(kept) => (kept, Source::Cache),
        None => (collect(app, user, &symbol, series, &name, &mut notes).await?, Source::Dxlink),
    };
    let extended_hours = extended_hours || !has_sessions(&symbol);
    Ok(Candles { symbol, extended_hours, candles: kept.candles, source, as_of: kept.as_of, notes })
}

/// The beginning of a day in UTC.
pub(crate) fn midnight(day: NaiveDate) -> Timestamp {
    day.and_time(NaiveTime::MIN).and_utc()
}

const fn period(interval: Interval) -> Period {
    match interval {
        Interval::Minute1 => Period::of(1, Unit::Minute),
        Interval::Minute5 => Period::of(5, Unit::Minute),
        Interval::Minute15 => Period::of(15, Unit::Minute),
        Interval::Minute30 => Period::of(30, Unit::Minute),
        Interval::Hour1 => Period::of(1, Unit::Hour),
        Interval::Hour4 => Period::of(4, Unit::Hour),
        Interval::Day1 => Period::of(1, Unit::Day),
        Interval::Week1 => Period::of(1, Unit::Week),
        Interval::Month1 => Period::of(1, Unit::Month),
    }
}

/// Whether there is a regular session to tell from other hours.
fn has_sessions(symbol: &Symbol) -> bool {
    matches!(Kind::of(symbol), Kind::Equity | Kind::Index | Kind::EquityOption)
}

/// The symbol as TastyTrade and as the stream spell it, and notes.
async fn streamer(app: &App, user: &UserId, symbol: &Symbol) -> Result<(Symbol, String, Vec<String>), Error> {
    if let Some(streamer) = tasty::symbol::streamer(symbol) {
        return Ok((symbol.clone(), streamer, Vec::new()));
    }
    let instrument = instruments::find(app, user, symbol).await?;
    let found = Symbol::parse(&instrument.symbol).unwrap_or_else(|_| symbol.clone());
    let notes = if found == *symbol {
        Vec::new()
    } else {
        vec![format!("{symbol} is the product; this is its active month, {found}.")]
    };
    let streamer = instrument.streamer_symbol.ok_or_else(|| nothing(symbol))?;
    Ok((found, streamer, notes))
}

/// That TastyTrade does not know a symbol.
fn unknown(symbol: &Symbol) -> Error {
    let message = format!(
        "TastyTrade knows no symbol {symbol}. Look for the right one with search_symbols, by its first letters or by the name."
    );
    Error::new(Reason::NotFound, message).with("symbols", vec![symbol.as_str()])
}

/// That there are no bars of a symbol.
pub(crate) fn nothing(symbol: &Symbol) -> Error {
    let message = format!(
        "TastyTrade has no bars of {symbol} in this range. Check the symbol with search_symbols, or ask for a longer range."
    );
    Error::new(Reason::NotFound, message).with("symbols", vec![symbol.as_str()])
}

/// For how many seconds bars may come from the cache: the newest one moves.
const fn fresh_seconds(interval: Interval) -> i64 {
    if interval.minutes() <= 5 { 30 } else { 120 }
}

async fn cached(app: &App, name: &str, interval: Interval) -> Option<Kept> {
    let kept: Kept = serde_json::from_str(&app.kv.get(&history::cache_key(name)).await?).ok()?;
    (app.now - kept.as_of <= TimeDelta::seconds(fresh_seconds(interval))).then_some(kept)
}

/// Bars from the stream; whole ones, unless they come late, go into the cache.
async fn collect(
    app: &App,
    user: &UserId,
    symbol: &Symbol,
    series: CandleSeries,
    name: &str,
    notes: &mut Vec<String>,
) -> Result<Kept, Error> {
    let sent = series.name();
    let wanted = Wanted::events(&[], Vec::<String>::new()).and_candles([series]);
    let mut streamed = of_known(app, user, symbol, stream::collect(app, user, wanted, WAIT)).await?;
    let candles = streamed.collected.candles.remove(&sent).unwrap_or_default();
    if candles.candles.is_empty() {
        return Err(why_none(app, user, symbol, streamed.collected.ended).await);
    }
    let kept = Kept { as_of: streamed.as_of, candles: candles.candles };
    if !candles.is_complete {
        notes.push("Older bars of the range did not come in time. Try again, or ask for fewer.".to_owned());
    }
    if streamed.is_delayed {
        notes.push("Market data of this login come late, by a quarter of an hour as a rule.".to_owned());
    }
    if candles.is_complete && !streamed.is_delayed {
        keep(app, name, &kept).await;
    }
    Ok(kept)
}

/// What the stream brings; an error before that where TastyTrade does not know the symbol. The stream says nothing of such a
/// symbol, so that TastyTrade is asked when it has been silent for a while.
async fn of_known(
    app: &App,
    user: &UserId,
    symbol: &Symbol,
    asked: impl Future<Output = Result<Streamed, Error>>,
) -> Result<Streamed, Error> {
    let asked = pin!(asked);
    let asked = match select(asked, pin!(Delay::from(DOUBT))).await {
        Either::Left((streamed, _)) => return streamed,
        Either::Right(((), asked)) => asked,
    };
    match select(asked, pin!(is_unknown(app, user, symbol))).await {
        Either::Left((streamed, _)) => streamed,
        Either::Right((true, _)) => Err(unknown(symbol)),
        Either::Right((false, asked)) => asked.await,
    }
}

/// Why there are no bars.
async fn why_none(app: &App, user: &UserId, symbol: &Symbol, ended: Ended) -> Error {
    match ended {
        Ended::Complete if is_unknown(app, user, symbol).await => unknown(symbol),
        Ended::Complete => nothing(symbol),
        Ended::Deadline | Ended::Quiet => {
            Error::new(Reason::UpstreamTimeout, "TastyTrade's market data did not come in time. Try again in a moment.")
        }
        Ended::Broken(_) => Error::new(
            Reason::UpstreamUnavailable,
            "The connection to TastyTrade's market data broke. Try again in a moment.",
        ),
    }
}

/// Whether TastyTrade has no price of a symbol either; if it cannot be asked, the symbol counts as known.
async fn is_unknown(app: &App, user: &UserId, symbol: &Symbol) -> bool {
    let Ok(answer) = upstream::call(app, user, tasty::market_data::request(std::slice::from_ref(symbol))).await else {
        return false;
    };
    tasty::market_data::read(&answer).is_ok_and(|data| data.value.is_empty())
}

async fn keep(app: &App, name: &str, kept: &Kept) {
    if let Ok(text) = serde_json::to_string(kept) {
        app.kv.put(&history::cache_key(name), &text, Ttl::seconds(120)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn enough_days_are_asked_for() {
        let now = at("2026-11-20T15:30:00Z");
        for (interval, count, days) in [
            (Interval::Day1, 252, 383),
            (Interval::Week1, 104, 733),
            (Interval::Minute5, 156, 9),
            (Interval::Minute1, 390, 7),
            // As far as the stream reaches.
            (Interval::Minute1, 100_000, 12),
            (Interval::Day1, 0, 5),
        ] {
            let begin = begin(interval, count, now);
            assert_eq!((midnight(now.date_naive()) - begin).num_days(), days, "{interval:?} {count}");
        }
    }

    #[test]
    fn a_bar_that_contradicts_itself_is_left_out() {
        let number = |text: &str| text.parse::<Decimal>().unwrap();
        let candle = |at: &str, high: &str, volume: Option<&str>| Candle {
            index: 0,
            at: at.parse().unwrap(),
            open: number("10"),
            high: number(high),
            low: number("9.75"),
            close: number("11"),
            volume: volume.map(number),
            vwap: None,
            count: None,
            iv: None,
            open_interest: None,
        };
        let candles = Candles {
            symbol: Symbol::parse("A").unwrap(),
            extended_hours: false,
            candles: vec![
                candle("2026-11-17T00:00:00Z", "12", Some("5")),
                candle("2026-11-18T00:00:00Z", "12", None),
                candle("2026-11-19T00:00:00Z", "10.5", Some("1")),
                candle("2026-11-20T00:00:00Z", "12.5", Some("7")),
            ],
            source: Source::Dxlink,
            as_of: at("2026-11-20T15:30:00Z"),
            notes: Vec::new(),
        };
        let series = series(Interval::Day1, candles, 3);
        assert_eq!(series.times, [at("2026-11-18T00:00:00Z"), at("2026-11-20T00:00:00Z")]);
        assert_eq!((series.bars.high(), series.bars.volume()), (&[12.0, 12.5][..], &[0.0, 7.0][..]));
        assert_eq!((series.notes.len(), series.has_volume), (1, true));
    }
}
