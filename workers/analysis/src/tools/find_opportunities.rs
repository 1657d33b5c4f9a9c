//! `find_opportunities`: what might be sold over several symbols.
//!
//! Metrics of all symbols come in one request; those with the highest IV rank are scanned, some at a time, until the time of the
//! call is over. What did not come by then is named.

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use contract::{
    Rendered,
    analysis::{
        DISCLAIMER, Summary,
        opportunities::{
            FindOpportunitiesInput, MAX_SCANNED, Opportunities, Opportunity, ScanState, ScannedSymbol, Universe,
            WantedOpportunities, within_bound,
        },
        options::{ChartContext, EarningsRule, OptionsAnalysis},
    },
    market::{Source, watchlists::WatchlistKind},
};
use domain::{Error, Family, Reason, Scope, Symbol, UserId};
use edge::{clock, deadline::within};
use futures_util::{StreamExt, stream};

use super::{Asked, analyses, get_watchlists};
use crate::{
    app::App,
    gather::metrics::{self, Figures},
    options::{self, Ask, text},
    zone::Zone,
};

/// What is scanned where nothing is named: funds and shares whose options trade the most.
const USUAL: [&str; MAX_SCANNED] = ["SPY", "QQQ", "IWM", "AAPL", "MSFT", "NVDA", "AMZN", "TSLA", "AMD", "META"];
/// Of each symbol so many expirations are looked at,
const EXPIRATIONS: usize = 2;
/// and so many candidates are given.
const EACH: usize = 2;
/// So many symbols are scanned at the same time: they share one socket.
const AT_ONCE: usize = 4;
/// The scans have so much of the call's time.
const SCANS: Duration = Duration::from_secs(18);

/// The candidates over several symbols.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    // A user's own watchlists are part of the account; the public ones are not.
    let sees_own = asked.permits(Scope::AccountRead);
    let (app, user, input): (_, _, FindOpportunitiesInput) = asked.read()?;
    let wanted = input.check()?;
    let (symbols, universe) = symbols(app, user, &wanted, sees_own).await?;
    let (known, failure) = metrics::metrics(app, user, &symbols).await?;
    let (scanned, others) = ranked(symbols, &known);
    let outcomes = scan(app, user, &wanted, &scanned).await?;
    if let Some(error) = nothing_came(&scanned, &outcomes) {
        return Err(error);
    }
    let mut found = assemble(app, &wanted, &scanned, outcomes, &known);
    found.universe = universe;
    if !others.is_empty() {
        found.notes.push(format!(
            "Scanned are the {} symbols with the highest IV rank; {} others were not. `symbols` asks for those.",
            scanned.len(),
            others.len()
        ));
    }
    found.symbols.extend(others.iter().map(|symbol| ScannedSymbol {
        symbol: symbol.to_string(),
        status: ScanState::NotScanned,
        iv_rank: rank(&known, symbol),
        passed: 0,
        reason: None,
    }));
    if let Some(failure) = failure {
        found.missing.push(format!("metrics are from before or missing: {failure}"));
    }
    found.summary = agents::rules::opportunities::summary(&found);
    found.analysis_id = analyses::id(app);
    let rendered = Rendered::new(&found, text::opportunities(&found, &Zone::of(app, user).await))?;
    let strategy = Some(wanted.strategy.word());
    let about = analyses::About { id: &found.analysis_id, kind: "find_opportunities", symbol: None, strategy };
    analyses::keep(app, user, about, &rendered).await;
    Ok(rendered)
}

/// The symbols that are meant, and what they are in words.
async fn symbols(
    app: &App,
    user: &UserId,
    wanted: &WantedOpportunities,
    sees_own: bool,
) -> Result<(Vec<Symbol>, String), Error> {
    match &wanted.universe {
        Universe::Symbols(symbols) => Ok((symbols.clone(), "symbols".to_owned())),
        Universe::Usual => {
            let symbols = USUAL.iter().filter_map(|symbol| Symbol::parse(symbol).ok());
            Ok((symbols.collect(), "ten that trade many options".to_owned()))
        }
        Universe::Watchlist(name) => {
            let own = match sees_own {
                true => get_watchlists::fetch(app, user, WatchlistKind::Own, Some(name)).await,
                false => Err(no_list(name)),
            };
            let lists = match own {
                Err(error) if error.reason == Reason::NotFound => {
                    get_watchlists::fetch(app, user, WatchlistKind::Public, Some(name))
                        .await
                        .map_err(|error| if error.reason == Reason::NotFound { no_list(name) } else { error })?
                }
                own => own?,
            };
            let mut symbols: Vec<Symbol> = Vec::new();
            for entry in lists.iter().flat_map(|list| &list.entries) {
                if let Ok(symbol) = Symbol::parse(&entry.symbol)
                    && tasty::symbol::Kind::of(&symbol).has_metrics()
                    && !symbols.contains(&symbol)
                {
                    symbols.push(symbol);
                }
            }
            if symbols.is_empty() {
                let message = format!("The watchlist {name} holds no stock, fund or index.");
                return Err(Error::invalid_argument("watchlist", message));
            }
            Ok((within_bound("watchlist", symbols)?, format!("watchlist {name}")))
        }
    }
}

fn no_list(name: &str) -> Error {
    let message =
        format!("There is no watchlist {name}, neither of your own nor a public one. get_watchlists has the names.");
    Error::new(Reason::NotFound, message).with("argument", "watchlist")
}

fn rank(known: &BTreeMap<String, Figures>, symbol: &Symbol) -> Option<f64> {
    known.get(symbol.as_str()).and_then(|figures| figures.iv_rank)
}

/// The symbols that are scanned and those that are not. Where there is room for all of them their order stays.
fn ranked(mut symbols: Vec<Symbol>, known: &BTreeMap<String, Figures>) -> (Vec<Symbol>, Vec<Symbol>) {
    if symbols.len() <= MAX_SCANNED {
        return (symbols, Vec::new());
    }
    let of = |symbol: &Symbol| rank(known, symbol).unwrap_or(-1.0);
    symbols.sort_by(|one, other| of(other).total_cmp(&of(one)));
    let others = symbols.split_off(MAX_SCANNED);
    (symbols, others)
}

/// What came of a symbol; nothing where the time was over before.
type Outcomes = BTreeMap<String, Result<OptionsAnalysis, Error>>;

/// The first symbol's error, where none of them could be scanned: then there is nothing to answer and nothing to keep.
fn nothing_came(symbols: &[Symbol], outcomes: &Outcomes) -> Option<Error> {
    let errors: Vec<&Error> =
        symbols.iter().filter_map(|symbol| outcomes.get(symbol.as_str())?.as_ref().err()).collect();
    let first = (*errors.first().filter(|_| errors.len() == symbols.len())?).clone();
    if symbols.len() == 1 {
        return Some(first);
    }
    let message = format!("None of the {} symbols could be scanned. The first: {}", symbols.len(), first.message);
    Some(Error { message: message.into(), ..first })
}

/// Scans the symbols. Only a lost login ends all of it.
async fn scan(app: &App, user: &UserId, wanted: &WantedOpportunities, symbols: &[Symbol]) -> Result<Outcomes, Error> {
    let chart = ChartContext::default();
    let outcomes = RefCell::new(Outcomes::new());
    let spent = (clock::now() - app.now).to_std().unwrap_or_default();
    let all = stream::iter(symbols).for_each_concurrent(AT_ONCE, async |symbol| {
        let ask = Ask {
            symbol,
            strategy: wanted.strategy,
            expiration: None,
            filters: &wanted.filters,
            earnings: EarningsRule::Exclude,
            cost_basis: None,
            chart: &chart,
            limit: EACH,
            expirations: EXPIRATIONS,
            with_past: false,
        };
        let outcome = options::analyse(app, user, &ask, None).await;
        outcomes.borrow_mut().insert(symbol.to_string(), outcome);
    });
    // What is there when the time is over is the answer.
    within(SCANS.saturating_sub(spent), all).await;
    let outcomes = outcomes.take();
    let lost = |error: &&Error| error.reason.family() == Family::AuthenticationError;
    match outcomes.values().filter_map(|outcome| outcome.as_ref().err()).find(lost) {
        Some(error) => Err(error.clone()),
        None => Ok(outcomes),
    }
}

fn assemble(
    app: &App,
    wanted: &WantedOpportunities,
    scanned: &[Symbol],
    mut outcomes: Outcomes,
    known: &BTreeMap<String, Figures>,
) -> Opportunities {
    let (mut opportunities, mut symbols, mut missing, mut notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut source, mut as_of) = (Source::Cache, app.now);
    for symbol in scanned {
        let of = |status, passed, reason| ScannedSymbol {
            symbol: symbol.to_string(),
            status,
            iv_rank: rank(known, symbol),
            passed,
            reason,
        };
        match outcomes.remove(symbol.as_str()) {
            None => {
                missing.push(format!("{symbol}: its options did not come in time"));
                symbols.push(of(ScanState::Late, 0, Some("its options did not come in time".to_owned())));
            }
            Some(Err(error)) => symbols.push(of(ScanState::Failed, 0, Some(error.message.into_owned()))),
            Some(Ok(analysis)) => {
                let state = if analysis.candidates.is_empty() { ScanState::NothingPassed } else { ScanState::Found };
                symbols.push(of(state, analysis.passed, why_none(&analysis)));
                missing.extend(analysis.missing.iter().map(|what| format!("{symbol}: {what}")));
                notes.extend(analysis.notes.iter().map(|note| format!("{symbol}: {note}")));
                if analysis.source != Source::Cache {
                    source = analysis.source;
                }
                as_of = as_of.min(analysis.as_of);
                opportunities.extend(analysis.candidates.into_iter().map(|candidate| Opportunity {
                    symbol: symbol.to_string(),
                    underlying_price: analysis.underlying_price,
                    iv_rank: analysis.iv_rank,
                    earnings_date: analysis.earnings_date,
                    name: agents::rules::options::named(&candidate),
                    candidate,
                    as_of: analysis.as_of,
                }));
            }
        }
    }
    opportunities.sort_by(|one, other| other.candidate.score.total_cmp(&one.candidate.score));
    opportunities.truncate(wanted.limit);
    Opportunities {
        analysis_id: String::new(),
        strategy: wanted.strategy,
        universe: String::new(),
        opportunities,
        symbols,
        filters: wanted.filters.clone(),
        summary: Summary::default(),
        missing,
        notes,
        source,
        as_of,
        disclaimer: DISCLAIMER.to_owned(),
    }
}

/// Which filters left out the most, where nothing passed.
fn why_none(analysis: &OptionsAnalysis) -> Option<String> {
    if !analysis.candidates.is_empty() {
        return None;
    }
    let mut most: Vec<_> = analysis.left_out.iter().collect();
    most.sort_by_key(|one| std::cmp::Reverse(one.count));
    let named: Vec<String> = most.iter().take(3).map(|one| format!("{} {}", one.filter, one.count)).collect();
    Some(if named.is_empty() {
        "no options were quoted".to_owned()
    } else {
        format!("left out by {}", named.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_symbols_those_are_scanned_whose_options_are_dear() {
        let symbols: Vec<Symbol> = (0..12).map(|at| Symbol::parse(&format!("A{at}")).unwrap()).collect();
        let (scanned, others) = ranked(symbols[..10].to_vec(), &BTreeMap::new());
        assert_eq!((scanned, others), (symbols[..10].to_vec(), Vec::new()));
        let (scanned, others) = ranked(symbols.clone(), &BTreeMap::new());
        assert_eq!((scanned.len(), others), (10, symbols[10..].to_vec()));
    }
}
