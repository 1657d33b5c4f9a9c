//! The New York exchanges' calendar: sessions, holidays and half days by their rules, and New York's clock.
//!
//! In scope: equities and the options on them. Out of scope: futures sessions, and closures that no rule foresees, such as
//! days of mourning. The rules are those that hold since 2022, when Juneteenth became a holiday
//! (<https://www.nyse.com/markets/hours-calendars>); New York's clock changes by the rule that holds since 2007.

use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc, Weekday};

use crate::Timestamp;

/// One trading day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
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

/// What an option settles to, which is when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// Opening prices: `AM`, as the monthly options on most indexes.
    Morning,
    /// Closing prices: `PM`, as all options on shares and funds.
    Afternoon,
}

impl Settlement {
    /// Reads TastyTrade's `AM` and `PM`; what is neither settles in the afternoon, as most options do.
    pub fn parse(text: &str) -> Self {
        if text.eq_ignore_ascii_case("am") { Self::Morning } else { Self::Afternoon }
    }

    /// TastyTrade's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Morning => "AM",
            Self::Afternoon => "PM",
        }
    }
}

/// What the clocks in New York show.
pub fn local(moment: Timestamp) -> NaiveDateTime {
    let utc = moment.naive_utc();
    let winter = utc.checked_sub_signed(TimeDelta::hours(5)).unwrap_or(utc);
    // The way back is at two by the clock, which is one in winter time.
    let change = |day: NaiveDate, hour| day.and_hms_opt(hour, 0, 0).unwrap_or_default();
    let (begin, end) = summer(winter.year());
    let is_summer = (change(begin, 2)..change(end, 1)).contains(&winter);
    if is_summer { winter.checked_add_signed(TimeDelta::hours(1)).unwrap_or(winter) } else { winter }
}

/// The day in New York.
pub fn day(moment: Timestamp) -> NaiveDate {
    local(moment).date()
}

/// That time of that day in New York, as UTC. Not for the hours in which the clocks change.
pub fn eastern(date: NaiveDate, hour: u32, minute: u32) -> Timestamp {
    let (begin, end) = summer(date.year());
    let behind = if (begin..end).contains(&date) { 4 } else { 5 };
    let local = date.and_hms_opt(hour, minute, 0).unwrap_or_default();
    let as_if = Utc.from_utc_datetime(&local);
    as_if.checked_add_signed(TimeDelta::hours(behind)).unwrap_or(as_if)
}

/// Summer time begins on the second Sunday of March and ends on the first of November.
fn summer(year: i32) -> (NaiveDate, NaiveDate) {
    (nth(year, 3, Weekday::Sun, 2), nth(year, 11, Weekday::Sun, 1))
}

/// A date that is known to exist; the first of 1970 for one that does not.
fn ymd(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}

/// The n-th such weekday of a month.
fn nth(year: i32, month: u32, weekday: Weekday, n: u8) -> NaiveDate {
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
pub fn holidays(year: i32) -> Vec<NaiveDate> {
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
    // Floors and not truncations, so that it holds for years before the first as well.
    let (golden, century) = (year.rem_euclid(19), year.div_euclid(100));
    let (leap, moon) = (century.div_euclid(4), (8 * century + 13).div_euclid(25));
    let correction = (century - leap - moon + 19 * golden + 15).rem_euclid(30);
    let full_moon = correction - (correction / 28) * (1 - (29 / (correction + 1)) * ((21 - golden) / 11));
    let weekday = (year + year.div_euclid(4) + full_moon + 2 - century + leap).rem_euclid(7);
    let offset = full_moon - weekday;
    let month = 3 + (offset + 40) / 44;
    let day = offset + 28 - 31 * (month / 4);
    ymd(year, u32::try_from(month).unwrap_or(4), u32::try_from(day).unwrap_or(1))
}

/// Days that end at 13:00: the eve of Independence Day, the day after Thanksgiving, Christmas Eve.
pub fn half_days(year: i32) -> Vec<NaiveDate> {
    let candidates = [ymd(year, 7, 3), nth(year, 11, Weekday::Thu, 4) + Days::new(1), ymd(year, 12, 24)];
    let closed = holidays(year);
    candidates.into_iter().filter(|day| is_weekday(*day) && !closed.contains(day)).collect()
}

/// Whether there is a session on that day.
pub fn is_trading_day(date: NaiveDate) -> bool {
    is_weekday(date) && !is_holiday(date)
}

fn is_weekday(date: NaiveDate) -> bool {
    !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The session of that day.
pub fn session(date: NaiveDate) -> Option<Session> {
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
pub fn session_before(date: NaiveDate) -> Session {
    neighbour(date, |day| day.checked_sub_days(Days::new(1)))
}

/// The first session after that day.
pub fn session_after(date: NaiveDate) -> Session {
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

/// When an option ends: the closing bell of its last day, which on half days rings at 13:00, or that day's opening bell where
/// it settles to opening prices. A last day on which the exchanges are closed is taken for a whole one.
pub fn option_ends_at(expiration: NaiveDate, settlement: Settlement) -> Timestamp {
    match (settlement, session(expiration)) {
        (Settlement::Morning, _) => eastern(expiration, 9, 30),
        (Settlement::Afternoon, Some(session)) => session.close_at,
        (Settlement::Afternoon, None) => eastern(expiration, 16, 0),
    }
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
        for (year, closed, half) in [
            (2025, "01-01 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25", "07-03 11-28 12-24"),
            (2026, "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25", "11-27 12-24"),
            (2027, "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24", "11-26"),
            (2028, "01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25", "07-03 11-24"),
        ] {
            assert_eq!(texts(holidays(year)).join(" "), closed, "{year}");
            assert_eq!(texts(half_days(year)).join(" "), half, "{year}");
        }
        assert!(is_trading_day(ymd(2027, 12, 31)), "the Friday before a Saturday's New Year is open");
    }

    #[test]
    fn summer_and_winter() {
        for (utc, shown) in [
            ("2026-11-20T21:00:00Z", "2026-11-20 16:00"),
            ("2026-07-03T13:30:00Z", "2026-07-03 09:30"),
            ("2026-03-08T06:59:00Z", "2026-03-08 01:59"),
            ("2026-03-08T07:00:00Z", "2026-03-08 03:00"),
            ("2026-11-01T05:59:00Z", "2026-11-01 01:59"),
            ("2026-11-01T06:00:00Z", "2026-11-01 01:00"),
            ("2027-01-01T04:59:00Z", "2026-12-31 23:59"),
        ] {
            assert_eq!(local(at(utc)).format("%Y-%m-%d %H:%M").to_string(), shown, "{utc}");
        }
    }

    #[test]
    fn options_end_with_their_sessions() {
        use Settlement::{Afternoon, Morning};
        for (day, settlement, end) in [
            ("2026-12-18", Afternoon, "2026-12-18T21:00:00Z"),
            ("2026-12-18", Morning, "2026-12-18T14:30:00Z"),
            ("2026-07-17", Afternoon, "2026-07-17T20:00:00Z"),
            ("2026-07-17", Morning, "2026-07-17T13:30:00Z"),
            ("2026-11-27", Afternoon, "2026-11-27T18:00:00Z"),
            ("2026-12-24", Afternoon, "2026-12-24T18:00:00Z"),
            ("2028-07-03", Afternoon, "2028-07-03T17:00:00Z"),
            ("2026-11-26", Afternoon, "2026-11-26T21:00:00Z"),
        ] {
            assert_eq!(option_ends_at(day.parse().unwrap(), settlement), at(end), "{day}");
        }
        assert_eq!(
            (Settlement::parse("am"), Settlement::parse("PM"), Settlement::parse("")),
            (Morning, Afternoon, Afternoon)
        );
    }

    proptest::proptest! {
        #[test]
        fn every_day_has_its_neighbours(days in -800_000..800_000_i64) {
            let date = NaiveDate::default() + TimeDelta::days(days);
            let (before, after) = (session_before(date), session_after(date));
            proptest::prop_assert!(before.date < date && date < after.date);
            proptest::prop_assert!(before.start_at < before.open_at && before.close_at < before.close_at_ext);
            proptest::prop_assert_eq!(day(before.open_at), before.date);
        }

        #[test]
        fn any_moment_has_a_day(seconds: i64) {
            if let Some(moment) = chrono::DateTime::from_timestamp(seconds, 0) {
                let _ = local(moment);
            }
        }
    }
}
