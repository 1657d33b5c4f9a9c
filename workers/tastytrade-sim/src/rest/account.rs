//! Balances, positions and trading status of one account.

use chrono::NaiveDate;
use domain::Timestamp;
use serde_json::{Value, json};

use super::{Asked, Endpoint, Outcome, get, page, wrong};
use crate::{
    accounts::{
        Account, AccountKind, balances as sums,
        ledger::{self, Book},
        positions::{self as held, Position},
    },
    calendar,
    market::quote::last_activity,
    state::State,
    wire::{Refusal, decimal, envelope, items, moment, with_effect},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/accounts/{n}/balances", balances),
    get("/accounts/{n}/balances/{currency}", balance),
    get("/accounts/{n}/balance-snapshots", snapshots),
    get("/accounts/{n}/positions", positions),
    get("/accounts/{n}/trading-status", trading_status),
    get("/accounts/{n}/position-limit", position_limit),
];

/// The balances of an account at a moment.
pub(super) fn sums_of(state: &State, account: &'static Account, now: Timestamp) -> (sums::Balances, Vec<Position>) {
    let market = state.market();
    let book = Book::of(&ledger::of(state, account, now));
    let positions = held::positions(&market, &book, now);
    (sums::balances(&market, account, book.cash, &positions, now), positions)
}

/// The balance of an account, as REST and the account streamer give it.
pub(crate) fn balance_item(state: &State, account: &'static Account, now: Timestamp) -> Value {
    sums::item(account, &sums_of(state, account, now).0, now)
}

/// One entry per currency, and the only currency is the dollar.
fn balances(state: &State, asked: &Asked<'_>) -> Outcome {
    Ok(items(vec![balance_item(state, asked.account()?, asked.now)], asked.path()).into())
}

/// The balance in one currency.
fn balance(state: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    if asked.part(1) != "USD" {
        return Err(Refusal::NotFound);
    }
    Ok(envelope(&balance_item(state, account, asked.now), asked.path()).into())
}

/// The balance at the beginning or end of days, the newest first; without days the last one and the current one.
fn snapshots(state: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let time = asked.first("time-of-day").ok_or_else(|| wrong("time-of-day", "is missing"))?;
    if !["BOD", "EOD", "Intraday"].contains(&time) {
        return Err(wrong("time-of-day", "does not have a valid value"));
    }
    if asked.first("currency").is_some_and(|currency| currency != "USD") {
        return Ok(page::of(asked, Vec::new(), 250, 1000)?.into());
    }
    let today = calendar::local_date(asked.now);
    let one = asked.day("snapshot-date")?;
    let (first, last) = match (one, asked.day("start-date")?) {
        (Some(day), _) => (day, day),
        (None, Some(first)) => (first, asked.day("end-date")?.unwrap_or(today).min(today)),
        (None, None) => (calendar::session_before(today).date, today),
    };
    if last.signed_duration_since(first).num_days() > 800 {
        return Err(wrong("start-date", "is more than two years before the end"));
    }
    let snapshot = |date: NaiveDate| -> Option<Value> {
        let session = calendar::session(date)?;
        let at = match time {
            "BOD" => session.start_at,
            "EOD" => session.close_at,
            _ => asked.now.min(session.close_at),
        };
        let mut item = sums::item(account, &sums_of(state, account, at).0, at);
        item["snapshot-date"] = json!(date.to_string());
        item["time-of-day"] = json!(time);
        (at <= asked.now).then_some(item)
    };
    let days: Vec<NaiveDate> = first.iter_days().take_while(|day| *day <= last).collect();
    let mut list: Vec<Value> = days.into_iter().rev().filter_map(snapshot).collect();
    if one.is_none() && asked.first("start-date").is_none() {
        list.insert(0, balance_item(state, account, asked.now));
        list.truncate(2);
    }
    Ok(page::of(asked, list, 250, 1000)?.into())
}

/// The positions that the query asks for; marks only with `include-marks`.
fn positions(state: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let underlyings = asked.list("underlying-symbol");
    let symbols = asked.list("symbol");
    let kind = asked.first("instrument-type");
    let marks = asked.flag("include-marks") == Some(true);
    let closed = asked.flag("include-closed-positions") == Some(true);
    let products = asked.first("underlying-product-code").is_some();
    let market = state.market();
    let book = Book::of(&ledger::of(state, account, asked.now));
    let wanted = |position: &Position| {
        let one_of = |list: &[String], text: &str| list.is_empty() || list.iter().any(|entry| entry == text);
        one_of(&underlyings, position.underlying.symbol)
            && one_of(&symbols, &position.symbol)
            && kind.is_none_or(|kind| kind == position.instrument_type())
            && !products
    };
    let today = |line: &&ledger::Line| ledger::day(line.updated_at) == ledger::day(asked.now);
    let list = book
        .lines
        .values()
        .filter(|line| line.count != 0 || (closed && today(line)))
        .filter_map(|line| held::position(&market, line, asked.now))
        .filter(wanted)
        .map(|position| position_item(account, &position, marks, asked.now))
        .collect();
    Ok(items(list, asked.path()).into())
}

/// All open positions of an account with their marks.
pub(super) fn position_items(state: &State, account: &'static Account, now: Timestamp) -> Vec<Value> {
    let book = Book::of(&ledger::of(state, account, now));
    held::positions(&state.market(), &book, now)
        .iter()
        .map(|position| position_item(account, position, true, now))
        .collect()
}

/// A position, as REST and the account streamer give it.
pub(crate) fn position_item(account: &Account, position: &Position, marks: bool, now: Timestamp) -> Value {
    let updated = last_activity(now);
    let session = calendar::current(now).date.to_string();
    let direction = match position.count {
        0 => "Zero",
        count if count < 0 => "Short",
        _ => "Long",
    };
    let mut item = json!({
        "account-number": account.number,
        "symbol": position.symbol,
        "instrument-type": position.instrument_type(),
        "underlying-symbol": position.underlying.symbol,
        "quantity": position.count.saturating_abs().to_string(),
        "quantity-direction": direction,
        "close-price": decimal(position.prev_close),
        "average-open-price": decimal(position.average_open.round_dp(4)),
        "average-yearly-market-close-price": decimal(position.average_open.round_dp(4)),
        "average-daily-market-close-price": decimal(position.prev_close),
        "multiplier": position.multiplier(),
        "cost-effect": if position.count < 0 { "Credit" } else { "Debit" },
        "is-suppressed": false,
        "is-frozen": false,
        "restricted-quantity": "0.0",
        "realized-day-gain-date": session,
        "realized-today-date": session,
        "created-at": moment(position.opened_at),
        "updated-at": moment(position.updated_at.max(updated)),
        "streamer-symbol": position.streamer_symbol,
    });
    let Some(fields) = item.as_object_mut() else { return item };
    with_effect(fields, "realized-day-gain", position.realized);
    with_effect(fields, "realized-today", position.realized);
    if let Some(expires_at) = position.expires_at {
        fields.insert("expires-at".to_owned(), json!(moment(expires_at)));
        fields.insert("deliverable-type".to_owned(), json!("Shares"));
    }
    if marks {
        fields.insert("mark".to_owned(), json!(decimal(position.value())));
        fields.insert("mark-price".to_owned(), json!(decimal(position.mark)));
    }
    item
}

/// What the account may do.
fn trading_status(_: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let margin = account.kind == AccountKind::Margin;
    let data = json!({
        "id": account.serial(),
        "account-number": account.number,
        "day-trade-count": 0,
        "equities-margin-calculation-type": account.margin_calculation(),
        "fee-schedule-name": "default",
        "futures-margin-rate-multiplier": "0.0",
        "small-notional-futures-margin-rate-multiplier": "0.0",
        "has-intraday-equities-margin": false,
        "is-aggregated-at-clearing": false,
        "is-closed": false,
        "is-closing-only": false,
        "is-cryptocurrency-closing-only": false,
        "is-cryptocurrency-enabled": false,
        "is-equity-offering-closing-only": false,
        "is-equity-offering-enabled": false,
        "is-frozen": false,
        "is-full-equity-margin-required": false,
        "is-futures-closing-only": false,
        "is-futures-enabled": false,
        "is-futures-intra-day-enabled": false,
        "is-in-day-trade-equity-maintenance-call": false,
        "is-in-margin-call": false,
        "is-pattern-day-trader": false,
        "is-portfolio-margin-enabled": false,
        "is-risk-reducing-only": false,
        "is-roll-the-day-forward-enabled": true,
        "is-small-notional-futures-intra-day-enabled": false,
        "are-far-otm-net-options-restricted": true,
        "options-level": account.options_level(),
        "short-calls-enabled": margin,
        "enhanced-fraud-safeguards-enabled-at": "2021-02-03T15:04:05.678+00:00",
        "updated-at": moment(asked.now),
    });
    Ok(envelope(&data, asked.path()).into())
}

/// The most that one order and one position may be.
fn position_limit(_: &State, asked: &Asked<'_>) -> Outcome {
    let account = asked.account()?;
    let data = json!({
        "id": account.serial(),
        "account-number": account.number,
        "equity-order-size": 50_000,
        "equity-option-order-size": 10_000,
        "future-order-size": 500,
        "future-option-order-size": 500,
        "equity-position-size": 500_000,
        "equity-option-position-size": 20_000,
        "future-position-size": 5000,
        "future-option-position-size": 5000,
        "underlying-opening-order-limit": 100,
    });
    Ok(envelope(&data, asked.path()).into())
}
