//! `get_net_liq_history`: what accounts were worth over time, with the largest fall.

use std::fmt::Write;

use contract::{
    Rendered,
    account::{
        Source,
        net_liq::{GetNetLiqHistoryInput, NetLiqOutput, NetLiqSeries, Range},
    },
};
use domain::{Decimal, Error, Timestamp, portfolio::Account};
use tasty::net_liq::{self, Point};

use super::{
    Asked,
    account::{self, called},
    amounts, new_york,
};
use crate::{upstream, zone::Zone};

/// The most points of one account that are answered; more are put together.
const POINTS: usize = 260;
/// So many of them stand in the text.
const SHOWN: usize = 8;

/// The histories of the accounts that are meant.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, GetNetLiqHistoryInput { account, range }) = asked.read()?;
    let accounts = account::meant(app, user, account.as_deref()).await?;
    let each = account::each(accounts, async |account| {
        let request = net_liq::request(&account.number, range.as_str());
        upstream::ask(app, user, "net liq history", request, net_liq::read).await
    });
    let (found, mut notes) = each.await.some()?;
    for (account, points) in &found {
        if points.is_empty() {
            notes.push(format!("TastyTrade has no history of {} over this time.", account.number.masked()));
        } else if points.len() > POINTS {
            let count = points.len();
            notes.push(format!("The {count} points of {} were put together to {POINTS}.", account.number.masked()));
        }
    }
    let zone = Zone::of(app, user).await;
    let texts: Vec<String> = found.iter().map(|(account, points)| summary(account, points, range, &zone)).collect();
    let series = found.iter().map(|(account, points)| series(account, points)).collect();
    let output = NetLiqOutput { range, series, source: Source::Rest, as_of: app.now, notes };
    Rendered::new(&output, text(&output, &texts, &zone))
}

fn series(account: &Account, points: &[Point]) -> NetLiqSeries {
    let (first, last) = (points.first().map(|point| point.open), points.last().map(|point| point.close));
    let change = last.zip(first).and_then(|(last, first)| last.checked_sub(first));
    let drawdown = max_drawdown(points);
    let shown = put_together(points, POINTS);
    NetLiqSeries {
        account: account.number.masked(),
        first,
        last,
        change,
        change_percent: change.zip(first).and_then(|(change, first)| change.percent_of(first)),
        highest: points.iter().map(|point| point.high).max(),
        lowest: points.iter().map(|point| point.low).min(),
        max_drawdown: drawdown.map(|(fall, _)| fall),
        max_drawdown_percent: drawdown.and_then(|(fall, from)| fall.percent_of(from)),
        time: shown.iter().map(|point| point.time).collect(),
        open: shown.iter().map(|point| point.open).collect(),
        high: shown.iter().map(|point| point.high).collect(),
        low: shown.iter().map(|point| point.low).collect(),
        close: shown.iter().map(|point| point.close).collect(),
    }
}

/// The largest fall of the closes from what was the highest until then, never negative, and that highest one.
fn max_drawdown(points: &[Point]) -> Option<(Decimal, Decimal)> {
    let mut peak = points.first()?.close;
    let mut largest = (Decimal(0.into()), peak);
    for point in points {
        peak = peak.max(point.close);
        let fall = peak.checked_sub(point.close)?;
        if fall > largest.0 {
            largest = (fall, peak);
        }
    }
    Some(largest)
}

/// At most `most` points, each of as many neighbours as it takes: begun where the first began, ended where the last ended.
fn put_together(points: &[Point], most: usize) -> Vec<Point> {
    let size = points.len().div_ceil(most.max(1)).max(1);
    let one = |part: &[Point]| {
        let (first, last) = (part.first()?, part.last()?);
        let high = part.iter().map(|point| point.high).max()?;
        let low = part.iter().map(|point| point.low).min()?;
        Some(Point { time: last.time, open: first.open, high, low, close: last.close })
    };
    points.chunks(size).filter_map(one).collect()
}

fn text(output: &NetLiqOutput, summaries: &[String], zone: &Zone) -> String {
    let range = output.range.as_str();
    let mut text = format!(
        "Net liquidating value over {range} in US dollars, deposits and withdrawals included; {}, {}.",
        output.source.in_words(),
        zone.shown(output.as_of)
    );
    for summary in summaries {
        let _ = write!(text, "\n{summary}");
    }
    for note in &output.notes {
        let _ = write!(text, "\n{note}");
    }
    text
}

fn summary(account: &Account, points: &[Point], range: Range, zone: &Zone) -> String {
    let series = series(account, points);
    let mut text = called(account);
    let (Some(first), Some(last)) = (series.first, series.last) else {
        text.push_str(": no history");
        return text;
    };
    let _ = write!(text, ": {}, from {}", amounts::dollars(last), amounts::dollars(first));
    if let Some(change) = series.change {
        let _ = write!(text, " ({}", amounts::change(change));
        if let Some(percent) = series.change_percent {
            let _ = write!(text, ", {percent} %");
        }
        text.push(')');
    }
    if let (Some(high), Some(low)) = (series.highest, series.lowest) {
        let _ = write!(text, "; high {}, low {}", amounts::dollars(high), amounts::dollars(low));
    }
    if let (Some(fall), Some(percent)) = (series.max_drawdown, series.max_drawdown_percent) {
        let _ = write!(text, "; largest fall {} ({percent} %)", amounts::dollars(fall));
    }
    let shown: Vec<String> = put_together(points, SHOWN)
        .iter()
        .map(|point| format!("{} {}", when(point.time, range, zone), amounts::dollars(point.close)))
        .collect();
    let _ = write!(text, "\n  {}", shown.join(" | "));
    text
}

/// Hours are those of the user's clock, days those of the market.
fn when(time: Timestamp, range: Range, zone: &Zone) -> String {
    if matches!(range, Range::Day | Range::Week) {
        zone.local(time).format("%-d %b %H:%M").to_string()
    } else {
        new_york::day(time).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::account::tests::account as an_account;

    fn points(closes: &[i64]) -> Vec<Point> {
        let start: Timestamp = "2026-11-02T21:00:00Z".parse().unwrap();
        let mut open = closes.first().copied().unwrap_or_default();
        let mut points = Vec::new();
        for (day, close) in closes.iter().enumerate() {
            let decimal = |cents: i64| Decimal(rust_decimal::Decimal::new(cents, 2));
            points.push(Point {
                time: start + chrono::TimeDelta::days(i64::try_from(day).unwrap()),
                open: decimal(open),
                high: decimal(open.max(*close) + 5),
                low: decimal(open.min(*close) - 5),
                close: decimal(*close),
            });
            open = *close;
        }
        points
    }

    #[test]
    fn a_series_is_summed_up() {
        let points = points(&[10_000, 12_000, 9000, 11_000, 10_500]);
        let series = series(&an_account("5WX00042"), &points);
        let text = |amount: Option<Decimal>| amount.unwrap().to_string();
        assert_eq!((text(series.change).as_str(), text(series.change_percent).as_str()), ("5.00", "5.00"));
        assert_eq!((text(series.highest).as_str(), text(series.lowest).as_str()), ("120.05", "89.95"));
        assert_eq!(
            (text(series.max_drawdown).as_str(), text(series.max_drawdown_percent).as_str()),
            ("30.00", "25.00")
        );
        assert_eq!((series.time.len(), series.close.len()), (5, 5));
        assert_eq!(
            summary(&an_account("5WX00042"), &points, Range::Month, &Zone::Exchange),
            "\u{2022}\u{2022}\u{2022}\u{2022}0042 Income: 105.00, from 100.00 (+5.00, 5.00 %); high 120.05, low 89.95; \
             largest fall 30.00 (25.00 %)\n  2026-11-02 100.00 | 2026-11-03 120.00 | 2026-11-04 90.00 | \
             2026-11-05 110.00 | 2026-11-06 105.00"
        );
        assert!(summary(&an_account("5WX00042"), &[], Range::Day, &Zone::Exchange).ends_with("no history"));
    }

    proptest::proptest! {
        #[test]
        fn what_is_put_together_says_the_same(closes in proptest::collection::vec(1_i64..1_000_000, 1..400), most in 1_usize..300) {
            let all = points(&closes);
            let fewer = put_together(&all, most);
            proptest::prop_assert!(fewer.len() <= most && !fewer.is_empty());
            let ends = |list: &[Point]| (list.first().map(|point| point.open), list.last().map(|point| (point.time, point.close)));
            proptest::prop_assert_eq!(ends(&all), ends(&fewer));
            let high = |list: &[Point]| list.iter().map(|point| point.high).max();
            let low = |list: &[Point]| list.iter().map(|point| point.low).min();
            proptest::prop_assert_eq!((high(&all), low(&all)), (high(&fewer), low(&fewer)));
        }

        #[test]
        fn a_drawdown_is_the_largest_of_all_falls(closes in proptest::collection::vec(1_i64..1_000_000, 1..60)) {
            let (fall, from) = max_drawdown(&points(&closes)).unwrap();
            let largest = (0..closes.len()).flat_map(|to| closes[..=to].iter().map(move |peak| (peak, to)));
            let largest = largest.map(|(peak, to)| peak - closes[to]).max().unwrap().max(0);
            proptest::prop_assert_eq!(fall.0, rust_decimal::Decimal::new(largest, 2));
            proptest::prop_assert!(fall < from);
        }
    }
}
