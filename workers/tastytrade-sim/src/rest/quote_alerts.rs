//! Quote alerts: a user's wishes to be told once when a price passes a threshold.

use http::Method;
use serde_json::{Value, json};

use super::{Answer, Asked, Endpoint, Outcome, Scope, get, write, wrong};
use crate::{
    desk::Desk,
    market::Instrument,
    quote_alerts::{Alert, Field, Operator},
    state::State,
    wire::{Refusal, envelope, items},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/quote-alerts", list),
    write(Method::POST, "/quote-alerts", Scope::Either, create),
    write(Method::DELETE, "/quote-alerts/{id}", Scope::Either, delete),
];

/// How many a user may have.
const MOST: usize = 100;

fn list(state: &State, asked: &Asked<'_>) -> Outcome {
    let user = asked.user()?;
    let own = state.quote_alerts.iter().filter(|alert| alert.user == user.name);
    Ok(items(own.map(Alert::item).collect(), asked.path()).into())
}

fn create(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Outcome {
    let user = asked.user()?;
    let body = asked.body()?;
    let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty());
    let symbol = text("symbol").ok_or_else(|| wrong("symbol", "is missing"))?;
    let kind = text("instrument-type").unwrap_or("Equity");
    let instrument =
        Instrument::find(kind, symbol).filter(|instrument| desk.state.market().lists(instrument, asked.now));
    let instrument = instrument.ok_or_else(|| wrong("symbol", "is not listed"))?;
    let field = text("field").and_then(Field::parse).ok_or_else(|| wrong("field", "must be Last, Bid, Ask or IV"))?;
    let operator = text("operator").and_then(Operator::parse).ok_or_else(|| wrong("operator", "must be > or <"))?;
    let threshold = match &body["threshold"] {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    };
    let threshold = threshold.ok_or_else(|| wrong("threshold", "is not a number"))?;
    if desk.state.quote_alerts.iter().filter(|alert| alert.user == user.name).count() >= MOST {
        return Err(Refusal::Unprocessable("too_many_alerts", format!("There may be {MOST} quote alerts at most")));
    }
    let alert = Alert {
        id: desk.state.next_alert(),
        user: user.name.to_owned(),
        user_external_id: user.external_id.unwrap_or_default().to_owned(),
        instrument_type: instrument.instrument_type().to_owned(),
        symbol: instrument.symbol(),
        dx_symbol: instrument.streamer_symbol(),
        field,
        operator,
        threshold,
        expires_at: body["expires-at"].as_i64(),
        created_at: asked.now,
        triggered_at: None,
    };
    let item = alert.item();
    desk.state.quote_alerts.push(alert);
    Ok(Answer::created(envelope(&item, asked.path())))
}

fn delete(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Outcome {
    let user = asked.user()?;
    let is_meant = |alert: &Alert| alert.user == user.name && alert.external_id() == asked.part(0);
    let place = desk.state.quote_alerts.iter().position(is_meant).ok_or(Refusal::NotFound)?;
    desk.state.quote_alerts.remove(place);
    Ok(Answer { status: 204, body: json!(null) })
}
