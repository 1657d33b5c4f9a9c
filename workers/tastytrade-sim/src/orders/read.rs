//! Reads an order as clients send it.

use chrono::NaiveDate;
use domain::Timestamp;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::Value;

use super::{Action, Kind, Leg, Order, Status, Tif, rules::Rules};
use crate::wire::Refusal;

/// What is wrong with an order, by field.
type Wrong = Vec<(String, String)>;

/// An order that was read, without a number and not yet placed.
pub(crate) fn order(body: &Value, account: &str, now: Timestamp) -> Result<Order, Refusal> {
    let mut wrong = Wrong::new();
    let kind = kind(body, &mut wrong);
    let tif = tif(body, &mut wrong);
    let gtc_date = body["gtc-date"].as_str().and_then(|text| text.parse::<NaiveDate>().ok());
    if tif == Tif::Gtd && gtc_date.is_none() {
        wrong.push(("gtc-date".to_owned(), "is missing".to_owned()));
    }
    let price = price(body, kind, &mut wrong);
    let stop = amount(&body["stop-trigger"]);
    if matches!(kind, Kind::Stop | Kind::StopLimit) && stop.is_none() {
        wrong.push(("stop-trigger".to_owned(), "is missing".to_owned()));
    }
    let legs = legs(body, &mut wrong);
    let given = if body["rules"].is_object() { &body["rules"] } else { &body["order-rule"] };
    let rules = Rules::read(given).unwrap_or_else(|(name, reason)| {
        wrong.push((format!("rules.{name}"), reason.to_owned()));
        None
    });
    let is_held_back = rules.as_ref().is_some_and(Rules::holds_back);
    let status = if is_held_back { Status::Contingent } else { Status::Received };
    if kind == Kind::Market && legs.len() > 1 {
        wrong.push(("order-type".to_owned(), "Market is for single legs".to_owned()));
    }
    if !wrong.is_empty() {
        return Err(Refusal::Domains(wrong));
    }
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    Ok(Order {
        id: 0,
        account: account.to_owned(),
        kind,
        tif,
        gtc_date,
        price,
        stop,
        legs,
        status,
        received_at: now,
        updated_at: now,
        live_at: None,
        terminal_at: None,
        source: text("source"),
        external_identifier: text("external-identifier"),
        replaces: None,
        replaced_by: None,
        complex: None,
        rules,
    })
}

/// A decimal that came as a text or a number.
pub(super) fn amount(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

fn kind(body: &Value, wrong: &mut Wrong) -> Kind {
    match body["order-type"].as_str().unwrap_or_default() {
        "Limit" | "Marketable Limit" => Kind::Limit,
        "Market" => Kind::Market,
        "Stop" => Kind::Stop,
        "Stop Limit" => Kind::StopLimit,
        "" => {
            wrong.push(("order-type".to_owned(), "is missing".to_owned()));
            Kind::Limit
        }
        _ => {
            wrong.push(("order-type".to_owned(), "does not have a valid value".to_owned()));
            Kind::Limit
        }
    }
}

fn tif(body: &Value, wrong: &mut Wrong) -> Tif {
    match body["time-in-force"].as_str().unwrap_or_default() {
        "Day" | "Ext" | "Ext Overnight" => Tif::Day,
        "IOC" => Tif::Ioc,
        "GTC" | "GTC Ext" | "GTC Ext Overnight" => Tif::Gtc,
        "GTD" => Tif::Gtd,
        "" => {
            wrong.push(("time-in-force".to_owned(), "is missing".to_owned()));
            Tif::Day
        }
        _ => {
            wrong.push(("time-in-force".to_owned(), "does not have a valid value".to_owned()));
            Tif::Day
        }
    }
}

fn price(body: &Value, kind: Kind, wrong: &mut Wrong) -> Option<Decimal> {
    if !matches!(kind, Kind::Limit | Kind::StopLimit) {
        return None;
    }
    let Some(price) = amount(&body["price"]).filter(|price| price.abs() < Decimal::from(1_000_000)) else {
        wrong.push(("price".to_owned(), "is missing".to_owned()));
        return None;
    };
    match body["price-effect"].as_str() {
        Some("Credit") => Some(price.abs()),
        Some("Debit") => Some(-price.abs()),
        _ if price.is_zero() => Some(price),
        _ => {
            wrong.push(("price-effect".to_owned(), "is missing".to_owned()));
            None
        }
    }
}

fn legs(body: &Value, wrong: &mut Wrong) -> Vec<Leg> {
    let given = body["legs"].as_array().map_or(&[][..], Vec::as_slice);
    if !(1..=4).contains(&given.len()) {
        wrong.push(("legs".to_owned(), "must be one to four".to_owned()));
        return Vec::new();
    }
    let mut legs: Vec<Leg> = Vec::new();
    for (place, leg) in given.iter().enumerate() {
        let mut say = |name: &str, reason: &str| wrong.push((format!("legs[{place}].{name}"), reason.to_owned()));
        let instrument_type = leg["instrument-type"].as_str().unwrap_or_default();
        if instrument_type.is_empty() {
            say("instrument-type", "is missing");
        }
        let symbol = leg["symbol"].as_str().unwrap_or_default();
        if symbol.is_empty() {
            say("symbol", "is missing");
        }
        let action = leg["action"].as_str().and_then(Action::parse);
        if action.is_none() {
            say("action", "does not have a valid value");
        }
        let quantity = amount(&leg["quantity"])
            .filter(|quantity| quantity.fract().is_zero())
            .and_then(|quantity| quantity.to_i64())
            .filter(|quantity| (1..=100_000).contains(quantity));
        if quantity.is_none() {
            say("quantity", "must be a whole number above zero");
        }
        if legs.iter().any(|other| other.symbol == symbol) {
            say("symbol", "is in the order twice");
        }
        if let (Some(action), Some(quantity)) = (action, quantity) {
            legs.push(Leg {
                instrument_type: instrument_type.to_owned(),
                symbol: symbol.to_owned(),
                action,
                quantity,
                fills: Vec::new(),
            });
        }
    }
    legs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let now = "2026-11-20T15:00:00Z".parse().unwrap();
        let good = json!({
            "order-type": "Limit", "time-in-force": "Day", "price": "1.25", "price-effect": "Credit",
            "legs": [{ "instrument-type": "Equity", "symbol": "SPY", "action": "Buy to Open", "quantity": "2.0" }],
        });
        let read = order(&good, "5WX10001", now).unwrap();
        assert_eq!((read.price, read.legs[0].quantity), (Some("1.25".parse().unwrap()), 2));
        for (pointer, value, domain) in [
            ("/order-type", json!("Odd"), "order-type"),
            ("/price", json!(null), "price"),
            ("/price-effect", json!("x"), "price-effect"),
            ("/time-in-force", json!(""), "time-in-force"),
            ("/legs", json!([]), "legs"),
            ("/legs/0/quantity", json!(0.5), "legs[0].quantity"),
            ("/legs/0/action", json!("Hold"), "legs[0].action"),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = value;
            let Err(Refusal::Domains(domains)) = order(&bad, "5WX10001", now) else { panic!("{pointer}") };
            assert_eq!(domains[0].0, domain);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_quantity_makes_it_panic(text in "[-0-9.e]{0,24}") {
            let body = json!({ "legs": [{ "quantity": text, "action": "Buy to Open", "symbol": "A" }], "price": text });
            let _ = order(&body, "x", "2026-11-20T15:00:00Z".parse().unwrap());
        }
    }
}
