//! What is known of each leg: prices, volatility, and the market that they are computed in.

use chrono::NaiveDate;
use contract::analysis::strategy::Wanted;
use domain::{Error, Reason, occ::Side};
use quant::{
    forward::{self, Pair},
    scan::Quotes,
    smile::{self, Point},
    strategy::{self, Market, Model, Shares, Strategy},
};

use super::place::Placed;
use crate::{
    chain::float,
    gather::chain::{Columns, Expiration},
};

/// A yield beyond this does not come from a dividend: the prices that it follows from are not to be believed.
const MOST_YIELD: f64 = 0.3;
/// An index of volatility is not held but by its futures, whose prices may be far from it.
const MOST_YIELD_INDEX: f64 = 5.0;

/// A leg with what its figures are made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Priced {
    pub(super) symbol: String,
    pub(super) root: String,
    pub(super) date: NaiveDate,
    pub(super) dte: i64,
    pub(super) count: i64,
    pub(super) leg: strategy::Leg,
    pub(super) is_given: bool,
    pub(super) bid: Option<f64>,
    pub(super) ask: Option<f64>,
    pub(super) iv_source: &'static str,
    pub(super) is_future: bool,
}

impl Priced {
    /// What traders call it: `170 put`.
    pub(super) fn name(&self) -> String {
        let side = side_name(self.leg.side);
        format!("{} {side}", agents::words::price(self.leg.strike))
    }

    /// The middle of bid and ask.
    pub(super) fn middle(&self) -> Option<f64> {
        middle(self.bid, self.ask)
    }
}

/// `call` or `put`.
pub(super) fn side_name(side: Side) -> &'static str {
    match side {
        Side::Call => "call",
        Side::Put => "put",
    }
}

/// The middle of a market. A bid of nothing is one, where somebody asks.
fn middle(bid: Option<f64>, ask: Option<f64>) -> Option<f64> {
    let (bid, ask) = (bid.unwrap_or(0.0), ask?);
    (bid >= 0.0 && ask >= bid && ask > 0.0).then_some((bid + ask) / 2.0)
}

/// The strategy in its market.
pub(super) struct Setting {
    pub(super) market: Market,
    pub(super) model: Model,
    pub(super) legs: Vec<Priced>,
    pub(super) strategy: Strategy,
    /// At the money of the first expiration, per year.
    pub(super) volatility: f64,
    pub(super) notes: Vec<String>,
}

/// The strategy of these legs in the market that the chain shows.
///
/// # Errors
///
/// `invalid_arguments` for a leg that has no price and none was given; `upstream_unavailable` where the chain's quotes did not
/// come.
pub(super) fn setting(wanted: &Wanted, placed: &[Placed<'_>], columns: &Columns, rate: f64) -> Result<Setting, Error> {
    let mut legs = Vec::with_capacity(placed.len());
    for (index, placed) in placed.iter().enumerate() {
        legs.push(priced(index, placed, columns, rate)?);
    }
    let first = placed.iter().min_by_key(|placed| placed.listed.expiration.date);
    let first = first.map(|placed| expiration(placed, columns)).transpose()?.ok_or_else(|| lacking("the chain"))?;
    let mut notes = Vec::new();
    let yields = yields(first, rate);
    let market = Market { spot: first.price, rate, yields };
    let is_future = legs.iter().any(|leg| leg.is_future);
    let shares = match wanted.shares {
        Some(_) if is_future => {
            return Err(Error::invalid_argument("shares", "Options on futures are not held with shares."));
        }
        Some(_) if legs.iter().any(|leg| super::is_index(&leg.root)) => {
            let message = format!("{} is an index, of which there are no shares. Leave `shares` out.", wanted.symbol);
            return Err(Error::invalid_argument("shares", message));
        }
        held => held.map(|(quantity, price)| Shares { quantity, price: price.unwrap_or(first.price) }),
    };
    let strategy = Strategy::new(legs.iter().map(|leg| leg.leg).collect(), shares);
    let strategy = strategy.map_err(|error| Error::invalid_argument("legs", error.to_string()))?;
    let model = model(&legs, &strategy, &market, &mut notes);
    let volatility = at_the_money(first, &market).unwrap_or_else(|| {
        let nearest = legs.iter().min_by(|one, other| {
            let away = |leg: &Priced| (leg.leg.strike - market.spot).abs();
            away(one).total_cmp(&away(other))
        });
        notes.push("No volatility at the money is known; that of the nearest leg is taken for the odds.".to_owned());
        nearest.map_or(0.0, |leg| leg.leg.volatility)
    });
    Ok(Setting { market, model, legs, strategy, volatility, notes })
}

fn lacking(what: &str) -> Error {
    let message = format!("The quotes of {what} did not come from TastyTrade. Try again in a moment.");
    Error::new(Reason::UpstreamUnavailable, message)
}

fn expiration<'c>(placed: &Placed<'_>, columns: &'c Columns) -> Result<&'c Expiration, Error> {
    let (date, root) = (placed.listed.expiration.date, &placed.listed.root.root);
    let found = columns.expirations.iter().find(|of| of.date == date && of.root == *root);
    found.ok_or_else(|| {
        let why = columns.missing.first().map(|why| format!(" ({why})")).unwrap_or_default();
        lacking(&format!("the options of {date}{why}"))
    })
}

fn priced(index: usize, placed: &Placed<'_>, columns: &Columns, rate: f64) -> Result<Priced, Error> {
    let of = expiration(placed, columns)?;
    let side = placed.leg.side;
    let strike = float(placed.leg.strike).ok_or_else(|| lacking("a strike"))?;
    let at = of.quotes.strikes.iter().position(|listed| *listed == strike).ok_or_else(|| lacking("a strike"))?;
    let quotes = quotes(of, side);
    let known = |column: &[Option<f64>]| column.get(at).copied().flatten();
    let (bid, ask) = (known(&quotes.bid), known(&quotes.ask));
    let given = placed.leg.price.and_then(float);
    let symbol = of.symbols(side).get(at).cloned().flatten().unwrap_or_default();
    let premium = given.or_else(|| middle(bid, ask)).ok_or_else(|| {
        let path = format!("legs[{index}].price");
        let message = format!("{symbol} has no bid and ask now. Send `{path}`, dollars per share, to compute with.");
        Error::invalid_argument(&path, message)
    })?;
    let contract =
        quant::Contract { side, spot: of.price, strike, years: of.quotes.years, rate, yields: yields(of, rate) };
    let by_price = || middle(bid, ask).or(given).and_then(|price| contract.implied_volatility(price).ok());
    let found = known(&quotes.iv).map(|iv| (iv, "chain"));
    let found = found.or_else(|| by_price().map(|iv| (iv, "price")));
    let found = found.or_else(|| neighbour(of, side, strike).map(|iv| (iv, "neighbour")));
    let (volatility, iv_source) = found.ok_or_else(|| {
        let message =
            format!("No volatility of {symbol} or of its neighbours is known now. Try again while the market is open.");
        Error::new(Reason::UpstreamUnavailable, message)
    })?;
    #[expect(clippy::cast_precision_loss, reason = "at most 10,000 contracts")]
    let quantity = placed.leg.quantity as f64;
    Ok(Priced {
        symbol,
        root: of.root.clone(),
        date: of.date,
        dte: of.quotes.dte,
        count: placed.leg.quantity,
        leg: strategy::Leg {
            side,
            strike,
            years: of.quotes.years,
            quantity,
            premium,
            multiplier: of.quotes.multiplier,
            volatility,
        },
        is_given: given.is_some(),
        bid,
        ask,
        iv_source,
        is_future: of.underlying.starts_with('/'),
    })
}

pub(super) fn quotes(of: &Expiration, side: Side) -> &Quotes {
    match side {
        Side::Call => &of.quotes.calls,
        Side::Put => &of.quotes.puts,
    }
}

/// The volatility of the nearest strike that has one: of the same side, else of the other.
fn neighbour(of: &Expiration, side: Side, strike: f64) -> Option<f64> {
    let other = if side == Side::Call { Side::Put } else { Side::Call };
    [side, other].into_iter().find_map(|side| {
        let known = of.quotes.strikes.iter().zip(&quotes(of, side).iv).filter_map(|(at, iv)| Some((*at, (*iv)?)));
        let nearest = known.min_by(|one, other| (one.0 - strike).abs().total_cmp(&(other.0 - strike).abs()));
        nearest.map(|(_, iv)| iv)
    })
}

/// What call and put prices near the money imply, or what the chain was computed with.
fn yields(of: &Expiration, rate: f64) -> f64 {
    if of.underlying.starts_with('/') {
        return rate;
    }
    let side = |side: Side, at: usize| {
        let quotes = quotes(of, side);
        middle(quotes.bid.get(at).copied().flatten(), quotes.ask.get(at).copied().flatten())
    };
    let pairs = of.quotes.strikes.iter().enumerate().filter_map(|(at, strike)| {
        Some(Pair { strike: *strike, call: side(Side::Call, at)?, put: side(Side::Put, at)? })
    });
    let pairs: Vec<Pair> = pairs.collect();
    let implied = forward::implied(&pairs, of.price, rate, of.quotes.years).ok().and_then(|found| found.yields);
    let most = if super::is_index(&of.root) { MOST_YIELD_INDEX } else { MOST_YIELD };
    implied.filter(|yields| yields.abs() <= most).unwrap_or(of.quotes.yields)
}

/// Between the strikes around the forward price.
fn at_the_money(of: &Expiration, market: &Market) -> Option<f64> {
    let forward = market.contract(Side::Call, market.spot, of.quotes.years).forward().ok()?;
    let point = |(at, strike): (usize, &f64)| {
        // Out of the money, where the quotes are.
        let side = if *strike < forward { Side::Put } else { Side::Call };
        let volatility = quotes(of, side).iv.get(at).copied().flatten()?;
        Some(Point { strike: *strike, call_delta: 0.5, volatility })
    };
    let points: Vec<Point> = of.quotes.strikes.iter().enumerate().filter_map(point).collect();
    smile::skew(&points, forward).ok().map(|skew| skew.at_the_money)
}

/// How the options are exercised. Where the boundary of early exercise cannot be found, they are priced as if there were none.
fn model(legs: &[Priced], strategy: &Strategy, market: &Market, notes: &mut Vec<String>) -> Model {
    if legs.iter().all(|leg| super::is_index(&leg.root)) {
        return Model::European;
    }
    match strategy.position(market, Model::American) {
        Ok(_) => Model::American,
        Err(_) => {
            notes.push(
                "Early exercise could not be computed for this market; the options are priced without it.".to_owned(),
            );
            Model::European
        }
    }
}
