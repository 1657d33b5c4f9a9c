//! What the market does to resting orders: fills, stops, the end of the day.
//!
//! Nothing runs by itself here: the orders are looked at whenever somebody calls or listens. On its way to the exchange an
//! order passes through all the stages that the account streamer tells of. It is filled, each leg at the bid or ask, when the
//! market is open and the sum is no worse than the order's price; as much of it at once as is bid for and offered, and more
//! of it with the next quotes.

use chrono::TimeDelta;
use domain::{Timestamp, exchange};
use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{
    Fill, Kind, Leg, Order, Status, Tif, complex,
    rules::{Rules, Verdict},
    show,
};
use crate::{
    accounts,
    calendar::{self, Phase},
    desk::Desk,
    market::{Instrument, Market, quote},
    rest::{balance_item, position_item},
};

/// What is quoted is there for one order once, and then again with the next quote.
const NEXT_QUOTE: TimeDelta = TimeDelta::seconds(1);

/// Looks at all orders that are not done, and tells of what happened.
pub(crate) fn look(desk: &mut Desk<'_>, now: Timestamp) {
    for place in 0..desk.state.orders.len() {
        look_at(desk, place, now);
    }
}

/// Looks at one of them.
pub(crate) fn look_at(desk: &mut Desk<'_>, place: usize, now: Timestamp) {
    let Some(mut order) = desk.state.orders.get(place).filter(|order| !order.status.is_terminal()).cloned() else {
        return;
    };
    if let Some(end) = end_of(&order).filter(|end| now >= *end) {
        change(desk, place, |order| order.end(Status::Expired, end), now);
        complex::ended(desk, &order, now);
        return;
    }
    match order.rules.as_ref().map(|rules| rules.verdict(&desk.state.market(), now)) {
        Some(Verdict::Cancel) => {
            let cancel = |order: &mut Order| {
                set_rule(order, |rules| rules.cancelled_at = Some(now));
                order.end(Status::Cancelled, now);
            };
            change(desk, place, cancel, now);
            complex::ended(desk, &order, now);
            return;
        }
        // A part of a complex order waits for its trigger in any case.
        Some(Verdict::Route) if order.status == Status::Contingent && order.complex.is_none() => {
            let release = |order: &mut Order| {
                set_rule(order, |rules| rules.routed_at = Some(now));
                order.status = Status::Received;
            };
            change(desk, place, release, now);
            order.status = Status::Received;
        }
        _ => {}
    }
    if order.status == Status::Contingent || calendar::phase(now) != Phase::Open {
        return;
    }
    if order.status == Status::Received {
        for status in [Status::Routed, Status::InFlight, Status::Live] {
            let step = |order: &mut Order| {
                order.status = status;
                order.live_at = Some(now).filter(|_| status == Status::Live);
            };
            change(desk, place, step, now);
        }
    }
    let units = fillable(desk, &order, now);
    if let Some((units, prices)) = units {
        let (size, is_last) = (order.size(), order.filled() + units == order.size());
        let fill = |order: &mut Order| {
            for (leg, price) in order.legs.iter_mut().zip(&prices) {
                leg.fills.push(Fill { quantity: leg.quantity / size * units, price: *price, at: now });
            }
            if is_last {
                order.end(Status::Filled, now);
            }
        };
        change(desk, place, fill, now);
        told(desk, &order, now);
        if is_last {
            complex::filled(desk, &order, now);
        }
    }
    let is_alive = desk.state.orders.get(place).is_some_and(|order| !order.status.is_terminal());
    if is_alive && order.tif == Tif::Ioc {
        change(desk, place, |order| order.end(Status::Cancelled, now), now);
        complex::ended(desk, &order, now);
    }
}

fn set_rule(order: &mut Order, how: impl FnOnce(&mut Rules)) {
    if let Some(rules) = &mut order.rules {
        how(rules);
    }
}

/// How many of an order's units can be filled now, and at which prices; none where the price is not right, or where what is
/// quoted now has been taken already.
fn fillable(desk: &Desk<'_>, order: &Order, now: Timestamp) -> Option<(i64, Vec<Decimal>)> {
    let market = desk.state.market();
    if order.last_fill_at().is_some_and(|last| now - last < NEXT_QUOTE) {
        return None;
    }
    let prices = prices(&market, order, now).filter(|prices| fits(&market, order, prices, now))?;
    let size = order.size();
    let quoted = |leg: &Leg| Some(quoted(&market, leg, now)? / (leg.quantity / size).max(1));
    let units =
        order.legs.iter().map(quoted).try_fold(size - order.filled(), |least, units| Some(least.min(units?)))?;
    (units > 0).then_some((units, prices))
}

/// How much is offered to a buyer or bid for: contracts, and shares in lots of a hundred.
fn quoted(market: &Market<'_>, leg: &Leg, now: Timestamp) -> Option<i64> {
    let instrument = leg.instrument()?;
    let item = quote::of_instrument(market, &instrument, now)?;
    let size: Decimal = if leg.action.sign() > 0 { item.ask_size } else { item.bid_size }.parse().ok()?;
    Some(size.to_i64()? * if instrument.is_option() { 1 } else { 100 })
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
        Tif::Day | Tif::Ioc => {
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
