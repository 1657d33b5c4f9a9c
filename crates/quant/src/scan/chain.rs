//! A chain as it is scanned: columns by strike.

use domain::occ::Side;

/// Prices above this are not computed with.
const MOST: f64 = 1e9;
/// Volatilities above this are not computed with: 10,000 % per year.
const MOST_IV: f64 = 100.0;

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
    /// Whether earnings are reported before the end.
    pub has_earnings: bool,
    /// The dividend per share whose ex-dividend day comes before the end; zero where only the day is known.
    pub dividend: Option<f64>,
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

/// One option of an expiration with a market: bid and ask, a volatility and a delta.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quote {
    /// Call or put.
    pub side: Side,
    /// The place of its strike.
    pub place: usize,
    /// The strike.
    pub strike: f64,
    /// Best bid per share, not negative.
    pub bid: f64,
    /// Best ask per share, positive and not below the bid.
    pub ask: f64,
    /// Implied volatility, a fraction per year.
    pub iv: f64,
    /// Per dollar of the underlying; of puts negative.
    pub delta: f64,
    /// Gamma, theta and vega, where all of them are known.
    pub others: Option<[f64; 3]>,
    /// Open contracts.
    pub open_interest: Option<f64>,
    /// Contracts traded today.
    pub volume: Option<f64>,
}

impl Quote {
    /// The middle of bid and ask.
    pub fn mid(&self) -> f64 {
        f64::midpoint(self.bid, self.ask)
    }

    /// The distance between bid and ask.
    pub fn spread(&self) -> f64 {
        self.ask - self.bid
    }
}

impl Quotes {
    /// The option at a place; `None` where bid, ask, volatility or delta are unknown or cannot be computed with.
    pub(super) fn at(&self, side: Side, place: usize, strike: f64) -> Option<Quote> {
        let of = |column: &[Option<f64>]| column.get(place).copied().flatten().filter(|value| value.is_finite());
        let (bid, ask) = (of(&self.bid)?, of(&self.ask)?);
        let (iv, delta) = (of(&self.iv)?, of(&self.delta)?);
        let others = || Some([of(&self.gamma)?, of(&self.theta)?, of(&self.vega)?]);
        let is_sound = bid >= 0.0
            && ask >= bid
            && ask > 0.0
            && ask <= MOST
            && iv > 0.0
            && iv <= MOST_IV
            && delta.abs() <= 1.0
            && strike.is_finite()
            && (1.0 / MOST..=MOST).contains(&strike);
        is_sound.then(|| Quote {
            side,
            place,
            strike,
            bid,
            ask,
            iv,
            delta,
            others: others(),
            open_interest: of(&self.open_interest).filter(|count| *count >= 0.0),
            volume: of(&self.volume).filter(|count| *count >= 0.0),
        })
    }
}

impl Expiration {
    /// The quotes of a side.
    pub fn side(&self, side: Side) -> &Quotes {
        match side {
            Side::Call => &self.calls,
            Side::Put => &self.puts,
        }
    }

    /// Every option of a side that has a market, by ascending strikes.
    pub(super) fn quotes(&self, side: Side) -> impl Iterator<Item = Quote> + '_ {
        let quotes = self.side(side);
        self.strikes.iter().enumerate().filter_map(move |(place, strike)| quotes.at(side, place, *strike))
    }

    /// The volatility at the money: of call and put of the strike nearest to the price, the mean of those that are known.
    pub fn at_the_money(&self, spot: f64) -> Option<f64> {
        let of = |side: Side| {
            let nearest = self.quotes(side).min_by(|one, other| away(one, spot).total_cmp(&away(other, spot)));
            nearest.map(|quote| (away(&quote, spot), quote.iv))
        };
        match (of(Side::Call), of(Side::Put)) {
            (Some((one, call)), Some((other, put))) if one == other => Some(f64::midpoint(call, put)),
            (Some((one, call)), Some((other, put))) => Some(if one < other { call } else { put }),
            (Some((_, iv)), None) | (None, Some((_, iv))) => Some(iv),
            (None, None) => None,
        }
    }
}

impl Expiration {
    /// The middles of call and put at the strike nearest to the price, together; `None` where one of them has no market.
    pub fn straddle(&self, spot: f64) -> Option<f64> {
        let call = self.quotes(Side::Call).min_by(|one, other| away(one, spot).total_cmp(&away(other, spot)))?;
        Some(call.mid() + self.puts.at(Side::Put, call.place, call.strike)?.mid())
    }
}

fn away(quote: &Quote, spot: f64) -> f64 {
    (quote.strike - spot).abs()
}
