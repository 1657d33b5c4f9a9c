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
    /// The sector that TastyTrade counts it to, if any.
    #[serde(default)]
    pub sector: Option<String>,
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
    /// 60-day historical volatility, percent.
    pub hv_60_day: Option<Decimal>,
    /// 90-day historical volatility, percent.
    pub hv_90_day: Option<Decimal>,
    /// 30-day implied less 30-day historical volatility, percentage points.
    pub iv_hv_30_day_difference: Option<Decimal>,
    /// By how much the IV index has changed within five days, percentage points.
    pub iv_index_5_day_change: Option<Decimal>,
    /// The volatility of each expiration, in the order of the calendar.
    pub term_structure: Vec<ExpirationVolatility>,
    /// Beta to the S&P 500.
    pub beta: Option<Decimal>,
    /// Correlation of daily returns with SPY's over three months, -1 to 1.
    pub correlation_spy_3_month: Option<Decimal>,
    /// How easily shares are lent, in TastyTrade's words.
    pub lendability: Option<String>,
    /// What borrowing shares costs, as TastyTrade has it.
    pub borrow_rate: Option<Decimal>,
    /// Price by earnings.
    pub price_earnings_ratio: Option<Decimal>,
    /// Market capitalisation, US dollars.
    pub market_cap: Option<Decimal>,
    /// Liquidity of the options, in stars; more is better.
    pub liquidity_rating: Option<Decimal>,
    /// The next or last expected report of earnings. It may lie in the past when no later one is known.
    pub earnings: Option<Earnings>,
    /// The ex-dividend date that TastyTrade has, past or next.
    pub dividend_ex_date: Option<NaiveDate>,
    /// When the dividend is paid.
    pub dividend_pay_date: Option<NaiveDate>,
    /// US dollars per share and payment.
    pub dividend_per_share: Option<Decimal>,
    /// The year's dividends in percent of the price.
    pub dividend_yield: Option<Decimal>,
    /// When TastyTrade last changed it.
    pub updated_at: Option<Timestamp>,
}

/// The implied volatility of one expiration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpirationVolatility {
    /// The day.
    pub expiration: NaiveDate,
    /// `AM` or `PM`.
    pub settlement: Option<String>,
    /// Percent.
    pub iv: Decimal,
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
        sector: item.text("sector").filter(|sector| !sector.trim().is_empty()),
        iv_index: percent(item, "implied-volatility-index"),
        iv_rank: percent(item, "implied-volatility-index-rank"),
        tw_iv_rank: percent(item, "tw-implied-volatility-index-rank"),
        iv_percentile: percent(item, "implied-volatility-percentile"),
        iv_30_day: item.decimal("implied-volatility-30-day"),
        hv_30_day: item.decimal("historical-volatility-30-day"),
        hv_60_day: item.decimal("historical-volatility-60-day"),
        hv_90_day: item.decimal("historical-volatility-90-day"),
        iv_hv_30_day_difference: item.decimal("iv-hv-30-day-difference"),
        iv_index_5_day_change: percent(item, "implied-volatility-index-5-day-change"),
        term_structure: term_structure(item),
        beta: item.decimal("beta"),
        correlation_spy_3_month: item.decimal("corr-spy-3month"),
        lendability: item.text("lendability"),
        borrow_rate: item.decimal("borrow-rate"),
        price_earnings_ratio: item.decimal("price-earnings-ratio"),
        // An index has none; some answers say 0 for that.
        market_cap: item.decimal("market-cap").filter(|value| !value.0.is_zero()),
        liquidity_rating: item.decimal("liquidity-rating"),
        earnings: earnings(item),
        dividend_ex_date: item.day("dividend-ex-date"),
        dividend_pay_date: item.day("dividend-pay-date"),
        dividend_per_share: item.decimal("dividend-rate-per-share"),
        dividend_yield: percent(item, "dividend-yield"),
        updated_at: item.moment("updated-at"),
    })
}

/// The expirations of standard chains that have a volatility. Adjusted chains are left out: theirs is not the underlying's.
fn term_structure(item: &mut Fields<'_>) -> Vec<ExpirationVolatility> {
    let mut list = Vec::new();
    for mut each in item.list("option-expiration-implied-volatilities") {
        let is_standard = each.text("option-chain-type").is_none_or(|word| word.eq_ignore_ascii_case("standard"));
        let iv = each.decimal("implied-volatility").and_then(percent).filter(|iv| !iv.0.is_zero());
        let settlement = each.text("settlement-type");
        if let Some((expiration, iv)) = each.day("expiration-date").zip(iv).filter(|_| is_standard) {
            list.push(ExpirationVolatility { expiration, settlement, iv });
        }
        item.notes.append(&mut each.notes);
    }
    list.sort_by(|left, right| (left.expiration, &left.settlement).cmp(&(right.expiration, &right.settlement)));
    list
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
             "historical-volatility-30-day":"22.1","beta":"1.7","dividend-yield":"0.004","corr-spy-3month":"0.55",
             "option-expiration-implied-volatilities":[
              {"expiration-date":"2026-12-18","option-chain-type":"Standard","settlement-type":"PM","implied-volatility":"0.27"},
              {"expiration-date":"2026-11-27","option-chain-type":"Standard","implied-volatility":"0.3105"},
              {"expiration-date":"2026-12-18","option-chain-type":"Non-standard","implied-volatility":"0.9"},
              {"expiration-date":"2027-01-15","implied-volatility":"NaN"},7],"market-cap":4400000000000,"liquidity-rating":4,
             "earnings":{"visible":true,"expected-report-date":"2027-02-24","estimated":false,"late-flag":0,
              "time-of-day":"AMC"},"dividend-ex-date":"2026-12-04","updated-at":"2026-11-20T15:00:00Z"},
            {"symbol":"SPX","implied-volatility-index-rank":"NaN","earnings":{"visible":false,
             "expected-report-date":"2027-01-01"},"dividend-ex-date":"never"}
            ]}}"#;
        let metrics = read(&answer(200, body)).unwrap();
        let list = "data.items[0].option-expiration-implied-volatilities[4]: not an object";
        assert_eq!(metrics.notes, [list, "data.items[1].dividend-ex-date: not a date"]);
        let [nvda, spx] = metrics.value.try_into().unwrap();
        let text = |value: Option<Decimal>| value.unwrap().to_string();
        assert_eq!(text(nvda.iv_rank), "42.73");
        assert_eq!(text(nvda.iv_30_day), "26.53");
        assert_eq!((text(nvda.dividend_yield), text(nvda.correlation_spy_3_month)), ("0.4".into(), "0.55".into()));
        let terms: Vec<_> = nvda.term_structure.iter().map(|each| format!("{} {}", each.expiration, each.iv)).collect();
        assert_eq!(terms, ["2026-11-27 31.05", "2026-12-18 27"]);
        assert_eq!(text(nvda.market_cap), "4400000000000");
        let earnings = nvda.earnings.unwrap();
        assert_eq!((earnings.date.to_string().as_str(), earnings.is_estimated), ("2027-02-24", false));
        assert_eq!((spx.iv_rank, spx.earnings, spx.market_cap), (None, None, None));
    }
}
