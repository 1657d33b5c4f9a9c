//! Options: prices, greeks, implied volatility, dividends and probabilities.

use std::collections::BTreeMap;

use domain::occ::Side;
use quant::{American, Contract, Dividend, Escrowed, Expiration, Greeks, NoVolatility, Walk};

use crate::Compare;
use crate::check::{Bound, Check};
use crate::folder::{Folder, Table};

/// The files of this module.
pub(crate) fn files() -> Vec<(&'static str, Compare)> {
    vec![
        ("option_pricing.csv", pricing),
        ("implied_vol.csv", implied),
        ("implied_vol_invalid.csv", invalid),
        ("american_iv.csv", american_implied),
        ("option_discrete_dividends.csv", dividends),
        ("option_probabilities.csv", probabilities),
    ]
}

/// Fails for each column that is not one of these.
fn unknown(table: &Table, known: &[&str]) -> Vec<Check> {
    let stranger = |name: &str| Check::failed(name, "no comparison knows this column".to_owned());
    table.names().filter(|name| !known.contains(name)).map(stranger).collect()
}

/// The options of a file, and their volatilities where it has them.
struct Options {
    contracts: Vec<Contract>,
    volatilities: Vec<f64>,
}

impl Options {
    fn read(table: &Table) -> Result<Self, String> {
        let none = vec![0.0; table.rows()];
        let optional = |name: &str| if table.has(name) { table.numbers(name) } else { Ok(none.clone()) };
        let (spots, strikes, days) = (table.numbers("S")?, table.numbers("K")?, table.numbers("days")?);
        let (rates, yields, volatilities) = (table.numbers("r")?, optional("q")?, table.numbers("sigma")?);
        let side = |(row, text): (usize, &String)| side(text).map_err(|error| format!("cp, row {row}: {error}"));
        let sides: Vec<Side> = table.text("cp")?.iter().enumerate().map(side).collect::<Result<_, _>>()?;
        let contract = |row: usize| {
            Some(Contract {
                side: *sides.get(row)?,
                spot: *spots.get(row)?,
                strike: *strikes.get(row)?,
                years: days.get(row)? / 365.0,
                rate: *rates.get(row)?,
                yields: *yields.get(row)?,
            })
        };
        Ok(Self { contracts: (0..table.rows()).filter_map(contract).collect(), volatilities })
    }

    fn iter(&self) -> impl Iterator<Item = (&Contract, f64)> {
        self.contracts.iter().zip(self.volatilities.iter().copied())
    }
}

fn side(text: &str) -> Result<Side, String> {
    match text {
        "C" => Ok(Side::Call),
        "P" => Ok(Side::Put),
        other => Err(format!("\"{other}\" is neither C nor P")),
    }
}

/// A row as it is told of.
fn label(contract: &Contract, volatility: f64) -> String {
    let Contract { side, spot, strike, years, rate, yields } = contract;
    format!("{side:?} S={spot} K={strike} days={:.0} r={rate} q={yields} sigma={volatility}", years * 365.0)
}

/// Compares a column, where it is there, with what `of` makes of each row, over the row's `scale`.
fn column(
    checks: &mut Vec<Check>,
    table: &Table,
    options: &Options,
    (name, bound): (&str, Bound),
    of: impl Fn(usize) -> Option<f64>,
    scale: impl Fn(&Contract, f64) -> f64,
) {
    if !table.has(name) {
        return;
    }
    let mut check = Check::new(name, bound);
    match table.optional(name) {
        Err(error) => check = Check::failed(name, error),
        Ok(expected) => {
            for (row, ((contract, volatility), expected)) in options.iter().zip(expected).enumerate() {
                let Some(expected) = expected else { continue };
                let got = of(row).unwrap_or(f64::NAN);
                check.row(
                    format!("{} got {got} for {expected}", label(contract, volatility)),
                    (got - expected) / scale(contract, volatility),
                );
            }
        }
    }
    checks.push(check);
}

const PRICING: [&str; 31] = [
    "id",
    "cp",
    "S",
    "K",
    "days",
    "T",
    "r",
    "q",
    "sigma",
    "eu_price",
    "eu_delta",
    "eu_gamma",
    "eu_theta_day",
    "eu_vega_pct",
    "eu_rho_pct",
    "eu_ql_price",
    "eu_ql_delta",
    "eu_ql_gamma",
    "eu_ql_theta_day",
    "eu_ql_vega_pct",
    "eu_ql_rho_pct",
    "am_price",
    "am_delta",
    "am_gamma",
    "am_theta_day",
    "am_vega_pct",
    "am_rho_pct",
    "p_itm",
    "am_exercise_now",
    "am_theta_1d_diff",
    "am_price_hp",
];

/// A greek by its column's name.
fn greek(greeks: &Greeks, name: &str) -> Option<f64> {
    match name {
        "delta" => Some(greeks.delta),
        "gamma" => Some(greeks.gamma),
        "theta_day" => Some(greeks.theta),
        "vega_pct" => Some(greeks.vega),
        "rho_pct" => Some(greeks.rho),
        _ => None,
    }
}

/// What the greek of a European option is naturally measured in: the size that it has for an option like this.
fn natural(name: &str, contract: &Contract, volatility: f64) -> f64 {
    let Contract { spot, strike, years, .. } = *contract;
    let swing = (volatility * years.sqrt()).min(1.0);
    match name {
        "gamma" => 1.0 / (spot * swing),
        "theta_day" => spot.max(strike) * (volatility / years.sqrt()).max(1.0) / 365.0,
        "vega_pct" => spot * years.sqrt() / 100.0,
        "rho_pct" => strike * years / 100.0,
        _ => 1.0,
    }
}

fn pricing(folder: &Folder) -> Result<Vec<Check>, String> {
    let table = folder.table("option_pricing.csv")?;
    let options = Options::read(&table)?;
    let mut checks = unknown(&table, &PRICING);
    let spot = |contract: &Contract, _: f64| contract.spot;
    let one = |_: &Contract, _: f64| 1.0;
    if table.has("T") {
        let years = |row: usize| options.contracts.get(row).map(|contract| contract.years);
        column(&mut checks, &table, &options, ("T", Bound::Most(1e-14)), years, one);
    }
    let european: Vec<(Option<f64>, Option<Greeks>)> = options
        .iter()
        .map(|(contract, volatility)| (contract.price(volatility).ok(), contract.greeks(volatility).ok()))
        .collect();
    let price = |row: usize| european.get(row)?.0;
    // The other library rounds its normal distribution at 1e-13 of the price of the underlying.
    for prefix in ["eu_", "eu_ql_"] {
        column(&mut checks, &table, &options, (&format!("{prefix}price"), Bound::Most(1e-12)), price, spot);
        for name in ["delta", "gamma", "theta_day", "vega_pct", "rho_pct"] {
            let of = |row: usize| greek(european.get(row)?.1.as_ref()?, name);
            let scale = |contract: &Contract, volatility: f64| natural(name, contract, volatility);
            column(&mut checks, &table, &options, (&format!("{prefix}{name}"), Bound::Most(1e-11)), of, scale);
        }
    }
    let itm = |row: usize| options.contracts.get(row)?.in_the_money(*options.volatilities.get(row)?).ok();
    column(&mut checks, &table, &options, ("p_itm", Bound::Most(1e-12)), itm, one);
    let direct: Vec<Option<American>> =
        options.iter().map(|(contract, volatility)| contract.american(volatility).ok()).collect();
    let chain: Vec<Option<American>> = by_tables(&options);
    for (of, prices, ends) in
        [(&direct, Bound::P95Most(1e-6, 1e-5), ""), (&chain, Bound::P95Most(5e-6, 2e-5), " by tables")]
    {
        let is_direct = ends.is_empty();
        let mut found = Vec::new();
        for name in ["am_price", "am_price_hp"] {
            let price = |row: usize| Some(of.get(row)?.as_ref()?.price);
            column(&mut found, &table, &options, (name, prices), price, spot);
        }
        for name in ["delta", "gamma", "theta_day", "vega_pct", "rho_pct"] {
            let bound = match name {
                "gamma" => 1e-3,
                _ => 1e-5,
            };
            let bound = if is_direct { Bound::Most(bound) } else { Bound::Reported };
            let got = |row: usize| greek(&of.get(row)?.as_ref()?.greeks, name);
            let scale = |contract: &Contract, _: f64| match name {
                "delta" => 1.0,
                "gamma" => 1.0 / contract.spot,
                _ => contract.spot,
            };
            column(&mut found, &table, &options, (&format!("am_{name}"), bound), got, scale);
        }
        let exercised = |row: usize| Some(f64::from(u8::from(of.get(row)?.as_ref()?.exercised)));
        column(&mut found, &table, &options, ("am_exercise_now", Bound::Most(0.0)), exercised, one);
        checks.extend(found.into_iter().map(|check| check.ending(ends)));
    }
    let one_day = |row: usize| {
        let (contract, volatility) = (options.contracts.get(row)?, *options.volatilities.get(row)?);
        let shorter = Contract { years: (contract.years - 1.0 / 365.0).max(0.0), ..*contract };
        Some(shorter.american_price(volatility).ok()? - contract.american_price(volatility).ok()?)
    };
    column(&mut checks, &table, &options, ("am_theta_1d_diff", Bound::P95Most(1e-6, 1e-5)), one_day, spot);
    Ok(checks)
}

/// Each option by the tables of its expiration: of all options in the file with its time, rate and yield. They reach to
/// half and twice the volatilities in it, as a chain's would.
fn by_tables(options: &Options) -> Vec<Option<American>> {
    let mut ranges: BTreeMap<[u64; 3], (f64, f64)> = BTreeMap::new();
    let key = |contract: &Contract| [contract.years, contract.rate, contract.yields].map(f64::to_bits);
    for (contract, volatility) in options.iter() {
        let range = ranges.entry(key(contract)).or_insert((volatility, volatility));
        *range = (range.0.min(volatility), range.1.max(volatility));
    }
    let tables: BTreeMap<[u64; 3], Expiration> = ranges
        .into_iter()
        .filter_map(|(key, (low, high))| {
            let [years, rate, yields] = key.map(f64::from_bits);
            Some((key, Expiration::new(years, rate, yields, 0.5 * low..=2.0 * high).ok()?))
        })
        .collect();
    let of = |(contract, volatility): (&Contract, f64)| tables.get(&key(contract))?.american(contract, volatility).ok();
    options.iter().map(of).collect()
}

fn implied(folder: &Folder) -> Result<Vec<Check>, String> {
    let table = folder.table("implied_vol.csv")?;
    let known = [
        "id",
        "tag",
        "cp",
        "F",
        "K",
        "T",
        "sigma_in",
        "price",
        "status",
        "sigma_exact",
        "attainable_rel",
        "py_lbr",
        "ql_lirs",
    ];
    let mut checks = unknown(&table, &known);
    let contracts = undiscounted(&table)?;
    let (prices, exact) = (table.numbers("price")?, table.optional("sigma_exact")?);
    let attainable = table.optional("attainable_rel")?;
    let statuses =
        if table.has("status") { table.text("status")?.to_vec() } else { vec!["ok".to_owned(); table.rows()] };
    let mut check = Check::new("sigma_exact, of what is allowed", Bound::Most(1.0));
    let mut others = Check::new("status", Bound::Most(0.0));
    for (row, contract) in contracts.iter().enumerate() {
        let at = |column: &[Option<f64>]| column.get(row).copied().flatten();
        let price = prices.get(row).copied().unwrap_or(f64::NAN);
        let found = contract.implied_volatility(price);
        let text = format!("row {row}: {contract:?} {price} got {found:?}");
        let is_ok = statuses.get(row).is_some_and(|status| status == "ok");
        others.row(&text, if found.is_ok() == is_ok { 0.0 } else { 1.0 });
        if let (true, Some(exact)) = (is_ok, at(&exact)) {
            let allowed = (8.0 * at(&attainable).unwrap_or(0.0)).max(1e-12);
            check.row(text, (found.unwrap_or(f64::NAN) / exact - 1.0).abs() / allowed);
        }
    }
    checks.extend([check, others]);
    if table.has("sigma_in") {
        // The price was made of it; the volatilities that come back are those of the price once it is a double.
        let mut made = Check::new("sigma_in, as the price over F", Bound::Most(1e-12));
        for (row, (contract, volatility)) in contracts.iter().zip(table.numbers("sigma_in")?).enumerate() {
            let price = prices.get(row).copied().unwrap_or(f64::NAN);
            made.row(format!("row {row}"), (contract.price(volatility).unwrap_or(f64::NAN) - price) / contract.spot);
        }
        checks.push(made);
    }
    // One of the other programs is exact; the other one is off in the wings or finds nothing there, and is no truth.
    for (name, is_told) in [("py_lbr", false), ("ql_lirs", true)] {
        if !table.has(name) {
            continue;
        }
        let others = table.optional(name)?;
        let title = if is_told { name.to_owned() } else { format!("{name}, of what is allowed") };
        let mut check = Check::new(&title, if is_told { Bound::Reported } else { Bound::Most(1.0) });
        for (row, (contract, other)) in contracts.iter().zip(others).enumerate() {
            let allowed = (8.0 * attainable.get(row).copied().flatten().unwrap_or(0.0)).max(1e-12);
            let found = contract.implied_volatility(prices.get(row).copied().unwrap_or(f64::NAN));
            if let (Ok(found), Some(other)) = (found, other) {
                check.row(format!("row {row}"), (found / other - 1.0) / if is_told { 1.0 } else { allowed });
            }
        }
        checks.push(check);
    }
    Ok(checks)
}

/// Options on a forward price, without interest.
fn undiscounted(table: &Table) -> Result<Vec<Contract>, String> {
    let (spots, strikes, years) = (table.numbers("F")?, table.numbers("K")?, table.numbers("T")?);
    let sides: Vec<Side> = table.text("cp")?.iter().map(|text| side(text)).collect::<Result<_, _>>()?;
    let all = sides.into_iter().zip(spots).zip(strikes).zip(years);
    Ok(all
        .map(|(((side, spot), strike), years)| Contract { side, spot, strike, years, rate: 0.0, yields: 0.0 })
        .collect())
}

fn invalid(folder: &Folder) -> Result<Vec<Check>, String> {
    let table = folder.table("implied_vol_invalid.csv")?;
    let mut checks = unknown(&table, &["tag", "cp", "F", "K", "T", "price", "expect"]);
    let contracts = undiscounted(&table)?;
    let mut check = Check::new("expect", Bound::Most(0.0));
    for ((contract, price), expect) in contracts.iter().zip(table.numbers("price")?).zip(table.text("expect")?) {
        let found = contract.implied_volatility(price);
        let american = contract.american_implied_volatility(price);
        // An error where one is asked for; where another answer would do as well, an error does.
        let known = ["error", "zero_vol_or_error", "error_or_inf"].contains(&expect.as_str());
        let good = known && found.is_err() && american.is_err();
        check.row(format!("{contract:?} {price} {expect}: {found:?} {american:?}"), if good { 0.0 } else { 1.0 });
    }
    checks.push(check);
    Ok(checks)
}

fn american_implied(folder: &Folder) -> Result<Vec<Check>, String> {
    let table = folder.table("american_iv.csv")?;
    let known =
        ["cp", "S", "K", "days", "r", "q", "sigma", "am_price", "early_exercise_region", "iv_if_treated_european"];
    let mut checks = unknown(&table, &known);
    let options = Options::read(&table)?;
    let prices = table.numbers("am_price")?;
    let regions = if table.has("early_exercise_region") {
        table.numbers("early_exercise_region")?
    } else {
        vec![0.0; table.rows()]
    };
    let mut sigma = Check::new("sigma", Bound::Most(1e-6));
    let mut by_tables = Check::new("sigma by tables, as a price over S", Bound::P95Most(5e-6, 2e-5));
    let mut region = Check::new("early_exercise_region", Bound::Most(0.0));
    for (row, (contract, volatility)) in options.iter().enumerate() {
        let price = prices.get(row).copied().unwrap_or(f64::NAN);
        let found = contract.american_implied_volatility(price);
        let text = format!("{} got {found:?}", label(contract, volatility));
        let is_exercised = regions.get(row).is_some_and(|region| *region == 1.0);
        let told = matches!(found, Err(NoVolatility::Exercised | NoVolatility::NoTimeValue));
        region.row(&text, if told == is_exercised { 0.0 } else { 1.0 });
        if !is_exercised {
            sigma.row(&text, found.map_or(f64::NAN, |found| found - volatility));
            let tables =
                Expiration::new(contract.years, contract.rate, contract.yields, 0.5 * volatility..=2.0 * volatility);
            let found = tables.ok().and_then(|tables| tables.implied_volatility(contract, price).ok());
            let again = found.and_then(|found| contract.american_price(found).ok());
            by_tables.row(format!("{text}, by tables {found:?}"), (again.unwrap_or(f64::NAN) - price) / contract.spot);
        }
    }
    checks.extend([sigma, by_tables, region]);
    let european = |row: usize| options.contracts.get(row)?.implied_volatility(*prices.get(row)?).ok();
    column(&mut checks, &table, &options, ("iv_if_treated_european", Bound::Most(1e-9)), european, |_, _| 1.0);
    Ok(checks)
}

fn dividends(folder: &Folder) -> Result<Vec<Check>, String> {
    let table = folder.table("option_discrete_dividends.csv")?;
    let mut known: Vec<String> = ["cp", "S", "K", "days", "r", "q", "sigma", "divs"].map(str::to_owned).to_vec();
    for style in ["am", "eu"] {
        for model in ["spot", "escrowed"] {
            known.extend(["price", "delta", "gamma", "err"].map(|what| format!("{style}_{model}_{what}")));
        }
    }
    let mut checks = unknown(&table, &known.iter().map(String::as_str).collect::<Vec<_>>());
    let options = Options::read(&table)?;
    let mut escrowed = Vec::new();
    for (contract, text) in options.contracts.iter().zip(table.text("divs")?) {
        escrowed.push(Escrowed::new(*contract, &paid(text)?).map_err(|error| format!("{text}: {error}"))?);
    }
    let found = |row: usize| Some((escrowed.get(row)?, *options.volatilities.get(row)?));
    let american: Vec<Option<American>> = (0..escrowed.len())
        .map(|row| found(row).and_then(|(option, volatility)| option.american(volatility).ok()))
        .collect();
    for model in ["escrowed", "spot"] {
        // The other model moves the price with its dividends at random: how far apart they are is told.
        let bound = if model == "escrowed" { Bound::Most(5e-4) } else { Bound::Reported };
        for style in ["am", "eu"] {
            for what in ["price", "delta", "gamma"] {
                let of = |row: usize| {
                    let (option, volatility) = found(row)?;
                    let american = american.get(row)?.as_ref();
                    match (style, what) {
                        ("am", "price") => Some(american?.price),
                        ("am", _) => greek(&american?.greeks, what),
                        (_, "price") => option.price(volatility).ok(),
                        _ => greek(&option.greeks(volatility).ok()?, what),
                    }
                };
                column(&mut checks, &table, &options, (&format!("{style}_{model}_{what}"), bound), of, |_, _| 1.0);
            }
            // How far the other software's own grids are apart: with what error its figures come.
            let own = (&*format!("{style}_{model}_err"), Bound::Reported);
            column(&mut checks, &table, &options, own, |_| Some(0.0), |_, _| 1.0);
        }
    }
    Ok(checks)
}

/// Dividends as `day:amount;day:amount`.
fn paid(text: &str) -> Result<Vec<Dividend>, String> {
    let one = |part: &str| {
        let (day, amount) = part.split_once(':')?;
        Some(Dividend { years: day.trim().parse::<f64>().ok()? / 365.0, amount: amount.trim().parse().ok()? })
    };
    let parts = text.split(';').filter(|part| !part.trim().is_empty());
    parts.map(|part| one(part).ok_or_else(|| format!("divs: \"{part}\" is not day:amount"))).collect()
}

fn probabilities(folder: &Folder) -> Result<Vec<Check>, String> {
    let table = folder.table("option_probabilities.csv")?;
    let known = ["S", "level", "days", "r", "q", "sigma", "p_above", "p_below", "p_beyond_ql", "p_touch", "p_touch_ql"];
    let mut checks = unknown(&table, &known);
    let (spots, levels, days) = (table.numbers("S")?, table.numbers("level")?, table.numbers("days")?);
    let (rates, yields, volatilities) = (table.numbers("r")?, table.numbers("q")?, table.numbers("sigma")?);
    let walk = |row: usize| {
        let walk = Walk {
            spot: *spots.get(row)?,
            years: days.get(row)? / 365.0,
            rate: *rates.get(row)?,
            yields: *yields.get(row)?,
            volatility: *volatilities.get(row)?,
        };
        Some((walk, *levels.get(row)?))
    };
    for name in known.into_iter().skip(6).filter(|name| table.has(name)) {
        let mut check = Check::new(name, Bound::Most(1e-9));
        for (row, expected) in table.numbers(name)?.into_iter().enumerate() {
            let found = walk(row).and_then(|(walk, level)| {
                match name {
                    "p_above" => walk.above(level),
                    "p_below" => walk.below(level),
                    "p_beyond_ql" if level >= walk.spot => walk.above(level),
                    "p_beyond_ql" => walk.below(level),
                    _ => walk.touch(level),
                }
                .ok()
            });
            check.row(format!("{:?}", walk(row)), found.unwrap_or(f64::NAN) - expected);
        }
        checks.push(check);
    }
    Ok(checks)
}
