//! When the simulated market is open: the exchanges' own calendar, what they do at a moment, and the count of sessions.
//!
//! In scope: equities, times in UTC. Out of scope: futures sessions, and closures that no rule foresees.

use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use domain::Timestamp;
pub(crate) use domain::exchange::{
    Session, day as local_date, eastern, half_days, holidays, is_trading_day, session, session_after, session_before,
};

/// The first Monday of 2020: sessions are counted from here.
const EPOCH: (i32, u32, u32) = (2020, 1, 6);

/// What the market does at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing trades.
    Closed,
    /// Between 08:15 and the opening bell.
    PreMarket,
    /// The regular session.
    Open,
    /// Between the closing bell and the end of the extended session.
    Extended,
}

impl Phase {
    /// The wire's spelling.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "Closed",
            Self::PreMarket => "Pre-market",
            Self::Open => "Open",
            Self::Extended => "Extended",
        }
    }
}

/// A date that is known to exist.
pub(crate) fn ymd(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}

/// The n-th such weekday of a month.
pub(crate) fn nth(year: i32, month: u32, weekday: Weekday, n: u8) -> NaiveDate {
    NaiveDate::from_weekday_of_month_opt(year, month, weekday, n).unwrap_or_default()
}

/// The session that the market's daily figures belong to: today's from its pre-market on, else the last one.
pub(crate) fn current(now: Timestamp) -> Session {
    let today = local_date(now);
    session(today).filter(|session| now >= session.start_at).unwrap_or_else(|| session_before(today))
}

/// What the market does now.
pub(crate) fn phase(now: Timestamp) -> Phase {
    let session = current(now);
    if now < session.open_at {
        Phase::PreMarket
    } else if now < session.close_at {
        Phase::Open
    } else if now < session.close_at_ext {
        Phase::Extended
    } else {
        Phase::Closed
    }
}

/// The holidays from the epoch to the end of the century, in order.
static CLOSED: LazyLock<Vec<NaiveDate>> = LazyLock::new(|| {
    let (year, month, day) = EPOCH;
    let epoch = ymd(year, month, day);
    (year..2100).flat_map(holidays).filter(|day| *day >= epoch).collect()
});

/// How many sessions lie between the epoch and that day, which does not count itself.
pub(crate) fn sessions_before(date: NaiveDate) -> i64 {
    let epoch = ymd(EPOCH.0, EPOCH.1, EPOCH.2);
    let days = date.signed_duration_since(epoch).num_days().max(0);
    let weekdays = days / 7 * 5 + (days % 7).min(5);
    weekdays - i64::try_from(CLOSED.partition_point(|day| *day < date)).unwrap_or(0)
}

/// The standard monthly expiration of a month: the third Friday, or the session before it where that is a holiday.
pub(crate) fn monthly_expiration(year: i32, month: u32) -> NaiveDate {
    trading_day_on_or_before(nth(year, month, Weekday::Fri, 3))
}

/// The first standard monthly expiration at least that many days away.
pub(crate) fn monthly_after(date: NaiveDate, min_days: u64) -> NaiveDate {
    let earliest = date + Days::new(min_days);
    let this = monthly_expiration(earliest.year(), earliest.month());
    if this >= earliest {
        return this;
    }
    let next = if earliest.month() == 12 { (earliest.year() + 1, 1) } else { (earliest.year(), earliest.month() + 1) };
    monthly_expiration(next.0, next.1)
}

/// That day, or the last session before it.
pub(crate) fn trading_day_on_or_before(date: NaiveDate) -> NaiveDate {
    if is_trading_day(date) { date } else { session_before(date).date }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn phases_follow_new_york_in_summer_and_winter() {
        for (moment, expected) in [
            ("2026-08-04T12:14:59Z", Phase::Closed),
            ("2026-08-04T12:15:00Z", Phase::PreMarket),
            ("2026-08-04T13:30:00Z", Phase::Open),
            ("2026-08-04T20:00:00Z", Phase::Extended),
            ("2026-08-05T00:00:00Z", Phase::Closed),
            ("2026-11-20T14:29:59Z", Phase::PreMarket),
            ("2026-11-20T14:30:00Z", Phase::Open),
            ("2026-11-21T15:00:00Z", Phase::Closed),
            ("2026-11-26T15:00:00Z", Phase::Closed),
            ("2026-11-27T17:59:00Z", Phase::Open),
            ("2026-11-27T18:00:00Z", Phase::Extended),
            ("2026-11-27T22:00:00Z", Phase::Closed),
        ] {
            assert_eq!(phase(at(moment)), expected, "{moment}");
        }
    }

    #[test]
    fn counting_in_closed_form_agrees_with_counting_one_by_one() {
        let mut day = ymd(2020, 1, 6);
        let mut count = 0;
        while day < ymd(2029, 1, 1) {
            assert_eq!(sessions_before(day), count, "{day}");
            count += i64::from(is_trading_day(day));
            day = day.succ_opt().unwrap();
        }
    }

    #[test]
    fn monthly_expirations_avoid_holidays() {
        assert_eq!(monthly_expiration(2026, 6), ymd(2026, 6, 18));
        assert_eq!(monthly_expiration(2026, 12), ymd(2026, 12, 18));
        assert_eq!(monthly_after(ymd(2026, 11, 20), 21), ymd(2026, 12, 18));
        assert_eq!(monthly_after(ymd(2026, 11, 28), 21), ymd(2027, 1, 15));
    }
}
