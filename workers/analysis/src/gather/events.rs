//! What is known to come of an underlying: the report of earnings and the day from which shares come without a dividend.

use chrono::NaiveDate;
use tasty::market_metrics::{Earnings, Metrics};

/// The events of an underlying that lie ahead.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Events {
    /// The next report of earnings, where a day is expected.
    pub(crate) earnings: Option<Earnings>,
    /// The first day without the next dividend.
    pub(crate) ex_dividend: Option<NaiveDate>,
    /// US dollars per share of that dividend.
    pub(crate) dividend: Option<f64>,
}

/// The events of these metrics that have not passed. TastyTrade keeps the last report, and the last dividend, until it knows
/// the next one.
pub(crate) fn events(metrics: &Metrics, today: NaiveDate) -> Events {
    let ex_dividend = metrics.dividend_ex_date.filter(|day| *day >= today);
    let dividend = metrics.dividend_per_share.filter(|_| ex_dividend.is_some()).and_then(crate::chain::float);
    Events { earnings: metrics.earnings.clone().filter(|of| of.date >= today), ex_dividend, dividend }
}

impl Events {
    /// Whether a report comes out between today and the end of options that expire on a day. A report after the close of that
    /// day comes too late for them.
    pub(crate) fn earnings_until(&self, expiration: NaiveDate) -> Option<&Earnings> {
        self.earnings.as_ref().filter(|of| {
            let is_after_close = of.time_of_day.as_deref().is_some_and(|time| time.eq_ignore_ascii_case("AMC"));
            of.date < expiration || (of.date == expiration && !is_after_close)
        })
    }

    /// The ex-dividend day, if it lies before the end of options that expire on a day, or on it.
    pub(crate) fn ex_dividend_until(&self, expiration: NaiveDate) -> Option<NaiveDate> {
        self.ex_dividend.filter(|day| *day <= expiration)
    }
}

#[cfg(test)]
mod tests {
    use tasty::Answer;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn what_has_passed_is_no_event() {
        let body = r#"{"data":{"items":[{"symbol":"A","dividend-ex-date":"2026-12-04","dividend-rate-per-share":"0.26",
            "earnings":{"expected-report-date":"2026-11-24","time-of-day":"AMC"}}]}}"#;
        let now = "2026-11-20T15:30:00Z".parse().unwrap();
        let read = tasty::market_metrics::read(&Answer::new(200, None, body, now)).unwrap().value;
        let events = |today| super::events(&read[0], day(today));
        let ahead = events("2026-11-20");
        assert_eq!((ahead.ex_dividend, ahead.dividend), (Some(day("2026-12-04")), Some(0.26)));
        for (expiration, in_time) in [("2026-11-23", false), ("2026-11-24", false), ("2026-11-25", true)] {
            assert_eq!(ahead.earnings_until(day(expiration)).is_some(), in_time, "{expiration}");
        }
        assert_eq!(ahead.ex_dividend_until(day("2026-12-04")), Some(day("2026-12-04")));
        assert_eq!(ahead.ex_dividend_until(day("2026-12-03")), None);
        let later = events("2026-11-25");
        assert_eq!((later.earnings, later.ex_dividend.is_some()), (None, true));
        assert_eq!(events("2026-12-05"), Events::default());
    }
}
