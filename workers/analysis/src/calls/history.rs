//! The analyses that were made for the user: `history://analyses`, and those of one symbol with all that they found.

use domain::{Error, Symbol, Timestamp, UserId};
use serde::Serialize;
use serde_json::value::RawValue;
use store::analyses::{self, Analysis};

use crate::{app::App, tools::analyses::PORTFOLIO};

/// So many are listed.
const NEWEST: u32 = 20;

/// So many of a symbol are shown.
const OF_SYMBOL: u32 = 10;

/// So many bytes of results are shown at once; the newest always is.
const SHOWN: usize = analyses::MAX_BODY;

/// So many symbols are suggested.
const SUGGESTED: u32 = 100;

/// The answer, as the resource shows it.
#[derive(Serialize)]
pub(crate) struct History {
    analyses: Vec<Row>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    kind: String,
    symbol: Option<String>,
    strategy: Option<String>,
    created_at: Timestamp,
    headline: Option<String>,
    /// Absent in the list of all; `null` where it was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Option<Box<RawValue>>>,
}

impl Row {
    fn new(found: Analysis, result: Option<Option<Box<RawValue>>>) -> Self {
        let Analysis { id, symbol, kind, strategy, created_at, headline, body: _ } = found;
        Self { id, kind, symbol, strategy, created_at, headline, result }
    }
}

/// What was analysed, or what was found about one symbol.
pub(crate) async fn answer(app: &App, user: &UserId, symbol: Option<&str>) -> Result<History, Error> {
    Ok(match symbol {
        None => list(analyses::newest(&app.db, user, NEWEST).await?),
        Some(text) => {
            let symbol = meant(text)?;
            full(analyses::of_symbol(&app.db, user, symbol.as_ref(), OF_SYMBOL).await?, symbol.as_ref())
        }
    })
}

/// The symbols that the user has analyses of, the one with the newest first, and what stands for none.
pub(crate) async fn symbols(app: &App, user: &UserId) -> Result<Vec<String>, Error> {
    let found = analyses::symbols(&app.db, user, SUGGESTED).await?;
    Ok(found.into_iter().chain([PORTFOLIO.to_owned()]).collect())
}

fn meant(text: &str) -> Result<Option<Symbol>, Error> {
    if text.trim().eq_ignore_ascii_case(PORTFOLIO) {
        return Ok(None);
    }
    Symbol::parse(text).map(Some).map_err(|error| {
        let message = format!("The address's symbol {error}. Name one such as AAPL, or {PORTFOLIO}.");
        Error::invalid_argument("uri", message)
    })
}

fn list(found: Vec<Analysis>) -> History {
    let note = if found.is_empty() {
        "Nothing has been analysed yet. The analyses of the tools that analyse appear here.".to_owned()
    } else {
        format!("Read history://analyses/{{symbol}} for what they found; {PORTFOLIO} for those of no single symbol.")
    };
    History { analyses: found.into_iter().map(|found| Row::new(found, None)).collect(), notes: vec![note] }
}

fn full(found: Vec<Analysis>, symbol: Option<&Symbol>) -> History {
    let mut notes = Vec::new();
    if found.is_empty() {
        notes.push(match symbol {
            Some(symbol) => format!("{symbol} has not been analysed yet."),
            None => "No portfolio has been analysed yet.".to_owned(),
        });
    }
    let (mut shown, mut left_out) = (0, 0);
    let rows = found.into_iter().map(|mut found| {
        let body = found.body.take().unwrap_or_default();
        let fits = shown + body.len() <= SHOWN;
        shown += if fits { body.len() } else { SHOWN };
        left_out += usize::from(!fits);
        Row::new(found, Some(RawValue::from_string(body).ok().filter(|_| fits)))
    });
    let analyses = rows.collect();
    if left_out > 0 {
        notes.push(format!("The results of the oldest {left_out} are left out, since the answer would be too large."));
    }
    History { analyses, notes }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn analysis(id: &str, body: String) -> Analysis {
        Analysis {
            id: id.to_owned(),
            symbol: Some("AAPL".to_owned()),
            kind: "analyze_options".to_owned(),
            strategy: Some("csp".to_owned()),
            created_at: "2026-11-20T15:30:05Z".parse().unwrap(),
            headline: Some("A sentence.".to_owned()),
            body: Some(body),
        }
    }

    fn read(history: &History) -> Value {
        serde_json::to_value(history).unwrap()
    }

    #[test]
    fn the_list_has_no_results() {
        let written = read(&list(vec![analysis("a", "{}".to_owned())]));
        let row = json!({
            "id": "a", "kind": "analyze_options", "symbol": "AAPL", "strategy": "csp",
            "created_at": "2026-11-20T15:30:05Z", "headline": "A sentence.",
        });
        assert_eq!(written["analyses"], json!([row]));
        let empty = read(&list(Vec::new()));
        assert_eq!(empty["analyses"], json!([]));
        assert!(empty["notes"][0].as_str().unwrap().starts_with("Nothing has been analysed yet."));
    }

    #[test]
    fn results_are_shown_whole_or_not_at_all_the_newest_first() {
        let long = |length: usize| format!("{{\"a\":\"{}\"}}", "b".repeat(length));
        for (lengths, expected) in [
            (vec![10, 10], vec![true, true]),
            (vec![SHOWN - 8, 10, 10], vec![true, false, false]),
            (vec![10, SHOWN - 8, 10], vec![true, false, false]),
            (vec![50_000, 50_000, 50_000], vec![true, true, false]),
        ] {
            let found = lengths.iter().map(|length| analysis("a", long(*length))).collect();
            let written = read(&full(found, None));
            let rows = written["analyses"].as_array().unwrap();
            let shown: Vec<bool> = rows.iter().map(|row| row["result"].is_object()).collect();
            assert_eq!(shown, expected, "{lengths:?}");
            assert_eq!(written["notes"].as_array().unwrap().is_empty(), expected.iter().all(|shown| *shown));
        }
        let odd = read(&full(vec![analysis("a", "no JSON".to_owned())], None));
        assert_eq!(odd["analyses"][0]["result"], Value::Null);
        let none = full(Vec::new(), Symbol::parse("aapl").ok().as_ref());
        assert_eq!(none.notes, ["AAPL has not been analysed yet."]);
    }

    #[test]
    fn an_address_means_a_symbol_or_the_portfolio() {
        for (text, expected) in [("aapl", Some("AAPL")), ("BRK/B", Some("BRK/B")), ("Portfolio", None)] {
            assert_eq!(meant(text).unwrap().map(String::from).as_deref(), expected, "{text}");
        }
        assert_eq!(meant("no symbol!").unwrap_err().details["argument"], "uri");
    }
}
