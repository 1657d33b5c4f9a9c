//! Futures and coins, `GET /instruments/...`: which contract is traded, and under which symbol DXLink knows it.

use domain::Symbol;

use crate::{Answer, Error, Noted, Request, fields::Fields, request::segment, symbol::Kind};

/// An instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// As TastyTrade spells it, for example `/ESZ6`.
    pub symbol: String,
    /// As DXLink spells it, for example `/ESZ26:XCME`.
    pub streamer_symbol: Option<String>,
    /// Whether it is the contract of its product that is traded most.
    pub is_active_month: bool,
}

/// Asks for one future or coin; nothing for what has no such address.
pub fn one(symbol: &Symbol) -> Option<Request> {
    let text = symbol.as_str();
    match Kind::of(symbol) {
        Kind::Future => Some(Request::get(format!("/instruments/futures/{}", segment(text.trim_start_matches('/'))))),
        Kind::Cryptocurrency => Some(Request::get(format!("/instruments/cryptocurrencies/{}", segment(text)))),
        Kind::Equity | Kind::Index | Kind::EquityOption | Kind::FutureOption => None,
    }
}

/// The product that a symbol without month and year names: `ES` of `/ES`.
pub fn product(symbol: &Symbol) -> Option<&str> {
    let code = symbol.as_str().strip_prefix('/')?;
    let is_contract = code.ends_with(|last: char| last.is_ascii_digit()) && code.len() > 2;
    (!is_contract && !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(code)
}

/// Asks for the contracts of a product.
pub fn futures(product: &str) -> Request {
    Request::get(format!("/instruments/futures?product-code%5B%5D={}", segment(product)))
}

/// Reads contracts. One without a symbol is left out with a note.
pub fn read_all(answer: &Answer) -> Result<Noted<Vec<Instrument>>, Error> {
    let mut noted = Noted { value: Vec::new(), notes: Vec::new() };
    for mut item in answer.items()? {
        match instrument(&mut item) {
            Ok(instrument) => noted.value.push(instrument),
            Err(error) => item.notes.push(error.to_string()),
        }
        noted.notes.append(&mut item.notes);
    }
    Ok(noted)
}

/// Reads one instrument.
pub fn read_one(answer: &Answer) -> Result<Noted<Instrument>, Error> {
    let mut fields = answer.object()?;
    let value = instrument(&mut fields)?;
    Ok(Noted { value, notes: fields.notes })
}

fn instrument(fields: &mut Fields<'_>) -> Result<Instrument, Error> {
    Ok(Instrument {
        symbol: fields.required("symbol", Fields::text)?,
        streamer_symbol: fields.text("streamer-symbol"),
        is_active_month: fields.truth("active-month").unwrap_or(false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn products_are_told_from_contracts() {
        for (symbol, code) in [
            ("/ES", Some("ES")),
            ("/6E", Some("6E")),
            ("/M2K", Some("M2K")),
            ("/ESZ6", None),
            ("/6EZ6", None),
            ("ES", None),
            ("BTC/USD", None),
            ("./ESZ6 EW4U6 260925P5800", None),
        ] {
            assert_eq!(product(&Symbol::parse(symbol).unwrap()), code, "{symbol}");
        }
    }

    #[test]
    fn addresses() {
        let path = |symbol: &str| one(&Symbol::parse(symbol).unwrap()).map(|request| request.path_and_query);
        assert_eq!(path("/ESZ6").as_deref(), Some("/instruments/futures/ESZ6"));
        assert_eq!(path("BTC/USD").as_deref(), Some("/instruments/cryptocurrencies/BTC%2FUSD"));
        assert_eq!(path("AAPL"), None);
        assert_eq!(futures("ES").path_and_query, "/instruments/futures?product-code%5B%5D=ES");
    }

    #[test]
    fn contracts_are_read() {
        let body = r#"{"data":{"items":[{"symbol":"/ESZ6","streamer-symbol":"/ESZ26:XCME","active-month":true},
            {"symbol":"/ESH7","active-month":null},{"active-month":true}]}}"#;
        let read = read_all(&answer(200, body)).unwrap();
        assert_eq!(read.notes, ["invalid answer: data.items[2].symbol: missing"]);
        let [front, next] = read.value.try_into().unwrap();
        assert_eq!((front.is_active_month, front.streamer_symbol.as_deref()), (true, Some("/ESZ26:XCME")));
        assert_eq!((next.is_active_month, next.streamer_symbol), (false, None));
    }
}
