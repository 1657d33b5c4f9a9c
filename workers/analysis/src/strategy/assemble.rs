//! The answer: figures, both sides in words, what is missing.

use chrono::NaiveDate;
use contract::analysis::{
    DISCLAIMER,
    strategy::{BreakEven, StrategyAnalysis, Wanted},
};
use domain::Error;
use quant::strategy::{Method, Model};

use super::{
    figures::{self, cents, percent, wrong},
    market::{self, Setting},
    place::Placed,
};
use crate::gather::{chain::Columns, metrics::Figures};

/// What an answer is made of.
pub(crate) struct Frame<'a> {
    pub(crate) id: String,
    pub(crate) wanted: &'a Wanted,
    pub(crate) placed: &'a [Placed<'a>],
    pub(crate) columns: &'a Columns,
    /// Per year, a fraction.
    pub(crate) rate: f64,
    pub(crate) metrics: Option<&'a Figures>,
    /// In New York.
    pub(crate) today: NaiveDate,
    /// What went wrong on the way.
    pub(crate) notes: Vec<String>,
}

/// The whole answer.
///
/// # Errors
///
/// A leg without a price, or quotes that did not come.
pub(crate) fn analysis(frame: Frame<'_>) -> Result<StrategyAnalysis, Error> {
    let Frame { id, wanted, placed, columns, rate, metrics, today, notes } = frame;
    let setting = market::setting(wanted, placed, columns, rate)?;
    let events = metrics.map(|of| &of.events);
    let (odds, outcome) =
        figures::odds(&setting, setting.volatility, "implied, at the money of the first expiration").map_err(wrong)?;
    let historical = metrics.and_then(|of| of.hv_30_day).filter(|hv| *hv > 0.0);
    let odds_at_historical_volatility =
        historical.and_then(|hv| figures::odds(&setting, hv / 100.0, "historical, 30 days").ok()).map(|(odds, _)| odds);
    let first = placed.iter().min_by_key(|placed| placed.listed.expiration.date);
    let (date, root) = first.map_or((today, ""), |of| (of.listed.expiration.date, of.listed.root.root.as_str()));
    let expiration = columns.expirations.iter().find(|of| of.date == date && of.root == root);
    let expected_move =
        expiration.map(|of| figures::expected(&setting, of)).transpose().map_err(wrong)?.unwrap_or_default();
    let (margin, collateral) = figures::margin(&setting).map_err(wrong)?;
    let shares = setting.strategy.shares();
    let mut unlimited = Vec::new();
    unlimited.extend(outcome.max_profit.is_none().then(|| "profit".to_owned()));
    unlimited.extend(outcome.max_loss.is_none().then(|| "loss".to_owned()));
    let spot = setting.market.spot;
    let mut analysis = StrategyAnalysis {
        analysis_id: id,
        symbol: wanted.symbol.to_string(),
        strategy: setting.strategy.shape().name().to_owned(),
        underlying_price: cents(spot),
        expiration: date,
        dte: setting.legs.iter().map(|leg| leg.dte).min().unwrap_or(0),
        legs: figures::legs(&setting)?,
        shares: shares.quantity,
        share_price: (shares.quantity != 0.0).then_some(shares.price),
        net_credit: cents(outcome.net_credit),
        natural_credit: figures::natural(&setting).map(cents),
        max_profit: outcome.max_profit.map(cents),
        max_loss: outcome.max_loss.map(|least| cents((-least).max(0.0))),
        unlimited,
        break_evens: outcome
            .break_evens
            .iter()
            .map(|price| BreakEven { price: cents(*price), percent: percent(price / spot - 1.0) })
            .collect(),
        scenarios: figures::scenarios(&setting, &outcome, expected_move.by_volatility).map_err(wrong)?,
        management: figures::management(&setting, &outcome, expected_move.by_volatility, events, today),
        events: figures::events(&setting, events),
        returns: figures::returns(&setting, &outcome, collateral.as_ref()),
        greeks: figures::greeks(&setting).map_err(wrong)?,
        fees: figures::fees(&setting),
        odds,
        odds_at_historical_volatility,
        margin,
        expected_move,
        exercise: if setting.model == Model::American { "american" } else { "european" }.to_owned(),
        iv_rank: metrics.and_then(|of| of.iv_rank),
        rate: percent(rate),
        dividend_yield: percent(setting.market.yields),
        summary: contract::analysis::Summary::default(),
        disclaimer: DISCLAIMER.to_owned(),
        source: columns.source,
        as_of: columns.as_of,
        missing: columns.missing.clone(),
        notes,
    };
    if metrics.is_none() {
        let why = "IV rank, historical volatility, earnings and dividend: TastyTrade told no metrics";
        analysis.missing.push(why.to_owned());
    }
    analysis.notes.extend(columns.notes.iter().chain(&setting.notes).cloned());
    analysis.notes.extend(remarks(&setting, outcome.method));
    analysis.summary = agents::rules::strategy::summary(&facts(&analysis, &setting, metrics, today));
    Ok(analysis)
}

fn remarks(setting: &Setting, method: Method) -> Vec<String> {
    let mut notes = Vec::new();
    if method == Method::Sampled {
        notes.push(
            "The legs expire at different times: limits, break-evens and odds are those at the first expiration, the later \
             legs revalued then at today's volatilities."
                .to_owned(),
        );
    }
    if setting.legs.iter().any(|leg| leg.iv_source == "neighbour") {
        notes.push("A leg has no volatility of its own: that of the nearest strike is taken.".to_owned());
    }
    if setting.legs.iter().any(|leg| !leg.is_given && leg.bid.is_none_or(|bid| bid <= 0.0)) {
        notes.push("A leg has no bid: its price is half of what is asked.".to_owned());
    }
    notes
}

fn facts(
    of: &StrategyAnalysis,
    setting: &Setting,
    metrics: Option<&Figures>,
    today: NaiveDate,
) -> agents::rules::strategy::Facts {
    let events = metrics.map(|metrics| &metrics.events);
    let day = |date: NaiveDate| date.format("%-d %b").to_string();
    let sold = || setting.legs.iter().filter(|leg| leg.count < 0);
    let in_moves = |strike: f64, is_call: bool| {
        let away = if is_call { strike - of.underlying_price } else { of.underlying_price - strike };
        away / of.expected_move.by_volatility
    };
    let short_strikes = sold().map(|leg| {
        let is_call = leg.leg.side == domain::occ::Side::Call;
        (leg.name(), in_moves(leg.leg.strike, is_call))
    });
    let has_short_call = sold().any(|leg| leg.leg.side == domain::occ::Side::Call);
    let assigned = sold().filter(|leg| {
        let found = figures::assignment(setting, leg, events, today);
        setting.model == Model::American && found.is_some_and(|found| found.risk == quant::rules::Risk::High)
    });
    let nearest = of.break_evens.iter().min_by(|one, other| one.percent.abs().total_cmp(&other.percent.abs()));
    agents::rules::strategy::Facts {
        name: of.strategy.clone(),
        symbol: of.symbol.clone(),
        spot: of.underlying_price,
        dte: of.dte,
        net_credit: of.net_credit,
        max_profit: of.max_profit,
        max_loss: of.max_loss,
        nearest_break_even: nearest.map(|even| (even.price, even.percent)),
        expected_move: of.expected_move.by_volatility,
        pop: of.odds.pop,
        p50: of.odds.p50,
        ev: of.odds.ev,
        ev_historical: of.odds_at_historical_volatility.as_ref().map(|odds| odds.ev),
        iv: of.odds.volatility,
        hv: metrics.and_then(|metrics| metrics.hv_30_day),
        iv_rank: of.iv_rank,
        buying_power: of.margin.buying_power,
        annualized: of.returns.on_buying_power_annualized,
        theta: of.greeks.theta,
        vega: of.greeks.vega,
        fees: of.fees.open.zip(of.fees.close).map(|(open, close)| open + close),
        spread_cost: of
            .natural_credit
            .map(|natural| of.net_credit - natural)
            .filter(|_| !setting.legs.iter().any(|leg| leg.is_given)),
        short_strikes: if of.expected_move.by_volatility > 0.0 { short_strikes.collect() } else { Vec::new() },
        earnings: of.events.earnings_date.filter(|_| of.events.earnings_within == Some(true)).map(day),
        ex_dividend: of
            .events
            .ex_dividend_date
            .filter(|_| of.events.ex_dividend_within == Some(true) && has_short_call)
            .map(day),
        assignment: assigned.map(super::market::Priced::name).collect(),
    }
}
