//! The arguments of the tools, which are also the inputs of the calls behind them.
//!
//! They are forgiving in form (a list may be a JSON array, a JSON string or a comma list; names may be camelCase) and strict
//! in meaning: what cannot be served is an error that names the argument.

use domain::{Error, Symbol};
use serde::{Deserialize, Serialize};

/// Symbols that one call of `get_quote` may ask for.
pub const MAX_SYMBOLS: usize = 50;

/// Arguments of `get_quote`: one of the two.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetQuoteInput {
    /// One symbol, for example AAPL, BRK/B or SPX.
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
            let symbol = Symbol::parse(text).map_err(|error| {
                let shown: String = text.chars().filter(|character| !character.is_control()).take(40).collect();
                Error::invalid_argument(
                    argument,
                    format!("`{argument}` {error}: \"{shown}\". Send a ticker such as AAPL."),
                )
            })?;
            if !symbols.contains(&symbol) {
                symbols.push(symbol);
            }
        }
        Ok(symbols)
    }
}

/// Arguments of `get_workflow_status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GetWorkflowStatusInput {
    /// The id that the tool or page that started the job answered with.
    #[serde(alias = "workflowId")]
    pub workflow_id: String,
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
