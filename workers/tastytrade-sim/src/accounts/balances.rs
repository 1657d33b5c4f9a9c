//! Balances: what follows from the cash and the marks of the positions.

use domain::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    Account, AccountKind,
    margin::{self, Requirement},
    positions::Position,
};
use crate::{
    calendar,
    market::{Market, listing, quote},
    wire::{decimal, moment},
};

/// The sums of an account, in dollars; short sides as absolute values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Balances {
    pub cash: Decimal,
    pub long_shares: Decimal,
    pub short_shares: Decimal,
    pub long_options: Decimal,
    pub short_options: Decimal,
    pub required: Requirement,
}

impl Balances {
    /// What options may be bought or sold with.
    pub(crate) fn buying_power(&self) -> Decimal {
        self.net_liquidating_value() - self.required.maintenance
    }

    /// Cash and marks added up.
    pub(crate) fn net_liquidating_value(&self) -> Decimal {
        self.cash + self.long_shares - self.short_shares + self.long_options - self.short_options
    }
}

/// Adds cash and positions up.
pub(crate) fn balances(
    market: &Market<'_>,
    account: &Account,
    cash: Decimal,
    positions: &[Position],
    now: Timestamp,
) -> Balances {
    let sum = |options: bool, long: bool| -> Decimal {
        let wanted = |position: &&Position| position.option.is_some() == options && (position.count > 0) == long;
        positions.iter().filter(wanted).map(Position::value).sum()
    };
    let spot = |symbol: &str| listing::find(symbol).map_or(Decimal::ZERO, |listing| quote::last(market, listing, now));
    Balances {
        cash,
        long_shares: sum(false, true),
        short_shares: sum(false, false),
        long_options: sum(true, true),
        short_options: sum(true, false),
        required: margin::requirement(account.kind, positions, spot),
    }
}

/// What no simulated account has.
const ALWAYS_ZERO: [&str; 21] = [
    "long-futures-value",
    "short-futures-value",
    "long-futures-derivative-value",
    "short-futures-derivative-value",
    "futures-margin-requirement",
    "maintenance-call-value",
    "reg-t-call-value",
    "day-trading-call-value",
    "day-equity-call-value",
    "pending-cash",
    "long-cryptocurrency-value",
    "short-cryptocurrency-value",
    "cryptocurrency-margin-requirement",
    "unsettled-cryptocurrency-fiat-amount",
    "equity-offering-margin-requirement",
    "long-bond-value",
    "bond-margin-requirement",
    "futures-overnight-margin-requirement",
    "futures-intraday-margin-requirement",
    "pending-margin-interest",
    "buying-power-adjustment",
];

/// The object that `/accounts/{n}/balances/USD` answers.
pub(crate) fn item(account: &Account, balances: &Balances, now: Timestamp) -> Value {
    let net = balances.net_liquidating_value();
    let excess = balances.buying_power().max(Decimal::ZERO);
    let (leverage, day_leverage) = if account.kind == AccountKind::Margin {
        (Decimal::TWO, Decimal::from(4))
    } else {
        (Decimal::ONE, Decimal::ZERO)
    };
    let free_cash = excess.min(balances.cash.max(Decimal::ZERO));
    let mut item = json!({
        "account-number": account.number,
        "currency": "USD",
        "cash-balance": decimal(balances.cash),
        "cash-balance-effect": if balances.cash.is_sign_negative() { "Debit" } else { "Credit" },
        "long-equity-value": decimal(balances.long_shares),
        "short-equity-value": decimal(balances.short_shares),
        "long-derivative-value": decimal(balances.long_options),
        "short-derivative-value": decimal(balances.short_options),
        "long-margineable-value": decimal(balances.long_shares),
        "short-margineable-value": decimal(balances.short_shares),
        "margin-equity": decimal(net - balances.long_options),
        "equity-buying-power": decimal(excess * leverage),
        "derivative-buying-power": decimal(excess),
        "day-trading-buying-power": decimal(excess * day_leverage),
        "available-trading-funds": decimal(free_cash),
        "maintenance-requirement": decimal(balances.required.maintenance),
        "net-liquidating-value": decimal(net),
        "cash-available-to-withdraw": decimal(free_cash),
        "day-trade-excess": decimal(excess),
        "pending-cash-effect": "None",
        "unsettled-cryptocurrency-fiat-effect": "None",
        "closed-loop-available-balance": decimal(free_cash),
        "used-derivative-buying-power": decimal(balances.required.options),
        "snapshot-date": calendar::current(now).date.to_string(),
        "reg-t-margin-requirement": decimal(balances.required.initial),
        "maintenance-excess": decimal(excess),
        "effective-cryptocurrency-buying-power": decimal(free_cash),
        "buying-power-adjustment-effect": "None",
        "apex-starting-day-margin-equity": decimal(net),
        "updated-at": moment(now),
    });
    if let Some(fields) = item.as_object_mut() {
        fields.extend(ALWAYS_ZERO.iter().map(|name| ((*name).to_owned(), json!("0.0"))));
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        accounts::{
            ACCOUNTS,
            ledger::{self, Book},
            positions::positions,
        },
        state::State,
    };

    /// What the public Python SDK (13.2.3) refuses to parse a balance without.
    const REQUIRED: &str = "account-number cash-balance long-equity-value short-equity-value long-derivative-value \
        short-derivative-value long-futures-value short-futures-value long-futures-derivative-value \
        short-futures-derivative-value long-margineable-value short-margineable-value margin-equity equity-buying-power \
        derivative-buying-power day-trading-buying-power futures-margin-requirement available-trading-funds \
        maintenance-requirement maintenance-call-value reg-t-call-value day-trading-call-value day-equity-call-value \
        net-liquidating-value cash-available-to-withdraw day-trade-excess pending-cash long-cryptocurrency-value \
        short-cryptocurrency-value cryptocurrency-margin-requirement unsettled-cryptocurrency-fiat-amount \
        closed-loop-available-balance equity-offering-margin-requirement long-bond-value bond-margin-requirement \
        used-derivative-buying-power snapshot-date reg-t-margin-requirement futures-overnight-margin-requirement \
        futures-intraday-margin-requirement maintenance-excess pending-margin-interest \
        effective-cryptocurrency-buying-power updated-at";

    #[test]
    fn net_liquidating_value_is_cash_and_marks() {
        let state = State::default();
        let market = state.market();
        for now in ["2026-11-20T15:00:00Z", "2026-02-10T15:00:00Z", "2027-08-18T18:00:00Z"] {
            let now: Timestamp = now.parse().unwrap();
            for account in &ACCOUNTS {
                let book = Book::of(&ledger::of(&state, account, now));
                let positions = positions(&market, &book, now);
                let marks: Decimal = positions
                    .iter()
                    .map(|position| if position.count < 0 { -position.value() } else { position.value() })
                    .sum();
                let balances = balances(&market, account, book.cash, &positions, now);
                let net = balances.net_liquidating_value();
                assert_eq!(net, book.cash + marks);
                assert_eq!(net, book.net_liquidating_value(&market, now));
                assert!(balances.required.maintenance < net, "{}: {balances:?}", account.number);
                let item = item(account, &balances, now);
                for name in REQUIRED.split_whitespace() {
                    assert!(item[name].is_string(), "{name}");
                }
            }
        }
    }
}
