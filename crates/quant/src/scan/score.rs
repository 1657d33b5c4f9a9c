//! The score: several judgements between 0 and 1 that are shown each by itself, and their mean by weights that are shown as
//! well. Where something is not known its part is not there, and the others weigh more.
//!
//! The scales are those that sellers of options publish: an annual yield of a quarter over that of bills, a third of the
//! width of a spread, a probability of 70 to 90 percent, strikes outside of the expected move, an implied volatility in
//! the upper half of its year. They order candidates; they are no probabilities.

use domain::occ::Side;

use super::{Figures, Kind, Quote, Trend, figures::Scene};

/// What a part of the score looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// The return per year over the risk-free rate; of spreads and condors the credit of the width.
    Return,
    /// The probability of profit.
    Probability,
    /// The expected profit at the realised volatility, per year and collateral.
    Edge,
    /// Bid and ask, and open interest.
    Liquidity,
    /// How far the sold strikes lie outside, in expected moves.
    Cushion,
    /// Where implied volatility stands in its year.
    Volatility,
    /// Earnings and ex-dividend days before the end.
    Events,
    /// Supports, resistances and the trend.
    Chart,
}

/// One part of a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// What it looks at.
    pub aspect: Aspect,
    /// From 0, bad, to 1, good.
    pub value: f64,
    /// How much it weighs beside the others.
    pub weight: f64,
    /// What it was made of, for [`Aspect::Chart`]: the level that counts, if there is one.
    pub level: Option<f64>,
}

/// The weight of what always counts is 90 together; a chart adds 10.
const fn weight(aspect: Aspect) -> f64 {
    match aspect {
        Aspect::Return | Aspect::Probability => 20.0,
        Aspect::Edge | Aspect::Liquidity => 15.0,
        Aspect::Cushion => 10.0,
        Aspect::Volatility | Aspect::Events => 5.0,
        Aspect::Chart => 10.0,
    }
}

/// All parts of a candidate's score.
pub(super) fn parts(scene: &Scene<'_>, sold: &[Quote], figures: &Figures) -> Vec<Part> {
    let kind = scene.request.kind;
    let background = &scene.request.background;
    let plain = |aspect: Aspect, value: f64| Some(Part { aspect, value, weight: weight(aspect), level: None });
    let years = scene.expiration.years;
    let edge = figures.ev_realised.and_then(|ev| {
        let yearly = ev / figures.collateral / years;
        // From losing a tenth of the collateral per year to earning a fifth; of spreads five times that, since theirs is small.
        let scale = if figures.width.is_some() { 5.0 } else { 1.0 };
        plain(Aspect::Edge, ramp(yearly, -0.10 * scale, 0.20 * scale))
    });
    let rank = background.iv_rank.filter(|rank| rank.is_finite());
    [
        plain(Aspect::Return, returns(scene, figures)),
        plain(Aspect::Probability, ramp(figures.pop, 0.5, 0.9)),
        edge,
        plain(Aspect::Liquidity, liquidity(figures)),
        plain(Aspect::Cushion, ramp(figures.moves, 0.25, 1.25)),
        rank.and_then(|rank| plain(Aspect::Volatility, ramp(rank, 10.0, 60.0))),
        plain(Aspect::Events, events(scene, sold)),
        chart(scene, kind, sold),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The mean of parts by their weights, 0 to 100.
pub(super) fn total(parts: &[Part]) -> f64 {
    let weights: f64 = parts.iter().map(|part| part.weight).sum();
    let sum: f64 = parts.iter().map(|part| part.weight * part.value).sum();
    if weights > 0.0 { 100.0 * sum / weights } else { 0.0 }
}

/// 0 up to `from`, 1 from `to` on, straight between.
fn ramp(value: f64, from: f64, to: f64) -> f64 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}

fn returns(scene: &Scene<'_>, figures: &Figures) -> f64 {
    let excess = figures.annualised - scene.market.rate;
    match figures.credit_of_width {
        Some(share) => ramp(share, 0.10, 0.40),
        // What a margin account sets aside is a fraction of what a cash account does.
        None if scene.request.kind == Kind::Strangle => ramp(excess, 0.0, 0.75),
        None => ramp(excess, 0.0, 0.25),
    }
}

/// Half of it is the spread of bid and ask, half the open interest on a logarithmic scale from 10 to 1,000.
fn liquidity(figures: &Figures) -> f64 {
    let tight = 1.0 - ramp(figures.spread, 0.02, 0.15);
    match figures.open_interest {
        Some(open) => f64::midpoint(tight, ramp(libm::log10(open.max(1.0)), 1.0, 3.0)),
        None => tight,
    }
}

/// Earnings before the end are the worst; a dividend matters to whoever has sold a call.
fn events(scene: &Scene<'_>, sold: &[Quote]) -> f64 {
    let has_call = sold.iter().any(|quote| quote.side == Side::Call);
    if scene.expiration.has_earnings {
        0.0
    } else if scene.expiration.dividend.is_some() && has_call {
        0.5
    } else {
        1.0
    }
}

/// A level between the price and a sold strike speaks for it, one beyond the strike only says that there is none on the way. The
/// trend moves it by as much.
fn chart(scene: &Scene<'_>, kind: Kind, sold: &[Quote]) -> Option<Part> {
    let background = &scene.request.background;
    if background.supports.is_empty() && background.resistances.is_empty() && background.trend.is_none() {
        return None;
    }
    let spot = scene.market.spot;
    let mut level = None;
    let mut value = 0.5;
    #[expect(clippy::cast_precision_loss, reason = "one or two options")]
    let share = 1.0 / sold.len().max(1) as f64;
    for quote in sold {
        let levels = match quote.side {
            Side::Put => &background.supports,
            Side::Call => &background.resistances,
        };
        if levels.is_empty() {
            continue;
        }
        // A level within half a percent of the strike counts as at it.
        let slack = 0.005 * spot;
        let is_between = |level: &&f64| match quote.side {
            Side::Put => **level < spot && **level >= quote.strike - slack,
            Side::Call => **level > spot && **level <= quote.strike + slack,
        };
        let nearest = levels
            .iter()
            .filter(is_between)
            .min_by(|one, other| (*one - quote.strike).abs().total_cmp(&(*other - quote.strike).abs()));
        value += share * if nearest.is_some() { 0.3 } else { -0.3 };
        level = level.or(nearest.copied());
    }
    value += match (background.trend, kind) {
        (None, _) => 0.0,
        (Some(Trend::Up), Kind::CashSecuredPut | Kind::PutSpread) => 0.2,
        (Some(Trend::Down), Kind::CashSecuredPut | Kind::PutSpread) => -0.2,
        (Some(Trend::Down), Kind::CallSpread) => 0.2,
        (Some(Trend::Up), Kind::CallSpread) => -0.2,
        (Some(Trend::Sideways), Kind::IronCondor | Kind::Strangle | Kind::CoveredCall) => 0.2,
        (Some(Trend::Up | Trend::Down), Kind::IronCondor | Kind::Strangle) => -0.2,
        (Some(Trend::Down), Kind::CoveredCall) => -0.2,
        (Some(Trend::Up), Kind::CoveredCall) | (Some(Trend::Sideways), _) => 0.0,
    };
    Some(Part { aspect: Aspect::Chart, value: f64::clamp(value, 0.0, 1.0), weight: weight(Aspect::Chart), level })
}
