//! Watchlists: the user's own, those that TastyTrade publishes, and pairs.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, Asked, Endpoint, Outcome, Scope, get, write, wrong};
use crate::{
    desk::Desk,
    market::{Kind, listing, listing::LISTINGS},
    state::State,
    wire::{Refusal, envelope, items},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/watchlists", own_lists),
    get("/watchlists/{name}", own_list),
    write(Method::POST, "/watchlists", Scope::Either, create),
    write(Method::PUT, "/watchlists/{name}", Scope::Either, replace),
    write(Method::DELETE, "/watchlists/{name}", Scope::Either, delete),
    get("/public-watchlists", public_lists),
    get("/public-watchlists/{name}", public_list),
    get("/pairs-watchlists", |_, asked| Ok(items(pairs(), asked.path()).into())),
    get("/pairs-watchlists/{name}", |_, asked| pair(asked)),
];

/// How many entries a list may have.
const MOST: usize = 500;

/// A list of symbols.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Watchlist {
    pub name: String,
    #[serde(default)]
    pub watchlist_entries: Vec<Value>,
    #[serde(default = "usual_group")]
    pub group_name: String,
    #[serde(default = "usual_order")]
    pub order_index: i64,
}

fn usual_group() -> String {
    "default".to_owned()
}

fn usual_order() -> i64 {
    9999
}

fn entries(symbols: &[&str]) -> Vec<Value> {
    symbols
        .iter()
        .map(|symbol| {
            let kind = match listing::find(symbol) {
                Some(listing) => listing.instrument_type(),
                None => "Future",
            };
            json!({ "symbol": symbol, "instrument-type": kind })
        })
        .collect()
}

/// What a user has before changing anything.
fn first_lists() -> Vec<Watchlist> {
    let list = |name: &str, order_index: i64, symbols: &[&str]| Watchlist {
        name: name.to_owned(),
        watchlist_entries: entries(symbols),
        group_name: usual_group(),
        order_index,
    };
    vec![
        list("Wheel candidates", 1, &["AAPL", "AMD", "KO", "PFE", "XOM", "BRK/B"]),
        list("Index and futures", 2, &["SPX", "VIX", "SPY", "/ESZ6"]),
    ]
}

fn lists_of(state: &State, user: &str) -> Vec<Watchlist> {
    state.watchlists.get(user).cloned().unwrap_or_else(first_lists)
}

fn value(list: &Watchlist) -> Value {
    serde_json::to_value(list).unwrap_or_default()
}

fn own_lists(state: &State, asked: &Asked<'_>) -> Outcome {
    let lists = lists_of(state, asked.user()?.name);
    Ok(items(lists.iter().map(value).collect(), asked.path()).into())
}

fn own_list(state: &State, asked: &Asked<'_>) -> Outcome {
    let lists = lists_of(state, asked.user()?.name);
    let list = lists.iter().find(|list| list.name == asked.part(0)).ok_or(Refusal::NotFound)?;
    Ok(envelope(&value(list), asked.path()).into())
}

fn read(asked: &Asked<'_>) -> Result<Watchlist, Refusal> {
    let body = asked.body()?;
    let name = body["name"].as_str().unwrap_or_default().trim().to_owned();
    if name.is_empty() || name.len() > 100 {
        return Err(wrong("name", "is missing or longer than 100 characters"));
    }
    let mut entries = Vec::new();
    for entry in body["watchlist-entries"].as_array().into_iter().flatten() {
        let symbol = entry["symbol"].as_str().filter(|symbol| !symbol.is_empty());
        let symbol = symbol.ok_or_else(|| wrong("watchlist-entries", "every entry needs a symbol"))?;
        let kind = entry["instrument-type"].as_str().unwrap_or("Equity");
        entries.push(json!({ "symbol": symbol, "instrument-type": kind }));
    }
    if entries.len() > MOST {
        return Err(wrong("watchlist-entries", "are too many"));
    }
    Ok(Watchlist {
        name,
        watchlist_entries: entries,
        group_name: body["group-name"].as_str().unwrap_or("default").to_owned(),
        order_index: body["order-index"].as_i64().unwrap_or(9999),
    })
}

fn create(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Outcome {
    let user = asked.user()?.name;
    let (mut lists, new) = (lists_of(desk.state, user), read(asked)?);
    if lists.iter().any(|list| list.name == new.name) {
        return Err(Refusal::Unprocessable("watchlist_exists", "A watchlist of this name exists".to_owned()));
    }
    lists.push(new.clone());
    desk.state.watchlists.insert(user.to_owned(), lists);
    Ok(Answer::created(envelope(&value(&new), asked.path())))
}

fn replace(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Outcome {
    let user = asked.user()?.name;
    let (mut lists, new) = (lists_of(desk.state, user), read(asked)?);
    let old = lists.iter_mut().find(|list| list.name == asked.part(0)).ok_or(Refusal::NotFound)?;
    *old = new.clone();
    desk.state.watchlists.insert(user.to_owned(), lists);
    Ok(envelope(&value(&new), asked.path()).into())
}

fn delete(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Outcome {
    let user = asked.user()?.name;
    let mut lists = lists_of(desk.state, user);
    let place = lists.iter().position(|list| list.name == asked.part(0)).ok_or(Refusal::NotFound)?;
    let old = lists.remove(place);
    desk.state.watchlists.insert(user.to_owned(), lists);
    Ok(envelope(&value(&old), asked.path()).into())
}

/// The lists that everybody sees.
pub(crate) fn public(state: &State, now: domain::Timestamp) -> Vec<Value> {
    let market = state.market();
    let stocks = || LISTINGS.iter().filter(|listing| listing.kind == Kind::Stock);
    let mut by_volume: Vec<_> = LISTINGS.iter().filter(|listing| listing.volume > 40e6).collect();
    by_volume.sort_by(|left, right| right.volume.total_cmp(&left.volume));
    let volume: Vec<&str> = by_volume.iter().take(15).map(|listing| listing.symbol).collect();
    let mut rich: Vec<(f64, &str)> =
        stocks().map(|listing| (market.implied_volatility(listing, now) / listing.iv, listing.symbol)).collect();
    rich.sort_by(|left, right| right.0.total_cmp(&left.0));
    let rich: Vec<&str> = rich.into_iter().take(12).map(|(_, symbol)| symbol).collect();
    let today = crate::calendar::local_date(now);
    let soon = today + chrono::Days::new(14);
    let reporting: Vec<&str> = stocks()
        .filter(|listing| !crate::market::events::earnings(listing, today, soon).is_empty())
        .map(|listing| listing.symbol)
        .collect();
    let list = |name: &str, order: usize, symbols: &[&str]| {
        json!({
            "name": name, "group-name": "tastytrade", "order-index": order,
            "cms-id": format!("blt-{}", name.to_lowercase().replace(['\'', ' '], "-")),
            "watchlist-entries": entries(symbols),
        })
    };
    vec![
        list("High Options Volume", 1, &volume),
        list("tasty IVR", 2, &rich),
        list("Earnings", 3, &reporting),
        list("Tom's Watchlist", 4, &["SPY", "QQQ", "IWM", "GLD", "TLT", "AAPL", "NVDA", "TSLA"]),
    ]
}

fn public_lists(state: &State, asked: &Asked<'_>) -> Outcome {
    let mut lists = public(state, asked.seen);
    if asked.flag("counts-only") == Some(true) {
        for list in &mut lists {
            let count = list["watchlist-entries"].as_array().map_or(0, Vec::len);
            if let Some(fields) = list.as_object_mut() {
                fields.remove("watchlist-entries");
                fields.insert("count".to_owned(), json!(count));
            }
        }
    }
    Ok(items(lists, asked.path()).into())
}

fn public_list(state: &State, asked: &Asked<'_>) -> Outcome {
    let lists = public(state, asked.seen);
    let list = lists.iter().find(|list| list["name"] == asked.part(0)).ok_or(Refusal::NotFound)?;
    Ok(envelope(list, asked.path()).into())
}

fn pairs() -> Vec<Value> {
    let pair = |left: &str, right: &str, quantity: u32| {
        json!({
            "left-action": "Buy to Open", "left-symbol": left, "left-quantity": quantity,
            "right-action": "Sell to Open", "right-symbol": right, "right-quantity": 1,
        })
    };
    vec![json!({
        "name": "Stock pairs", "order-index": 1,
        "pairs-equations": [pair("KO", "PG", 2), pair("XOM", "CVX", 1), pair("SLV", "GLD", 8)],
    })]
}

fn pair(asked: &Asked<'_>) -> Outcome {
    let list = pairs().into_iter().find(|list| list["name"] == asked.part(0)).ok_or(Refusal::NotFound)?;
    Ok(envelope(&list, asked.path()).into())
}
