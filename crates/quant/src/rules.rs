//! Rules by which sellers of options look after their positions, as tastylive publishes them and as traders use them. Each
//! gives its evidence in numbers and whether its mark is reached; what to do about it is the trader's business.

use domain::occ::Side;

use crate::strategy::{Market, Terminal};

/// Premium is taken at this share of the most that can be earned,
const TARGET: f64 = 0.50;
/// and of straddles and iron flies, which seldom earn half, at this one.
const TARGET_AT_THE_MONEY: f64 = 0.25;
/// Positions are looked after at so many days to expiration.
const DAYS: i64 = 21;
/// A loss of so many times the credit is a common limit.
const LOSS_MULTIPLE: f64 = 2.0;
/// In the money with less time value than this, in dollars per share, a short option may be assigned any day.
const THIN: f64 = 0.10;
/// So many days before expiration a short option in the money counts as about to be assigned.
const LAST_DAYS: i64 = 2;
/// Credits below this are none.
const LEAST_CREDIT: f64 = 0.005;

/// Why a rule cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoMark {
    /// No credit was taken, so that no share of it can be earned.
    #[error("no credit was received")]
    NoCredit,
    /// A number is negative, out of bounds or none.
    #[error("a number is out of bounds")]
    Bounds,
}

/// Which share of the most that can be earned counts as the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// Half: puts, calls, verticals, strangles, iron condors.
    #[default]
    Half,
    /// A quarter: straddles and iron flies.
    Quarter,
}

/// How much of the credit has been earned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfitTaking {
    /// The share of the credit that is left after closing, negative in a loss.
    pub captured: f64,
    /// The share at which the mark is.
    pub target: f64,
    /// What closing may cost at most for the mark to be reached, in the unit of the credit.
    pub close_at: f64,
    /// Whether it is reached.
    pub is_reached: bool,
}

/// How large a loss is, as a multiple of the credit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossMultiple {
    /// The loss over the credit; zero in a profit.
    pub multiple: f64,
    /// The multiple at which the mark is.
    pub limit: f64,
    /// Whether it is reached.
    pub is_reached: bool,
}

/// How near the expiration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaysLeft {
    /// Calendar days to expiration.
    pub days: i64,
    /// The day at which the mark is.
    pub limit: i64,
    /// Whether it is reached: from there on gamma grows faster than theta pays.
    pub is_reached: bool,
}

/// How far the underlying is from a short strike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// The distance as a share of the underlying's price: positive out of the money, negative in the money.
    pub distance: f64,
    /// The same in expected moves until expiration, where one is known.
    pub in_moves: Option<f64>,
    /// Whether the underlying is at the strike or beyond it.
    pub is_tested: bool,
}

/// A dividend to come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dividend {
    /// Per share.
    pub amount: f64,
    /// Calendar days until the first day without it.
    pub days: i64,
}

/// How likely assignment before the end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Out of the money.
    Low,
    /// In the money, with time value left.
    Medium,
    /// One of the reasons holds.
    High,
}

/// Why a short option may be exercised against its seller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// In the money with less than $0.10 of time value.
    ThinTimeValue,
    /// In the money with two days or fewer left.
    LastDays,
    /// A call in the money holds less time value than the dividend before its expiration pays.
    Dividend,
}

/// A short option at the market.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Short {
    /// Call or put.
    pub side: Side,
    /// The strike.
    pub strike: f64,
    /// Its price per share now.
    pub price: f64,
    /// Calendar days to expiration.
    pub days: i64,
}

/// The risk of assignment with its evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// What exercise is worth, per share.
    pub intrinsic: f64,
    /// The rest of its price, per share; never negative.
    pub extrinsic: f64,
    /// How likely.
    pub risk: Risk,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// A spread, or any legs of one expiration, whose end is near.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expiring {
    /// Calendar days to expiration.
    pub days: i64,
    /// Sold legs in the money: each is assigned if it ends like this.
    pub sold_in_the_money: usize,
    /// Bought legs in the money: each is exercised if it ends like this.
    pub bought_in_the_money: usize,
    /// The underlying lies between a sold and a bought strike of one side: one is assigned, the other expires, and shares are
    /// left over.
    pub is_between: bool,
    /// The distance to the nearest strike as a share of the underlying's price.
    pub nearest: f64,
}

/// One leg at its end, for [`expiring`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EndingLeg {
    /// Call or put.
    pub side: Side,
    /// The strike.
    pub strike: f64,
    /// Whether it was sold.
    pub is_sold: bool,
}

/// What is rolled: a short option, or a structure named by its short option.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rolled {
    /// Call or put.
    pub side: Side,
    /// The short strike.
    pub strike: f64,
    /// The time to expiration, in years.
    pub years: f64,
    /// What was received per share, earlier rolls included.
    pub credit: f64,
    /// What closing costs per share now.
    pub cost: f64,
}

/// What it could be rolled to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The short strike.
    pub strike: f64,
    /// The time to expiration, in years.
    pub years: f64,
    /// What opening brings per share.
    pub credit: f64,
    /// The volatility that its price implies, for the probability of profit.
    pub volatility: Option<f64>,
}

/// A roll for a net credit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Roll {
    /// Which candidate, counted from 0.
    pub candidate: usize,
    /// The new short strike.
    pub strike: f64,
    /// The new time to expiration, in years.
    pub years: f64,
    /// What the roll brings per share: always positive.
    pub net_credit: f64,
    /// By how much the strike is better, in dollars: lower for puts, higher for calls.
    pub strike_gain: f64,
    /// The new break-even, all credits counted.
    pub break_even: f64,
    /// By how much it is better than the old one, in dollars.
    pub break_even_gain: f64,
    /// The probability that the new position ends with a profit, all credits counted; `None` without a volatility.
    pub pop: Option<f64>,
}

fn is_amount(value: f64) -> bool {
    (0.0..=1e12).contains(&value)
}

fn is_price(value: f64) -> bool {
    is_amount(value) && value > 0.0
}

/// How much of a credit has been earned, by what closing costs now. Both per share or both of the whole.
///
/// # Errors
///
/// [`NoMark`].
pub fn profit_taking(target: Target, credit: f64, cost: f64) -> Result<ProfitTaking, NoMark> {
    let captured = captured(credit, cost)?;
    let target = match target {
        Target::Half => TARGET,
        Target::Quarter => TARGET_AT_THE_MONEY,
    };
    // A hundredth of a percent of slack: 0.50 of 1.00 is half, whatever the binary digits say.
    let is_reached = captured >= target - 1e-4;
    Ok(ProfitTaking { captured, target, close_at: credit * (1.0 - target), is_reached })
}

/// How large a loss is as a multiple of the credit, by what closing costs now.
///
/// # Errors
///
/// [`NoMark`].
pub fn loss_multiple(credit: f64, cost: f64) -> Result<LossMultiple, NoMark> {
    let multiple = (-captured(credit, cost)?).max(0.0);
    Ok(LossMultiple { multiple, limit: LOSS_MULTIPLE, is_reached: multiple >= LOSS_MULTIPLE - 1e-4 })
}

fn captured(credit: f64, cost: f64) -> Result<f64, NoMark> {
    match (is_amount(credit), is_amount(cost)) {
        (true, true) if credit >= LEAST_CREDIT => Ok((credit - cost) / credit),
        (true, true) => Err(NoMark::NoCredit),
        _ => Err(NoMark::Bounds),
    }
}

/// Whether the day has come at which positions are looked after.
pub fn days_left(days: i64) -> DaysLeft {
    DaysLeft { days, limit: DAYS, is_reached: days <= DAYS }
}

/// How far the underlying is from a short strike, in its price and in expected moves.
///
/// # Errors
///
/// [`NoMark::Bounds`].
pub fn tested(side: Side, strike: f64, spot: f64, expected_move: Option<f64>) -> Result<Tested, NoMark> {
    if !is_price(strike) || !is_price(spot) {
        return Err(NoMark::Bounds);
    }
    let away = match side {
        Side::Call => strike - spot,
        Side::Put => spot - strike,
    };
    let in_moves = expected_move.filter(|expected| is_price(*expected)).map(|expected| away / expected);
    Ok(Tested { distance: away / spot, in_moves: in_moves.filter(|moves| moves.is_finite()), is_tested: away <= 0.0 })
}

/// The risk that a short option is assigned before its end.
///
/// # Errors
///
/// [`NoMark::Bounds`].
pub fn assignment(short: &Short, spot: f64, dividend: Option<Dividend>) -> Result<Assignment, NoMark> {
    if !is_price(short.strike) || !is_price(spot) || !is_amount(short.price) {
        return Err(NoMark::Bounds);
    }
    let intrinsic = match short.side {
        Side::Call => (spot - short.strike).max(0.0),
        Side::Put => (short.strike - spot).max(0.0),
    };
    let extrinsic = (short.price - intrinsic).max(0.0);
    let is_inside = intrinsic > 0.0;
    let pays = dividend.is_some_and(|dividend| {
        short.side == Side::Call
            && (0..=short.days).contains(&dividend.days)
            && is_price(dividend.amount)
            && extrinsic < dividend.amount
    });
    let judged = [
        (Reason::ThinTimeValue, extrinsic < THIN),
        (Reason::LastDays, short.days <= LAST_DAYS),
        (Reason::Dividend, pays),
    ];
    let reasons: Vec<Reason> =
        judged.into_iter().filter(|(_, holds)| is_inside && *holds).map(|(reason, _)| reason).collect();
    let risk = match (is_inside, reasons.is_empty()) {
        (false, _) => Risk::Low,
        (true, true) => Risk::Medium,
        (true, false) => Risk::High,
    };
    Ok(Assignment { intrinsic, extrinsic, risk, reasons })
}

/// What becomes of legs that expire soon if the underlying stays where it is.
///
/// # Errors
///
/// [`NoMark::Bounds`].
pub fn expiring(legs: &[EndingLeg], spot: f64, days: i64) -> Result<Expiring, NoMark> {
    if legs.is_empty() || !is_price(spot) || !legs.iter().all(|leg| is_price(leg.strike)) {
        return Err(NoMark::Bounds);
    }
    let is_inside = |leg: &&EndingLeg| match leg.side {
        Side::Call => spot > leg.strike,
        Side::Put => spot < leg.strike,
    };
    let count = |is_sold: bool, side: Option<Side>, inside: bool| {
        let of = legs.iter().filter(|leg| leg.is_sold == is_sold && side.is_none_or(|side| side == leg.side));
        of.filter(|leg| is_inside(leg) == inside).count()
    };
    let splits = |side| {
        let (sold, bought) = (count(true, Some(side), true), count(false, Some(side), true));
        let (sold_out, bought_out) = (count(true, Some(side), false), count(false, Some(side), false));
        (sold > 0 && bought_out > 0) || (bought > 0 && sold_out > 0)
    };
    let nearest = legs.iter().map(|leg| (leg.strike - spot).abs() / spot).fold(f64::MAX, f64::min);
    Ok(Expiring {
        days,
        sold_in_the_money: count(true, None, true),
        bought_in_the_money: count(false, None, true),
        is_between: splits(Side::Call) || splits(Side::Put),
        nearest,
    })
}

/// Rolls to a later expiration at the same or a better strike for a net credit: the nearest expiration first, and in each the
/// largest credit first. Candidates that are none, or that cannot be computed with, are left out.
///
/// # Errors
///
/// [`NoMark::Bounds`]: what is rolled, or the market, cannot be computed with.
pub fn rolls(rolled: &Rolled, candidates: &[Candidate], market: &Market) -> Result<Vec<Roll>, NoMark> {
    let is_sound = is_price(rolled.strike) && is_amount(rolled.cost) && is_amount(rolled.credit);
    if !is_sound || !(0.0..=200.0).contains(&rolled.years) || !is_price(market.spot) {
        return Err(NoMark::Bounds);
    }
    let better = match rolled.side {
        Side::Call => 1.0,
        Side::Put => -1.0,
    };
    let break_even = |strike: f64, credit: f64| strike + better * credit;
    let before = break_even(rolled.strike, rolled.credit);
    let judge = |(index, candidate): (usize, &Candidate)| {
        let net_credit = candidate.credit - rolled.cost;
        let strike_gain = better * (candidate.strike - rolled.strike);
        let is_usable = is_price(candidate.strike) && is_amount(candidate.credit);
        let is_later = candidate.years > rolled.years + 0.5 / 365.0 && candidate.years <= 200.0;
        if !(is_usable && is_later && strike_gain >= 0.0 && net_credit >= LEAST_CREDIT) {
            return None;
        }
        let after = break_even(candidate.strike, rolled.credit + net_credit);
        let terminal = candidate.volatility.and_then(|by| Terminal::new(market, by, candidate.years).ok());
        let pop = terminal.map(|terminal| match rolled.side {
            Side::Call => terminal.below(after),
            Side::Put => terminal.above(after),
        });
        Some(Roll {
            candidate: index,
            strike: candidate.strike,
            years: candidate.years,
            net_credit,
            strike_gain,
            break_even: after,
            break_even_gain: better * (after - before),
            pop,
        })
    };
    let mut found: Vec<Roll> = candidates.iter().enumerate().filter_map(judge).collect();
    found.sort_by(|one, other| one.years.total_cmp(&other.years).then(other.net_credit.total_cmp(&one.net_credit)));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, expected: f64) -> bool {
        (got - expected).abs() < 1e-12
    }

    #[test]
    fn marks_of_profit_and_loss() {
        let half = profit_taking(Target::Half, 2.0, 1.0).unwrap();
        assert!(half.is_reached && near(half.captured, 0.5) && near(half.close_at, 1.0));
        assert!(!profit_taking(Target::Half, 2.0, 1.01).unwrap().is_reached);
        let quarter = profit_taking(Target::Quarter, 4.0, 2.9).unwrap();
        assert!(quarter.is_reached && near(quarter.captured, 0.275) && near(quarter.close_at, 3.0));
        let loss = profit_taking(Target::Half, 1.0, 2.5).unwrap();
        assert!(!loss.is_reached && near(loss.captured, -1.5));
        assert!(!loss_multiple(1.0, 2.9).unwrap().is_reached);
        let double = loss_multiple(1.0, 3.0).unwrap();
        assert!(double.is_reached && near(double.multiple, 2.0));
        assert!(near(loss_multiple(1.0, 0.5).unwrap().multiple, 0.0));
        assert_eq!(profit_taking(Target::Half, 0.0, 1.0), Err(NoMark::NoCredit));
        assert_eq!(profit_taking(Target::Half, f64::NAN, 1.0), Err(NoMark::Bounds));
        assert_eq!(loss_multiple(1.0, -1.0), Err(NoMark::Bounds));
    }

    #[test]
    fn marks_of_time_and_strike() {
        for (days, is_reached) in [(45, false), (22, false), (21, true), (0, true)] {
            assert_eq!(days_left(days), DaysLeft { days, limit: 21, is_reached });
        }
        let safe = tested(Side::Put, 90.0, 100.0, Some(5.0)).unwrap();
        assert!(!safe.is_tested && near(safe.distance, 0.1) && near(safe.in_moves.unwrap(), 2.0));
        let inside = tested(Side::Put, 110.0, 100.0, None).unwrap();
        assert!(inside.is_tested && near(inside.distance, -0.1) && inside.in_moves.is_none());
        assert!(tested(Side::Call, 100.0, 100.0, Some(0.0)).unwrap().is_tested);
        assert_eq!(tested(Side::Call, 100.0, f64::NAN, None), Err(NoMark::Bounds));
    }

    #[test]
    fn assignment_and_what_speaks_for_it() {
        let call = Short { side: Side::Call, strike: 95.0, price: 5.30, days: 20 };
        let dividend = |amount, days| Some(Dividend { amount, days });
        for (short, spot, dividend, risk, reasons) in [
            (call, 90.0, dividend(0.5, 3), Risk::Low, vec![]),
            (call, 100.0, None, Risk::Medium, vec![]),
            // 0.30 of time value against 0.50 that the shares pay.
            (call, 100.0, dividend(0.5, 3), Risk::High, vec![Reason::Dividend]),
            (call, 100.0, dividend(0.25, 3), Risk::Medium, vec![]),
            // Behind the expiration, or gone by already.
            (call, 100.0, dividend(0.5, 21), Risk::Medium, vec![]),
            (call, 100.0, dividend(0.5, -1), Risk::Medium, vec![]),
            (Short { side: Side::Put, strike: 105.0, ..call }, 100.0, dividend(0.5, 3), Risk::Medium, vec![]),
            (Short { price: 5.05, ..call }, 100.0, None, Risk::High, vec![Reason::ThinTimeValue]),
            (Short { days: 2, ..call }, 100.0, None, Risk::High, vec![Reason::LastDays]),
            (
                Short { price: 4.90, days: 0, ..call },
                100.0,
                None,
                Risk::High,
                vec![Reason::ThinTimeValue, Reason::LastDays],
            ),
        ] {
            let found = assignment(&short, spot, dividend).unwrap();
            assert_eq!((found.risk, found.reasons), (risk, reasons), "{short:?} {spot} {dividend:?}");
            assert!(found.extrinsic >= 0.0);
        }
        assert_eq!(assignment(&Short { price: f64::NAN, ..call }, 100.0, None), Err(NoMark::Bounds));
    }

    #[test]
    fn what_a_spread_becomes_at_its_end() {
        let legs =
            [(90.0, true), (85.0, false)].map(|(strike, is_sold)| EndingLeg { side: Side::Put, strike, is_sold });
        let found = |spot| expiring(&legs, spot, 1).unwrap();
        assert_eq!((found(95.0).sold_in_the_money, found(95.0).is_between), (0, false));
        assert_eq!(
            (found(87.0).sold_in_the_money, found(87.0).bought_in_the_money, found(87.0).is_between),
            (1, 0, true)
        );
        assert_eq!(
            (found(80.0).sold_in_the_money, found(80.0).bought_in_the_money, found(80.0).is_between),
            (1, 1, false)
        );
        assert!(near(found(100.0).nearest, 0.1));
        assert_eq!(expiring(&[], 100.0, 1), Err(NoMark::Bounds));
    }

    #[test]
    fn rolls_are_later_no_worse_and_for_a_credit() {
        let put = Rolled { side: Side::Put, strike: 95.0, years: 10.0 / 365.0, credit: 1.5, cost: 3.0 };
        let market = Market { spot: 93.0, rate: 0.04, yields: 0.0 };
        let candidate =
            |strike, days: f64, credit| Candidate { strike, years: days / 365.0, credit, volatility: Some(0.3) };
        let candidates = [
            candidate(95.0, 45.0, 4.2),
            candidate(92.5, 45.0, 3.1),
            candidate(90.0, 45.0, 2.2), // A debit.
            candidate(97.5, 45.0, 6.0), // A worse strike.
            candidate(95.0, 10.0, 3.5), // Not later.
            candidate(95.0, 38.0, 3.9),
            candidate(f64::NAN, 45.0, 9.0),
        ];
        let found = rolls(&put, &candidates, &market).unwrap();
        assert_eq!(found.iter().map(|roll| roll.candidate).collect::<Vec<_>>(), vec![5, 0, 1]);
        let better = found[2];
        assert!((better.net_credit - 0.1).abs() < 1e-12 && near(better.strike_gain, 2.5));
        // 92.5 less all credits, 1.5 and 0.1; before it was 95 less 1.5.
        assert!((better.break_even - 90.9).abs() < 1e-12 && (better.break_even_gain - 2.6).abs() < 1e-12);
        assert!(better.pop.is_some_and(|pop| pop > 0.5 && pop < 0.8), "{:?}", better.pop);
        let call = Rolled { side: Side::Call, ..put };
        let found = rolls(&call, &candidates, &market).unwrap();
        assert_eq!(found.iter().map(|roll| roll.candidate).collect::<Vec<_>>(), vec![5, 3, 0]);
        assert!((found[1].break_even - (97.5 + 1.5 + 3.0)).abs() < 1e-12);
        assert_eq!(rolls(&Rolled { cost: f64::NAN, ..put }, &candidates, &market), Err(NoMark::Bounds));
    }
}
