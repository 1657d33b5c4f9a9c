//! The contracts that are listed on a symbol: roots, expirations, strikes.
//!
//! A strike that was listed stays until its expiration; when the price wanders, strikes are added around it.

use chrono::{Days, NaiveDate};
use domain::Timestamp;

use super::{
    Listing, Market,
    expirations::{self, Expiration, Style},
    listing::Cycle,
    occ::{Occ, Right, Settlement},
    options::expires_at,
};
use crate::calendar;

/// The options of one root.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    pub listing: &'static Listing,
    /// Not padded.
    pub root: String,
    /// Shares that one contract delivers; 100 unless it was adjusted.
    pub shares_per_contract: u32,
    pub settlement: Settlement,
    pub expirations: Vec<Strikes>,
}

/// The strikes of one expiration.
#[derive(Debug, Clone)]
pub(crate) struct Strikes {
    pub date: NaiveDate,
    pub style: Style,
    /// In thousandths of a dollar, ascending.
    pub mills: Vec<u32>,
}

impl Chain {
    /// Whether its contracts deliver what contracts usually deliver.
    pub(crate) fn is_standard(&self) -> bool {
        self.shares_per_contract == 100
    }

    /// A contract of this root.
    pub(crate) fn contract(&self, expiration: NaiveDate, right: Right, strike_mills: u32) -> Occ {
        Occ { root: self.root.clone(), expiration, right, strike_mills }
    }

    /// All contracts: by expiration, then by strike, the call before the put.
    pub(crate) fn contracts(&self) -> impl Iterator<Item = Occ> {
        self.expirations.iter().flat_map(move |of| {
            of.mills
                .iter()
                .flat_map(move |strike| [Right::Call, Right::Put].map(|right| self.contract(of.date, right, *strike)))
        })
    }
}

/// The roots of a symbol, the standard one first.
pub(crate) fn roots(listing: &Listing) -> Vec<String> {
    let mut roots = Vec::new();
    if listing.chain != Cycle::None {
        roots.push(listing.root());
    }
    match listing.symbol {
        "SPX" => roots.push("SPXW".to_owned()),
        "NDX" => roots.push("NDXP".to_owned()),
        "RUT" => roots.push("RUTW".to_owned()),
        _ if listing.adjusted.is_some() => roots.push(format!("{}1", listing.root())),
        _ => {}
    }
    roots
}

impl Market<'_> {
    /// All chains of a symbol at a moment; none where it has no options.
    pub(crate) fn chains(&self, listing: &'static Listing, now: Timestamp) -> Vec<Chain> {
        roots(listing).into_iter().map(|root| self.chain(listing, root, now)).collect()
    }

    fn chain(&self, listing: &'static Listing, root: String, now: Timestamp) -> Chain {
        let adjusted = root.ends_with('1');
        let factor = listing.adjusted.filter(|_| adjusted).unwrap_or(1.0);
        let today = calendar::local_date(now);
        let expirations = expirations::listed(listing, &root, today)
            .into_iter()
            .map(|day| Strikes { date: day.date, style: day.style, mills: self.strikes(listing, factor, &day, now) })
            .collect();
        let settlement = expirations::settlement(&root, today);
        Chain { listing, root, shares_per_contract: if adjusted { 110 } else { 100 }, settlement, expirations }
    }

    /// Whether a contract is listed and not yet over.
    pub(crate) fn is_listed(&self, option: &Occ, now: Timestamp) -> bool {
        let Some(listing) = option.underlying() else { return false };
        if now > expires_at(option) {
            return false;
        }
        let factor = option.shares().unwrap_or(1.0);
        expirations::listed(listing, &option.root, calendar::local_date(now))
            .into_iter()
            .find(|day| day.date == option.expiration)
            .is_some_and(|day| self.strikes(listing, factor, &day, now).binary_search(&option.strike_mills).is_ok())
    }

    /// The listed strike of the standard root that is nearest to a price, in thousandths of a dollar; `None` where the
    /// expiration is not listed at that moment.
    pub(crate) fn nearest_strike(
        &self,
        listing: &Listing,
        expiration: NaiveDate,
        at: Timestamp,
        price: f64,
    ) -> Option<u32> {
        let days = expirations::listed(listing, &listing.root(), calendar::local_date(at));
        let day = days.into_iter().find(|day| day.date == expiration)?;
        let distance = |strike: &u32| (f64::from(*strike) - price * 1000.0).abs();
        self.strikes(listing, 1.0, &day, at)
            .into_iter()
            .min_by(|left, right| distance(left).total_cmp(&distance(right)))
    }

    /// Narrow steps where the price was since the expiration was listed, wide ones far away.
    fn strikes(&self, listing: &Listing, factor: f64, day: &Expiration, now: Timestamp) -> Vec<u32> {
        let life = match day.style {
            Style::Regular => 420,
            Style::Quarterly | Style::EndOfMonth => 200,
            Style::Weekly => 60,
        };
        let listed = day.date - Days::new(life);
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        let mut see = |price: f64| {
            low = low.min(price * factor);
            high = high.max(price * factor);
        };
        if day.style != Style::Weekly {
            see(listing.base);
        }
        see(self.price(listing, now));
        let mut path = self.path(listing);
        let mut at = listed;
        while at < calendar::local_date(now) {
            let session = calendar::session_before(at);
            see(self.price_on(&mut path, listing, &session, session.close_at));
            at = at + Days::new(if day.style == Style::Weekly { 7 } else { 30 });
        }
        let days = day.date.signed_duration_since(calendar::local_date(now)).num_days();
        grid(listing, day.style, days, low, high)
    }
}

/// The narrow and the wide step for a price, in dollars, and how far each reaches, as a fraction.
struct Steps {
    narrow: f64,
    wide: f64,
    near: f64,
    far: f64,
}

fn steps(listing: &Listing, style: Style, days: i64, price: f64) -> Steps {
    let usual = match price {
        price if price < 15.0 => 0.5,
        price if price < 100.0 => 1.0,
        price if price < 200.0 => 2.5,
        price if price < 1500.0 => 5.0,
        price if price < 10_000.0 => 25.0,
        _ => 200.0,
    };
    let liquid = listing.chain == Cycle::Daily;
    let long = days > 45;
    let narrow = match style {
        _ if liquid && price > 100.0 && price < 1500.0 => {
            if long {
                5.0
            } else {
                1.0
            }
        }
        Style::Weekly if (15.0..500.0).contains(&price) => usual / 2.5,
        _ => usual,
    };
    let swing = listing.iv * (20.0 / 365.0_f64).sqrt();
    let near = match style {
        Style::Weekly if liquid => (0.75 * swing).clamp(0.03, 0.1),
        Style::Weekly => (2.0 * swing).clamp(0.03, 0.16),
        _ if liquid => (0.7 * swing).clamp(0.02, 0.1),
        _ => (2.6 * swing).clamp(0.08, 0.3),
    };
    let far = if style == Style::Weekly { (2.5 * near).min(0.4) } else { 0.35 };
    Steps { narrow, wide: usual * if price >= 100.0 { 2.0 } else { 5.0 }, near, far }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a double saturates")]
fn grid(listing: &Listing, style: Style, days: i64, low: f64, high: f64) -> Vec<u32> {
    let Steps { narrow, wide, near, far } = steps(listing, style, days, listing.base);
    let mut strikes = Vec::new();
    let mut fill = |from: f64, to: f64, step: f64| {
        let (first, last) = ((from / step).ceil().max(1.0) as u32, (to / step).floor() as u32);
        strikes.extend((first..=last).map(|count| (f64::from(count) * step * 1000.0).round() as u32));
    };
    fill(low * (1.0 - near), high * (1.0 + near), narrow);
    fill(low * (1.0 - far), high * (1.0 + far), wide);
    // The strikes that orders and positions use most: whole steps.
    if style == Style::Regular {
        let whole = match listing.base {
            base if base < 100.0 => 1.0,
            base if base < 1500.0 => 5.0,
            _ => 2.0 * narrow,
        };
        fill(low * 0.8, high * 1.2, whole);
    }
    strikes.sort_unstable();
    strikes.dedup();
    strikes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::market::listing::{self, LISTINGS};

    fn contracts(symbol: &str, now: &str) -> Vec<Occ> {
        let none = BTreeMap::new();
        let market = Market { seed: 20_260_102, overrides: &none };
        let chains = market.chains(listing::find(symbol).unwrap(), now.parse().unwrap());
        chains.iter().flat_map(|chain| chain.contracts().collect::<Vec<_>>()).collect()
    }

    #[test]
    fn one_symbol_has_about_five_thousand_contracts() {
        for now in ["2026-11-20T15:00:00Z", "2027-03-02T15:00:00Z", "2027-07-20T15:00:00Z"] {
            let count = contracts("SPY", now).len();
            assert!((4400..6600).contains(&count), "{now}: {count}");
            for listing in &LISTINGS {
                let count = contracts(listing.symbol, now).len();
                assert!(count < 12_000, "{}: {count}", listing.symbol);
                assert_eq!(count > 0, listing.chain != Cycle::None, "{}", listing.symbol);
            }
        }
    }

    #[test]
    fn contracts_read_back_and_are_listed() {
        let none = BTreeMap::new();
        let market = Market { seed: 20_260_102, overrides: &none };
        let now = "2026-11-20T15:00:00Z".parse().unwrap();
        for symbol in ["SPX", "PFE", "BRK/B", "VIX", "F"] {
            let all = contracts(symbol, "2026-11-20T15:00:00Z");
            for option in all.iter().step_by(37) {
                assert_eq!(Occ::parse(&option.to_string()).as_ref(), Some(option));
                assert_eq!(Occ::of_streamer_symbol(&option.streamer_symbol()).as_ref(), Some(option));
                assert_eq!(option.underlying().unwrap().symbol, symbol);
                assert!(market.is_listed(option, now) || expires_at(option) < now, "{option}");
            }
        }
        assert!(contracts("SPX", "2026-11-20T15:00:00Z").iter().any(|option| option.root == "SPXW"));
        assert!(contracts("PFE", "2026-11-20T15:00:00Z").iter().any(|option| option.root == "PFE1"));
        let odd = Occ::parse("SPY   261218P00600010").unwrap();
        assert!(!market.is_listed(&odd, now));
    }
}
