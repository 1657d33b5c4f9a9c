//! `analyze_strategy`.

use chrono::NaiveDate;
use domain::{Decimal, Error, OccSymbol, Symbol, Timestamp, occ::Side};
use serde::{Deserialize, Serialize};

use super::Summary;
use crate::market::Source;

/// The most legs of one strategy.
pub const MAX_LEGS: usize = 8;
/// The most contracts of one leg.
const MAX_CONTRACTS: i64 = 10_000;
/// The most shares.
const MAX_SHARES: f64 = 1_000_000.0;
/// The highest price of a share or an option.
const MAX_PRICE: f64 = 10_000_000.0;

/// Whether a leg is bought or sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Bought.
    #[serde(alias = "BUY", alias = "Buy", alias = "long", alias = "buy_to_open", alias = "Buy to Open")]
    Buy,
    /// Sold.
    #[serde(alias = "SELL", alias = "Sell", alias = "short", alias = "sell_to_open", alias = "Sell to Open")]
    Sell,
}

/// Call or put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A call.
    #[serde(alias = "calls", alias = "C", alias = "c", alias = "CALL", alias = "Call")]
    Call,
    /// A put.
    #[serde(alias = "puts", alias = "P", alias = "p", alias = "PUT", alias = "Put")]
    Put,
}

/// One option: its symbol, or side, strike and expiration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LegInput {
    /// An option such as AAPL 261218P170, instead of the next three.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "option")]
    pub symbol: Option<String>,
    /// Call or put.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "type", alias = "right")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub side: Option<Kind>,
    /// The strike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strike: Option<Decimal>,
    /// YYYY-MM-DD.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "expiry")]
    pub expiration: Option<String>,
    /// Contracts, 1 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    /// buy or sell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub action: Option<Action>,
    /// Paid or received per share; the middle of bid and ask if left out.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "premium")]
    pub price: Option<Decimal>,
}

/// Arguments of `analyze_strategy`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AnalyzeStrategyInput {
    /// The underlying; needed where no leg has a symbol.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "underlying")]
    pub symbol: Option<String>,
    /// One to eight options.
    pub legs: Vec<LegInput>,
    /// Shares held with them; negative if short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<f64>,
    /// What each share cost; today's price if left out.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "cost_basis")]
    pub share_price: Option<f64>,
}

/// A leg that is wanted, checked for itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    /// The root of its symbol, where it came as one.
    pub root: Option<String>,
    /// Call or put.
    pub side: Side,
    /// The strike.
    pub strike: Decimal,
    /// The last day.
    pub expiration: NaiveDate,
    /// Contracts: negative ones are sold.
    pub quantity: i64,
    /// Per share, where one was given.
    pub price: Option<Decimal>,
}

/// What is wanted, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The underlying.
    pub symbol: Symbol,
    /// The options.
    pub legs: Vec<Leg>,
    /// Shares, and what each cost where that was given.
    pub shares: Option<(f64, Option<f64>)>,
}

/// The underlying of options whose symbols have another root: weeklies of indices, and shares with a class.
fn underlying(root: &str) -> String {
    let plain = root.trim_end_matches(|last: char| last.is_ascii_digit());
    match plain {
        "SPXW" => "SPX".to_owned(),
        "NDXP" => "NDX".to_owned(),
        "RUTW" => "RUT".to_owned(),
        "VIXW" => "VIX".to_owned(),
        "XSPW" => "XSP".to_owned(),
        "BRKB" => "BRK/B".to_owned(),
        "BFB" => "BF/B".to_owned(),
        other => other.to_owned(),
    }
}

impl AnalyzeStrategyInput {
    /// The arguments, checked against each other. Nothing is called for an input that has an error.
    ///
    /// # Errors
    ///
    /// `invalid_arguments`, with the path of the argument.
    pub fn check(&self) -> Result<Wanted, Error> {
        if self.legs.is_empty() || self.legs.len() > MAX_LEGS {
            let message = format!("`legs` holds {} options; send 1 to {MAX_LEGS}.", self.legs.len());
            return Err(Error::invalid_argument("legs", message));
        }
        let legs = self.legs.iter().enumerate().map(|(index, leg)| leg.check(index));
        let legs = legs.collect::<Result<Vec<Leg>, Error>>()?;
        Ok(Wanted { symbol: self.underlying(&legs)?, shares: self.held()?, legs })
    }

    fn underlying(&self, legs: &[Leg]) -> Result<Symbol, Error> {
        let mut named: Vec<String> = legs.iter().filter_map(|leg| leg.root.as_deref().map(underlying)).collect();
        named.sort();
        named.dedup();
        if let [one, other, ..] = named.as_slice() {
            let message = format!("The legs are options on {one} and on {other}; send one underlying at a time.");
            return Err(Error::invalid_argument("legs", message));
        }
        let given = self.symbol.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let Some(text) = given.or(named.first().map(String::as_str)) else {
            let message = "`symbol` is missing. Send the underlying, for example AAPL, or each leg's option symbol.";
            return Err(Error::invalid_argument("symbol", message));
        };
        // What is an underlying, the chain's own argument knows.
        let asked = crate::market::chain::GetOptionChainInput { symbol: text.to_owned(), ..Default::default() };
        let symbol = asked.check()?.symbol;
        match named.first().filter(|named| **named != symbol.as_str()) {
            Some(named) => {
                let message = format!("`symbol` is {symbol}, but the legs are options on {named}.");
                Err(Error::invalid_argument("symbol", message))
            }
            None => Ok(symbol),
        }
    }

    fn held(&self) -> Result<Option<(f64, Option<f64>)>, Error> {
        let price = self.share_price;
        if price.is_some_and(|price| !(price > 0.0 && price <= MAX_PRICE)) {
            let message = "`share_price` is not a price. Send what one share cost, for example 172.50.";
            return Err(Error::invalid_argument("share_price", message));
        }
        match self.shares.filter(|shares| *shares != 0.0) {
            None => Ok(None),
            Some(shares) if shares.is_finite() && shares.abs() <= MAX_SHARES => Ok(Some((shares, price))),
            Some(_) => {
                let message = format!("`shares` is out of bounds; send at most {MAX_SHARES}.");
                Err(Error::invalid_argument("shares", message))
            }
        }
    }
}

impl LegInput {
    fn check(&self, index: usize) -> Result<Leg, Error> {
        let wrong = |field: &str, message: String| {
            let path = format!("legs[{index}].{field}");
            Error::invalid_argument(&path, format!("`{path}` {message}"))
        };
        let (root, side, strike, expiration) = self.contract(&wrong)?;
        if !(float(strike) > 0.0 && float(strike) <= MAX_PRICE) {
            return Err(wrong("strike", format!("is {strike}; send a positive price.")));
        }
        let count = self.quantity.unwrap_or(1);
        let quantity = match (self.action, count) {
            (_, 0) => return Err(wrong("quantity", "is 0; send the number of contracts.".to_owned())),
            (_, count) if count.unsigned_abs() > MAX_CONTRACTS.unsigned_abs() => {
                return Err(wrong("quantity", format!("is {count}; send at most {MAX_CONTRACTS} contracts.")));
            }
            (Some(Action::Buy), count) if count > 0 => count,
            (Some(Action::Buy), count) => {
                return Err(wrong(
                    "quantity",
                    format!("is {count} of a leg that is bought; send it without the sign."),
                ));
            }
            (Some(Action::Sell), count) => -count.abs(),
            // A negative number can only mean one thing.
            (None, count) if count < 0 => count,
            (None, _) => return Err(wrong("action", "is missing; send buy or sell.".to_owned())),
        };
        let price = self.price.filter(|price| (0.0..=MAX_PRICE).contains(&float(*price)));
        if price.is_none() && self.price.is_some() {
            return Err(wrong("price", "is negative or too large; send dollars per share.".to_owned()));
        }
        Ok(Leg { root, side, strike, expiration, quantity, price })
    }

    fn contract(
        &self,
        wrong: &dyn Fn(&str, String) -> Error,
    ) -> Result<(Option<String>, Side, Decimal, NaiveDate), Error> {
        if let Some(text) = self.symbol.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            if self.side.is_some() || self.strike.is_some() || self.expiration.is_some() {
                let message = "stands beside `side`, `strike` or `expiration`; send the symbol or those three.";
                return Err(wrong("symbol", message.to_owned()));
            }
            let OccSymbol { root, expiration, side, strike } = OccSymbol::forgiving(text).ok_or_else(|| {
                let shown = shown(text);
                wrong("symbol", format!("is no option: \"{shown}\". Send for example AAPL 261218P170."))
            })?;
            return Ok((Some(root), side, strike, expiration));
        }
        let missing = |field: &str| wrong(field, "is missing; send side, strike and expiration, or symbol.".to_owned());
        let side = match self.side.ok_or_else(|| missing("side"))? {
            Kind::Call => Side::Call,
            Kind::Put => Side::Put,
        };
        let strike = self.strike.ok_or_else(|| missing("strike"))?;
        let text = self.expiration.as_deref().map(str::trim).ok_or_else(|| missing("expiration"))?;
        let day = text.parse().ok().filter(|_| text.len() == 10 && text.is_ascii());
        let expiration = day.ok_or_else(|| {
            let shown = shown(text);
            wrong("expiration", format!("is not a day: \"{shown}\". Send YYYY-MM-DD, for example 2026-12-18."))
        })?;
        Ok((None, side, strike, expiration))
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(40).collect()
}

fn float(decimal: Decimal) -> f64 {
    f64::try_from(decimal.0).unwrap_or(f64::INFINITY)
}

/// What `analyze_strategy` answers. Amounts are US dollars of the whole strategy, prices and greeks of a leg per share,
/// volatilities, probabilities and returns percent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StrategyAnalysis {
    /// Under which it is kept in history://analyses.
    pub analysis_id: String,
    /// The underlying.
    pub symbol: String,
    /// What it is called, for example iron condor.
    pub strategy: String,
    /// Of the underlying.
    pub underlying_price: f64,
    /// The first expiration, to which all figures lead.
    pub expiration: NaiveDate,
    /// Calendar days to it.
    pub dte: i64,
    /// The options.
    pub legs: Vec<LegFigures>,
    /// Shares with them.
    pub shares: f64,
    /// What each cost.
    pub share_price: Option<f64>,
    /// What the options bring; negative is a debit.
    pub net_credit: f64,
    /// The same at the bids for what is sold and the asks for what is bought.
    pub natural_credit: Option<f64>,
    /// `null` where `unlimited` names it.
    pub max_profit: Option<f64>,
    /// The largest loss as a positive amount; `null` likewise.
    pub max_loss: Option<f64>,
    /// Which have no limit: profit, loss.
    pub unlimited: Vec<String>,
    /// Ascending.
    pub break_evens: Vec<BreakEven>,
    /// Probabilities and expected value.
    pub odds: Odds,
    /// The same at the historical volatility; `null` where that is not known.
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    pub odds_at_historical_volatility: Option<Odds>,
    /// Of the whole: delta in shares, gamma, theta per day, vega and rho per point.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub greeks: StrategyGreeks,
    /// Estimates: buying_power, requirement, cash_secured, note.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub margin: Margin,
    /// Estimates: open, close, note.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub fees: StrategyFees,
    /// Before fees: on buying power, on cash, static, if called; simple, and per year.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub returns: Returns,
    /// To the first expiration, dollars of the underlying: by_volatility, straddle, straddle_85, weighted (60/30/10).
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub expected_move: ExpectedMove,
    /// Profit with all legs priced anew.
    pub scenarios: Scenarios,
    /// Marks of the usual rules of management.
    pub management: Vec<Mark>,
    /// Earnings and ex-dividend day, and whether before the last expiration.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub events: StrategyEvents,
    /// american or european.
    pub exercise: String,
    /// Of the implied volatilities over a year; `null` where not known.
    pub iv_rank: Option<f64>,
    /// Risk-free rate and yield that were computed with, percent.
    pub rate: f64,
    /// Implied by the options, dividends and borrowing together.
    pub dividend_yield: f64,
    /// In plain words.
    pub summary: Summary,
    /// What this is not.
    pub disclaimer: String,
    /// Where prices and volatilities come from.
    pub source: Source,
    /// When the oldest of them was read.
    pub as_of: Timestamp,
    /// What could not be had, and why.
    pub missing: Vec<String>,
    /// What else to know.
    pub notes: Vec<String>,
}

/// A leg with its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LegFigures {
    /// TastyTrade's symbol.
    pub symbol: String,
    /// call or put.
    pub side: String,
    /// The strike.
    pub strike: f64,
    /// The last day.
    pub expiration: NaiveDate,
    /// Calendar days to it.
    pub dte: i64,
    /// Contracts; negative are sold.
    pub quantity: i64,
    /// What was computed with.
    pub price: f64,
    /// given, or mid.
    pub price_source: String,
    /// Best bid.
    pub bid: Option<f64>,
    /// Best ask.
    pub ask: Option<f64>,
    /// Implied volatility.
    pub iv: f64,
    /// chain, price, or neighbour: where that comes from.
    pub iv_source: String,
    /// Of one share, bought.
    pub delta: f64,
    /// Probability of ending in the money.
    pub p_itm: f64,
    /// Probability that the strike is touched before.
    pub p_touch: f64,
}

/// A price at which nothing is earned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BreakEven {
    /// Of the underlying.
    pub price: f64,
    /// From today's price.
    pub percent: f64,
}

/// Probabilities and expected value if the underlying moves at one volatility.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Odds {
    /// That volatility.
    pub volatility: f64,
    /// Where it comes from.
    pub basis: String,
    /// Probability of any profit at expiration.
    pub pop: f64,
    /// Probability that half of the largest profit is reached before, looked at daily.
    pub p50: Option<f64>,
    /// Expected profit.
    pub ev: f64,
    /// How to read it.
    pub ev_note: String,
}

/// Dollars of the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StrategyGreeks {
    /// Shares that it moves like.
    pub delta: f64,
    /// Of delta, per dollar.
    pub gamma: f64,
    /// Per calendar day.
    pub theta: f64,
    /// Per point of volatility.
    pub vega: f64,
    /// Per point of the rate.
    pub rho: f64,
}

/// Money that is tied up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Margin {
    /// In a margin account.
    pub buying_power: Option<f64>,
    /// Before credits.
    pub requirement: Option<f64>,
    /// In a cash account; `null` where one cannot hold it.
    pub cash_secured: Option<f64>,
    /// What kind of estimate.
    pub note: String,
}

/// Commissions and fees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StrategyFees {
    /// To open.
    pub open: Option<f64>,
    /// To close before expiration.
    pub close: Option<f64>,
    /// What is in it.
    pub note: String,
}

/// Percent. `null` where there is nothing that it would be a return on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Returns {
    /// Largest profit on buying power.
    pub on_buying_power: Option<f64>,
    /// Per year.
    pub on_buying_power_annualized: Option<f64>,
    /// Largest profit on the cash that secures it.
    pub on_cash: Option<f64>,
    /// Per year.
    pub on_cash_annualized: Option<f64>,
    /// Of a covered call: the credit on the price.
    pub static_return: Option<f64>,
    /// Of a covered call: if the shares are called away.
    pub if_called: Option<f64>,
    /// If called, per year.
    pub if_called_annualized: Option<f64>,
}

/// How far the market expects the underlying to move.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExpectedMove {
    /// Price times volatility times root of time.
    pub by_volatility: f64,
    /// That, in percent of the price.
    pub percent: f64,
    /// The straddle at the money.
    pub straddle: Option<f64>,
    /// 85 % of that.
    pub straddle_85: Option<f64>,
    /// 60 % straddle, 30 and 10 % the next two strangles.
    pub weighted: Option<f64>,
}

/// Profit by price, day and volatility.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Scenarios {
    /// Of the underlying.
    pub prices: Vec<f64>,
    /// The same in expected moves.
    pub moves: Vec<f64>,
    /// By day and change of volatility.
    pub rows: Vec<ScenarioRow>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScenarioRow {
    /// Days from now.
    pub days: f64,
    /// Points of volatility added to each leg.
    pub volatility_change: f64,
    /// By the prices.
    pub profit: Vec<f64>,
}

/// A rule with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mark {
    /// profit_target, loss_limit, days_left, tested, assignment, expiring.
    pub rule: String,
    /// Whether the mark is reached.
    pub reached: bool,
    /// The figures.
    pub evidence: String,
}

/// Earnings and dividend.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StrategyEvents {
    /// The next report.
    pub earnings_date: Option<NaiveDate>,
    /// Whether it falls into the life of a leg.
    pub earnings_within: Option<bool>,
    /// The next day without the dividend.
    pub ex_dividend_date: Option<NaiveDate>,
    /// Whether it falls into the life of a leg.
    pub ex_dividend_within: Option<bool>,
    /// Per share.
    pub dividend: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Wanted, String> {
        let input: AnalyzeStrategyInput = serde_json::from_str(json).unwrap();
        input.check().map_err(|error| format!("{}: {error}", error.details["argument"]))
    }

    #[test]
    fn legs_come_as_symbols_or_in_parts() {
        let wanted = read(
            r#"{"legs":[{"symbol":"AAPL 261218P170","action":"sell","quantity":2},
                        {"symbol":"AAPL  261218P00165000","action":"BUY","quantity":2,"price":0.55}]}"#,
        )
        .unwrap();
        assert_eq!(wanted.symbol.as_str(), "AAPL");
        let short: Vec<_> = wanted.legs.iter().map(|leg| (leg.side, leg.strike.to_string(), leg.quantity)).collect();
        assert_eq!(short, vec![(Side::Put, "170".to_owned(), -2), (Side::Put, "165".to_owned(), 2)]);
        assert_eq!(wanted.legs[1].price.unwrap().to_string(), "0.55");
        let parts = r#"{"symbol":"aapl","shares":100,"share_price":150,
            "legs":[{"side":"call","strike":180,"expiration":"2026-12-18","quantity":-1}]}"#;
        let wanted = read(parts).unwrap();
        assert_eq!((wanted.legs[0].quantity, wanted.legs[0].root.clone()), (-1, None));
        assert_eq!(wanted.shares, Some((100.0, Some(150.0))));
        for (root, symbol) in [("SPXW", "SPX"), ("BRKB", "BRK/B"), ("AAPL1", "AAPL")] {
            let json = format!(r#"{{"legs":[{{"symbol":"{root} 261218C100","action":"buy"}}]}}"#);
            assert_eq!(read(&json).unwrap().symbol.as_str(), symbol);
        }
    }

    #[test]
    fn what_cannot_be_served_is_named() {
        let leg = r#"{"side":"put","strike":170,"expiration":"2026-12-18","action":"sell"}"#;
        let nine = [leg; 9].join(",");
        for (json, error) in [
            (r#"{"symbol":"A","legs":[]}"#.to_owned(), "\"legs\": `legs` holds 0 options; send 1 to 8."),
            (format!(r#"{{"symbol":"A","legs":[{nine}]}}"#), "holds 9 options"),
            (format!(r#"{{"legs":[{leg}]}}"#), "\"symbol\": `symbol` is missing"),
            (r#"{"symbol":"A","legs":[{"symbol":"AAPL","action":"buy"}]}"#.to_owned(), "`legs[0].symbol` is no option"),
            (r#"{"symbol":"A","legs":[{"symbol":"AAPL 261218P170","action":"buy"}]}"#.to_owned(), "options on AAPL"),
            (
                r#"{"legs":[{"symbol":"AAPL 261218P170","strike":5,"action":"buy"}]}"#.to_owned(),
                "stands beside `side`, `strike` or `expiration`",
            ),
            (
                r#"{"legs":[{"symbol":"AAPL 261218P170","action":"buy"},{"symbol":"KO 261218P70","action":"buy"}]}"#
                    .to_owned(),
                "options on AAPL and on KO",
            ),
            (
                r#"{"legs":[{"symbol":"AAPL 261218P170"}]}"#.to_owned(),
                "\"legs[0].action\": `legs[0].action` is missing",
            ),
            (
                r#"{"legs":[{"symbol":"AAPL 261218P170","action":"buy","quantity":-1}]}"#.to_owned(),
                "send it without the sign",
            ),
            (r#"{"legs":[{"symbol":"AAPL 261218P170","action":"buy","quantity":0}]}"#.to_owned(), "is 0"),
            (r#"{"legs":[{"symbol":"AAPL 261218P170","action":"buy","quantity":99999}]}"#.to_owned(), "at most 10000"),
            (r#"{"legs":[{"symbol":"AAPL 261218P170","action":"buy","price":-1}]}"#.to_owned(), "`legs[0].price`"),
            (r#"{"symbol":"A","legs":[{"side":"put","action":"buy"}]}"#.to_owned(), "`legs[0].strike` is missing"),
            (
                r#"{"symbol":"A","legs":[{"side":"put","strike":5,"expiration":"Dec","action":"buy"}]}"#.to_owned(),
                "`legs[0].expiration` is not a day: \"Dec\"",
            ),
            (format!(r#"{{"symbol":"A","legs":[{leg}],"shares":1e9}}"#), "`shares` is out of bounds"),
            (format!(r#"{{"symbol":"A","legs":[{leg}],"shares":1,"share_price":0}}"#), "`share_price` is not a price"),
        ] {
            let got = read(&json).unwrap_err();
            assert!(got.contains(error), "{json}: {got}");
        }
    }
}
