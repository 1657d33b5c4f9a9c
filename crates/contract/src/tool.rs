//! The arguments of the tools, which are also the inputs of the calls behind them.
//!
//! They are forgiving in form (a list may be a JSON array, a JSON string or a comma list; names may be camelCase) and strict
//! in meaning: what cannot be served is an error that names the argument.

use std::time::Duration;

use domain::{Error, OccSymbol, Symbol, symbol::SymbolError};
use serde::{Deserialize, Serialize};

/// Symbols that one call of `get_quote` may ask for.
pub const MAX_SYMBOLS: usize = 50;

/// The longest that one call of `get_workflow_status` may wait, in seconds: less than a call may take.
pub const MAX_WAIT_SECONDS: u64 = 20;

/// Arguments of `get_quote`: one of the two.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetQuoteInput {
    /// One symbol: a stock or ETF (AAPL, BRK/B), an index (SPX), an option (AAPL 261218C255), a future (/ESZ6, or /ES for the
    /// active month) or a coin (BTC/USD).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// Several symbols, at most 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbols: Option<Vec<String>>,
}

impl GetQuoteInput {
    /// The symbols, each once, in the order asked for. Nothing is called for an input that has an error.
    pub fn symbols(&self) -> Result<Vec<Symbol>, Error> {
        let (argument, texts) = match (&self.symbol, &self.symbols) {
            (Some(symbol), None) => ("symbol", vec![symbol.as_str()]),
            (None, Some(symbols)) => ("symbols", symbols.iter().map(String::as_str).collect()),
            (Some(_), Some(_)) => {
                return Err(Error::invalid_argument("symbols", "Send `symbol` or `symbols`, not both."));
            }
            (None, None) => {
                return Err(Error::invalid_argument("symbol", "`symbol` is missing. Send a ticker such as AAPL."));
            }
        };
        if texts.is_empty() {
            return Err(Error::invalid_argument(
                argument,
                "`symbols` is empty. Send at least one ticker, such as AAPL.",
            ));
        }
        if texts.len() > MAX_SYMBOLS {
            let message = format!("`symbols` holds {} symbols; send at most {MAX_SYMBOLS} at a time.", texts.len());
            return Err(Error::invalid_argument(argument, message));
        }
        let mut symbols = Vec::with_capacity(texts.len());
        for text in texts {
            let symbol = symbol_argument(argument, text)?;
            if !symbols.contains(&symbol) {
                symbols.push(symbol);
            }
        }
        Ok(symbols)
    }
}

/// The symbol that a text means: options and futures in the ways in which people write them become what TastyTrade writes.
///
/// # Errors
///
/// What is wrong with the text, as [`Symbol::parse`] has it.
pub fn symbol_of(text: &str) -> Result<Symbol, SymbolError> {
    if let Some(option) = OccSymbol::forgiving(text) {
        return Symbol::parse(&option.canonical());
    }
    let symbol = Symbol::parse(text)?;
    // TastyTrade writes the year of a future with one digit: /ESZ26 is /ESZ6.
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    if let [head @ .., letter, decade, year] = symbol.as_str().as_bytes()
        && head.first() == Some(&b'/')
        && letter.is_ascii_uppercase()
        && is_digit(Some(decade))
        && is_digit(Some(year))
    {
        let mut short: Vec<u8> = head.to_vec();
        short.extend([*letter, *year]);
        return Symbol::parse(&String::from_utf8_lossy(&short));
    }
    Ok(symbol)
}

/// Reads one symbol of an argument.
///
/// # Errors
///
/// `invalid_arguments`, naming the argument.
pub fn symbol_argument(argument: &str, text: &str) -> Result<Symbol, Error> {
    symbol_of(text).map_err(|error| {
        let shown: String = text.chars().filter(|character| !character.is_control()).take(40).collect();
        let message = format!("`{argument}` {error}: \"{shown}\". Send a ticker such as AAPL.");
        Error::invalid_argument(argument, message)
    })
}

/// Arguments of `get_workflow_status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetWorkflowStatusInput {
    /// The id that the tool or page that started the job answered with.
    #[serde(alias = "workflowId")]
    pub workflow_id: String,
    /// How long to wait for the job's end before the answer, in seconds: 0, the default, answers at once; 20
    /// is the most.
    #[serde(default, alias = "waitSeconds")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 20)))]
    pub wait_seconds: i64,
}

impl GetWorkflowStatusInput {
    /// How long to wait, checked.
    ///
    /// # Errors
    ///
    /// `invalid_arguments` below 0 and above [`MAX_WAIT_SECONDS`].
    pub fn wait(&self) -> Result<Duration, Error> {
        let seconds = u64::try_from(self.wait_seconds).ok().filter(|seconds| *seconds <= MAX_WAIT_SECONDS);
        seconds.map(Duration::from_secs).ok_or_else(|| {
            let message = format!("`wait_seconds` is {}; send 0 to {MAX_WAIT_SECONDS}.", self.wait_seconds);
            Error::invalid_argument("wait_seconds", message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(input: &str) -> Result<Vec<String>, String> {
        let input: GetQuoteInput = serde_json::from_str(input).unwrap();
        let read = input.symbols().map_err(|error| format!("{}: {error}", error.details["argument"]))?;
        Ok(read.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_wait_is_bounded() {
        for (input, seconds) in [
            (r#"{"workflow_id":"a"}"#, Some(0)),
            (r#"{"workflow_id":"a","wait_seconds":20}"#, Some(20)),
            (r#"{"workflowId":"a","waitSeconds":1}"#, Some(1)),
            (r#"{"workflow_id":"a","wait_seconds":21}"#, None),
            (r#"{"workflow_id":"a","wait_seconds":-1}"#, None),
        ] {
            let input: GetWorkflowStatusInput = serde_json::from_str(input).unwrap();
            match (input.wait(), seconds) {
                (Ok(wait), Some(seconds)) => assert_eq!(wait.as_secs(), seconds),
                (Err(error), None) => assert_eq!(error.details["argument"], "wait_seconds"),
                (got, _) => panic!("{input:?} {got:?}"),
            }
        }
    }

    #[test]
    fn options_and_futures_are_read_as_people_write_them() {
        let input = r#"{"symbols":["aapl 261218c255",".AAPL261218C255","/ESZ26","/ESZ6","/ES","btc/usd","BRK/B"]}"#;
        assert_eq!(symbols(input).unwrap(), ["AAPL  261218C00255000", "/ESZ6", "/ES", "BTC/USD", "BRK/B"]);
    }

    #[test]
    fn symbols_are_read_once_each_and_errors_name_the_argument() {
        assert_eq!(symbols(r#"{"symbol":" aapl "}"#).unwrap(), ["AAPL"]);
        assert_eq!(symbols(r#"{"symbols":["spy","QQQ","Spy"]}"#).unwrap(), ["SPY", "QQQ"]);
        for (input, error) in [
            ("{}", "\"symbol\": `symbol` is missing. Send a ticker such as AAPL."),
            (r#"{"symbol":""}"#, "\"symbol\": `symbol` is empty: \"\". Send a ticker such as AAPL."),
            (r#"{"symbols":[]}"#, "\"symbols\": `symbols` is empty. Send at least one ticker, such as AAPL."),
            (r#"{"symbol":"A","symbols":["B"]}"#, "\"symbols\": Send `symbol` or `symbols`, not both."),
            (
                r#"{"symbols":["SPY","A;B"]}"#,
                "\"symbols\": `symbols` is not a symbol: letters, digits, and / . : - only: \"A;B\". Send a ticker such as AAPL.",
            ),
        ] {
            assert_eq!(symbols(input).unwrap_err(), error);
        }
    }
}
