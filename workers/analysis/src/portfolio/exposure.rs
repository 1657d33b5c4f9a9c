//! How everything leans, and what is tied up where.

use std::collections::BTreeMap;

use contract::{
    account::positions::PositionRow,
    analysis::portfolio::{Greeks, SectorRow, Together, UnderlyingRow, Worth},
    market::GreeksSource,
};
use quant::portfolio::{Portion, concentration, herfindahl};

use super::{INDEX, Read, cents, number, percent_of, rounded, small_percent_of, stress, sum};

/// How much buying power options sellers commonly use, percent, up to which VIX (tastylive's ladder).
const LADDER: [(f64, f64); 4] = [(15.0, 25.0), (20.0, 30.0), (30.0, 35.0), (40.0, 40.0)];
/// The same above the ladder.
const ABOVE: f64 = 50.0;
/// From this correlation on names move with the market.
const WITH_THE_MARKET: f64 = 0.6;

/// What the accounts are worth.
pub(super) fn worth(read: &Read<'_>) -> Worth {
    let total = |pick: fn(&contract::portfolio::AccountBalance) -> Option<domain::Decimal>| {
        sum(read.balances.iter().map(|row| number(pick(row))))
    };
    let of_rows =
        |pick: fn(&PositionRow) -> Option<domain::Decimal>| sum(read.rows.iter().map(|row| number(pick(row))));
    let net_liq = read.net_liq();
    let day = of_rows(|row| row.day_pnl);
    let used = total(|row| row.used_derivative_buying_power);
    Worth {
        net_liquidating_value: cents(net_liq),
        cash_balance: cents(total(|row| row.cash_balance)),
        unrealized_pnl: cents(of_rows(|row| row.unrealized_pnl)),
        day_pnl: cents(day),
        day_pnl_percent: percent_of(day, net_liq),
        used_buying_power: cents(used),
        used_buying_power_percent: percent_of(used, net_liq),
        available_buying_power: cents(total(|row| row.derivative_buying_power)),
        vix: cents(read.vix),
        usual_buying_power_percent: read.vix.map(usual),
        source: read.source,
        as_of: read.as_of,
    }
}

fn usual(vix: f64) -> f64 {
    LADDER.iter().find(|(below, _)| vix < *below).map_or(ABOVE, |(_, percent)| *percent)
}

/// All that is held in one underlying, before it is rounded.
struct Held<'a> {
    symbol: &'a str,
    rows: Vec<&'a PositionRow>,
    beta_weighted_delta: Option<f64>,
    beta_weighted_gamma: Option<f64>,
    buying_power: Option<f64>,
}

/// The greeks of everything, and of each underlying. What is not known is told to `missing`, and left out of the sums that it
/// is missing in.
pub(super) fn underlyings(read: &Read<'_>, missing: &mut Vec<String>) -> (Greeks, Vec<UnderlyingRow>) {
    let mut by_symbol: BTreeMap<&str, Vec<&PositionRow>> = BTreeMap::new();
    for row in read.rows {
        by_symbol.entry(&row.underlying_symbol).or_default().push(row);
    }
    if read.spy.is_none() && !read.rows.is_empty() {
        missing.push(format!("beta-weighted delta: the price of {INDEX} is not known"));
    }
    let held: Vec<Held<'_>> = by_symbol.into_iter().map(|(symbol, rows)| held(read, symbol, rows, missing)).collect();
    let net_liq = read.net_liq();
    let mut rows: Vec<UnderlyingRow> = held.iter().map(|held| row(read, held, net_liq)).collect();
    let size = |row: &UnderlyingRow| row.buying_power.unwrap_or_default();
    rows.sort_by(|one, other| size(other).total_cmp(&size(one)).then(one.symbol.cmp(&other.symbol)));
    (greeks(read, &held, net_liq), rows)
}

fn held<'a>(read: &Read<'_>, symbol: &'a str, rows: Vec<&'a PositionRow>, missing: &mut Vec<String>) -> Held<'a> {
    let price = rows.iter().find_map(|row| read.price(row));
    let beta = read.beta(symbol);
    // Shares of the index that one share of it moves like.
    let weight = || Some(beta? * price? / read.spy?);
    let delta = sum(rows.iter().map(|row| row.position_delta));
    let weighted = weight().zip(delta).map(|(weight, delta)| weight * delta);
    if read.spy.is_some() && weighted.is_none() {
        let why = match (delta, beta, price) {
            (None, ..) => "the delta of a position is not known",
            (_, None, _) => "its beta is not known",
            _ => "its price is not known",
        };
        missing.push(format!("beta-weighted delta of {symbol}: {why}; it is not in the sum"));
    }
    let gamma = sum(rows.iter().map(|row| row.position_gamma));
    let buying_power = stress::collateral(read, &rows);
    if let Err(why) = &buying_power {
        missing.push(format!("buying power of {symbol}: {why}"));
    }
    Held {
        symbol,
        beta_weighted_delta: weighted,
        beta_weighted_gamma: weight().zip(gamma).map(|(weight, gamma)| weight * weight * gamma),
        buying_power: buying_power.ok(),
        rows,
    }
}

fn row(read: &Read<'_>, held: &Held<'_>, net_liq: Option<f64>) -> UnderlyingRow {
    let figures = read.metrics(held.symbol);
    let money =
        |pick: fn(&PositionRow) -> Option<domain::Decimal>| cents(sum(held.rows.iter().map(|row| number(pick(row)))));
    let greek = |pick: fn(&PositionRow) -> Option<f64>| cents(sum(held.rows.iter().map(|row| pick(row))));
    UnderlyingRow {
        symbol: held.symbol.to_owned(),
        sector: figures.and_then(|figures| figures.sector.clone()),
        price: held.rows.iter().find_map(|row| read.price(row)),
        beta: read.beta(held.symbol),
        correlation_spy: figures.and_then(|figures| figures.correlation_spy_3_month),
        market_value: money(|row| row.mark),
        buying_power: cents(held.buying_power),
        percent_of_net_liq: percent_of(held.buying_power, net_liq),
        unrealized_pnl: money(|row| row.unrealized_pnl),
        day_pnl: money(|row| row.day_pnl),
        beta_weighted_delta: cents(held.beta_weighted_delta),
        theta: greek(|row| row.position_theta),
        vega: greek(|row| row.position_vega),
        earnings: figures.and_then(|figures| Some(figures.events.earnings.as_ref()?.date)),
        ex_dividend: figures.and_then(|figures| figures.events.ex_dividend),
    }
}

fn greeks(read: &Read<'_>, held: &[Held<'_>], net_liq: Option<f64>) -> Greeks {
    // What has no beta is left out, which `missing` says; nothing at all is not zero.
    let known = |pick: fn(&Held<'_>) -> Option<f64>| {
        let parts: Vec<f64> = held.iter().filter_map(pick).collect();
        (!parts.is_empty() || held.is_empty()).then(|| parts.iter().sum::<f64>())
    };
    let delta = read.spy.and_then(|_| known(|held| held.beta_weighted_delta));
    let theta = sum(read.rows.iter().map(|row| row.position_theta));
    let sources: Vec<GreeksSource> =
        read.rows.iter().filter(|row| row.option_type.is_some()).filter_map(|row| row.greeks_source).collect();
    let source = match (sources.contains(&GreeksSource::Dxlink), sources.contains(&GreeksSource::Computed)) {
        (true, true) => "mixed",
        (true, false) => "dxlink",
        _ => "computed",
    };
    Greeks {
        spy_price: read.spy,
        beta_weighted_delta: cents(delta),
        beta_weighted_delta_percent: small_percent_of(delta, net_liq),
        beta_weighted_gamma: known(|held| held.beta_weighted_gamma)
            .filter(|_| read.spy.is_some())
            .map(|gamma| rounded(gamma, 4)),
        theta: cents(theta),
        theta_percent: small_percent_of(theta, net_liq),
        vega: cents(sum(read.rows.iter().map(|row| row.position_vega))),
        source: source.to_owned(),
        as_of: read.rows.iter().filter_map(|row| row.greeks_as_of).min().or(read.as_of),
    }
}

/// What each sector ties up, the largest first. Underlyings without one are together.
pub(super) fn sectors(read: &Read<'_>, underlyings: &[UnderlyingRow]) -> Vec<SectorRow> {
    let amounts: Vec<(&str, f64)> = underlyings
        .iter()
        .filter_map(|row| Some((row.sector.as_deref().unwrap_or("funds and others"), row.buying_power?)))
        .collect();
    let portions = concentration(&amounts, read.net_liq().unwrap_or(f64::NAN)).unwrap_or_default();
    let row = |portion: Portion| SectorRow {
        sector: portion.name,
        buying_power: rounded(portion.amount, 2),
        percent_of_net_liq: Some(rounded(portion.share * 100.0, 2)),
    };
    portions.into_iter().map(row).collect()
}

/// How much everything moves together, by what it ties up.
pub(super) fn together(underlyings: &[UnderlyingRow]) -> Together {
    let portion = |row: &UnderlyingRow| {
        let amount = row.buying_power.filter(|amount| *amount > 0.0)?;
        Some(Portion { name: row.symbol.clone(), amount, share: 0.0 })
    };
    let portions: Vec<Portion> = underlyings.iter().filter_map(portion).collect();
    let effective = herfindahl(&portions).map(|index| rounded(1.0 / index, 1));
    let known: Vec<(f64, f64)> = underlyings
        .iter()
        .filter_map(|row| Some((row.buying_power.filter(|amount| *amount > 0.0)?, row.correlation_spy?)))
        .collect();
    let whole: f64 = known.iter().map(|(amount, _)| amount).sum();
    let weighted = known.iter().map(|(amount, correlation)| amount * correlation).sum::<f64>() / whole;
    let correlation = Some(rounded(weighted, 2)).filter(|correlation| correlation.is_finite());
    let with: f64 =
        known.iter().filter(|(_, correlation)| *correlation >= WITH_THE_MARKET).map(|(amount, _)| amount).sum();
    let hint = match (correlation, effective) {
        (Some(_), Some(names)) => format!(
            "{:.0} % of the buying power is in names whose correlation to {INDEX} is {WITH_THE_MARKET} or more: they fall together. \
             It is as spread out as {names:.1} equal names.",
            with / whole * 100.0
        ),
        _ => "Correlations are not known.".to_owned(),
    };
    Together { correlation_spy: correlation, effective_names: effective, hint }
}
