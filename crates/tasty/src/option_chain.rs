//! Option chains: `GET /option-chains/{symbol}/nested` and `GET /futures-option-chains/{code}/nested`.
//!
//! A chain is read once, to a compact form that is also what is kept of it: strikes are whole numbers, and of the symbols
//! of an expiration there is one pattern per side, since they differ in the strike alone. Symbols that fit no pattern are
//! kept as they came.

use std::{borrow::Cow, collections::BTreeMap};

use chrono::NaiveDate;
use domain::{Decimal, Symbol, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Answer, Error, Noted, Request, request::path_symbol};

pub use domain::occ::Side;

/// More strikes than any chain has; the rest of an answer is not read.
const MAX_STRIKES: usize = 60_000;
/// So many notes say enough.
const MAX_NOTES: usize = 20;
/// Strikes have at most so many digits after the point.
const MAX_SCALE: u32 = 10;

/// All contracts that are listed on one symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// When TastyTrade was asked; days to expiration count from its day.
    pub as_of: Timestamp,
    /// One per root; of options on futures one per future.
    pub roots: Vec<Root>,
}

/// The contracts of one root, or on one future.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// For example `SPXW`, or `/ES`.
    pub root: String,
    /// What they are written on, for example `SPX` or `/ESZ6`.
    pub underlying: String,
    /// Whether a contract delivers what contracts usually do; one that was adjusted does not.
    pub is_standard: bool,
    /// Shares per contract; of options on futures dollars per point, where TastyTrade says so.
    pub multiplier: Option<Decimal>,
    /// What an adjusted contract delivers, in TastyTrade's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliverable: Option<String>,
    /// The nearest first.
    pub expirations: Vec<Expiration>,
}

/// The contracts of one root that end together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiration {
    /// The last day.
    pub date: NaiveDate,
    /// Calendar days to it on the day of [`Chain::as_of`].
    pub dte: i64,
    /// `Regular` for the monthly ones, `Weekly`, `End-Of-Month`, `Quarterly`.
    pub kind: String,
    /// `AM` where it settles to the opening prices of its last day, else `PM`.
    pub settlement: String,
    /// How many digits of `strikes` stand after the point.
    pub scale: u32,
    /// Ascending, in units of the last digit.
    pub strikes: Vec<i64>,
    call: Names,
    put: Names,
}

/// The symbols of one side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Names {
    symbol: Pattern,
    streamer: Pattern,
}

/// The symbols of one side as a pattern, with the exceptions by place. An empty exception is a symbol that there is not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Pattern {
    head: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    tail: String,
    /// Whether the strike stands there in thousandths on eight places, as the OCC writes it.
    is_occ: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    odd: BTreeMap<usize, String>,
}

impl Expiration {
    /// The strike at a place.
    pub fn strike(&self, place: usize) -> Option<Decimal> {
        decimal(*self.strikes.get(place)?, self.scale)
    }

    /// Whether there is such a contract, without its symbol being put together.
    pub fn lists(&self, place: usize, side: Side) -> bool {
        place < self.strikes.len() && self.names(side).symbol.is_at(place)
    }

    /// TastyTrade's symbol of a contract; absent where there is no such contract.
    pub fn symbol(&self, place: usize, side: Side) -> Option<String> {
        self.names(side).symbol.at(place, self.strike(place)?)
    }

    /// The streamer's symbol of a contract; absent where TastyTrade names none.
    pub fn streamer(&self, place: usize, side: Side) -> Option<String> {
        self.names(side).streamer.at(place, self.strike(place)?)
    }

    /// How TastyTrade's symbols of a side are put together, for people: `SPY   261218C` and the strike in thousandths.
    /// Absent where they follow no pattern.
    pub fn pattern(&self, side: Side) -> Option<String> {
        let Pattern { head, tail, is_occ, .. } = &self.names(side).symbol;
        let strike = if *is_occ { "{strike*1000 on 8 digits}" } else { "{strike}" };
        (!head.is_empty()).then(|| format!("{head}{strike}{tail}"))
    }

    /// Whether it is one of the monthly ones.
    pub fn is_monthly(&self) -> bool {
        self.kind.eq_ignore_ascii_case("regular")
    }

    fn names(&self, side: Side) -> &Names {
        match side {
            Side::Call => &self.call,
            Side::Put => &self.put,
        }
    }
}

impl Pattern {
    /// The pattern that a first symbol shows.
    fn of(symbol: &str, strike: Decimal) -> Option<Self> {
        let occ = occ_strike(strike);
        if let Some(head) = occ.as_deref().and_then(|occ| symbol.strip_suffix(occ)) {
            return Some(Self { head: head.to_owned(), is_occ: true, ..Self::default() });
        }
        let plain = strike.0.normalize().to_string();
        let (head, tail) = symbol.rsplit_once(plain.as_str())?;
        // A digit of a date or of an exchange's name would be taken for the strike.
        let is_end = tail.is_empty() || tail.starts_with(':');
        (is_end && head.ends_with(['C', 'P'])).then(|| Self {
            head: head.to_owned(),
            tail: tail.to_owned(),
            ..Self::default()
        })
    }

    fn made(&self, strike: Decimal) -> Option<String> {
        let Self { head, tail, is_occ, .. } = self;
        if head.is_empty() {
            return None;
        }
        if *is_occ {
            return occ_strike(strike).map(|strike| format!("{head}{strike}"));
        }
        Some(format!("{head}{}{tail}", strike.0.normalize()))
    }

    fn at(&self, place: usize, strike: Decimal) -> Option<String> {
        match self.odd.get(&place) {
            Some(odd) => Some(odd.clone()).filter(|odd| !odd.is_empty()),
            None => self.made(strike),
        }
    }

    /// Whether [`Pattern::at`] gives a symbol: one that the pattern does not make is among the odd ones.
    fn is_at(&self, place: usize) -> bool {
        self.odd.get(&place).map_or(!self.head.is_empty(), |odd| !odd.is_empty())
    }

    /// Takes in the symbol at a place.
    fn take(&mut self, place: usize, strike: Decimal, symbol: &str) {
        if self.head.is_empty()
            && !symbol.is_empty()
            && let Some(pattern) = Self::of(symbol, strike)
        {
            let odd = core::mem::take(&mut self.odd);
            *self = Self { odd, ..pattern };
        }
        if self.made(strike).as_deref() != Some(symbol) {
            self.odd.insert(place, symbol.to_owned());
        }
    }
}

fn decimal(units: i64, scale: u32) -> Option<Decimal> {
    let text = rust_decimal::Decimal::try_new(units, scale).ok()?;
    Some(Decimal(text.normalize()))
}

/// A strike in thousandths on eight places, if it is a whole number of them.
fn occ_strike(strike: Decimal) -> Option<String> {
    let mills = strike.0.checked_mul(rust_decimal::Decimal::ONE_THOUSAND)?.normalize();
    let is_whole = mills.scale() == 0 && !mills.is_sign_negative();
    let text = mills.to_string();
    (is_whole && text.len() <= 8).then(|| format!("{text:0>8}"))
}

/// Asks for the chains of an equity, an ETF or an index.
pub fn request(symbol: &Symbol) -> Request {
    Request::get(format!("/option-chains/{}/nested", path_symbol(symbol)))
}

/// Asks for the chains of a product's futures; `code` is without the slash, for example `ES`.
pub fn futures_request(code: &str) -> Request {
    Request::get(format!("/futures-option-chains/{}/nested", utf8_percent_encode(code, NON_ALPHANUMERIC)))
}

/// The code of the product that a future's symbol names: `ES` for `/ES`, `/ESZ6` and `/ESZ26`. Absent for what is no
/// future.
pub fn product(symbol: &Symbol) -> Option<&str> {
    let name = symbol.as_str().strip_prefix('/')?;
    let body = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let is_dated = body.len() < name.len() && name.len() - body.len() <= 2;
    let code = if is_dated { body.strip_suffix(is_month).unwrap_or(name) } else { name };
    (!code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(code)
}

/// Whether a letter stands for a month of delivery.
fn is_month(letter: char) -> bool {
    "FGHJKMNQUVXZ".contains(letter)
}

// ---- reading ------------------------------------------------------------------------------------------------------------

type Scalar<'a> = Option<&'a RawValue>;

#[derive(Deserialize)]
struct Items<'a> {
    #[serde(borrow)]
    items: Vec<RootItem<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RootItem<'a> {
    #[serde(borrow, default)]
    root_symbol: Scalar<'a>,
    #[serde(borrow, default)]
    underlying_symbol: Scalar<'a>,
    #[serde(borrow, default)]
    option_chain_type: Scalar<'a>,
    #[serde(borrow, default)]
    shares_per_contract: Scalar<'a>,
    #[serde(borrow, default)]
    deliverables: Option<Vec<Deliverable<'a>>>,
    #[serde(borrow, default)]
    expirations: Option<Vec<ExpirationItem<'a>>>,
}

#[derive(Deserialize)]
struct Deliverable<'a> {
    #[serde(borrow, default)]
    description: Scalar<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ExpirationItem<'a> {
    #[serde(borrow, default)]
    expiration_date: Scalar<'a>,
    #[serde(borrow, default)]
    days_to_expiration: Scalar<'a>,
    #[serde(borrow, default)]
    expiration_type: Scalar<'a>,
    #[serde(borrow, default)]
    settlement_type: Scalar<'a>,
    #[serde(borrow, default)]
    option_root_symbol: Scalar<'a>,
    #[serde(borrow, default)]
    notional_value: Scalar<'a>,
    #[serde(borrow, default)]
    display_factor: Scalar<'a>,
    #[serde(borrow, default)]
    strikes: Option<Vec<StrikeItem<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct StrikeItem<'a> {
    #[serde(borrow, default)]
    strike_price: Scalar<'a>,
    #[serde(borrow, default)]
    call: Scalar<'a>,
    #[serde(borrow, default)]
    call_streamer_symbol: Scalar<'a>,
    #[serde(borrow, default)]
    put: Scalar<'a>,
    #[serde(borrow, default)]
    put_streamer_symbol: Scalar<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Futures<'a> {
    #[serde(borrow)]
    option_chains: Vec<RootItem<'a>>,
}

/// Reads the chains of an equity, an ETF or an index. An expiration or a strike that cannot be read is left out with a
/// note; a list that is none is an error.
///
/// # Errors
///
/// [`Error`], with the path of what is broken.
pub fn read(answer: &Answer, now: Timestamp) -> Result<Noted<Chain>, Error> {
    let Items { items } = answer.quick()?;
    chain(items, "data.items", now)
}

/// Reads the chains of a product's futures, as [`read`] does.
///
/// # Errors
///
/// [`Error`], with the path of what is broken.
pub fn read_futures(answer: &Answer, now: Timestamp) -> Result<Noted<Chain>, Error> {
    let Futures { option_chains } = answer.quick()?;
    chain(option_chains, "data.option-chains", now)
}

/// What can be read of it. Where something is listed and nothing of that can be, the whole is an error: it would look like a
/// symbol without options, and would be kept as one.
fn chain(items: Vec<RootItem<'_>>, path: &str, now: Timestamp) -> Result<Noted<Chain>, Error> {
    let mut reader = Reader { notes: Vec::new(), left: MAX_STRIKES, now };
    let mut roots = Vec::with_capacity(items.len());
    for (position, item) in items.into_iter().enumerate() {
        reader.root(item, &format!("{path}[{position}]"), &mut roots);
    }
    if !reader.notes.is_empty() && roots.iter().all(|root| root.expirations.is_empty()) {
        return Err(Error::invalid(path, "nothing of it could be read"));
    }
    Ok(Noted { value: Chain { as_of: now, roots }, notes: reader.notes })
}

struct Reader {
    notes: Vec<String>,
    left: usize,
    now: Timestamp,
}

impl Reader {
    fn note(&mut self, path: &str, what: &str) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(format!("{path}: {what}"));
        }
    }

    fn root(&mut self, item: RootItem<'_>, path: &str, roots: &mut Vec<Root>) {
        let (Some(root), Some(underlying)) = (name(item.root_symbol), name(item.underlying_symbol)) else {
            return self.note(path, "without root-symbol or underlying-symbol");
        };
        let is_standard = name(item.option_chain_type).is_none_or(|kind| kind.eq_ignore_ascii_case("standard"));
        let deliverable = item
            .deliverables
            .unwrap_or_default()
            .into_iter()
            .filter_map(|each| name(each.description))
            .collect::<Vec<_>>();
        let items = item.expirations.unwrap_or_default();
        // The value of a whole point: the notional value is that of a hundredth where prices are shown in those.
        let first = items.first();
        let point = || {
            let notional: rust_decimal::Decimal = number(first?.notional_value)?.0;
            let factor: rust_decimal::Decimal = number(first?.display_factor)?.0;
            notional.checked_div(factor).map(|point| Decimal(point.normalize()))
        };
        let multiplier = number(item.shares_per_contract).or_else(point);
        let option_root = first.and_then(|first| name(first.option_root_symbol)).is_some();
        let mut expirations: Vec<Expiration> = items
            .into_iter()
            .enumerate()
            .filter_map(|(position, item)| self.expiration(item, &format!("{path}.expirations[{position}]")))
            .collect();
        expirations.sort_by(|one, other| (one.date, &one.kind).cmp(&(other.date, &other.kind)));
        if option_root && expirations.is_empty() {
            return;
        }
        roots.push(Root {
            root: root.into_owned(),
            underlying: underlying.into_owned(),
            is_standard,
            multiplier,
            deliverable: (!is_standard && !deliverable.is_empty()).then(|| deliverable.join(", ")),
            expirations,
        });
    }

    fn expiration(&mut self, item: ExpirationItem<'_>, path: &str) -> Option<Expiration> {
        let date = name(item.expiration_date).and_then(|text| text.get(..10)?.parse::<NaiveDate>().ok());
        let Some(date) = date else {
            self.note(path, "expiration-date: not a date");
            return None;
        };
        let counted = name(item.days_to_expiration).and_then(|text| text.parse().ok());
        let dte = counted.unwrap_or_else(|| date.signed_duration_since(self.now.date_naive()).num_days());
        let mut items: Vec<(Decimal, StrikeItem<'_>)> = Vec::new();
        for (position, strike) in item.strikes.unwrap_or_default().into_iter().take(self.left).enumerate() {
            match number(strike.strike_price).filter(|price| price.0.scale() <= MAX_SCALE && price.0 > ZERO) {
                Some(price) => items.push((price, strike)),
                None => self.note(&format!("{path}.strikes[{position}].strike-price"), "not a price"),
            }
        }
        self.left = self.left.saturating_sub(items.len());
        items.sort_by_key(|(price, _)| *price);
        items.dedup_by_key(|(price, _)| *price);
        let scale = items.iter().map(|(price, _)| price.0.scale()).max().unwrap_or(0);
        let mut expiration = Expiration {
            date,
            dte,
            kind: name(item.expiration_type).map_or_else(String::new, Cow::into_owned),
            settlement: name(item.settlement_type).map_or_else(|| "PM".to_owned(), Cow::into_owned),
            scale,
            strikes: Vec::with_capacity(items.len()),
            call: Names::default(),
            put: Names::default(),
        };
        for (price, item) in items {
            let mut scaled = price.0;
            scaled.rescale(scale);
            let Ok(units) = i64::try_from(scaled.mantissa()) else { continue };
            let place = expiration.strikes.len();
            expiration.strikes.push(units);
            let take = |pattern: &mut Pattern, symbol: Scalar<'_>| {
                pattern.take(place, price, name(symbol).as_deref().unwrap_or_default());
            };
            take(&mut expiration.call.symbol, item.call);
            take(&mut expiration.call.streamer, item.call_streamer_symbol);
            take(&mut expiration.put.symbol, item.put);
            take(&mut expiration.put.streamer, item.put_streamer_symbol);
        }
        if expiration.strikes.is_empty() {
            self.note(path, "no strikes");
            return None;
        }
        Some(expiration)
    }
}

const ZERO: rust_decimal::Decimal = rust_decimal::Decimal::ZERO;

/// The words of a string or the digits of a number, without control characters; what is long is none.
fn name(raw: Scalar<'_>) -> Option<Cow<'_, str>> {
    let text = raw?.get();
    let is_plain = |text: &str| !text.is_empty() && text.len() <= 120 && !text.chars().any(char::is_control);
    if let Some(inside) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        if inside.contains('\\') {
            return serde_json::from_str::<String>(text).ok().filter(|text| is_plain(text)).map(Cow::Owned);
        }
        return is_plain(inside).then_some(Cow::Borrowed(inside));
    }
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    is_number.then_some(Cow::Borrowed(text))
}

fn number(raw: Scalar<'_>) -> Option<Decimal> {
    let decimal: Decimal = name(raw)?.parse().ok()?;
    Some(Decimal(decimal.0.normalize()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::response::tests::answer;

    const EQUITY: &str = r#"{"data":{"items":[
        {"underlying-symbol":"PFE","root-symbol":"PFE","option-chain-type":"Standard","shares-per-contract":100,"new":{"a":1},
         "deliverables":[{"description":"100 shares of PFE"}],"expirations":[
          {"expiration-type":"Weekly","expiration-date":"2026-12-24","days-to-expiration":"34","settlement-type":"PM","strikes":[
            {"strike-price":"25.0","call":"PFE   261224C00025000","call-streamer-symbol":".PFE261224C25","put":"PFE   261224P00025000","put-streamer-symbol":".PFE261224P25"}]},
          {"expiration-type":"Regular","expiration-date":"2026-12-18","days-to-expiration":28,"settlement-type":"PM","strikes":[
            {"strike-price":"25.0","call":"PFE   261218C00025000","call-streamer-symbol":".PFE261218C25","put":"PFE   261218P00025000","put-streamer-symbol":".PFE261218P25"},
            {"strike-price":24.5,"call":"PFE   261218C00024500","call-streamer-symbol":".PFE261218C24.5","put":"PFE   261218P00024500","put-streamer-symbol":null},
            {"strike-price":"oops","call":"x"},
            {"strike-price":"26","call":"PFE   261218C00026000","call-streamer-symbol":".ODD","put":null}]},
          {"expiration-date":"soon","strikes":[]},
          {"expiration-date":"2027-01-15","strikes":null}]},
        {"underlying-symbol":"PFE","root-symbol":"PFE1","option-chain-type":"Non-standard","shares-per-contract":"110.0",
         "deliverables":[{"description":"110 shares of PFE"},{"description":"1.50 USD"}],"expirations":[]},
        {"expirations":[]}]}}"#;

    fn now() -> Timestamp {
        "2026-11-20T15:30:00Z".parse().unwrap()
    }

    #[test]
    fn a_chain_of_two_roots() {
        let Noted { value: chain, notes } = read(&answer(200, EQUITY), now()).unwrap();
        let [pfe, adjusted] = chain.roots.as_slice() else { panic!("{chain:?}") };
        assert_eq!((pfe.root.as_str(), pfe.underlying.as_str(), pfe.is_standard), ("PFE", "PFE", true));
        assert_eq!((pfe.multiplier.unwrap().to_string().as_str(), pfe.deliverable.as_deref()), ("100", None));
        assert_eq!((adjusted.is_standard, adjusted.multiplier.unwrap().to_string().as_str()), (false, "110"));
        assert_eq!(adjusted.deliverable.as_deref(), Some("110 shares of PFE, 1.50 USD"));
        let [monthly, weekly] = pfe.expirations.as_slice() else { panic!("{pfe:?}") };
        assert_eq!((monthly.dte, weekly.dte, monthly.is_monthly(), weekly.is_monthly()), (28, 34, true, false));
        assert_eq!((monthly.scale, monthly.strikes.as_slice()), (1, [245, 250, 260].as_slice()));
        let strikes: Vec<String> = (0..4).filter_map(|place| monthly.strike(place)).map(|s| s.to_string()).collect();
        assert_eq!(strikes, ["24.5", "25", "26"]);
        for (place, side, symbol, streamer) in [
            (0, Side::Call, Some("PFE   261218C00024500"), Some(".PFE261218C24.5")),
            (0, Side::Put, Some("PFE   261218P00024500"), None),
            (1, Side::Put, Some("PFE   261218P00025000"), Some(".PFE261218P25")),
            (2, Side::Call, Some("PFE   261218C00026000"), Some(".ODD")),
            (2, Side::Put, None, None),
            (3, Side::Call, None, None),
        ] {
            assert_eq!(monthly.symbol(place, side).as_deref(), symbol, "{place} {side:?}");
            assert_eq!(monthly.lists(place, side), symbol.is_some(), "{place} {side:?}");
            assert_eq!(monthly.streamer(place, side).as_deref(), streamer, "{place} {side:?}");
        }
        assert_eq!(
            notes,
            [
                "data.items[0].expirations[1].strikes[2].strike-price: not a price",
                "data.items[0].expirations[2]: expiration-date: not a date",
                "data.items[0].expirations[3]: no strikes",
                "data.items[2]: without root-symbol or underlying-symbol",
            ]
        );
        let kept = serde_json::to_string(&chain).unwrap();
        assert_eq!(serde_json::from_str::<Chain>(&kept).unwrap(), chain);
    }

    #[test]
    fn options_on_futures() {
        let body = r#"{"data":{"futures":[{"symbol":"/ESZ6"}],"option-chains":[
            {"underlying-symbol":"/ESZ6","root-symbol":"/ES","exercise-style":"American","expirations":[
             {"underlying-symbol":"/ESZ6","root-symbol":"/ES","option-root-symbol":"EW4","option-contract-symbol":"EW4X6","asset":"ES",
              "expiration-date":"2026-11-27","days-to-expiration":7,"expiration-type":"Weekly","settlement-type":"PM",
              "notional-value":"0.5","display-factor":"0.01","strike-factor":"1.0","strikes":[
               {"strike-price":"6700.0","call":"./ESZ6 EW4X6 261127C6700","call-streamer-symbol":"./EW4X26C6700:XCME","put":"./ESZ6 EW4X6 261127P6700","put-streamer-symbol":"./EW4X26P6700:XCME"},
               {"strike-price":"6705.0","call":"./ESZ6 EW4X6 261127C6705","call-streamer-symbol":"./EW4X26C6705:XCME","put":"./ESZ6 EW4X6 261127P6705"}]}]},
            {"underlying-symbol":"/ESH7","root-symbol":"/ES","expirations":[]}]}}"#;
        let Noted { value: chain, notes } = read_futures(&answer(200, body), now()).unwrap();
        assert_eq!(notes, [""; 0]);
        let root = &chain.roots[0];
        assert_eq!((root.underlying.as_str(), root.multiplier.unwrap().to_string().as_str()), ("/ESZ6", "50"));
        let week = &root.expirations[0];
        assert_eq!(week.symbol(1, Side::Put).as_deref(), Some("./ESZ6 EW4X6 261127P6705"));
        assert_eq!(week.streamer(1, Side::Call).as_deref(), Some("./EW4X26C6705:XCME"));
        assert_eq!(week.streamer(1, Side::Put), None);
        assert_eq!(week.pattern(Side::Call).as_deref(), Some("./ESZ6 EW4X6 261127C{strike}"));
    }

    #[test]
    fn what_is_broken_is_named() {
        for (body, problem) in [
            (r#"{"data":{"items":[{"root-symbol":"A","expirations":7}]}}"#, "data.items[0].expirations"),
            (
                r#"{"data":{"items":[{"root-symbol":{"a":[1]},"expirations":[]}]}}"#,
                "data.items: nothing of it could be read",
            ),
            (
                r#"{"data":{"items":[{"root-symbol":"A","expirations":[{"strikes":[7]}]}]}}"#,
                "data.items[0].expirations[0].strikes[0]",
            ),
            (r#"{"data":{"items":[{"root-sym"#, "cut off"),
            (r#"{"data":null}"#, "data: missing"),
            ("<html>", "not JSON"),
        ] {
            let error = read(&answer(200, body), now()).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
        assert_eq!(read(&answer(404, "{}"), now()), Err(Error::Refused { status: 404 }));
    }

    #[test]
    fn products_of_futures() {
        for (symbol, code) in [
            ("/ES", Some("ES")),
            ("/ESZ6", Some("ES")),
            ("/ESZ26", Some("ES")),
            ("/M2KH7", Some("M2K")),
            ("/M2K", Some("M2K")),
            ("/6EZ6", Some("6E")),
            ("/6E", Some("6E")),
            ("/ZN", Some("ZN")),
            ("AAPL", None),
        ] {
            assert_eq!(product(&Symbol::parse(symbol).unwrap()), code, "{symbol}");
        }
        assert_eq!(futures_request("6E").path_and_query, "/futures-option-chains/6E/nested");
        let brk = Symbol::parse("brk/b").unwrap();
        assert_eq!(request(&brk).path_and_query, "/option-chains/BRK%2FB/nested");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = read(&answer(200, &text), now());
        }

        #[test]
        fn symbols_come_back_whatever_they_are(
            rows in prop::collection::vec((1..900_000_u32, "[A-Z0-9.:/ ]{0,12}", any::<bool>()), 1..30),
        ) {
            let strikes: Vec<String> = rows.iter().map(|(mills, odd, is_odd)| {
                let strike = rust_decimal::Decimal::new(i64::from(*mills), 3);
                let call = if *is_odd { odd.clone() } else { format!("XYZ   261218C{mills:08}") };
                format!(r#"{{"strike-price":"{strike}","call":"{call}","put-streamer-symbol":".XYZ261218P{}"}}"#, strike.normalize())
            }).collect();
            let body = format!(
                r#"{{"data":{{"items":[{{"root-symbol":"XYZ","underlying-symbol":"XYZ","expirations":[{{"expiration-date":"2026-12-18","strikes":[{}]}}]}}]}}}}"#,
                strikes.join(",")
            );
            let chain = read(&answer(200, &body), now()).unwrap().value;
            let chain: Chain = serde_json::from_str(&serde_json::to_string(&chain).unwrap()).unwrap();
            let got = &chain.roots[0].expirations[0];
            for (place, units) in got.strikes.iter().enumerate() {
                let strike = got.strike(place).unwrap();
                let mills = u32::try_from((strike.0 * rust_decimal::Decimal::ONE_THOUSAND).mantissa() / 10_i128.pow((strike.0 * rust_decimal::Decimal::ONE_THOUSAND).scale())).unwrap();
                let of: Vec<_> = rows.iter().filter(|row| row.0 == mills).collect();
                let expected = |row: &&(u32, String, bool)| {
                    let call = if row.2 { row.1.clone() } else { format!("XYZ   261218C{mills:08}") };
                    got.symbol(place, Side::Call).unwrap_or_default() == call
                };
                prop_assert!(of.iter().any(expected), "{units} {:?}", got.symbol(place, Side::Call));
                prop_assert_eq!(got.streamer(place, Side::Put).unwrap(), format!(".XYZ261218P{}", strike));
            }
        }
    }
}
