//! How the underlying moved before over as long a time: a second opinion beside the model.

use super::{Background, Candidate, Expiration};

/// Trading days of a year of calendar days.
const TRADING: f64 = 252.0 / 365.0;
/// Fewer periods than this say nothing.
const LEAST: usize = 60;

/// What would have come of a candidate in the past periods of its length, each scaled to the price now. The periods
/// overlap, so that they say less than their number suggests. Shares of a covered call count as in the model: from what they
/// cost where it is lost or not, from the price now in the mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct History {
    /// How many periods.
    pub periods: usize,
    /// Trading days of each.
    pub days: usize,
    /// The share of them that would have ended with a loss.
    pub losses: f64,
    /// The mean profit, in dollars of one contract.
    pub mean: f64,
}

/// The history of a candidate; `None` where too few closing prices are known.
pub(super) fn of(
    candidate: &Candidate,
    expiration: &Expiration,
    spot: f64,
    background: &Background,
) -> Option<History> {
    let closes: Vec<f64> =
        background.closes.iter().copied().filter(|close| close.is_finite() && *close > 0.0).collect();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "days of some years, bounded")]
    let days = ((expiration.years.clamp(0.0, 10.0) * 365.0 * TRADING).round() as usize).max(1);
    let periods = closes.len().checked_sub(days).filter(|periods| *periods >= LEAST)?;
    let (mut losses, mut sum) = (0_usize, 0.0);
    let cost = candidate.figures.covered.map_or(spot, |covered| covered.basis);
    for (before, after) in closes.iter().zip(closes.iter().skip(days)) {
        let price = spot * after / before;
        losses += usize::from(profit(candidate, cost, price) < 0.0);
        sum += profit(candidate, spot, price);
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of days")]
    let (losses, mean) = (losses as f64 / periods as f64, sum / periods as f64);
    mean.is_finite().then_some(History { periods, days, losses, mean })
}

/// Profit at the end after fees, where the shares of a covered call count from this price.
fn profit(candidate: &Candidate, from: f64, price: f64) -> f64 {
    let figures = &candidate.figures;
    let paid = |strike: f64, side| match side {
        domain::occ::Side::Call => (price - strike).max(0.0),
        domain::occ::Side::Put => (strike - price).max(0.0),
    };
    let sold: f64 = candidate.sold.iter().map(|quote| paid(quote.strike, quote.side)).sum();
    let bought: f64 = candidate.bought.iter().map(|quote| paid(quote.strike, quote.side)).sum();
    let shares = figures.covered.map_or(0.0, |_| price - from);
    (figures.credit + bought - sold + shares) * figures.multiplier - figures.fees
}
