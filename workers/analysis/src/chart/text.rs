//! The analysis as a compact text.

use std::fmt::Write;

use agents::words::{percent, price};
use contract::analysis::chart::{ChartAnalysis, Level, Reading};

use super::PROFILE_BARS;
use crate::zone::Zone;

/// So many levels of a side are in the text.
const LEVELS: usize = 3;

/// The analysis in lines. `structuredContent` has all of it.
pub(crate) fn text(chart: &ChartAnalysis, zone: &Zone) -> String {
    let mut lines = vec![first_line(chart), chart.summary.lines()];
    lines.extend(trend(chart));
    lines.push(readings(chart));
    lines.push(volatility(chart));
    lines.push(levels("Support", &chart.supports));
    lines.push(levels("Resistance", &chart.resistances));
    lines.extend(profile(chart));
    lines.extend(candles(chart));
    lines.extend(gaps(chart));
    lines.extend(events(chart));
    lines.extend(chart.missing.iter().map(|what| format!("Missing: {what}.")));
    lines.extend(chart.notes.iter().map(|note| format!("Note: {note}")));
    let at = zone.shown(chart.as_of);
    lines.push(format!("From {}, as of {at}. Analysis {}.", chart.source.in_words(), chart.analysis_id));
    lines.push(chart.disclaimer.clone());
    lines.join("\n")
}

fn first_line(chart: &ChartAnalysis) -> String {
    let forming = if chart.is_forming {
        "; the newest still forms: readings count it, levels, patterns and gaps do not"
    } else {
        ""
    };
    format!(
        "{} {} chart: {} bars of {}, {} to {}{forming}.",
        chart.symbol,
        chart.timeframe.word(),
        chart.bars,
        chart.interval.word(),
        chart.from,
        chart.to
    )
}

fn trend(chart: &ChartAnalysis) -> Vec<String> {
    let mut lines = Vec::new();
    if !chart.trend.evidence.is_empty() {
        lines.push(format!("Trend by rules: {}.", chart.trend.evidence.join("; ")));
    }
    let regime = &chart.regime;
    if let Some(reason) = regime.reason.as_ref().filter(|reason| Some(*reason) != chart.trend.reason.as_ref()) {
        lines.push(format!("Regime: no signal ({reason})."));
    }
    if let Some(percentile) = regime.atr_percentile {
        let mut line = format!("ATR is above {percentile:.0} % of its past");
        if let Some(choppiness) = regime.choppiness {
            let _ = write!(line, ", choppiness {choppiness:.0}");
        }
        lines.push(line + ".");
    }
    lines
}

fn readings(chart: &ChartAnalysis) -> String {
    let value = |name: &str| chart.readings.iter().find(|reading| reading.name == name);
    let mut parts = Vec::new();
    for (name, label, digits) in [
        ("rsi_14", "RSI", 0),
        ("macd", "MACD", 2),
        ("macd_signal", "signal", 2),
        ("adx_14", "ADX", 0),
        ("bollinger_position_20_2", "Bollinger position %", 0),
        ("atr_14", "ATR $", 2),
        ("atr_percent_14", "ATR %", 1),
        ("stochastic_k_14_3_3", "stochastic K", 0),
        ("stochastic_d_14_3_3", "D", 0),
        ("mfi_14", "MFI", 0),
        ("obv_change_20", "OBV 20 bars %", 0),
        ("sma_20", "SMA20", 2),
        ("sma_50", "SMA50", 2),
        ("sma_200", "SMA200", 2),
        ("vwap_session", "VWAP session", 2),
        ("vwap_month", "VWAP month", 2),
        ("vwap_20", "VWAP 20", 2),
    ] {
        parts.extend(value(name).map(|reading| part(label, reading, digits)));
    }
    let mut line = format!("Readings: {}.", parts.join(", "));
    let few: Vec<_> = chart.readings.iter().filter(|reading| reading.value.is_some() && !reading.warmup_ok).collect();
    if !few.is_empty() {
        let names: Vec<_> = few.iter().map(|reading| reading.name.as_str()).collect();
        let _ = write!(line, " Not settled, for want of bars: {}.", names.join(", "));
    }
    line
}

fn part(label: &str, reading: &Reading, digits: usize) -> String {
    match (reading.value, &reading.says) {
        (Some(value), Some(says)) if says.ends_with("zone") => format!("{label} {value:.digits$} ({says})"),
        (Some(value), _) => format!("{label} {value:.digits$}"),
        (None, says) => format!("{label} {}", says.as_deref().unwrap_or("no signal")),
    }
}

fn volatility(chart: &ChartAnalysis) -> String {
    let each = |parts: &[(&str, Option<f64>)]| {
        let known = parts.iter().filter_map(|(name, value)| Some(format!("{name} {:.1}", (*value)?)));
        known.collect::<Vec<_>>().join(", ")
    };
    let found = &chart.volatility;
    let realised = each(&[
        ("closes", found.close_to_close_20),
        ("Parkinson", found.parkinson_20),
        ("Yang-Zhang", found.yang_zhang_20),
    ]);
    let implied = each(&[("IV", found.iv_index), ("IV30", found.iv_30_day), ("IV rank", found.iv_rank)]);
    let told = |text: String| if text.is_empty() { "not known".to_owned() } else { text };
    format!("Volatility, % a year, realised over 20 bars: {}; implied: {}.", told(realised), told(implied))
}

fn levels(name: &str, levels: &[Level]) -> String {
    if levels.is_empty() {
        return format!("{name}: none found.");
    }
    let told = |level: &Level| {
        let strength = level.strength.map_or_else(String::new, |strength| format!(", strength {strength:.0}"));
        format!(
            "{} ({}, {:.1} ATR, touched {}x, last {}{strength}, {})",
            price(level.price),
            percent(level.distance_percent),
            level.distance_atr.abs(),
            level.touches,
            level.last_touch,
            level.sources.join("+")
        )
    };
    let shown: Vec<_> = levels.iter().take(LEVELS).map(told).collect();
    format!("{name}: {}.", shown.join("; "))
}

fn profile(chart: &ChartAnalysis) -> Option<String> {
    let profile = &chart.volume_profile;
    let (control, low, high) = (profile.point_of_control?, profile.value_area_low?, profile.value_area_high?);
    let bars = chart.bars.min(PROFILE_BARS);
    Some(format!(
        "Volume of the last {bars} bars: most at {}, 70 % between {} and {}.",
        price(control),
        price(low),
        price(high)
    ))
}

fn candles(chart: &ChartAnalysis) -> Option<String> {
    let told: Vec<_> = chart
        .candle_patterns
        .iter()
        .take(5)
        .map(|pattern| {
            let reading = if pattern.read_as == "neutral" { "" } else { pattern.read_as.as_str() };
            format!(
                "{} {} ({reading}{}{})",
                pattern.time,
                pattern.name,
                if reading.is_empty() { "" } else { " " },
                pattern.kind
            )
        })
        .collect();
    (!told.is_empty()).then(|| format!("Candles, which describe and foretell little: {}.", told.join(", ")))
}

fn gaps(chart: &ChartAnalysis) -> Option<String> {
    let told: Vec<_> = chart
        .gaps
        .iter()
        .map(|gap| format!("{} to {} ({}, {})", price(gap.low), price(gap.high), gap.direction, gap.time))
        .collect();
    (!told.is_empty()).then(|| format!("Open gaps: {}.", told.join(", ")))
}

fn events(chart: &ChartAnalysis) -> Option<String> {
    let events = &chart.events;
    let mut parts = Vec::new();
    if let (Some(date), Some(days)) = (events.earnings_date, events.days_to_earnings) {
        let estimated = if events.earnings_estimated == Some(true) { ", estimated" } else { "" };
        parts.push(format!("earnings {date} ({days} days{estimated})"));
    }
    if let Some(date) = events.ex_dividend_date {
        let amount = events.dividend.map_or_else(String::new, |amount| format!(" (${amount:.2})"));
        parts.push(format!("ex-dividend {date}{amount}"));
    }
    (!parts.is_empty()).then(|| format!("Ahead: {}.", parts.join(", ")))
}
