//! What becomes of everything if the market moves at once, and what everything ties up: by the option models.

use std::collections::BTreeMap;

use contract::{account::positions::PositionRow, analysis::portfolio::Stress};
use quant::{
    portfolio::{Entry, Move, stress},
    strategy::{Leg, Market, Model, Shares, Strategy},
};

use agents::rules::portfolio::Worst;

use super::{INDEX, Read, number, percent_of, rounded, signed, strategies::option};

/// Moves of the index, percent.
const SPOTS: [f64; 7] = [-20.0, -10.0, -5.0, 0.0, 5.0, 10.0, 20.0];
/// Points added to each volatility.
const POINTS: [f64; 3] = [-5.0, 0.0, 10.0];
/// Options on these are exercised at their end only.
const EUROPEAN: [&str; 9] = ["SPX", "XSP", "NDX", "XND", "RUT", "MRUT", "VIX", "DJX", "XEO"];
/// Of so many options each is priced as European, which is quicker and nearly the same.
const MANY: usize = 60;

/// The table; `None` where nothing can be priced.
pub(super) fn table(read: &Read<'_>, missing: &mut Vec<String>) -> Option<Stress> {
    let mut by_symbol: BTreeMap<&str, Vec<&PositionRow>> = BTreeMap::new();
    for row in read.rows {
        by_symbol.entry(&row.underlying_symbol).or_default().push(row);
    }
    let is_many = read.rows.iter().filter(|row| row.option_type.is_some()).count() > MANY;
    let (spots, points) = (SPOTS.map(|percent| percent / 100.0), POINTS.map(|points| points / 100.0));
    let mut change = vec![0.0; SPOTS.len() * POINTS.len()];
    let mut priced = 0;
    for (symbol, rows) in by_symbol {
        let cells = entry(read, symbol, &rows, is_many)
            .and_then(|entry| stress(&[entry], &spots, &points, Move::ByBeta).map_err(|error| error.to_string()));
        match cells {
            Ok(cells) => {
                priced += 1;
                for (sum, cell) in change.iter_mut().zip(cells) {
                    *sum += cell.change;
                }
            }
            Err(why) => missing.push(format!("stress of {symbol}: {why}; it is not in the table")),
        }
    }
    let change: Vec<Vec<f64>> =
        change.chunks(SPOTS.len()).map(|row| row.iter().map(|one| rounded(*one, 2)).collect()).collect();
    let mut stress = Stress {
        spot_percent: SPOTS.to_vec(),
        volatility_points: POINTS.to_vec(),
        change,
        worst_percent: None,
        method: format!(
            "Each option priced anew at once; each underlying moves by its beta times {INDEX}, by 1 where that is not known."
        ),
    };
    stress.worst_percent = worst(&stress, read.net_liq()).map(|worst| worst.percent);
    (priced > 0).then_some(stress)
}

/// The worst cell.
pub(super) fn worst(stress: &Stress, net_liq: Option<f64>) -> Option<Worst> {
    let rows = stress.volatility_points.iter().zip(&stress.change);
    let cells = rows.flat_map(|(points, row)| {
        let row = stress.spot_percent.iter().zip(row);
        row.map(|(spot, change)| (*spot, *points, *change))
    });
    let (spot, points, change) = cells.min_by(|one, other| one.2.total_cmp(&other.2))?;
    Some(Worst { spot, points, change, percent: percent_of(Some(change), net_liq)? })
}

/// What the positions in one underlying take of the buying power, account by account: an estimate.
pub(super) fn collateral(read: &Read<'_>, rows: &[&PositionRow]) -> Result<f64, String> {
    let mut by_account: BTreeMap<&str, Vec<&PositionRow>> = BTreeMap::new();
    for row in rows {
        by_account.entry(&row.account).or_default().push(row);
    }
    let of = |rows: &Vec<&PositionRow>| {
        let (market, strategy) = position(read, rows)?;
        strategy.collateral(&market).map(|found| found.buying_power).map_err(|error| error.to_string())
    };
    by_account.values().map(of).sum()
}

fn entry(read: &Read<'_>, symbol: &str, rows: &[&PositionRow], is_many: bool) -> Result<Entry, String> {
    let (market, strategy) = position(read, rows)?;
    let model = if is_many || EUROPEAN.contains(&symbol) { Model::European } else { Model::American };
    Ok(Entry { name: symbol.to_owned(), market, beta: read.beta(symbol), strategy, model })
}

/// All that is held in one underlying, at the market.
fn position(read: &Read<'_>, rows: &[&PositionRow]) -> Result<(Market, Strategy), String> {
    let first = rows.first().ok_or("nothing is held")?;
    let figures = read.metrics(&first.underlying_symbol);
    let spot = rows.iter().find_map(|row| read.price(row)).ok_or("its price is not known")?;
    let (mut legs, mut units) = (Vec::new(), 0.0);
    for row in rows {
        if row.instrument_type.ends_with("Option") {
            legs.push(leg(read, row, figures.and_then(|figures| figures.iv_30_day))?);
        } else {
            units += signed(row) * number(row.multiplier).ok_or("its multiplier is not known")?;
        }
    }
    // What was paid does not count: changes and collateral are from now on.
    let shares = (units != 0.0).then_some(Shares { quantity: units, price: spot });
    let yields = figures.and_then(|figures| figures.dividend_yield).unwrap_or_default() / 100.0;
    let strategy = Strategy::new(legs, shares).map_err(|error| error.to_string())?;
    Ok((Market { spot, rate: read.rate, yields }, strategy))
}

/// An option at its own volatility, or at the underlying's where it has none: worthless options have none.
fn leg(read: &Read<'_>, row: &PositionRow, usual: Option<f64>) -> Result<Leg, String> {
    let known = option(row).filter(|_| row.instrument_type == "Equity Option");
    let option = known.ok_or("options on futures are not priced here")?;
    let volatility = option.volatility.or(usual.map(|percent| percent / 100.0)).filter(|iv| *iv > 0.0);
    let volatility = volatility.ok_or_else(|| format!("no volatility of {} is known", row.description))?;
    let end = read.ends.get(row.symbol.as_str()).ok_or("the moment of an expiration is not known")?;
    #[expect(clippy::cast_precision_loss, reason = "seconds of any option's life fit a double exactly")]
    let years = end.signed_duration_since(read.now).num_seconds().max(0) as f64 / (365.0 * 86_400.0);
    Ok(Leg {
        side: option.side,
        strike: option.strike,
        years,
        quantity: signed(row),
        premium: number(row.mark_price).ok_or("a mark is not known")?,
        multiplier: number(row.multiplier).ok_or("a multiplier is not known")?,
        volatility,
    })
}
