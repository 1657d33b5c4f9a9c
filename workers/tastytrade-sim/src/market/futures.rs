//! Index futures and the options on them. A future costs what its index costs, carried to its last day; the carry counts
//! whole days, so that a session's range is that of the index times one factor.

use std::fmt;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use domain::Timestamp;
use rust_decimal::Decimal;

use super::{
    Listing, Market, hours, listing,
    occ::Right,
    options::{Model, RISK_FREE},
};
use crate::calendar;

/// What a family of contracts has in common.
#[derive(Debug)]
pub(crate) struct Product {
    pub code: &'static str,
    pub description: &'static str,
    /// The symbol of the index.
    pub underlying: &'static str,
    /// Dollars per point.
    pub multiplier: f64,
    /// The smallest step, in points.
    pub tick: f64,
    /// Contracts on an average day, in thousands.
    pub volume: f64,
    /// Whether options on it are listed.
    pub options: bool,
    /// How many shares of which fund move as much as one contract.
    pub etf: (&'static str, u32),
}

/// All products; every one is listed at CME and expires four times a year.
pub(crate) static PRODUCTS: [Product; 4] = [
    Product {
        code: "ES",
        description: "E-Mini S&P 500",
        underlying: "SPX",
        multiplier: 50.0,
        tick: 0.25,
        volume: 1500.0,
        options: true,
        etf: ("SPY", 500),
    },
    Product {
        code: "MES",
        description: "Micro E-Mini S&P 500",
        underlying: "SPX",
        multiplier: 5.0,
        tick: 0.25,
        volume: 1100.0,
        options: false,
        etf: ("SPY", 50),
    },
    Product {
        code: "NQ",
        description: "E-Mini Nasdaq-100",
        underlying: "NDX",
        multiplier: 20.0,
        tick: 0.25,
        volume: 620.0,
        options: false,
        etf: ("QQQ", 820),
    },
    Product {
        code: "RTY",
        description: "E-Mini Russell 2000",
        underlying: "RUT",
        multiplier: 50.0,
        tick: 0.1,
        volume: 190.0,
        options: false,
        etf: ("IWM", 500),
    },
];

/// The product of a code, with or without the slash.
pub(crate) fn product(code: &str) -> Option<&'static Product> {
    let code = code.trim_start_matches('/');
    PRODUCTS.iter().find(|product| product.code == code)
}

const MONTHS: &str = "FGHJKMNQUVXZ";

fn month_letter(month: u32) -> char {
    MONTHS.chars().nth(month.saturating_sub(1) as usize).unwrap_or('Z')
}

/// One future.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contract {
    pub product: &'static Product,
    pub year: i32,
    pub month: u32,
}

impl Contract {
    /// Reads `/ESZ6` and `ESZ6`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('/');
        let (head, year) = text.split_at_checked(text.len().checked_sub(1)?)?;
        Self::of_parts(head, year)
    }

    /// Reads the streamer's `/ESZ26:XCME`.
    pub(crate) fn of_streamer_symbol(text: &str) -> Option<Self> {
        let text = text.strip_prefix('/')?.strip_suffix(":XCME")?;
        let (head, year) = text.split_at_checked(text.len().checked_sub(2)?)?;
        let (_, digit) = year.split_at_checked(1)?;
        let found = Self::of_parts(head, digit)?;
        (format!("{:02}", found.year % 100) == year).then_some(found)
    }

    fn of_parts(head: &str, digit: &str) -> Option<Self> {
        let (code, letter) = head.split_at_checked(head.len().checked_sub(1)?)?;
        let month = u32::try_from(MONTHS.find(letter)?).ok()? + 1;
        let product = product(code).filter(|_| month.is_multiple_of(3))?;
        let digit: i32 = digit.parse().ok()?;
        // One digit stands for a year from 2025 on.
        Some(Self { product, year: 2025 + (digit + 5) % 10, month })
    }

    /// The last day: the third Friday, whose opening it settles to.
    pub(crate) fn expiration(&self) -> NaiveDate {
        calendar::monthly_expiration(self.year, self.month)
    }

    /// The moment it settles.
    pub(crate) fn expires_at(&self) -> Timestamp {
        calendar::eastern(self.expiration(), 9, 30)
    }

    /// The streamer's symbol.
    pub(crate) fn streamer_symbol(&self) -> String {
        format!("/{}{}{:02}:XCME", self.product.code, month_letter(self.month), self.year % 100)
    }

    /// The listing of the index.
    pub(crate) fn index(&self) -> Option<&'static Listing> {
        listing::find(self.product.underlying)
    }
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}{}{}", self.product.code, month_letter(self.month), self.year % 10)
    }
}

/// The five next contracts, the nearest first; the one that expires is gone on its last day's opening.
pub(crate) fn listed(product: &'static Product, now: Timestamp) -> Vec<Contract> {
    let today = calendar::local_date(now);
    (today.year()..=today.year() + 2)
        .flat_map(|year| [3, 6, 9, 12].map(|month| Contract { product, year, month }))
        .filter(|contract| contract.expires_at() > now)
        .take(5)
        .collect()
}

/// One option on a future.
#[derive(Debug, Clone)]
pub(crate) struct FutureOption {
    pub contract: Contract,
    /// `ES` for quarters, `EW` for months' ends, `EW1` to `EW4` for Fridays.
    pub root: String,
    pub expiration: NaiveDate,
    pub right: Right,
    /// In thousandths of a point.
    pub strike_mills: u32,
}

impl FutureOption {
    /// Reads `./ESZ6 EW4X6 261127P6500`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.strip_prefix("./")?.split_whitespace();
        let contract = Contract::parse(words.next()?)?;
        let name = words.next()?;
        let rest = words.next().filter(|_| words.clone().next().is_none())?;
        let (date, rest) = rest.split_at_checked(6)?;
        let (right, strike) = rest.split_at_checked(1)?;
        let right = match right {
            "C" => Right::Call,
            "P" => Right::Put,
            _ => return None,
        };
        let expiration = NaiveDate::parse_from_str(date, "%y%m%d").ok()?;
        let root = name.get(..name.len().checked_sub(2)?)?.to_owned();
        let found = Self { contract, root, expiration, right, strike_mills: mills(strike)? };
        (found.to_string() == text).then_some(found)
    }

    /// Reads the streamer's `./EW4X26P6500:XCME`.
    pub(crate) fn of_streamer_symbol(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("./")?.strip_suffix(":XCME")?;
        let place = rest.rfind(['C', 'P'])?;
        let right = if rest.get(place..=place)? == "C" { Right::Call } else { Right::Put };
        let (head, strike) = (rest.get(..place)?, rest.get(place + 1..)?);
        let (name, year) = head.split_at_checked(head.len().checked_sub(2)?)?;
        let (root, letter) = name.split_at_checked(name.len().checked_sub(1)?)?;
        let year = 2000 + year.parse::<i32>().ok()?;
        let month = u32::try_from(MONTHS.find(letter)?).ok()? + 1;
        let expiration = day_of(root, year, month)?;
        Some(Self {
            contract: under(product("ES")?, expiration),
            root: root.to_owned(),
            expiration,
            right,
            strike_mills: mills(strike)?,
        })
    }

    /// The name of the family of strikes, for example `EW4X6`.
    pub(crate) fn contract_symbol(&self) -> String {
        contract_symbol(&self.root, self.expiration)
    }

    /// The strike in points.
    pub(crate) fn strike(&self) -> f64 {
        f64::from(self.strike_mills) / 1000.0
    }

    /// The streamer's symbol.
    pub(crate) fn streamer_symbol(&self) -> String {
        let (letter, year) = (month_letter(self.expiration.month()), self.expiration.year() % 100);
        format!("./{}{letter}{year:02}{}:XCME", self.root, self.tail())
    }

    /// The moment it settles: the opening for quarters, the close for the others.
    pub(crate) fn expires_at(&self) -> Timestamp {
        if self.root == "ES" {
            calendar::eastern(self.expiration, 9, 30)
        } else {
            calendar::session(self.expiration)
                .map_or_else(|| calendar::eastern(self.expiration, 16, 0), |session| session.close_at)
        }
    }

    fn tail(&self) -> String {
        let right = if self.right == Right::Call { 'C' } else { 'P' };
        format!("{right}{}", Decimal::new(i64::from(self.strike_mills), 3).normalize())
    }
}

impl fmt::Display for FutureOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contract = self.contract.to_string();
        let day = self.expiration.format("%y%m%d");
        write!(f, ".{contract} {} {day}{}", self.contract_symbol(), self.tail())
    }
}

fn mills(strike: &str) -> Option<u32> {
    let strike: Decimal = strike.parse().ok()?;
    u32::try_from((strike * Decimal::from(1000)).trunc().mantissa()).ok().filter(|_| strike.scale() <= 3)
}

/// For example `EW4X6`.
pub(crate) fn contract_symbol(root: &str, expiration: NaiveDate) -> String {
    format!("{root}{}{}", month_letter(expiration.month()), expiration.year() % 10)
}

/// The future that an option on a product delivers: the first one that lives as long.
fn under(product: &'static Product, expiration: NaiveDate) -> Contract {
    let (year, month) = (expiration.year(), expiration.month().div_ceil(3) * 3);
    let this = Contract { product, year, month };
    if this.expiration() >= expiration {
        this
    } else if month == 12 {
        Contract { product, year: year + 1, month: 3 }
    } else {
        Contract { product, year, month: month + 3 }
    }
}

/// The day on which the options of a root expire in a month.
fn day_of(root: &str, year: i32, month: u32) -> Option<NaiveDate> {
    match root {
        "ES" => month.is_multiple_of(3).then(|| calendar::monthly_expiration(year, month)),
        "EW" => {
            let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            Some(calendar::trading_day_on_or_before(calendar::ymd(year, month, 1) - Days::new(1)))
        }
        _ => {
            let n: u8 = root.strip_prefix("EW")?.parse().ok().filter(|n| (1..=4).contains(n))?;
            let free = n != 3 || !month.is_multiple_of(3);
            free.then(|| calendar::trading_day_on_or_before(calendar::nth(year, month, Weekday::Fri, n)))
        }
    }
}

/// The options of one day on a future.
#[derive(Debug, Clone)]
pub(crate) struct OptionDay {
    pub contract: Contract,
    pub root: String,
    pub date: NaiveDate,
    /// In thousandths of a point, ascending.
    pub mills: Vec<u32>,
}

impl OptionDay {
    /// One of its options.
    pub(crate) fn option(&self, right: Right, strike_mills: u32) -> FutureOption {
        FutureOption { contract: self.contract, root: self.root.clone(), expiration: self.date, right, strike_mills }
    }
}

impl Market<'_> {
    /// What a future costs, in points, not rounded. `None` where its index is not listed.
    pub(crate) fn future_price(&self, contract: &Contract, at: Timestamp) -> Option<f64> {
        let index = contract.index()?;
        Some(self.price(index, at) * carry(contract, index, at))
    }

    /// The expirations of the options on a product that are listed at a moment, the nearest first.
    pub(crate) fn future_options(&self, product: &'static Product, now: Timestamp) -> Vec<OptionDay> {
        let Some(index) = listing::find(product.underlying).filter(|_| product.options) else { return Vec::new() };
        let today = calendar::local_date(now);
        let spot = self.price(index, now);
        let (low, high) = (spot.min(index.base), spot.max(index.base));
        let months = (0..13_u32).map(|ahead| {
            let months = today.month0() + ahead;
            (ahead, today.year() + i32::try_from(months / 12).unwrap_or(0), months % 12 + 1)
        });
        let mut days: Vec<OptionDay> = months
            .flat_map(|(ahead, year, month)| {
                let roots: &[&str] = if ahead < 2 { &["EW1", "EW2", "ES", "EW3", "EW4", "EW"] } else { &["ES", "EW"] };
                roots
                    .iter()
                    .filter(move |root| **root == "ES" || ahead < 4)
                    .filter_map(move |root| Some(((*root).to_owned(), day_of(root, year, month)?)))
            })
            .filter(|(_, date)| *date >= today)
            .map(|(root, date)| OptionDay { contract: under(product, date), root, date, mills: strikes(low, high) })
            .collect();
        days.sort_by(|left, right| (left.date, &left.root).cmp(&(right.date, &right.root)));
        days
    }

    /// Whether an option on a future is listed and not yet over.
    pub(crate) fn is_future_option_listed(&self, option: &FutureOption, now: Timestamp) -> bool {
        now <= option.expires_at()
            && self.future_options(option.contract.product, now).iter().any(|day| {
                day.date == option.expiration
                    && day.root == option.root
                    && day.mills.binary_search(&option.strike_mills).is_ok()
            })
    }

    /// The model of an option on a future: the future neither costs nor pays anything until then.
    pub(crate) fn future_option_model(&self, option: &FutureOption, at: Timestamp) -> Option<Model> {
        let index = option.contract.index()?;
        let at = at.min(option.expires_at());
        let spot = self.future_price(&option.contract, at)?;
        Some(self.model(index, option.expires_at(), at).on(spot, RISK_FREE, 0.05))
    }
}

/// What the index is multiplied with, the same throughout a session.
#[expect(clippy::cast_precision_loss, reason = "days of some years")]
pub(crate) fn carry(contract: &Contract, index: &Listing, at: Timestamp) -> f64 {
    let session = hours::current(index, at);
    let days = contract.expiration().signed_duration_since(session.date).num_days().max(0);
    ((RISK_FREE - index.dividend_yield()) * days as f64 / 365.0).exp()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a double saturates")]
fn strikes(low: f64, high: f64) -> Vec<u32> {
    let mut strikes: Vec<u32> = [(25_u32, 0.07), (100, 0.25)]
        .into_iter()
        .flat_map(|(step, reach)| {
            let of = |price: f64| (price / f64::from(step)) as u32;
            (of(low * (1.0 - reach))..=of(high * (1.0 + reach))).map(move |count| count * step * 1000)
        })
        .collect();
    strikes.sort_unstable();
    strikes.dedup();
    strikes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn symbols_read_back() {
        let contract = Contract::parse("ESZ6").unwrap();
        assert_eq!((contract.to_string().as_str(), contract.streamer_symbol().as_str()), ("/ESZ6", "/ESZ26:XCME"));
        assert_eq!(contract.expiration(), calendar::ymd(2026, 12, 18));
        assert!(Contract::of_streamer_symbol("/ESZ36:XCME").is_none());
        for text in ["", "/", "/ESF6", "/XXZ6", "ESZ", "/ESZä"] {
            assert!(Contract::parse(text).is_none(), "{text}");
        }
        let none = BTreeMap::new();
        let market = Market { seed: 1, overrides: &none };
        let now = "2026-11-20T15:00:00Z".parse().unwrap();
        let days = market.future_options(product("ES").unwrap(), now);
        assert!(days.len() > 8, "{}", days.len());
        for day in &days {
            let option = day.option(Right::Put, day.mills[day.mills.len() / 2]);
            assert_eq!(FutureOption::parse(&option.to_string()).unwrap().to_string(), option.to_string());
            let streamed = FutureOption::of_streamer_symbol(&option.streamer_symbol()).unwrap();
            assert_eq!(streamed.to_string(), option.to_string());
            assert!(day.contract.expiration() >= day.date);
            let model = market.future_option_model(&option, now).unwrap();
            let parity =
                model.greeks(Right::Call, option.strike()).price - model.greeks(Right::Put, option.strike()).price;
            let forward = (model.spot - option.strike()) * (-RISK_FREE * model.years).exp();
            assert!((parity - forward).abs() < 1e-6, "{option}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
            let _ = (Contract::parse(&text), FutureOption::parse(&text), FutureOption::parse(&format!("./{text}")));
            let _ = FutureOption::of_streamer_symbol(&format!("./{text}:XCME"));
            let _ = Contract::of_streamer_symbol(&format!("/{text}:XCME"));
        }
    }
}
