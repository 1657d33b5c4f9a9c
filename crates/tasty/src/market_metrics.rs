//! Volatility, liquidity and events of an underlying, `GET /market-metrics`.
//!
//! TastyTrade mixes units: the IV index, ranks and percentile are fractions, the volatilities over N days are percent. Here
//! all of them are percent (42.73 means 42.73 %), and the shift is exact.

use chrono::NaiveDate;
use domain::{Decimal, Symbol, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Answer, Error, Noted, Request, fields::Fields, request::path_symbol, symbol::Kind};

/// The metrics of one underlying.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// As TastyTrade spells it.
    pub symbol: String,
    /// Implied volatility over all expirations, percent.
    pub iv_index: Option<Decimal>,
    /// Rank of the IV index between the year's extremes, percent, by the source that TastyTrade prefers.
    pub iv_rank: Option<Decimal>,
    /// The rank that TastyTrade's own platform shows, percent.
    pub tw_iv_rank: Option<Decimal>,
    /// Share of the year's days with a lower IV index, percent.
    pub iv_percentile: Option<Decimal>,
    /// 30-day implied volatility, percent.
    pub iv_30_day: Option<Decimal>,
    /// 30-day historical volatility, percent.
    pub hv_30_day: Option<Decimal>,
    /// Beta to the S&P 500.
    pub beta: Option<Decimal>,
    /// Market capitalisation, US dollars.
    pub market_cap: Option<Decimal>,
    /// Liquidity of the options, in stars; more is better.
    pub liquidity_rating: Option<Decimal>,
    /// The next or last expected report of earnings. It may lie in the past when no later one is known.
    pub earnings: Option<Earnings>,
    /// The ex-dividend date that TastyTrade has, past or next.
    pub dividend_ex_date: Option<NaiveDate>,
    /// When TastyTrade last changed it.
    pub updated_at: Option<Timestamp>,
}

/// An expected report of earnings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Earnings {
    /// The day, by the calendar of New York.
    pub date: NaiveDate,
    /// `BTO` before the open, `AMC` after the close.
    pub time_of_day: Option<String>,
    /// Whether the day is an estimate.
    pub is_estimated: bool,
}

/// Asks for the metrics of the symbols that have any: shares, funds and indexes. `None` if there are none among them.
pub fn request(symbols: &[Symbol]) -> Option<Request> {
    let list: Vec<_> = symbols.iter().filter(|symbol| Kind::of(symbol).has_metrics()).map(path_symbol).collect();
    (!list.is_empty()).then(|| Request::get(format!("/market-metrics?symbols={}", list.join(","))))
}

/// Reads the metrics. Symbols without any are not in the answer; an item without a symbol is left out with a note.
pub fn read(answer: &Answer) -> Result<Noted<Vec<Metrics>>, Error> {
    let mut noted = Noted { value: Vec::new(), notes: Vec::new() };
    for mut item in answer.items()? {
        match one(&mut item) {
            Ok(metrics) => noted.value.push(metrics),
            Err(error) => item.notes.push(error.to_string()),
        }
        noted.notes.append(&mut item.notes);
    }
    Ok(noted)
}

fn one(item: &mut Fields<'_>) -> Result<Metrics, Error> {
    let percent = |item: &mut Fields<'_>, name| item.decimal(name).and_then(percent);
    Ok(Metrics {
        symbol: item.required("symbol", Fields::text)?,
        iv_index: percent(item, "implied-volatility-index"),
        iv_rank: percent(item, "implied-volatility-index-rank"),
        tw_iv_rank: percent(item, "tw-implied-volatility-index-rank"),
        iv_percentile: percent(item, "implied-volatility-percentile"),
        iv_30_day: item.decimal("implied-volatility-30-day"),
        hv_30_day: item.decimal("historical-volatility-30-day"),
        beta: item.decimal("beta"),
        // An index has none; some answers say 0 for that.
        market_cap: item.decimal("market-cap").filter(|value| !value.0.is_zero()),
        liquidity_rating: item.decimal("liquidity-rating"),
        earnings: earnings(item),
        dividend_ex_date: item.day("dividend-ex-date"),
        updated_at: item.moment("updated-at"),
    })
}

/// The report of earnings, unless TastyTrade says that it is not to be shown.
fn earnings(item: &mut Fields<'_>) -> Option<Earnings> {
    let mut fields = item.inner("earnings");
    let is_visible = fields.truth("visible").unwrap_or(true);
    let date = fields.day("expected-report-date").filter(|_| is_visible);
    let time_of_day = fields.text("time-of-day");
    let is_estimated = fields.truth("estimated").unwrap_or(true);
    item.notes.append(&mut fields.notes);
    Some(Earnings { date: date?, time_of_day, is_estimated })
}

/// A fraction in percent. Moving the decimal point keeps every digit; only a number too large to be moved has none.
fn percent(fraction: Decimal) -> Option<Decimal> {
    let mut value = fraction.0;
    match value.scale() {
        scale @ 2.. => value.set_scale(scale - 2).ok()?,
        _ => value = value.checked_mul(rust_decimal::Decimal::ONE_HUNDRED)?.normalize(),
    }
    Some(Decimal(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn only_underlyings_have_metrics() {
        let symbols = |list: &[&str]| list.iter().map(|symbol| Symbol::parse(symbol).unwrap()).collect::<Vec<_>>();
        let request = |list: &[&str]| super::request(&symbols(list)).map(|request| request.path_and_query);
        assert_eq!(
            request(&["AAPL", "BRK/B", "/ESZ6", "SPX"]).as_deref(),
            Some("/market-metrics?symbols=AAPL,BRK%2FB,SPX")
        );
        assert_eq!(request(&["AAPL  260619C00200000"]), None);
    }

    #[test]
    fn fractions_become_percent_exactly() {
        for (fraction, expected) in [
            ("0.4273", "42.73"),
            ("0.261833862", "26.1833862"),
            ("0.5", "50"),
            ("1", "100"),
            ("0", "0"),
            ("0.00", "0"),
            ("-0.0123", "-1.23"),
            ("0.300", "30.0"),
        ] {
            assert_eq!(percent(fraction.parse().unwrap()).unwrap().to_string(), expected, "{fraction}");
        }
        assert_eq!(percent(Decimal(rust_decimal::Decimal::MAX)), None);
    }

    #[test]
    fn metrics_are_read_in_percent() {
        let body = r#"{"data":{"items":[
            {"symbol":"NVDA","implied-volatility-index":"0.391","implied-volatility-index-rank":"0.4273",
             "tw-implied-volatility-index-rank":"0.3713","implied-volatility-index-rank-source":"tos",
             "implied-volatility-percentile":"0.3307","implied-volatility-30-day":"26.53",
             "historical-volatility-30-day":"22.1","beta":"1.7","market-cap":4400000000000,"liquidity-rating":4,
             "earnings":{"visible":true,"expected-report-date":"2027-02-24","estimated":false,"late-flag":0,
              "time-of-day":"AMC"},"dividend-ex-date":"2026-12-04","updated-at":"2026-11-20T15:00:00Z"},
            {"symbol":"SPX","implied-volatility-index-rank":"NaN","earnings":{"visible":false,
             "expected-report-date":"2027-01-01"},"dividend-ex-date":"never"}
            ]}}"#;
        let metrics = read(&answer(200, body)).unwrap();
        assert_eq!(metrics.notes, ["data.items[1].dividend-ex-date: not a date"]);
        let [nvda, spx] = metrics.value.try_into().unwrap();
        let text = |value: Option<Decimal>| value.unwrap().to_string();
        assert_eq!(text(nvda.iv_rank), "42.73");
        assert_eq!(text(nvda.iv_30_day), "26.53");
        assert_eq!(text(nvda.market_cap), "4400000000000");
        let earnings = nvda.earnings.unwrap();
        assert_eq!((earnings.date.to_string().as_str(), earnings.is_estimated), ("2027-02-24", false));
        assert_eq!((spx.iv_rank, spx.earnings, spx.market_cap), (None, None, None));
    }
}
