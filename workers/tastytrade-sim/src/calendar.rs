//! When the New York exchanges are open: sessions, holidays and half days by their rules, for any year.
//!
//! In scope: equities, times in UTC. Out of scope: futures sessions, and closures that no rule foresees.

use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDate, TimeDelta, TimeZone, Utc, Weekday};
use domain::Timestamp;

/// The first Monday of 2020: sessions are counted from here.
const EPOCH: (i32, u32, u32) = (2020, 1, 6);

/// One trading day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    /// The day, in New York.
    pub date: NaiveDate,
    /// The pre-market begins, 08:15.
    pub start_at: Timestamp,
    /// The opening bell, 09:30.
    pub open_at: Timestamp,
    /// The closing bell, 16:00, on half days 13:00.
    pub close_at: Timestamp,
    /// The end of the extended session, 20:00, on half days 17:00.
    pub close_at_ext: Timestamp,
}

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

/// The day in New York.
pub(crate) fn local_date(now: Timestamp) -> NaiveDate {
    let winter = (now - TimeDelta::hours(5)).date_naive();
    (now - TimeDelta::hours(offset_hours(winter))).date_naive()
}

/// That time of that day in New York, as UTC. Not for the hour in which the clocks change.
pub(crate) fn eastern(date: NaiveDate, hour: u32, minute: u32) -> Timestamp {
    let local = date.and_hms_opt(hour, minute, 0).unwrap_or_default();
    Utc.from_utc_datetime(&local) + TimeDelta::hours(offset_hours(date))
}

/// New York is behind UTC by four hours from the second Sunday of March to the first of November, else by five.
fn offset_hours(date: NaiveDate) -> i64 {
    let from = nth(date.year(), 3, Weekday::Sun, 2);
    let until = nth(date.year(), 11, Weekday::Sun, 1);
    if (from..until).contains(&date) { 4 } else { 5 }
}

/// The n-th such weekday of a month.
pub(crate) fn nth(year: i32, month: u32, weekday: Weekday, n: u8) -> NaiveDate {
    NaiveDate::from_weekday_of_month_opt(year, month, weekday, n).unwrap_or_default()
}

/// The first of the years whose days are computed once and kept.
const FIRST_KEPT: i32 = 2015;
/// How many years are kept.
const YEARS_KEPT: usize = 50;

/// The special days of a year.
#[derive(Debug)]
struct Year {
    holidays: Vec<NaiveDate>,
    half_days: Vec<NaiveDate>,
}

static KEPT: LazyLock<Vec<Year>> = LazyLock::new(|| {
    (FIRST_KEPT..).take(YEARS_KEPT).map(|year| Year { holidays: holidays(year), half_days: half_days(year) }).collect()
});

fn kept(year: i32) -> Option<&'static Year> {
    usize::try_from(year - FIRST_KEPT).ok().and_then(|place| KEPT.get(place))
}

fn is_holiday(date: NaiveDate) -> bool {
    kept(date.year()).map_or_else(|| holidays(date.year()).contains(&date), |year| year.holidays.contains(&date))
}

fn is_half_day(date: NaiveDate) -> bool {
    kept(date.year()).map_or_else(|| half_days(date.year()).contains(&date), |year| year.half_days.contains(&date))
}

/// Days on which the exchanges are closed, weekends aside.
pub(crate) fn holidays(year: i32) -> Vec<NaiveDate> {
    let last_monday_of_may = ymd(year, 5, 31) - Days::new(u64::from(ymd(year, 5, 31).weekday().num_days_from_monday()));
    let new_year = ymd(year, 1, 1);
    let mut days = vec![
        nth(year, 1, Weekday::Mon, 3),
        nth(year, 2, Weekday::Mon, 3),
        easter(year) - Days::new(2),
        last_monday_of_may,
        observed(ymd(year, 6, 19)),
        observed(ymd(year, 7, 4)),
        nth(year, 9, Weekday::Mon, 1),
        nth(year, 11, Weekday::Thu, 4),
        observed(ymd(year, 12, 25)),
    ];
    // A New Year's Day on a Saturday is not made up for, since the Friday before belongs to the old year's books.
    if new_year.weekday() != Weekday::Sat {
        days.push(observed(new_year));
    }
    days.sort_unstable();
    days
}

fn observed(day: NaiveDate) -> NaiveDate {
    match day.weekday() {
        Weekday::Sat => day - Days::new(1),
        Weekday::Sun => day + Days::new(1),
        _ => day,
    }
}

/// Easter Sunday of the Gregorian calendar, by Gauss's method in the anonymous form.
fn easter(year: i32) -> NaiveDate {
    let (golden, century) = (year % 19, year / 100);
    let correction = (century - century / 4 - (8 * century + 13) / 25 + 19 * golden + 15) % 30;
    let full_moon = correction - (correction / 28) * (1 - (29 / (correction + 1)) * ((21 - golden) / 11));
    let weekday = (year + year / 4 + full_moon + 2 - century + century / 4) % 7;
    let offset = full_moon - weekday;
    let month = 3 + (offset + 40) / 44;
    let day = offset + 28 - 31 * (month / 4);
    ymd(year, u32::try_from(month).unwrap_or(4), u32::try_from(day).unwrap_or(1))
}

/// Days that end at 13:00: the eve of Independence Day, the day after Thanksgiving, Christmas Eve.
pub(crate) fn half_days(year: i32) -> Vec<NaiveDate> {
    let candidates = [ymd(year, 7, 3), nth(year, 11, Weekday::Thu, 4) + Days::new(1), ymd(year, 12, 24)];
    let closed = holidays(year);
    candidates.into_iter().filter(|day| is_weekday(*day) && !closed.contains(day)).collect()
}

/// Whether there is a session on that day.
pub(crate) fn is_trading_day(date: NaiveDate) -> bool {
    is_weekday(date) && !is_holiday(date)
}

fn is_weekday(date: NaiveDate) -> bool {
    !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The session of that day.
pub(crate) fn session(date: NaiveDate) -> Option<Session> {
    is_trading_day(date).then(|| {
        let (close, end) = if is_half_day(date) { (13, 17) } else { (16, 20) };
        Session {
            date,
            start_at: eastern(date, 8, 15),
            open_at: eastern(date, 9, 30),
            close_at: eastern(date, close, 0),
            close_at_ext: eastern(date, end, 0),
        }
    })
}

/// The last session before that day. No gap between sessions is longer than four days.
pub(crate) fn session_before(date: NaiveDate) -> Session {
    neighbour(date, |day| day.checked_sub_days(Days::new(1)))
}

/// The first session after that day.
pub(crate) fn session_after(date: NaiveDate) -> Session {
    neighbour(date, |day| day.checked_add_days(Days::new(1)))
}

fn neighbour(date: NaiveDate, step: impl Fn(NaiveDate) -> Option<NaiveDate>) -> Session {
    let mut day = date;
    for _ in 0..10 {
        day = step(day).unwrap_or(day);
        if let Some(found) = session(day) {
            return found;
        }
    }
    // Only reached at the ends of chrono's range of dates.
    let moment = eastern(date, 12, 0);
    Session { date, start_at: moment, open_at: moment, close_at: moment, close_at_ext: moment }
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

/// How many sessions lie between the epoch and that day, which does not count itself.
pub(crate) fn sessions_before(date: NaiveDate) -> i64 {
    let epoch = ymd(EPOCH.0, EPOCH.1, EPOCH.2);
    let days = date.signed_duration_since(epoch).num_days().max(0);
    let weekdays = days / 7 * 5 + (days % 7).min(5);
    let in_year = |year: i32| match kept(year) {
        Some(kept) if year < date.year() => kept.holidays.iter().filter(|day| **day >= epoch).count(),
        Some(kept) => kept.holidays.iter().filter(|day| (epoch..date).contains(day)).count(),
        None => holidays(year).iter().filter(|day| (epoch..date).contains(day)).count(),
    };
    let closed: usize = (EPOCH.0..=date.year()).map(in_year).sum();
    weekdays - i64::try_from(closed).unwrap_or(0)
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
    fn holidays_are_the_published_ones() {
        let texts = |days: Vec<NaiveDate>| days.iter().map(|day| day.format("%m-%d").to_string()).collect::<Vec<_>>();
        let of_2026 = ["01-01", "01-19", "02-16", "04-03", "05-25", "06-19", "07-03", "09-07", "11-26", "12-25"]
            .map(String::from);
        let of_2027 = ["01-01", "01-18", "02-15", "03-26", "05-31", "06-18", "07-05", "09-06", "11-25", "12-24"]
            .map(String::from);
        assert_eq!(texts(holidays(2026)), of_2026);
        assert_eq!(texts(holidays(2027)), of_2027);
        assert_eq!(texts(half_days(2026)), ["11-27", "12-24"].map(String::from));
        assert_eq!(texts(half_days(2027)), ["11-26"].map(String::from));
        assert_eq!(texts(half_days(2025)), ["07-03", "11-28", "12-24"].map(String::from));
        assert!(is_trading_day(ymd(2027, 12, 31)), "the Friday before a Saturday's New Year is open");
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
