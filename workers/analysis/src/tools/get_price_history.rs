//! `get_price_history`: bars from the stream of market data.

use std::fmt::Write;

use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use contract::{
    Rendered,
    market::history::{GetPriceHistoryInput, Interval, MAX_BARS, PriceHistory, Range},
    tool::symbol_argument,
};
use domain::{Decimal, Error, Timestamp};

use super::{Asked, new_york};
use crate::{
    gather::bars::{self, Candles, MAX_SPAN, midnight},
    zone::Zone,
};

/// The longest that `days` may reach back.
const MAX_DAYS: i64 = 5000;
/// So many bars are in the text.
const SHOWN: usize = 10;

/// Bars of one symbol.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, input) = asked.read::<GetPriceHistoryInput>()?;
    let asked_for = symbol_argument("symbol", &input.symbol)?;
    let span = Span::of(&input, app.now)?;
    let candles = bars::candles(app, user, &asked_for, input.interval, input.extended_hours, span.from).await?;
    let symbol = candles.symbol.clone();
    let history = assemble(input.interval, candles, &span);
    if history.bars == 0 {
        return Err(bars::nothing(&symbol));
    }
    Rendered::new(&history, text(&history, &Zone::of(app, user).await))
}

/// What the range is, in moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: Timestamp,
    /// What begins later is left out.
    until: Option<Timestamp>,
    /// Of what is there only the last trading day counts.
    last_day: bool,
}

impl Span {
    fn of(input: &GetPriceHistoryInput, now: Timestamp) -> Result<Self, Error> {
        let today = new_york::day(now);
        let back = |days: i64| today - TimeDelta::days(days);
        let given = [input.range.is_some(), input.days.is_some(), input.start.is_some() || input.end.is_some()];
        if given.iter().filter(|is_given| **is_given).count() > 1 {
            let message = "Send one of `range`, `days`, or `start` and `end`, not several.";
            return Err(Error::invalid_argument("range", message));
        }
        let mut last_day = false;
        let first = match (input.range, input.days, input.start) {
            (Some(Range::Day1), ..) => {
                last_day = true;
                // Over a long weekend the last trading day lies this far back at most.
                back(5)
            }
            (Some(range), ..) => named(range, today),
            (_, Some(days), _) if (1..=MAX_DAYS).contains(&days) => back(days),
            (_, Some(days), _) => {
                let message = format!("`days` is {days}; send 1 to {MAX_DAYS}.");
                return Err(Error::invalid_argument("days", message));
            }
            (_, _, Some(start)) => start,
            (None, None, None) => input.end.unwrap_or(today) - TimeDelta::days(usual_days(input.interval)),
        };
        if first > today {
            return Err(Error::invalid_argument("start", "`start` lies in the future."));
        }
        if input.end.is_some_and(|end| end < first) {
            return Err(Error::invalid_argument("end", "`end` lies before `start`."));
        }
        let from = midnight(first);
        reaches(input.interval, from, now)?;
        // The evening of the last day in New York is the next day's morning in UTC.
        let until = input.end.and_then(|end| end.checked_add_days(Days::new(1))).map(|day| {
            let morning = if input.interval.is_intraday() { TimeDelta::hours(5) } else { TimeDelta::zero() };
            midnight(day) + morning
        });
        Ok(Self { from, until, last_day })
    }
}

fn named(range: Range, today: NaiveDate) -> NaiveDate {
    let days = match range {
        Range::YearToDate => return NaiveDate::from_ymd_opt(today.year(), 1, 1).unwrap_or(today),
        Range::Day1 => 1,
        Range::Day5 => 7,
        Range::Month1 => 31,
        Range::Month3 => 92,
        Range::Month6 => 183,
        Range::Year1 => 366,
        Range::Year2 => 731,
        Range::Year5 => 1827,
        Range::Year10 => 3653,
    };
    today - TimeDelta::days(days)
}

/// The range that suits an interval: some hundred bars.
const fn usual_days(interval: Interval) -> i64 {
    match interval {
        Interval::Minute1 => 1,
        Interval::Minute5 => 5,
        Interval::Minute15 => 10,
        Interval::Minute30 => 20,
        Interval::Hour1 => 40,
        Interval::Hour4 => 120,
        Interval::Day1 => 183,
        Interval::Week1 => 731,
        Interval::Month1 => 3653,
    }
}

/// An error for a range that is too long for its interval.
fn reaches(interval: Interval, from: Timestamp, now: Timestamp) -> Result<(), Error> {
    let most = interval.minutes().saturating_mul(MAX_SPAN);
    if (now - from).num_minutes() <= most {
        return Ok(());
    }
    let message = format!(
        "Bars of {} reach {} days back. Send a longer `interval` or a later `start`.",
        interval.word(),
        most / 1440
    );
    Err(Error::invalid_argument("interval", message))
}

fn assemble(interval: Interval, candles: Candles, span: &Span) -> PriceHistory {
    let Candles { symbol, extended_hours, mut candles, source, as_of, mut notes } = candles;
    candles.retain(|candle| candle.at >= span.from && span.until.is_none_or(|until| candle.at < until));
    if let Some(last) = candles.last().filter(|_| span.last_day).map(|last| day_of(last.at, interval)) {
        candles.retain(|candle| day_of(candle.at, interval) == last);
    }
    // An index has no volume, which the stream writes as zero.
    if candles.iter().all(|candle| candle.volume.is_none_or(|volume| volume.0.is_zero())) {
        candles.iter_mut().for_each(|candle| candle.volume = None);
    }
    let omitted = candles.len().saturating_sub(MAX_BARS);
    let bars = candles.get(omitted..).unwrap_or_default();
    if omitted > 0 {
        notes.push(format!(
            "The range has {} bars; these are the newest {MAX_BARS}. Send a longer `interval` or a shorter range for all.",
            candles.len()
        ));
    }
    let first = bars.first().map(|candle| candle.open);
    let change = bars.last().zip(first).and_then(|(last, first)| last.close.checked_sub(first));
    PriceHistory {
        symbol: symbol.to_string(),
        interval,
        extended_hours,
        bars: bars.len(),
        time: bars.iter().map(|candle| shown(candle.at, interval)).collect(),
        open: bars.iter().map(|candle| candle.open).collect(),
        high: bars.iter().map(|candle| candle.high).collect(),
        low: bars.iter().map(|candle| candle.low).collect(),
        close: bars.iter().map(|candle| candle.close).collect(),
        volume: bars.iter().map(|candle| candle.volume).collect(),
        change,
        change_percent: change.zip(first).and_then(|(change, first)| change.percent_of(first)),
        highest: bars.iter().map(|candle| candle.high).max(),
        lowest: bars.iter().map(|candle| candle.low).min(),
        average_volume: mean(bars.iter().filter_map(|candle| candle.volume)),
        omitted,
        source,
        as_of,
        notes,
    }
}

/// The day to which a bar belongs. Bars of a day and more begin at midnight in UTC.
fn day_of(at: Timestamp, interval: Interval) -> NaiveDate {
    if interval.is_intraday() { new_york::day(at) } else { at.date_naive() }
}

fn shown(at: Timestamp, interval: Interval) -> String {
    if interval.is_intraday() { at.format("%Y-%m-%dT%H:%M:%SZ").to_string() } else { at.date_naive().to_string() }
}

fn mean(values: impl Iterator<Item = Decimal>) -> Option<Decimal> {
    let (mut sum, mut count) = (rust_decimal::Decimal::ZERO, 0_u32);
    for value in values {
        sum = sum.checked_add(value.0)?;
        count = count.saturating_add(1);
    }
    sum.checked_div(count.into()).map(|mean| Decimal(mean).rounded(0))
}

/// A bar's time as the clocks of a zone show it.
fn on_clock(time: &str, zone: &Zone) -> String {
    time.parse().map_or_else(|_| time.to_owned(), |moment| zone.local(moment).format("%Y-%m-%d %H:%M").to_string())
}

/// A summary and the newest bars.
fn text(history: &PriceHistory, zone: &Zone) -> String {
    let is_intraday = history.interval.is_intraday();
    let time = |time: &String| if is_intraday { on_clock(time, zone) } else { time.clone() };
    let times: Vec<String> = history.time.iter().map(time).collect();
    let hours = if history.extended_hours { "all hours" } else { "regular hours" };
    let (first, last) = (times.first(), times.last());
    let mut text = format!(
        "{} {} bars, {hours}: {} from {} to {}{}.",
        history.symbol,
        history.interval.word(),
        history.bars,
        first.map_or("?", String::as_str),
        last.map_or("?", String::as_str),
        if is_intraday { format!(", times in {}", zone.label(history.as_of)) } else { String::new() },
    );
    if let Some((open, close)) = history.open.first().zip(history.close.last()) {
        let _ = write!(text, " First open {open}, last close {close}");
        if let Some((change, percent)) = history.change.zip(history.change_percent) {
            let sign = if change.0.is_sign_negative() { "" } else { "+" };
            let _ = write!(text, " ({sign}{change}, {sign}{percent} %)");
        }
        text.push('.');
    }
    let at = |values: &[Decimal], wanted: Option<Decimal>| {
        let place = values.iter().position(|value| Some(*value) == wanted)?;
        Some(format!("{} on {}", wanted?, times.get(place)?))
    };
    if let (Some(high), Some(low)) = (at(&history.high, history.highest), at(&history.low, history.lowest)) {
        let _ = write!(text, " High {high}, low {low}.");
    }
    if let Some(volume) = history.average_volume {
        let _ = write!(text, " Mean volume {volume}.");
    }
    let skipped = history.bars.saturating_sub(SHOWN);
    let _ = write!(text, "\nNewest bars (time, open, high, low, close, volume); the newest may still be forming:");
    let columns = times.iter().zip(&history.open).zip(&history.high).zip(&history.low).zip(&history.close);
    for (((((time, open), high), low), close), volume) in columns.zip(&history.volume).skip(skipped) {
        let volume = volume.map_or_else(|| "-".to_owned(), |volume| volume.rounded(0).to_string());
        let _ = write!(text, "\n{time} {open} {high} {low} {close} {volume}");
    }
    for note in &history.notes {
        let _ = write!(text, "\nNote: {note}");
    }
    let at = zone.shown(history.as_of);
    let _ = write!(text, "\nFrom {}, as of {at}. All bars are in structuredContent.", history.source.in_words());
    text
}

#[cfg(test)]
mod tests {
    use contract::market::Source;
    use domain::Symbol;
    use tasty::dxlink::Candle;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-20T15:30:05Z".parse().unwrap()
    }

    fn input(json: &str) -> GetPriceHistoryInput {
        serde_json::from_str(json).unwrap()
    }

    fn span(json: &str) -> Result<(String, Option<String>), String> {
        let span = Span::of(&input(json), now()).map_err(|error| error.details["argument"].to_string())?;
        Ok((span.from.date_naive().to_string(), span.until.map(|until| until.to_rfc3339())))
    }

    #[test]
    fn ranges_are_moments() {
        for (json, from) in [
            (r#"{"symbol":"A"}"#, "2026-05-21"),
            (r#"{"symbol":"A","interval":"5m"}"#, "2026-11-15"),
            (r#"{"symbol":"A","days":30}"#, "2026-10-21"),
            (r#"{"symbol":"A","range":"ytd"}"#, "2026-01-01"),
            (r#"{"symbol":"A","range":"1y","interval":"1wk"}"#, "2025-11-19"),
            (r#"{"symbol":"A","start":"2026-02-02"}"#, "2026-02-02"),
        ] {
            assert_eq!(span(json).unwrap().0, from, "{json}");
        }
        let both = span(r#"{"symbol":"A","start":"2026-02-02","end":"2026-03-03"}"#).unwrap();
        assert_eq!(both, ("2026-02-02".into(), Some("2026-03-04T00:00:00+00:00".into())));
        let intraday = span(r#"{"symbol":"A","start":"2026-11-02","end":"2026-11-03","interval":"5m"}"#).unwrap();
        assert_eq!(intraday.1.as_deref(), Some("2026-11-04T05:00:00+00:00"));
    }

    #[test]
    fn what_is_no_range_is_named() {
        for (json, argument) in [
            (r#"{"symbol":"A","days":0}"#, "days"),
            (r#"{"symbol":"A","days":5001}"#, "days"),
            (r#"{"symbol":"A","days":5,"range":"1y"}"#, "range"),
            (r#"{"symbol":"A","start":"2027-02-02"}"#, "start"),
            (r#"{"symbol":"A","start":"2026-02-02","end":"2026-02-01"}"#, "end"),
            (r#"{"symbol":"A","interval":"1m","range":"1mo"}"#, "interval"),
        ] {
            assert_eq!(span(json).unwrap_err(), format!("\"{argument}\""), "{json}");
        }
    }

    fn candle(at: &str, close: &str, volume: Option<&str>) -> Candle {
        let number = |text: &str| text.parse::<Decimal>().unwrap();
        Candle {
            index: 0,
            at: at.parse().unwrap(),
            open: number("10.00"),
            high: number("12.50"),
            low: number("9.75"),
            close: number(close),
            volume: volume.map(number),
            vwap: None,
            count: None,
            iv: None,
            open_interest: None,
        }
    }

    fn history(candles: Vec<Candle>, json: &str) -> PriceHistory {
        let input = input(json);
        let candles = Candles {
            symbol: Symbol::parse("A").unwrap(),
            extended_hours: false,
            candles,
            source: Source::Dxlink,
            as_of: now(),
            notes: Vec::new(),
        };
        assemble(input.interval, candles, &Span::of(&input, now()).unwrap())
    }

    #[test]
    fn the_text_is_a_summary_and_the_newest_bars() {
        let candles = vec![
            candle("2026-11-18T00:00:00Z", "11.00", Some("1000")),
            candle("2026-11-19T00:00:00Z", "11.25", None),
            candle("2026-11-20T00:00:00Z", "11.50", Some("2000.0")),
        ];
        assert_eq!(
            text(&history(candles, r#"{"symbol":"A"}"#), &Zone::Exchange),
            "A 1d bars, regular hours: 3 from 2026-11-18 to 2026-11-20. First open 10.00, last close 11.50 (+1.50, +15.00 %). \
             High 12.50 on 2026-11-18, low 9.75 on 2026-11-18. Mean volume 1500.\n\
             Newest bars (time, open, high, low, close, volume); the newest may still be forming:\n\
             2026-11-18 10.00 12.50 9.75 11.00 1000\n\
             2026-11-19 10.00 12.50 9.75 11.25 -\n\
             2026-11-20 10.00 12.50 9.75 11.50 2000\n\
             From TastyTrade's stream, as of Fri 20 Nov 10:30 ET. All bars are in structuredContent."
        );
    }

    #[test]
    fn bars_within_a_day_are_shown_on_the_clock() {
        let candles =
            vec![candle("2026-11-20T14:30:00Z", "11.00", None), candle("2026-11-20T15:00:00Z", "11.50", None)];
        let text = text(&history(candles, r#"{"symbol":"A","interval":"30m","range":"1d"}"#), &Zone::Exchange);
        assert!(text.contains("2 from 2026-11-20 09:30 to 2026-11-20 10:00, times in ET."), "{text}");
        assert!(text.contains("\n2026-11-20 10:00 10.00 "), "{text}");
    }

    #[test]
    fn volumes_that_are_all_zero_are_none() {
        let zero = |day: &str| candle(&format!("2026-11-{day}T00:00:00Z"), "11", Some("0"));
        let index = history(vec![zero("18"), zero("19")], r#"{"symbol":"SPX"}"#);
        assert_eq!((index.volume, index.average_volume), (vec![None, None], None));
        let quiet = vec![zero("18"), candle("2026-11-19T00:00:00Z", "11", Some("4"))];
        assert_eq!(history(quiet, r#"{"symbol":"A"}"#).volume.iter().flatten().count(), 2);
    }

    #[test]
    fn bars_are_cut_to_the_range_and_bounded() {
        let days = |first: &str, count: u64| -> Vec<Candle> {
            let first: NaiveDate = first.parse().unwrap();
            let at = |day: u64| midnight(first + Days::new(day)).to_rfc3339();
            (0..count).map(|day| candle(&at(day), "11", None)).collect()
        };
        let cut = history(days("2026-02-01", 60), r#"{"symbol":"A","start":"2026-02-02","end":"2026-02-04"}"#);
        assert_eq!(cut.time, ["2026-02-02", "2026-02-03", "2026-02-04"]);
        let many = history(days("2025-01-01", 650), r#"{"symbol":"A","range":"2y"}"#);
        assert_eq!((many.bars, many.omitted, many.notes.len()), (500, 150, 1));
        assert_eq!(many.time.first().map(String::as_str), Some("2025-05-31"));
        let json = r#"{"symbol":"A","range":"1d","interval":"30m"}"#;
        let two_days = vec![candle("2026-11-19T20:30:00Z", "11", None), candle("2026-11-20T14:30:00Z", "11", None)];
        assert_eq!(history(two_days, json).time, ["2026-11-20T14:30:00Z"]);
    }
}
