//! The clock of New York, by the rule that holds since 2007: summer time from the second Sunday in March to the first in
//! November, changing at two in the morning.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Weekday};
use domain::Timestamp;

/// What the clocks there show.
pub(crate) fn local(moment: Timestamp) -> NaiveDateTime {
    let winter = moment.naive_utc() - TimeDelta::hours(5);
    if is_summer(winter) { winter + TimeDelta::hours(1) } else { winter }
}

/// The day there.
pub(crate) fn day(moment: Timestamp) -> NaiveDate {
    local(moment).date()
}

/// Whether it is summer time at a moment that is given in winter time.
fn is_summer(winter: NaiveDateTime) -> bool {
    let change = |month, sunday: u64, hour| nth_sunday(winter.year(), month, sunday)?.and_hms_opt(hour, 0, 0);
    // The way back is at two by the clock, which is one in winter time.
    match (change(3, 2, 2), change(11, 1, 1)) {
        (Some(begin), Some(end)) => (begin..end).contains(&winter),
        _ => false,
    }
}

fn nth_sunday(year: i32, month: u32, nth: u64) -> Option<NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
    let until_sunday = u64::from(first.weekday().days_since(Weekday::Mon));
    first.checked_add_days(Days::new((6 - until_sunday) + 7 * (nth - 1)))
}

/// `Fri 20 Nov 16:00 ET`.
pub(crate) fn shown(moment: Timestamp) -> String {
    local(moment).format("%a %-d %b %H:%M ET").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_and_winter() {
        for (utc, shown_as) in [
            ("2026-11-20T21:00:00Z", "Fri 20 Nov 16:00 ET"),
            ("2026-07-03T13:30:00Z", "Fri 3 Jul 09:30 ET"),
            ("2026-03-08T06:59:00Z", "Sun 8 Mar 01:59 ET"),
            ("2026-03-08T07:00:00Z", "Sun 8 Mar 03:00 ET"),
            ("2026-11-01T05:59:00Z", "Sun 1 Nov 01:59 ET"),
            ("2026-11-01T06:00:00Z", "Sun 1 Nov 01:00 ET"),
            ("2027-01-01T04:59:00Z", "Thu 31 Dec 23:59 ET"),
        ] {
            assert_eq!(shown(utc.parse().unwrap()), shown_as, "{utc}");
        }
    }
}
