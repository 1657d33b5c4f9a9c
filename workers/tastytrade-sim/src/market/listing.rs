//! The ten symbols and what does not change about them.

/// What kind of instrument it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A company's share.
    Stock,
    /// A fund's share.
    Fund,
    /// A computed index: it has a last value, but no bid, ask or volume.
    Index,
}

/// One symbol. Money in US dollars, volatilities as fractions per year, moves as fractions per session.
#[derive(Debug)]
pub(crate) struct Listing {
    pub symbol: &'static str,
    pub kind: Kind,
    /// The price that it wanders around.
    pub base: f64,
    /// How strongly it follows the market.
    pub beta: f64,
    /// Its own move per session, beside the market's.
    pub own_step: f64,
    /// The implied volatility that its own wanders around.
    pub iv: f64,
    /// How much implied volatility rises per unit of log-moneyness below the spot.
    pub skew: f64,
    /// Shares on an average day.
    pub volume: f64,
    /// Dollars; zero for funds and indexes.
    pub market_cap: u64,
    /// Dollars per share and quarter.
    pub dividend: f64,
    /// The price-earnings ratio; zero where there are no earnings.
    pub price_earnings: f64,
    /// The first month of the quarterly cycle in which it reports, 1 to 3; 0 for no earnings.
    pub earnings_cycle: u32,
    pub listed_market: &'static str,
    /// One to four stars.
    pub liquidity_rating: u8,
    pub sector: &'static str,
    pub industry: &'static str,
}

impl Listing {
    /// The wire's instrument type.
    pub(crate) fn instrument_type(&self) -> &'static str {
        if self.kind == Kind::Index { "Index" } else { "Equity" }
    }
}

const FUND: Listing = Listing {
    symbol: "",
    kind: Kind::Fund,
    base: 0.0,
    beta: 1.0,
    own_step: 0.0,
    iv: 0.0,
    skew: 0.9,
    volume: 0.0,
    market_cap: 0,
    dividend: 0.0,
    price_earnings: 0.0,
    earnings_cycle: 0,
    listed_market: "ARCX",
    liquidity_rating: 4,
    sector: "",
    industry: "",
};

const STOCK: Listing = Listing {
    kind: Kind::Stock,
    skew: 0.35,
    listed_market: "XNAS",
    sector: "Technology",
    industry: "Semiconductors",
    earnings_cycle: 1,
    ..FUND
};

/// Everything that is listed.
pub(crate) static LISTINGS: [Listing; 10] = [
    Listing { symbol: "SPY", base: 672.0, iv: 0.165, volume: 71e6, dividend: 1.83, ..FUND },
    Listing {
        symbol: "QQQ",
        base: 598.0,
        beta: 1.2,
        own_step: 0.003,
        iv: 0.215,
        volume: 48e6,
        dividend: 0.76,
        listed_market: "XNAS",
        ..FUND
    },
    Listing { symbol: "IWM", base: 241.0, beta: 1.1, own_step: 0.006, iv: 0.225, volume: 33e6, dividend: 0.62, ..FUND },
    Listing {
        symbol: "AAPL",
        base: 268.0,
        beta: 1.1,
        own_step: 0.011,
        iv: 0.262,
        volume: 46e6,
        market_cap: 3_960_000_000_000,
        dividend: 0.26,
        price_earnings: 35.9,
        liquidity_rating: 4,
        industry: "Consumer Electronics",
        ..STOCK
    },
    Listing {
        symbol: "MSFT",
        base: 487.0,
        beta: 0.95,
        own_step: 0.009,
        iv: 0.241,
        volume: 21e6,
        market_cap: 3_620_000_000_000,
        dividend: 0.91,
        price_earnings: 34.1,
        industry: "Software",
        ..STOCK
    },
    Listing {
        symbol: "NVDA",
        base: 184.0,
        beta: 1.75,
        own_step: 0.018,
        iv: 0.448,
        volume: 178e6,
        market_cap: 4_480_000_000_000,
        dividend: 0.01,
        price_earnings: 46.3,
        earnings_cycle: 2,
        ..STOCK
    },
    Listing {
        symbol: "AMD",
        base: 216.0,
        beta: 1.9,
        own_step: 0.021,
        iv: 0.536,
        volume: 52e6,
        market_cap: 351_000_000_000,
        price_earnings: 103.0,
        liquidity_rating: 3,
        ..STOCK
    },
    Listing {
        symbol: "TSLA",
        base: 402.0,
        beta: 2.0,
        own_step: 0.022,
        iv: 0.551,
        volume: 88e6,
        market_cap: 1_340_000_000_000,
        price_earnings: 241.0,
        sector: "Consumer Cyclical",
        industry: "Auto Manufacturers",
        ..STOCK
    },
    Listing {
        symbol: "KO",
        base: 71.0,
        beta: 0.4,
        own_step: 0.006,
        iv: 0.158,
        volume: 15e6,
        market_cap: 305_000_000_000,
        dividend: 0.51,
        price_earnings: 23.6,
        listed_market: "XNYS",
        liquidity_rating: 3,
        sector: "Consumer Defensive",
        industry: "Beverages - Non-Alcoholic",
        ..STOCK
    },
    Listing { symbol: "SPX", kind: Kind::Index, base: 6728.0, iv: 0.163, listed_market: "OPRA", ..FUND },
];

/// The listing of a symbol.
pub(crate) fn find(symbol: &str) -> Option<&'static Listing> {
    LISTINGS.iter().find(|listing| listing.symbol == symbol)
}
