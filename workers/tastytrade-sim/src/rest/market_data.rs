//! Quotes and metrics.

use serde_json::{Value, json};

use super::Context;
use crate::{
    call::{list, query},
    market::{
        Kind, Market, listing, metrics as of,
        occ::Occ,
        quote::{self, QuoteItem},
    },
    wire::{Refusal, envelope, items},
};

/// How many symbols one call may name.
const MOST: usize = 100;
/// The lists that the call takes. Nothing is listed for the last three.
const TYPES: [&str; 6] = ["equity", "index", "equity-option", "cryptocurrency", "future", "future-option"];

fn find(market: &Market<'_>, kind: &str, symbol: &str, context: &Context<'_>) -> Option<QuoteItem> {
    match kind {
        "equity" | "index" => {
            let listing = listing::find(symbol)?;
            let fits = (listing.kind == Kind::Index) == (kind == "index");
            fits.then(|| quote::of_listing(market, listing, context.seen))
        }
        "equity-option" => quote::of_option(market, &Occ::parse(symbol)?, context.seen),
        _ => None,
    }
}

fn value(item: &QuoteItem) -> Value {
    serde_json::to_value(item).unwrap_or_default()
}

/// `/market-data/by-type`: what is not known is not in the answer.
pub(super) fn by_type(context: &Context<'_>) -> Result<Value, Refusal> {
    let query = query(context.call);
    let asked: Vec<(&str, String)> =
        TYPES.iter().flat_map(|kind| list(&query, kind).into_iter().map(move |symbol| (*kind, symbol))).collect();
    if asked.is_empty() {
        return Err(Refusal::Invalid("at least one symbol is required".to_owned()));
    }
    if asked.len() > MOST {
        return Err(Refusal::Invalid(format!("at most {MOST} symbols are allowed")));
    }
    let market = context.state.market();
    let found = asked.iter().filter_map(|(kind, symbol)| find(&market, kind, symbol, context));
    let mut answer = items(found.map(|item| value(&item)).collect(), "/market-data/by-type");
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("pagination".to_owned(), Value::Null);
    }
    Ok(answer)
}

/// `/market-data/{type}/{symbol}`.
pub(super) fn one(context: &Context<'_>, kind: &str, symbol: &str) -> Result<Value, Refusal> {
    let name = kind.to_ascii_lowercase().replace(' ', "-");
    let item = find(&context.state.market(), &name, &symbol.to_ascii_uppercase(), context).ok_or(Refusal::NotFound)?;
    Ok(envelope(&value(&item), &format!("/market-data/{kind}/{symbol}")))
}

/// `/market-metrics`.
pub(super) fn metrics(context: &Context<'_>) -> Result<Value, Refusal> {
    let symbols = list(&query(context.call), "symbols");
    if symbols.is_empty() {
        return Err(Refusal::Invalid("symbols is missing".to_owned()));
    }
    let market = context.state.market();
    let found = symbols.iter().filter_map(|symbol| listing::find(symbol));
    let list: Vec<Value> = found.map(|listing| of::item(&market, listing, context.seen)).collect();
    Ok(json!({ "data": { "items": list }, "context": "/market-metrics" }))
}
