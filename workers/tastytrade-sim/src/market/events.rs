//! Dates of companies: when they report and when their shares trade without the dividend.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use domain::Timestamp;

use super::{Kind, Listing};
use crate::calendar;

/// The days on which a company reports, first to last day included, oldest first.
pub(crate) fn earnings(listing: &Listing, first: NaiveDate, last: NaiveDate) -> Vec<NaiveDate> {
    if listing.kind != Kind::Stock {
        return Vec::new();
    }
    let (weekday, n) = listing.earnings_day;
    in_cycle(first, last, listing.earnings_cycle, |year, month| calendar::nth(year, month, weekday, n))
}

/// The ex-dividend days, first to last day included, oldest first: the second Tuesday of the last month of a quarter.
pub(crate) fn dividends(listing: &Listing, first: NaiveDate, last: NaiveDate) -> Vec<NaiveDate> {
    if listing.dividend <= 0.0 {
        return Vec::new();
    }
    in_cycle(first, last, 3, |year, month| calendar::nth(year, month, Weekday::Tue, 2))
}

/// The moment at which a report is known.
pub(crate) fn known_at(listing: &Listing, day: NaiveDate) -> Timestamp {
    let (hour, minute) = if listing.before_open { (9, 29) } else { (16, 1) };
    calendar::eastern(day, hour, minute)
}

/// The next report, today or later.
pub(crate) fn next_earnings(listing: &Listing, today: NaiveDate) -> Option<NaiveDate> {
    earnings(listing, today, today + Days::new(200)).first().copied()
}

/// The next ex-dividend day, today or later.
pub(crate) fn next_dividend(listing: &Listing, today: NaiveDate) -> Option<NaiveDate> {
    dividends(listing, today, today + Days::new(200)).first().copied()
}

fn in_cycle(first: NaiveDate, last: NaiveDate, cycle: u32, rule: impl Fn(i32, u32) -> NaiveDate) -> Vec<NaiveDate> {
    (first.year()..=last.year())
        .flat_map(|year| (1..=12_u32).map(move |month| (year, month)))
        .filter(|(_, month)| month % 3 == cycle % 3)
        .map(|(year, month)| calendar::trading_day_on_or_before(rule(year, month)))
        .filter(|day| (first..=last).contains(day))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::listing;

    #[test]
    fn a_year_has_four_reports_and_four_dividends() {
        let (first, last) = (calendar::ymd(2026, 1, 1), calendar::ymd(2026, 12, 31));
        for listing in &listing::LISTINGS {
            let expected = if listing.kind == Kind::Stock { 4 } else { 0 };
            assert_eq!(earnings(listing, first, last).len(), expected, "{}", listing.symbol);
            let expected = if listing.dividend > 0.0 { 4 } else { 0 };
            assert_eq!(dividends(listing, first, last).len(), expected, "{}", listing.symbol);
        }
    }
}
