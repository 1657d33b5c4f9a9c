//! `analyze_chart`.

use chrono::NaiveDate;
use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::Summary;
use crate::market::{Source, history::Interval};

/// What one bar of the chart spans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Timeframe {
    /// A quarter of an hour, over some weeks.
    #[serde(alias = "15m")]
    Intraday,
    /// A day, over about a year and a half.
    #[default]
    #[serde(alias = "1d", alias = "day")]
    Daily,
    /// A week, over five years.
    #[serde(alias = "1wk", alias = "1w", alias = "week")]
    Weekly,
}

impl Timeframe {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Intraday => "intraday",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }
}

/// Arguments of `analyze_chart`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AnalyzeChartInput {
    /// A stock, ETF, index, future or coin.
    pub symbol: String,
    /// Which bars.
    #[serde(default)]
    pub timeframe: Timeframe,
}

/// The trend by four rules; two more votes for than against make a direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trend {
    /// `up`, `down` or `sideways`.
    pub direction: Option<String>,
    /// `absent`, `weak`, `moderate` or `strong`.
    pub strength: Option<String>,
    /// Each rule's vote (+1, 0, -1) and what it saw.
    pub evidence: Vec<String>,
    /// Why there is none.
    pub reason: Option<String>,
}

/// The regime.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Regime {
    /// `squeeze`, `trending`, `ranging` or `mixed`.
    pub kind: Option<String>,
    /// How much prices move compared with before: `low`, `normal` or `high`.
    pub movement: Option<String>,
    /// Share of the bars before, up to 252, with a lower ATR, percent.
    pub atr_percentile: Option<f64>,
    /// For how many bars the squeeze has been on.
    pub squeeze_bars: Option<usize>,
    /// Choppiness over 14 bars; from 61.8 on prices go to and fro.
    pub choppiness: Option<f64>,
    /// Why there is none.
    pub reason: Option<String>,
}

/// One indicator's newest value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reading {
    /// For example `rsi_14`.
    pub name: String,
    /// `null` where it says nothing.
    pub value: Option<f64>,
    /// `usd`, `percent` or `index`.
    pub unit: String,
    /// Whether enough bars were there to be independent of how averages start.
    pub warmup_ok: bool,
    /// What it says, or why it says nothing.
    pub says: Option<String>,
}

/// Volatilities in percent per year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Volatilities {
    /// Realised over 20 bars, from closes.
    pub close_to_close_20: Option<f64>,
    /// Realised over 20 bars, from ranges.
    pub parkinson_20: Option<f64>,
    /// Realised over 20 bars, from gaps and ranges.
    pub yang_zhang_20: Option<f64>,
    /// Implied, over all expirations.
    pub iv_index: Option<f64>,
    /// Implied, 30 days.
    pub iv_30_day: Option<f64>,
    /// IV rank over a year, percent.
    pub iv_rank: Option<f64>,
}

/// A price at which bars turned back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Level {
    /// US dollars.
    pub price: f64,
    /// From the price, percent; negative below.
    pub distance_percent: f64,
    /// The same in ATRs.
    pub distance_atr: f64,
    /// Visits.
    pub touches: usize,
    /// When it was last touched.
    pub last_touch: String,
    /// Share of shuffled series whose best level is weaker, percent; from 95 on it is rarely chance.
    pub strength: Option<f64>,
    /// `turns`, `pivots`, `volume`, `extreme`.
    pub sources: Vec<String>,
}

/// Where the volume of the last 126 bars was traded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Profile {
    /// The price with the most volume.
    pub point_of_control: Option<f64>,
    /// Where the 70 % of volume around it begin.
    pub value_area_low: Option<f64>,
    /// Where they end.
    pub value_area_high: Option<f64>,
    /// Why there is none.
    pub reason: Option<String>,
}

/// A candle pattern.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CandlePattern {
    /// Its name.
    pub name: String,
    /// Its last bar.
    pub time: String,
    /// `bullish`, `bearish` or `neutral`: how it is read.
    pub read_as: String,
    /// `reversal`, `continuation`, `indecision` or `strength`.
    pub kind: String,
}

/// A range in which nothing was traded between two bars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Gap {
    /// The bar after it.
    pub time: String,
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// `up` or `down`.
    pub direction: String,
}

/// What is to come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChartEvents {
    /// Next report of earnings.
    pub earnings_date: Option<NaiveDate>,
    /// Whether that day is a guess.
    pub earnings_estimated: Option<bool>,
    /// Calendar days until then.
    pub days_to_earnings: Option<i64>,
    /// First day without the next dividend.
    pub ex_dividend_date: Option<NaiveDate>,
    /// US dollars per share.
    pub dividend: Option<f64>,
}

/// The chart in short, as `analyze_options` takes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ChartContext {
    /// `up`, `down` or `sideways`.
    pub trend: Option<String>,
    /// `squeeze`, `trending`, `ranging` or `mixed`.
    pub regime: Option<String>,
    /// Prices below, nearest first.
    pub supports: Vec<f64>,
    /// Prices above, nearest first.
    pub resistances: Vec<f64>,
    /// ATR over 14 bars, US dollars.
    pub atr: Option<f64>,
    /// RSI over 14 bars.
    pub rsi: Option<f64>,
    /// When that was so.
    pub as_of: Option<Timestamp>,
}

/// What `analyze_chart` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChartAnalysis {
    /// Of a product of futures its active month.
    pub symbol: String,
    /// As asked.
    pub timeframe: Timeframe,
    /// What one bar spans.
    pub interval: Interval,
    /// How many bars.
    pub bars: usize,
    /// The first bar.
    pub from: String,
    /// The newest bar.
    pub to: String,
    /// Whether the newest bar still forms: readings count it, levels, patterns and gaps do not.
    pub is_forming: bool,
    /// The newest close, US dollars.
    pub price: f64,
    /// Since the close before, US dollars.
    pub change: Option<f64>,
    /// The same in percent.
    pub change_percent: Option<f64>,
    /// Direction and strength.
    pub trend: Trend,
    /// Kind of market.
    pub regime: Regime,
    /// Indicators.
    pub readings: Vec<Reading>,
    /// Realised beside implied.
    pub volatility: Volatilities,
    /// At or below the price, nearest first.
    pub supports: Vec<Level>,
    /// Above the price, nearest first.
    pub resistances: Vec<Level>,
    /// Volume by price over the last 126 bars.
    pub volume_profile: Profile,
    /// Of the last three complete bars. Descriptions: tests find little that they foretell.
    pub candle_patterns: Vec<CandlePattern>,
    /// Open gaps of the last 60 bars, newest first, at most three.
    pub gaps: Vec<Gap>,
    /// Earnings and dividends.
    pub events: ChartEvents,
    /// For analyze_options.
    pub chart_context: ChartContext,
    /// In words.
    pub summary: Summary,
    /// What could not be computed, and why.
    pub missing: Vec<String>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What this is not.
    pub disclaimer: String,
    /// Where it lies in history://analyses.
    pub analysis_id: String,
    /// Where the bars come from.
    pub source: Source,
    /// When they were read.
    pub as_of: Timestamp,
}
