//! What the market does to resting orders: fills, stops, the end of the day.
//!
//! Nothing runs by itself here: the orders are looked at whenever somebody calls or listens. An order is filled whole, each
//! leg at the bid or ask, when the market is open and the sum is no worse than the order's price.

use domain::{Timestamp, exchange};
use rust_decimal::Decimal;

use super::{Kind, Order, Status, Tif, complex, show};
use crate::{
    accounts,
    calendar::{self, Phase},
    desk::Desk,
    market::{Instrument, Market, quote},
    rest::{balance_item, position_item},
};

/// Looks at all orders that are not done, and tells of what happened.
pub(crate) fn look(desk: &mut Desk<'_>, now: Timestamp) {
    for place in 0..desk.state.orders.len() {
        look_at(desk, place, now);
    }
}

fn look_at(desk: &mut Desk<'_>, place: usize, now: Timestamp) {
    let Some(order) = desk.state.orders.get(place).filter(|order| !order.status.is_terminal()).cloned() else { return };
    if let Some(end) = end_of(&order).filter(|end| now >= *end) {
        change(desk, place, |order| order.end(Status::Expired, end), now);
        complex::ended(desk, &order, now);
        return;
    }
    if order.status == Status::Contingent || calendar::phase(now) != Phase::Open {
        return;
    }
    let Some(prices) = prices(&desk.state.market(), &order, now) else { return };
    if fits(&desk.state.market(), &order, &prices, now) {
        change(
            desk,
            place,
            |order| {
                for (leg, price) in order.legs.iter_mut().zip(&prices) {
                    leg.filled_at = Some(*price);
                }
                order.end(Status::Filled, now);
            },
            now,
        );
        told(desk, &order, now);
        complex::filled(desk, &order, now);
    } else if order.status == Status::Received {
        change(desk, place, |order| order.status = Status::Live, now);
    }
}

/// Changes an order and tells of it.
pub(crate) fn change(desk: &mut Desk<'_>, place: usize, how: impl FnOnce(&mut Order), now: Timestamp) {
    let Some(order) = desk.state.orders.get_mut(place) else { return };
    how(order);
    order.updated_at = order.updated_at.max(now);
    let (item, account) = (show::item(order, true), accounts::find(&order.account));
    if let Some(account) = account {
        desk.tell(account.number, "Order", &item);
    }
}

/// Positions and balances after a fill.
fn told(desk: &mut Desk<'_>, order: &Order, now: Timestamp) {
    let Some(account) = accounts::find(&order.account) else { return };
    let ledger = accounts::ledger::of(desk.state, account, now);
    let book = accounts::ledger::Book::of(&ledger);
    for leg in &order.legs {
        if let Some(line) = book.lines.get(&leg.symbol)
            && let Some(position) = accounts::positions::position(&desk.state.market(), line, now)
        {
            desk.tell(account.number, "CurrentPosition", &position_item(account, &position, false, now));
        }
    }
    let item = balance_item(desk.state, account, now);
    desk.tell(account.number, "AccountBalance", &item);
}

/// When it runs out.
fn end_of(order: &Order) -> Option<Timestamp> {
    match order.tif {
        Tif::Gtc => None,
        Tif::Gtd => order.gtc_date.map(|day| exchange::option_ends_at(day, exchange::Settlement::Afternoon)),
        Tif::Day => {
            let session = calendar::current(order.received_at);
            let session =
                if order.received_at < session.close_at { session } else { calendar::session_after(session.date) };
            Some(session.close_at)
        }
    }
}

/// What each leg would be filled at now: the ask for buying, the bid for selling.
fn prices(market: &Market<'_>, order: &Order, now: Timestamp) -> Option<Vec<Decimal>> {
    order
        .legs
        .iter()
        .map(|leg| {
            let instrument = leg.instrument()?;
            side(market, &instrument, leg.action.sign() > 0, now)
        })
        .collect()
}

fn side(market: &Market<'_>, instrument: &Instrument, buying: bool, now: Timestamp) -> Option<Decimal> {
    if instrument.is_option() {
        let price = quote::option_price(market, instrument, now)?;
        return Some(if buying { price.ask } else { price.bid });
    }
    let item = quote::of_instrument(market, instrument, now)?;
    if buying { item.ask } else { item.bid }?.parse().ok()
}

fn fits(market: &Market<'_>, order: &Order, prices: &[Decimal], now: Timestamp) -> bool {
    let credit: Decimal = order
        .legs
        .iter()
        .zip(prices)
        .map(|(leg, price)| -*price * Decimal::from(leg.action.sign() * leg.quantity))
        .sum();
    let credit = credit / Decimal::from(order.size());
    let good = order.price.is_none_or(|price| credit >= price);
    match order.kind {
        Kind::Market | Kind::Limit => good,
        Kind::Stop | Kind::StopLimit => good && stopped(market, order, now),
    }
}

/// Whether the price of the first leg has reached the trigger: from below for buying, from above for selling.
fn stopped(market: &Market<'_>, order: &Order, now: Timestamp) -> bool {
    let Some((leg, stop)) = order.legs.first().zip(order.stop) else { return false };
    let mark = leg.instrument().and_then(|instrument| quote::mark(market, &instrument, now));
    mark.is_some_and(|mark| if leg.action.sign() > 0 { mark >= stop } else { mark <= stop })
}
