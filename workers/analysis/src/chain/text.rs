//! An option chain as it is read: a line per strike, or per expiration where there are many.

use std::fmt::Write;

use contract::market::{
    GreeksSource,
    chain::{ChainExpiration, Columns, Form, ListedExpiration, OptionChain, OptionRow, SideColumns, StrikeRow},
};
use domain::Decimal;

use super::assemble::nearest;
use crate::zone::Zone;

/// So many strikes are written out.
const MOST_LINES: usize = 90;
/// So many expirations are listed.
const MOST_LISTED: usize = 40;

/// The text.
pub(crate) fn text(chain: &OptionChain, zone: &Zone) -> String {
    let mut text = format!("{} options", chain.symbol);
    match chain.underlying_price {
        Some(price) => _ = write!(text, ", underlying at {price}"),
        None => text.push_str(", price of the underlying unknown"),
    }
    let of = chain.source.in_words();
    _ = writeln!(text, ". {} options from {of}, as of {}.", chain.contracts, zone.shown(chain.as_of));
    let mut left = MOST_LINES;
    for expiration in &chain.expirations {
        write_expiration(&mut text, expiration, chain, &mut left);
    }
    if left == 0 && chain.format == Form::Rows {
        text.push_str("More strikes are in the structured content; narrow by strikes, delta or side.\n");
    }
    if uses_computed(chain) {
        text.push_str(
            "* greeks computed here from bid and ask (Black-Scholes-Merton), as TastyTrade's did not come.\n",
        );
    }
    write_listed(&mut text, &chain.available_expirations, &chain.symbol);
    for line in &chain.missing {
        _ = writeln!(text, "Missing: {line}.");
    }
    for line in &chain.notes {
        _ = writeln!(text, "Note: {line}");
    }
    text
}

fn write_expiration(text: &mut String, of: &ChainExpiration, chain: &OptionChain, left: &mut usize) {
    _ = write!(text, "\n{} {} ({} d, {}, {}-settled", of.root, of.expiration, of.dte, kind(&of.kind), of.settlement);
    if of.underlying != chain.symbol {
        _ = write!(text, ", on {} at {}", of.underlying, shown(of.underlying_price));
    }
    if !of.standard {
        let deliverable = of.deliverable.as_deref().unwrap_or("not the usual");
        _ = write!(text, ", ADJUSTED: delivers {deliverable}");
    }
    text.push(')');
    match &of.columns {
        Some(columns) => write_summary(text, columns, of.underlying_price),
        None => write_rows(text, &of.strikes, left),
    }
}

fn write_rows(text: &mut String, rows: &[StrikeRow], left: &mut usize) {
    let (has_puts, has_calls) = (rows.iter().any(|row| row.put.is_some()), rows.iter().any(|row| row.call.is_some()));
    text.push_str("\nstrike");
    for (side, is_there) in [("put", has_puts), ("call", has_calls)] {
        if is_there {
            _ = write!(text, " | {side} bid/ask, delta, iv %, oi");
        }
    }
    text.push('\n');
    let shown_rows = rows.get(..rows.len().min(*left)).unwrap_or(rows);
    *left = left.saturating_sub(shown_rows.len());
    for row in shown_rows {
        _ = write!(text, "{}", row.strike);
        for (option, is_there) in [(&row.put, has_puts), (&row.call, has_calls)] {
            match option {
                Some(option) => write_option(text, option),
                None if is_there => text.push_str(" | -"),
                None => {}
            }
        }
        text.push('\n');
    }
}

fn write_option(text: &mut String, of: &OptionRow) {
    let mark = if of.greeks_source == Some(GreeksSource::Computed) { "*" } else { "" };
    let delta = of.delta.map_or_else(|| "-".to_owned(), |delta| format!("{delta:.2}{mark}"));
    let iv = of.iv.map_or_else(|| "-".to_owned(), |iv| format!("{iv:.1}"));
    let oi = of.open_interest.map_or_else(|| "-".to_owned(), |count| count.to_string());
    _ = write!(text, " | {}/{} {delta} {iv} {oi}", shown(of.bid), shown(of.ask));
}

/// Of many strikes the one at the money.
fn write_summary(text: &mut String, columns: &Columns, price: Option<Decimal>) {
    let (Some(first), Some(last)) = (columns.strike.first(), columns.strike.last()) else {
        text.push_str(": nothing fits\n");
        return;
    };
    _ = write!(text, ": {} strikes from {first} to {last}", columns.strike.len());
    let places: Vec<usize> = (0..columns.strike.len()).collect();
    let strike = |place: &usize| columns.strike.get(*place).copied().unwrap_or(*first);
    if let Some(place) = nearest(&places, strike, price) {
        _ = write!(text, "; at {}", strike(place));
        for (name, side) in [("put", &columns.put), ("call", &columns.call)] {
            if let Some(side) = side {
                write_side(text, name, side, *place);
            }
        }
    }
    text.push('\n');
}

fn write_side(text: &mut String, name: &str, side: &SideColumns, place: usize) {
    fn at<T: Copy>(list: &[Option<T>], place: usize) -> Option<T> {
        list.get(place).copied().flatten()
    }
    let mark = if side.computed.contains(&place) { "*" } else { "" };
    _ = write!(text, ", {name} {}/{}", shown(at(&side.bid, place)), shown(at(&side.ask, place)));
    if let Some((delta, iv)) = at(&side.delta, place).zip(at(&side.iv, place)) {
        _ = write!(text, " delta {delta:.2}{mark} iv {iv:.1} %");
    }
}

fn write_listed(text: &mut String, listed: &[ListedExpiration], symbol: &str) {
    if listed.is_empty() {
        return;
    }
    text.push_str("\nAll expirations (days, kind, strikes):\n");
    for of in listed.iter().take(MOST_LISTED) {
        _ = write!(text, "{} {} d {}", of.expiration, of.dte, kind(&of.kind));
        if of.root != *symbol {
            _ = write!(text, " {}", of.root);
        }
        if of.underlying != *symbol {
            _ = write!(text, " on {}", of.underlying);
        }
        if of.settlement.eq_ignore_ascii_case("am") {
            text.push_str(" AM");
        }
        if !of.standard {
            text.push_str(" adjusted");
        }
        _ = writeln!(text, " {}", of.strike_count);
    }
    if listed.len() > MOST_LISTED {
        _ = writeln!(text, "and {} more in the structured content", listed.len() - MOST_LISTED);
    }
}

fn kind(word: &str) -> String {
    if word.eq_ignore_ascii_case("regular") { "monthly".to_owned() } else { word.to_ascii_lowercase() }
}

fn shown(value: Option<Decimal>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn uses_computed(chain: &OptionChain) -> bool {
    let is_computed = |option: &Option<OptionRow>| {
        option.as_ref().is_some_and(|option| option.greeks_source == Some(GreeksSource::Computed))
    };
    let in_columns = |side: &Option<SideColumns>| side.as_ref().is_some_and(|side| !side.computed.is_empty());
    chain.expirations.iter().any(|of| {
        of.strikes.iter().any(|row| is_computed(&row.call) || is_computed(&row.put))
            || of.columns.as_ref().is_some_and(|columns| in_columns(&columns.call) || in_columns(&columns.put))
    })
}
