//! Greeks that the stream did not bring, computed from bid and ask.
//!
//! The model is European. The price for delivery is taken from a call and a put near the money, which contains dividends
//! and borrowing; where there is no such pair it follows from the rate and from what TastyTrade's metrics say of dividends.

use std::collections::BTreeMap;

use domain::{
    Timestamp,
    exchange::{self, Settlement},
    occ::Side,
};
use quant::Contract;

use super::{Greeks, Key, Live, Pick, Tick, choose::unit_price, float};
use crate::gather::events::Dividends;

const YEAR_SECONDS: f64 = 365.0 * 86_400.0;
/// A spread of more than this part of the middle says too little about a price.
const WIDEST: f64 = 0.5;
/// A yield beyond this does not come from a dividend: the pair that it follows from is not to be believed.
const MOST_YIELD: f64 = 0.3;

/// What the options of an expiration have in common.
pub(crate) struct Market {
    /// In the strikes' units.
    pub(crate) spot: f64,
    pub(crate) years: f64,
    pub(crate) rate: f64,
    pub(crate) yields: f64,
    /// Where the yield comes from.
    pub(crate) from: Yields,
}

/// What a yield follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Yields {
    /// A call and a put of one strike that are quoted near the price.
    Pair,
    /// TastyTrade's metrics of the underlying.
    Metrics,
    /// The rate: a future costs nothing to hold.
    Rate,
    /// Nothing; it is zero.
    Nothing,
}

/// The greeks of every option of an expiration that has none, or why there are none.
pub(crate) fn missing(
    pick: &Pick<'_>,
    live: &Live,
    rate: f64,
    dividends: Dividends,
    now: Timestamp,
) -> BTreeMap<Key, Result<Greeks, String>> {
    let lacking = live.ticks.iter().filter(|(_, tick)| tick.greeks.is_none());
    let market = market(pick, live, rate, dividends, now);
    let of = |(key, tick): (&Key, &Tick)| {
        let greeks = market.as_ref().map_err(|why| (*why).to_owned());
        (*key, greeks.and_then(|market| greeks_of(pick, live, market, *key, tick)))
    };
    lacking.map(of).collect()
}

/// What an expiration is computed with, or why it cannot be.
pub(crate) fn market(
    pick: &Pick<'_>,
    live: &Live,
    rate: f64,
    dividends: Dividends,
    now: Timestamp,
) -> Result<Market, &'static str> {
    let spot = unit_price(pick.root, pick.price).ok_or("the price of the underlying is not known")?;
    let years = years(pick, now).ok_or("the options have ended")?;
    let plain = Market { spot, years, rate, yields: 0.0, from: Yields::Nothing };
    if pick.root.underlying.starts_with('/') {
        return Ok(Market { yields: rate, from: Yields::Rate, ..plain });
    }
    if let Some(yields) = carry(pick, live, &plain) {
        return Ok(Market { yields, from: Yields::Pair, ..plain });
    }
    Ok(match dividends.yield_until(pick.expiration.date) {
        Some(yields) => Market { yields, from: Yields::Metrics, ..plain },
        None => plain,
    })
}

/// The time to the end of the options; none once they have ended.
fn years(pick: &Pick<'_>, now: Timestamp) -> Option<f64> {
    let end = exchange::option_ends_at(pick.expiration.date, Settlement::parse(&pick.expiration.settlement));
    #[expect(clippy::cast_precision_loss, reason = "seconds of some years")]
    let years = end.signed_duration_since(now).num_seconds() as f64 / YEAR_SECONDS;
    (years > 0.0).then_some(years)
}

/// The yield at which a call and a put of the strike nearest to the price agree.
fn carry(pick: &Pick<'_>, live: &Live, market: &Market) -> Option<f64> {
    let quoted = |place: usize| {
        let middle = |is_call| live.ticks.get(&Key { place, is_call }).and_then(|tick| middle(tick).ok());
        Some((float(pick.expiration.strike(place)?)?, middle(true)?, middle(false)?))
    };
    let pairs = pick.places.iter().filter_map(|place| quoted(*place));
    let away = |strike: f64| (strike - market.spot).abs();
    let (strike, call, put) = pairs.min_by(|one, other| away(one.0).total_cmp(&away(other.0)))?;
    let held = call - put + strike * (-market.rate * market.years).exp();
    let yields = (market.spot / held).ln() / market.years;
    // Over a few days a cent is a large yield, and means nothing.
    (held > 0.0 && yields.abs() <= MOST_YIELD).then_some(yields)
}

/// The middle of bid and ask, or why it says nothing.
fn middle(tick: &Tick) -> Result<f64, &'static str> {
    let bid = tick.bid.and_then(float).filter(|bid| *bid > 0.0).ok_or("there is no bid")?;
    let ask = tick.ask.and_then(float).filter(|ask| *ask >= bid).ok_or("there is no ask")?;
    let middle = (bid + ask) / 2.0;
    if ask - bid > WIDEST * middle { Err("bid and ask are too far apart") } else { Ok(middle) }
}

fn greeks_of(pick: &Pick<'_>, live: &Live, market: &Market, key: Key, tick: &Tick) -> Result<Greeks, String> {
    let strike = pick.expiration.strike(key.place).and_then(float).ok_or("the strike is not known")?;
    let Market { spot, years, rate, yields, .. } = *market;
    let contract = |side| Contract { side, spot, strike, years, rate, yields };
    let implied = |side: Side, tick: &Tick| {
        let middle = middle(tick).map_err(str::to_owned)?;
        contract(side).implied_volatility(middle).map_err(|why| why.to_string())
    };
    let other = Key { is_call: !key.is_call, ..key };
    let of_other = || live.ticks.get(&other).ok_or_else(String::new).and_then(|tick| implied(other.side(), tick));
    // Deep in the money a price may hold no time value; the other side of the same strike has the same volatility.
    let volatility = implied(key.side(), tick).or_else(|why| of_other().map_err(|_| why))?;
    let greeks = contract(key.side()).greeks(volatility).map_err(|why| why.to_string())?;
    let quant::Greeks { delta, gamma, theta, vega, .. } = greeks;
    Ok(Greeks { delta, gamma, theta, vega, iv: volatility })
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{at, chain, pick},
        *,
    };
    use contract::market::Source;

    const RATE: f64 = 0.04;

    /// Quotes of a market with a yield of 1 % and a volatility of 30 %, one cent to each side.
    fn quoted(pick: &Pick<'_>, years: f64, yields: f64) -> Live {
        let tick = |key: Key| {
            let strike = float(pick.expiration.strike(key.place).unwrap()).unwrap();
            let option = Contract { side: key.side(), spot: 101.0, strike, years, rate: RATE, yields };
            let price = option.price(0.3).unwrap();
            let cents = |price: f64| Some(format!("{price:.4}").parse().unwrap());
            Tick { bid: cents(price - 0.01), ask: cents(price + 0.01), ..Tick::default() }
        };
        let sides = [Side::Call, Side::Put];
        let ticks = pick.contracts(&sides).map(|(key, _, _)| (key, tick(key))).collect();
        Live { source: Source::Dxlink, as_of: at("2026-11-20T15:30:00Z"), ticks }
    }

    #[test]
    fn greeks_are_those_of_the_market() {
        let chain = chain(&[("XYZ", "XYZ", true, &[("2026-12-18", 28, "Regular", "PM")])]);
        let pick = pick(&chain, "101");
        let years = 28.25 / 365.0;
        let live = quoted(&pick, years, 0.01);
        let computed = missing(&pick, &live, RATE, Dividends::default(), at("2026-11-20T15:00:00Z"));
        assert_eq!(computed.len(), 10);
        for (key, got) in computed {
            let got = got.unwrap();
            let strike = float(pick.expiration.strike(key.place).unwrap()).unwrap();
            let option = Contract { side: key.side(), spot: 101.0, strike, years, rate: RATE, yields: 0.01 };
            let exact = option.greeks(0.3).unwrap();
            assert!((got.iv - 0.3).abs() < 1e-3 && (got.delta - exact.delta).abs() < 1e-3, "{key:?} {got:?}");
            assert!((got.theta - exact.theta).abs() < 1e-3 && (got.vega - exact.vega).abs() < 1e-3, "{key:?} {got:?}");
        }
    }

    #[test]
    fn what_cannot_be_computed_says_why() {
        let chain = chain(&[("XYZ", "XYZ", true, &[("2026-12-18", 28, "Regular", "PM")])]);
        let mut pick = pick(&chain, "101");
        let mut live = quoted(&pick, 28.25 / 365.0, 0.0);
        let morning = at("2026-11-20T15:00:00Z");
        let key = |place, is_call| Key { place, is_call };
        live.ticks.get_mut(&key(4, true)).unwrap().bid = Some("0".parse().unwrap());
        live.ticks.get_mut(&key(3, true)).unwrap().ask = Some("20".parse().unwrap());
        live.ticks.get_mut(&key(3, false)).unwrap().ask = None;
        live.ticks.get_mut(&key(0, true)).unwrap().bid = Some("10.9".parse().unwrap());
        live.ticks.get_mut(&key(0, true)).unwrap().ask = Some("10.9".parse().unwrap());
        let computed = missing(&pick, &live, RATE, Dividends::default(), morning);
        let why = |place, is_call| computed[&key(place, is_call)].clone().err().unwrap_or_default();
        assert_eq!(why(3, true), "bid and ask are too far apart");
        assert_eq!(why(3, false), "there is no ask");
        // The put of the same strike says what the call does not.
        assert!((computed[&key(4, true)].as_ref().unwrap().iv - 0.3).abs() < 1e-3);
        assert!((computed[&key(0, true)].as_ref().unwrap().iv - 0.3).abs() < 2e-3);
        pick.price = None;
        let computed = missing(&pick, &live, RATE, Dividends::default(), morning);
        assert!(computed.values().all(|got| got.as_ref().err().unwrap().contains("underlying is not known")));
        pick.price = Some("101".parse().unwrap());
        let computed = missing(&pick, &live, RATE, Dividends::default(), at("2026-12-18T21:00:00Z"));
        assert!(computed.values().all(|got| got.as_ref().err().unwrap().contains("ended")));
    }

    #[test]
    fn without_a_pair_the_dividends_are_those_of_the_metrics() {
        let chain = chain(&[("XYZ", "XYZ", true, &[("2026-12-18", 28, "Regular", "PM")])]);
        let pick = pick(&chain, "101");
        let (now, years) = (at("2026-11-20T15:00:00Z"), 28.25 / 365.0);
        let mut live = quoted(&pick, years, 1.05_f64.ln());
        let dividends = Dividends { yields: Some(0.05), ex_dividend: Some("2026-12-08".parse().unwrap()) };
        let of = |live: &Live, dividends| market(&pick, live, RATE, dividends, now).unwrap();
        assert_eq!(of(&live, dividends).from, Yields::Pair);
        live.ticks.retain(|key, _| !key.is_call);
        let known = of(&live, dividends);
        assert_eq!((known.from, known.yields), (Yields::Metrics, 1.05_f64.ln()));
        let exact = missing(&pick, &live, RATE, dividends, now);
        assert!(exact.values().all(|got| (got.as_ref().unwrap().iv - 0.3).abs() < 1e-3), "{exact:?}");
        let plain = missing(&pick, &live, RATE, Dividends::default(), now);
        assert!(plain.values().any(|got| (got.as_ref().unwrap().iv - 0.3).abs() > 3e-3), "{plain:?}");
        let later = Dividends { ex_dividend: Some("2026-12-22".parse().unwrap()), ..dividends };
        assert_eq!((of(&live, later).from, of(&live, later).yields), (Yields::Metrics, 0.0));
        assert_eq!(of(&live, Dividends::default()).from, Yields::Nothing);
    }

    #[test]
    fn options_live_until_their_last_bell() {
        let hours = |day: &str, settlement: &str, now: &str| {
            let chain = chain(&[("XYZ", "XYZ", true, &[(day, 0, "Weekly", settlement)])]);
            years(&pick(&chain, "100"), at(now)).map(|years| (years * 365.0 * 24.0).round())
        };
        assert_eq!(hours("2026-11-25", "PM", "2026-11-25T15:00:00Z"), Some(6.0));
        assert_eq!(hours("2026-11-27", "PM", "2026-11-27T15:00:00Z"), Some(3.0), "a half day");
        assert_eq!(hours("2026-11-27", "PM", "2026-11-27T18:00:00Z"), None);
        assert_eq!(hours("2026-12-18", "AM", "2026-12-18T12:30:00Z"), Some(2.0));
        assert_eq!(hours("2026-12-18", "AM", "2026-12-18T14:30:00Z"), None);
    }

    #[test]
    fn what_the_stream_brought_is_left_alone() {
        let chain = chain(&[("XYZ", "XYZ", true, &[("2026-12-18", 28, "Regular", "AM")])]);
        let pick = pick(&chain, "101");
        let mut live = quoted(&pick, 28.0 / 365.0, 0.0);
        for tick in live.ticks.values_mut() {
            tick.greeks = Some(Greeks { delta: 0.1, gamma: 0.0, theta: 0.0, vega: 0.0, iv: 0.2 });
        }
        assert!(missing(&pick, &live, RATE, Dividends::default(), at("2026-11-20T15:00:00Z")).is_empty());
    }
}
