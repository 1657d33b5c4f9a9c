//! What is left out of a scan, and by what.

use super::{Expiration, Figures, Kind, Quote};

/// A spread of bid and ask of so many dollars per share is never too wide.
const NARROW: f64 = 0.05;

/// Why something was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    /// Bid, ask, volatility or delta are not known, or there is no bid to sell at.
    NoMarket,
    /// The expiration is too near or too far.
    Days,
    /// Earnings come before the end.
    Earnings,
    /// What would be sold is in the money, or not far enough out of it.
    OutOfTheMoney,
    /// The strike of the call lies below what the shares cost.
    Basis,
    /// The delta of what is sold, or of what is bought, lies outside of its band.
    Delta,
    /// Too few open contracts.
    OpenInterest,
    /// Too few contracts traded today.
    Volume,
    /// Bid and ask are too far apart.
    Spread,
    /// The strikes are too near to each other or too far apart.
    Width,
    /// The credit is too small.
    Credit,
    /// The credit is too small for the width.
    CreditOfWidth,
    /// It ties up too much money.
    Collateral,
    /// It returns too little per year.
    Annualised,
    /// The probability of profit is too small.
    Probability,
}

/// What is left out. Deltas are without their sign; shares are fractions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filters {
    /// Days to expiration, both ends among them.
    pub days: (i64, i64),
    /// The delta of what is sold.
    pub delta: (f64, f64),
    /// The delta of what is bought.
    pub long_delta: (f64, f64),
    /// How far out of the money what is sold is at least, of the price.
    pub least_otm: f64,
    /// The least open interest of what is sold and bought; what has none told passes.
    pub least_open_interest: f64,
    /// The least contracts traded today, likewise.
    pub least_volume: f64,
    /// The widest spread of bid and ask, of the middle; five cents are never too wide.
    pub widest_spread: f64,
    /// The distance of the strikes of a spread, in dollars.
    pub width: (f64, f64),
    /// The least credit per share.
    pub least_credit: f64,
    /// The least credit of the width of a spread, of the wider one of a condor.
    pub least_credit_of_width: f64,
    /// The most collateral, in dollars of one contract.
    pub most_collateral: f64,
    /// The least return on the collateral per year.
    pub least_annualised: f64,
    /// The least probability of profit.
    pub least_probability: f64,
    /// Whether expirations behind an earnings report are left out.
    pub without_earnings: bool,
    /// Whether calls below the cost of the shares are left out.
    pub above_basis: bool,
}

impl Filters {
    /// What sellers of options usually ask for: 30 to 45 days, deltas by strategy, 100 open contracts, bid and ask within a
    /// tenth of the middle, a dime of credit. A spread or condor brings 15 % of its width at least; the usual third is
    /// what it is scored by.
    pub const fn usual(kind: Kind) -> Self {
        let (delta, long_delta, of_width) = match kind {
            Kind::CashSecuredPut => ((0.16, 0.30), (0.0, 1.0), 0.0),
            Kind::CoveredCall => ((0.20, 0.35), (0.0, 1.0), 0.0),
            Kind::PutSpread | Kind::CallSpread => ((0.20, 0.35), (0.05, 0.25), 0.15),
            Kind::IronCondor => ((0.12, 0.22), (0.02, 0.15), 0.15),
            Kind::Strangle => ((0.12, 0.22), (0.0, 1.0), 0.0),
        };
        Self {
            days: (30, 45),
            delta,
            long_delta,
            least_otm: 0.0,
            least_open_interest: 100.0,
            least_volume: 0.0,
            widest_spread: 0.10,
            width: (0.0, f64::MAX),
            least_credit: 0.10,
            least_credit_of_width: of_width,
            most_collateral: f64::MAX,
            least_annualised: 0.0,
            least_probability: 0.0,
            without_earnings: false,
            above_basis: true,
        }
    }
}

/// How many were looked at and left out.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) considered: usize,
    pub(super) passed: usize,
    counts: [usize; 16],
}

impl Tally {
    /// Counts what a filter left out.
    pub(super) fn count(&mut self, filter: Filter, many: usize) {
        if let Some(count) = self.counts.get_mut(filter as usize) {
            *count = count.saturating_add(many);
        }
    }

    /// What each filter left out.
    pub(super) fn left_out(&self) -> Vec<(Filter, usize)> {
        ALL.into_iter()
            .filter_map(|filter| Some((filter, *self.counts.get(filter as usize)?)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

const ALL: [Filter; 15] = [
    Filter::NoMarket,
    Filter::Days,
    Filter::Earnings,
    Filter::OutOfTheMoney,
    Filter::Basis,
    Filter::Delta,
    Filter::OpenInterest,
    Filter::Volume,
    Filter::Spread,
    Filter::Width,
    Filter::Credit,
    Filter::CreditOfWidth,
    Filter::Collateral,
    Filter::Annualised,
    Filter::Probability,
];

/// What refuses a whole expiration.
pub(super) fn expiration(expiration: &Expiration, filters: &Filters) -> Option<Filter> {
    let (least, most) = filters.days;
    if !(least..=most).contains(&expiration.dte) {
        return Some(Filter::Days);
    }
    (filters.without_earnings && expiration.has_earnings).then_some(Filter::Earnings)
}

/// What refuses an option that would be sold. `otm` is how far it is out of the money, of the price.
pub(super) fn sold(quote: &Quote, otm: f64, basis: Option<f64>, filters: &Filters) -> Option<Filter> {
    if quote.bid <= 0.0 {
        return Some(Filter::NoMarket);
    }
    if otm < 0.0 || otm < filters.least_otm {
        return Some(Filter::OutOfTheMoney);
    }
    if filters.above_basis && basis.is_some_and(|basis| quote.strike < basis) {
        return Some(Filter::Basis);
    }
    common(quote, filters.delta, quote.mid(), filters)
}

/// What refuses an option that would be bought beside one that is sold for `mid`.
pub(super) fn bought(quote: &Quote, mid: f64, filters: &Filters) -> Option<Filter> {
    common(quote, filters.long_delta, mid.max(quote.mid()), filters)
}

fn common(quote: &Quote, (least, most): (f64, f64), mid: f64, filters: &Filters) -> Option<Filter> {
    if !(least..=most).contains(&quote.delta.abs()) {
        Some(Filter::Delta)
    } else if quote.open_interest.is_some_and(|count| count < filters.least_open_interest) {
        Some(Filter::OpenInterest)
    } else if quote.volume.is_some_and(|count| count < filters.least_volume) {
        Some(Filter::Volume)
    } else if quote.spread() > (filters.widest_spread * mid).max(NARROW) + 1e-9 {
        Some(Filter::Spread)
    } else {
        None
    }
}

/// What refuses a whole candidate by its cheap figures: strikes and credit.
pub(super) fn terms(width: Option<f64>, credit: f64, filters: &Filters) -> Option<Filter> {
    let (narrowest, widest) = filters.width;
    // A strike is a decimal, and a difference of two may be off by its last digit.
    let slack = 1e-9;
    if width.is_some_and(|width| width < narrowest - slack || width > widest + slack) {
        return Some(Filter::Width);
    }
    if credit <= 0.0 || credit < filters.least_credit - slack {
        return Some(Filter::Credit);
    }
    let is_poor = width.is_some_and(|width| credit < filters.least_credit_of_width * width - slack);
    is_poor.then_some(Filter::CreditOfWidth)
}

/// What refuses a whole candidate by its figures.
pub(super) fn figures(figures: &Figures, filters: &Filters) -> Option<Filter> {
    if figures.collateral > filters.most_collateral {
        Some(Filter::Collateral)
    } else if figures.annualised < filters.least_annualised {
        Some(Filter::Annualised)
    } else if figures.pop < filters.least_probability {
        Some(Filter::Probability)
    } else {
        None
    }
}
