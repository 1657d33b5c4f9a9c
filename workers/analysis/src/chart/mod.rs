//! What `analyze_chart` computes and shows, without a platform.

pub(crate) mod text;

use agents::rules::chart as words;
use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};
use contract::{
    analysis::{
        DISCLAIMER,
        chart::{
            CandlePattern, ChartAnalysis, ChartContext, ChartEvents, Gap, Level, Profile, Reading, Regime, Timeframe,
            Trend, Volatilities,
        },
    },
    market::history::Interval,
};
use domain::{Timestamp, exchange};
use quant::{
    Bars, candles,
    indicators::{InvalidParameter, vwap},
    levels::{self, Search},
    reading::{self, NoSignal},
    realised,
    regime::{self, Direction, Strength},
    volume_profile::{Spread, VolumeProfile},
};
use tasty::symbol::Kind;

use crate::gather::{bars::Series, events::Events, metrics::Figures};

/// The last bars whose candle patterns are told.
const PATTERN_BARS: usize = 3;
/// The last bars whose gaps are told, and how many of them.
const GAP_BARS: usize = 60;
const GAPS: usize = 3;
/// A gap that counts, in ATRs.
const LEAST_GAP: f64 = 0.1;
/// The bars of realised volatility, of volume's direction, and of the average price of weeks.
const WINDOW: usize = 20;
/// The levels of either side.
const LEVELS: usize = 4;
/// The last bars of the volume profile: of days half a year. What was traded long ago says little of today's price.
const PROFILE_BARS: usize = 126;
/// Its bins, and the part of all volume in its value area.
const BINS: usize = 60;
const VALUE_AREA: f64 = 0.7;

/// The bars of a timeframe: what one spans, and how many are asked for. A year of days and the 200-bar average fit in.
pub(crate) const fn bars_of(timeframe: Timeframe) -> (Interval, usize) {
    match timeframe {
        Timeframe::Intraday => (Interval::Minute15, 400),
        Timeframe::Daily => (Interval::Day1, 400),
        Timeframe::Weekly => (Interval::Week1, 260),
    }
}

/// What an analysis is made of.
pub(crate) struct Gathered {
    pub(crate) timeframe: Timeframe,
    /// There is at least one bar.
    pub(crate) series: Series,
    pub(crate) metrics: Option<Figures>,
    /// Why there are no metrics.
    pub(crate) no_metrics: Option<String>,
    pub(crate) now: Timestamp,
    pub(crate) id: String,
}

/// The whole analysis.
pub(crate) fn analyze(gathered: Gathered) -> ChartAnalysis {
    let Gathered { timeframe, series, metrics, no_metrics, now, id } = gathered;
    let is_forming = is_forming(&series, now);
    let complete =
        if is_forming { part(&series.bars, 0, series.bars.len().saturating_sub(1)) } else { series.bars.clone() };
    let when = |bar: usize| series.times.get(bar).map_or_else(String::new, |time| shown(*time, series.interval));
    let price = series.bars.close().last().copied().unwrap_or_default();
    let before = series.bars.close().len().checked_sub(2).and_then(|bar| series.bars.close().get(bar)).copied();
    let mut missing: Vec<String> = no_metrics.into_iter().collect();

    let told = regime::trend(&series.bars);
    let kind = told.as_ref().map_err(|reason| *reason).and_then(|trend| regime::regime(&series.bars, trend));
    let readings = readings(&series, &complete, timeframe);
    let value = |name: &str| readings.iter().find(|reading| reading.name == name).and_then(|reading| reading.value);
    let atr = value("atr_14").filter(|atr| *atr > 0.0);
    let (supports, resistances) = split_levels(&complete, price, atr, &when, &mut missing);
    let volatility = volatility(&series, metrics.as_ref());
    let events = events(metrics.as_ref().map(|metrics| &metrics.events), exchange::day(now));
    let facts = words::Facts {
        symbol: series.symbol.to_string(),
        price,
        change_percent: before.map(|before| percent_of(price, before)),
        trend: told.as_ref().ok().map(trend_facts),
        no_trend: told.as_ref().err().map(ToString::to_string),
        regime: kind.as_ref().ok().map(|found| kind_word(found.kind).to_owned()),
        movement: kind.as_ref().ok().map(|found| movement_word(found.volatility).to_owned()),
        squeeze_bars: kind.as_ref().map_or(0, |found| found.squeeze_bars),
        atr,
        rsi: value("rsi_14"),
        macd_histogram: value("macd_histogram"),
        bollinger_percent: value("bollinger_position_20_2"),
        on_balance_percent: value("obv_change_20"),
        support: supports.first().map(level_facts),
        resistance: resistances.first().map(level_facts),
        // A bar of another length has a volatility of its own, which no option prices.
        implied: metrics.as_ref().and_then(|metrics| metrics.iv_30_day.or(metrics.iv_index)),
        realised: volatility.yang_zhang_20.filter(|_| timeframe == Timeframe::Daily),
        days_to_earnings: events.days_to_earnings,
        days_to_ex_dividend: events.ex_dividend_date.map(|day| (day - exchange::day(now)).num_days()),
    };
    ChartAnalysis {
        symbol: series.symbol.to_string(),
        timeframe,
        interval: series.interval,
        bars: series.bars.len(),
        from: when(0),
        to: when(series.bars.len().saturating_sub(1)),
        is_forming,
        price,
        change: before.map(|before| rounded(price - before, 4)),
        change_percent: facts.change_percent.map(|change| rounded(change, 2)),
        chart_context: ChartContext {
            trend: facts.trend.as_ref().map(|trend| trend.direction.clone()),
            regime: facts.regime.clone(),
            supports: supports.iter().map(|level| level.price).collect(),
            resistances: resistances.iter().map(|level| level.price).collect(),
            atr: value("atr_14"),
            rsi: value("rsi_14"),
            as_of: Some(series.as_of),
        },
        trend: trend_told(&told),
        regime: regime_told(&kind),
        candle_patterns: patterns(&complete, &when),
        gaps: gaps(&complete, atr, &when),
        volume_profile: profile(&series),
        readings,
        volatility,
        supports,
        resistances,
        events,
        summary: words::summary(&facts),
        missing,
        notes: series.notes,
        disclaimer: DISCLAIMER.to_owned(),
        analysis_id: id,
        source: series.source,
        as_of: series.as_of,
    }
}

/// A figure with so many decimals, for people and programs alike: what comes after is noise of the market.
fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10.0_f64.powi(digits);
    let scaled = (value * scale).round() / scale;
    if scaled.is_finite() { scaled } else { value }
}

/// A price with the digits that matter: cents, or of small prices six digits.
fn price_of(value: f64) -> f64 {
    rounded(
        value,
        if value.abs() >= 10.0 {
            2
        } else if value.abs() >= 0.1 {
            4
        } else {
            8
        },
    )
}

fn percent_of(now: f64, before: f64) -> f64 {
    100.0 * (now / before - 1.0)
}

fn shown(time: Timestamp, interval: Interval) -> String {
    if interval.is_intraday() { time.format("%Y-%m-%dT%H:%MZ").to_string() } else { time.date_naive().to_string() }
}

/// Whether there is a session on which a bar depends. Coins trade always, and so do futures but for an hour.
fn has_sessions(series: &Series) -> bool {
    matches!(Kind::of(&series.symbol), Kind::Equity | Kind::Index | Kind::EquityOption)
}

/// Whether trades can still come into the newest bar.
fn is_forming(series: &Series, now: Timestamp) -> bool {
    let Some(start) = series.times.last() else { return false };
    let length = TimeDelta::minutes(series.interval.minutes());
    if series.interval.is_intraday() || !has_sessions(series) {
        return now < *start + length;
    }
    // Bars of days and weeks end with the last session in them.
    let day = start.date_naive();
    let last = if series.interval == Interval::Week1 {
        // A week is dated by its Monday, or by the Sunday before.
        let monday =
            if day.weekday() == Weekday::Sun { day + TimeDelta::days(1) } else { day.week(Weekday::Mon).first_day() };
        let friday = monday + TimeDelta::days(4);
        (0..5).map(|back| friday - TimeDelta::days(back)).find(|day| exchange::is_trading_day(*day)).unwrap_or(friday)
    } else {
        day
    };
    exchange::session(last).is_some_and(|session| now < session.close_at)
}

/// Some of the bars. A part of what is sound is sound.
fn part(bars: &Bars, from: usize, until: usize) -> Bars {
    let cut = |column: &[f64]| column.get(from..until).unwrap_or_default().to_vec();
    Bars::new(cut(bars.open()), cut(bars.high()), cut(bars.low()), cut(bars.close()), cut(bars.volume()))
        .unwrap_or_default()
}

fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
        Direction::Sideways => "sideways",
    }
}

fn strength_word(strength: Strength) -> &'static str {
    match strength {
        Strength::Absent => "absent",
        Strength::Weak => "weak",
        Strength::Moderate => "moderate",
        Strength::Strong => "strong",
    }
}

fn kind_word(kind: regime::Kind) -> &'static str {
    match kind {
        regime::Kind::Squeeze => "squeeze",
        regime::Kind::Trending => "trending",
        regime::Kind::Ranging => "ranging",
        regime::Kind::Mixed => "mixed",
    }
}

fn movement_word(volatility: regime::Volatility) -> &'static str {
    match volatility {
        regime::Volatility::Low => "low",
        regime::Volatility::Normal => "normal",
        regime::Volatility::High => "high",
    }
}

fn trend_told(told: &Result<regime::Trend, NoSignal>) -> Trend {
    let trend = match told {
        Ok(trend) => trend,
        Err(reason) => {
            return Trend { direction: None, strength: None, evidence: Vec::new(), reason: Some(reason.to_string()) };
        }
    };
    Trend {
        direction: Some(direction_word(trend.direction).to_owned()),
        strength: Some(strength_word(trend.strength).to_owned()),
        evidence: trend.votes.iter().map(|vote| format!("{:+} {}", vote.vote, vote.evidence)).collect(),
        reason: None,
    }
}

fn trend_facts(trend: &regime::Trend) -> words::Trend {
    let side = |sign: i8| trend.votes.iter().filter(|vote| vote.vote == sign).count();
    words::Trend {
        direction: direction_word(trend.direction).to_owned(),
        strength: strength_word(trend.strength).to_owned(),
        adx: trend.adx,
        up: side(1),
        down: side(-1),
    }
}

fn regime_told(told: &Result<regime::Regime, NoSignal>) -> Regime {
    match told {
        Ok(found) => Regime {
            kind: Some(kind_word(found.kind).to_owned()),
            movement: Some(movement_word(found.volatility).to_owned()),
            atr_percentile: Some(rounded(found.atr_percentile, 1)),
            squeeze_bars: Some(found.squeeze_bars),
            choppiness: found.choppiness.map(|choppiness| rounded(choppiness, 1)),
            reason: None,
        },
        Err(reason) => Regime {
            kind: None,
            movement: None,
            atr_percentile: None,
            squeeze_bars: None,
            choppiness: None,
            reason: Some(reason.to_string()),
        },
    }
}

const USD: &str = "usd";
const PERCENT: &str = "percent";
const INDEX: &str = "index";

/// A reading as it is shown. The parameters are constants that are valid, so that a refusal is only worded.
fn shown_reading(
    name: &str,
    unit: &str,
    read: Result<reading::Reading, InvalidParameter>,
    says: impl Fn(f64) -> Option<String>,
) -> Reading {
    let (value, warmup_ok, says) = match read {
        Ok(reading::Reading::Value { value, warmup_ok }) => (Some(value), warmup_ok, says(value)),
        Ok(reading::Reading::NoSignal(reason)) => (None, false, Some(format!("no signal: {reason}"))),
        Err(error) => (None, false, Some(error.to_string())),
    };
    let digits = |value: f64| if unit == USD { price_of(value) } else { rounded(value, 2) };
    Reading { name: name.to_owned(), value: value.map(digits), unit: unit.to_owned(), warmup_ok, says }
}

/// The indicators. The direction of volume is of complete bars: a bar that forms has only a part of its volume.
fn readings(series: &Series, complete: &Bars, timeframe: Timeframe) -> Vec<Reading> {
    let bars = &series.bars;
    let quiet = |_: f64| None;
    let zone = |low: f64, high: f64| {
        move |value: f64| {
            let word = if value >= high { "overbought zone" } else { "oversold zone" };
            (value >= high || value <= low).then(|| word.to_owned())
        }
    };
    let each = |found: Result<[reading::Reading; 3], InvalidParameter>| match found {
        Ok(found) => found.map(Ok),
        Err(error) => [Err(error), Err(error), Err(error)],
    };
    let [macd, macd_signal, macd_histogram] = each(reading::macd(bars, 12, 26, 9));
    let [adx, plus, minus] = each(reading::adx(bars, 14));
    let (k, d) = match reading::stochastic(bars, 14, 3, 3) {
        Ok([k, d]) => (Ok(k), Ok(d)),
        Err(error) => (Err(error), Err(error)),
    };
    let of_price = |read: Result<reading::Reading, InvalidParameter>| match read {
        Ok(reading::Reading::Value { value, warmup_ok }) => {
            let close = bars.close().last().copied().unwrap_or(value);
            Ok(reading::Reading::Value { value: 100.0 * value / close, warmup_ok })
        }
        other => other,
    };
    let in_percent = |read: Result<reading::Reading, InvalidParameter>| match read {
        Ok(reading::Reading::Value { value, warmup_ok }) => {
            Ok(reading::Reading::Value { value: 100.0 * value, warmup_ok })
        }
        other => other,
    };
    let (vwap_name, vwap) = average_price(series, timeframe);
    vec![
        shown_reading("sma_20", USD, reading::sma(bars, 20), quiet),
        shown_reading("sma_50", USD, reading::sma(bars, 50), quiet),
        shown_reading("sma_200", USD, reading::sma(bars, 200), quiet),
        shown_reading("rsi_14", INDEX, reading::rsi(bars, 14), zone(30.0, 70.0)),
        shown_reading("macd", USD, macd, quiet),
        shown_reading("macd_signal", USD, macd_signal, quiet),
        shown_reading("macd_histogram", USD, macd_histogram, |value| {
            Some(if value >= 0.0 { "line above its signal" } else { "line below its signal" }.to_owned())
        }),
        shown_reading("adx_14", INDEX, adx, |value| {
            let word = if value >= 25.0 { "trend" } else { "no trend" };
            (!(20.0..25.0).contains(&value)).then(|| word.to_owned())
        }),
        shown_reading("plus_di_14", INDEX, plus, quiet),
        shown_reading("minus_di_14", INDEX, minus, quiet),
        shown_reading(
            "bollinger_position_20_2",
            PERCENT,
            in_percent(reading::bollinger_position(bars, 20, 2.0)),
            |value| {
                let word = if value > 100.0 { "above the upper band" } else { "below the lower band" };
                (!(0.0..=100.0).contains(&value)).then(|| word.to_owned())
            },
        ),
        shown_reading("atr_14", USD, reading::atr(bars, 14), quiet),
        shown_reading("atr_percent_14", PERCENT, of_price(reading::atr(bars, 14)), quiet),
        shown_reading("stochastic_k_14_3_3", INDEX, k, zone(20.0, 80.0)),
        shown_reading("stochastic_d_14_3_3", INDEX, d, quiet),
        shown_reading("mfi_14", INDEX, reading::money_flow_index(complete, 14), zone(20.0, 80.0)),
        shown_reading("obv_change_20", PERCENT, in_percent(reading::on_balance_change(complete, WINDOW)), |value| {
            let word = if value > 0.0 { "volume went with rises" } else { "volume went with falls" };
            (value.abs() >= 15.0).then(|| word.to_owned())
        }),
        shown_reading(vwap_name, USD, Ok(vwap), quiet),
    ]
}

/// The volume-weighted average price: of the session, of the month, or of twenty weeks.
fn average_price(series: &Series, timeframe: Timeframe) -> (&'static str, reading::Reading) {
    let bars = &series.bars;
    let dates: Vec<NaiveDate> = series.times.iter().map(|time| day_of(*time, series.interval)).collect();
    let anchored =
        |anchor| vwap::anchored(bars, &dates, anchor).ok().and_then(|series| series.last().copied().flatten());
    let (name, value, needs) = match timeframe {
        Timeframe::Intraday => ("vwap_session", anchored(vwap::Anchor::Day), 1),
        Timeframe::Daily => ("vwap_month", anchored(vwap::Anchor::Month), 1),
        Timeframe::Weekly => ("vwap_20", quant::vwap::rolling(bars, WINDOW).last().copied().flatten(), WINDOW),
    };
    let why = || {
        if bars.len() < needs {
            NoSignal::TooShort { bars: bars.len(), needs }
        } else {
            NoSignal::NoVolume { bars: bars.len().min(WINDOW) }
        }
    };
    let read = value
        .map_or_else(|| reading::Reading::NoSignal(why()), |value| reading::Reading::Value { value, warmup_ok: true });
    (name, read)
}

/// The day to which a bar belongs. Bars of a day and more begin at midnight in UTC.
fn day_of(time: Timestamp, interval: Interval) -> NaiveDate {
    if interval.is_intraday() { exchange::day(time) } else { time.date_naive() }
}

/// Bars in a year: of what has sessions 252 days of 6.5 hours, of futures 252 of 23, and of coins all there are.
fn per_year(series: &Series) -> f64 {
    let (days, hours) = match Kind::of(&series.symbol) {
        Kind::Equity | Kind::Index | Kind::EquityOption => (252.0, 6.5),
        Kind::Future | Kind::FutureOption => (252.0, 23.0),
        Kind::Cryptocurrency => (365.0, 24.0),
    };
    match series.interval {
        Interval::Week1 => 365.25 / 7.0,
        interval if interval.is_intraday() => days * hours * 60.0 / interval.minutes() as f64,
        _ => days,
    }
}

fn volatility(series: &Series, metrics: Option<&Figures>) -> Volatilities {
    let year = per_year(series);
    let last = |values: Vec<Option<f64>>| values.last().copied().flatten().map(|value| rounded(100.0 * value, 2));
    Volatilities {
        close_to_close_20: last(realised::close_to_close(&series.bars, WINDOW, year)),
        parkinson_20: last(realised::parkinson(&series.bars, WINDOW, year)),
        yang_zhang_20: last(realised::yang_zhang(&series.bars, WINDOW, year)),
        iv_index: metrics.and_then(|metrics| metrics.iv_index),
        iv_30_day: metrics.and_then(|metrics| metrics.iv_30_day),
        iv_rank: metrics.and_then(|metrics| metrics.iv_rank),
    }
}

/// The levels below and above the price, nearest first.
fn split_levels(
    bars: &Bars,
    price: f64,
    atr: Option<f64>,
    when: &impl Fn(usize) -> String,
    missing: &mut Vec<String>,
) -> (Vec<Level>, Vec<Level>) {
    // More are looked for than are shown, so that both sides have some.
    let found = match levels::levels(bars, &Search { count: 2 * LEVELS + 2, ..Search::default() }) {
        Ok(found) => found,
        Err(reason) => {
            missing.push(format!("supports and resistances: {reason}"));
            return (Vec::new(), Vec::new());
        }
    };
    let unit = atr.unwrap_or(found.atr);
    let told = |level: &levels::Level| Level {
        price: price_of(level.price),
        distance_percent: rounded(percent_of(level.price, price), 2),
        distance_atr: rounded((level.price - price) / unit, 2),
        touches: level.touches,
        last_touch: when(level.last_touch),
        strength: level.strength.map(|strength| rounded(strength, 0)),
        sources: level.sources.iter().map(|source| source_word(*source).to_owned()).collect(),
    };
    let mut all: Vec<Level> = found.levels.iter().map(told).collect();
    all.sort_by(|a, b| a.distance_percent.abs().total_cmp(&b.distance_percent.abs()));
    let (mut below, mut above): (Vec<_>, Vec<_>) = all.into_iter().partition(|level| level.price <= price);
    below.truncate(LEVELS);
    above.truncate(LEVELS);
    (below, above)
}

fn source_word(source: levels::Source) -> &'static str {
    match source {
        levels::Source::Reflections => "turns",
        levels::Source::Pivots => "pivots",
        levels::Source::VolumeNode => "volume",
        levels::Source::Extreme => "extreme",
    }
}

fn level_facts(level: &Level) -> words::Level {
    words::Level {
        price: level.price,
        percent: level.distance_percent.abs(),
        atrs: level.distance_atr.abs(),
        touches: level.touches,
        strength: level.strength,
    }
}

fn profile(series: &Series) -> Profile {
    let none = |reason: &str| Profile {
        point_of_control: None,
        value_area_low: None,
        value_area_high: None,
        reason: Some(reason.to_owned()),
    };
    if !series.has_volume {
        return none("no volume was reported");
    }
    let bars = &series.bars;
    let newest = part(bars, bars.len().saturating_sub(PROFILE_BARS), bars.len());
    let Some(profile) = VolumeProfile::new(&newest, BINS, Spread::Uniform) else {
        return none("the price did not move");
    };
    let area = profile.value_area(VALUE_AREA);
    Profile {
        point_of_control: profile.point_of_control().map(|bin| price_of(profile.price(bin))),
        value_area_low: area.map(|(first, _)| price_of(profile.edge(first))),
        value_area_high: area.map(|(_, last)| price_of(profile.edge(last + 1))),
        reason: None,
    }
}

/// The patterns that end within the last bars, newest first. Indecision has no direction, whatever its sign.
fn patterns(bars: &Bars, when: &impl Fn(usize) -> String) -> Vec<CandlePattern> {
    let hits = candles::find_common(bars, bars.len().saturating_sub(PATTERN_BARS));
    let told = |hit: &candles::Hit| {
        let read_as = match hit.pattern.kind {
            candles::Kind::Indecision => "neutral",
            _ if hit.value > 0 => "bullish",
            _ => "bearish",
        };
        let kind = match hit.pattern.kind {
            candles::Kind::Reversal => "reversal",
            candles::Kind::Continuation => "continuation",
            candles::Kind::Indecision => "indecision",
            candles::Kind::Strength => "strength",
        };
        CandlePattern {
            name: hit.pattern.name.to_owned(),
            time: when(hit.bar),
            read_as: read_as.to_owned(),
            kind: kind.to_owned(),
        }
    };
    hits.iter().rev().map(told).collect()
}

/// The gaps of the last bars that no later bar has closed, newest first. What is left of one that was closed in part is told.
fn gaps(bars: &Bars, atr: Option<f64>, when: &impl Fn(usize) -> String) -> Vec<Gap> {
    let Some(least) = atr.map(|atr| LEAST_GAP * atr) else { return Vec::new() };
    let (mut reached_low, mut reached_high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut found = Vec::new();
    let rows = bars.high().iter().zip(bars.low()).enumerate();
    let pairs = rows.clone().skip(1).zip(rows).rev().take(GAP_BARS);
    for ((bar, (high, low)), (_, (high_before, low_before))) in pairs {
        reached_low = reached_low.min(*low);
        reached_high = reached_high.max(*high);
        let (bottom, top, direction) = if low > high_before {
            (*high_before, reached_low, Direction::Up)
        } else if high < low_before {
            (reached_high, *low_before, Direction::Down)
        } else {
            continue;
        };
        if top - bottom >= least {
            found.push(Gap {
                time: when(bar),
                low: price_of(bottom),
                high: price_of(top),
                direction: direction_word(direction).to_owned(),
            });
        }
    }
    found.truncate(GAPS);
    found
}

fn events(known: Option<&Events>, today: NaiveDate) -> ChartEvents {
    let Some(known) = known else { return ChartEvents::default() };
    let earnings = known.earnings.as_ref();
    ChartEvents {
        earnings_date: earnings.map(|earnings| earnings.date),
        earnings_estimated: earnings.map(|earnings| earnings.is_estimated),
        days_to_earnings: earnings.map(|earnings| (earnings.date - today).num_days()),
        ex_dividend_date: known.ex_dividend,
        dividend: known.dividend,
    }
}

#[cfg(test)]
mod tests;
