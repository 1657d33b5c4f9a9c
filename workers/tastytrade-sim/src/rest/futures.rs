//! Futures, their products, and the options on them.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Asked, Endpoint, Outcome, get, page};
use crate::{
    calendar,
    market::{
        futures::{self, Contract, FutureOption, OptionDay, PRODUCTS, Product},
        occ::Right,
    },
    state::State,
    wire::{Refusal, decimal, envelope, items, moment, number},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/instruments/futures", |_, asked| list(asked)),
    get("/instruments/futures/{symbol}", |_, asked| one(asked)),
    get("/instruments/future-products", |_, asked| products(asked)),
    get("/instruments/future-products/{exchange}/{code}", |_, asked| product(asked)),
    get("/instruments/future-option-products", |_, asked| option_products(asked)),
    get("/instruments/future-option-products/{exchange}/{root}", |_, asked| option_product(asked, asked.part(1))),
    get("/instruments/future-option-products/{root}", |_, asked| option_product(asked, asked.part(0))),
    get("/instruments/future-options", options),
    get("/instruments/future-options/{symbol}", option),
    get("/futures-option-chains/{code}", chain),
    get("/futures-option-chains/{code}/nested", nested),
];

const PAGE: usize = 1000;

fn product_item(product: &Product) -> Value {
    json!({
        "root-symbol": format!("/{}", product.code),
        "code": product.code,
        "description": product.description,
        "clearing-code": product.code,
        "clearing-exchange-code": "16",
        "clearport-code": product.code,
        "legacy-code": product.code,
        "exchange": "CME",
        "legacy-exchange-code": "CME",
        "product-type": "Financial",
        "listed-months": ["H", "M", "U", "Z"],
        "active-months": ["H", "M", "U", "Z"],
        "notional-multiplier": number(product.multiplier, 1),
        "tick-size": number(product.tick, 2),
        "display-factor": "0.01",
        "streamer-exchange-code": "XCME",
        "small-notional": product.multiplier < 10.0,
        "back-month-first-calendar-symbol": true,
        "first-notice": false,
        "cash-settled": true,
        "security-group": product.code,
        "market-sector": "Equity Index",
        "roll": {
            "name": "equity_index", "active-count": 3, "cash-settled": true, "business-days-offset": 4,
            "first-notice": false,
        },
    })
}

fn future_item(contract: &Contract, asked: &Asked<'_>) -> Value {
    let product = contract.product;
    let place = futures::listed(product, asked.now).iter().position(|other| other.to_string() == contract.to_string());
    let ends = moment(contract.expires_at());
    json!({
        "symbol": contract.to_string(),
        "instrument-type": "Future",
        "product-code": product.code,
        "product-group": "CME_ES",
        "contract-size": number(product.multiplier, 1),
        "tick-size": number(product.tick, 2),
        "notional-multiplier": number(product.multiplier, 1),
        "main-fraction": "0.0",
        "sub-fraction": "0.0",
        "display-factor": "0.01",
        "last-trade-date": contract.expiration().to_string(),
        "expiration-date": contract.expiration().to_string(),
        "closing-only-date": contract.expiration().to_string(),
        "active": place.is_some(),
        "active-month": place == Some(0),
        "next-active-month": place == Some(1),
        "is-closing-only": false,
        "is-tradeable": place.is_some(),
        "stops-trading-at": ends,
        "expires-at": ends,
        "exchange": "CME",
        "streamer-exchange-code": "XCME",
        "streamer-symbol": contract.streamer_symbol(),
        "back-month-first-calendar-symbol": true,
        "future-product": product_item(product),
        "future-etf-equivalent": { "symbol": product.etf.0, "share-quantity": product.etf.1 },
        "tick-sizes": [{ "value": number(product.tick, 2) }],
        "option-tick-sizes": [{ "threshold": "10.0", "value": "0.05" }, { "value": "0.25" }],
        "spread-tick-sizes": [{ "value": "0.05" }],
    })
}

fn all(asked: &Asked<'_>) -> impl Iterator<Item = Contract> {
    PRODUCTS.iter().flat_map(|product| futures::listed(product, asked.now))
}

fn list(asked: &Asked<'_>) -> Outcome {
    let symbols: Vec<String> =
        asked.list("symbol").iter().map(|symbol| format!("/{}", symbol.trim_start_matches('/'))).collect();
    let codes = asked.list("product-code");
    let exchange = asked.first("exchange");
    let found = all(asked)
        .filter(|contract| symbols.is_empty() || symbols.contains(&contract.to_string()))
        .filter(|contract| {
            !symbols.is_empty() || codes.is_empty() || codes.iter().any(|code| code == contract.product.code)
        })
        .filter(|_| exchange.is_none_or(|exchange| exchange == "CME"))
        .map(|contract| future_item(&contract, asked))
        .collect();
    Ok(page::of(asked, found, PAGE, PAGE)?.into())
}

fn one(asked: &Asked<'_>) -> Outcome {
    let contract = Contract::parse(&asked.part(0).to_ascii_uppercase())
        .filter(|contract| contract.expires_at() > asked.now)
        .ok_or(Refusal::NotFound)?;
    Ok(envelope(&future_item(&contract, asked), asked.path()).into())
}

fn products(asked: &Asked<'_>) -> Outcome {
    Ok(page::of(asked, PRODUCTS.iter().map(product_item).collect(), PAGE, PAGE)?.into())
}

fn product(asked: &Asked<'_>) -> Outcome {
    let product = futures::product(asked.part(1)).filter(|_| asked.part(0) == "CME").ok_or(Refusal::NotFound)?;
    Ok(envelope(&product_item(product), asked.path()).into())
}

const ROOTS: [&str; 6] = ["ES", "EW", "EW1", "EW2", "EW3", "EW4"];

fn kind(root: &str) -> &'static str {
    match root {
        "ES" => "Regular",
        "EW" => "End-Of-Month",
        _ => "Weekly",
    }
}

fn option_product_item(root: &str) -> Value {
    let mut item = json!({
        "root-symbol": root,
        "code": root,
        "cash-settled": false,
        "display-factor": "0.01",
        "exchange": "CME",
        "product-type": "Physical",
        "expiration-type": kind(root),
        "settlement-delay-days": 0,
        "market-sector": "Equity Index",
        "clearing-code": root,
        "clearing-exchange-code": "16",
        "clearing-price-multiplier": "1.0",
        "is-rollover": false,
    });
    if let Some(product) = futures::product("ES") {
        item["future-product"] = product_item(product);
    }
    item
}

fn option_products(asked: &Asked<'_>) -> Outcome {
    Ok(page::of(asked, ROOTS.iter().map(|root| option_product_item(root)).collect(), PAGE, PAGE)?.into())
}

fn option_product(asked: &Asked<'_>, root: &str) -> Outcome {
    let root = ROOTS.iter().find(|known| **known == root).ok_or(Refusal::NotFound)?;
    Ok(envelope(&option_product_item(root), asked.path()).into())
}

fn option_item(option: &FutureOption, asked: &Asked<'_>) -> Value {
    let today = calendar::local_date(asked.now);
    let ends = moment(option.expires_at());
    let multiplier = number(option.contract.product.multiplier, 1);
    json!({
        "symbol": option.to_string(),
        "instrument-type": "Future Option",
        "underlying-symbol": option.contract.to_string(),
        "product-code": option.contract.product.code,
        "root-symbol": format!("/{}", option.contract.product.code),
        "option-root-symbol": option.root,
        "expiration-date": option.expiration.to_string(),
        "strike-price": decimal(Decimal::new(i64::from(option.strike_mills), 3)),
        "exchange": "CME",
        "exchange-symbol": option.to_string(),
        "streamer-symbol": option.streamer_symbol(),
        "option-type": if option.right == Right::Call { "C" } else { "P" },
        "exercise-style": if option.root == "ES" { "American" } else { "European" },
        "is-vanilla": true,
        "is-primary-deliverable": true,
        "future-price-ratio": "1.0",
        "multiplier": "1.0",
        "underlying-count": "1.0",
        "is-confirmed": true,
        "notional-value": multiplier,
        "display-factor": "0.01",
        "security-exchange": "2",
        "sx-id": "0",
        "settlement-type": "Future",
        "strike-factor": "1.0",
        "maturity-date": option.expiration.to_string(),
        "is-exercisable-weekly": false,
        "last-trade-time": "0",
        "days-to-expiration": option.expiration.signed_duration_since(today).num_days().max(0),
        "is-closing-only": false,
        "active": option.expires_at() > asked.now,
        "stops-trading-at": ends,
        "expires-at": ends,
        "future-option-product": option_product_item(&option.root),
    })
}

fn days(state: &State, asked: &Asked<'_>) -> Result<(&'static Product, Vec<OptionDay>), Refusal> {
    let product = futures::product(&asked.part(0).to_ascii_uppercase()).ok_or(Refusal::NotFound)?;
    let days = state.market().future_options(product, asked.now);
    if days.is_empty() { Err(Refusal::NotFound) } else { Ok((product, days)) }
}

fn chain(state: &State, asked: &Asked<'_>) -> Outcome {
    let (_, days) = days(state, asked)?;
    let list = days
        .iter()
        .flat_map(|day| {
            day.mills.iter().flat_map(move |strike| [Right::Call, Right::Put].map(|right| day.option(right, *strike)))
        })
        .map(|option| option_item(&option, asked))
        .collect();
    Ok(items(list, asked.path()).into())
}

fn listed(state: &State, asked: &Asked<'_>, symbol: &str) -> Option<FutureOption> {
    FutureOption::parse(symbol).filter(|option| state.market().is_future_option_listed(option, asked.now))
}

fn options(state: &State, asked: &Asked<'_>) -> Outcome {
    let found = asked
        .list("symbol")
        .iter()
        .filter_map(|symbol| listed(state, asked, symbol))
        .map(|option| option_item(&option, asked))
        .collect();
    Ok(page::of(asked, found, PAGE, PAGE)?.into())
}

fn option(state: &State, asked: &Asked<'_>) -> Outcome {
    let option = listed(state, asked, asked.part(0)).ok_or(Refusal::NotFound)?;
    Ok(envelope(&option_item(&option, asked), asked.path()).into())
}

/// Not a list of items, other than the nested chains of equities.
fn nested(state: &State, asked: &Asked<'_>) -> Outcome {
    let (product, days) = days(state, asked)?;
    let today = calendar::local_date(asked.now);
    let left = |date: chrono::NaiveDate| date.signed_duration_since(today).num_days();
    let contracts = futures::listed(product, asked.now);
    let futures: Vec<Value> = contracts
        .iter()
        .enumerate()
        .map(|(place, contract)| {
            json!({
                "symbol": contract.to_string(),
                "root-symbol": format!("/{}", product.code),
                "expiration-date": contract.expiration().to_string(),
                "days-to-expiration": left(contract.expiration()),
                "active-month": place == 0,
                "next-active-month": place == 1,
                "stops-trading-at": moment(contract.expires_at()),
                "expires-at": moment(contract.expires_at()),
                "maturity-date": contract.expiration().to_string(),
            })
        })
        .collect();
    let expirations = |contract: &Contract| -> Vec<Value> {
        days.iter()
            .filter(|day| day.contract.to_string() == contract.to_string())
            .map(|day| expiration(day, product, left(day.date)))
            .collect()
    };
    let chains: Vec<Value> = contracts
        .iter()
        .map(|contract| {
            json!({
                "underlying-symbol": contract.to_string(),
                "root-symbol": format!("/{}", product.code),
                "exercise-style": "American",
                "expirations": expirations(contract),
            })
        })
        .filter(|chain| chain["expirations"].as_array().is_some_and(|list| !list.is_empty()))
        .collect();
    Ok(envelope(&json!({ "futures": futures, "option-chains": chains }), asked.path()).into())
}

fn expiration(day: &OptionDay, product: &Product, left: i64) -> Value {
    let strikes: Vec<Value> = day
        .mills
        .iter()
        .map(|strike| {
            let [call, put] = [Right::Call, Right::Put].map(|right| day.option(right, *strike));
            json!({
                "strike-price": decimal(Decimal::new(i64::from(*strike), 3)),
                "call": call.to_string(),
                "call-streamer-symbol": call.streamer_symbol(),
                "put": put.to_string(),
                "put-streamer-symbol": put.streamer_symbol(),
            })
        })
        .collect();
    let ends = moment(day.option(Right::Call, 0).expires_at());
    json!({
        "underlying-symbol": day.contract.to_string(),
        "root-symbol": format!("/{}", product.code),
        "option-root-symbol": day.root,
        "option-contract-symbol": futures::contract_symbol(&day.root, day.date),
        "asset": product.code,
        "expiration-date": day.date.to_string(),
        "days-to-expiration": left,
        "expiration-type": kind(&day.root),
        "settlement-type": if day.root == "ES" { "AM" } else { "PM" },
        "notional-value": number(product.multiplier / 100.0, 2),
        "display-factor": "0.01",
        "strike-factor": "1.0",
        "stops-trading-at": ends,
        "expires-at": ends,
        "tick-sizes": [{ "threshold": "10.0", "value": "0.05" }, { "value": "0.25" }],
        "strikes": strikes,
    })
}
