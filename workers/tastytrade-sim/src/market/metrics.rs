//! One item of `/market-metrics`. Volatility index, ranks and percentile are fractions; the 30-day figures are percent.

use chrono::{Datelike, Days, NaiveDate};
use domain::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Kind, Listing, Market, chain, events, expirations, listing,
    noise::unit,
    occ::{Occ, Right},
    options::expires_at,
    quote::last_activity,
};
use crate::{
    calendar::{self, Session},
    wire::{number, zulu},
};

/// The metrics of a listed symbol.
pub(crate) fn item(market: &Market<'_>, listing: &'static Listing, now: Timestamp) -> Value {
    let session = calendar::current(now);
    let updated = zulu(last_activity(now));
    let volatility = Volatility::of(market, listing, &session, now);
    let historical = |days: u32| 100.0 * historical_volatility(&market.usual_closes(listing, &session, days + 1));
    let mut item = json!({
        "symbol": listing.symbol,
        "implied-volatility-index": number(volatility.now, 9),
        "implied-volatility-index-5-day-change": number(volatility.now - volatility.five_days_ago, 9),
        "implied-volatility-index-rank": number(volatility.rank, 9),
        "tos-implied-volatility-index-rank": number(volatility.rank, 9),
        "tw-implied-volatility-index-rank": number(volatility.percentile.midpoint(volatility.rank), 9),
        "tos-implied-volatility-index-rank-updated-at": updated,
        "implied-volatility-index-rank-source": "tos",
        "implied-volatility-percentile": number(volatility.percentile, 9),
        "implied-volatility-updated-at": updated,
        "liquidity-value": number(listing.volume / 1e5, 4),
        "liquidity-rank": number(f64::from(listing.liquidity_rating) / 5.0, 4),
        "liquidity-rating": listing.liquidity_rating,
        "liquidity-running-state": { "sum": number(listing.volume / 1e3, 1), "count": 100, "started-at": updated,
            "updated-at": updated },
        "updated-at": updated,
        "option-expiration-implied-volatilities": expirations_of(market, listing, now),
        "beta": number(listing.beta, 4),
        "beta-updated-at": updated,
        "corr-spy-3month": number(correlation(market, listing, &session), 2),
        "listed-market": listing.listed_market,
        "lendability": "Easy To Borrow",
        "borrow-rate": "0.0",
        "market-cap": listing.market_cap,
        "implied-volatility-30-day": number(100.0 * volatility.now, 2),
        "historical-volatility-30-day": number(historical(30), 2),
        "historical-volatility-60-day": number(historical(60), 2),
        "historical-volatility-90-day": number(historical(90), 2),
        "iv-hv-30-day-difference": number(100.0 * volatility.now - historical(30), 2),
        "created-at": updated,
    });
    if let Some(fields) = item.as_object_mut() {
        fields.extend(company(market, listing, now));
        fields.extend(dividends(market, listing, now));
    }
    item
}

/// Implied volatility now and against the past year.
#[derive(Debug, Clone, Copy)]
struct Volatility {
    now: f64,
    five_days_ago: f64,
    rank: f64,
    percentile: f64,
}

impl Volatility {
    #[expect(clippy::cast_precision_loss, reason = "a count of at most 252")]
    fn of(market: &Market<'_>, listing: &Listing, session: &Session, moment: Timestamp) -> Self {
        let now = market.implied_volatility(listing, moment);
        // The year's sessions before this one, the oldest first, and now.
        let before = calendar::session_before(session.date);
        let mut year = market.volatility_history(listing, &before, 251);
        year.push(now);
        let five_days_ago = year.iter().rev().nth(5).copied().unwrap_or(now);
        let low = year.iter().copied().fold(f64::INFINITY, f64::min);
        let high = year.iter().copied().fold(0.0, f64::max);
        let below = year.iter().filter(|value| **value < now).count() as f64;
        let rank = if high > low { (now - low) / (high - low) } else { 0.0 };
        Self { now, five_days_ago, rank, percentile: below / 251.0 }
    }
}

fn returns(closes: &[f64]) -> Vec<f64> {
    closes.iter().zip(closes.iter().skip(1)).map(|(before, after)| (after / before).ln()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a count of at most 90")]
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / (values.len().max(1) as f64)
}

/// The standard deviation of the daily log returns over a year of 252 days, a fraction.
#[expect(clippy::cast_precision_loss, reason = "a count of at most 90")]
fn historical_volatility(closes: &[f64]) -> f64 {
    let returns = returns(closes);
    let mean = mean(&returns);
    let squares: f64 = returns.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (returns.len().saturating_sub(1).max(1) as f64) * 252.0).sqrt()
}

/// The correlation of daily returns with SPY's over 63 sessions.
fn correlation(market: &Market<'_>, listing: &Listing, session: &Session) -> f64 {
    let Some(spy) = listing::find("SPY") else { return 0.0 };
    let of = |listing| {
        let values = returns(&market.usual_closes(listing, session, 64));
        let mean = mean(&values);
        values.into_iter().map(|value| value - mean).collect::<Vec<_>>()
    };
    let (ours, theirs) = (of(listing), of(spy));
    let product = |left: &[f64], right: &[f64]| left.iter().zip(right).map(|(a, b)| a * b).sum::<f64>();
    let scale = (product(&ours, &ours) * product(&theirs, &theirs)).sqrt();
    if scale > 0.0 { product(&ours, &theirs) / scale } else { 0.0 }
}

/// The volatility of every listed expiration of the standard chains.
fn expirations_of(market: &Market<'_>, listing: &'static Listing, now: Timestamp) -> Vec<Value> {
    let today = calendar::local_date(now);
    chain::roots(listing)
        .into_iter()
        .flat_map(|root| {
            let adjusted = root.ends_with('1');
            expirations::listed(listing, &root, today).into_iter().map(move |day| (root.clone(), adjusted, day.date))
        })
        .map(|(root, adjusted, expiration)| {
            let any = Occ { root, expiration, right: Right::Call, strike_mills: 0 };
            json!({
                "expiration-date": expiration.to_string(),
                "option-chain-type": if adjusted { "Non-standard" } else { "Standard" },
                "settlement-type": any.settlement().as_str(),
                "implied-volatility": number(market.at_the_money(listing, now, expires_at(&any).max(now)), 9),
            })
        })
        .collect()
}

fn company(market: &Market<'_>, listing: &Listing, now: Timestamp) -> Map<String, Value> {
    let mut fields = Map::new();
    if listing.kind != Kind::Stock {
        return fields;
    }
    let per_share = earnings_per_share(listing);
    let ratio = if per_share > 0.0 { market.price(listing, now) / per_share } else { 0.0 };
    let today = calendar::local_date(now);
    let date = events::next_earnings(listing, today).unwrap_or(today);
    let last_reported = events::earnings(listing, today - Days::new(200), today - Days::new(1))
        .last()
        .map_or(per_share / 4.0, |day| reported(market, listing, *day));
    fields.insert("sector".to_owned(), json!(listing.sector));
    fields.insert("industry".to_owned(), json!(listing.industry));
    fields.insert("price-earnings-ratio".to_owned(), json!(number(ratio, 2)));
    fields.insert("earnings-per-share".to_owned(), json!(number(per_share, 2)));
    fields.insert(
        "earnings".to_owned(),
        json!({
            "visible": true,
            "expected-report-date": date.to_string(),
            "estimated": true,
            "late-flag": 0,
            "time-of-day": if listing.before_open { "BTO" } else { "AMC" },
            "quarter-end-date": quarter_end_before(date).to_string(),
            "actual-eps": number(last_reported, 2),
            "consensus-estimate": number(per_share / 4.0 * 1.03, 2),
            "updated-at": zulu(last_activity(now)),
        }),
    );
    fields
}

/// What a company earns per share and year; a little less than nothing where there is no ratio.
pub(crate) fn earnings_per_share(listing: &Listing) -> f64 {
    if listing.price_earnings > 0.0 { listing.base / listing.price_earnings } else { -0.01 * listing.base }
}

/// What a company earned in the quarter that it reported on a day.
pub(crate) fn reported(market: &Market<'_>, listing: &Listing, day: NaiveDate) -> f64 {
    let own = events::surprises(market.seed, listing);
    let place = i64::from(day.num_days_from_ce());
    earnings_per_share(listing) / 4.0 * (0.92 + 0.16 * unit(own, place))
}

fn dividends(market: &Market<'_>, listing: &Listing, now: Timestamp) -> Map<String, Value> {
    let mut fields = Map::new();
    if listing.dividend <= 0.0 {
        return fields;
    }
    let today = calendar::local_date(now);
    let next = events::next_dividend(listing, today).unwrap_or(today);
    let annual = 4.0 * listing.dividend;
    for (name, value) in [
        ("dividend-rate-per-share", number(listing.dividend, 2)),
        ("annual-dividend-per-share", number(annual, 2)),
        ("dividend-yield", number(annual / market.price(listing, now), 9)),
        ("dividend-ex-date", next.to_string()),
        ("dividend-next-date", next.to_string()),
        ("dividend-pay-date", (next + Days::new(14)).to_string()),
        ("dividend-updated-at", zulu(last_activity(now))),
    ] {
        fields.insert(name.to_owned(), json!(value));
    }
    fields
}

fn quarter_end_before(date: NaiveDate) -> NaiveDate {
    let first_of_quarter = calendar::ymd(date.year(), (date.month0() / 3) * 3 + 1, 1);
    first_of_quarter - Days::new(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn fractions_and_percents_are_where_they_belong() {
        let none = BTreeMap::new();
        let market = Market { seed: 1, overrides: &none };
        let now: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
        for listing in listing::LISTINGS.iter().filter(|listing| listing.kind != Kind::Crypto) {
            let item = item(&market, listing, now);
            let read = |name: &str| item[name].as_str().unwrap().parse::<f64>().unwrap();
            for name in
                ["implied-volatility-index-rank", "implied-volatility-percentile", "tw-implied-volatility-index-rank"]
            {
                assert!((0.0..=1.0).contains(&read(name)), "{name}");
            }
            assert!((0.05..1.5).contains(&read("implied-volatility-index")), "{item}");
            assert!((5.0..150.0).contains(&read("implied-volatility-30-day")), "{item}");
            assert!(item["market-cap"].is_u64());
            assert_eq!(item["earnings"].is_object(), listing.kind == Kind::Stock);
        }
        let apple = item(&market, listing::find("AAPL").unwrap(), now);
        assert_eq!(apple["earnings"]["expected-report-date"], "2027-01-27");
        assert_eq!(apple["earnings"]["quarter-end-date"], "2026-12-31");
        assert_eq!(apple["option-expiration-implied-volatilities"][0]["expiration-date"], "2026-11-20");
    }
}
