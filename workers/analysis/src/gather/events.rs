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

/// What an underlying pays, as far as options are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Dividends {
    /// Of a year, as a fraction of the price.
    pub(crate) yields: Option<f64>,
    /// The first day without the next dividend, where it is known.
    pub(crate) ex_dividend: Option<NaiveDate>,
}

impl Dividends {
    /// The continuous yield to compute options with that end on a day, a fraction per year: that of a year, or none where the
    /// next dividend comes after their end. Absent where nothing is known.
    pub(crate) fn yield_until(&self, expiration: NaiveDate) -> Option<f64> {
        let comes_later = self.ex_dividend.is_some_and(|day| day > expiration);
        self.yields.map(|yields| if comes_later { 0.0 } else { (1.0 + yields).ln() })
    }
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
    fn a_dividend_after_the_end_does_not_count() {
        let dividends = Dividends { yields: Some(0.02), ex_dividend: Some(day("2026-12-08")) };
        for (expiration, yields) in [("2026-12-04", 0.0), ("2026-12-08", 1.02_f64.ln()), ("2027-06-18", 1.02_f64.ln())]
        {
            assert_eq!(dividends.yield_until(day(expiration)), Some(yields), "{expiration}");
        }
        assert_eq!(Dividends { yields: None, ..dividends }.yield_until(day("2026-12-04")), None);
        let unknown_day = Dividends { ex_dividend: None, ..dividends };
        assert_eq!(unknown_day.yield_until(day("2026-11-27")), Some(1.02_f64.ln()));
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
