//! What an order would do to an account: buying power, requirement, fees; and whether the broker takes it.

use domain::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::{
    Leg, Order,
    fees::{self, Fees},
};
use crate::{
    accounts::{
        Account, AccountKind, balances,
        ledger::{self, Book, Entry, EntryKind},
        margin,
        positions::positions,
    },
    calendar::{self, Phase},
    market::{Instrument, Market, occ::Right, quote},
    state::State,
    wire::{Refusal, effect, with_effect},
};

/// What was worked out.
#[derive(Debug, Clone)]
pub(crate) struct Effect {
    /// The object `buying-power-effect`.
    pub buying_power: Value,
    /// The object `fee-calculation`.
    pub fees: Value,
    /// The list `warnings`.
    pub warnings: Vec<Value>,
}

/// What an order would do, or why it is not taken. `released` is the order that it replaces.
pub(crate) fn of(state: &State, account: &'static Account, order: &Order, now: Timestamp) -> Result<Effect, Refusal> {
    let market = state.market();
    let instruments = tradable(&market, order, now)?;
    let book = Book::of(&ledger::of(state, account, now));
    let mut warnings = Vec::new();
    if calendar::phase(now) != Phase::Open {
        warnings.push(json!({
            "code": "tif.next_valid_session",
            "message": "Your order will begin working during next valid session.",
        }));
    }
    let mut refused = Vec::new();
    for (leg, instrument) in &instruments {
        let held = book.lines.get(&instrument.symbol()).map_or(0, |line| line.count);
        let closes = !leg.action.opens() && held.signum() == -leg.action.sign() && held.abs() >= leg.quantity;
        if !leg.action.opens() && !closes {
            warnings.push(json!({
                "code": "closing_with_no_position",
                "message": format!("{} would close more than is held; the rest opens", leg.symbol),
            }));
        }
    }
    let (before, after, all_fees) = balances_around(&market, account, &book, order, &instruments, now);
    refused.extend(uncovered(account, &after.1));
    let (now_power, then_power) = (before.0.buying_power(), after.0.buying_power());
    let change = then_power - now_power;
    if then_power < Decimal::ZERO && change < Decimal::ZERO {
        refused.push((
            "margin_check_failed",
            "Account does not have sufficient buying power available for this order.".to_owned(),
        ));
    }
    if !refused.is_empty() {
        return Err(Refusal::Preflight(refused));
    }
    let isolated = isolated(&market, account, order, &instruments, now);
    let mut fields = Map::new();
    let margin = before.0.required.maintenance - after.0.required.maintenance;
    for (name, value) in [
        ("change-in-margin-requirement", margin),
        ("change-in-buying-power", change),
        ("current-buying-power", now_power),
        ("new-buying-power", then_power),
        ("isolated-order-margin-requirement", -isolated),
    ] {
        with_effect(&mut fields, name, value);
    }
    fields.insert("is-spread".to_owned(), json!(order.legs.len() > 1));
    fields.insert("impact".to_owned(), json!(crate::wire::decimal(change.abs())));
    fields.insert("effect".to_owned(), json!(effect(change)));
    Ok(Effect { buying_power: Value::Object(fields), fees: fee_item(&all_fees), warnings })
}

/// The legs with their instruments, all of which must be listed and of a kind that is traded here.
fn tradable<'a>(market: &Market<'_>, order: &'a Order, now: Timestamp) -> Result<Vec<(&'a Leg, Instrument)>, Refusal> {
    let mut found = Vec::new();
    for leg in &order.legs {
        let unknown = || Refusal::Preflight(vec![("instrument_not_found", format!("{} is not listed", leg.symbol))]);
        if !matches!(leg.instrument_type.as_str(), "Equity" | "Equity Option") {
            let message = format!("{} orders are not accepted for this account", leg.instrument_type);
            return Err(Refusal::Preflight(vec![("instrument_type_not_permitted", message)]));
        }
        let instrument = leg.instrument().filter(|instrument| market.lists(instrument, now)).ok_or_else(unknown)?;
        found.push((leg, instrument));
    }
    Ok(found)
}

type Around = (balances::Balances, Vec<crate::accounts::positions::Position>);

/// The balances before and after, the latter as if it were filled at its price (or, without one, at the marks).
fn balances_around(
    market: &Market<'_>,
    account: &Account,
    book: &Book,
    order: &Order,
    instruments: &[(&Leg, Instrument)],
    now: Timestamp,
) -> (Around, Around, Fees) {
    let sums = |book: &Book| {
        let positions = positions(market, book, now);
        (balances::balances(market, account, book.cash, &positions, now), positions)
    };
    let mut then = book.clone();
    let (mut credit, mut all_fees) = (Decimal::ZERO, Fees::default());
    for (leg, instrument) in instruments {
        let entry = entry_of(market, leg, instrument, now);
        credit += entry.value;
        all_fees = all_fees.plus(entry.fees);
        then.apply(&entry);
    }
    if let Some(price) = order.price {
        let multiplier = if instruments.iter().any(|(_, instrument)| instrument.is_option()) { 100 } else { 1 };
        then.cash += price * Decimal::from(order.size() * multiplier) - credit;
    }
    (sums(book), sums(&then), all_fees)
}

/// A leg as if it were filled at the mark.
fn entry_of(market: &Market<'_>, leg: &Leg, instrument: &Instrument, now: Timestamp) -> Entry {
    let price = quote::mark(market, instrument, now).unwrap_or_default();
    let count = leg.action.sign() * leg.quantity;
    let multiplier = if instrument.is_option() { Decimal::ONE_HUNDRED } else { Decimal::ONE };
    Entry {
        id: 0,
        at: now,
        kind: EntryKind::Trade(leg.action),
        instrument: Some(instrument.clone()),
        count,
        price,
        value: -price * Decimal::from(count) * multiplier,
        fees: fees::of(instrument, leg.action, leg.quantity, price),
        order: None,
    }
}

/// What the order would require if nothing else were held.
fn isolated(
    market: &Market<'_>,
    account: &Account,
    _: &Order,
    instruments: &[(&Leg, Instrument)],
    now: Timestamp,
) -> Decimal {
    let mut alone = Book::default();
    for (leg, instrument) in instruments {
        alone.apply(&entry_of(market, leg, instrument, now));
    }
    let spot = |symbol: &str| {
        crate::market::listing::find(symbol).map_or(Decimal::ZERO, |listing| quote::last(market, listing, now))
    };
    margin::requirement(account.kind, &positions(market, &alone, now), spot).maintenance
}

/// Short calls that no shares cover, and short shares, where the account may not have them.
fn uncovered(account: &Account, positions: &[crate::accounts::positions::Position]) -> Option<(&'static str, String)> {
    if account.kind == AccountKind::Margin {
        return None;
    }
    margin::by_underlying(positions).into_iter().find_map(|(symbol, group)| {
        let shares: i64 =
            group.iter().filter(|position| position.option.is_none()).map(|position| position.count).sum();
        let calls: i64 = group
            .iter()
            .filter(|position| position.option.as_ref().is_some_and(|option| option.right == Right::Call))
            .map(|position| position.count)
            .sum();
        let bare = shares < 0 || calls * 100 + shares < 0;
        bare.then(|| ("uncovered_short_not_permitted", format!("The account may not be short {symbol} uncovered")))
    })
}

fn fee_item(fees: &Fees) -> Value {
    let mut fields = Map::new();
    for (name, value) in [
        ("regulatory-fees", fees.regulatory),
        ("clearing-fees", fees.clearing),
        ("commission", fees.commission),
        ("proprietary-index-option-fees", fees.proprietary),
        ("total-fees", fees.total()),
    ] {
        with_effect(&mut fields, name, -value);
    }
    fields.insert("per-quantity".to_owned(), json!(false));
    Value::Object(fields)
}
