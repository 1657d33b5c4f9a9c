//! One number for all the bits that a part of the library computes: where two are the same, all of them are.

use domain::occ::Side;
use quant::indicators::{averages, momentum, movement, range, volume};
use quant::{American, Contract, Dividend, Escrowed, Expiration, Greeks, Walk, realised};

use crate::cases;

/// A part of the library by its name, and what digests it.
pub type Part = (&'static str, fn() -> u64);

/// What is compared.
pub const DIGESTS: [Part; 7] = [
    ("European price, greeks, implied volatility", european),
    ("American price, greeks, implied volatility", american),
    ("American by the tables of an expiration", tables),
    ("cash dividends", dividends),
    ("probabilities", probabilities),
    ("indicators", indicators),
    ("realised volatility", realised_volatility),
];

/// Fowler, Noll and Vo's hash, over the bits of numbers.
struct Digest(u64);

impl Digest {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn number(&mut self, number: f64) {
        for byte in number.to_bits().to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn result<E>(&mut self, found: Result<f64, E>) {
        // An error is one too, on both sides.
        self.number(found.unwrap_or(-7.0));
    }

    fn greeks(&mut self, greeks: &Greeks) {
        let Greeks { delta, gamma, theta, vega, rho } = *greeks;
        [delta, gamma, theta, vega, rho].into_iter().for_each(|number| self.number(number));
    }

    fn american<E>(&mut self, found: Result<American, E>) {
        match found {
            Ok(American { price, greeks, exercised }) => {
                self.number(price);
                self.greeks(&greeks);
                self.number(f64::from(u8::from(exercised)));
            }
            Err(_) => self.number(-7.0),
        }
    }

    fn series(&mut self, values: &[Option<f64>]) {
        values.iter().for_each(|value| self.number(value.unwrap_or(-7.0)));
    }
}

/// Options of all kinds, so many of each, with volatilities.
fn options(count: u32) -> impl Iterator<Item = (Contract, f64)> {
    let place = move |i: u32| f64::from(i) / f64::from(count);
    let markets = [(0.045, 0.0), (0.045, 0.013), (0.02, 0.08), (0.03, 0.03), (0.0, 0.0), (-0.01, 0.02)];
    markets.into_iter().flat_map(move |(rate, yields)| {
        (0..count).flat_map(move |i| {
            [Side::Call, Side::Put].map(|side| {
                let (strike, years) = (100.0 * (0.5 + 1.3 * place(i)), 0.01 + 2.0 * place(i * 7 % count));
                let volatility = 0.08 + 1.4 * place(i * 13 % count);
                (Contract { side, spot: 103.7, strike, years, rate, yields }, volatility)
            })
        })
    })
}

fn european() -> u64 {
    let mut digest = Digest::new();
    for (contract, volatility) in options(97) {
        let price = contract.price(volatility);
        digest.result(price);
        if let Ok((iv, greeks)) = contract.implied(price.unwrap_or(0.0)) {
            digest.number(iv);
            digest.greeks(&greeks);
        }
        digest.result(contract.forward());
    }
    digest.0
}

fn american() -> u64 {
    let mut digest = Digest::new();
    for (contract, volatility) in options(5) {
        digest.american(contract.american(volatility));
        let price = contract.american_price(volatility).unwrap_or(0.0);
        digest.result(contract.american_implied_volatility(price));
    }
    digest.0
}

fn tables() -> u64 {
    let mut digest = Digest::new();
    for (rate, yields) in [(0.045, 0.013), (0.02, 0.08)] {
        let Ok(tables) = Expiration::new(0.4, rate, yields, 0.1..=0.9) else { continue };
        for (contract, volatility) in options(23) {
            let contract = Contract { years: 0.4, rate, yields, ..contract };
            let found = tables.american(&contract, 0.1 + 0.5 * volatility);
            let price = found.map_or(0.0, |found| found.price);
            digest.american(found);
            digest.result(tables.implied_volatility(&contract, price));
        }
    }
    digest.0
}

fn dividends() -> u64 {
    let mut digest = Digest::new();
    for side in [Side::Call, Side::Put] {
        let contract = Contract { side, spot: 100.0, strike: 97.0, years: 0.2, rate: 0.04, yields: 0.0 };
        if let Ok(option) = Escrowed::new(contract, &[Dividend { years: 0.11, amount: 0.8 }]) {
            digest.result(option.price(0.3));
            digest.american(option.american(0.3));
        }
    }
    digest.0
}

fn probabilities() -> u64 {
    let mut digest = Digest::new();
    for (contract, volatility) in options(97) {
        let Contract { spot, years, rate, yields, strike, .. } = contract;
        let walk = Walk { spot, years, rate, yields, volatility };
        digest.result(walk.above(strike));
        digest.result(walk.touch(strike));
        digest.result(contract.profit_of_seller(2.5, volatility));
    }
    digest.0
}

fn indicators() -> u64 {
    let mut digest = Digest::new();
    let bars = cases::bars(300);
    let close = bars.close();
    let lists = [
        averages::sma(close, 20),
        averages::ema(close, 20),
        averages::kama(close, 30),
        averages::tema(close, 10),
        momentum::rsi(close, 14),
        momentum::macd(close, 12, 26, 9).map(|found| found.signal),
        range::bollinger(close, 20, 2.0).map(|found| found.upper),
        range::atr(&bars, 14),
        movement::adx(&bars, 14),
        momentum::stochastic(&bars, 14, 3, 3).map(|found| found.k),
        Ok(volume::on_balance(&bars)),
        volume::money_flow_index(&bars, 14),
    ];
    lists.iter().for_each(|list| digest.series(list.as_deref().unwrap_or_default()));
    digest.0
}

fn realised_volatility() -> u64 {
    let mut digest = Digest::new();
    let bars = cases::bars(300);
    for found in [realised::close_to_close, realised::parkinson, realised::yang_zhang].map(|of| of(&bars, 20, 252.0)) {
        digest.series(&found);
    }
    digest.0
}
