//! The clock of New York, and how a moment is shown on it.

use domain::Timestamp;
pub(crate) use domain::exchange::{day, local};

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
