//! How much money a strategy ties up: an estimate by the general rules (Regulation T and the exchanges' minimums as
//! TastyTrade publishes them). The broker's own figure may be higher for single symbols, and is the one that counts.

use domain::occ::Side;

use super::{InvalidStrategy, Leg, Market, ROUNDING, SAME_TIME, Strategy};

/// Uncovered options: this share of the underlying's price, less what they are out of the money,
const NAKED_SHARE: f64 = 0.20;
/// or this one of a broad index,
const NAKED_SHARE_INDEX: f64 = 0.15;
/// but at least this share of the strike (put) or of the underlying's price (call),
const NAKED_LEAST: f64 = 0.10;
/// and at least so many dollars per share.
const NAKED_FLOOR: f64 = 2.50;
/// Shares, long or short, in a margin account.
const SHARES_SHARE: f64 = 0.50;

/// What kinds of things a requirement is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Requirement {
    /// Half of the shares' value.
    pub shares: f64,
    /// What spreads can lose between their strikes, before the credit: the wider side where calls and puts end together.
    pub spreads: f64,
    /// Uncovered options: the dearer side, and the premium of the other one.
    pub uncovered: f64,
}

/// The estimate, in dollars of the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Collateral {
    /// What a cash account sets aside: the largest loss, credits used. `None`: the loss has no limit, or shares are sold
    /// short, so that a cash account cannot hold it.
    pub cash: Option<f64>,
    /// What a margin account requires, before credits.
    pub requirement: Requirement,
    /// What it takes from a margin account's buying power: the requirement less the credit, or with the debit.
    pub buying_power: f64,
}

/// Contracts of one side, in shares that they stand for.
struct Held {
    leg: Leg,
    units: f64,
}

/// What the sold options of one side require.
#[derive(Default)]
struct Demand {
    spreads: f64,
    uncovered: f64,
    uncovered_premium: f64,
}

impl Strategy {
    /// How much money it ties up, if it were opened at the underlying's price now.
    ///
    /// A sold option is covered by shares first (calls by shares held, puts by shares sold short), then by bought options of
    /// its side that do not expire before it, the nearest strikes first. What is left is uncovered.
    ///
    /// # Errors
    ///
    /// [`InvalidStrategy`]: the market cannot be computed with.
    pub fn collateral(&self, market: &Market) -> Result<Collateral, InvalidStrategy> {
        self.tied_up(market, NAKED_SHARE)
    }

    /// The same for options on a broad index, of which less is asked where they are uncovered.
    ///
    /// # Errors
    ///
    /// As [`Strategy::collateral`].
    pub fn collateral_of_index(&self, market: &Market) -> Result<Collateral, InvalidStrategy> {
        self.tied_up(market, NAKED_SHARE_INDEX)
    }

    fn tied_up(&self, market: &Market, share: f64) -> Result<Collateral, InvalidStrategy> {
        market.check()?;
        let calls = self.side(Side::Call, market.spot, share);
        let puts = self.side(Side::Put, market.spot, share);
        // A spread that can only end on one side: both sides count where they end at different times.
        let spreads = match self.expiration() {
            Ok(_) => calls.spreads.max(puts.spreads),
            Err(_) => calls.spreads + puts.spreads,
        };
        let uncovered = if calls.uncovered >= puts.uncovered {
            calls.uncovered + puts.uncovered_premium
        } else {
            puts.uncovered + calls.uncovered_premium
        };
        let cash = self.cash_secured();
        let is_open = calls.uncovered > 0.0 || puts.uncovered > 0.0;
        // Where nothing is uncovered the rules ask for no more than can be lost: butterflies, boxes.
        let bound = cash.filter(|_| !is_open && self.shares.quantity == 0.0).map(|loss| loss + self.net_credit());
        let shares = SHARES_SHARE * self.shares.quantity.abs() * market.spot;
        let requirement = Requirement { shares, spreads: spreads.min(bound.unwrap_or(spreads)).max(0.0), uncovered };
        let Requirement { shares, spreads, uncovered } = requirement;
        let buying_power = (shares + spreads + uncovered - self.net_credit()).max(0.0);
        Ok(Collateral { cash, requirement, buying_power })
    }

    /// The largest loss, bought options that end before a sold one of their side left out.
    fn cash_secured(&self) -> Option<f64> {
        if self.shares.quantity < 0.0 {
            return None;
        }
        let last_sold = |side| {
            let sold = self.legs.iter().filter(move |leg| leg.side == side && leg.quantity < 0.0);
            sold.map(|leg| leg.years).fold(0.0, f64::max)
        };
        let (calls, puts) = (last_sold(Side::Call), last_sold(Side::Put));
        let covers = |leg: &&Leg| {
            let needed = if leg.side == Side::Call { calls } else { puts };
            leg.quantity < 0.0 || leg.years >= needed - SAME_TIME
        };
        let covering: Vec<Leg> = self.legs.iter().filter(covers).copied().collect();
        let lost: f64 = self.legs.iter().filter(|leg| !covers(leg)).map(|leg| leg.units() * leg.premium).sum();
        let rest = Self { legs: covering, ..self.clone() };
        rest.settled().max_loss().map(|least| (lost - least).max(0.0))
    }

    fn side(&self, side: Side, spot: f64, share: f64) -> Demand {
        let of = |is_sold: bool| -> Vec<Held> {
            let legs = self.legs.iter().filter(|leg| leg.side == side && (leg.quantity < 0.0) == is_sold);
            legs.map(|leg| Held { leg: *leg, units: leg.units().abs() }).collect()
        };
        let (mut sold, mut bought) = (of(true), of(false));
        // The dearest first, so that they are the ones that are covered.
        sold.sort_by(|one, other| match side {
            Side::Call => one.leg.strike.total_cmp(&other.leg.strike),
            Side::Put => other.leg.strike.total_cmp(&one.leg.strike),
        });
        let mut shares = match side {
            Side::Call => self.shares.quantity.max(0.0),
            Side::Put => (-self.shares.quantity).max(0.0),
        };
        let mut found = Demand::default();
        for Held { leg, units } in sold {
            let by_shares = shares.min(units);
            shares -= by_shares;
            let mut left = units - by_shares;
            let width = |other: &Leg| match side {
                Side::Call => (other.strike - leg.strike).max(0.0),
                Side::Put => (leg.strike - other.strike).max(0.0),
            };
            bought.sort_by(|one, other| width(&one.leg).total_cmp(&width(&other.leg)));
            for cover in bought.iter_mut().filter(|cover| cover.leg.years >= leg.years - SAME_TIME) {
                let taken = cover.units.min(left);
                cover.units -= taken;
                left -= taken;
                found.spreads += taken * width(&cover.leg);
            }
            if left > ROUNDING * units {
                found.uncovered += left * naked(&leg, spot, share);
                found.uncovered_premium += left * leg.premium;
            }
        }
        found
    }
}

/// The requirement of one share of an uncovered option, with its premium.
fn naked(leg: &Leg, spot: f64, share: f64) -> f64 {
    let (outside, least) = match leg.side {
        Side::Call => ((leg.strike - spot).max(0.0), spot),
        Side::Put => ((spot - leg.strike).max(0.0), leg.strike),
    };
    let by_price = share * spot - outside + leg.premium;
    by_price.max(NAKED_LEAST * least + leg.premium).max(NAKED_FLOOR)
}
