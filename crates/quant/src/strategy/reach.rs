//! Whether a profit is reached on the way, not only at the end. Of a price, [`Walk::touch`](crate::probability::Walk::touch)
//! tells that.

use super::{InvalidStrategy, Market, Model, SAME_TIME, Strategy};

/// A walk has one step for each calendar day, within these bounds.
const STEPS: (f64, f64) = (30.0, 120.0);

impl Strategy {
    /// The probability that its profit has reached an amount at some time until the first expiration: with half of the largest
    /// profit for the amount it is what is known as P50.
    ///
    /// It is computed, not drawn: the underlying walks on a binomial tree (volatility per year, drift `rate - yields`) with a
    /// step for each day, 30 steps at least and 120 at most; at each of them all legs are priced anew at their own volatilities,
    /// which stay as they are. What is reached between two steps is not seen. Legs are priced as European options here.
    ///
    /// # Errors
    ///
    /// [`InvalidStrategy`].
    pub fn probability_of_reaching(
        &self,
        market: &Market,
        volatility: f64,
        amount: f64,
    ) -> Result<f64, InvalidStrategy> {
        market.check()?;
        if !amount.is_finite() {
            return Err(InvalidStrategy::Cash);
        }
        let years = self.first_expiration().ok_or(InvalidStrategy::NoExpiration)?;
        market.contract(domain::occ::Side::Call, market.spot, years).price(volatility)?;
        let profit = |price: f64, ahead: f64| self.profit_after(market, price, ahead, 0.0, Model::European);
        let is_reached = |profit: f64| profit >= amount - 1e-9 * amount.abs();
        if is_reached(profit(market.spot, 0.0)?) {
            return Ok(1.0);
        }
        if years <= SAME_TIME {
            return Ok(0.0);
        }
        let steps = (years * 365.0).ceil().clamp(STEPS.0, STEPS.1);
        let step = years / steps;
        let drift = (market.rate - market.yields - volatility * volatility / 2.0) * step;
        let swing = volatility * step.sqrt();
        // Probabilities of the places that have not reached it, from the lowest up.
        let (mut alive, mut found, mut done) = (vec![1.0_f64], 0.0_f64, 0.0_f64);
        while done < steps {
            done += 1.0;
            let mut next = vec![0.0; alive.len() + 1];
            for (from, to) in alive.iter().zip(0_usize..) {
                for place in next.iter_mut().skip(to).take(2) {
                    *place += from / 2.0;
                }
            }
            let ahead = if done < steps { step * done } else { years };
            let mut up = -done;
            for place in &mut next {
                // Places that hold nothing any more are not worth a price.
                if *place > 1e-15 {
                    let price = market.spot * libm::exp(drift * done + swing * up);
                    if is_reached(profit(price.min(super::MOST), ahead)?) {
                        found += *place;
                        *place = 0.0;
                    }
                }
                up += 2.0;
            }
            alive = next;
        }
        Ok(found.clamp(0.0, 1.0))
    }
}
