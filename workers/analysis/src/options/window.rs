//! Which expirations a scan looks at.

use chrono::NaiveDate;
use contract::market::chain::{Expirations, Form, Sides, Wanted};
use domain::Error;

use super::Ask;
use crate::chain::choose::{self, Listed};

/// The days that sellers of options usually look at, both ends among them.
const USUAL: (i64, i64) = (30, 45);
/// Where nothing ends within those, these are looked at.
const WIDER: (i64, i64) = (20, 65);
/// Of many expirations those are taken that are nearest to so many days.
const TARGET: i64 = 45;

/// The expirations that are meant, the nearest first, and notes on what was decided. Adjusted contracts are left out, and where
/// two roots end on one day the one that settles in the afternoon is taken.
///
/// # Errors
///
/// `invalid_arguments` for days on which nothing ends, with the nearest on which something does.
pub(super) fn choose<'a>(
    listed: &[Listed<'a>],
    ask: &Ask<'_>,
    today: NaiveDate,
) -> Result<(Vec<Listed<'a>>, Vec<String>), Error> {
    let mut notes = Vec::new();
    // On its last day an option has no time that could be sold, and what settles in the morning may be over.
    let standard: Vec<Listed<'a>> = listed
        .iter()
        .filter(|of| of.root.is_standard && (of.expiration.date > today || ask.expiration == Some(today)))
        .copied()
        .collect();
    let chosen = if ask.expiration.is_some() || ask.filters.min_dte.is_some() || ask.filters.max_dte.is_some() {
        let expirations = match ask.expiration {
            Some(day) => Expirations::On(day),
            None => Expirations::Within(ask.filters.min_dte.unwrap_or(0), ask.filters.max_dte.unwrap_or(i64::MAX)),
        };
        choose::expirations(&standard, &wanted(ask, expirations))?.0
    } else {
        usual(&standard, ask, &mut notes)?
    };
    let mut chosen = once_each_day(chosen);
    if chosen.len() > ask.expirations {
        let count = chosen.len();
        chosen.sort_by_key(|of| (!of.expiration.is_monthly(), of.dte.abs_diff(TARGET)));
        chosen.truncate(ask.expirations);
        chosen.sort_by_key(|of| of.expiration.date);
        let days: Vec<String> = chosen.iter().map(|of| of.expiration.date.to_string()).collect();
        notes.push(format!(
            "{count} expirations end within these days; looked at: {}. `expiration` asks for another one.",
            days.join(", ")
        ));
    }
    Ok((chosen, notes))
}

fn wanted(ask: &Ask<'_>, expirations: Expirations) -> Wanted {
    Wanted {
        symbol: ask.symbol.clone(),
        expirations,
        delta: None,
        strikes: None,
        near: None,
        side: Sides::Both,
        form: Form::Rows,
    }
}

/// Those of the usual days; where there are none, of more days; else the nearest one.
fn usual<'a>(listed: &[Listed<'a>], ask: &Ask<'_>, notes: &mut Vec<String>) -> Result<Vec<Listed<'a>>, Error> {
    let within =
        |(min, max): (i64, i64)| listed.iter().filter(|of| (min..=max).contains(&of.dte)).copied().collect::<Vec<_>>();
    for window in [USUAL, WIDER] {
        let found = within(window);
        if !found.is_empty() {
            if window != USUAL {
                let ((from, to), (min, max)) = (USUAL, window);
                notes.push(format!("Nothing expires in {from} to {to} days; these are {min} to {max} days."));
            }
            return Ok(found);
        }
    }
    let nearest = listed.iter().min_by_key(|of| of.dte.abs_diff(TARGET)).copied();
    let nearest = nearest.ok_or_else(|| choose::unknown(ask.symbol))?;
    let (from, to) = WIDER;
    notes.push(format!("Nothing expires in {from} to {to} days; this is the expiration nearest to {TARGET} days."));
    Ok(vec![nearest])
}

/// One of each day: the one that settles in the afternoon, if there is one.
fn once_each_day(mut chosen: Vec<Listed<'_>>) -> Vec<Listed<'_>> {
    chosen.sort_by_key(|of| (of.expiration.date, of.expiration.settlement.eq_ignore_ascii_case("am")));
    chosen.dedup_by_key(|of| of.expiration.date);
    chosen
}

#[cfg(test)]
mod tests {
    use contract::analysis::options::{ChartContext, EarningsRule, ScanFilters, StrategyName};
    use domain::Symbol;

    use super::*;
    use crate::chain::tests::{at, chain};

    #[test]
    fn the_usual_days_and_what_there_is_instead() {
        let chain = chain(&[
            (
                "SPX",
                "SPX",
                true,
                &[
                    ("2026-11-20", 0, "Regular", "AM"),
                    ("2026-12-18", 28, "Regular", "AM"),
                    ("2027-01-15", 56, "Regular", "AM"),
                ],
            ),
            (
                "SPXW",
                "SPX",
                true,
                &[
                    ("2026-11-20", 0, "Weekly", "PM"),
                    ("2026-12-18", 28, "Regular", "PM"),
                    ("2027-01-15", 56, "Weekly", "PM"),
                ],
            ),
            ("SPX1", "SPX", false, &[("2026-12-31", 41, "Regular", "PM")]),
        ]);
        let day = at("2026-11-20T15:30:00Z").date_naive();
        let symbol = Symbol::parse("SPX").unwrap();
        let listed = choose::listed(&chain, &symbol, day, day);
        let chart = ChartContext::default();
        let choose = |filters: ScanFilters, expiration: Option<&str>, expirations: usize| {
            let ask = Ask {
                symbol: &symbol,
                strategy: StrategyName::Csp,
                expiration: expiration.map(|day| day.parse().unwrap()),
                filters: &filters,
                earnings: EarningsRule::Flag,
                cost_basis: None,
                chart: &chart,
                limit: 5,
                expirations,
                with_past: false,
            };
            let (chosen, notes) = choose(&listed, &ask, day).map_err(|error| error.message.into_owned())?;
            let names: Vec<_> = chosen.iter().map(|of| format!("{} {}", of.root.root, of.dte)).collect();
            Ok::<_, String>((names.join(", "), notes.len()))
        };
        let days = |min, max| ScanFilters { min_dte: min, max_dte: max, ..ScanFilters::default() };
        // Nothing in 30 to 45 days but an adjusted one.
        assert_eq!(choose(days(None, None), None, 4).unwrap(), ("SPXW 28, SPXW 56".to_owned(), 1));
        assert_eq!(choose(days(None, None), None, 1).unwrap(), ("SPXW 28".to_owned(), 2));
        assert_eq!(choose(days(Some(50), None), None, 4).unwrap(), ("SPXW 56".to_owned(), 0));
        assert_eq!(choose(days(None, None), Some("2026-12-18"), 4).unwrap(), ("SPXW 28".to_owned(), 0));
        assert_eq!(choose(days(None, None), Some("2026-11-20"), 4).unwrap(), ("SPXW 0".to_owned(), 0));
        assert!(choose(days(Some(33), Some(40)), None, 4).unwrap_err().contains("no options that expire in 33 to 40"));
    }
}
