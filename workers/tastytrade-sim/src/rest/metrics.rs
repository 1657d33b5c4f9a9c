//! `/market-metrics` and the history of dividends and earnings.

use chrono::Days;
use serde_json::{Value, json};

use super::{Asked, Endpoint, Outcome, get, wrong};
use crate::{
    calendar,
    market::{Kind, Listing, events, listing, metrics as of},
    state::State,
    wire::{Refusal, items, number},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/market-metrics", metrics),
    get("/market-metrics/historic-corporate-events/dividends/{symbol}", dividends),
    get("/market-metrics/historic-corporate-events/earnings-reports/{symbol}", earnings),
];

/// How far back the history of dividends goes.
const DIVIDEND_DAYS: u64 = 5 * 366;

fn metrics(state: &State, asked: &Asked<'_>) -> Outcome {
    let symbols = asked.list("symbols");
    if symbols.is_empty() {
        return Err(Refusal::Invalid("symbols is missing".to_owned()));
    }
    let market = state.market();
    let found = symbols.iter().filter_map(|symbol| listing::find(symbol));
    let list: Vec<Value> = found
        .filter(|listing| listing.kind != Kind::Crypto)
        .map(|listing| of::item(&market, listing, asked.seen))
        .collect();
    Ok(items(list, "/market-metrics").into())
}

fn listed(asked: &Asked<'_>) -> Result<&'static Listing, Refusal> {
    listing::find(&asked.part(0).to_ascii_uppercase()).ok_or(Refusal::NotFound)
}

/// The ex-dividend days so far, newest first.
fn dividends(_: &State, asked: &Asked<'_>) -> Outcome {
    let listing = listed(asked)?;
    let today = calendar::local_date(asked.now);
    let days = events::dividends(listing, today - Days::new(DIVIDEND_DAYS), today);
    let list = days
        .into_iter()
        .rev()
        .map(|day| json!({ "occurred-date": day.to_string(), "amount": number(listing.dividend, 4) }))
        .collect();
    Ok(items(list, asked.path()).into())
}

/// The reports so far, oldest first.
fn earnings(state: &State, asked: &Asked<'_>) -> Outcome {
    let listing = listed(asked)?;
    let today = calendar::local_date(asked.now);
    let first = asked.day("start-date")?.ok_or_else(|| wrong("start-date", "is missing"))?;
    let last = asked.day("end-date")?.unwrap_or(today).min(today);
    let market = state.market();
    let list = events::earnings(listing, first.max(calendar::ymd(2015, 1, 1)), last)
        .into_iter()
        .filter(|day| events::known_at(listing, *day) <= asked.now)
        .map(|day| json!({ "occurred-date": day.to_string(), "eps": number(of::reported(&market, listing, day), 2) }))
        .collect();
    Ok(items(list, asked.path()).into())
}
