//! What traders call a strategy.

use domain::occ::Side::{Call, Put};

use super::{Leg, SAME_TIME, Strategy};

/// A strategy that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A call that was bought.
    LongCall,
    /// A put that was bought.
    LongPut,
    /// A call that was sold, without shares.
    ShortCall,
    /// A put that was sold, with cash or margin behind it.
    ShortPut,
    /// Shares with calls sold on them.
    CoveredCall,
    /// Shares with puts bought on them.
    ProtectivePut,
    /// Shares with calls sold and puts bought.
    Collar,
    /// A put sold and a lower one bought.
    BullPutSpread,
    /// A call sold and a higher one bought.
    BearCallSpread,
    /// A call bought and a higher one sold.
    BullCallSpread,
    /// A put bought and a lower one sold.
    BearPutSpread,
    /// Call and put of one strike, sold.
    ShortStraddle,
    /// Call and put of one strike, bought.
    LongStraddle,
    /// A put and a higher call, sold.
    ShortStrangle,
    /// A put and a higher call, bought.
    LongStrangle,
    /// A bull put spread under a bear call spread.
    IronCondor,
    /// The same with one short strike.
    IronFly,
    /// Three strikes of one side, the middle one twice on the other way.
    Butterfly,
    /// One side and strike at two expirations, the nearer one sold.
    Calendar,
    /// One side at two strikes and expirations, the nearer one sold.
    Diagonal,
    /// One side, with more sold than bought.
    RatioSpread,
    /// Anything else.
    Custom,
}

impl Shape {
    /// As traders write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LongCall => "long call",
            Self::LongPut => "long put",
            Self::ShortCall => "short call",
            Self::ShortPut => "short put",
            Self::CoveredCall => "covered call",
            Self::ProtectivePut => "protective put",
            Self::Collar => "collar",
            Self::BullPutSpread => "bull put spread",
            Self::BearCallSpread => "bear call spread",
            Self::BullCallSpread => "bull call spread",
            Self::BearPutSpread => "bear put spread",
            Self::ShortStraddle => "short straddle",
            Self::LongStraddle => "long straddle",
            Self::ShortStrangle => "short strangle",
            Self::LongStrangle => "long strangle",
            Self::IronCondor => "iron condor",
            Self::IronFly => "iron fly",
            Self::Butterfly => "butterfly",
            Self::Calendar => "calendar spread",
            Self::Diagonal => "diagonal spread",
            Self::RatioSpread => "ratio spread",
            Self::Custom => "custom strategy",
        }
    }
}

/// How many shares the two have to agree to, as a part of one.
fn alike(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs())
}

impl Strategy {
    /// What it is called: by sides, directions, strikes, expirations and proportions of its legs.
    pub fn shape(&self) -> Shape {
        let mut legs = self.legs.clone();
        legs.sort_by(|one, other| one.strike.total_cmp(&other.strike).then(one.years.total_cmp(&other.years)));
        let is_one_time = self.expiration().is_ok();
        let shares = self.shares.quantity;
        match legs.as_slice() {
            [leg] if shares == 0.0 => match (leg.side, leg.quantity > 0.0) {
                (Call, true) => Shape::LongCall,
                (Call, false) => Shape::ShortCall,
                (Put, true) => Shape::LongPut,
                (Put, false) => Shape::ShortPut,
            },
            [leg] if shares > 0.0 && leg.units().abs() <= shares * (1.0 + 1e-9) => match (leg.side, leg.quantity > 0.0)
            {
                (Call, false) => Shape::CoveredCall,
                (Put, true) => Shape::ProtectivePut,
                _ => Shape::Custom,
            },
            [low, high] if shares > 0.0 && is_one_time => {
                let is_collar = low.side == Put && low.quantity > 0.0 && high.side == Call && high.quantity < 0.0;
                let is_covered = -high.units() <= shares * (1.0 + 1e-9);
                if is_collar && is_covered { Shape::Collar } else { Shape::Custom }
            }
            _ if shares != 0.0 => Shape::Custom,
            [low, high] if is_one_time => pair(low, high),
            [one, other] => two_times(one, other),
            [low, middle, high] if is_one_time => {
                let is_one_side = low.side == middle.side && middle.side == high.side;
                let is_folded = alike(low.units(), high.units()) && alike(middle.units(), -2.0 * low.units());
                if is_one_side && is_folded { Shape::Butterfly } else { Shape::Custom }
            }
            [a, b, c, d] if is_one_time => {
                let (first, last) = (pair(a, b), pair(c, d));
                let is_even = alike(b.units(), c.units());
                match (first, last) {
                    (Shape::BullPutSpread, Shape::BearCallSpread) if is_even && b.strike < c.strike => {
                        Shape::IronCondor
                    }
                    (Shape::BullPutSpread, Shape::BearCallSpread) if is_even => Shape::IronFly,
                    // At one strike the order of call and put is chance.
                    _ if b.strike == c.strike
                        && pair(a, c) == Shape::BullPutSpread
                        && pair(b, d) == Shape::BearCallSpread
                        && is_even =>
                    {
                        Shape::IronFly
                    }
                    _ => Shape::Custom,
                }
            }
            _ => Shape::Custom,
        }
    }
}

/// Two legs that end together, the lower strike first.
fn pair(low: &Leg, high: &Leg) -> Shape {
    let is_even = alike(low.units(), -high.units());
    if low.side == high.side {
        return match (low.side, low.quantity > 0.0, high.quantity > 0.0) {
            _ if low.strike == high.strike => Shape::Custom,
            (Put, true, false) if is_even => Shape::BullPutSpread,
            (Call, false, true) if is_even => Shape::BearCallSpread,
            (Call, true, false) if is_even => Shape::BullCallSpread,
            (Put, false, true) if is_even => Shape::BearPutSpread,
            (_, low_bought, high_bought) if low_bought != high_bought && low.units() + high.units() < 0.0 => {
                Shape::RatioSpread
            }
            _ => Shape::Custom,
        };
    }
    let is_same_way = alike(low.units(), high.units());
    match low.quantity > 0.0 {
        _ if !is_same_way => Shape::Custom,
        true if low.strike == high.strike => Shape::LongStraddle,
        false if low.strike == high.strike => Shape::ShortStraddle,
        true if low.side == Put => Shape::LongStrangle,
        false if low.side == Put => Shape::ShortStrangle,
        _ => Shape::Custom,
    }
}

fn two_times(one: &Leg, other: &Leg) -> Shape {
    let (near, far) = if one.years <= other.years { (one, other) } else { (other, one) };
    let is_spread = near.side == far.side && near.quantity < 0.0 && alike(near.units(), -far.units());
    match is_spread && far.years - near.years > SAME_TIME {
        true if near.strike == far.strike => Shape::Calendar,
        true => Shape::Diagonal,
        false => Shape::Custom,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::Shares;

    #[test]
    fn strategies_have_names() {
        let leg = |side, strike, quantity, days: f64| Leg {
            side,
            strike,
            years: days / 365.0,
            quantity,
            premium: 1.0,
            multiplier: 100.0,
            volatility: 0.3,
        };
        let (c, p) = (|k, q| leg(Call, k, q, 30.0), |k, q| leg(Put, k, q, 30.0));
        for (legs, shares, shape) in [
            (vec![p(95.0, -1.0)], 0.0, Shape::ShortPut),
            (vec![c(95.0, 2.0)], 0.0, Shape::LongCall),
            (vec![c(105.0, -1.0)], 100.0, Shape::CoveredCall),
            (vec![c(105.0, -2.0)], 100.0, Shape::Custom),
            (vec![p(95.0, 1.0)], 100.0, Shape::ProtectivePut),
            (vec![c(105.0, -1.0), p(95.0, 1.0)], 100.0, Shape::Collar),
            (vec![p(95.0, -1.0), p(90.0, 1.0)], 0.0, Shape::BullPutSpread),
            (vec![p(90.0, -1.0), p(95.0, 1.0)], 0.0, Shape::BearPutSpread),
            (vec![c(105.0, -1.0), c(110.0, 1.0)], 0.0, Shape::BearCallSpread),
            (vec![c(110.0, -1.0), c(105.0, 1.0)], 0.0, Shape::BullCallSpread),
            (vec![c(110.0, -2.0), c(105.0, 1.0)], 0.0, Shape::RatioSpread),
            (vec![c(100.0, -1.0), p(100.0, -1.0)], 0.0, Shape::ShortStraddle),
            (vec![c(110.0, -1.0), p(90.0, -1.0)], 0.0, Shape::ShortStrangle),
            (vec![c(110.0, 1.0), p(90.0, 1.0)], 0.0, Shape::LongStrangle),
            (vec![c(90.0, -1.0), p(110.0, -1.0)], 0.0, Shape::Custom),
            (vec![p(85.0, 1.0), p(90.0, -1.0), c(110.0, -1.0), c(115.0, 1.0)], 0.0, Shape::IronCondor),
            (vec![c(100.0, -1.0), p(85.0, 1.0), p(100.0, -1.0), c(115.0, 1.0)], 0.0, Shape::IronFly),
            (vec![p(85.0, 1.0), p(100.0, -1.0), c(100.0, -1.0), c(115.0, 1.0)], 0.0, Shape::IronFly),
            (vec![c(95.0, 1.0), c(100.0, -2.0), c(105.0, 1.0)], 0.0, Shape::Butterfly),
            (vec![c(100.0, -1.0), leg(Call, 100.0, 1.0, 60.0)], 0.0, Shape::Calendar),
            (vec![c(105.0, -1.0), leg(Call, 90.0, 1.0, 200.0)], 0.0, Shape::Diagonal),
            (vec![c(105.0, 1.0), leg(Call, 90.0, -1.0, 200.0)], 0.0, Shape::Custom),
        ] {
            let shares = Some(Shares { quantity: shares, price: 100.0 });
            let strategy = Strategy::new(legs.clone(), shares).unwrap();
            assert_eq!(strategy.shape(), shape, "{legs:?}");
        }
    }
}
