//! Profit and loss at expiration: straight lines between the strikes, so that everything about it is exact.

use super::{InvalidStrategy, MOST, ROUNDING, Strategy};

/// Where two straight lines meet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knot {
    /// The price of the underlying.
    pub price: f64,
    /// Profit there, or loss as a negative number.
    pub profit: f64,
}

/// Profit and loss by the price of the underlying at the one expiration of all legs.
#[derive(Debug, Clone, PartialEq)]
pub struct Payoff {
    /// At a price of zero and at each strike, ascending.
    knots: Vec<Knot>,
    /// Behind the last knot, per dollar of the underlying.
    slope: f64,
}

impl Strategy {
    /// Profit and loss at the one expiration of all legs.
    ///
    /// # Errors
    ///
    /// [`InvalidStrategy::SeveralExpirations`]: then [`Strategy::outcome`] samples. Shares alone have a payoff.
    pub fn payoff(&self) -> Result<Payoff, InvalidStrategy> {
        if !self.legs.is_empty() {
            self.expiration()?;
        }
        Ok(self.settled())
    }

    /// The same, as if all legs ended together.
    pub(super) fn settled(&self) -> Payoff {
        let mut prices: Vec<f64> = self.legs.iter().map(|leg| leg.strike).collect();
        prices.push(0.0);
        prices.sort_by(f64::total_cmp);
        prices.dedup();
        let knot = |price| Knot { price, profit: self.profit_at(price) };
        Payoff { knots: prices.into_iter().map(knot).collect(), slope: self.upside() }
    }

    fn profit_at(&self, price: f64) -> f64 {
        let legs: f64 = self.legs.iter().map(|leg| leg.units() * (leg.intrinsic(price) - leg.premium)).sum();
        let profit = legs + self.shares.quantity * (price - self.shares.price) + self.cash;
        // A spread whose width is its credit earns nothing, and not 1e-15.
        if profit.abs() <= ROUNDING * self.scale(price) { 0.0 } else { profit }
    }
}

impl Payoff {
    /// The kinks: at a price of zero and at each strike, ascending.
    pub fn knots(&self) -> &[Knot] {
        &self.knots
    }

    /// What each further dollar of the underlying brings behind the last strike.
    pub fn slope_beyond(&self) -> f64 {
        self.slope
    }

    /// Profit or loss at a price of the underlying.
    ///
    /// # Errors
    ///
    /// [`InvalidStrategy::Price`]: the price is negative, out of bounds or no number.
    pub fn profit(&self, price: f64) -> Result<f64, InvalidStrategy> {
        if !(0.0..=MOST).contains(&price) {
            return Err(InvalidStrategy::Price);
        }
        let after = self.knots.partition_point(|knot| knot.price <= price);
        let (before, next) = (self.knots.get(after.saturating_sub(1)), self.knots.get(after));
        Ok(match (before, next) {
            (Some(before), Some(next)) => {
                let share = (price - before.price) / (next.price - before.price);
                before.profit + share * (next.profit - before.profit)
            }
            (Some(last), None) => last.profit + self.slope * (price - last.price),
            (None, _) => 0.0,
        })
    }

    /// The most that it can earn; `None` where there is no limit. It is negative where it loses at every price.
    pub fn max_profit(&self) -> Option<f64> {
        let most = self.knots.iter().map(|knot| knot.profit).max_by(f64::total_cmp);
        most.filter(|_| self.slope <= 0.0)
    }

    /// The lowest profit, which is the largest loss as a negative number; `None` where there is no limit.
    pub fn max_loss(&self) -> Option<f64> {
        let least = self.knots.iter().map(|knot| knot.profit).min_by(f64::total_cmp);
        least.filter(|_| self.slope >= 0.0)
    }

    /// The prices at which it turns between profit, loss and neither, ascending. Where it earns exactly nothing over a
    /// range of prices, the ends of that range count.
    pub fn break_evens(&self) -> Vec<f64> {
        let mut found = Vec::new();
        for pair in self.knots.windows(2) {
            let [left, right] = pair else { continue };
            if left.profit != 0.0 && right.profit != 0.0 {
                if (left.profit > 0.0) != (right.profit > 0.0) {
                    let share = left.profit / (left.profit - right.profit);
                    found.push(left.price + share * (right.price - left.price));
                }
            } else if left.profit != right.profit {
                found.push(if left.profit == 0.0 { left.price } else { right.price });
            }
        }
        if let Some(last) = self.knots.last() {
            if last.profit == 0.0 && self.slope != 0.0 {
                found.push(last.price);
            } else if last.profit * self.slope < 0.0 {
                found.push(last.price - last.profit / self.slope);
            }
        }
        found.retain(|price| *price > 0.0 && *price <= MOST);
        found.dedup();
        found
    }

    /// The ranges of prices in which it earns more than nothing, ascending; the last may have no upper end.
    pub fn profitable(&self) -> Vec<(f64, Option<f64>)> {
        // The sign changes only at break-evens and kinks, so that one price within each piece tells.
        let mut ends = self.break_evens();
        ends.extend(self.knots.iter().map(|knot| knot.price));
        ends.sort_by(f64::total_cmp);
        ends.dedup();
        let mut found: Vec<(f64, Option<f64>)> = Vec::new();
        for (index, from) in ends.iter().enumerate() {
            let to = ends.get(index + 1).copied();
            let inside = to.map_or(from + 1.0, |to| from + (to - from) / 2.0);
            if self.profit(inside).is_ok_and(|profit| profit > 0.0) {
                match found.last_mut() {
                    Some((_, end)) if *end == Some(*from) => *end = to,
                    _ => found.push((*from, to)),
                }
            }
        }
        found
    }
}
