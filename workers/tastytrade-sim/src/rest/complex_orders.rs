//! Complex orders: the same tree as orders, over orders that hang together.

use http::Method;
use serde_json::json;

use super::{Answer, Asked, Endpoint, Outcome, Scope, get, orders, page, write, wrong};
use crate::{
    accounts::ledger,
    desk::Desk,
    orders::{
        Order, Status,
        complex::{self, ComplexOrder, Kind},
        effect, fill, read, show,
    },
    state::State,
    wire::{Refusal, envelope},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/accounts/{n}/complex-orders", list),
    get("/accounts/{n}/complex-orders/live", live),
    get("/accounts/{n}/complex-orders/{id}", one),
    write(Method::POST, "/accounts/{n}/complex-orders", Scope::Trade, place),
    write(Method::POST, "/accounts/{n}/complex-orders/dry-run", Scope::Trade, |desk, asked| dry_run(desk.state, asked)),
    write(Method::DELETE, "/accounts/{n}/complex-orders/{id}", Scope::Trade, cancel),
];

fn of_account<'a>(state: &'a State, asked: &Asked<'_>) -> Result<Vec<&'a ComplexOrder>, Refusal> {
    let account = asked.account()?;
    Ok(state.complex_orders.iter().rev().filter(|complex| complex.account == account.number).collect())
}

fn list(state: &State, asked: &Asked<'_>) -> Outcome {
    let all = of_account(state, asked)?.into_iter().map(|complex| complex::item(state, complex)).collect();
    Ok(page::of(asked, all, 10, 200)?.into())
}

fn live(state: &State, asked: &Asked<'_>) -> Outcome {
    let today = ledger::day(asked.now);
    let all = of_account(state, asked)?
        .into_iter()
        .filter(|complex| ledger::day(complex.placed_at) == today)
        .map(|complex| complex::item(state, complex))
        .collect();
    Ok(page::of(asked, all, 10, 200)?.into())
}

fn find(state: &State, asked: &Asked<'_>) -> Result<ComplexOrder, Refusal> {
    of_account(state, asked)?
        .into_iter()
        .find(|complex| complex.id.to_string() == asked.part(1))
        .cloned()
        .ok_or(Refusal::NotFound)
}

fn one(state: &State, asked: &Asked<'_>) -> Outcome {
    Ok(envelope(&complex::item(state, &find(state, asked)?), asked.path()).into())
}

/// The kind, the trigger and the others.
fn parts(asked: &Asked<'_>) -> Result<(Kind, Option<Order>, Vec<Order>), Refusal> {
    let account = asked.account()?;
    let body = asked.body()?;
    let kind = body["type"].as_str().and_then(Kind::parse).ok_or_else(|| wrong("type", "must be OCO, OTO or OTOCO"))?;
    let trigger = match (kind, body.get("trigger-order").filter(|trigger| trigger.is_object())) {
        (Kind::Oco, _) => None,
        (_, Some(trigger)) => Some(read::order(trigger, account.number, asked.now)?),
        (_, None) => return Err(wrong("trigger-order", "is missing")),
    };
    let orders = body["orders"]
        .as_array()
        .filter(|orders| (1..=3).contains(&orders.len()))
        .ok_or_else(|| wrong("orders", "must be one to three"))?
        .iter()
        .map(|order| read::order(order, account.number, asked.now))
        .collect::<Result<Vec<_>, _>>()?;
    if kind != Kind::Oto && orders.len() != 2 {
        return Err(wrong("orders", "must be two"));
    }
    Ok((kind, trigger, orders))
}

/// The effect of what would be filled first.
fn first_effect(
    state: &State,
    asked: &Asked<'_>,
    trigger: Option<&Order>,
    orders: &[Order],
) -> Result<effect::Effect, Refusal> {
    let first = trigger.or(orders.first()).ok_or_else(|| wrong("orders", "are missing"))?;
    effect::of(state, asked.account()?, first, asked.now)
}

fn dry_run(state: &State, asked: &Asked<'_>) -> Outcome {
    let (kind, trigger, orders) = parts(asked)?;
    let effect = first_effect(state, asked, trigger.as_ref(), &orders)?;
    let mut complex = json!({
        "account-number": asked.account()?.number,
        "type": kind.as_str(),
        "orders": orders.iter().map(|order| show::item(order, false)).collect::<Vec<_>>(),
    });
    if let Some(trigger) = &trigger {
        complex["trigger-order"] = show::item(trigger, false);
    }
    Ok(answer(complex, effect, asked))
}

fn answer(complex: serde_json::Value, effect: effect::Effect, asked: &Asked<'_>) -> Answer {
    let data = json!({
        "complex-order": complex,
        "buying-power-effect": effect.buying_power,
        "fee-calculation": effect.fees,
        "warnings": effect.warnings,
        "errors": [],
    });
    Answer::created(envelope(&data, asked.path()))
}

fn place(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let (kind, trigger, orders) = parts(asked)?;
    let effect = first_effect(desk.state, asked, trigger.as_ref(), &orders)?;
    let id = desk.state.next_order();
    desk.state.complex_orders.push(ComplexOrder {
        id,
        account: account.number.to_owned(),
        kind,
        placed_at: asked.now,
        trigger: None,
        orders: Vec::new(),
    });
    // All parts are known to the whole before the market sees one, so that a fill at once cancels the other.
    let waits = trigger.is_some();
    for mut order in orders {
        order.complex = Some(id);
        order.status = if waits { Status::Contingent } else { Status::Received };
        let new = orders::accept(desk, order, asked);
        with(desk, id, |complex| complex.orders.push(new.id));
    }
    if let Some(mut trigger) = trigger {
        trigger.complex = Some(id);
        let new = orders::accept(desk, trigger, asked);
        with(desk, id, |complex| complex.trigger = Some(new.id));
    }
    fill::look(desk, asked.now);
    let complex = desk.state.complex_orders.iter().find(|complex| complex.id == id).cloned();
    let complex = complex.ok_or(Refusal::Internal)?;
    complex::tell(desk, &complex);
    Ok(answer(complex::item(desk.state, &complex), effect, asked))
}

fn with(desk: &mut Desk<'_>, id: u64, change: impl FnOnce(&mut ComplexOrder)) {
    if let Some(complex) = desk.state.complex_orders.iter_mut().find(|complex| complex.id == id) {
        change(complex);
    }
}

fn cancel(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Outcome {
    let complex = find(desk.state, asked)?;
    for id in complex.orders.iter().copied().chain(complex.trigger) {
        orders::end(desk, id, Status::CancelRequested, asked);
    }
    complex::tell(desk, &complex);
    Ok(envelope(&complex::item(desk.state, &complex), asked.path()).into())
}
