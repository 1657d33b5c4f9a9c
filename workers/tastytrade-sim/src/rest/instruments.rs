//! Shares, indexes, options on them, and coins.

use serde_json::{Value, json};

use super::{Asked, Endpoint, Outcome, get, page, wrong};
use crate::{
    calendar,
    market::{
        Instrument, Kind, Listing,
        listing::{self, LISTINGS},
        occ::{Occ, Right},
        options::{expires_at, stops_trading_at},
    },
    state::State,
    wire::{Refusal, decimal, envelope, items, moment, number},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/instruments/equities", |_, asked| equities(asked)),
    get("/instruments/equities/active", |_, asked| equities(asked)),
    get("/instruments/equities/{symbol}", |_, asked| equity(asked)),
    get("/instruments/equity-options", options),
    get("/instruments/equity-options/{symbol}", option),
    get("/instruments/cryptocurrencies", |_, asked| coins(asked)),
    get("/instruments/cryptocurrencies/{symbol}", |_, asked| coin(asked)),
    get("/instruments/warrants", |_, asked| Ok(items(Vec::new(), asked.path()).into())),
    get("/instruments/warrants/{symbol}", |_, _| Err(Refusal::NotFound)),
    get("/instruments/currency-pairs", |_, asked| Ok(items(Vec::new(), asked.path()).into())),
    get("/instruments/quantity-decimal-precisions", |_, asked| precisions(asked)),
];

/// How many equities a page has.
const PAGE: usize = 1000;

/// A number for a listing that stays the same.
pub(super) fn id(listing: &Listing) -> usize {
    1000 + LISTINGS.iter().position(|other| other.symbol == listing.symbol).unwrap_or(0)
}

/// The steps of option prices: nickels and dimes unless the options are much traded.
pub(super) fn option_ticks(listing: &Listing) -> Value {
    if listing.liquidity_rating >= 4 && listing.kind != Kind::Index {
        json!([{ "value": "0.01" }])
    } else {
        json!([{ "threshold": "3.0", "value": "0.05" }, { "value": "0.1" }])
    }
}

fn equity_item(listing: &Listing) -> Value {
    json!({
        "id": id(listing),
        "symbol": listing.symbol,
        "instrument-type": "Equity",
        "cusip": format!("{:09}", 30_000_000 + id(listing)),
        "short-description": listing.description,
        "description": listing.description.to_uppercase(),
        "is-index": listing.kind == Kind::Index,
        "is-etf": listing.kind == Kind::Fund,
        "is-illiquid": false,
        "is-closing-only": false,
        "is-options-closing-only": false,
        "is-fraud-risk": false,
        "active": true,
        "bypass-manual-review": false,
        "lendability": "Easy To Borrow",
        "borrow-rate": "0.0",
        "listed-market": listing.listed_market,
        "market-time-instrument-collection": "Equity",
        "is-fractional-quantity-eligible": listing.kind != Kind::Index,
        "overnight-trading-permitted": listing.liquidity_rating >= 4 && listing.kind != Kind::Index,
        "tick-sizes": [{ "threshold": "1.0", "value": "0.0001" }, { "value": "0.01" }],
        "option-tick-sizes": option_ticks(listing),
        "streamer-symbol": listing.streamer_symbol(),
    })
}

fn equities(asked: &Asked<'_>) -> Outcome {
    let symbols = asked.list("symbol");
    let (index, fund, lendability) = (asked.flag("is-index"), asked.flag("is-etf"), asked.first("lendability"));
    let found = LISTINGS
        .iter()
        .filter(|listing| listing.kind != Kind::Crypto)
        .filter(|listing| symbols.is_empty() || symbols.iter().any(|symbol| symbol == listing.symbol))
        .filter(|listing| index.is_none_or(|wanted| wanted == (listing.kind == Kind::Index)))
        .filter(|listing| fund.is_none_or(|wanted| wanted == (listing.kind == Kind::Fund)))
        .filter(|_| lendability.is_none_or(|wanted| wanted == "Easy To Borrow"))
        .map(equity_item)
        .collect();
    Ok(page::of(asked, found, PAGE, PAGE)?.into())
}

fn equity(asked: &Asked<'_>) -> Outcome {
    let listing = listing::find(&asked.part(0).to_ascii_uppercase())
        .filter(|listing| listing.kind != Kind::Crypto)
        .ok_or(Refusal::NotFound)?;
    Ok(envelope(&equity_item(listing), asked.path()).into())
}

/// A contract with all its properties.
pub(super) fn option_item(option: &Occ, style: &str, asked: &Asked<'_>) -> Option<Value> {
    let listing = option.underlying()?;
    let (ends, today) = (expires_at(option), calendar::local_date(asked.now));
    let shares = if option.shares().is_some() { 110 } else { 100 };
    Some(json!({
        "symbol": option.to_string(),
        "instrument-type": "Equity Option",
        "active": ends > asked.now,
        "strike-price": decimal(rust_decimal::Decimal::new(i64::from(option.strike_mills), 3)),
        "root-symbol": option.root,
        "underlying-symbol": listing.symbol,
        "expiration-date": option.expiration.to_string(),
        "exercise-style": if listing.kind == Kind::Index { "European" } else { "American" },
        "shares-per-contract": shares,
        "option-type": if option.right == Right::Call { "C" } else { "P" },
        "option-chain-type": if shares == 100 { "Standard" } else { "Non-standard" },
        "expiration-type": style,
        "settlement-type": option.settlement().as_str(),
        "stops-trading-at": moment(stops_trading_at(option)),
        "market-time-instrument-collection": "Equity Option",
        "days-to-expiration": option.expiration.signed_duration_since(today).num_days().max(0),
        "expires-at": moment(ends),
        "is-closing-only": false,
        "streamer-symbol": option.streamer_symbol(),
    }))
}

/// The kind of expiration of a contract that is listed.
fn style_of(option: &Occ, asked: &Asked<'_>) -> Option<&'static str> {
    let listing = option.underlying()?;
    let today = calendar::local_date(asked.now).min(option.expiration);
    crate::market::expirations::listed(listing, &option.root, today)
        .into_iter()
        .find(|day| day.date == option.expiration)
        .map(|day| day.style.as_str())
}

fn options(state: &State, asked: &Asked<'_>) -> Outcome {
    let symbols = asked.list("symbol");
    if symbols.is_empty() {
        return Err(wrong("symbol", "is missing"));
    }
    let expired = asked.flag("with-expired") == Some(true);
    let found = symbols
        .iter()
        .filter_map(|symbol| Occ::parse(symbol))
        .filter(|option| state.market().is_listed(option, asked.now) || (expired && expires_at(option) <= asked.now))
        .filter_map(|option| option_item(&option, style_of(&option, asked).unwrap_or("Regular"), asked))
        .collect();
    Ok(items(found, asked.path()).into())
}

fn option(state: &State, asked: &Asked<'_>) -> Outcome {
    let option = Occ::parse(&asked.part(0).to_ascii_uppercase())
        .filter(|option| state.market().is_listed(option, asked.now))
        .ok_or(Refusal::NotFound)?;
    let style = style_of(&option, asked).unwrap_or("Regular");
    let item = option_item(&option, style, asked).ok_or(Refusal::NotFound)?;
    Ok(envelope(&item, asked.path()).into())
}

fn coin_item(listing: &Listing) -> Value {
    let venue = json!([{
        "id": id(listing), "symbol": listing.symbol, "destination-venue": "ZERO_HASH", "routable": true,
        "max-quantity-precision": 8, "max-price-precision": 2,
    }]);
    json!({
        "id": id(listing),
        "symbol": listing.symbol,
        "instrument-type": "Cryptocurrency",
        "short-description": listing.description,
        "description": format!("{} to USD", listing.description),
        "is-closing-only": true,
        "active": true,
        "tick-size": number(0.01, 2),
        "streamer-symbol": listing.streamer_symbol(),
        "destination-venue-symbols": venue,
    })
}

fn coins(asked: &Asked<'_>) -> Outcome {
    let symbols = asked.list("symbol");
    let found = LISTINGS
        .iter()
        .filter(|listing| listing.kind == Kind::Crypto)
        .filter(|listing| symbols.is_empty() || symbols.iter().any(|symbol| symbol == listing.symbol))
        .map(coin_item)
        .collect();
    Ok(items(found, asked.path()).into())
}

fn coin(asked: &Asked<'_>) -> Outcome {
    match Instrument::find("Cryptocurrency", &asked.part(0).to_ascii_uppercase()) {
        Some(Instrument::Listed(listing)) => Ok(envelope(&coin_item(listing), asked.path()).into()),
        _ => Err(Refusal::NotFound),
    }
}

fn precisions(asked: &Asked<'_>) -> Outcome {
    let of = |kind: &str, symbol: Option<&str>, value: u32| {
        let mut item = json!({ "instrument-type": kind, "value": value, "minimum-increment-precision": value });
        if let Some(symbol) = symbol {
            item["symbol"] = json!(symbol);
        }
        item
    };
    let list =
        vec![of("Cryptocurrency", Some("BTC/USD"), 8), of("Cryptocurrency", Some("ETH/USD"), 8), of("Equity", None, 5)];
    Ok(items(list, asked.path()).into())
}
