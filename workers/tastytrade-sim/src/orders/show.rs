//! An order as the wire shows it.

use domain::Timestamp;
use serde_json::{Map, Value, json};

use super::{Fill, Leg, Order, Status};
use crate::wire::{decimal, moment, with_effect};

/// The object that REST and the account streamer give. `placed` is false for an order that was only tried.
pub(crate) fn item(order: &Order, placed: bool) -> Value {
    let alive = !order.status.is_terminal();
    let mut item = json!({
        "account-number": order.account,
        "time-in-force": order.tif.as_str(),
        "order-type": order.kind.as_str(),
        "size": order.size(),
        "underlying-symbol": order.underlying(),
        "underlying-instrument-type": "Equity",
        "status": order.status.as_str(),
        "cancellable": alive,
        "editable": alive,
        "edited": order.replaced_by.is_some() && order.status == Status::Cancelled,
        "updated-at": if placed { order.updated_at.timestamp_millis() } else { 0 },
        "received-at": moment(order.received_at),
        "legs": order.legs.iter().enumerate().map(|(place, leg)| leg_item(order, place, leg)).collect::<Vec<_>>(),
    });
    let Some(fields) = item.as_object_mut() else { return item };
    if placed {
        fields.insert("id".to_owned(), json!(order.id));
        fields.insert("global-request-id".to_owned(), json!(format!("{:032x}", order.id)));
    }
    if let Some(price) = order.price {
        with_effect(fields, "price", price);
    }
    if let Some(stop) = order.stop {
        fields.insert("stop-trigger".to_owned(), json!(decimal(stop)));
    }
    if let Some(day) = order.gtc_date {
        fields.insert("gtc-date".to_owned(), json!(day.to_string()));
    }
    if let Some(rules) = &order.rules {
        fields.insert("order-rule".to_owned(), rules.item());
    }
    if order.status == Status::Contingent {
        let waits_for = if order.complex.is_some() { "Pending Order" } else { "Pending Condition" };
        fields.insert("contingent-status".to_owned(), json!(waits_for));
    }
    moments(fields, order);
    for (name, text) in [("source", &order.source), ("external-identifier", &order.external_identifier)] {
        if let Some(text) = text {
            fields.insert(name.to_owned(), json!(text));
        }
    }
    for (name, number) in [
        ("replaces-order-id", order.replaces),
        ("replacing-order-id", order.replaced_by),
        ("complex-order-id", order.complex),
    ] {
        if let Some(number) = number {
            fields.insert(name.to_owned(), json!(number));
        }
    }
    item
}

fn moments(fields: &mut Map<String, Value>, order: &Order) {
    let mut set = |name: &str, at: Timestamp| fields.insert(name.to_owned(), json!(moment(at)));
    if let Some(at) = order.live_at {
        set("in-flight-at", at);
        set("live-at", at);
    }
    if let Some(at) = order.terminal_at {
        set("terminal-at", at);
        if order.status == Status::Cancelled {
            set("cancelled-at", at);
        }
    }
}

fn leg_item(order: &Order, place: usize, leg: &Leg) -> Value {
    let fill = |(number, fill): (usize, &Fill)| {
        let part = if number == 0 { String::new() } else { format!("_{number}") };
        json!({
            "ext-group-fill-id": format!("{}{part}", order.id),
            "ext-exec-id": format!("{}{place}{part}", order.id),
            "fill-id": format!("{}_SIM_{place}{part}", order.id),
            "quantity": fill.quantity,
            "fill-price": decimal(fill.price),
            "filled-at": moment(fill.at),
            "destination-venue": "MARKET_SIMULATOR",
        })
    };
    let fills: Vec<Value> = leg.fills.iter().enumerate().map(fill).collect();
    json!({
        "instrument-type": leg.instrument_type,
        "symbol": leg.symbol,
        "quantity": leg.quantity,
        "remaining-quantity": leg.quantity - leg.filled(),
        "action": leg.action.as_str(),
        "fills": fills,
    })
}
