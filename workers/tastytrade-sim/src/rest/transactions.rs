//! Transactions: the ledger's entries.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::{Asked, Endpoint, Outcome, get, page, wrong};
use crate::{
    accounts::{
        Account,
        ledger::{self, Entry, EntryKind},
    },
    calendar,
    market::Instrument,
    state::State,
    wire::{Refusal, decimal, effect, envelope, moment, with_effect},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/accounts/{n}/transactions", list),
    get("/accounts/{n}/transactions/total-fees", total_fees),
    get("/accounts/{n}/transactions/{id}", one),
];

/// What was traded, or what the money was for.
fn description(entry: &Entry) -> String {
    let symbol = entry.instrument.as_ref().map(Instrument::symbol).unwrap_or_default();
    let count = entry.count.abs();
    match entry.kind {
        EntryKind::Trade(action) => {
            let verb = if action.sign() > 0 { "Bought" } else { "Sold" };
            format!("{verb} {count} {symbol} @ {}", decimal(entry.price))
        }
        EntryKind::Transfer => format!("Received {count} Long {symbol} via ACAT"),
        EntryKind::Expiration => {
            let side = if entry.count > 0 { "short" } else { "long" };
            format!("Removal of {count} {symbol} due to expiration ({side})")
        }
        EntryKind::Settlement => format!("Cash settlement of {count} {symbol} at expiration"),
        EntryKind::Dividend => entry
            .instrument
            .as_ref()
            .and_then(Instrument::listing)
            .map_or("", |listing| listing.description)
            .to_uppercase(),
        EntryKind::Deposit => "Wire Funds Received".to_owned(),
    }
}

fn item(account: &Account, entry: &Entry) -> Value {
    let (kind, sub_kind) = entry.kind.names(entry.count);
    let mut item = json!({
        "id": entry.id,
        "account-number": account.number,
        "transaction-type": kind,
        "transaction-sub-type": sub_kind,
        "description": description(entry),
        "executed-at": moment(entry.at),
        "transaction-date": ledger::day(entry.at).to_string(),
        "is-estimated-fee": true,
        "currency": "USD",
    });
    let Some(fields) = item.as_object_mut() else { return item };
    with_effect(fields, "value", entry.value);
    with_effect(fields, "net-value", entry.net());
    if let Some(instrument) = &entry.instrument {
        fields.insert("symbol".to_owned(), json!(instrument.symbol()));
        fields.insert("instrument-type".to_owned(), json!(instrument.instrument_type()));
        fields.insert("underlying-symbol".to_owned(), json!(instrument.underlying_symbol()));
    }
    if entry.count != 0 {
        fields.insert("quantity".to_owned(), json!(decimal(Decimal::from(entry.count.abs()))));
        fields.insert("price".to_owned(), json!(decimal(entry.price)));
    }
    if let EntryKind::Trade(action) = entry.kind {
        trade_fields(fields, entry, action.as_str());
    } else if entry.count != 0 {
        let action = match entry.kind {
            EntryKind::Transfer => "Buy to Open",
            _ if entry.count > 0 => "Buy to Close",
            _ => "Sell to Close",
        };
        fields.insert("action".to_owned(), json!(action));
    }
    item
}

fn trade_fields(fields: &mut Map<String, Value>, entry: &Entry, action: &str) {
    fields.insert("action".to_owned(), json!(action));
    with_effect(fields, "regulatory-fees", -entry.fees.regulatory);
    with_effect(fields, "clearing-fees", -entry.fees.clearing);
    with_effect(fields, "commission", -entry.fees.commission);
    with_effect(fields, "proprietary-index-option-fees", -entry.fees.proprietary);
    if let Some((order, legs)) = entry.order {
        fields.insert("order-id".to_owned(), json!(order));
        fields.insert("leg-count".to_owned(), json!(legs));
        fields.insert("ext-exchange-order-number".to_owned(), json!(order.to_string()));
        fields.insert("ext-global-order-number".to_owned(), json!(order));
        fields.insert("ext-group-id".to_owned(), json!("0"));
        fields.insert("ext-group-fill-id".to_owned(), json!(order.to_string()));
        fields.insert("ext-exec-id".to_owned(), json!(entry.id.to_string()));
        fields.insert("exec-id".to_owned(), json!(entry.id.to_string()));
        fields.insert("destination-venue".to_owned(), json!("MARKET_SIMULATOR"));
    }
}

fn list(state: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let (first, last) = (asked.day("start-date")?, asked.day("end-date")?);
    let (from, until) = (asked.moment("start-at")?, asked.moment("end-at")?);
    let mut kinds = asked.texts("types");
    kinds.extend(asked.first("type"));
    let sub_kinds = asked.texts("sub-type");
    let equals = |item: &Value, field: &str, parameter: &str| {
        asked
            .first(parameter)
            .is_none_or(|wanted| item[field].as_str().is_some_and(|has| has.eq_ignore_ascii_case(wanted)))
    };
    let one_of = |list: &[&str], value: &Value| list.is_empty() || list.iter().any(|entry| value == entry);
    let oldest_first = match asked.first("sort") {
        None | Some("Desc") => false,
        Some("Asc") => true,
        Some(_) => return Err(wrong("sort", "does not have a valid value")),
    };
    let ledger = ledger::of(state, account, asked.now);
    let mut found: Vec<Value> = ledger
        .entries
        .iter()
        .filter(|entry| first.is_none_or(|first| ledger::day(entry.at) >= first))
        .filter(|entry| last.is_none_or(|last| ledger::day(entry.at) <= last))
        .filter(|entry| from.is_none_or(|from| entry.at >= from) && until.is_none_or(|until| entry.at <= until))
        .map(|entry| item(account, entry))
        .filter(|item| {
            one_of(&kinds, &item["transaction-type"])
                && one_of(&sub_kinds, &item["transaction-sub-type"])
                && equals(item, "symbol", "symbol")
                && equals(item, "underlying-symbol", "underlying-symbol")
                && equals(item, "instrument-type", "instrument-type")
                && equals(item, "action", "action")
                && equals(item, "currency", "currency")
                && asked.first("futures-symbol").is_none()
        })
        .collect();
    if !oldest_first {
        found.reverse();
    }
    Ok(page::of(asked, found, 250, 2000)?.into())
}

fn one(state: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let ledger = ledger::of(state, account, asked.now);
    let entry = ledger.entries.iter().find(|entry| entry.id.to_string() == asked.part(1)).ok_or(Refusal::NotFound)?;
    Ok(envelope(&item(account, entry), asked.path()).into())
}

/// The fees of one day.
fn total_fees(state: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let day = asked.day("date")?.unwrap_or_else(|| calendar::local_date(asked.now));
    let total: Decimal = ledger::of(state, account, asked.now)
        .entries
        .iter()
        .filter(|entry| ledger::day(entry.at) == day)
        .map(|entry| entry.fees.total())
        .sum();
    let data = json!({ "total-fees": decimal(total), "total-fees-effect": effect(-total) });
    Ok(envelope(&data, asked.path()).into())
}
