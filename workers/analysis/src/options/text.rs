//! The compact texts of `analyze_options` and `find_opportunities`.

use std::fmt::Write;

use contract::{
    analysis::{
        opportunities::{Opportunities, ScanState},
        options::{OptionCandidate, OptionsAnalysis},
    },
    market::Source,
};

use agents::{rules::options::named, words};

use crate::zone::Zone;

/// So many candidates have all their figures in the text, and so many where the list is long.
const WHOLE: [usize; 2] = [3, 2];
/// A list of more than so many is long.
const LONG: usize = 5;

/// How many of these candidates have all their figures in the text.
fn whole(candidates: usize) -> usize {
    if candidates > LONG { WHOLE[1] } else { WHOLE[0] }
}

/// The text: what is known of the underlying, a line or two for each candidate, and what it comes to.
pub(crate) fn text(of: &OptionsAnalysis, zone: &Zone) -> String {
    let mut text = head(of);
    let flags = of.candidates.first().map_or(&[][..], |best| &best.flags);
    for (place, candidate) in of.candidates.iter().enumerate() {
        line(&mut text, place, candidate, (place >= whole(of.candidates.len())).then_some(flags));
    }
    if let Some(best) = of.candidates.first() {
        let parts: Vec<String> =
            best.parts.iter().map(|part| format!("{} {:.2} x{:.0}", part.part, part.value, part.weight)).collect();
        let _ = write!(text, "\nScore of 1 (value 0-1 x weight): {}.", parts.join(", "));
    }
    let left_out: Vec<String> = of.left_out.iter().map(|one| format!("{} {}", one.filter, one.count)).collect();
    let _ = write!(text, "\nLooked at {}, passed {}", of.considered, of.passed);
    if !left_out.is_empty() {
        let _ = write!(text, "; left out by {}", left_out.join(", "));
    }
    let _ = write!(text, ".\n{}", of.summary.lines());
    for missing in &of.missing {
        let _ = write!(text, "\nMissing: {missing}");
    }
    for note in &of.notes {
        let _ = write!(text, "\nNote: {note}");
    }
    text.push_str(&foot(of.source, &zone.shown(of.as_of), &of.analysis_id, &of.disclaimer));
    text
}

/// What the figures mean, where they come from, and under what they are kept.
fn foot(source: Source, as_of: &str, analysis_id: &str, disclaimer: &str) -> String {
    let source = source.in_words();
    format!(
        "\nPer contract, at the middle of bid and ask, after opening fees. From {source}, {as_of}. Analysis {analysis_id}. {disclaimer}"
    )
}

fn head(of: &OptionsAnalysis) -> String {
    let mut text = format!("{} {}", of.symbol, of.strategy.in_words());
    if let Some(price) = of.underlying_price {
        let _ = write!(text, " | price {}", words::price(price));
    }
    for (name, value) in [
        ("IV rank", of.iv_rank),
        ("IV percentile", of.iv_percentile),
        ("IV30", of.iv_30_day),
        ("HV30", of.hv_30_day),
        ("rate", Some(of.risk_free_rate)),
    ] {
        if let Some(value) = value {
            let _ = write!(text, " | {name} {}", words::percent(value));
        }
    }
    if let Some(day) = of.earnings_date {
        let _ = write!(text, " | earnings {day} {}", of.earnings_time.as_deref().unwrap_or_default());
    }
    if let Some(day) = of.ex_dividend_date {
        let _ = write!(text, " | ex-dividend {day}");
    }
    if let Some(held) = &of.holding {
        let _ = write!(text, " | held {} shares, {} covered", held.shares, held.covered);
    }
    for one in &of.expirations {
        let _ = write!(text, "\n{} ({} d)", one.expiration, one.dte);
        if let Some((iv, by)) = one.iv.zip(one.expected_move) {
            let _ = write!(text, ": IV {}, expected move {}", words::percent(iv), words::money(by));
        }
        if one.earnings {
            text.push_str(", earnings before");
        }
    }
    text
}

/// A candidate. In `short`, which holds the flags that were told before, only what decides.
fn line(text: &mut String, place: usize, of: &OptionCandidate, short: Option<&[String]>) {
    let _ = write!(text, "\n{}. {} {}: score {:.0}", place.saturating_add(1), of.strategy, named(of), of.score);
    if let Some(told) = short {
        let _ = write!(
            text,
            " | credit {} | {}/yr on {} | POP {}",
            words::money(of.credit),
            words::percent(of.annualised_return),
            words::money(of.collateral),
            words::percent(of.pop),
        );
        if !of.flags.is_empty() && of.flags != told {
            let _ = write!(text, " | {}", of.flags.join(", "));
        }
        return;
    }
    let evens: Vec<String> = of.break_evens.iter().map(|even| words::price(*even)).collect();
    let loss = of.max_loss.map_or_else(|| "no limit".to_owned(), words::money);
    let _ = write!(
        text,
        " | credit {} (worst {}), fees {} | max profit {}, loss {loss} | break-even {} ({} away) | OTM {} = {:.2} moves",
        words::money(of.credit),
        words::money(of.credit_at_worst),
        words::money(of.fees),
        words::money(of.max_profit),
        evens.join(" / "),
        words::percent(of.cushion_percent),
        words::percent(of.otm_percent),
        of.strike_in_moves,
    );
    if let Some(share) = of.credit_of_width {
        let _ = write!(text, " | {} of width", words::percent(share));
    }
    let _ = write!(
        text,
        " | collateral {}, return {} = {}/yr",
        words::money(of.collateral),
        words::percent(of.return_on_collateral),
        words::percent(of.annualised_return),
    );
    if let Some((called, yearly)) = of.if_called_return.zip(of.if_called_annualised) {
        let _ = write!(text, ", if called {} = {}/yr", words::percent(called), words::percent(yearly));
    }
    let _ = write!(
        text,
        " | POP {}, ITM {}, touch {} | EV {}",
        words::percent(of.pop),
        words::percent(of.p_itm),
        words::percent(of.p_touch),
        words::money(of.ev),
    );
    if let Some(ev) = of.ev_at_hv {
        let _ = write!(text, " (at HV {})", words::money(ev));
    }
    if let Some(theta) = of.theta {
        let _ = write!(text, " | theta {}/day", words::money(theta));
    }
    let _ = write!(text, " | bid-ask {}", words::percent(of.spread_percent));
    if let Some(open) = of.open_interest {
        let _ = write!(text, ", OI {open}");
    }
    if !of.flags.is_empty() {
        let _ = write!(text, " | flags: {}", of.flags.join(", "));
    }
}

/// The text of a scan over several symbols.
pub(crate) fn opportunities(of: &Opportunities, zone: &Zone) -> String {
    let mut text = format!(
        "{} over {} ({})",
        of.strategy.in_words(),
        of.universe,
        words::count(i64::try_from(of.symbols.len()).unwrap_or(i64::MAX), "symbol")
    );
    for (place, one) in of.opportunities.iter().enumerate() {
        let _ = write!(text, "\n{}", one.symbol);
        if let Some(price) = one.underlying_price {
            let _ = write!(text, " {}", words::price(price));
        }
        if let Some(rank) = one.iv_rank {
            let _ = write!(text, " | IV rank {}", words::percent(rank));
        }
        line(&mut text, place, &one.candidate, (place >= whole(of.opportunities.len())).then_some(&[]));
    }
    let mut states: Vec<String> = Vec::new();
    for one in of.symbols.iter().filter(|one| one.status != ScanState::Found) {
        let reason = one.reason.as_deref().unwrap_or("not scanned");
        let reason: String = reason.chars().take(120).collect();
        states.push(format!("{}: {reason}", one.symbol));
    }
    if !states.is_empty() {
        let _ = write!(text, "\nWithout: {}", states.join("; "));
    }
    let _ = write!(text, "\n{}", of.summary.lines());
    for note in of.missing.iter().chain(&of.notes).take(8) {
        let _ = write!(text, "\nNote: {note}");
    }
    text.push_str(&foot(of.source, &zone.shown(of.as_of), &of.analysis_id, &of.disclaimer));
    text
}
