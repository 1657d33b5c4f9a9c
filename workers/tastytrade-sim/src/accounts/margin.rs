//! What the broker requires: Regulation T in its simple form, cash-secured in an IRA.
//!
//! Good for figures of the right size that agree with each other. Not a copy of any broker's rules.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{
    AccountKind,
    positions::{Position, right_of},
};
use crate::market::occ::{Occ, Right};

/// Requirements in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Requirement {
    /// To open what is held.
    pub initial: Decimal,
    /// To keep it.
    pub maintenance: Decimal,
    /// The part of `maintenance` that options cause.
    pub options: Decimal,
}

/// The requirement of all positions: each underlying by itself, then added up.
pub(crate) fn requirement(kind: AccountKind, positions: &[Position], spot: impl Fn(&str) -> Decimal) -> Requirement {
    by_underlying(positions).into_iter().fold(Requirement::default(), |sum, (symbol, group)| {
        let one = of_group(kind, &group, spot(symbol));
        Requirement {
            initial: sum.initial + one.initial,
            maintenance: sum.maintenance + one.maintenance,
            options: sum.options + one.options,
        }
    })
}

/// The positions by the symbol that they follow.
pub(crate) fn by_underlying(positions: &[Position]) -> BTreeMap<&'static str, Vec<&Position>> {
    let mut groups: BTreeMap<&str, Vec<&Position>> = BTreeMap::new();
    for position in positions {
        groups.entry(position.underlying.symbol).or_default().push(position);
    }
    groups
}

/// The requirement of the positions in one underlying.
pub(crate) fn of_group(kind: AccountKind, group: &[&Position], spot: Decimal) -> Requirement {
    let (shares, options) = (of_shares(kind, group), of_options(kind, group, spot));
    Requirement { initial: shares.initial + options, maintenance: shares.maintenance + options, options }
}

fn of_shares(kind: AccountKind, group: &[&Position]) -> Requirement {
    let value: Decimal =
        group.iter().filter(|position| position.option.is_none()).map(|position| position.value()).sum();
    let (initial, maintenance) = match kind {
        AccountKind::Margin => (Decimal::new(50, 2), Decimal::new(30, 2)),
        AccountKind::Ira | AccountKind::Cash => (Decimal::ONE, Decimal::ONE),
    };
    Requirement { initial: value * initial, maintenance: value * maintenance, options: Decimal::ZERO }
}

/// Short calls are covered by shares, short options by long ones of the same day up to the width between them; of calls
/// and puts that are still naked only the greater side counts.
fn of_options(kind: AccountKind, group: &[&Position], spot: Decimal) -> Decimal {
    let shares: i64 = group.iter().filter(|position| position.option.is_none()).map(|position| position.count).sum();
    let calls = side(kind, group, Right::Call, spot, (shares / 100).max(0));
    let puts = side(kind, group, Right::Put, spot, 0);
    if kind == AccountKind::Margin { calls.max(puts) } else { calls + puts }
}

fn side(kind: AccountKind, group: &[&Position], right: Right, spot: Decimal, covered: i64) -> Decimal {
    let of_right = || group.iter().filter(|position| right_of(position) == Some(right));
    let mut covered = covered;
    let mut long: Vec<(&Occ, i64)> = of_right()
        .filter(|position| position.count > 0)
        .filter_map(|position| position.option.as_ref().map(|option| (option, position.count)))
        .collect();
    let mut total = Decimal::ZERO;
    for position in of_right().filter(|position| position.count < 0) {
        let Some(option) = &position.option else { continue };
        let mut open = -position.count;
        let by_shares = open.min(covered);
        (open, covered) = (open - by_shares, covered - by_shares);
        for (other, available) in long.iter_mut().filter(|(other, _)| other.expiration >= option.expiration) {
            let paired = open.min(*available);
            (open, *available) = (open - paired, *available - paired);
            total += width(option, other) * Decimal::from(paired * 100);
        }
        total += naked(kind, option, position.mark, spot) * Decimal::from(open * 100);
    }
    total
}

/// What a pair can lose beyond its credit, per share.
fn width(short: &Occ, long: &Occ) -> Decimal {
    let (short_strike, long_strike) = (strike(short), strike(long));
    let loss = if short.right == Right::Put { short_strike - long_strike } else { long_strike - short_strike };
    loss.max(Decimal::ZERO)
}

/// Per share: a fifth of the spot less what the option is out of the money, at least a tenth, and the option's value.
fn naked(kind: AccountKind, option: &Occ, mark: Decimal, spot: Decimal) -> Decimal {
    let strike = strike(option);
    if kind != AccountKind::Margin && option.right == Right::Put {
        return strike;
    }
    let (out_of_the_money, floor) = match option.right {
        Right::Call => (strike - spot, spot),
        Right::Put => (spot - strike, strike),
    };
    let standard = spot * Decimal::new(20, 2) - out_of_the_money.max(Decimal::ZERO);
    standard.max(floor * Decimal::new(10, 2)) + mark
}

fn strike(option: &Occ) -> Decimal {
    Decimal::new(i64::from(option.strike_mills), 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::listing;

    fn held(symbol: &str, count: i64, mark: i64) -> Position {
        let option = Occ::parse(symbol);
        let underlying = option.as_ref().and_then(Occ::underlying).or_else(|| listing::find(symbol)).unwrap();
        let moment = "2026-11-20T15:00:00Z".parse().unwrap();
        Position {
            symbol: symbol.to_owned(),
            streamer_symbol: symbol.to_owned(),
            underlying,
            option,
            count,
            average_open: Decimal::ONE,
            prev_close: Decimal::ONE,
            mark: Decimal::from(mark),
            opened_at: moment,
            updated_at: moment,
            realized: Decimal::ZERO,
            expires_at: None,
        }
    }

    #[test]
    fn requirements_are_the_textbooks() {
        let (put, lower, call) = ("SPY   261218P00600000", "SPY   261218P00590000", "SPY   261218C00700000");
        for (name, kind, positions, expected) in [
            // A fifth of 650 less the 50 that it is out of the money, and its value of 5.
            ("naked put", AccountKind::Margin, vec![held(put, -1, 5)], 8_500),
            ("spread", AccountKind::Margin, vec![held(put, -2, 5), held(lower, 2, 4)], 2_000),
            ("covered call", AccountKind::Margin, vec![held("SPY", 100, 650), held(call, -1, 3)], 0),
            ("strangle", AccountKind::Margin, vec![held(put, -1, 5), held(call, -1, 3)], 8_500),
            ("cash-secured put", AccountKind::Ira, vec![held(put, -1, 5)], 60_000),
        ] {
            let got = requirement(kind, &positions, |_| Decimal::from(650)).options;
            assert_eq!(got, Decimal::from(expected), "{name}");
        }
    }
}
