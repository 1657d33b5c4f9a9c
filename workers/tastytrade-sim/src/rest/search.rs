//! `/symbols/search` and `/instruments/search`.

use serde_json::{Value, json};

use super::{Asked, Endpoint, Outcome, get};
use crate::{
    market::{
        Kind, Listing,
        futures::{self, PRODUCTS},
        listing::{Cycle, LISTINGS},
    },
    wire::{Refusal, items, moment},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/symbols/search/{text}", |_, asked| symbols(asked)),
    get("/instruments/search", |_, asked| instruments(asked)),
];

/// How well a listing fits: the symbol itself, a symbol that begins so, a word of the description that begins so.
fn fit(listing: &Listing, text: &str) -> Option<u8> {
    let description = listing.description.to_uppercase();
    if listing.symbol == text {
        Some(0)
    } else if listing.symbol.starts_with(text) {
        Some(1)
    } else {
        description.split([' ', '-']).any(|word| word.starts_with(text)).then_some(2)
    }
}

fn found(text: &str) -> Vec<&'static Listing> {
    let mut found: Vec<(u8, &Listing)> =
        LISTINGS.iter().filter_map(|listing| Some((fit(listing, text)?, listing))).collect();
    found.sort_by_key(|(fit, listing)| (*fit, listing.symbol));
    found.into_iter().map(|(_, listing)| listing).collect()
}

fn symbols(asked: &Asked<'_>) -> Outcome {
    let text = asked.part(0).trim().to_ascii_uppercase();
    let listed = found(&text).into_iter().map(|listing| {
        json!({
            "symbol": listing.symbol,
            "description": listing.description,
            "listed-market": listing.listed_market,
            "price-increments": "$0.01",
            "trading-hours": if listing.kind == Kind::Crypto { "24/7" } else { "9:30am-4:00pm ET" },
            "options": listing.chain != Cycle::None,
            "instrument-type": listing.instrument_type(),
        })
    });
    let futures =
        PRODUCTS.iter().filter(|product| format!("/{}", product.code).starts_with(&text)).flat_map(|product| {
            futures::listed(product, asked.now).into_iter().map(|contract| {
                json!({
                    "symbol": contract.to_string(),
                    "description": format!("{} {}", product.description, contract.expiration().format("%b %Y")),
                    "listed-market": "CME",
                    "price-increments": format!("${}", product.tick),
                    "trading-hours": "6:00pm-5:00pm ET",
                    "options": product.options,
                    "instrument-type": "Future",
                })
            })
        });
    let list: Vec<Value> = listed.chain(futures).take(50).collect();
    Ok(items(list, asked.path()).into())
}

fn instruments(asked: &Asked<'_>) -> Outcome {
    let text = asked.first("query").unwrap_or_default().trim().to_ascii_uppercase();
    let limit: usize = match asked.first("limit") {
        Some(limit) => limit.parse().map_err(|_| super::wrong("limit", "is not a number"))?,
        None => 25,
    };
    if text.is_empty() {
        return Err(Refusal::Invalid("query is missing".to_owned()));
    }
    let kind = asked.first("type");
    let listed = found(&text).into_iter().map(|listing| {
        json!({
            "symbol": listing.symbol, "description": listing.description,
            "instrument-type": listing.instrument_type(), "exchange": listing.listed_market,
        })
    });
    let futures =
        PRODUCTS.iter().filter(|product| product.code.starts_with(text.trim_start_matches('/'))).flat_map(|product| {
            futures::listed(product, asked.now).into_iter().map(|contract| {
                json!({
                    "symbol": contract.to_string(), "description": product.description,
                    "instrument-type": "Future", "exchange": "CME",
                    "stops-trading-at": moment(contract.expires_at()),
                })
            })
        });
    let list = listed
        .chain(futures)
        .filter(|item| kind.is_none_or(|kind| item["instrument-type"] == kind))
        .take(limit.min(100))
        .collect();
    Ok(items(list, asked.path()).into())
}
