//! Later expirations to which a strategy can go for a net credit.

use contract::analysis::portfolio::{RollRow, Why};
use domain::occ::Side;
use quant::{
    portfolio::Shape,
    rules::{self, Candidate, Rolled},
    scan::Quotes,
    strategy::Market,
};

use super::{
    rounded,
    strategies::{Contract, Held, Strategy},
};
use crate::gather::chain::{Columns, Expiration};

/// The most rolls that are shown of one strategy.
const SHOWN: usize = 3;

/// So many days later an expiration is of the next cycle.
pub(crate) const NEXT_CYCLE: i64 = 14;

/// Whether a strategy is one that sellers roll, and has reached a mark at which they do.
pub(crate) fn is_wanted(strategy: &Strategy) -> bool {
    let marks = [Why::Tested, Why::Days21, Why::AssignmentRisk, Why::LossLimit];
    let is_sold = matches!(
        strategy.shape,
        Shape::ShortPut
            | Shape::ShortCall
            | Shape::CoveredCall
            | Shape::ShortStrangle
            | Shape::ShortStraddle
            | Shape::PutCreditSpread
            | Shape::CallCreditSpread
            | Shape::IronCondor
            | Shape::IronButterfly
    );
    is_sold && strategy.reasons.iter().any(|reason| marks.contains(&reason.code))
}

/// The rolls of a strategy within the quoted expirations, at the middle of bid and ask: of one short option to the same or a
/// better strike, of several options to the same strikes.
pub(crate) fn found(strategy: &Strategy, chain: &Columns, rate: f64) -> Vec<RollRow> {
    let options: Vec<(Held, Contract)> = strategy.parts.iter().filter_map(|part| Some((*part, part.option?))).collect();
    let later = |expiration: &&Expiration| {
        let is_later =
            |option: &Contract| expiration.date.signed_duration_since(option.expiration).num_days() >= NEXT_CYCLE;
        expiration.is_standard && options.iter().all(|(_, option)| is_later(option))
    };
    let expirations: Vec<&Expiration> = chain.expirations.iter().filter(later).collect();
    let mut rolls = match options.as_slice() {
        [(part, option)] if part.quantity < 0.0 => single(part, option, &expirations, rate),
        _ => same_strikes(&options, &expirations),
    };
    rolls.truncate(SHOWN);
    rolls
}

/// The middle of bid and ask, where there are both.
fn mid(quotes: &Quotes, place: usize) -> Option<f64> {
    let bid = quotes.bid.get(place).copied().flatten()?;
    let ask = quotes.ask.get(place).copied().flatten()?;
    (ask > 0.0 && ask >= bid).then_some(f64::midpoint(bid, ask))
}

fn quotes(expiration: &Expiration, side: Side) -> &Quotes {
    match side {
        Side::Call => &expiration.quotes.calls,
        Side::Put => &expiration.quotes.puts,
    }
}

fn single(part: &Held, option: &Contract, expirations: &[&Expiration], rate: f64) -> Vec<RollRow> {
    let Some((credit, cost)) = part.opened_at.zip(part.mark) else { return Vec::new() };
    #[expect(clippy::cast_precision_loss, reason = "days of any option's life fit a double exactly")]
    let years = option.dte.max(0) as f64 / 365.0;
    let rolled = Rolled { side: option.side, strike: option.strike, years, credit, cost };
    let mut rows = Vec::new();
    for expiration in expirations {
        let quotes = quotes(expiration, option.side);
        let market = Market { spot: expiration.price, rate, yields: expiration.quotes.yields };
        let candidates: Vec<Candidate> = expiration
            .quotes
            .strikes
            .iter()
            .enumerate()
            .filter_map(|(place, strike)| {
                let volatility = quotes.iv.get(place).copied().flatten();
                Some(Candidate {
                    strike: *strike,
                    years: expiration.quotes.years,
                    credit: mid(quotes, place)?,
                    volatility,
                })
            })
            .collect();
        let found = rules::rolls(&rolled, &candidates, &market).unwrap_or_default();
        // The one at the same strike, or next to it, and the one that moves furthest away for a credit.
        let first = found.iter().min_by(|one, other| one.strike_gain.total_cmp(&other.strike_gain));
        let best = found.iter().max_by(|one, other| one.strike_gain.total_cmp(&other.strike_gain));
        for roll in first.into_iter().chain(best.filter(|best| first.is_some_and(|first| first.strike != best.strike)))
        {
            rows.push(RollRow {
                expiration: expiration.date,
                dte: expiration.quotes.dte,
                strikes: vec![roll.strike],
                net_credit: rounded(roll.net_credit, 2),
                break_even: Some(rounded(roll.break_even, 2)),
                pop: roll.pop.map(|pop| rounded(pop * 100.0, 1)),
            });
        }
    }
    rows
}

fn same_strikes(options: &[(Held, Contract)], expirations: &[&Expiration]) -> Vec<RollRow> {
    let Some((first, _)) = options.first() else { return Vec::new() };
    // Of one unit of the strategy; all legs are in it as often.
    let per = |part: &Held| part.quantity / first.quantity.abs();
    let row = |expiration: &&Expiration| {
        let mut net_credit = 0.0;
        for (part, option) in options {
            let place = expiration.quotes.strikes.iter().position(|strike| (strike - option.strike).abs() < 1e-6)?;
            net_credit += per(part) * (part.mark? - mid(quotes(expiration, option.side), place)?);
        }
        (net_credit >= 0.005).then(|| RollRow {
            expiration: expiration.date,
            dte: expiration.quotes.dte,
            strikes: options.iter().map(|(_, option)| option.strike).collect(),
            net_credit: rounded(net_credit, 2),
            break_even: None,
            pop: None,
        })
    };
    expirations.iter().filter_map(row).collect()
}
