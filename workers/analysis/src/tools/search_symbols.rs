//! `search_symbols`.

use std::fmt::Write;

use contract::{
    Rendered,
    market::{
        Source,
        search::{FoundSymbol, MAX_RESULTS, SearchSymbolsInput, SymbolSearch},
    },
};
use domain::{Error, Timestamp};
use tasty::symbol_search::{self, Found};

use super::{Asked, named};
use crate::{upstream, zone::Zone};

/// Symbols that fit a text.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, SearchSymbolsInput { query, limit }) = asked.read()?;
    let query = named("query", &query, "Send the beginning of a symbol or of a name, such as APP.")?;
    let limit = usize::try_from(limit)
        .ok()
        .filter(|_| (1..=MAX_RESULTS).contains(&limit))
        .ok_or_else(|| Error::invalid_argument("limit", format!("`limit` is {limit}; send 1 to {MAX_RESULTS}.")))?;
    let request = symbol_search::request(query);
    let found = upstream::ask(app, user, "symbol search", request, symbol_search::read).await?;
    let search = assemble(found, limit, app.now);
    Rendered::new(&search, text(&search, query, &Zone::of(app, user).await))
}

fn assemble(found: Vec<Found>, limit: usize, now: Timestamp) -> SymbolSearch {
    let omitted = found.len().saturating_sub(limit);
    let results = found.into_iter().take(limit).map(|found| FoundSymbol {
        symbol: found.symbol,
        description: found.description,
        instrument_type: found.instrument_type,
        listed_market: found.listed_market,
        has_options: found.has_options,
    });
    SymbolSearch { results: results.collect(), omitted, source: Source::Rest, as_of: now }
}

fn text(search: &SymbolSearch, query: &str, zone: &Zone) -> String {
    if search.results.is_empty() {
        return format!(
            "TastyTrade knows no symbol that begins with \"{query}\". Try fewer letters, the ticker, or another word of the name."
        );
    }
    let mut text = String::new();
    for found in &search.results {
        let _ = write!(text, "{}", found.symbol);
        for part in [&found.description, &found.instrument_type, &found.listed_market].into_iter().flatten() {
            let _ = write!(text, " | {part}");
        }
        match found.has_options {
            Some(true) => text.push_str(" | options"),
            Some(false) => text.push_str(" | no options"),
            None => {}
        }
        text.push('\n');
    }
    if search.omitted > 0 {
        let _ = writeln!(text, "{} more; raise `limit` or send more letters.", search.omitted);
    }
    let _ = write!(text, "From TastyTrade, as of {}.", zone.shown(search.as_of));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(symbol: &str) -> Found {
        let description = Some(format!("{symbol} Inc."));
        Found {
            symbol: symbol.to_owned(),
            description,
            instrument_type: None,
            listed_market: Some("XNAS".to_owned()),
            has_options: Some(true),
        }
    }

    #[test]
    fn the_text_lists_what_was_found_and_what_was_left_out() {
        let now = "2026-11-20T15:30:05Z".parse().unwrap();
        let search = assemble(vec![found("APP"), found("AAPL"), found("APA")], 2, now);
        assert_eq!(search.omitted, 1);
        assert_eq!(
            text(&search, "AP", &Zone::Exchange),
            "APP | APP Inc. | XNAS | options\nAAPL | AAPL Inc. | XNAS | options\n1 more; raise `limit` or send more \
             letters.\nFrom TastyTrade, as of Fri 20 Nov 10:30 ET."
        );
        assert!(
            text(&assemble(Vec::new(), 2, now), "QQQQQ", &Zone::Exchange).starts_with("TastyTrade knows no symbol")
        );
    }
}
