//! Symbols by the beginning of their name, `GET /symbols/search/{text}`.

use crate::{Answer, Error, Noted, Request, fields::Fields, request::segment};

/// A symbol that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// As TastyTrade spells it.
    pub symbol: String,
    /// What it is.
    pub description: Option<String>,
    /// For example `Equity`, where TastyTrade says it.
    pub instrument_type: Option<String>,
    /// The exchange, for example `XNAS`.
    pub listed_market: Option<String>,
    /// Whether it has options, where TastyTrade says it.
    pub has_options: Option<bool>,
}

/// Asks for the symbols that fit a text, which must not be empty.
pub fn request(text: &str) -> Request {
    Request::get(format!("/symbols/search/{}", segment(text)))
}

/// Reads what was found, in TastyTrade's order. An entry without a symbol is left out with a note.
pub fn read(answer: &Answer) -> Result<Noted<Vec<Found>>, Error> {
    let mut noted = Noted { value: Vec::new(), notes: Vec::new() };
    for mut item in answer.items()? {
        match item.required("symbol", Fields::text) {
            Ok(symbol) => noted.value.push(Found {
                symbol,
                description: item.text("description"),
                instrument_type: item.text("instrument-type"),
                listed_market: item.text("listed-market"),
                has_options: item.truth("options"),
            }),
            Err(error) => item.notes.push(error.to_string()),
        }
        noted.notes.append(&mut item.notes);
    }
    Ok(noted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn a_text_fits_into_the_path() {
        assert_eq!(request("brk/b x").path_and_query, "/symbols/search/brk%2Fb%20x");
        assert_eq!(request("../customers").path_and_query, "/symbols/search/..%2Fcustomers");
    }

    #[test]
    fn what_was_found_is_read() {
        let body = r#"{"data":{"items":[{"symbol":"AAPL","description":"Apple Inc.","options":true,"listed-market":"XNAS"},
            {"description":"nameless"},{"symbol":"AAP","options":"maybe"}]}}"#;
        let read = read(&answer(200, body)).unwrap();
        assert_eq!(
            read.notes,
            ["invalid answer: data.items[1].symbol: missing", "data.items[2].options: neither true nor false"]
        );
        let symbols: Vec<_> = read.value.iter().map(|found| (found.symbol.as_str(), found.has_options)).collect();
        assert_eq!(symbols, [("AAPL", Some(true)), ("AAP", None)]);
    }
}
