//! `analyze_options`, and the filters that it shares with `find_opportunities`.

use chrono::NaiveDate;
use domain::{Error, Symbol, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Summary;
use crate::{
    market::{Source, chain::GetOptionChainInput},
    tool::symbol_argument,
};

/// The most candidates of one answer, and how many there are without a wish.
pub const MAX_CANDIDATES: i64 = 10;
/// How many there are without a wish.
const USUAL_CANDIDATES: i64 = 5;
/// The most levels of a chart that are read of each kind.
const MAX_LEVELS: usize = 20;

/// What may be sold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StrategyName {
    /// A cash-secured put.
    #[default]
    #[serde(alias = "CSP", alias = "cash_secured_put", alias = "put", alias = "short_put")]
    Csp,
    /// A call on shares that are held.
    #[serde(alias = "CC", alias = "cc", alias = "call")]
    CoveredCall,
    /// Credit spreads of puts and of calls.
    #[serde(alias = "credit_spread", alias = "vertical")]
    Spread,
    /// Credit spreads of puts.
    #[serde(alias = "put_credit_spread", alias = "bull_put_spread")]
    PutSpread,
    /// Credit spreads of calls.
    #[serde(alias = "call_credit_spread", alias = "bear_call_spread")]
    CallSpread,
    /// A put spread and a call spread.
    #[serde(alias = "condor", alias = "ic")]
    IronCondor,
    /// An uncovered put and an uncovered call.
    #[serde(alias = "short_strangle")]
    Strangle,
}

impl StrategyName {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Csp => "csp",
            Self::CoveredCall => "covered_call",
            Self::Spread => "spread",
            Self::PutSpread => "put_spread",
            Self::CallSpread => "call_spread",
            Self::IronCondor => "iron_condor",
            Self::Strangle => "strangle",
        }
    }

    /// For people.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Csp => "cash-secured put",
            Self::CoveredCall => "covered call",
            Self::Spread => "credit spread",
            Self::PutSpread => "put spread",
            Self::CallSpread => "call spread",
            Self::IronCondor => "iron condor",
            Self::Strangle => "strangle",
        }
    }
}

/// What becomes of expirations behind an earnings report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EarningsRule {
    /// They are marked, and score less.
    #[serde(alias = "include")]
    Flag,
    /// They are left out.
    Exclude,
}

/// What is left out. Deltas are without sign, shares in percent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScanFilters {
    /// Days to expiration, at least (30).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "minDte")]
    pub min_dte: Option<i64>,
    /// At most (45).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "maxDte")]
    pub max_dte: Option<i64>,
    /// Delta of what is sold, at least (csp 0.16, covered_call and spreads 0.20, condor and strangle 0.12).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "minDelta")]
    pub min_delta: Option<f64>,
    /// At most (csp 0.30, covered_call and spreads 0.35, condor and strangle 0.22).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "maxDelta")]
    pub max_delta: Option<f64>,
    /// Delta of what a spread or condor buys, at least (0.05, condor 0.02).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "minLongDelta")]
    pub min_long_delta: Option<f64>,
    /// At most (0.25, condor 0.15).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "maxLongDelta")]
    pub max_long_delta: Option<f64>,
    /// Percent out of the money, at least (0).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "minOtm")]
    pub min_otm: Option<f64>,
    /// Dollars between the strikes of a spread, at least.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "minWidth")]
    pub min_width: Option<f64>,
    /// At most.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "maxWidth")]
    pub max_width: Option<f64>,
    /// Credit per share at the middle, at least (0.10).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "minCredit")]
    pub min_credit: Option<f64>,
    /// Credit in percent of a spread's width, at least (15).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "minCreditOfWidth")]
    pub min_credit_of_width: Option<f64>,
    /// Open interest of each leg, at least (100).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "minOpenInterest", alias = "min_oi")]
    pub min_open_interest: Option<f64>,
    /// Contracts traded today, at least (0).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "minVolume")]
    pub min_volume: Option<f64>,
    /// Bid to ask in percent of the middle, at most (10); 0.05 dollars always pass.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "maxSpreadPercent", alias = "max_spread")]
    pub max_spread_percent: Option<f64>,
    /// Collateral of one contract in dollars, at most.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "maxCollateral")]
    pub max_collateral: Option<f64>,
    /// Return on collateral per year in percent, at least (the risk-free rate).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "minAnnualisedReturn")]
    pub min_annualised_return: Option<f64>,
    /// Probability of profit in percent, at least (0).
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "minPop")]
    pub min_pop: Option<f64>,
    /// Expirations behind an earnings report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "EarningsRule"))]
    pub earnings: Option<EarningsRule>,
}

/// Bounds, both ends among them; a missing one is no bound.
type Pair = (Option<f64>, Option<f64>);

impl ScanFilters {
    /// The filters with deltas as fractions, checked against each other.
    ///
    /// # Errors
    ///
    /// `invalid_arguments`, with the name of the argument.
    pub fn check(&self) -> Result<Self, Error> {
        for (name, days) in [("min_dte", self.min_dte), ("max_dte", self.max_dte)] {
            if let Some(days) = days.filter(|days| !(0..=4000).contains(days)) {
                return Err(Error::invalid_argument(name, format!("`{name}` is {days}; send 0 to 4000 days.")));
            }
        }
        if let (Some(min), Some(max)) = (self.min_dte, self.max_dte)
            && min > max
        {
            let message = format!("`min_dte` {min} is more than `max_dte` {max}.");
            return Err(Error::invalid_argument("min_dte", message));
        }
        let checked = Self {
            min_delta: delta("min_delta", self.min_delta)?,
            max_delta: delta("max_delta", self.max_delta)?,
            min_long_delta: delta("min_long_delta", self.min_long_delta)?,
            max_long_delta: delta("max_long_delta", self.max_long_delta)?,
            ..self.clone()
        };
        let pairs: [(&str, &str, Pair); 3] = [
            ("min_delta", "max_delta", (checked.min_delta, checked.max_delta)),
            ("min_long_delta", "max_long_delta", (checked.min_long_delta, checked.max_long_delta)),
            ("min_width", "max_width", (checked.min_width, checked.max_width)),
        ];
        for (low, high, (min, max)) in pairs {
            if let (Some(min), Some(max)) = (min, max)
                && min > max
            {
                let message = format!("`{low}` {min} is more than `{high}` {max}.");
                return Err(Error::invalid_argument(low, message));
            }
        }
        for (name, value, most) in [
            ("min_otm", self.min_otm, 100.0),
            ("min_width", self.min_width, 1e6),
            ("max_width", self.max_width, 1e6),
            ("min_credit", self.min_credit, 1e6),
            ("min_credit_of_width", self.min_credit_of_width, 100.0),
            ("min_open_interest", self.min_open_interest, 1e9),
            ("min_volume", self.min_volume, 1e9),
            ("max_spread_percent", self.max_spread_percent, 200.0),
            ("max_collateral", self.max_collateral, 1e12),
            ("min_annualised_return", self.min_annualised_return, 1e6),
            ("min_pop", self.min_pop, 100.0),
        ] {
            if let Some(value) = value.filter(|value| !(0.0..=most).contains(value)) {
                let message = format!("`{name}` is {value}; send a number from 0 to {most}.");
                return Err(Error::invalid_argument(name, message));
            }
        }
        Ok(checked)
    }
}

/// A delta without its sign as a fraction: 0.3, -0.3 and 30 are the same.
fn delta(name: &str, value: Option<f64>) -> Result<Option<f64>, Error> {
    let Some(value) = value else { return Ok(None) };
    let size = value.abs();
    if !(0.0..=100.0).contains(&size) {
        let message = format!("`{name}` is {value}; send 0 to 1, for example 0.3, or 0 to 100, for example 30.");
        return Err(Error::invalid_argument(name, message));
    }
    Ok(Some(if size > 1.0 { size / 100.0 } else { size }))
}

/// Arguments of `analyze_options`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AnalyzeOptionsInput {
    /// The underlying, such as AAPL, SPY or SPX.
    pub symbol: String,
    /// What is sold.
    #[serde(default)]
    pub strategy: StrategyName,
    /// One expiration, YYYY-MM-DD, instead of `min_dte` and `max_dte`.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "expirationDate")]
    pub expiration: Option<String>,
    /// What is left out.
    #[serde(flatten)]
    pub filters: ScanFilters,
    /// For covered calls: what a share cost; left out, that of the user's shares, else today's price.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "costBasis")]
    pub cost_basis: Option<f64>,
    /// How many candidates (5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 10)))]
    pub limit: Option<i64>,
    /// What a chart says: `supports` and `resistances` (prices, or objects with `price`), `trend` (up, down, sideways), as
    /// analyze_chart answers.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "chartContext")]
    #[cfg_attr(feature = "schema", schemars(with = "Map<String, Value>"))]
    pub chart_context: Option<Map<String, Value>>,
}

/// What is wanted, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedOptions {
    /// The underlying.
    pub symbol: Symbol,
    /// What is sold.
    pub strategy: StrategyName,
    /// One expiration, or any of the days that the filters say.
    pub expiration: Option<NaiveDate>,
    /// What is left out.
    pub filters: ScanFilters,
    /// What a share cost.
    pub cost_basis: Option<f64>,
    /// How many candidates.
    pub limit: usize,
    /// What a chart says.
    pub chart: ChartContext,
}

impl AnalyzeOptionsInput {
    /// The arguments, checked against each other.
    ///
    /// # Errors
    ///
    /// `invalid_arguments`, with the name of the argument.
    pub fn check(&self) -> Result<WantedOptions, Error> {
        let symbol = symbol_argument("symbol", &self.symbol)?;
        // The same days and the same underlyings as get_option_chain.
        let chain = GetOptionChainInput {
            symbol: symbol.to_string(),
            expiration: self.expiration.clone(),
            ..GetOptionChainInput::default()
        };
        let expiration = match chain.check()?.expirations {
            crate::market::chain::Expirations::On(day) => Some(day),
            _ => None,
        };
        if expiration.is_some() && (self.filters.min_dte.is_some() || self.filters.max_dte.is_some()) {
            let message = "Send `expiration` or `min_dte` and `max_dte`, not both.";
            return Err(Error::invalid_argument("expiration", message));
        }
        if let Some(basis) = self.cost_basis.filter(|basis| !(0.0..=1e9).contains(basis) || *basis == 0.0) {
            let message = format!("`cost_basis` is {basis}; send what one share cost in dollars.");
            return Err(Error::invalid_argument("cost_basis", message));
        }
        Ok(WantedOptions {
            symbol,
            strategy: self.strategy,
            expiration,
            filters: self.filters.check()?,
            cost_basis: self.cost_basis,
            limit: limit(self.limit)?,
            chart: self.chart_context.as_ref().map_or_else(|| Ok(ChartContext::default()), ChartContext::read)?,
        })
    }
}

/// How many candidates are wanted.
///
/// # Errors
///
/// `invalid_arguments` below 1 and above [`MAX_CANDIDATES`].
pub fn limit(wanted: Option<i64>) -> Result<usize, Error> {
    let wanted = wanted.unwrap_or(USUAL_CANDIDATES);
    usize::try_from(wanted)
        .ok()
        .filter(|_| (1..=MAX_CANDIDATES).contains(&wanted))
        .ok_or_else(|| Error::invalid_argument("limit", format!("`limit` is {wanted}; send 1 to {MAX_CANDIDATES}.")))
}

/// Where an underlying is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrendWord {
    /// Rising.
    Up,
    /// Falling.
    Down,
    /// Neither.
    Sideways,
}

impl TrendWord {
    /// For people.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Sideways => "sideways",
        }
    }
}

/// What a chart says, read from whatever form it came in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChartContext {
    /// Prices at which a fall was stopped.
    pub supports: Vec<f64>,
    /// Prices at which a rise was stopped.
    pub resistances: Vec<f64>,
    /// Where it is going.
    pub trend: Option<TrendWord>,
}

impl ChartContext {
    /// Reads supports, resistances and the trend; what else there is, is left alone.
    ///
    /// # Errors
    ///
    /// `invalid_arguments` where one of the three is there and cannot be read, or where none of them is.
    pub fn read(object: &Map<String, Value>) -> Result<Self, Error> {
        let wrong = |message: String| Error::invalid_argument("chart_context", message);
        // Levels may stand under a name of their own, as analyze_chart has them.
        let inner = object.get("levels").and_then(Value::as_object);
        let find = |names: &[&str]| {
            names.iter().find_map(|name| object.get(*name).or_else(|| inner?.get(*name))).filter(|of| !of.is_null())
        };
        let levels = |names: &[&str; 3]| -> Result<Vec<f64>, Error> {
            let Some(value) = find(names) else { return Ok(Vec::new()) };
            let list = value.as_array().map_or_else(|| core::slice::from_ref(value), Vec::as_slice);
            list.iter()
                .take(MAX_LEVELS)
                .map(|level| {
                    price(level).ok_or_else(|| {
                        wrong(format!("`chart_context.{}` holds what is no price. Send numbers.", names[0]))
                    })
                })
                .collect()
        };
        let supports = levels(&["supports", "support", "support_levels"])?;
        let resistances = levels(&["resistances", "resistance", "resistance_levels"])?;
        let trend = match find(&["trend", "direction", "trend_direction"]) {
            None => None,
            Some(value) => Some(
                trend(value)
                    .ok_or_else(|| wrong("`chart_context.trend` is no trend. Send up, down or sideways.".to_owned()))?,
            ),
        };
        // What analyze_chart found nothing of is empty, and no error.
        let is_named = |name: &&str| object.contains_key(*name) || inner.is_some_and(|inner| inner.contains_key(*name));
        let names =
            ["supports", "support", "support_levels", "resistances", "resistance", "resistance_levels", "trend"];
        let is_chart = names.iter().any(is_named) || trend.is_some();
        if !is_chart {
            let message =
                "`chart_context` has neither `supports`, `resistances` nor `trend`. Send one of them, or leave it out.";
            return Err(wrong(message.to_owned()));
        }
        Ok(Self { supports, resistances, trend })
    }
}

/// A price as a number, a text or in an object.
fn price(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Object(object) => ["price", "level", "value"].iter().find_map(|name| price(object.get(*name)?)),
        _ => None,
    };
    number.filter(|price| price.is_finite() && *price > 0.0)
}

/// A trend as a word or in an object.
fn trend(value: &Value) -> Option<TrendWord> {
    let word = match value {
        Value::String(text) => text.to_lowercase(),
        Value::Object(object) => {
            return ["direction", "trend", "label"].iter().find_map(|name| trend(object.get(*name)?));
        }
        _ => return None,
    };
    let has = |words: &[&str]| words.iter().any(|part| word.contains(part));
    if has(&["up", "bull", "rising"]) {
        Some(TrendWord::Up)
    } else if has(&["down", "bear", "falling"]) {
        Some(TrendWord::Down)
    } else if has(&["side", "neutral", "range", "flat", "none", "no trend"]) {
        Some(TrendWord::Sideways)
    } else {
        None
    }
}

/// One option of a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CandidateLeg {
    /// `short` or `long`, one contract.
    pub position: String,
    /// TastyTrade's symbol.
    pub symbol: Option<String>,
    /// `call` or `put`.
    pub side: String,
    /// The strike.
    pub strike: f64,
    /// Best bid.
    pub bid: f64,
    /// Best ask.
    pub ask: f64,
    /// Per dollar of the underlying.
    pub delta: f64,
    /// Implied volatility, percent.
    pub iv: f64,
    /// Open contracts.
    pub open_interest: Option<f64>,
    /// Contracts traded today.
    pub volume: Option<f64>,
}

/// A part of a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScorePart {
    /// return, probability, edge, liquidity, cushion, volatility, events or chart.
    pub part: String,
    /// 0, bad, to 1, good.
    pub value: f64,
    /// Its weight beside the others.
    pub weight: f64,
    /// The figures that it comes from.
    pub reason: String,
}

/// One thing that might be sold, by one contract of each leg. Profits, losses, break-evens and expected profits are those at
/// expiration after opening fees, in dollars of one contract; probabilities and returns are percent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OptionCandidate {
    /// csp, covered_call, put_spread, call_spread, iron_condor or strangle.
    pub strategy: String,
    /// YYYY-MM-DD.
    pub expiration: NaiveDate,
    /// Calendar days to it.
    pub dte: i64,
    /// The options.
    pub legs: Vec<CandidateLeg>,
    /// Per share at the middle of bid and ask.
    pub credit: f64,
    /// Per share, sold at the bid and bought at the ask.
    pub credit_at_worst: f64,
    /// Opening fees, dollars.
    pub fees: f64,
    /// The most that can be earned.
    pub max_profit: f64,
    /// The most that can be lost; `null`: no limit.
    pub max_loss: Option<f64>,
    /// Prices of the underlying.
    pub break_evens: Vec<f64>,
    /// How far the underlying may move until the nearer break-even, percent of its price.
    pub cushion_percent: f64,
    /// How far the nearer short strike is out of the money, percent.
    pub otm_percent: f64,
    /// One standard deviation until expiration by the volatility at the money, dollars per share.
    pub expected_move: f64,
    /// Distance to the nearer short strike in expected moves.
    pub strike_in_moves: f64,
    /// Dollars between the strikes of a spread.
    pub width: Option<f64>,
    /// Credit in percent of that.
    pub credit_of_width: Option<f64>,
    /// Money set aside, dollars: cash for a put, the shares' worth for a covered call, the possible loss of a spread; a margin
    /// estimate for a strangle.
    pub collateral: f64,
    /// Estimate of what a margin account's buying power falls by.
    pub buying_power: f64,
    /// Credit after fees on the collateral; for a covered call unchanged shares.
    pub return_on_collateral: f64,
    /// The same per year, without compounding.
    pub annualised_return: f64,
    /// Covered call: what a share cost.
    pub cost_basis: Option<f64>,
    /// Covered call: return on the cost if the shares are called away.
    pub if_called_return: Option<f64>,
    /// The same per year.
    pub if_called_annualised: Option<f64>,
    /// Probability of profit.
    pub pop: f64,
    /// Probability that a short strike ends in the money.
    pub p_itm: f64,
    /// Probability that a short strike is touched before.
    pub p_touch: f64,
    /// Implied volatility that these use, percent.
    pub volatility: f64,
    /// Expected profit at that volatility: near zero by construction, less fees.
    pub ev: f64,
    /// Expected profit at the 30-day historical volatility.
    pub ev_at_hv: Option<f64>,
    /// Dollars per dollar of the underlying, shares included.
    pub delta: f64,
    /// Of delta.
    pub gamma: Option<f64>,
    /// Dollars per calendar day.
    pub theta: Option<f64>,
    /// Dollars per point of volatility.
    pub vega: Option<f64>,
    /// Theta per day in percent of the collateral.
    pub theta_of_collateral: Option<f64>,
    /// Bid to ask of all legs, percent of their middles.
    pub spread_percent: f64,
    /// The least of all legs.
    pub open_interest: Option<f64>,
    /// Past periods of this length that would have ended with a loss, percent; periods overlap.
    pub past_losses: Option<f64>,
    /// Mean profit over those.
    pub past_mean: Option<f64>,
    /// How many there were.
    pub past_periods: Option<usize>,
    /// earnings, ex_dividend, early_assignment, below_cost_basis, wide_market, no_loss_limit.
    pub flags: Vec<String>,
    /// 0 to 100: the mean of `parts` by their weights. It orders candidates; it is no probability.
    pub score: f64,
    /// What the score is made of.
    pub parts: Vec<ScorePart>,
}

/// The volatility of one expiration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScannedExpiration {
    /// YYYY-MM-DD.
    pub expiration: NaiveDate,
    /// Calendar days to it.
    pub dte: i64,
    /// Volatility at the money, percent.
    pub iv: Option<f64>,
    /// One standard deviation by it, dollars.
    pub expected_move: Option<f64>,
    /// Call and put at the money together, dollars.
    pub straddle: Option<f64>,
    /// What holding the underlying pays until then, as calls and puts imply it, percent per year.
    pub implied_yield: f64,
    /// Whether earnings are reported before its end.
    pub earnings: bool,
    /// Whether an ex-dividend day lies before its end.
    pub ex_dividend: bool,
}

/// What one filter left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LeftOut {
    /// The filter.
    pub filter: String,
    /// How many options or combinations.
    pub count: usize,
}

/// The user's shares that a call may cover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HeldShares {
    /// How many, in all accounts that were read.
    pub shares: f64,
    /// Of these, covered by calls that are sold already.
    pub covered: f64,
    /// What one cost on average.
    pub cost_basis: Option<f64>,
}

/// What `analyze_options` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OptionsAnalysis {
    /// Under which it is kept.
    pub analysis_id: String,
    /// The underlying.
    pub symbol: String,
    /// What was asked for.
    pub strategy: StrategyName,
    /// Its price.
    pub underlying_price: Option<f64>,
    /// Percent.
    pub iv_rank: Option<f64>,
    /// Percent.
    pub iv_percentile: Option<f64>,
    /// Percent.
    pub iv_30_day: Option<f64>,
    /// Percent.
    pub hv_30_day: Option<f64>,
    /// Percent per year.
    pub risk_free_rate: f64,
    /// The next report, YYYY-MM-DD.
    pub earnings_date: Option<NaiveDate>,
    /// BTO or AMC.
    pub earnings_time: Option<String>,
    /// The next ex-dividend day.
    pub ex_dividend_date: Option<NaiveDate>,
    /// Dollars per share.
    pub dividend: Option<f64>,
    /// For covered calls, where the accounts may be read and hold shares.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Map<String, Value>>"))]
    pub holding: Option<HeldShares>,
    /// The expirations that were looked at.
    pub expirations: Vec<ScannedExpiration>,
    /// The best, the best first.
    pub candidates: Vec<OptionCandidate>,
    /// Options and combinations that were looked at.
    pub considered: usize,
    /// Of these, passed all filters.
    pub passed: usize,
    /// Why others did not.
    pub left_out: Vec<LeftOut>,
    /// The filters as they were used.
    #[cfg_attr(feature = "schema", schemars(with = "Map<String, Value>"))]
    pub filters: ScanFilters,
    /// In plain words, by rules.
    pub summary: Summary,
    /// What could not be had.
    pub missing: Vec<String>,
    /// What else to know.
    pub notes: Vec<String>,
    /// Where quotes and greeks come from.
    pub source: Source,
    /// When the oldest of them was read.
    pub as_of: Timestamp,
    /// What this is not.
    pub disclaimer: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<WantedOptions, String> {
        let input: AnalyzeOptionsInput = serde_json::from_str(json).unwrap();
        input.check().map_err(|error| format!("{}: {error}", error.details["argument"].as_str().unwrap()))
    }

    #[test]
    fn arguments_are_read() {
        let wanted = check(r#"{"symbol":"aapl","strategy":"CSP","minDelta":-16,"max_delta":0.3,"limit":3}"#).unwrap();
        assert_eq!((wanted.symbol.as_str(), wanted.strategy, wanted.limit), ("AAPL", StrategyName::Csp, 3));
        assert_eq!((wanted.filters.min_delta, wanted.filters.max_delta), (Some(0.16), Some(0.3)));
        let wanted = check(r#"{"symbol":"SPX","strategy":"bull_put_spread","expiration":"2026-12-18"}"#).unwrap();
        assert_eq!(wanted.expiration.unwrap().to_string(), "2026-12-18");
        assert_eq!((wanted.strategy, wanted.limit), (StrategyName::PutSpread, 5));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (json, error) in [
            (r#"{"symbol":"A","limit":11}"#, "limit: `limit` is 11; send 1 to 10."),
            (r#"{"symbol":"A","min_dte":50,"max_dte":40}"#, "min_dte: `min_dte` 50 is more than `max_dte` 40."),
            (
                r#"{"symbol":"A","min_delta":0.4,"max_delta":30}"#,
                "min_delta: `min_delta` 0.4 is more than `max_delta` 0.3.",
            ),
            (r#"{"symbol":"A","min_pop":101}"#, "min_pop: `min_pop` is 101; send a number from 0 to 100."),
            (r#"{"symbol":"A","cost_basis":0}"#, "cost_basis: `cost_basis` is 0; send what one share cost in dollars."),
            (
                r#"{"symbol":"A","expiration":"2026-12-18","min_dte":3}"#,
                "expiration: Send `expiration` or `min_dte` and `max_dte`, not both.",
            ),
            (
                r#"{"symbol":"A","chart_context":{"trend":"purple"}}"#,
                "chart_context: `chart_context.trend` is no trend. Send up, down or sideways.",
            ),
            (
                r#"{"symbol":"A","chart_context":{"supports":["low"]}}"#,
                "chart_context: `chart_context.supports` holds what is no price. Send numbers.",
            ),
        ] {
            assert_eq!(check(json).unwrap_err(), error);
        }
        assert!(check(r#"{"symbol":"A","chart_context":{"rsi":40}}"#).unwrap_err().starts_with("chart_context:"));
        assert!(check(r#"{"symbol":"AAPL  261218C00255000"}"#).unwrap_err().contains("option itself"));
    }

    #[test]
    fn a_chart_is_read_in_many_forms() {
        for (json, supports, resistances, trend) in [
            (r#"{"supports":[170,"165.5"],"trend":"Uptrend"}"#, vec![170.0, 165.5], vec![], Some(TrendWord::Up)),
            (r#"{"support":160,"resistance":[{"price":190}]}"#, vec![160.0], vec![190.0], None),
            (
                r#"{"levels":{"supports":[{"level":1.5,"touches":3}],"resistances":[]},"trend":{"direction":"bearish"}}"#,
                vec![1.5],
                vec![],
                Some(TrendWord::Down),
            ),
            (r#"{"trend":"sideways","rsi":55}"#, vec![], vec![], Some(TrendWord::Sideways)),
            (r#"{"trend":null,"supports":[],"resistances":[]}"#, vec![], vec![], None),
        ] {
            let object: Map<String, Value> = serde_json::from_str(json).unwrap();
            let read = ChartContext::read(&object).unwrap();
            assert_eq!((read.supports, read.resistances, read.trend), (supports, resistances, trend), "{json}");
        }
    }
}
