//! Margin: the requirements of what is held, of an order, and of an underlying.

use http::Method;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::{Answer, Asked, Endpoint, Outcome, Run, Scope, account::sums_of, get, write};
use crate::{
    accounts::{Account, margin, positions::Position},
    market::{listing, options::RISK_FREE, quote},
    orders::{effect, read},
    state::State,
    wire::{Refusal, decimal, envelope, number, with_effect},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/margin/accounts/{n}/requirements", requirements),
    write(Method::POST, "/margin/accounts/{n}/dry-run", Scope::Either, |desk, asked| dry_run(desk.state, asked)),
    get("/accounts/{n}/margin-requirements/{symbol}/effective", effective),
    Endpoint {
        method: Method::GET,
        pattern: "/margin-requirements-public-configuration",
        scope: Scope::Public,
        run: Run::Read(configuration),
    },
];

fn requirements(state: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let (sums, positions) = sums_of(state, account, asked.now);
    let groups: Vec<Value> = margin::by_underlying(&positions)
        .into_iter()
        .map(|(symbol, group)| {
            let spot =
                listing::find(symbol).map_or(Decimal::ZERO, |listing| quote::last(&state.market(), listing, asked.now));
            group_item(account, symbol, &group, spot)
        })
        .collect();
    let (net, required) = (sums.net_liquidating_value(), sums.required);
    let mut data = Map::new();
    for (name, value) in [
        ("margin-requirement", -required.maintenance),
        ("initial-requirement", -required.initial),
        ("maintenance-requirement", -required.maintenance),
        ("margin-equity", net),
        ("option-buying-power", sums.buying_power()),
        ("reg-t-margin-requirement", -required.initial),
        ("reg-t-option-buying-power", net - required.initial),
        ("maintenance-excess", sums.buying_power()),
    ] {
        with_effect(&mut data, name, value);
    }
    for (name, value) in [
        ("account-number", json!(account.number)),
        ("description", json!("Total")),
        ("margin-calculation-type", json!(account.margin_calculation())),
        ("option-level", json!(account.options_level())),
        ("groups", json!(groups)),
        ("last-state-timestamp", json!(asked.now.timestamp_millis())),
    ] {
        data.insert(name.to_owned(), value);
    }
    Ok(envelope(&Value::Object(data), asked.path()).into())
}

fn group_item(account: &Account, symbol: &str, group: &[&Position], spot: Decimal) -> Value {
    let required = margin::of_group(account.kind, group, spot);
    let entries: Vec<Value> = group
        .iter()
        .map(|position| {
            json!({
                "instrument-symbol": position.symbol,
                "instrument-type": position.instrument_type(),
                "quantity": decimal(Decimal::from(position.count)),
                "close-price": decimal(position.prev_close),
                "fixing-price": "NaN",
            })
        })
        .collect();
    let mut item = Map::new();
    let mut inner = Map::new();
    for fields in [&mut item, &mut inner] {
        with_effect(fields, "margin-requirement", -required.maintenance);
        with_effect(fields, "maintenance-requirement", -required.maintenance);
        with_effect(fields, "buying-power", -required.maintenance);
    }
    let shares = group.iter().all(|position| position.option.is_none());
    inner.insert("description".to_owned(), json!(if shares { "LONG_UNDERLYING" } else { "NAKED" }));
    inner.insert("includes-working-order".to_owned(), json!(false));
    inner.insert("position-entries".to_owned(), json!(entries));
    for (name, value) in [
        ("description", json!(symbol)),
        ("code", json!(symbol)),
        ("underlying-symbol", json!(symbol)),
        ("underlying-type", json!("Equity")),
        ("margin-calculation-type", json!(account.margin_calculation())),
        ("groups", json!([inner])),
        ("price-increase-percent", json!("0.5")),
        ("price-decrease-percent", json!("-0.5")),
    ] {
        item.insert(name.to_owned(), value);
    }
    Value::Object(item)
}

/// The same report as if only the order were held.
fn dry_run(state: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let body = asked.body()?;
    let order = read::order(body.get("order").unwrap_or(&body), account.number, asked.now)?;
    let effect = effect::of(state, account, &order, asked.now)?;
    let data = json!({
        "account-number": account.number,
        "margin-calculation-type": account.margin_calculation(),
        "option-level": account.options_level(),
        "buying-power-effect": effect.buying_power,
        "fee-calculation": effect.fees,
    });
    Ok(Answer::created(envelope(&data, asked.path())))
}

fn effective(_: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let listing = listing::find(&asked.part(1).to_ascii_uppercase()).ok_or(Refusal::NotFound)?;
    let lent = account.kind == crate::accounts::AccountKind::Margin;
    let share = |margin: &'static str| if lent { margin } else { "1.0" };
    let data = json!({
        "account-number": account.number,
        "underlying-symbol": listing.symbol,
        "long-equity-initial": share("0.5"),
        "short-equity-initial": share("0.5"),
        "long-equity-maintenance": share("0.3"),
        "short-equity-maintenance": share("0.3"),
        "naked-option-standard": "0.2",
        "naked-option-minimum": "0.1",
        "naked-option-floor": "0.0",
        "is-deleted": false,
    });
    Ok(envelope(&data, asked.path()).into())
}

/// For everybody, with or without a token.
fn configuration(_: &State, asked: &Asked<'_>) -> Outcome {
    Ok(envelope(&json!({ "risk-free-rate": number(RISK_FREE, 4) }), asked.path()).into())
}
