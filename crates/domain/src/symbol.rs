//! Symbols of instruments, checked before anything is called.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A symbol in TastyTrade's spelling: upper case, for example `AAPL`, `BRK/B`, `SPX`, `/ESZ6`, `BTC/USD` or the OCC form
/// of an option, `AAPL  260619P00200000`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Symbol(String);

impl TryFrom<String> for Symbol {
    type Error = SymbolError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Symbol> for String {
    fn from(symbol: Symbol) -> Self {
        symbol.0
    }
}

/// Why a text is not a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SymbolError {
    /// Nothing but blanks.
    #[error("is empty")]
    Empty,
    /// Longer than the longest symbol there is.
    #[error("is longer than {} characters", Symbol::MAX)]
    TooLong,
    /// Characters that no symbol has.
    #[error("is not a symbol: letters, digits, and / . : - only")]
    Malformed,
}

impl Symbol {
    /// The OCC form of an option is the longest symbol that equities have; futures options are a little longer.
    pub const MAX: usize = 32;

    /// Trims, turns to upper case, and checks the characters. Blanks are allowed inside (OCC pads the root), not in a row
    /// of more than five.
    pub fn parse(text: &str) -> Result<Self, SymbolError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SymbolError::Empty);
        }
        if text.chars().count() > Self::MAX {
            return Err(SymbolError::TooLong);
        }
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b':' | b'-' | b' ' | b'$');
        let starts = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'$');
        let bytes = text.as_bytes();
        let well_formed = bytes.iter().copied().all(legal)
            && bytes.first().copied().is_some_and(starts)
            && bytes.iter().any(u8::is_ascii_alphanumeric)
            && !text.contains("..")
            && !text.contains("//")
            && !text.contains("      ");
        if well_formed { Ok(Self(text.to_ascii_uppercase())) } else { Err(SymbolError::Malformed) }
    }

    /// The symbol as TastyTrade spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_read_and_what_is_none_is_refused() {
        for (given, read) in [
            (" aapl ", Ok("AAPL")),
            ("brk/b", Ok("BRK/B")),
            ("/esz6", Ok("/ESZ6")),
            ("AAPL  260619P00200000", Ok("AAPL  260619P00200000")),
            ("  ", Err(SymbolError::Empty)),
            ("A'; DROP TABLE users", Err(SymbolError::Malformed)),
            ("../../etc", Err(SymbolError::Malformed)),
            ("AAPL?x=1", Err(SymbolError::Malformed)),
            ("\u{c4}PFEL", Err(SymbolError::Malformed)),
            ("///", Err(SymbolError::Malformed)),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJK", Err(SymbolError::TooLong)),
        ] {
            assert_eq!(Symbol::parse(given).as_ref().map(Symbol::as_str), read.as_ref().copied(), "{given}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_was_read_reads_again(text in ".{0,60}") {
            if let Ok(symbol) = Symbol::parse(&text) {
                proptest::prop_assert_eq!(Symbol::parse(symbol.as_str()), Ok(symbol));
            }
        }
    }
}
