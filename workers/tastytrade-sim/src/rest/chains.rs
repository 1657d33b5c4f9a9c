//! Option chains in their three forms: all contracts, nested, compact.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Asked, Endpoint, Outcome, get, instruments};
use crate::{
    calendar,
    market::{
        Listing,
        chain::{Chain, Strikes},
        listing,
        occ::Right,
    },
    state::State,
    wire::{Refusal, decimal, items},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/option-chains/{symbol}", detailed),
    get("/option-chains/{symbol}/nested", nested),
    get("/option-chains/{symbol}/compact", compact),
];

fn chains(state: &State, asked: &Asked<'_>) -> Result<(&'static Listing, Vec<Chain>), Refusal> {
    let listing = listing::find(&asked.part(0).to_ascii_uppercase()).ok_or(Refusal::NotFound)?;
    let chains = state.market().chains(listing, asked.now);
    if chains.is_empty() { Err(Refusal::NotFound) } else { Ok((listing, chains)) }
}

fn kind(chain: &Chain) -> &'static str {
    if chain.is_standard() { "Standard" } else { "Non-standard" }
}

fn deliverables(chain: &Chain) -> Value {
    let shares = chain.shares_per_contract;
    json!([{
        "id": 300_000 + instruments::id(chain.listing),
        "root-symbol": chain.root,
        "deliverable-type": "Shares",
        "description": format!("{shares} shares of {}", chain.listing.symbol),
        "amount": format!("{shares}.0"),
        "symbol": chain.listing.symbol,
        "instrument-type": chain.listing.instrument_type(),
        "percent": "100",
    }])
}

fn detailed(state: &State, asked: &Asked<'_>) -> Outcome {
    let (_, chains) = chains(state, asked)?;
    let list = chains
        .iter()
        .flat_map(|chain| {
            chain.expirations.iter().flat_map(move |of| {
                of.mills.iter().flat_map(move |strike| {
                    [Right::Call, Right::Put].map(|right| {
                        instruments::option_item(&chain.contract(of.date, right, *strike), of.style.as_str(), asked)
                    })
                })
            })
        })
        .flatten()
        .collect();
    Ok(items(list, asked.path()).into())
}

fn nested(state: &State, asked: &Asked<'_>) -> Outcome {
    let (listing, chains) = chains(state, asked)?;
    let list = chains
        .iter()
        .map(|chain| {
            json!({
                "underlying-symbol": listing.symbol,
                "root-symbol": chain.root,
                "option-chain-type": kind(chain),
                "shares-per-contract": chain.shares_per_contract,
                "tick-sizes": instruments::option_ticks(listing),
                "deliverables": deliverables(chain),
                "expirations": chain
                    .expirations
                    .iter()
                    .map(|of| expiration(chain, of, asked))
                    .collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(items(list, asked.path()).into())
}

fn expiration(chain: &Chain, of: &Strikes, asked: &Asked<'_>) -> Value {
    let strikes: Vec<Value> = of
        .mills
        .iter()
        .map(|strike| {
            let [call, put] = [Right::Call, Right::Put].map(|right| chain.contract(of.date, right, *strike));
            json!({
                "strike-price": decimal(Decimal::new(i64::from(*strike), 3)),
                "call": call.to_string(),
                "call-streamer-symbol": call.streamer_symbol(),
                "put": put.to_string(),
                "put-streamer-symbol": put.streamer_symbol(),
            })
        })
        .collect();
    let today = calendar::local_date(asked.now);
    json!({
        "expiration-type": of.style.as_str(),
        "expiration-date": of.date.to_string(),
        "days-to-expiration": of.date.signed_duration_since(today).num_days(),
        "settlement-type": chain.settlement.as_str(),
        "strikes": strikes,
    })
}

/// One item for each root and kind of expiration.
fn compact(state: &State, asked: &Asked<'_>) -> Outcome {
    let (listing, chains) = chains(state, asked)?;
    let mut list = Vec::new();
    for chain in &chains {
        let mut styles: Vec<&str> = chain.expirations.iter().map(|of| of.style.as_str()).collect();
        styles.sort_unstable();
        styles.dedup();
        for style in styles {
            let contracts: Vec<_> = chain
                .contracts()
                .filter(|option| {
                    chain.expirations.iter().any(|of| of.date == option.expiration && of.style.as_str() == style)
                })
                .collect();
            list.push(json!({
                "underlying-symbol": listing.symbol,
                "root-symbol": chain.root,
                "option-chain-type": kind(chain),
                "settlement-type": chain.settlement.as_str(),
                "shares-per-contract": chain.shares_per_contract,
                "expiration-type": style,
                "deliverables": deliverables(chain),
                "symbols": contracts.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "streamer-symbols": contracts.iter().map(|option| option.streamer_symbol()).collect::<Vec<_>>(),
            }));
        }
    }
    Ok(items(list, asked.path()).into())
}
