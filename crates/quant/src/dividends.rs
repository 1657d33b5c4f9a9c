//! Options on an underlying that pays known cash dividends, by the escrowed model: the price without the value of the
//! dividends until the end is what moves at random; whoever exercises gets the price with the dividends that are still to
//! come. European options are those of Black, Scholes and Merton on the price without them; American ones are solved on a
//! grid, backwards in time.

use domain::occ::Side;

use crate::american::American;
use crate::black_scholes::{Contract, Greeks, Invalid};

/// The most dividends that are computed with.
const MOST: usize = 64;
/// Steps of the coarse grid over the logarithm of the price; an even number. The fine one has twice as many.
const ACROSS: usize = 200;
/// Steps of the coarse grid over the time, and the least between two dividends. The fine one has four times as many: so its
/// error is a quarter, whether it comes from the prices or from the times.
const ALONG: usize = 100;
const LEAST_ALONG: usize = 8;
/// How far the grid reaches, in volatilities until the end.
const REACH: f64 = 6.0;
/// What the volatility, as a share of itself, and the rate are moved by for vega and rho.
const VOLATILITY_STEP: f64 = 1e-2;
const RATE_STEP: f64 = 1e-3;

/// A cash dividend per share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dividend {
    /// When the underlying first trades without it, in years of 365 days.
    pub years: f64,
    /// Per share, in the money of the price.
    pub amount: f64,
}

/// An option with the dividends that its underlying pays until its end. Those that come later, or came before, are left
/// out.
#[derive(Debug, Clone, PartialEq)]
pub struct Escrowed {
    contract: Contract,
    /// Rising in time.
    dividends: Vec<Dividend>,
    /// What they are worth now.
    present: f64,
}

impl Escrowed {
    /// The option of `contract`, whose price of the underlying is that with the dividends and whose yield is paid besides
    /// them.
    ///
    /// # Errors
    ///
    /// [`Invalid`]; [`Invalid::Dividends`] where one is negative or no number, where they are worth as much as the
    /// underlying, or where there are more than 64.
    pub fn new(contract: Contract, dividends: &[Dividend]) -> Result<Self, Invalid> {
        contract.check()?;
        let good = |dividend: &Dividend| dividend.years.is_finite() && (0.0..f64::INFINITY).contains(&dividend.amount);
        if !dividends.iter().all(good) || dividends.len() > MOST {
            return Err(Invalid::Dividends);
        }
        let until =
            |dividend: &&Dividend| dividend.amount > 0.0 && dividend.years > 0.0 && dividend.years <= contract.years;
        let mut dividends: Vec<Dividend> = dividends.iter().filter(until).copied().collect();
        dividends.sort_by(|a, b| a.years.total_cmp(&b.years));
        let present = to_come(&dividends, contract.rate, 0.0, 0.0);
        if present < contract.spot { Ok(Self { contract, dividends, present }) } else { Err(Invalid::Dividends) }
    }

    /// The same option on the underlying without the dividends. Its European price and implied volatility are those of this
    /// one.
    pub fn stripped(&self) -> Contract {
        Contract { spot: self.contract.spot - self.present, ..self.contract }
    }

    /// The price per share of the European option.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn price(&self, volatility: f64) -> Result<f64, Invalid> {
        self.stripped().price(volatility)
    }

    /// The greeks of the European option.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn greeks(&self, volatility: f64) -> Result<Greeks, Invalid> {
        let Greeks { delta, gamma, theta, vega, rho } = self.stripped().greeks(volatility)?;
        // Interest makes the dividends dearer as their days come; a higher rate makes them cheaper.
        let paid_in = |dividend: &Dividend| dividend.years * discounted(dividend, self.contract.rate, 0.0);
        let cheaper: f64 = self.dividends.iter().map(paid_in).sum();
        let theta = theta - delta * self.contract.rate * self.present / 365.0;
        Ok(Greeks { delta, gamma, theta, vega, rho: rho + delta * cheaper / 100.0 })
    }

    /// The price per share of the American option, to about a millionth of the strike.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn american_price(&self, volatility: f64) -> Result<f64, Invalid> {
        if self.dividends.is_empty() {
            return self.contract.american_price(volatility);
        }
        Ok(self.solve(volatility)?.price)
    }

    /// The American option with its greeks; vega and rho are differences of prices.
    ///
    /// # Errors
    ///
    /// [`Invalid`].
    pub fn american(&self, volatility: f64) -> Result<American, Invalid> {
        if self.dividends.is_empty() {
            return self.contract.american(volatility);
        }
        let Solution { price, delta, gamma, exercised } = self.solve(volatility)?;
        if exercised {
            return Ok(self.contract.exercise());
        }
        let Contract { rate, yields, .. } = self.contract;
        let spot = self.stripped().spot;
        let swing = volatility * spot;
        let still = rate * price - (rate - yields) * spot * delta - 0.5 * swing * swing * gamma;
        let theta = (still - delta * rate * self.present) / 365.0;
        let step = VOLATILITY_STEP * volatility;
        let vega = (self.solve(volatility + step)?.price - self.solve(volatility - step)?.price) / (2.0 * step);
        let at = |by: f64| {
            let contract = Contract { rate: rate + by, ..self.contract };
            Self::new(contract, &self.dividends)?.solve(volatility).map(|solved| solved.price)
        };
        let rho = (at(RATE_STEP)? - at(-RATE_STEP)?) / (2.0 * RATE_STEP);
        let greeks = Greeks { delta, gamma, theta, vega: vega / 100.0, rho: rho / 100.0 };
        Ok(American { price, greeks, exercised })
    }

    /// Solves the American and the European option on one grid: what they differ by there is added to the exact European
    /// price, so that most of the grid's error cancels.
    fn solve(&self, volatility: f64) -> Result<Solution, Invalid> {
        let stripped = self.stripped();
        let european = stripped.price(volatility)?;
        let coarse = Grid::new(&stripped, volatility, 1)?.premium(&self.dividends);
        let fine = Grid::new(&stripped, volatility, 2)?.premium(&self.dividends);
        let intrinsic = self.contract.intrinsic();
        if fine.exercised {
            return Ok(Solution { price: intrinsic, delta: self.contract.exercise().greeks.delta, ..fine });
        }
        // To the order of the grids' errors (Richardson).
        let beyond = |fine: f64, coarse: f64| fine + (fine - coarse) / 3.0;
        let greeks = stripped.greeks(volatility)?;
        let price = (european + beyond(fine.price, coarse.price).max(0.0)).max(intrinsic);
        let delta = greeks.delta + beyond(fine.delta, coarse.delta);
        let gamma = (greeks.gamma + fine.gamma).max(0.0);
        let is_finite = [price, delta, gamma].into_iter().all(f64::is_finite);
        if is_finite { Ok(Solution { price, delta, gamma, exercised: false }) } else { Err(Invalid::Overflow) }
    }
}

fn discounted(dividend: &Dividend, rate: f64, at: f64) -> f64 {
    dividend.amount * libm::exp(-rate * (dividend.years - at))
}

/// An option, or what one is worth more than another, with the derivatives by the price of the underlying.
#[derive(Debug, Clone, Copy)]
struct Solution {
    price: f64,
    delta: f64,
    gamma: f64,
    /// Whether exercise now is all that it is worth.
    exercised: bool,
}

/// A grid over the logarithm of the price without dividends, with the present one in the middle.
struct Grid {
    option: Contract,
    volatility: f64,
    /// The distance of two of its prices in the logarithm.
    step: f64,
    prices: Vec<f64>,
    /// How much finer than the coarse grid.
    fineness: usize,
}

impl Grid {
    fn new(option: &Contract, volatility: f64, fineness: usize) -> Result<Self, Invalid> {
        let swing = volatility * option.years.sqrt();
        if swing < 1e-4 {
            return Err(Invalid::Volatility);
        }
        let half = REACH * swing + (option.rate - option.yields).abs() * option.years;
        let middle = fineness * ACROSS / 2;
        let step = half / middle as f64;
        let price = |i: usize| option.spot * libm::exp((i as f64 - middle as f64) * step);
        let prices: Vec<f64> = (0..=2 * middle).map(price).collect();
        let ends = prices.first().zip(prices.last());
        let good = ends.is_some_and(|(low, high)| *low > 0.0 && high.is_finite());
        if good { Ok(Self { option: *option, volatility, step, prices, fineness }) } else { Err(Invalid::Overflow) }
    }

    /// What the American option is worth more than the European one.
    fn premium(&self, dividends: &[Dividend]) -> Solution {
        let (early, late) = (self.solve(dividends, true), self.solve(dividends, false));
        let still = to_come(dividends, self.option.rate, 0.0, 0.0);
        let exercise = self.exercise(self.option.spot + still);
        Solution {
            price: early.price - late.price,
            delta: early.delta - late.delta,
            gamma: early.gamma - late.gamma,
            exercised: exercise > 0.0 && early.price <= exercise * (1.0 + 1e-12),
        }
    }

    /// Goes back from the end, where the option is worth its exercise.
    fn solve(&self, dividends: &[Dividend], early: bool) -> Solution {
        let Contract { years, rate, spot, .. } = self.option;
        let mut values: Vec<f64> = self.prices.iter().map(|price| self.smooth(*price)).collect();
        let mut times: Vec<f64> = dividends.iter().map(|dividend| dividend.years).filter(|at| *at < years).collect();
        times.dedup();
        times.insert(0, 0.0);
        let mut until = years;
        for from in times.into_iter().rev() {
            let share = (ALONG as f64 * (until - from) / years).ceil() as usize;
            let count = self.fineness * self.fineness * LEAST_ALONG.max(share);
            let whole = (until - from) / count as f64;
            // Two steps as four halves that are wholly implicit: they dampen the corner that exercise leaves.
            let halves = (1..5).map(|k| (until - 0.5 * whole * f64::from(k), 0.5 * whole, 1.0));
            let wholes = (3..=count).map(|k| (until - whole * k as f64, whole, 0.5));
            for (at, length, implicit) in halves.chain(wholes) {
                let floor = early.then(|| to_come(dividends, rate, until, at));
                self.back(&mut values, at, length, implicit, floor);
            }
            if early && from > 0.0 {
                // Exercise just before the price falls by the dividend.
                let still = to_come(dividends, rate, from, from);
                let pairs = values.iter_mut().zip(&self.prices);
                pairs.for_each(|(value, price)| *value = value.max(self.exercise(price + still)));
            }
            until = from;
        }
        let middle = self.fineness * ACROSS / 2;
        let at = |i: usize| values.get(i).copied().unwrap_or(f64::NAN);
        let (below, here, above) = (at(middle - 1), at(middle), at(middle + 1));
        let slope = (above - below) / (2.0 * self.step);
        let bend = (above - 2.0 * here + below) / (self.step * self.step);
        Solution { price: here, delta: slope / spot, gamma: (bend - slope) / (spot * spot), exercised: false }
    }

    /// What exercise at this price is worth.
    fn exercise(&self, price: f64) -> f64 {
        let sign = if self.option.side == Side::Call { 1.0 } else { -1.0 };
        (sign * (price - self.option.strike)).max(0.0)
    }

    /// What exercise at the end is worth, as the mean over the cell around the price: a corner between two prices would
    /// cost accuracy.
    fn smooth(&self, price: f64) -> f64 {
        let half = 0.5 * self.step;
        let (low, high) = (price * libm::exp(-half), price * libm::exp(half));
        let strike = self.option.strike;
        if strike <= low || strike >= high {
            return self.exercise(price);
        }
        match self.option.side {
            Side::Call => (high - strike - strike * libm::log(high / strike)) / self.step,
            Side::Put => (strike * libm::log(strike / low) - (strike - low)) / self.step,
        }
    }

    /// One step back to `at`: the scheme of Crank and Nicolson, or of Euler where `implicit` is 1. With a `floor`, what the
    /// dividends to come are worth, the option may be exercised (Brennan and Schwartz, 1977).
    fn back(&self, values: &mut [f64], at: f64, length: f64, implicit: f64, floor: Option<f64>) {
        let Contract { rate, yields, strike, years, side, .. } = self.option;
        let half = 0.5 * self.volatility * self.volatility;
        let (spread, drift) = (half / (self.step * self.step), (rate - yields - half) / (2.0 * self.step));
        let (down, up, stay) = (spread - drift, spread + drift, -2.0 * spread - rate);
        let explicit = 1.0 - implicit;
        let count = values.len();
        // What stays certain at the two ends of the grid.
        let end = |price: f64| {
            let left = years - at;
            let sign = if side == Side::Call { 1.0 } else { -1.0 };
            let kept = (sign * (price * libm::exp(-yields * left) - strike * libm::exp(-rate * left))).max(0.0);
            floor.map_or(kept, |still| kept.max(self.exercise(price + still)))
        };
        let known: Vec<f64> = (0..count)
            .map(|i| match (i.checked_sub(1).and_then(|i| values.get(i)), values.get(i), values.get(i + 1)) {
                (Some(below), Some(here), Some(above)) => {
                    here + length * explicit * (down * below + stay * here + up * above)
                }
                _ => self.prices.get(i).map_or(0.0, |price| end(*price)),
            })
            .collect();
        let (low, middle, high) = (-length * implicit * down, 1.0 - length * implicit * stay, -length * implicit * up);
        let exercise = |i: usize| match floor {
            Some(still) => self.prices.get(i).map_or(0.0, |price| self.exercise(price + still)),
            None => f64::NEG_INFINITY,
        };
        // Elimination goes from where the option is held to where it is exercised: the maximum is taken on the way back.
        let is_call = side == Side::Call;
        let place = |i: usize| if is_call { i } else { count - 1 - i };
        let (before, after) = if is_call { (low, high) } else { (high, low) };
        let mut rows: Vec<Row> = Vec::with_capacity(count);
        for i in 0..count {
            let sum = known.get(place(i)).copied().unwrap_or(0.0);
            let row = match rows.last() {
                Some(last) if i + 1 < count => {
                    let share = before / last.pivot;
                    Row { pivot: middle - share * last.after, after, sum: sum - share * last.sum }
                }
                _ => Row { pivot: 1.0, after: 0.0, sum },
            };
            rows.push(row);
        }
        let mut next = 0.0;
        for (i, row) in rows.iter().enumerate().rev() {
            next = ((row.sum - row.after * next) / row.pivot).max(exercise(place(i)));
            if let Some(slot) = values.get_mut(place(i)) {
                *slot = next;
            }
        }
    }
}

/// A row of the elimination: `pivot * value + after * next value = sum`.
struct Row {
    pivot: f64,
    after: f64,
    sum: f64,
}

/// What the dividends from `first` on are worth at a time.
fn to_come(dividends: &[Dividend], rate: f64, first: f64, at: f64) -> f64 {
    dividends.iter().filter(|dividend| dividend.years >= first).map(|dividend| discounted(dividend, rate, at)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PUT: Contract = Contract { side: Side::Put, spot: 100.0, strike: 100.0, years: 1.0, rate: 0.03, yields: 0.0 };

    fn quarterly() -> Vec<Dividend> {
        [45.0, 136.0, 227.0, 318.0].map(|day| Dividend { years: day / 365.0, amount: 1.0 }).to_vec()
    }

    /// By another program's grid of 4000 by 4000.
    #[test]
    fn a_put_with_four_dividends() {
        let option = Escrowed::new(PUT, &quarterly()).unwrap();
        let american = option.american_price(0.3).unwrap();
        assert!((american - 12.150_0).abs() < 3e-4, "{american}");
        let european = option.price(0.3).unwrap();
        assert!((european - 12.011_74).abs() < 2e-5, "{european}");
    }

    #[test]
    fn dividends_of_other_times_do_not_count() {
        let late = [Dividend { years: 1.5, amount: 2.0 }, Dividend { years: 0.0, amount: 2.0 }];
        let option = Escrowed::new(PUT, &late).unwrap();
        assert_eq!(option.american(0.3), PUT.american(0.3));
        assert_eq!((option.price(0.3), option.greeks(0.3)), (PUT.price(0.3), PUT.greeks(0.3)));
    }

    #[test]
    fn a_call_is_exercised_for_a_dividend_that_is_close() {
        let call = Contract { side: Side::Call, spot: 120.0, years: 0.1, ..PUT };
        let option = Escrowed::new(call, &[Dividend { years: 1e-4, amount: 3.0 }]).unwrap();
        let found = option.american(0.2).unwrap();
        assert!((found.price - 20.0).abs() < 1e-3, "{found:?}");
        assert!(option.price(0.2).unwrap() < 17.5);
    }

    #[test]
    fn what_cannot_be_computed_with_is_named() {
        let with = |years: f64, amount: f64| Escrowed::new(PUT, &[Dividend { years, amount }]).map(|_| ());
        assert_eq!(with(0.5, -1.0), Err(Invalid::Dividends));
        assert_eq!(with(f64::NAN, 1.0), Err(Invalid::Dividends));
        assert_eq!(with(0.5, f64::INFINITY), Err(Invalid::Dividends));
        assert_eq!(with(0.5, 200.0), Err(Invalid::Dividends));
        let many = vec![Dividend { years: 0.5, amount: 0.01 }; 65];
        assert_eq!(Escrowed::new(PUT, &many), Err(Invalid::Dividends));
        assert_eq!(Escrowed::new(Contract { spot: 0.0, ..PUT }, &[]), Err(Invalid::Spot));
        assert_eq!(Escrowed::new(PUT, &quarterly()).unwrap().american_price(0.0), Err(Invalid::Volatility));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn worth_more_than_waiting_and_than_exercise(
            is_put: bool, away in -2.0..2.0_f64, days in 2.0..700.0_f64, rate in 0.0..0.1_f64,
            volatility in 0.1..1.5_f64, amount in 0.1..3.0_f64, when in 0.01..0.99_f64,
        ) {
            let side = if is_put { Side::Put } else { Side::Call };
            let years = days / 365.0;
            let strike = 100.0 * (away * volatility * years.sqrt()).exp();
            let contract = Contract { side, spot: 100.0, strike, years, rate, yields: 0.0 };
            let option = Escrowed::new(contract, &[Dividend { years: when * years, amount }]).unwrap();
            let found = option.american(volatility).unwrap();
            prop_assert!(found.price >= option.price(volatility).unwrap() - 1e-9);
            prop_assert!(found.price >= contract.intrinsic() - 1e-9);
            let moved = |by: f64| {
                let contract = Contract { spot: 100.0 + by, ..contract };
                Escrowed::new(contract, &option.dividends).unwrap().american_price(volatility).unwrap()
            };
            let step = 0.3 * volatility * years.sqrt();
            let delta = (moved(step) - moved(-step)) / (2.0 * step);
            prop_assert!((found.greeks.delta - delta).abs() < 0.02, "{} {delta}", found.greeks.delta);
        }
    }
}
