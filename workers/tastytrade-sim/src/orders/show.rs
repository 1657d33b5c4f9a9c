//! An order as the wire shows it.

use domain::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::{Leg, Order, Status};
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
    let worked = !matches!(order.status, Status::Received | Status::Contingent);
    if worked {
        set("in-flight-at", order.received_at);
        set("live-at", order.received_at);
    }
    if let Some(at) = order.terminal_at {
        set("terminal-at", at);
        if order.status == Status::Cancelled {
            set("cancelled-at", at);
        }
    }
}

fn leg_item(order: &Order, place: usize, leg: &Leg) -> Value {
    let filled = leg.filled_at.zip(order.filled_at());
    let fills: Vec<Value> = filled
        .into_iter()
        .map(|(price, at): (Decimal, Timestamp)| {
            json!({
                "ext-group-fill-id": order.id.to_string(),
                "ext-exec-id": format!("{}{place}", order.id),
                "fill-id": format!("{}_SIM_{place}", order.id),
                "quantity": leg.quantity,
                "fill-price": decimal(price),
                "filled-at": moment(at),
                "destination-venue": "MARKET_SIMULATOR",
            })
        })
        .collect();
    json!({
        "instrument-type": leg.instrument_type,
        "symbol": leg.symbol,
        "quantity": leg.quantity,
        "remaining-quantity": if filled.is_some() { 0 } else { leg.quantity },
        "action": leg.action.as_str(),
        "fills": fills,
    })
}
