//! What a scan over several symbols comes to.

use contract::analysis::{
    Summary,
    opportunities::{Opportunities, ScanState},
};

use super::options::named;
use crate::words::{count, money, percent};

/// The most that the candidates of one answer may have in common before it is said, of all of them.
const CROWDED: usize = 3;

/// The summary of an answer. Its own `summary` is not looked at.
pub fn summary(of: &Opportunities) -> Summary {
    let counted = |state: ScanState| of.symbols.iter().filter(|one| one.status == state).count();
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let (found, nothing) = (counted(ScanState::Found), counted(ScanState::NothingPassed));
    let lost = counted(ScanState::Failed) + counted(ScanState::Late);
    let scanned = found + nothing;
    let Some(best) = of.opportunities.first() else {
        return Summary {
            headline: format!(
                "No {} passes the filters on the {} scanned.",
                of.strategy.in_words(),
                count(number(scanned), "symbol")
            ),
            case_for: Vec::new(),
            case_against: of
                .symbols
                .iter()
                .filter_map(|one| Some(format!("{}: {}.", one.symbol, one.reason.as_deref()?.trim_end_matches('.'))))
                .take(5)
                .collect(),
            would_change: vec![
                "Wider filters, other symbols, or a rise of implied volatility would let some through.".to_owned(),
            ],
        };
    };
    let mut case_for = vec![format!(
        "{found} of {} scanned have a {} that passes.",
        count(number(scanned), "symbol"),
        of.strategy.in_words()
    )];
    case_for.extend(of.opportunities.iter().take(3).map(|one| {
        let yields = match one.candidate.credit_of_width {
            Some(share) => format!("{} of the width", percent(share)),
            None => format!("{} per year", percent(one.candidate.annualised_return)),
        };
        format!(
            "{} {}: {} credit, {yields}, {} probability of profit, score {:.0}.",
            one.symbol,
            named(&one.candidate),
            money(one.candidate.credit),
            percent(one.candidate.pop),
            one.candidate.score
        )
    }));
    let mut case_against = Vec::new();
    if lost > 0 {
        case_against.push(format!(
            "{} could not be scanned, so that a better one may be missing.",
            count(number(lost), "symbol")
        ));
    }
    let flagged: Vec<&str> = of
        .opportunities
        .iter()
        .filter(|one| one.candidate.flags.iter().any(|flag| flag == "earnings"))
        .map(|one| one.symbol.as_str())
        .collect();
    if !flagged.is_empty() {
        case_against.push(format!("Earnings come before expiration on {}.", flagged.join(", ")));
    }
    let low: Vec<&str> = of
        .opportunities
        .iter()
        .filter(|one| one.iv_rank.is_some_and(|rank| rank < 30.0))
        .map(|one| one.symbol.as_str())
        .collect();
    if !low.is_empty() {
        let mut low = low;
        low.dedup();
        case_against.push(format!("IV rank is under 30 % on {}.", low.join(", ")));
    }
    if of.opportunities.len() >= CROWDED {
        case_against.push(
            "Candidates on related shares tend to lose on the same day; the score looks at each by itself.".to_owned(),
        );
    }
    Summary {
        headline: format!(
            "The highest score over {} ({:.0} of 100) has {} {}.",
            count(number(scanned), "symbol"),
            best.candidate.score,
            best.symbol,
            named(&best.candidate)
        ),
        case_for,
        case_against,
        would_change: vec![
            "Quotes move: credit and score are those of the moment they were read.".to_owned(),
            "An earnings date that is announced or moved before an expiration would take its candidates out."
                .to_owned(),
        ],
    }
}
