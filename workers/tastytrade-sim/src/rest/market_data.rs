//! Quotes.

use serde_json::Value;

use super::{Asked, Endpoint, Outcome, get, wrong};
use crate::{
    market::{Instrument, quote},
    state::State,
    wire::{Refusal, envelope, items},
};

pub(super) const ENDPOINTS: &[Endpoint] =
    &[get("/market-data/by-type", by_type), get("/market-data/{type}/{symbol}", one)];

/// How many symbols one call may name.
const MOST: usize = 100;
/// The lists that the call takes, and their types.
const TYPES: [(&str, &str); 6] = [
    ("equity", "Equity"),
    ("index", "Index"),
    ("equity-option", "Equity Option"),
    ("cryptocurrency", "Cryptocurrency"),
    ("future", "Future"),
    ("future-option", "Future Option"),
];

fn find(state: &State, asked: &Asked<'_>, kind: &str, symbol: &str) -> Option<Value> {
    let market = state.market();
    let instrument = Instrument::find(kind, symbol)?;
    if !market.lists(&instrument, asked.seen) {
        return None;
    }
    serde_json::to_value(quote::of_instrument(&market, &instrument, asked.seen)?).ok()
}

/// What is not known is not in the answer.
fn by_type(state: &State, asked: &Asked<'_>) -> Outcome {
    let named: Vec<(&str, String)> =
        TYPES.iter().flat_map(|(list, kind)| asked.list(list).into_iter().map(move |symbol| (*kind, symbol))).collect();
    if named.is_empty() {
        return Err(Refusal::Invalid("at least one symbol is required".to_owned()));
    }
    if named.len() > MOST {
        return Err(Refusal::Invalid(format!("at most {MOST} symbols are allowed")));
    }
    let found = named.iter().filter_map(|(kind, symbol)| find(state, asked, kind, symbol)).collect();
    let mut answer = items(found, "/market-data/by-type");
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("pagination".to_owned(), Value::Null);
    }
    Ok(answer.into())
}

fn one(state: &State, asked: &Asked<'_>) -> Outcome {
    let name = asked.part(0).to_ascii_lowercase().replace(' ', "-");
    let (_, kind) =
        TYPES.iter().find(|(list, _)| *list == name).ok_or_else(|| wrong("instrument-type", "is unknown"))?;
    let item = find(state, asked, kind, &asked.part(1).to_ascii_uppercase()).ok_or(Refusal::NotFound)?;
    Ok(envelope(&item, asked.path()).into())
}
