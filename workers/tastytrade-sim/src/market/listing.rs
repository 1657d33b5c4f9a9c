//! Listed symbols and what does not change about them.

use chrono::Weekday;

pub(crate) use super::listings::LISTINGS;

/// What kind of instrument it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A company's share.
    Stock,
    /// A fund's share.
    Fund,
    /// A computed index: it has a last value, but no bid, ask or volume.
    Index,
    /// A coin, which trades around the clock.
    Crypto,
}

/// Which expirations its options have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cycle {
    /// No options.
    None,
    /// The third Friday of a month.
    Monthly,
    /// The same and every Friday of the next weeks.
    Weekly,
    /// The same, every day of the next two weeks, and the ends of months and quarters.
    Daily,
    /// VIX: the Wednesday thirty days before the third Friday of the month after.
    Volatility,
}

/// One symbol. Money in US dollars, volatilities as fractions per year, moves as fractions per session.
#[derive(Debug)]
pub(crate) struct Listing {
    pub symbol: &'static str,
    pub description: &'static str,
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
    /// The weekday, and which of the month, on which it reports.
    pub earnings_day: (Weekday, u8),
    /// Whether it reports before the opening bell; else after the closing bell.
    pub before_open: bool,
    pub listed_market: &'static str,
    /// One to four stars.
    pub liquidity_rating: u8,
    pub sector: &'static str,
    pub industry: &'static str,
    pub chain: Cycle,
    /// How many times a hundred shares an adjusted contract delivers, where there is one; its root ends in `1`.
    pub adjusted: Option<f64>,
}

impl Listing {
    /// The wire's instrument type.
    pub(crate) fn instrument_type(&self) -> &'static str {
        match self.kind {
            Kind::Index => "Index",
            Kind::Crypto => "Cryptocurrency",
            Kind::Stock | Kind::Fund => "Equity",
        }
    }

    /// The symbol that the streamer uses.
    pub(crate) fn streamer_symbol(&self) -> String {
        if self.kind == Kind::Crypto { format!("{}:CXTALP", self.symbol) } else { self.symbol.to_owned() }
    }

    /// The root of its standard options: the symbol without a slash.
    pub(crate) fn root(&self) -> String {
        self.symbol.replace('/', "")
    }

    /// What it pays in a year as a fraction of the price that it wanders around.
    pub(crate) fn dividend_yield(&self) -> f64 {
        match self.symbol {
            "SPX" => 0.0109,
            "NDX" => 0.0051,
            "RUT" => 0.0103,
            _ if self.base > 0.0 => 4.0 * self.dividend / self.base,
            _ => 0.0,
        }
    }
}

/// What the others differ from.
const PLAIN: Listing = Listing {
    symbol: "",
    description: "",
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
    earnings_day: (Weekday::Wed, 4),
    before_open: false,
    listed_market: "ARCX",
    liquidity_rating: 4,
    sector: "",
    industry: "",
    chain: Cycle::Weekly,
    adjusted: None,
};

/// A fund's share.
pub(super) const fn fund(symbol: &'static str, description: &'static str, base: f64, iv: f64) -> Listing {
    Listing { symbol, description, base, iv, ..PLAIN }
}

/// A company's share.
pub(super) const fn stock(symbol: &'static str, description: &'static str, base: f64, iv: f64) -> Listing {
    Listing { kind: Kind::Stock, skew: 0.35, listed_market: "XNAS", ..fund(symbol, description, base, iv) }
}

/// An index.
pub(super) const fn index(symbol: &'static str, description: &'static str, base: f64, iv: f64) -> Listing {
    Listing { kind: Kind::Index, listed_market: "OPRA", ..fund(symbol, description, base, iv) }
}

/// A coin.
pub(super) const fn coin(symbol: &'static str, description: &'static str, base: f64, iv: f64) -> Listing {
    Listing { kind: Kind::Crypto, listed_market: "CXTALP", chain: Cycle::None, ..fund(symbol, description, base, iv) }
}

/// The table's words; each sets what its name says.
impl Listing {
    pub(super) const fn follows(self, beta: f64, own_step: f64) -> Self {
        Self { beta, own_step, ..self }
    }

    pub(super) const fn skewed(self, skew: f64) -> Self {
        Self { skew, ..self }
    }

    pub(super) const fn trades(self, volume: f64) -> Self {
        Self { volume, ..self }
    }

    /// In billions of dollars, with the price-earnings ratio.
    pub(super) const fn worth(self, billions: u64, price_earnings: f64) -> Self {
        Self { market_cap: billions * 1_000_000_000, price_earnings, ..self }
    }

    pub(super) const fn reports(self, earnings_cycle: u32, earnings_day: (Weekday, u8), before_open: bool) -> Self {
        Self { earnings_cycle, earnings_day, before_open, ..self }
    }

    pub(super) const fn of(self, sector: &'static str, industry: &'static str) -> Self {
        Self { sector, industry, ..self }
    }

    pub(super) const fn pays(self, dividend: f64) -> Self {
        Self { dividend, ..self }
    }

    pub(super) const fn listed(self, listed_market: &'static str, liquidity_rating: u8) -> Self {
        Self { listed_market, liquidity_rating, ..self }
    }

    pub(super) const fn expiring(self, chain: Cycle) -> Self {
        Self { chain, ..self }
    }

    pub(super) const fn adjusted(self, factor: f64) -> Self {
        Self { adjusted: Some(factor), ..self }
    }
}

/// The index whose value is the implied volatility of SPX, in percent.
pub(crate) const VIX: &str = "VIX";

/// The listing of a symbol.
pub(crate) fn find(symbol: &str) -> Option<&'static Listing> {
    LISTINGS.iter().find(|listing| listing.symbol == symbol)
}
