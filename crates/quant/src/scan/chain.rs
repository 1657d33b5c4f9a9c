//! A chain as it is scanned: columns by strike.

/// The options of one underlying.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chain {
    /// The price of the underlying, US dollars.
    pub spot: f64,
    /// The risk-free rate, a fraction per year.
    pub rate: f64,
    /// The expirations, the nearest first.
    pub expirations: Vec<Expiration>,
}

/// The options that end together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expiration {
    /// Calendar days to the end.
    pub dte: i64,
    /// Time to the end in years of 365 days.
    pub years: f64,
    /// What holding the underlying pays until then, a fraction per year.
    pub yields: f64,
    /// How many shares a contract is for.
    pub multiplier: f64,
    /// The strikes, ascending.
    pub strikes: Vec<f64>,
    /// The calls by the places of their strikes.
    pub calls: Quotes,
    /// The puts likewise.
    pub puts: Quotes,
}

/// What is known of one side of an expiration, column by column. The same place in each is the same strike; what is not known,
/// or does not exist, is `None`, and so is what lies beyond a column's end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quotes {
    /// Best bids per share.
    pub bid: Vec<Option<f64>>,
    /// Best asks per share.
    pub ask: Vec<Option<f64>>,
    /// Implied volatilities, fractions per year.
    pub iv: Vec<Option<f64>>,
    /// Per dollar of the underlying; of puts negative.
    pub delta: Vec<Option<f64>>,
    /// Of delta, per dollar of the underlying.
    pub gamma: Vec<Option<f64>>,
    /// Per share and calendar day.
    pub theta: Vec<Option<f64>>,
    /// Per share and point of volatility, which is 0.01.
    pub vega: Vec<Option<f64>>,
    /// Open contracts.
    pub open_interest: Vec<Option<f64>>,
    /// Contracts traded today.
    pub volume: Vec<Option<f64>>,
}
