//! What `analyze_portfolio` computes and shows, without a platform: positions as strategies and their marks, exposure,
//! concentration, stress, rolls.

mod exposure;
mod marks;
pub(crate) mod rolls;
mod strategies;
mod stress;
mod text;

use std::collections::BTreeMap;

use agents::rules::portfolio as rules;
use chrono::NaiveDate;
use contract::{
    account::{Source, positions::PositionRow},
    analysis::{
        DISCLAIMER,
        portfolio::{Attention, PortfolioAnalysis, Reason, StrategyRow, Urgency, Why},
    },
    portfolio::AccountBalance,
};
use domain::{Decimal, Timestamp, portfolio::Direction};

pub(crate) use self::{strategies::Strategy, text::text};
use crate::{chain::float, gather::metrics::Figures, tools::holdings::rounded};

/// The fund that deltas are weighted against.
pub(crate) const INDEX: &str = "SPY";

/// All that was read.
#[derive(Debug)]
pub(crate) struct Read<'a> {
    /// Sorted by account and underlying.
    pub(crate) rows: &'a [PositionRow],
    /// When options end, by their symbols.
    pub(crate) ends: BTreeMap<&'a str, Timestamp>,
    /// Of the same accounts.
    pub(crate) balances: &'a [AccountBalance],
    /// Of the underlyings.
    pub(crate) metrics: &'a BTreeMap<String, Figures>,
    /// The price of [`INDEX`].
    pub(crate) spy: Option<f64>,
    pub(crate) vix: Option<f64>,
    /// The risk-free rate per year, a fraction.
    pub(crate) rate: f64,
    pub(crate) now: Timestamp,
    /// In New York.
    pub(crate) today: NaiveDate,
    /// Where the positions and balances come from.
    pub(crate) source: Source,
    /// When the oldest of them was read.
    pub(crate) as_of: Option<Timestamp>,
}

impl Read<'_> {
    /// The sum of the accounts' net liquidating values.
    fn net_liq(&self) -> Option<f64> {
        sum(self.balances.iter().map(|row| number(row.net_liquidating_value)))
    }

    fn metrics(&self, underlying: &str) -> Option<&Figures> {
        self.metrics.get(underlying)
    }

    /// The fund itself moves with itself, whatever is known of it.
    fn beta(&self, underlying: &str) -> Option<f64> {
        if underlying == INDEX { Some(1.0) } else { self.metrics(underlying)?.beta }
    }

    /// The price of a row's underlying.
    fn price(&self, row: &PositionRow) -> Option<f64> {
        number(row.underlying_price).filter(|price| *price > 0.0)
    }
}

/// Everything but rolls, the id and what is to be said beside it, with the strategies that it speaks of.
pub(crate) fn analysis(read: &Read<'_>) -> (PortfolioAnalysis, Vec<Strategy>) {
    let mut missing = Vec::new();
    let strategies = strategies::found(read);
    let worth = exposure::worth(read);
    let (greeks, underlyings) = exposure::underlyings(read, &mut missing);
    let sectors = exposure::sectors(read, &underlyings);
    let together = exposure::together(&underlyings);
    let stress = stress::table(read, &mut missing);
    let attention = attention(&strategies);
    let mut output = PortfolioAnalysis {
        analysis_id: String::new(),
        accounts: read.balances.iter().map(|row| row.account.clone()).collect(),
        summary: contract::analysis::Summary::default(),
        attention,
        worth,
        greeks,
        stress,
        underlyings,
        sectors,
        together,
        strategies: strategies.iter().map(|strategy| strategy.row.clone()).collect(),
        missing,
        notes: Vec::new(),
        disclaimer: DISCLAIMER.to_owned(),
    };
    output.summary = rules::summary(&facts(&output));
    (output, strategies)
}

/// The sum of the deltas that are known, weighted by beta.
pub(crate) fn beta_weighted_delta(read: &Read<'_>) -> Option<f64> {
    exposure::underlyings(read, &mut Vec::new()).0.beta_weighted_delta
}

/// The strategies that have reasons to be looked at, the most urgent first.
fn attention(strategies: &[Strategy]) -> Vec<Attention> {
    let with_reasons = strategies.iter().filter_map(|strategy| {
        let urgency = strategy.reasons.iter().map(|reason| reason.urgency).min()?;
        let StrategyRow { account, underlying, strategy: name, legs, .. } = strategy.row.clone();
        let reasons = strategy.reasons.clone();
        Some(Attention { account, underlying, strategy: name, legs, urgency, reasons, rolls: Vec::new() })
    });
    let mut found: Vec<Attention> = with_reasons.collect();
    found.sort_by_key(|one| one.urgency);
    found
}

/// What the summary is written from.
fn facts(output: &PortfolioAnalysis) -> rules::Facts {
    let reasons = |code: Why| -> usize {
        let with = |reasons: &[Reason]| reasons.iter().any(|reason| reason.code == code);
        output.attention.iter().filter(|one| with(&one.reasons)).count()
    };
    let counted = |words: &[(Why, &str)]| -> Vec<(String, usize)> {
        let counted = words.iter().map(|(code, word)| ((*word).to_owned(), reasons(*code)));
        counted.filter(|(_, number)| *number > 0).collect()
    };
    let risks = [
        (Why::AssignmentRisk, "at risk of assignment"),
        (Why::LossLimit, "at a loss of twice the credit"),
        (Why::Tested, "tested"),
        (Why::Expiring, "expiring within a week"),
        (Why::Days21, "at 21 days"),
        (Why::ExDividend, "with an ex-dividend day"),
        (Why::Earnings, "with earnings within a week"),
    ];
    let today = output.attention.iter().filter(|one| one.urgency == Urgency::High).count();
    let worth = &output.worth;
    rules::Facts {
        strategies: output.strategies.len(),
        attention: (output.attention.len(), today),
        day: worth.day_pnl.zip(worth.day_pnl_percent),
        beta_weighted_delta: output.greeks.beta_weighted_delta,
        beta_weighted_delta_percent: output.greeks.beta_weighted_delta_percent,
        theta: output.greeks.theta.zip(output.greeks.theta_percent),
        vega: output.greeks.vega,
        buying_power: worth.used_buying_power_percent,
        usual: worth.usual_buying_power_percent.zip(worth.vix),
        name: output.underlyings.first().and_then(|row| Some((row.symbol.clone(), row.percent_of_net_liq?))),
        sector: output.sectors.first().and_then(|row| Some((row.sector.clone(), row.percent_of_net_liq?))),
        effective_names: output.together.effective_names,
        worst: output.stress.as_ref().and_then(|stress| stress::worst(stress, worth.net_liquidating_value)),
        gains: counted(&[(Why::ProfitTarget, "at the profit target")]),
        risks: counted(&risks),
    }
}

fn number(decimal: Option<Decimal>) -> Option<f64> {
    decimal.and_then(float)
}

/// The quantity with its sign.
fn signed(row: &PositionRow) -> f64 {
    let size = float(row.quantity).unwrap_or_default();
    if row.quantity_direction == Direction::Short { -size } else { size }
}

/// The sum; `None` if one part is not known.
fn sum(parts: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let sum = parts.into_iter().try_fold(0.0, |sum, part| Some(sum + part?));
    sum.filter(|sum: &f64| sum.is_finite())
}

fn cents(value: Option<f64>) -> Option<f64> {
    value.map(|value| rounded(value, 2))
}

/// A part in percent of a whole.
fn percent_of(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    small_percent_of(part, whole).map(|percent| rounded(percent, 2))
}

/// The same of a small part, with more digits.
fn small_percent_of(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    let share = quant::portfolio::portion(part?, whole?).ok()?;
    Some(rounded(share * 100.0, 4))
}

#[cfg(test)]
mod tests;
