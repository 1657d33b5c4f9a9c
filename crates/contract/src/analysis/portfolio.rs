//! `analyze_portfolio`.

use chrono::NaiveDate;
use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::Summary;
use crate::account::Source;

/// Arguments of `analyze_portfolio`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AnalyzePortfolioInput {
    /// One account (its number, the masked form or its last four characters) or `all`. Without it the default account, or all
    /// where none is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Whether rolls for a net credit are looked for, which takes some seconds longer.
    #[serde(default = "yes", alias = "includeRolls", alias = "include_rolls")]
    pub rolls: bool,
}

impl Default for AnalyzePortfolioInput {
    fn default() -> Self {
        Self { account: None, rolls: true }
    }
}

fn yes() -> bool {
    true
}

/// What the accounts are worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Worth {
    /// Net liquidating value.
    pub net_liquidating_value: Option<f64>,
    /// Cash.
    pub cash_balance: Option<f64>,
    /// Of open positions.
    pub unrealized_pnl: Option<f64>,
    /// Of today, what was realised included.
    pub day_pnl: Option<f64>,
    /// The same in percent of net liq.
    pub day_pnl_percent: Option<f64>,
    /// Buying power that positions and orders take.
    pub used_buying_power: Option<f64>,
    /// The same in percent of net liq.
    pub used_buying_power_percent: Option<f64>,
    /// Buying power left for options.
    pub available_buying_power: Option<f64>,
    /// VIX.
    pub vix: Option<f64>,
    /// How much buying power options sellers commonly use at this VIX, at most, percent: a rule of thumb.
    pub usual_buying_power_percent: Option<f64>,
    /// Where it comes from.
    pub source: Source,
    /// When it was read.
    pub as_of: Option<Timestamp>,
}

/// Greeks of everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Greeks {
    /// SPY.
    pub spy_price: Option<f64>,
    /// Shares of SPY that it moves like: delta * beta * price / SPY.
    pub beta_weighted_delta: Option<f64>,
    /// Percent of net liq gained when SPY rises by one dollar.
    pub beta_weighted_delta_percent: Option<f64>,
    /// By how much that delta changes when SPY rises by one dollar.
    pub beta_weighted_gamma: Option<f64>,
    /// Dollars per day.
    pub theta: Option<f64>,
    /// The same in percent of net liq.
    pub theta_percent: Option<f64>,
    /// Dollars per point of volatility.
    pub vega: Option<f64>,
    /// `dxlink` (live), `computed`, or `mixed`.
    pub source: String,
    /// When the oldest of it was read.
    pub as_of: Option<Timestamp>,
}

/// All that is held in one underlying.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnderlyingRow {
    /// The underlying.
    pub symbol: String,
    /// Its sector.
    pub sector: Option<String>,
    /// Its price.
    pub price: Option<f64>,
    /// Its beta to SPY.
    pub beta: Option<f64>,
    /// Its correlation to SPY over three months.
    pub correlation_spy: Option<f64>,
    /// What the positions are worth.
    pub market_value: Option<f64>,
    /// Buying power that they take: an estimate by the general margin rules.
    pub buying_power: Option<f64>,
    /// The same in percent of net liq.
    pub percent_of_net_liq: Option<f64>,
    /// Since they were opened.
    pub unrealized_pnl: Option<f64>,
    /// Of today.
    pub day_pnl: Option<f64>,
    /// In shares of SPY.
    pub beta_weighted_delta: Option<f64>,
    /// Dollars per day.
    pub theta: Option<f64>,
    /// Dollars per point of volatility.
    pub vega: Option<f64>,
    /// The next report of earnings.
    pub earnings: Option<NaiveDate>,
    /// The next ex-dividend day.
    pub ex_dividend: Option<NaiveDate>,
}

/// All that is held in one sector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SectorRow {
    /// The sector.
    pub sector: String,
    /// Buying power, as of underlyings.
    pub buying_power: f64,
    /// The same in percent of net liq.
    pub percent_of_net_liq: Option<f64>,
}

/// How much everything moves together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Together {
    /// Correlation to SPY, weighted by buying power.
    pub correlation_spy: Option<f64>,
    /// As many equal names would be as concentrated.
    pub effective_names: Option<f64>,
    /// In words.
    pub hint: String,
}

/// Profit or loss if the market moved at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stress {
    /// Moves of SPY in percent: the columns of `change`.
    pub spot_percent: Vec<f64>,
    /// Points added to each volatility: the rows of `change`.
    pub volatility_points: Vec<f64>,
    /// Dollars.
    pub change: Vec<Vec<f64>>,
    /// The worst of them in percent of net liq.
    pub worst_percent: Option<f64>,
    /// How it was computed.
    pub method: String,
}

/// Positions that make up a strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StrategyRow {
    /// The account's masked number.
    pub account: String,
    /// The underlying.
    pub underlying: String,
    /// For example covered call, short strangle, shares.
    pub strategy: String,
    /// Its first expiration.
    pub expiration: Option<NaiveDate>,
    /// Days until then.
    pub dte: Option<i64>,
    /// For example -1 AAPL 18 Dec 26 255 C.
    pub legs: Vec<String>,
    /// How often it is held.
    pub quantity: f64,
    /// What its options brought when opened; negative where they cost something.
    pub credit: Option<f64>,
    /// Since it was opened.
    pub unrealized_pnl: Option<f64>,
    /// Of what was sold for a credit: the part that would be kept at the mark.
    pub percent_of_max_profit: Option<f64>,
    /// The most that it can earn at expiration; `null` without a limit or with several expirations.
    pub max_profit: Option<f64>,
    /// The most that it can lose, as a negative number; `null` likewise.
    pub max_loss: Option<f64>,
    /// Of all of it.
    pub delta: Option<f64>,
    /// Dollars per day.
    pub theta: Option<f64>,
    /// Whether a short strike is in the money.
    pub is_tested: Option<bool>,
}

/// How soon something wants a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Today.
    High,
    /// This week.
    Medium,
    /// Good to know.
    Low,
}

/// Why a strategy wants a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A short option may be assigned any day.
    AssignmentRisk,
    /// The loss is a multiple of the credit.
    LossLimit,
    /// A short strike is in the money.
    Tested,
    /// It expires within a week.
    Expiring,
    /// Half of the most that it can earn is earned, of straddles a quarter.
    ProfitTarget,
    /// There are 21 days or fewer left.
    #[serde(rename = "days_21")]
    Days21,
    /// A sold call, and a dividend before its end.
    ExDividend,
    /// Earnings within a week.
    Earnings,
}

/// One reason with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reason {
    /// Which.
    pub code: Why,
    /// How soon.
    pub urgency: Urgency,
    /// The evidence in numbers.
    pub fact: String,
}

/// A later expiration for a net credit, at the middle of bid and ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RollRow {
    /// When it expires.
    pub expiration: NaiveDate,
    /// Days until then.
    pub dte: i64,
    /// The strikes.
    pub strikes: Vec<f64>,
    /// Per share.
    pub net_credit: f64,
    /// Of one short option: the new break-even, all credits counted.
    pub break_even: Option<f64>,
    /// Of one short option: the probability of a profit then, percent.
    pub pop: Option<f64>,
}

/// A strategy that wants a look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attention {
    /// The account's masked number.
    pub account: String,
    /// The underlying.
    pub underlying: String,
    /// As in `strategies`.
    pub strategy: String,
    /// As in `strategies`.
    pub legs: Vec<String>,
    /// The soonest of its reasons.
    pub urgency: Urgency,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Rolls for a net credit that were found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rolls: Vec<RollRow>,
}

/// What `analyze_portfolio` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PortfolioAnalysis {
    /// Its id in history://analyses.
    pub analysis_id: String,
    /// The accounts' masked numbers.
    pub accounts: Vec<String>,
    /// In plain words.
    pub summary: Summary,
    /// What needs care and why, the soonest first.
    pub attention: Vec<Attention>,
    /// What the accounts are worth.
    pub worth: Worth,
    /// Greeks of everything.
    pub greeks: Greeks,
    /// Profit or loss if the market moved at once; `null` where nothing can be priced.
    pub stress: Option<Stress>,
    /// By underlying, the largest first.
    pub underlyings: Vec<UnderlyingRow>,
    /// By sector, the largest first.
    pub sectors: Vec<SectorRow>,
    /// How much everything moves together.
    pub together: Together,
    /// The positions as strategies.
    pub strategies: Vec<StrategyRow>,
    /// What is not known, and why.
    pub missing: Vec<String>,
    /// What else is to be said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What this is not.
    pub disclaimer: String,
}
