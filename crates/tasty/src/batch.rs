//! Requests for lists of symbols, which may be made together: several calls ask TastyTrade once, and each gets of the answer
//! what it asked for.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Answer, Request, market_data::MAX_SYMBOLS};

const MARKET_DATA: &str = "/market-data/by-type?";
const METRICS: &str = "/market-metrics?symbols=";

/// What a request lists, each entry as the request writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    begins: &'static str,
    between: char,
    entries: Vec<String>,
}

impl Listed {
    /// What this request lists; `None` for one that lists nothing, or with arguments that are not symbols.
    pub fn of(request: &Request) -> Option<Self> {
        let (begins, between) = [(MARKET_DATA, '&'), (METRICS, ',')]
            .into_iter()
            .find(|(begins, _)| request.path_and_query.starts_with(begins))?;
        let rest = request.path_and_query.strip_prefix(begins)?;
        if rest.is_empty() || (begins == METRICS && rest.contains('&')) {
            return None;
        }
        Some(Self { begins, between, entries: rest.split(between).map(str::to_owned).collect() })
    }

    /// The request for all of it.
    pub fn request(&self) -> Request {
        Request::get(format!("{}{}", self.begins, self.entries.join(&self.between.to_string())))
    }

    /// Whether the answer to this has everything that `other` asks for.
    pub fn covers(&self, other: &Self) -> bool {
        self.begins == other.begins && other.entries.iter().all(|entry| self.entries.contains(entry))
    }

    /// Takes the entries of `other` in as well, unless these are requests of different kinds or TastyTrade takes fewer at once.
    pub fn join(&mut self, other: &Self) -> bool {
        let more: Vec<_> = other.entries.iter().filter(|entry| !self.entries.contains(entry)).cloned().collect();
        let fits = self.entries.len().saturating_add(more.len()) <= MAX_SYMBOLS;
        if self.begins != other.begins || !fits {
            return false;
        }
        self.entries.extend(more);
        true
    }

    /// The symbols.
    fn symbols(&self) -> BTreeSet<String> {
        if self.begins == METRICS {
            return self
                .entries
                .iter()
                .map(|entry| percent_decode_str(entry).decode_utf8_lossy().into_owned())
                .collect();
        }
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&self.entries.join("&")).unwrap_or_default();
        pairs.into_iter().map(|(_, symbol)| symbol).collect()
    }
}

/// The answer to a request that was made for several, taken apart.
#[derive(Debug)]
pub struct Parts {
    items: Vec<(Option<String>, Box<RawValue>)>,
    asked: BTreeSet<String>,
}

impl Parts {
    /// Takes an answer apart; `None` for one that is no list, which goes to everyone as it is.
    pub fn of(answer: &Answer, asked: &Listed) -> Option<Self> {
        answer.check().ok()?;
        let listing: Listing = serde_json::from_slice(&answer.body).ok()?;
        if listing.pagination.is_some_and(|pagination| pagination.total_pages > 1) {
            return None;
        }
        let named = |item: Box<RawValue>| {
            let name = serde_json::from_str::<Named>(item.get()).ok().map(|named| named.symbol);
            (name, item)
        };
        Some(Self { items: listing.data.items.into_iter().map(named).collect(), asked: asked.symbols() })
    }

    /// The part of one asker. What nobody has asked for by this name is in everyone's part: TastyTrade may spell a symbol
    /// differently, and an item without a symbol is for everyone to wonder at.
    pub fn answer(&self, asked: &Listed) -> Answer {
        let mine = asked.symbols();
        let is_mine =
            |name: &Option<String>| name.as_ref().is_none_or(|name| mine.contains(name) || !self.asked.contains(name));
        let items: Vec<_> = self.items.iter().filter(|(name, _)| is_mine(name)).map(|(_, item)| item.get()).collect();
        Answer {
            status: 200,
            retry_after: None,
            body: format!(r#"{{"data":{{"items":[{}]}}}}"#, items.join(",")).into(),
        }
    }
}

#[derive(Deserialize)]
struct Listing {
    data: Items,
    #[serde(default)]
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
struct Items {
    items: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Pagination {
    #[serde(default)]
    total_pages: u64,
}

#[derive(Deserialize)]
struct Named {
    symbol: String,
}

/// Whether an answer to several together says nothing about each: one symbol that TastyTrade does not like must not be
/// everyone's trouble.
pub fn is_to_be_asked_apart(answer: &Answer) -> bool {
    matches!(answer.status, 400..=499) && !matches!(answer.status, 401 | 408 | 429)
}

#[cfg(test)]
mod tests {
    use domain::Symbol;
    use proptest::prelude::*;

    use super::*;
    use crate::{market_data, market_metrics, response::tests::answer};

    fn symbols(list: &[&str]) -> Vec<Symbol> {
        list.iter().map(|symbol| Symbol::parse(symbol).unwrap()).collect()
    }

    fn prices(list: &[&str]) -> Listed {
        Listed::of(&market_data::request(&symbols(list))).unwrap()
    }

    fn metrics(list: &[&str]) -> Listed {
        Listed::of(&market_metrics::request(&symbols(list)).unwrap()).unwrap()
    }

    #[test]
    fn what_is_asked_together_is_one_request_of_the_same_form() {
        let mut together = prices(&["SPY", "BRK/B"]);
        assert_eq!(together.request(), market_data::request(&symbols(&["SPY", "BRK/B"])));
        assert!(together.join(&prices(&["AAPL  260619C00200000", "SPY", "/ESZ6"])));
        let all = ["SPY", "BRK/B", "AAPL  260619C00200000", "/ESZ6"];
        assert_eq!(together.request(), market_data::request(&symbols(&all)));
        assert!(together.covers(&prices(&["/ESZ6", "SPY"])) && !together.covers(&prices(&["QQQ"])));
        assert!(!together.covers(&metrics(&["SPY"])) && !together.join(&metrics(&["SPY"])));
        let mut together = metrics(&["SPY", "BRK/B"]);
        assert!(together.join(&metrics(&["QQQ", "SPY"])));
        assert_eq!(Some(together.request()), market_metrics::request(&symbols(&["SPY", "BRK/B", "QQQ"])));
    }

    #[test]
    fn other_requests_list_nothing() {
        for path in ["/customers/me", "/market-data/by-type", "/market-data/by-type?", "/market-metrics?symbols=A&x=1"]
        {
            assert_eq!(Listed::of(&Request::get(path)), None, "{path}");
        }
    }

    #[test]
    fn a_hundred_are_the_most() {
        let names: Vec<_> = (0..MAX_SYMBOLS).map(|index| format!("A{index}")).collect();
        let mut together = prices(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(!together.join(&prices(&["SPY"])));
        assert!(together.join(&prices(&["A7", "A99"])));
        assert_eq!(together.entries.len(), MAX_SYMBOLS);
    }

    #[test]
    fn everyone_gets_what_they_asked_for() {
        let mut together = prices(&["SPY", "BRK/B"]);
        together.join(&prices(&["AAPL  260619C00200000"]));
        let body = r#"{"data":{"items":[{"symbol":"SPY","bid":"1.10"},{"bid":"2"},{"symbol":"brk.b"},
            {"symbol":"AAPL  260619C00200000","last":3}]},"context":"/market-data/by-type"}"#;
        let parts = Parts::of(&answer(200, body), &together).unwrap();
        let part = |list: &[&str]| String::from_utf8(parts.answer(&prices(list)).body).unwrap();
        assert_eq!(
            part(&["SPY"]),
            r#"{"data":{"items":[{"symbol":"SPY","bid":"1.10"},{"bid":"2"},{"symbol":"brk.b"}]}}"#
        );
        assert_eq!(
            part(&["AAPL  260619C00200000"]),
            r#"{"data":{"items":[{"bid":"2"},{"symbol":"brk.b"},{"symbol":"AAPL  260619C00200000","last":3}]}}"#
        );
    }

    #[test]
    fn what_is_no_list_is_not_taken_apart() {
        for (status, body) in [
            (200, "<html>"),
            (200, r#"{"data":{"items":[{"symbol":"SPY"#),
            (200, r#"{"data":{"items":{}}}"#),
            (200, r#"{"data":{"items":[]},"pagination":{"total-pages":2}}"#),
            (500, r#"{"data":{"items":[]}}"#),
        ] {
            assert!(Parts::of(&answer(status, body), &prices(&["SPY"])).is_none(), "{status} {body}");
        }
        for (status, apart) in
            [(400, true), (404, true), (422, true), (401, false), (429, false), (500, false), (200, false)]
        {
            assert_eq!(is_to_be_asked_apart(&answer(status, "")), apart, "{status}");
        }
    }

    proptest! {
        #[test]
        fn no_symbol_of_an_asker_is_lost(asks in prop::collection::vec(prop::collection::vec("[A-Z]{1,3}", 1..6), 1..8)) {
            let listed: Vec<_> = asks.iter().map(|ask| prices(&ask.iter().map(String::as_str).collect::<Vec<_>>())).collect();
            let mut together = listed[0].clone();
            for other in &listed[1..] {
                prop_assert!(together.join(other));
            }
            let items: Vec<_> = together.symbols().iter().map(|symbol| format!(r#"{{"symbol":"{symbol}"}}"#)).collect();
            let body = format!(r#"{{"data":{{"items":[{}]}}}}"#, items.join(","));
            let parts = Parts::of(&answer(200, &body), &together).unwrap();
            for ask in &listed {
                prop_assert!(together.covers(ask));
                let got: BTreeSet<_> =
                    market_data::read(&parts.answer(ask)).unwrap().value.into_iter().map(|data| data.symbol).collect();
                prop_assert_eq!(got, ask.symbols());
            }
        }
    }
}
