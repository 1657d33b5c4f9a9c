//! A chain of 5,000 options with prices, and 500 bars.

use domain::occ::Side;
use quant::scan::{Chain, Expiration, Quotes};
use quant::{Bars, Contract};

/// The price of the underlying, and what money and holding it pay.
pub const SPOT: f64 = 104.37;
const RATE: f64 = 0.0435;
const YIELDS: f64 = 0.013;
/// The expirations, and how many strikes each has.
const DAYS: [f64; 14] = [2.0, 5.0, 9.0, 16.0, 23.0, 30.0, 44.0, 58.0, 86.0, 121.0, 177.0, 268.0, 359.0, 541.0];
const STRIKES: usize = 240;
/// The options that are kept, and the least time value of one.
const OPTIONS: usize = 5_000;
const LEAST: f64 = 0.005;

/// What is computed with.
#[derive(Debug)]
pub struct Cases {
    /// By expiration.
    pub groups: Vec<Vec<Quoted>>,
    /// 500 days.
    pub bars: Bars,
    /// A chain of about as many options, as it is scanned.
    pub chain: Chain,
}

/// An option with its prices.
#[derive(Debug, Clone, Copy)]
pub struct Quoted {
    /// The option.
    pub contract: Contract,
    /// At which the prices are.
    pub volatility: f64,
    /// Exercised at the end.
    pub european: f64,
    /// Exercised at any time.
    pub american: f64,
}

impl Cases {
    /// Makes them.
    pub fn new() -> Self {
        let mut groups: Vec<Vec<Quoted>> = DAYS.iter().map(|days| group(days / 365.0)).collect();
        let many: usize = groups.iter().map(Vec::len).sum();
        // Every one of so many is left out, spread over all.
        let mut seen = 0;
        for group in &mut groups {
            group.retain(|_| {
                seen += 1;
                many <= OPTIONS || seen * (many - OPTIONS) / many == (seen - 1) * (many - OPTIONS) / many
            });
        }
        Self { groups, bars: bars(500), chain: chain() }
    }
}

impl Default for Cases {
    fn default() -> Self {
        Self::new()
    }
}

/// The volatility of an option, so many swings away from the price.
fn smile(years: f64, away: f64) -> f64 {
    let short = (30.0 / 365.0 / years).min(4.0).sqrt();
    0.21 + 0.02 * short + 0.012 * away * away - 0.022 * away
}

/// The strikes of an expiration, ascending, each with how many swings it is away.
fn strikes(years: f64, count: usize) -> impl Iterator<Item = (f64, f64)> {
    (0..count).map(move |i| {
        let away = -2.4 + 4.8 * i as f64 / (count - 1) as f64;
        let strike = SPOT * libm_exp(away * 0.23 * years.sqrt());
        ((strike * 100.0).round() / 100.0, away)
    })
}

/// By its series: the cases need no exponential that is exact, only one that is the same everywhere.
fn libm_exp(x: f64) -> f64 {
    let mut term = 1.0;
    (1..30).fold(1.0, |sum, k| {
        term *= x / f64::from(k);
        sum + term
    })
}

fn group(years: f64) -> Vec<Quoted> {
    let mut found = Vec::new();
    let Ok(tables) = quant::Expiration::new(years, RATE, YIELDS, 0.1..=0.6) else { return found };
    for (strike, away) in strikes(years, STRIKES) {
        for side in [Side::Call, Side::Put] {
            let contract = Contract { side, spot: SPOT, strike, years, rate: RATE, yields: YIELDS };
            let volatility = smile(years, away);
            let prices = contract.price(volatility).ok().zip(tables.price(&contract, volatility).ok());
            let least = contract.bounds().map_or(0.0, |(least, _)| least);
            let sign = if side == Side::Call { 1.0 } else { -1.0 };
            let exercise = (sign * (SPOT - strike)).max(0.0);
            if let Some((european, american)) = prices
                && european - least > LEAST
                && american - exercise > LEAST
            {
                found.push(Quoted { contract, volatility, european, american });
            }
        }
    }
    found
}

/// A walk with a drift, gaps and days without range.
pub fn bars(count: usize) -> Bars {
    let mut state = 20_261_120_u64;
    let mut unit = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    let cents = |price: f64| (price * 100.0).round() / 100.0;
    let mut columns: [Vec<f64>; 5] = Default::default();
    let mut last = SPOT;
    for i in 0..count {
        let open = cents(last * (1.0 + 0.004 * (unit() - 0.5)));
        let close = cents(open * (1.0005 + 0.03 * (unit() - 0.5)));
        let (high, low) =
            (cents(open.max(close) * (1.0 + 0.01 * unit())), cents(open.min(close) * (1.0 - 0.01 * unit())));
        let flat = i % 97 == 50;
        let bar = if flat { [open; 4] } else { [open, high, low, close] };
        let volume = if flat { 0.0 } else { (1e6 * (0.5 + unit())).round() };
        columns.iter_mut().zip(bar.into_iter().chain([volume])).for_each(|(column, value)| column.push(value));
        last = if flat { open } else { close };
    }
    let [open, high, low, close, volume] = columns;
    Bars::new(open, high, low, close, volume).unwrap_or_default()
}

fn chain() -> Chain {
    let expiration = |days: &f64| {
        let years = days / 365.0;
        let mut expiration =
            Expiration { dte: *days as i64, years, yields: YIELDS, multiplier: 100.0, ..Expiration::default() };
        for (strike, away) in strikes(years, OPTIONS.div_ceil(2 * DAYS.len())) {
            expiration.strikes.push(strike);
            let volatility = smile(years, away);
            for side in [Side::Call, Side::Put] {
                let contract = Contract { side, spot: SPOT, strike, years, rate: RATE, yields: YIELDS };
                let quotes = if side == Side::Call { &mut expiration.calls } else { &mut expiration.puts };
                quote(quotes, contract.price(volatility).ok(), contract.greeks(volatility).ok(), volatility);
            }
        }
        expiration
    };
    Chain { spot: SPOT, rate: RATE, expirations: DAYS.iter().map(expiration).collect() }
}

fn quote(quotes: &mut Quotes, price: Option<f64>, greeks: Option<quant::Greeks>, volatility: f64) {
    let cents = |price: f64| (price * 100.0).round() / 100.0;
    quotes.bid.push(price.map(|price| cents(price * 0.985)));
    quotes.ask.push(price.map(|price| cents(price * 1.015 + 0.01)));
    quotes.iv.push(Some(volatility));
    quotes.delta.push(greeks.map(|greeks| greeks.delta));
    quotes.gamma.push(greeks.map(|greeks| greeks.gamma));
    quotes.theta.push(greeks.map(|greeks| greeks.theta));
    quotes.vega.push(greeks.map(|greeks| greeks.vega));
    quotes.open_interest.push(Some(800.0));
    quotes.volume.push(Some(120.0));
}
