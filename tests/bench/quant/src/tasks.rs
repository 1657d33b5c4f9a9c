//! What is timed, part by part: the least time of each part is the least disturbed one.

use domain::occ::Side;
use implied_vol::{DefaultSpecialFn, ImpliedBlackVolatility};
use quant::indicators::{averages, momentum, movement, range, volume};
use quant::scan::{Kind, Request};
use quant::{Expiration, Greeks, Term};

use crate::cases::{Cases, Quoted};

/// A task.
#[derive(Debug)]
pub struct Task {
    /// What it is called in the printed table.
    pub name: &'static str,
    /// How many parts it has.
    pub parts: fn(&Cases) -> u32,
    /// Does one of them.
    pub run: fn(&Cases, usize) -> f64,
}

/// All tasks. The places of the first ones are known to the script that prints them.
pub const TASKS: [Task; 10] = [
    Task { name: "European IV, bare", parts: groups, run: bare },
    Task { name: "European IV and 5 greeks", parts: groups, run: european },
    Task { name: "American IV and 5 greeks", parts: groups, run: american },
    Task { name: "11 indicators, 500 bars", parts: |_| 11, run: indicators },
    Task { name: "scan: cash-secured puts", parts: one, run: |cases, _| scan(cases, Kind::CashSecuredPut) },
    Task { name: "scan: covered calls", parts: one, run: |cases, _| scan(cases, Kind::CoveredCall) },
    Task { name: "scan: put spreads", parts: one, run: |cases, _| scan(cases, Kind::PutSpread) },
    Task { name: "scan: call spreads", parts: one, run: |cases, _| scan(cases, Kind::CallSpread) },
    Task { name: "scan: iron condors", parts: one, run: |cases, _| scan(cases, Kind::IronCondor) },
    Task { name: "scan: strangles", parts: one, run: |cases, _| scan(cases, Kind::Strangle) },
];

fn one(_: &Cases) -> u32 {
    1
}

fn groups(cases: &Cases) -> u32 {
    cases.groups.len() as u32
}

fn group(cases: &Cases, part: usize) -> &[Quoted] {
    cases.groups.get(part).map_or(&[], Vec::as_slice)
}

/// What comes before the volatility, discount and forward, is not part of the bare solver, and is done beforehand in turn.
fn bare(cases: &Cases, part: usize) -> f64 {
    let group = group(cases, part);
    let Some(first) = group.first() else { return 0.0 };
    let (Ok(forward), discount) = (first.contract.forward(), (-first.contract.rate * first.contract.years).exp())
    else {
        return 0.0;
    };
    let mut sum = 0.0;
    for Quoted { contract, european, .. } in group {
        let found = ImpliedBlackVolatility::builder()
            .option_price(european / discount)
            .forward(forward)
            .strike(contract.strike)
            .expiry(contract.years)
            .is_call(contract.side == Side::Call)
            .build()
            .and_then(|asked| asked.calculate::<DefaultSpecialFn>());
        sum += found.unwrap_or(0.0);
    }
    sum
}

fn total(greeks: &Greeks) -> f64 {
    greeks.delta + greeks.gamma + greeks.theta + greeks.vega + greeks.rho
}

fn european(cases: &Cases, part: usize) -> f64 {
    let group = group(cases, part);
    let first = group.first().map(|quoted| quoted.contract);
    let Some(Ok(term)) = first.map(|of| Term::new(of.years, of.rate, of.yields)) else { return 0.0 };
    let implied = |quoted: &Quoted| quoted.contract.implied_in(&term, quoted.european);
    group.iter().filter_map(|quoted| implied(quoted).ok()).map(|(iv, greeks)| iv + total(&greeks)).sum()
}

/// With the tables of the expiration, which are made anew. They reach as far as the European volatilities of the prices
/// say: an American option's is not above, and only far in the money much below.
fn american(cases: &Cases, part: usize) -> f64 {
    let group = group(cases, part);
    let implied = |quoted: &Quoted| quoted.contract.implied_volatility(quoted.american).ok();
    let volatilities: Vec<f64> = group.iter().filter_map(implied).collect();
    let (low, high) =
        volatilities.iter().fold((1.0_f64, 0.0_f64), |(low, high), value| (low.min(*value), high.max(*value)));
    let Some(first) = group.first().map(|quoted| quoted.contract) else { return 0.0 };
    let Ok(tables) = Expiration::new(first.years, first.rate, first.yields, 0.8 * low..=1.01 * high) else {
        return 0.0;
    };
    let mut sum = 0.0;
    for Quoted { contract, american, .. } in group {
        if let Ok(iv) = tables.implied_volatility(contract, *american)
            && let Ok(found) = tables.american(contract, iv)
        {
            sum += iv + total(&found.greeks);
        }
    }
    sum
}

/// One of them each.
fn indicators(cases: &Cases, part: usize) -> f64 {
    let bars = &cases.bars;
    let close = bars.close();
    let found = match part {
        0 => averages::sma(close, 20),
        1 => averages::ema(close, 20),
        2 => momentum::rsi(close, 14),
        3 => momentum::macd(close, 12, 26, 9).map(|found| found.signal),
        4 => range::bollinger(close, 20, 2.0).map(|found| found.upper),
        5 => range::atr(bars, 14),
        6 => movement::adx(bars, 14),
        7 => momentum::stochastic(bars, 14, 3, 3).map(|found| found.k),
        8 => Ok(volume::on_balance(bars)),
        9 => momentum::cci(bars, 14),
        _ => volume::money_flow_index(bars, 14),
    };
    found.ok().and_then(|series| series.last().copied().flatten()).unwrap_or(0.0)
}

fn scan(cases: &Cases, kind: Kind) -> f64 {
    let mut request = Request::usual(kind);
    request.background.closes = cases.bars.close().to_vec();
    let found = quant::scan::scan(&cases.chain, &request);
    found.considered as f64 + found.candidates.iter().map(|candidate| candidate.score).sum::<f64>()
}
