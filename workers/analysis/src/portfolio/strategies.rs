//! The positions as strategies.

use chrono::{Datelike, NaiveDate};
use contract::{
    account::positions::PositionRow,
    analysis::portfolio::{Reason, StrategyRow},
};
use domain::occ::Side;
use quant::{
    portfolio::{Group, Holding, Listed, Shape, groups},
    strategy::{self, Leg, Shares},
};

use super::{Read, cents, marks, number, rounded, signed, sum};

/// The volatility that a payoff is made with where none is known: at expiration none counts.
const ANY_VOLATILITY: f64 = 0.2;

/// A strategy with what its marks are judged by.
#[derive(Debug, Clone)]
pub(crate) struct Strategy {
    pub(crate) row: StrategyRow,
    pub(crate) shape: Shape,
    pub(crate) parts: Vec<Held>,
    pub(crate) reasons: Vec<Reason>,
}

/// A part of a position.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// `None` for what is no option.
    pub(crate) option: Option<Contract>,
    /// Contracts or shares, with their sign.
    pub(crate) quantity: f64,
    pub(crate) multiplier: f64,
    pub(crate) opened_at: Option<f64>,
    pub(crate) mark: Option<f64>,
}

/// An option with its volatility.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contract {
    pub(crate) side: Side,
    pub(crate) strike: f64,
    pub(crate) expiration: NaiveDate,
    pub(crate) dte: i64,
    /// A fraction per year.
    pub(crate) volatility: Option<f64>,
}

impl Held {
    /// What was received when it was opened; what was paid is negative.
    pub(crate) fn credit(&self) -> Option<f64> {
        Some(-self.quantity * self.multiplier * self.opened_at?)
    }

    /// What closing it costs now; what closing brings is negative.
    pub(crate) fn cost(&self) -> Option<f64> {
        Some(-self.quantity * self.multiplier * self.mark?)
    }
}

/// All strategies, account by account and underlying by underlying.
pub(super) fn found(read: &Read<'_>) -> Vec<Strategy> {
    let same = |one: &PositionRow, other: &PositionRow| {
        one.account == other.account && one.underlying_symbol == other.underlying_symbol
    };
    read.rows.chunk_by(same).flat_map(|rows| of_underlying(read, rows)).collect()
}

fn of_underlying(read: &Read<'_>, rows: &[PositionRow]) -> Vec<Strategy> {
    let holdings: Vec<Holding> = rows.iter().map(holding).collect();
    groups(&holdings).iter().filter_map(|group| one(read, rows, group)).collect()
}

fn holding(row: &PositionRow) -> Holding {
    let listed = |option: Contract| Listed {
        side: option.side,
        strike: option.strike,
        day: i64::from(option.expiration.num_days_from_ce()),
    };
    let is_option = row.instrument_type.ends_with("Option");
    // An option whose strike is not known goes with nothing else.
    let unknown = is_option.then_some(Listed { side: Side::Call, strike: f64::NAN, day: 0 });
    let multiplier = if is_option { number(row.multiplier).unwrap_or(f64::NAN) } else { 1.0 };
    Holding { option: option(row).map(listed).or(unknown), quantity: signed(row), multiplier }
}

pub(super) fn option(row: &PositionRow) -> Option<Contract> {
    let side = match row.option_type.as_deref()? {
        "C" => Side::Call,
        _ => Side::Put,
    };
    let volatility = row.iv.map(|percent| percent / 100.0).filter(|iv| *iv > 0.0);
    Some(Contract { side, strike: number(row.strike)?, expiration: row.expiration?, dte: row.dte?, volatility })
}

fn one(read: &Read<'_>, rows: &[PositionRow], group: &Group) -> Option<Strategy> {
    let taken: Vec<(&PositionRow, f64)> =
        group.parts.iter().filter_map(|part| Some((rows.get(part.holding)?, part.quantity))).collect();
    let first = taken.first()?.0;
    let parts: Vec<Held> = taken.iter().map(|(row, quantity)| held(row, *quantity)).collect();
    // A figure of the part of a position that is in here.
    let of_parts = |figure: &dyn Fn(&PositionRow) -> Option<f64>| {
        sum(taken.iter().map(|(row, quantity)| Some(figure(row)? * quantity / signed(row))))
    };
    let options = || parts.iter().filter(|part| part.option.is_some());
    let credit = sum(options().map(Held::credit)).filter(|_| options().next().is_some());
    let nearest = options().filter_map(|part| part.option).min_by_key(|option| option.expiration);
    let expiration =
        nearest.map(|option| option.expiration).or_else(|| taken.iter().find_map(|(row, _)| row.expiration));
    let payoff = payoff(&parts);
    let sold = taken.iter().filter(|(_, quantity)| *quantity < 0.0).filter_map(|(row, _)| row.is_tested);
    let row = StrategyRow {
        account: first.account.clone(),
        underlying: first.underlying_symbol.clone(),
        strategy: name(group.shape, first),
        expiration,
        dte: nearest.map(|option| option.dte).or_else(|| taken.iter().find_map(|(row, _)| row.dte)),
        legs: taken.iter().map(|(row, quantity)| format!("{} {}", rounded(*quantity, 4), row.description)).collect(),
        quantity: rounded(group.count, 4),
        credit: cents(credit),
        unrealized_pnl: cents(of_parts(&|row| number(row.unrealized_pnl))),
        percent_of_max_profit: None,
        max_profit: payoff.as_ref().and_then(|payoff| cents(payoff.max_profit())),
        max_loss: payoff.as_ref().and_then(|payoff| cents(payoff.max_loss())),
        delta: cents(of_parts(&|row| row.position_delta)),
        theta: cents(of_parts(&|row| row.position_theta)),
        is_tested: sold.fold(None, |known: Option<bool>, one| Some(known.unwrap_or_default() || one)),
    };
    let mut strategy = Strategy { row, shape: group.shape, parts, reasons: Vec::new() };
    marks::judge(read, &mut strategy, taken.iter().find_map(|(row, _)| read.price(row)));
    Some(strategy)
}

fn held(row: &PositionRow, quantity: f64) -> Held {
    Held {
        option: option(row),
        quantity,
        multiplier: number(row.multiplier).unwrap_or(1.0),
        opened_at: number(row.average_open_price),
        mark: number(row.mark_price),
    }
}

fn name(shape: Shape, row: &PositionRow) -> String {
    match (shape, row.instrument_type.as_str()) {
        (Shape::Shares, "Equity") => "shares".to_owned(),
        (Shape::Shares | Shape::Other, kind) => kind.to_lowercase(),
        (shape, _) => shape.name().to_owned(),
    }
}

/// Profit and loss at expiration; `None` where that is not one moment, or a price is not known.
fn payoff(parts: &[Held]) -> Option<strategy::Payoff> {
    let (mut legs, mut shares) = (Vec::new(), None);
    for part in parts {
        match part.option {
            Some(option) => legs.push(leg(part, &option, part.opened_at?)),
            None => {
                let units = part.quantity * part.multiplier;
                if shares.replace(Shares { quantity: units, price: part.opened_at? }).is_some() {
                    return None;
                }
            }
        }
    }
    strategy::Strategy::new(legs, shares).ok()?.payoff().ok()
}

fn leg(part: &Held, option: &Contract, premium: f64) -> Leg {
    #[expect(clippy::cast_precision_loss, reason = "days of any option's life fit a double exactly")]
    let years = option.dte.max(0) as f64 / 365.0;
    Leg {
        side: option.side,
        strike: option.strike,
        years,
        quantity: part.quantity,
        premium,
        multiplier: part.multiplier,
        volatility: option.volatility.unwrap_or(ANY_VOLATILITY),
    }
}
