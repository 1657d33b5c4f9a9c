//! Prices now, `GET /market-data/by-type`.

use domain::{Decimal, Symbol, Timestamp};

use crate::{Answer, Error, Noted, Request, fields::Fields, symbol::Kind};

/// The most symbols that one request may name, over all kinds.
pub const MAX_SYMBOLS: usize = 100;

/// The prices of one instrument, in US dollars per unit. An index has no bid and ask.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketData {
    /// As TastyTrade spells it.
    pub symbol: String,
    /// Best bid.
    pub bid: Option<Decimal>,
    /// Best ask.
    pub ask: Option<Decimal>,
    /// Last trade of the regular session.
    pub last: Option<Decimal>,
    /// Middle of bid and ask.
    pub mid: Option<Decimal>,
    /// TastyTrade's mark.
    pub mark: Option<Decimal>,
    /// Shares or contracts today.
    pub volume: Option<Decimal>,
    /// First price of the day.
    pub open: Option<Decimal>,
    /// Highest price of the day.
    pub high: Option<Decimal>,
    /// Lowest price of the day.
    pub low: Option<Decimal>,
    /// Today's close; absent before it.
    pub close: Option<Decimal>,
    /// The previous session's close.
    pub prev_close: Option<Decimal>,
    /// Contracts that were open at the last settlement; of options and futures.
    pub open_interest: Option<i64>,
    /// Beta to the S&P 500.
    pub beta: Option<Decimal>,
    /// Whether trading is halted.
    pub is_halted: bool,
    /// When TastyTrade last changed it.
    pub updated_at: Option<Timestamp>,
}

impl MarketData {
    /// One price: the mark, else the middle of bid and ask, else the last trade.
    pub fn price(&self) -> Option<Decimal> {
        self.mark.or(self.mid).or(self.last)
    }
}

/// Asks for up to [`MAX_SYMBOLS`] symbols; more are to be asked for in chunks.
pub fn request(symbols: &[Symbol]) -> Request {
    let pairs: Vec<_> = symbols.iter().map(|symbol| (Kind::of(symbol).argument(), symbol.as_str())).collect();
    // Pairs of texts always encode. The blanks of options turn into `+`, which is what TastyTrade expects in a query.
    let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
    Request::get(format!("/market-data/by-type?{query}"))
}

/// Reads the prices. Symbols that TastyTrade does not know are not in the answer; an item without a symbol is left out
/// with a note.
pub fn read(answer: &Answer) -> Result<Noted<Vec<MarketData>>, Error> {
    let mut noted = Noted { value: Vec::new(), notes: Vec::new() };
    for mut item in answer.items()? {
        match one(&mut item) {
            Ok(data) => noted.value.push(data),
            Err(error) => item.notes.push(error.to_string()),
        }
        noted.notes.append(&mut item.notes);
    }
    Ok(noted)
}

fn one(item: &mut Fields<'_>) -> Result<MarketData, Error> {
    Ok(MarketData {
        symbol: item.required("symbol", Fields::text)?,
        bid: item.decimal("bid"),
        ask: item.decimal("ask"),
        last: item.decimal("last"),
        mid: item.decimal("mid"),
        mark: item.decimal("mark"),
        volume: item.decimal("volume"),
        open: item.decimal("open"),
        high: item.decimal("day-high-price"),
        low: item.decimal("day-low-price"),
        close: item.decimal("close"),
        prev_close: item.decimal("prev-close"),
        open_interest: item.whole("open-interest"),
        beta: item.decimal("beta"),
        is_halted: item.truth("is-trading-halted").unwrap_or(false),
        updated_at: item.moment("updated-at"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn symbols_are_asked_for_by_kind() {
        let symbols: Vec<_> = ["AAPL", "BRK/B", "SPX", "AAPL  260619C00200000", "/ESZ6", "BTC/USD"]
            .into_iter()
            .map(|symbol| Symbol::parse(symbol).unwrap())
            .collect();
        assert_eq!(
            request(&symbols).path_and_query,
            "/market-data/by-type?equity=AAPL&equity=BRK%2FB&index=SPX&equity-option=AAPL++260619C00200000\
             &future=%2FESZ6&cryptocurrency=BTC%2FUSD"
        );
    }

    #[test]
    fn prices_keep_their_digits_and_what_is_broken_is_noted() {
        let body = r#"{"data":{"items":[
            {"symbol":"NVDA","instrument-type":"Equity","updated-at":"2026-11-20T15:30:01.250Z","bid":"181.20","bid-size":"3.0",
             "ask":181.25,"mid":"181.225","mark":"181.225","last":"181.22","open":"179.0","day-high-price":"182.4",
             "day-low-price":"178.35","close":null,"prev-close":"178.90","beta":"1.73","volume":"98765432.0",
             "is-trading-halted":false,"halt-start-time":-1},
            {"symbol":"VIX","last":"17.31","bid":"oops","updated-at":1795188601250},
            {"bid":"1.0"}
            ]},"pagination":null,"context":"/market-data/by-type"}"#;
        let data = read(&answer(200, body)).unwrap();
        assert_eq!(data.notes, ["data.items[1].bid: not a number", "invalid answer: data.items[2].symbol: missing"]);
        let [nvda, vix] = data.value.try_into().unwrap();
        let text = |value: Option<Decimal>| value.map(|value| value.to_string());
        assert_eq!(text(nvda.bid).as_deref(), Some("181.20"));
        let (no_mark, only_last) = (MarketData { mark: None, ..nvda.clone() }, &vix);
        assert_eq!(
            [&nvda, &no_mark, only_last].map(|data| text(data.price())),
            ["181.225", "181.225", "17.31"].map(Some).map(|price| price.map(str::to_owned))
        );
        assert_eq!(text(nvda.ask).as_deref(), Some("181.25"));
        assert_eq!((nvda.close, text(nvda.prev_close).as_deref()), (None, Some("178.90")));
        assert_eq!((text(vix.last).as_deref(), vix.bid, vix.is_halted), (Some("17.31"), None, false));
        assert_eq!(vix.updated_at.unwrap().timestamp_millis(), 1_795_188_601_250);
    }
}
