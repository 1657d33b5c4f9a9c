//! Candidates for selling options: what a chain offers for a strategy, with every figure of each.
//!
//! A scan enumerates within bounds: every option of the right side; of spreads up to eight bought strikes for each sold one,
//! evenly over those that fit; of condors the eight best spreads of each side, crosswise; of strangles up to eight
//! options of each side. It leaves out what a filter refuses and counts it there, computes the figures of what is left, and
//! ranks it by a score whose parts are shown. What has the same sold strikes is one candidate: the best of them.
//!
//! Prices that orders may be filled at are the middle of bid and ask. Profits, losses and break-evens are those at expiration
//! after the fees of opening. An amount is in dollars of one contract, a price in dollars per share.

mod chain;
mod choose;
mod figures;
mod filter;
mod history;
mod score;

#[cfg(test)]
mod tests;

pub use chain::{Chain, Expiration, Quote, Quotes};
pub use figures::{Covered, Figures};
pub use filter::{Filter, Filters};
pub use history::History;
pub use score::{Aspect, Part};

use crate::strategy::{Fees, Market};

/// What is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A put, with the cash to take the shares.
    CashSecuredPut,
    /// A call on shares that are held.
    CoveredCall,
    /// A put, and a lower one bought.
    PutSpread,
    /// A call, and a higher one bought.
    CallSpread,
    /// A put spread below the price and a call spread above it.
    IronCondor,
    /// A put below the price and a call above it, uncovered.
    Strangle,
}

/// Where the underlying is going, as somebody read its chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// Rising.
    Up,
    /// Falling.
    Down,
    /// Neither.
    Sideways,
}

/// What is known of the underlying beside its options.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Background {
    /// Where implied volatility stands between the year's extremes, 0 to 100.
    pub iv_rank: Option<f64>,
    /// How volatile it was lately, a fraction per year.
    pub realised: Option<f64>,
    /// Daily closing prices, oldest first; few or none of them are no error.
    pub closes: Vec<f64>,
    /// Levels at which a fall was stopped.
    pub supports: Vec<f64>,
    /// Levels at which a rise was stopped.
    pub resistances: Vec<f64>,
    /// Where it is going.
    pub trend: Option<Trend>,
    /// What a share cost that a call is sold on; without it the shares count as bought now.
    pub basis: Option<f64>,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What is sold.
    pub kind: Kind,
    /// What is left out.
    pub filters: Filters,
    /// What is known of the underlying.
    pub background: Background,
    /// What opening costs.
    pub fees: Fees,
    /// The most candidates that are given.
    pub most: usize,
}

impl Request {
    /// A scan with the usual filters of a strategy, the fees of stocks, and five candidates.
    pub fn usual(kind: Kind) -> Self {
        Self { kind, filters: Filters::usual(kind), background: Background::default(), fees: Fees::EQUITY, most: 5 }
    }
}

/// One thing that might be opened, by one contract of each leg.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Which of the chain's expirations.
    pub expiration: usize,
    /// What is sold, the put before the call.
    pub sold: Vec<Quote>,
    /// What is bought, likewise.
    pub bought: Vec<Quote>,
    /// What follows from these.
    pub figures: Figures,
    /// How the underlying moved before, over as many days.
    pub history: Option<History>,
    /// The mean of the parts' values by their weights, 0 to 100.
    pub score: f64,
    /// What the score is made of.
    pub parts: Vec<Part>,
}

/// What a scan found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// The best ones, the best first.
    pub candidates: Vec<Candidate>,
    /// How many passed all filters, before those with the same sold strikes became one.
    pub passed: usize,
    /// How many were looked at: options that might be sold, and what they were combined to.
    pub considered: usize,
    /// How many each filter left out, in the order in which they are asked; those that left out nothing are not here.
    pub left_out: Vec<(Filter, usize)>,
}

/// Looks for candidates. What cannot be computed with is left out and counted as [`Filter::NoMarket`].
pub fn scan(chain: &Chain, request: &Request) -> Found {
    let mut tally = filter::Tally::default();
    let mut best: Vec<Candidate> = Vec::new();
    for (index, expiration) in chain.expirations.iter().enumerate() {
        let market = Market { spot: chain.spot, rate: chain.rate, yields: expiration.yields };
        let Some(volatility) = expiration.at_the_money(chain.spot).filter(|_| figures::is_sound(&market, expiration))
        else {
            tally.count(Filter::NoMarket, expiration.strikes.len());
            continue;
        };
        let scene = figures::Scene { market, expiration, volatility, request };
        if let Some(refused) = filter::expiration(expiration, &request.filters) {
            tally.count(refused, expiration.strikes.len());
            continue;
        }
        choose::each(&scene, &mut tally, &mut |sold, bought, tally: &mut filter::Tally| {
            let Some(figures) = scene.figures(sold, bought) else { return tally.count(Filter::NoMarket, 1) };
            if let Some(refused) = filter::figures(&figures, &request.filters) {
                return tally.count(refused, 1);
            }
            tally.passed += 1;
            let parts = score::parts(&scene, sold, &figures);
            let score = score::total(&parts);
            let is_same =
                |other: &Candidate| other.expiration == index && other.sold.iter().map(key).eq(sold.iter().map(key));
            match best.iter_mut().rev().find(|other| is_same(other)) {
                Some(other) if other.score >= score => {}
                Some(other) => {
                    *other = Candidate {
                        expiration: index,
                        sold: sold.to_vec(),
                        bought: bought.to_vec(),
                        figures,
                        history: None,
                        score,
                        parts,
                    };
                }
                None => best.push(Candidate {
                    expiration: index,
                    sold: sold.to_vec(),
                    bought: bought.to_vec(),
                    figures,
                    history: None,
                    score,
                    parts,
                }),
            }
        });
    }
    best.sort_by(|one, other| {
        let strikes = |of: &Candidate| of.sold.first().map_or(0.0, |quote| quote.strike);
        let by_score = other.score.total_cmp(&one.score);
        by_score.then(one.expiration.cmp(&other.expiration)).then(strikes(one).total_cmp(&strikes(other)))
    });
    best.truncate(request.most);
    for candidate in &mut best {
        candidate.history = chain
            .expirations
            .get(candidate.expiration)
            .and_then(|expiration| history::of(candidate, expiration, chain.spot, &request.background));
    }
    Found { candidates: best, passed: tally.passed, considered: tally.considered, left_out: tally.left_out() }
}

fn key(quote: &Quote) -> (bool, usize) {
    (quote.side == domain::occ::Side::Call, quote.place)
}
