//! Which expirations are listed on a day: months, weeks, days, quarters and years, as the exchanges list them.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::{
    Listing,
    listing::Cycle,
    occ::{Occ, Right, Settlement},
};
use crate::calendar;

/// What kind of expiration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// The third Friday of a month.
    Regular,
    /// Any other Friday or day.
    Weekly,
    /// The last session of a month.
    EndOfMonth,
    /// The last session of a quarter.
    Quarterly,
}

impl Style {
    /// The wire's spelling.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "Regular",
            Self::Weekly => "Weekly",
            Self::EndOfMonth => "End-Of-Month",
            Self::Quarterly => "Quarterly",
        }
    }
}

/// One expiration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expiration {
    /// The last day.
    pub date: NaiveDate,
    pub style: Style,
}

/// All expirations of a root that are listed on a day, the nearest first. Today's stay until the day is over.
pub(crate) fn listed(listing: &Listing, root: &str, today: NaiveDate) -> Vec<Expiration> {
    let days = match (listing.chain, root) {
        (Cycle::None, _) => Vec::new(),
        (Cycle::Volatility, _) => volatility_days(today),
        (_, "SPX" | "NDX" | "RUT") => regular_days(today, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 18, 24]),
        (_, "SPXW" | "NDXP" | "RUTW") => all_days(today, true),
        (_, root) if root.ends_with('1') => regular_days(today, &[0, 1, 2, 5]),
        (Cycle::Monthly, _) => regular_days(today, &[0, 1, 2, 3, 5, 8, 13]),
        (Cycle::Weekly, _) => [regular(today), fridays(today, 7), leaps(today)].concat(),
        (Cycle::Daily, _) => [all_days(today, false), leaps(today)].concat(),
    };
    let mut by_day: BTreeMap<NaiveDate, Style> = BTreeMap::new();
    for Expiration { date, style } in days.into_iter().filter(|expiration| expiration.date >= today) {
        // A day of two kinds is of the one that was named first.
        by_day.entry(date).or_insert(style);
    }
    by_day.into_iter().map(|(date, style)| Expiration { date, style }).collect()
}

/// Whether a contract of that root may settle on that day, and how: for the few questions about a single contract.
pub(crate) fn settlement(root: &str, date: NaiveDate) -> Settlement {
    Occ { root: root.to_owned(), expiration: date, right: Right::Call, strike_mills: 0 }.settlement()
}

fn month(today: NaiveDate, ahead: u32) -> (i32, u32) {
    let months = today.month0() + ahead;
    (today.year() + i32::try_from(months / 12).unwrap_or(0), months % 12 + 1)
}

fn regular_days(today: NaiveDate, ahead: &[u32]) -> Vec<Expiration> {
    ahead
        .iter()
        .map(|ahead| month(today, *ahead))
        .map(|(year, month)| Expiration { date: calendar::monthly_expiration(year, month), style: Style::Regular })
        .collect()
}

/// The next months, and every third one up to a year.
fn regular(today: NaiveDate) -> Vec<Expiration> {
    let mut ahead: Vec<u32> = vec![0, 1, 2, 3];
    ahead.extend((4..=12).filter(|ahead| month(today, *ahead).1.is_multiple_of(3)));
    regular_days(today, &ahead)
}

/// The Januaries and Junes of the next two years.
fn leaps(today: NaiveDate) -> Vec<Expiration> {
    let ahead: Vec<u32> = (9..=26).filter(|ahead| matches!(month(today, *ahead).1, 1 | 6)).collect();
    regular_days(today, &ahead)
}

fn fridays(today: NaiveDate, count: u64) -> Vec<Expiration> {
    let to_friday = u64::from((Weekday::Fri.num_days_from_monday() + 7 - today.weekday().num_days_from_monday()) % 7);
    (0..count)
        .map(|week| today + Days::new(to_friday + 7 * week))
        .map(|day| Expiration { date: calendar::trading_day_on_or_before(day), style: style_of_friday(day) })
        .collect()
}

fn style_of_friday(day: NaiveDate) -> Style {
    if (15..=21).contains(&day.day()) { Style::Regular } else { Style::Weekly }
}

/// Every session of two weeks, Fridays of eight, months' and quarters' ends, and the third Fridays. The root of an index's
/// weeklies has no third Fridays of the morning kind, but those of the afternoon.
fn all_days(today: NaiveDate, index: bool) -> Vec<Expiration> {
    let ends = (0..12_u32).filter_map(|ahead| {
        let (year, of_month) = month(today, ahead);
        let quarter = of_month.is_multiple_of(3);
        let (next_year, next_month) = if of_month == 12 { (year + 1, 1) } else { (year, of_month + 1) };
        let date = calendar::trading_day_on_or_before(calendar::ymd(next_year, next_month, 1) - Days::new(1));
        let style = if quarter { Style::Quarterly } else { Style::EndOfMonth };
        (quarter || ahead < 5).then_some(Expiration { date, style })
    });
    let daily = (0..15_u64)
        .map(|ahead| today + Days::new(ahead))
        .filter(|day| calendar::is_trading_day(*day))
        .map(|date| Expiration { date, style: style_of_day(date) });
    let monthly = if index { regular_days(today, &[0, 1, 2, 3]) } else { regular(today) };
    monthly.into_iter().chain(ends).chain(fridays(today, 8)).chain(daily).collect()
}

fn style_of_day(date: NaiveDate) -> Style {
    if date.weekday() == Weekday::Fri { style_of_friday(date) } else { Style::Weekly }
}

/// Thirty days before the third Friday of the month after.
fn volatility_days(today: NaiveDate) -> Vec<Expiration> {
    (0..7_u32)
        .map(|ahead| month(today, ahead + 1))
        .map(|(year, month)| calendar::nth(year, month, Weekday::Fri, 3) - Days::new(30))
        .map(|day| Expiration { date: calendar::trading_day_on_or_before(day), style: Style::Regular })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::listing::{self, LISTINGS};

    #[test]
    fn expirations_are_sessions_in_order_and_the_monthly_ones_are_there() {
        let mut today = calendar::ymd(2026, 1, 1);
        while today < calendar::ymd(2027, 12, 31) {
            for listing in LISTINGS.iter().filter(|listing| listing.chain != Cycle::None) {
                let days = listed(listing, &listing.root(), today);
                assert!(days.windows(2).all(|pair| pair[0].date < pair[1].date), "{}", listing.symbol);
                assert!(days.iter().all(|day| calendar::is_trading_day(day.date)), "{} {today}", listing.symbol);
                if listing.chain != Cycle::Volatility {
                    let next = calendar::monthly_after(today, 0);
                    let found = days.iter().find(|day| day.date == next);
                    assert_eq!(found.map(|day| day.style), Some(Style::Regular), "{} {today}", listing.symbol);
                }
            }
            today = today + Days::new(17);
        }
    }

    #[test]
    fn there_are_weeks_years_and_quarters() {
        let today = calendar::ymd(2026, 11, 20);
        let spy = listed(listing::find("SPY").unwrap(), "SPY", today);
        let dates: Vec<String> = spy.iter().take(7).map(|day| day.date.to_string()).collect();
        assert_eq!(dates[..4], ["2026-11-20", "2026-11-23", "2026-11-24", "2026-11-25"]);
        assert_eq!(dates[4], "2026-11-27", "Thanksgiving is none");
        assert!(spy.last().unwrap().date > calendar::ymd(2028, 1, 1));
        for style in [Style::Regular, Style::Weekly, Style::EndOfMonth, Style::Quarterly] {
            assert!(spy.iter().any(|day| day.style == style), "{style:?}");
        }
    }
}
