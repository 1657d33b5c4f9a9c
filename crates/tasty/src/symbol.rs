//! Which kind of instrument a symbol names. TastyTrade wants to be told when asked for quotes.

use domain::{OccSymbol, Symbol, occ::Side};

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

/// The symbol under which DXLink knows an instrument, for example `AAPL` or `.AAPL261218C255`. Nothing for futures, their
/// options and coins, whose streamer symbols only TastyTrade's instruments tell.
pub fn streamer(symbol: &Symbol) -> Option<String> {
    match Kind::of(symbol) {
        Kind::Equity | Kind::Index => Some(symbol.as_str().to_owned()),
        Kind::EquityOption => {
            let option = OccSymbol::parse(symbol.as_str())?;
            let side = match option.side {
                Side::Call => 'C',
                Side::Put => 'P',
            };
            Some(format!(".{}{}{side}{}", option.root, option.expiration.format("%y%m%d"), option.strike))
        }
        Kind::Future | Kind::FutureOption | Kind::Cryptocurrency => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streamer_symbols_of_equities_and_their_options() {
        for (symbol, expected) in [
            ("AAPL", Some("AAPL")),
            ("BRK/B", Some("BRK/B")),
            ("SPX", Some("SPX")),
            ("AAPL  250117P00150000", Some(".AAPL250117P150")),
            ("SPY   250117C00500500", Some(".SPY250117C500.5")),
            ("KO    261218P00072250", Some(".KO261218P72.25")),
            ("SPXW  270105C06000000", Some(".SPXW270105C6000")),
            ("AAPL1 250117P00000125", Some(".AAPL1250117P0.125")),
            ("/ESZ6", None),
            ("./ESZ6 EW4U6 260925P5800", None),
            ("BTC/USD", None),
        ] {
            assert_eq!(streamer(&Symbol::parse(symbol).unwrap()).as_deref(), expected, "{symbol}");
        }
    }

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
