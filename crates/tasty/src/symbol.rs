//! Which kind of instrument a symbol names. TastyTrade wants to be told when asked for quotes.

use domain::Symbol;

/// Indexes look like shares, so they are known by name: the ones with listed options, and the volatility indexes.
const INDEXES: &[&str] = &[
    "DJX", "MID", "NDX", "NQX", "OEX", "RUT", "RVX", "SPX", "VIN", "VIX", "VIX1D", "VIX3M", "VIX9D", "VVIX", "VXN",
    "XEO", "XND", "XSP",
];

/// The kind of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A share or a fund.
    Equity,
    /// An index: no bid and ask.
    Index,
    /// An option on one of the two, in OCC spelling.
    EquityOption,
    /// A future, `/ESZ6`.
    Future,
    /// An option on a future, `./ESZ6 EW4U6 260925P5800`.
    FutureOption,
    /// A coin, `BTC/USD`.
    Cryptocurrency,
}

impl Kind {
    /// The kind that this symbol has by its spelling.
    pub fn of(symbol: &Symbol) -> Self {
        let text = symbol.as_str();
        if text.starts_with("./") {
            Self::FutureOption
        } else if text.starts_with('/') {
            Self::Future
        } else if is_occ(text) {
            Self::EquityOption
        } else if text.split_once('/').is_some_and(|(_, currency)| currency == "USD") {
            Self::Cryptocurrency
        } else if INDEXES.contains(&text) {
            Self::Index
        } else {
            Self::Equity
        }
    }

    /// The name of the query argument of `/market-data/by-type`.
    pub const fn argument(self) -> &'static str {
        match self {
            Self::Equity => "equity",
            Self::Index => "index",
            Self::EquityOption => "equity-option",
            Self::Future => "future",
            Self::FutureOption => "future-option",
            Self::Cryptocurrency => "cryptocurrency",
        }
    }

    /// Whether TastyTrade keeps volatility metrics for such a symbol.
    pub const fn has_metrics(self) -> bool {
        matches!(self, Self::Equity | Self::Index)
    }
}

/// Whether this is the OCC form of an option: a root of six places, yymmdd, C or P, the strike in thousandths on eight.
fn is_occ(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range| bytes.get(range).is_some_and(|part: &[u8]| part.iter().all(u8::is_ascii_digit));
    bytes.len() == 21
        && bytes.first().is_some_and(u8::is_ascii_uppercase)
        && bytes
            .get(..6)
            .is_some_and(|root| root.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b' '))
        && digits(6..12)
        && matches!(bytes.get(12), Some(b'C' | b'P'))
        && digits(13..21)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_shows_its_kind() {
        for (symbol, kind) in [
            ("AAPL", Kind::Equity),
            ("BRK/B", Kind::Equity),
            ("SPY", Kind::Equity),
            ("SPX", Kind::Index),
            ("vix", Kind::Index),
            ("AAPL  260619P00200000", Kind::EquityOption),
            ("SPXW  260619C05800500", Kind::EquityOption),
            ("AAPL 260619P00200000", Kind::Equity),
            ("/ESZ6", Kind::Future),
            ("./ESZ6 EW4U6 260925P5800", Kind::FutureOption),
            ("BTC/USD", Kind::Cryptocurrency),
        ] {
            assert_eq!(Kind::of(&Symbol::parse(symbol).unwrap()), kind, "{symbol}");
        }
    }
}
