//! Balances, positions and trading status of one account.

use serde_json::{Value, json};

use super::Context;
use crate::{
    accounts::{
        Account, AccountKind, balances as sums,
        positions::{self as held, Position},
    },
    call::{first, list, query},
    market::quote::last_activity,
    wire::{Refusal, decimal, envelope, items, moment},
};

fn balance_item(context: &Context<'_>, account: &Account) -> Value {
    let market = context.state.market();
    let positions = held::positions(&market, account, context.now);
    sums::item(account, &sums::balances(&market, account, &positions, context.now), context.now)
}

/// One entry per currency, and the only currency is the dollar.
pub(super) fn balances(context: &Context<'_>, account: &Account) -> Value {
    items(vec![balance_item(context, account)], &format!("/accounts/{}/balances", account.number))
}

/// The balance in one currency.
pub(super) fn balance(context: &Context<'_>, account: &Account, currency: &str) -> Result<Value, Refusal> {
    if currency != "USD" {
        return Err(Refusal::NotFound);
    }
    Ok(envelope(&balance_item(context, account), &format!("/accounts/{}/balances/USD", account.number)))
}

/// The positions that the query asks for; marks only with `include-marks`.
pub(super) fn positions(context: &Context<'_>, account: &Account) -> Value {
    let query = query(context.call);
    let underlyings = list(&query, "underlying-symbol");
    let symbols = list(&query, "symbol");
    let kind = first(&query, "instrument-type");
    let marks = first(&query, "include-marks") == Some("true");
    let wanted = |position: &Position| {
        let one_of = |list: &[String], text: &str| list.is_empty() || list.iter().any(|entry| entry == text);
        one_of(&underlyings, position.underlying.symbol)
            && one_of(&symbols, &position.symbol)
            && kind.is_none_or(|kind| kind == position.instrument_type())
    };
    let list = held::positions(&context.state.market(), account, context.now)
        .iter()
        .filter(|position| wanted(position))
        .map(|position| position_item(context, account, position, marks))
        .collect();
    items(list, &format!("/accounts/{}/positions", account.number))
}

fn position_item(context: &Context<'_>, account: &Account, position: &Position, marks: bool) -> Value {
    let updated = last_activity(context.now);
    let session = crate::calendar::current(context.now).date.to_string();
    let mut item = json!({
        "account-number": account.number,
        "symbol": position.symbol,
        "instrument-type": position.instrument_type(),
        "underlying-symbol": position.underlying.symbol,
        "quantity": position.count.saturating_abs().to_string(),
        "quantity-direction": if position.count < 0 { "Short" } else { "Long" },
        "close-price": decimal(position.prev_close),
        "average-open-price": decimal(position.average_open),
        "average-yearly-market-close-price": decimal(position.average_open),
        "average-daily-market-close-price": decimal(position.prev_close),
        "multiplier": position.multiplier(),
        "cost-effect": if position.count < 0 { "Credit" } else { "Debit" },
        "is-suppressed": false,
        "is-frozen": false,
        "restricted-quantity": "0.0",
        "realized-day-gain": "0.0",
        "realized-day-gain-effect": "None",
        "realized-day-gain-date": session,
        "realized-today": "0.0",
        "realized-today-effect": "None",
        "realized-today-date": session,
        "created-at": moment(position.opened_at),
        "updated-at": moment(position.opened_at.max(updated)),
    });
    let Some(fields) = item.as_object_mut() else { return item };
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
pub(super) fn trading_status(context: &Context<'_>, account: &Account) -> Value {
    let margin = account.kind == AccountKind::Margin;
    let data = json!({
        "id": account.serial(),
        "account-number": account.number,
        "day-trade-count": 0,
        "equities-margin-calculation-type": if margin { "Reg T" } else { "IRA Margin" },
        "fee-schedule-name": "default",
        "futures-margin-rate-multiplier": "0.0",
        "small-notional-futures-margin-rate-multiplier": "0.0",
        "has-intraday-equities-margin": false,
        "is-aggregated-at-clearing": false,
        "is-closed": false,
        "is-closing-only": false,
        "is-cryptocurrency-closing-only": false,
        "is-cryptocurrency-enabled": margin,
        "is-equity-offering-closing-only": false,
        "is-equity-offering-enabled": false,
        "is-frozen": false,
        "is-full-equity-margin-required": false,
        "is-futures-closing-only": false,
        "is-futures-enabled": margin,
        "is-futures-intra-day-enabled": false,
        "is-in-day-trade-equity-maintenance-call": false,
        "is-in-margin-call": false,
        "is-pattern-day-trader": false,
        "is-portfolio-margin-enabled": false,
        "is-risk-reducing-only": false,
        "is-roll-the-day-forward-enabled": true,
        "is-small-notional-futures-intra-day-enabled": false,
        "are-far-otm-net-options-restricted": true,
        "options-level": if margin { "No Restrictions" } else { "Defined Risk" },
        "short-calls-enabled": margin,
        "enhanced-fraud-safeguards-enabled-at": "2021-02-03T15:04:05.678+00:00",
        "updated-at": moment(context.now),
    });
    envelope(&data, &format!("/accounts/{}/trading-status", account.number))
}
