//! `option_strategies.json`: strategies of options with one expiration and shares, per share.

use domain::occ::Side;
use quant::strategy::{Leg, Market, Model, Outcome, Shares, Strategy};
use serde_json::{Map, Value};

use crate::check::{Bound, Check};
use crate::folder::Folder;

const NAME: &str = "option_strategies.json";
/// What a strategy is made of.
const INPUTS: [&str; 8] = ["name", "S", "days", "r", "q", "sigma", "legs", "shares"];
/// What is compared, over the larger of one and the reference.
const OUTPUTS: [&str; 7] = ["net_credit", "max_profit", "max_loss", "breakevens", "pop", "ev", "pnl_curve"];
const BOUND: Bound = Bound::Most(1e-9);

/// Compares the file: a list of strategies.
pub(crate) fn strategies(folder: &Folder) -> Result<Vec<Check>, String> {
    let file = folder.json(NAME)?;
    let cases = file.as_array().ok_or_else(|| format!("{NAME}: a list of strategies is expected"))?;
    let mut checks: Vec<Check> = Vec::new();
    for output in OUTPUTS {
        if cases.iter().any(|case| case.get(output).is_some()) {
            let mut check = Check::new(output, BOUND);
            cases.iter().enumerate().try_for_each(|(index, case)| compare(&mut check, output, index, case))?;
            checks.push(check);
        }
    }
    let keys = cases.iter().filter_map(Value::as_object).flat_map(Map::keys);
    let mut unknown: Vec<&String> =
        keys.filter(|key| !INPUTS.contains(&key.as_str()) && !OUTPUTS.contains(&key.as_str())).collect();
    unknown.sort();
    unknown.dedup();
    checks.extend(unknown.into_iter().map(|key| Check::failed(key, "nothing here knows this key".to_owned())));
    Ok(checks)
}

fn compare(check: &mut Check, output: &str, index: usize, case: &Value) -> Result<(), String> {
    let label = case.get("name").and_then(Value::as_str).map_or_else(|| index.to_string(), str::to_owned);
    let wrong = |error: &dyn std::fmt::Display| format!("{NAME}, {label}: {error}");
    let Some(expected) = case.get(output) else { return Ok(()) };
    let (strategy, market, sigma) = read(case).map_err(|error| wrong(&error))?;
    let outcome = strategy.outcome(&market, sigma, Model::European).map_err(|error| wrong(&error))?;
    let Outcome { net_credit, max_profit, max_loss, break_evens, pop, ev, .. } = outcome;
    let scale = |reference: f64| reference.abs().max(1.0);
    let list = || expected.as_array().ok_or_else(|| wrong(&format!("{output} is no list")));
    match output {
        "breakevens" => {
            let references = list()?;
            if references.len() != break_evens.len() {
                check.row(&label, f64::INFINITY);
            }
            for (got, reference) in break_evens.iter().zip(references) {
                check.optional(&label, Some(*got), reference.as_f64(), scale);
            }
            // A strategy that never breaks even is compared as well.
            if references.is_empty() && break_evens.is_empty() {
                check.row(&label, 0.0);
            }
        }
        "pnl_curve" => {
            let payoff = strategy.payoff().map_err(|error| wrong(&error))?;
            for pair in list()? {
                let at = |index: usize| pair.get(index).and_then(Value::as_f64);
                let (Some(price), Some(reference), None) = (at(0), at(1), pair.get(2)) else {
                    return Err(wrong(&"pnl_curve is no list of pairs of numbers"));
                };
                let got = payoff.profit(price).map_err(|error| wrong(&error))?;
                check.optional(format!("{label} {price}"), Some(got), Some(reference), scale);
            }
        }
        _ => {
            let got = match output {
                "net_credit" => Some(net_credit),
                "max_profit" => max_profit,
                "max_loss" => max_loss,
                "pop" => Some(pop),
                _ => Some(ev),
            };
            if !expected.is_null() && !expected.is_number() {
                return Err(wrong(&format!("{output} is no number")));
            }
            check.optional(&label, got, expected.as_f64(), scale);
        }
    }
    Ok(())
}

fn read(case: &Value) -> Result<(Strategy, Market, f64), String> {
    let number = |of: &Value, key: &str| {
        of.get(key).and_then(Value::as_f64).ok_or_else(|| format!("the number {key} is missing"))
    };
    let (spot, sigma) = (number(case, "S")?, number(case, "sigma")?);
    let years = number(case, "days")? / 365.0;
    let market = Market { spot, rate: number(case, "r")?, yields: number(case, "q")? };
    let legs = case.get("legs").and_then(Value::as_array).ok_or("the list legs is missing")?;
    let legs = legs.iter().map(|leg| {
        let known = ["qty", "cp", "K", "premium"];
        let unknown = leg.as_object().and_then(|leg| leg.keys().find(|key| !known.contains(&key.as_str())));
        if let Some(key) = unknown {
            return Err(format!("nothing here knows the key {key} of a leg"));
        }
        let side = match leg.get("cp").and_then(Value::as_str) {
            Some("C") => Side::Call,
            Some("P") => Side::Put,
            _ => return Err("cp is neither C nor P".to_owned()),
        };
        Ok(Leg {
            side,
            strike: number(leg, "K")?,
            years,
            quantity: number(leg, "qty")?,
            premium: number(leg, "premium")?,
            multiplier: 1.0,
            volatility: sigma,
        })
    });
    let legs = legs.collect::<Result<Vec<Leg>, String>>()?;
    // Shares are bought or sold at the price of the underlying.
    let shares = case.get("shares").map(|_| number(case, "shares")).transpose()?;
    let shares = shares.map(|quantity| Shares { quantity, price: spot });
    let strategy = Strategy::new(legs, shares).map_err(|error| error.to_string())?;
    Ok((strategy, market, sigma))
}
