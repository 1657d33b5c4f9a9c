//! The analysis as a compact text.

use std::fmt::Write;

use agents::words::{money, percent, price};
use contract::analysis::portfolio::{Attention, PortfolioAnalysis, RollRow, StrategyRow, Urgency};

use crate::zone::Zone;

/// So many of each stand in the text; all of them are in the structured content.
const ATTENTION: usize = 9;
const UNDERLYINGS: usize = 8;
const SECTORS: usize = 4;
const STRATEGIES: usize = 8;
const MISSING: usize = 3;
/// The longest text, in bytes.
const LONGEST: usize = 4_000;

/// The analysis in at most [`LONGEST`] bytes: what has no place is left out from the end of its list.
pub(crate) fn text(output: &PortfolioAnalysis, zone: &Zone) -> String {
    let mut rows = [ATTENTION, STRATEGIES, UNDERLYINGS];
    loop {
        let text = written(output, zone, rows);
        let [attention, strategies, underlyings] = &mut rows;
        // What wants a look gives way last.
        let [longer, other] =
            if strategies >= underlyings { [strategies, underlyings] } else { [underlyings, strategies] };
        let shortened = [(longer, 2), (other, 2), (attention, 1)].into_iter().find(|(rows, least)| **rows > *least);
        match shortened.filter(|_| text.len() > LONGEST) {
            Some((rows, _)) => *rows -= 1,
            None => return text,
        }
    }
}

fn written(output: &PortfolioAnalysis, zone: &Zone, [attention, strategies, underlyings]: [usize; 3]) -> String {
    let mut text = head(output, zone);
    let _ = write!(text, "\n{}", output.summary.lines());
    if !output.attention.is_empty() {
        text.push_str("\nWANTS A LOOK:");
        for one in output.attention.iter().take(attention) {
            let _ = write!(text, "\n{}", look(one));
        }
        more(&mut text, output.attention.len(), attention, "attention");
    }
    let in_attention = |row: &StrategyRow| {
        output
            .attention
            .iter()
            .any(|one| one.account == row.account && one.underlying == row.underlying && one.legs == row.legs)
    };
    let quiet: Vec<&StrategyRow> = output.strategies.iter().filter(|row| !in_attention(row)).collect();
    if !quiet.is_empty() {
        let shown: Vec<String> = quiet.iter().take(strategies).map(|row| strategy(row)).collect();
        let _ = write!(text, "\nNo mark reached: {}", shown.join("; "));
        more(&mut text, quiet.len(), strategies, "strategies");
    }
    sizes(&mut text, output, underlyings);
    stress(&mut text, output);
    for missing in output.missing.iter().take(MISSING) {
        let _ = write!(text, "\nNot known: {missing}.");
    }
    more(&mut text, output.missing.len(), MISSING, "missing");
    for note in &output.notes {
        let _ = write!(text, "\n{note}");
    }
    let _ = write!(text, "\n{}", output.disclaimer);
    text
}

fn more(text: &mut String, all: usize, shown: usize, field: &str) {
    if all > shown {
        let _ = write!(text, " and {} more in `{field}`.", all - shown);
    }
}

fn head(output: &PortfolioAnalysis, zone: &Zone) -> String {
    let worth = &output.worth;
    let as_of = worth.as_of.map_or_else(|| "time not known".to_owned(), |as_of| zone.shown(as_of));
    let mut text = format!("Portfolio of {}, {}, {as_of}.", output.accounts.join(" and "), worth.source.in_words());
    let mut put = |what: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(text, " {what} {value}.");
        }
    };
    put("Net liq", worth.net_liquidating_value.map(money));
    let day = worth.day_pnl.map(|day| match worth.day_pnl_percent {
        Some(share) => format!("{} ({})", money(day), percent(share)),
        None => money(day),
    });
    put("Day", day);
    put("Open P&L", worth.unrealized_pnl.map(money));
    let used = worth.used_buying_power_percent.map(|used| match worth.usual_buying_power_percent.zip(worth.vix) {
        Some((usual, vix)) => format!("{} (VIX {vix:.1}: up to {usual:.0} % is common)", percent(used)),
        None => percent(used),
    });
    put("BP used", used);
    let greeks = &output.greeks;
    put("Beta-weighted delta", greeks.beta_weighted_delta.map(|delta| format!("{delta:.1} SPY")));
    let theta = greeks.theta.map(|theta| match greeks.theta_percent {
        Some(share) => format!("{}/day ({})", money(theta), percent(share)),
        None => format!("{}/day", money(theta)),
    });
    put("Theta", theta);
    put("Vega", greeks.vega.map(|vega| format!("{}/point", money(vega))));
    let _ = write!(text, " Greeks {}.", greeks.source);
    text
}

fn look(one: &Attention) -> String {
    let urgency = match one.urgency {
        Urgency::High => "HIGH",
        Urgency::Medium => "medium",
        Urgency::Low => "low",
    };
    let facts: Vec<&str> = one.reasons.iter().map(|reason| reason.fact.as_str()).collect();
    let mut line =
        format!("[{urgency}] {} {} ({}): {}", one.account, one.strategy, one.legs.join(", "), facts.join(" "));
    if !one.rolls.is_empty() {
        let rolls: Vec<String> = one.rolls.iter().map(roll).collect();
        let _ = write!(line, " Rolls for a credit: {}.", rolls.join("; "));
    }
    line
}

fn roll(roll: &RollRow) -> String {
    let strikes: Vec<String> = roll.strikes.iter().map(|strike| price(*strike)).collect();
    let mut text = format!("{} {} +{:.2}", roll.expiration, strikes.join("/"), roll.net_credit);
    if let Some(break_even) = roll.break_even {
        let _ = write!(text, " (BE {}", price(break_even));
        if let Some(pop) = roll.pop {
            let _ = write!(text, ", POP {pop:.0} %");
        }
        text.push(')');
    }
    text
}

fn strategy(row: &StrategyRow) -> String {
    let mut text = format!("{} {} ({})", row.underlying, row.strategy, row.legs.join(", "));
    if let Some(pnl) = row.unrealized_pnl {
        let _ = write!(text, " P&L {}", money(pnl));
    }
    if let Some(share) = row.percent_of_max_profit {
        let _ = write!(text, ", {} of max", percent(share));
    }
    if let Some(dte) = row.dte {
        let _ = write!(text, ", {dte} DTE");
    }
    text
}

fn sizes(text: &mut String, output: &PortfolioAnalysis, shown: usize) {
    if output.underlyings.is_empty() {
        return;
    }
    text.push_str("\nUnderlyings (BP % of net liq, P&L, day, SPY delta):");
    for row in output.underlyings.iter().take(shown) {
        let figure = |value: Option<f64>, write: &dyn Fn(f64) -> String| value.map_or_else(|| "?".to_owned(), write);
        let _ = write!(
            text,
            " {} {}, {}, {}, {};",
            row.symbol,
            figure(row.percent_of_net_liq, &percent),
            figure(row.unrealized_pnl, &money),
            figure(row.day_pnl, &money),
            figure(row.beta_weighted_delta, &|delta| format!("{delta:.1}")),
        );
    }
    more(text, output.underlyings.len(), shown, "underlyings");
    let sectors: Vec<String> = output
        .sectors
        .iter()
        .take(SECTORS)
        .filter_map(|row| Some(format!("{} {}", row.sector, percent(row.percent_of_net_liq?))))
        .collect();
    if !sectors.is_empty() {
        let _ = write!(text, "\nSectors: {}. {}", sectors.join(", "), output.together.hint);
    }
}

fn stress(text: &mut String, output: &PortfolioAnalysis) {
    let Some(stress) = &output.stress else { return };
    let spots: Vec<String> = stress.spot_percent.iter().map(|spot| format!("{spot:+.0}")).collect();
    let _ = write!(text, "\nIf SPY moved at once by {} %:", spots.join(" "));
    for (points, row) in stress.volatility_points.iter().zip(&stress.change) {
        let cells: Vec<String> = row.iter().map(|change| money(change.round()).replace(".00", "")).collect();
        let _ = write!(text, "\n  vol {points:+.0}: {}", cells.join(" "));
    }
}
