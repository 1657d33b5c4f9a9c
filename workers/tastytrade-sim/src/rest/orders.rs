//! Orders: lists, one, tries, placing, replacing, cancelling.

use http::Method;
use serde_json::{Value, json};

use super::{Answer, Asked, Endpoint, Outcome, Scope, get, page, write, wrong};
use crate::{
    accounts::{self, Account, ledger},
    desk::Desk,
    orders::{Order, Status, effect, fill, read, show},
    state::State,
    wire::{Refusal, envelope},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/accounts/{n}/orders", history),
    get("/accounts/{n}/orders/live", live),
    get("/accounts/{n}/orders/{id}", one),
    write(Method::POST, "/accounts/{n}/orders", Scope::Trade, place),
    write(Method::POST, "/accounts/{n}/orders/dry-run", Scope::Trade, |desk, asked| dry_run(desk.state, asked)),
    write(Method::POST, "/accounts/{n}/orders/{id}/dry-run", Scope::Trade, |desk, asked| {
        dry_run_of_edit(desk.state, asked)
    }),
    write(Method::POST, "/accounts/{n}/orders/{id}/reconfirm", Scope::Trade, |desk, asked| {
        reconfirm(desk.state, asked)
    }),
    write(Method::PUT, "/accounts/{n}/orders/{id}", Scope::Trade, replace),
    write(Method::PATCH, "/accounts/{n}/orders/{id}", Scope::Trade, replace),
    write(Method::DELETE, "/accounts/{n}/orders/{id}", Scope::Trade, cancel),
    get("/customers/{id}/orders", customer_history),
    get("/customers/{id}/orders/live", customer_live),
];

/// All orders of an account that the query asks for, newest first unless it says otherwise.
fn found(state: &State, asked: &Asked<'_>, account: &'static Account) -> Result<Vec<Order>, Refusal> {
    let (first, last) = (asked.day("start-date")?, asked.day("end-date")?);
    let (from, until) = (asked.moment("start-at")?, asked.moment("end-at")?);
    if asked.orders_need_start && first.is_none() && from.is_none() {
        return Err(wrong("start-date", "or start-at is required"));
    }
    let statuses = asked.texts("status");
    let underlying = asked.first("underlying-symbol");
    let kind = asked.first("underlying-instrument-type");
    let mut orders: Vec<Order> = ledger::of(state, account, asked.now)
        .orders
        .into_iter()
        .filter(|order| first.is_none_or(|first| ledger::day(order.received_at) >= first))
        .filter(|order| last.is_none_or(|last| ledger::day(order.received_at) <= last))
        .filter(|order| from.is_none_or(|from| order.received_at >= from))
        .filter(|order| until.is_none_or(|until| order.received_at <= until))
        .filter(|order| statuses.is_empty() || statuses.contains(&order.status.as_str()))
        .filter(|order| underlying.is_none_or(|wanted| order.underlying().eq_ignore_ascii_case(wanted)))
        .filter(|_| kind.is_none_or(|kind| kind == "Equity") && asked.first("futures-symbol").is_none())
        .collect();
    orders.sort_by_key(|order| (order.received_at, order.id));
    match asked.first("sort") {
        None | Some("Desc") => orders.reverse(),
        Some("Asc") => {}
        Some(_) => return Err(wrong("sort", "does not have a valid value")),
    }
    Ok(orders)
}

fn shown(orders: &[Order]) -> Vec<Value> {
    orders.iter().map(|order| show::item(order, true)).collect()
}

fn history(state: &State, asked: &Asked<'_>) -> Outcome {
    let orders = found(state, asked, asked.account()?)?;
    Ok(page::of(asked, shown(&orders), 100, 200)?.into())
}

/// Today's orders of every status, and older ones that still rest.
fn of_today(state: &State, asked: &Asked<'_>, account: &'static Account) -> Vec<Order> {
    let today = ledger::day(asked.now);
    let mut orders = ledger::of(state, account, asked.now).orders;
    orders.retain(|order| ledger::day(order.updated_at) == today || !order.status.is_terminal());
    orders.sort_by_key(|order| std::cmp::Reverse((order.received_at, order.id)));
    orders
}

fn live(state: &State, asked: &Asked<'_>) -> Outcome {
    Ok(page::of(asked, shown(&of_today(state, asked, asked.account()?)), 100, 200)?.into())
}

/// The accounts of the customer that the query names; all without a name.
fn named(asked: &Asked<'_>) -> Result<Vec<&'static Account>, Refusal> {
    let user = asked.user()?;
    if !["me", user.customer_id].contains(&asked.part(0)) {
        return Err(Refusal::NotPermitted);
    }
    let numbers = asked.list("account-numbers");
    if let Some(other) = numbers.iter().find(|number| accounts::find(number).is_none_or(|own| own.owner != user.name)) {
        return Err(if accounts::find(other).is_some() { Refusal::NotPermitted } else { Refusal::NotFound });
    }
    Ok(accounts::of_user(user.name)
        .filter(|account| numbers.is_empty() || numbers.iter().any(|number| number == account.number))
        .collect())
}

fn customer_history(state: &State, asked: &Asked<'_>) -> Outcome {
    let mut all = Vec::new();
    for account in named(asked)? {
        all.extend(found(state, asked, account)?);
    }
    Ok(page::of(asked, shown(&all), 100, 200)?.into())
}

fn customer_live(state: &State, asked: &Asked<'_>) -> Outcome {
    let all: Vec<Order> = named(asked)?.into_iter().flat_map(|account| of_today(state, asked, account)).collect();
    Ok(page::of(asked, shown(&all), 100, 200)?.into())
}

fn find(state: &State, asked: &Asked<'_>) -> Result<Order, Refusal> {
    let account = asked.account()?;
    let orders = ledger::of(state, account, asked.now).orders;
    orders.into_iter().find(|order| order.id.to_string() == asked.part(1)).ok_or(Refusal::NotFound)
}

fn one(state: &State, asked: &Asked<'_>) -> Outcome {
    Ok(envelope(&show::item(&find(state, asked)?, true), asked.path()).into())
}

/// The answer to placing or trying.
fn answer(order: &Order, effect: effect::Effect, placed: bool, asked: &Asked<'_>) -> Answer {
    let data = json!({
        "order": show::item(order, placed),
        "buying-power-effect": effect.buying_power,
        "fee-calculation": effect.fees,
        "warnings": effect.warnings,
        "errors": [],
        "notes": [],
    });
    let mut body = envelope(&data, asked.path());
    body["api-version"] = json!("v1");
    Answer::created(body)
}

fn dry_run(state: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let order = read::order(&asked.body()?, account.number, asked.now)?;
    let effect = effect::of(state, account, &order, asked.now)?;
    Ok(answer(&order, effect, false, asked))
}

fn place(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let order = read::order(&asked.body()?, account.number, asked.now)?;
    let effect = effect::of(desk.state, account, &order, asked.now)?;
    let order = put(desk, order, asked);
    Ok(answer(&order, effect, true, asked))
}

/// Takes an order in, tells of it, and lets the market look at it at once. The order is given as it was taken: what the
/// market makes of it is seen by whoever asks next.
pub(super) fn put(desk: &mut Desk<'_>, order: Order, asked: &Asked<'_>) -> Order {
    let taken = accept(desk, order, asked);
    fill::look(desk, asked.now);
    taken
}

/// Takes an order in and tells of it.
pub(super) fn accept(desk: &mut Desk<'_>, mut order: Order, asked: &Asked<'_>) -> Order {
    order.id = desk.state.next_order();
    let place = desk.state.orders.len();
    desk.state.orders.push(order.clone());
    fill::change(desk, place, |_| {}, asked.now);
    order
}

/// The order with the fields of the body in place of its own.
fn edited(old: &Order, asked: &Asked<'_>) -> Result<Order, Refusal> {
    let mut body = show::item(old, true);
    for leg in body["legs"].as_array_mut().into_iter().flatten() {
        // What was filled stays with the old order.
        leg["quantity"] = leg["remaining-quantity"].clone();
    }
    if let (Some(fields), Value::Object(new)) = (body.as_object_mut(), asked.body()?) {
        fields.extend(new);
    }
    let mut order = read::order(&body, &old.account, asked.now)?;
    order.replaces = Some(old.id);
    order.complex = old.complex;
    Ok(order)
}

fn resting(order: &Order) -> Result<(), Refusal> {
    let message = || format!("The order is {} and cannot be changed", order.status.as_str());
    if order.status.is_terminal() {
        return Err(Refusal::Unprocessable("order_not_editable", message()));
    }
    Ok(())
}

fn dry_run_of_edit(state: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let old = find(state, asked)?;
    resting(&old)?;
    let order = edited(&old, asked)?;
    let effect = effect::of(state, account, &order, asked.now)?;
    Ok(answer(&order, effect, false, asked))
}

/// Only orders for new issues wait for a second word, and there are none here: the order is given as it is.
fn reconfirm(state: &State, asked: &Asked<'_>) -> Outcome {
    let order = find(state, asked)?;
    resting(&order)?;
    Ok(envelope(&show::item(&order, true), asked.path()).into())
}

/// The old order is cancelled and a new one takes its place; the answer is the new order itself.
fn replace(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let old = find(desk.state, asked)?;
    resting(&old)?;
    let order = edited(&old, asked)?;
    effect::of(desk.state, account, &order, asked.now)?;
    end(desk, old.id, Status::ReplaceRequested, asked);
    let new = put(desk, order, asked);
    if let Some(old) = desk.state.orders.iter_mut().find(|order| order.id == old.id) {
        old.replaced_by = Some(new.id);
    }
    for complex in &mut desk.state.complex_orders {
        complex.orders.iter_mut().filter(|id| **id == old.id).for_each(|id| *id = new.id);
    }
    Ok(envelope(&show::item(&new, true), asked.path()).into())
}

/// Cancels an order of this desk, by way of a stage that says why.
pub(super) fn end(desk: &mut Desk<'_>, id: u64, by: Status, asked: &Asked<'_>) {
    if let Some(place) = desk.state.orders.iter().position(|order| order.id == id && !order.status.is_terminal()) {
        fill::change(desk, place, |order| order.status = by, asked.now);
        fill::change(desk, place, |order| order.end(Status::Cancelled, asked.now), asked.now);
    }
}

fn cancel(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Outcome {
    let order = find(desk.state, asked)?;
    resting(&order)?;
    end(desk, order.id, Status::CancelRequested, asked);
    crate::orders::complex::ended(desk, &order, asked.now);
    Ok(envelope(&show::item(&find(desk.state, asked)?, true), asked.path()).into())
}
