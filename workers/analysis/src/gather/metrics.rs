//! Metrics of underlyings as numbers to compute with.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use contract::market::Source;
use domain::{Error, Symbol, Timestamp, UserId};

use super::events::{self, Dividends, Events};
use crate::{
    app::App,
    chain::float,
    metrics::{self, Found, Known},
    tools::new_york,
};

/// A yield of more percent is taken for a mistake.
const MOST_YIELD: f64 = 100.0;

/// The metrics of one underlying. Volatilities, ranks and yields are in percent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figures {
    pub(crate) sector: Option<String>,
    pub(crate) iv_index: Option<f64>,
    pub(crate) iv_rank: Option<f64>,
    pub(crate) iv_percentile: Option<f64>,
    pub(crate) iv_30_day: Option<f64>,
    pub(crate) hv_30_day: Option<f64>,
    pub(crate) iv_hv_30_day_difference: Option<f64>,
    /// The volatility of each expiration that has not passed.
    pub(crate) terms: Vec<(NaiveDate, f64)>,
    pub(crate) beta: Option<f64>,
    pub(crate) correlation_spy_3_month: Option<f64>,
    pub(crate) liquidity_rating: Option<f64>,
    pub(crate) borrow_rate: Option<f64>,
    pub(crate) dividend_yield: Option<f64>,
    pub(crate) events: Events,
    pub(crate) source: Source,
    pub(crate) as_of: Timestamp,
}

impl Figures {
    /// What the underlying pays.
    pub(crate) fn dividends(&self) -> Dividends {
        let yields = self.dividend_yield.filter(|percent| (0.0..MOST_YIELD).contains(percent)).map(|of| of / 100.0);
        Dividends { yields, ex_dividend: self.events.ex_dividend }
    }
}

/// The metrics of those symbols that have any, by symbol, and why those that lack are missing or are from before.
///
/// # Errors
///
/// A lost login.
pub(crate) async fn metrics(
    app: &App,
    user: &UserId,
    symbols: &[Symbol],
) -> Result<(BTreeMap<String, Figures>, Option<Error>), Error> {
    let Found { known, failure } = metrics::find(app, user, symbols, metrics::is_delayed(app, user)).await?;
    let today = new_york::day(app.now);
    Ok((known.into_iter().map(|known| (known.metrics.symbol.clone(), figures(known, today))).collect(), failure))
}

fn figures(known: Known, today: NaiveDate) -> Figures {
    let Known { metrics, source, as_of } = known;
    let number = |value: Option<domain::Decimal>| value.and_then(float);
    Figures {
        sector: metrics.sector.clone(),
        events: events::events(&metrics, today),
        iv_index: number(metrics.iv_index),
        iv_rank: number(metrics.iv_rank),
        iv_percentile: number(metrics.iv_percentile),
        iv_30_day: number(metrics.iv_30_day),
        hv_30_day: number(metrics.hv_30_day),
        iv_hv_30_day_difference: number(metrics.iv_hv_30_day_difference),
        terms: metrics
            .term_structure
            .iter()
            .filter(|term| term.expiration >= today)
            .filter_map(|term| Some((term.expiration, float(term.iv)?)))
            .collect(),
        beta: number(metrics.beta),
        correlation_spy_3_month: number(metrics.correlation_spy_3_month),
        liquidity_rating: number(metrics.liquidity_rating),
        borrow_rate: number(metrics.borrow_rate),
        dividend_yield: number(metrics.dividend_yield),
        source: source.into(),
        as_of,
    }
}
