//! Which contracts of a chain are meant.

use chrono::NaiveDate;
use contract::market::chain::{Expirations, ListedExpiration, Sides, Wanted};
use domain::{Decimal, Error, Reason, Symbol, occ::Side};
use tasty::option_chain::{Chain, Expiration, Root};

use super::Pick;

/// Without a wish it is the monthly expiration nearest to so many days.
const USUAL_DTE: i64 = 45;
/// The most contracts that are looked at in one call.
pub(crate) const MAX_CONTRACTS: usize = 7_000;

/// An expiration that has not passed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Listed<'a> {
    pub(crate) root: &'a Root,
    pub(crate) expiration: &'a Expiration,
    /// Calendar days to it, today.
    pub(crate) dte: i64,
}

/// The sides that are asked for.
pub(crate) fn sides(wanted: Sides) -> &'static [Side] {
    match wanted {
        Sides::Both => &[Side::Call, Side::Put],
        Sides::Call => &[Side::Call],
        Sides::Put => &[Side::Put],
    }
}

/// All expirations of a symbol that have not passed, the nearest first. A future means those that are written on it, a
/// product those on all its futures. `read` and `today` are days in New York: that of the reading, and today.
pub(crate) fn listed<'a>(chain: &'a Chain, symbol: &Symbol, read: NaiveDate, today: NaiveDate) -> Vec<Listed<'a>> {
    let passed = today.signed_duration_since(read).num_days();
    let roots = chain.roots.iter().filter(|root| is_on(root, symbol));
    let expirations = roots.flat_map(|root| {
        root.expirations.iter().map(move |expiration| Listed {
            root,
            expiration,
            dte: expiration.dte.saturating_sub(passed),
        })
    });
    let mut listed: Vec<_> = expirations.filter(|listed| listed.dte >= 0).collect();
    listed.sort_by_key(|listed| (listed.expiration.date, !listed.root.is_standard));
    listed
}

/// Of a future's symbol the year may have one digit or two.
fn is_on(root: &Root, symbol: &Symbol) -> bool {
    let is_product = tasty::option_chain::product(symbol).is_some_and(|code| symbol.as_str().len() == code.len() + 1);
    if !symbol.as_str().starts_with('/') || is_product {
        return true;
    }
    let one_digit = |text: &str| {
        let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (body, year) = text.split_at_checked(text.len().saturating_sub(digits)).unwrap_or((text, ""));
        format!("{body}{}", year.get(year.len().saturating_sub(1)..).unwrap_or_default())
    };
    one_digit(&root.underlying) == one_digit(symbol.as_str())
}

/// The expirations that are meant, with notes on what was decided.
///
/// # Errors
///
/// `invalid_arguments` for a day or a number of days that nothing is listed for, with the nearest that there are.
pub(crate) fn expirations<'a>(listed: &[Listed<'a>], wanted: &Wanted) -> Result<(Vec<Listed<'a>>, Vec<String>), Error> {
    if listed.is_empty() {
        return Err(none(&wanted.symbol));
    }
    match wanted.expirations {
        Expirations::On(day) => {
            let chosen: Vec<_> = listed.iter().filter(|of| of.expiration.date == day).copied().collect();
            if chosen.is_empty() { Err(not_on(listed, wanted, day)) } else { Ok((chosen, Vec::new())) }
        }
        Expirations::Within(min, max) => {
            let (chosen, odd): (Vec<Listed<'a>>, Vec<Listed<'a>>) =
                listed.iter().filter(|of| (min..=max).contains(&of.dte)).copied().partition(|of| of.root.is_standard);
            if chosen.is_empty() {
                return Err(not_within(listed, wanted, min, max));
            }
            let note = odd.first().map(|of| {
                format!(
                    "Options of {} are adjusted ({}) and left out; ask for their `expiration` to see them.",
                    of.root.root,
                    of.root.deliverable.as_deref().unwrap_or("another deliverable")
                )
            });
            Ok((chosen, note.into_iter().collect()))
        }
        Expirations::Any => {
            let usual = usual(listed).ok_or_else(|| none(&wanted.symbol))?;
            let note = format!(
                "No expiration was asked for: this is the one nearest to {USUAL_DTE} days. For others send `expiration`, \
                 or `min_dte` and `max_dte`."
            );
            Ok((vec![usual], vec![note]))
        }
    }
}

/// The monthly one nearest to the usual time; one that settles in the afternoon before one of the morning.
fn usual<'a>(listed: &[Listed<'a>]) -> Option<Listed<'a>> {
    let rank = |of: &&Listed<'a>| {
        let is_odd = !of.root.is_standard;
        let is_morning = of.expiration.settlement.eq_ignore_ascii_case("am");
        (is_odd, !of.expiration.is_monthly(), of.dte.abs_diff(USUAL_DTE), is_morning)
    };
    listed.iter().min_by_key(rank).copied()
}

fn none(symbol: &Symbol) -> Error {
    Error::new(
        Reason::NotFound,
        format!("TastyTrade lists no options on {symbol}. Check the spelling, for example AAPL, BRK/B, SPX or /ES."),
    )
    .with("symbol", symbol.as_str())
}

/// That nothing is listed on a symbol.
pub(crate) fn unknown(symbol: &Symbol) -> Error {
    none(symbol)
}

fn not_on(listed: &[Listed<'_>], wanted: &Wanted, day: NaiveDate) -> Error {
    let near = nearest(listed, |of| of.expiration.date.signed_duration_since(day).num_days().unsigned_abs());
    let message =
        format!("{} has no options that expire on {day}. The nearest days: {}.", wanted.symbol, near.join(", "));
    Error::invalid_argument("expiration", message).with("expirations", near)
}

fn not_within(listed: &[Listed<'_>], wanted: &Wanted, min: i64, max: i64) -> Error {
    let near = nearest(listed, |of| if of.dte < min { min.abs_diff(of.dte) } else { of.dte.abs_diff(max) });
    let message = format!(
        "{} has no options that expire in {min} to {max} days. The nearest days: {}.",
        wanted.symbol,
        near.join(", ")
    );
    Error::invalid_argument("min_dte", message).with("expirations", near)
}

/// The five days that are the least away, in order.
pub(crate) fn nearest(listed: &[Listed<'_>], away: impl Fn(&Listed<'_>) -> u64) -> Vec<String> {
    let mut days: Vec<_> = listed.iter().map(|of| (away(of), of.expiration.date)).collect();
    days.sort_unstable();
    days.dedup();
    let mut days: Vec<_> = days.into_iter().take(5).map(|(_, day)| day).collect();
    days.sort_unstable();
    days.iter().map(ToString::to_string).collect()
}

/// The strikes of the chosen expirations: so many on each side of the price, or all. Where the contracts are too many, the
/// later expirations are left out with a note.
pub(crate) fn picks<'a>(
    chosen: Vec<Listed<'a>>,
    wanted: &Wanted,
    price: impl Fn(&Root) -> Option<Decimal>,
) -> (Vec<Pick<'a>>, Vec<String>) {
    let mut notes = Vec::new();
    let (mut picks, mut count, mut left_out) = (Vec::new(), 0_usize, Vec::new());
    for Listed { root, expiration, dte } in chosen {
        let price = price(root);
        let places: Vec<usize> = match wanted.strikes {
            None => (0..expiration.strikes.len()).collect(),
            Some(each) => around(expiration, unit_price(root, price), each).collect(),
        };
        let places = near(expiration, unit_price(root, price), wanted.near, places);
        if wanted.strikes.is_some() && price.is_none() && notes.is_empty() {
            let of = &root.underlying;
            notes.push(format!("The price of {of} is not known: strikes are those in the middle of the list."));
        }
        let contracts = places.len().saturating_mul(sides(wanted.side).len());
        if count.saturating_add(contracts) > MAX_CONTRACTS {
            left_out.push(expiration.date.to_string());
            continue;
        }
        count = count.saturating_add(contracts);
        picks.push(Pick { root, expiration, dte, price, places });
    }
    if !left_out.is_empty() {
        notes.push(format!(
            "More than {MAX_CONTRACTS} options: left out are the expirations {}. Narrow by `expiration`, `min_dte`, \
             `max_dte`, `strikes` or `side`.",
            left_out.join(", ")
        ));
    }
    (picks, notes)
}

/// The price in the strikes' units: an adjusted contract delivers more or less than a hundred.
pub(crate) fn unit_price(root: &Root, price: Option<Decimal>) -> Option<f64> {
    let price = super::float(price?)?;
    let factor = match root.multiplier.and_then(super::float) {
        Some(shares) if !root.is_standard && shares > 0.0 => shares / 100.0,
        _ => 1.0,
    };
    Some(price * factor)
}

/// The places of so many strikes below a price and as many from it on.
pub(crate) fn around(expiration: &Expiration, price: Option<f64>, each: usize) -> std::ops::Range<usize> {
    let count = expiration.strikes.len();
    let below = |place: &usize| {
        let strike = expiration.strike(*place).and_then(super::float);
        strike.zip(price).is_some_and(|(strike, price)| strike < price)
    };
    let middle = match price {
        Some(_) => (0..count).take_while(below).count(),
        None => count / 2,
    };
    middle.saturating_sub(each)..middle.saturating_add(each).min(count)
}

/// The places whose strikes lie between two parts of a price; all of them where either is not known.
fn near(expiration: &Expiration, price: Option<f64>, parts: Option<(f64, f64)>, mut places: Vec<usize>) -> Vec<usize> {
    if let Some((price, (least, most))) = price.zip(parts) {
        let is_near = |strike: f64| (least * price..=most * price).contains(&strike);
        places.retain(|place| expiration.strike(*place).and_then(super::float).is_some_and(is_near));
    }
    places
}

/// What is shown of an expiration without its strikes.
pub(crate) fn shown(of: &Listed<'_>) -> ListedExpiration {
    ListedExpiration {
        expiration: of.expiration.date,
        dte: of.dte,
        root: of.root.root.clone(),
        underlying: of.root.underlying.clone(),
        kind: of.expiration.kind.clone(),
        settlement: of.expiration.settlement.clone(),
        standard: of.root.is_standard,
        strike_count: of.expiration.strikes.len(),
    }
}

#[cfg(test)]
mod tests {
    use contract::market::chain::GetOptionChainInput;

    use super::{
        super::tests::{at, chain},
        *,
    };

    fn wanted(json: &str) -> Wanted {
        serde_json::from_str::<GetOptionChainInput>(json).unwrap().check().unwrap()
    }

    fn index() -> Chain {
        chain(&[
            (
                "SPX",
                "SPX",
                true,
                &[
                    ("2026-11-20", 0, "Regular", "AM"),
                    ("2026-12-18", 28, "Regular", "AM"),
                    ("2027-01-15", 56, "Regular", "AM"),
                ],
            ),
            (
                "SPXW",
                "SPX",
                true,
                &[
                    ("2026-11-23", 3, "Weekly", "PM"),
                    ("2026-12-18", 28, "Regular", "PM"),
                    ("2027-01-04", 45, "Weekly", "PM"),
                ],
            ),
            ("SPX1", "SPX", false, &[("2026-12-18", 28, "Regular", "PM")]),
        ])
    }

    fn names(chosen: &[Listed<'_>]) -> Vec<String> {
        chosen.iter().map(|of| format!("{} {} {}", of.root.root, of.expiration.date, of.dte)).collect()
    }

    #[test]
    fn expirations_are_chosen_by_day_by_days_and_by_custom() {
        let chain = index();
        let day = at("2026-11-20T15:30:00Z").date_naive();
        for (json, later, expected) in [
            (r#"{"symbol":"SPX"}"#, 0, vec!["SPX 2027-01-15 56"]),
            (r#"{"symbol":"SPX"}"#, 20, vec!["SPX 2027-01-15 36"]),
            (
                r#"{"symbol":"SPX","expiration":"2026-12-18"}"#,
                1,
                vec!["SPX 2026-12-18 27", "SPXW 2026-12-18 27", "SPX1 2026-12-18 27"],
            ),
            (r#"{"symbol":"SPX","min_dte":20,"max_dte":30}"#, 0, vec!["SPX 2026-12-18 28", "SPXW 2026-12-18 28"]),
            (r#"{"symbol":"SPX","max_dte":3}"#, 0, vec!["SPX 2026-11-20 0", "SPXW 2026-11-23 3"]),
            (r#"{"symbol":"SPX","max_dte":3}"#, 1, vec!["SPXW 2026-11-23 2"]),
        ] {
            let wanted = wanted(json);
            let listed = listed(&chain, &wanted.symbol, day, day + chrono::Days::new(later));
            let (chosen, notes) = expirations(&listed, &wanted).unwrap();
            assert_eq!(names(&chosen), expected, "{json}");
            let has_note = json.contains("30") || json.len() < 20;
            assert_eq!(!notes.is_empty(), has_note, "{json} {notes:?}");
        }
    }

    #[test]
    fn what_is_not_listed_is_answered_with_what_is() {
        let chain = index();
        let day = at("2026-11-20T15:30:00Z").date_naive();
        for (json, message) in [
            (
                r#"{"symbol":"SPX","expiration":"2026-12-17"}"#,
                "SPX has no options that expire on 2026-12-17. The nearest days: 2026-11-20, 2026-11-23, 2026-12-18, \
                 2027-01-04, 2027-01-15.",
            ),
            (r#"{"symbol":"SPX","min_dte":100}"#, "SPX has no options that expire in 100 to 4000 days."),
        ] {
            let wanted = wanted(json);
            let listed = listed(&chain, &wanted.symbol, day, day);
            let error = expirations(&listed, &wanted).unwrap_err();
            assert!(error.message.contains(message), "{}", error.message);
            assert_eq!(error.details["expirations"].as_array().unwrap().len(), 5);
        }
        assert_eq!(expirations(&[], &wanted(r#"{"symbol":"A"}"#)).unwrap_err().reason, Reason::NotFound);
    }

    #[test]
    fn strikes_lie_around_the_price() {
        let chain = chain(&[("XYZ", "XYZ", true, &[("2026-12-18", 28, "Regular", "PM")])]);
        let day = at("2026-11-20T15:30:00Z").date_naive();
        for (json, price, places) in [
            (r#"{"symbol":"XYZ","strikes":1}"#, Some("101"), vec![2, 3]),
            (r#"{"symbol":"XYZ","strikes":1}"#, Some("100"), vec![1, 2]),
            (r#"{"symbol":"XYZ","strikes":2}"#, Some("1"), vec![0, 1]),
            (r#"{"symbol":"XYZ","strikes":2}"#, Some("1000"), vec![3, 4]),
            (r#"{"symbol":"XYZ","strikes":1}"#, None, vec![1, 2]),
            (r#"{"symbol":"XYZ","strikes":0}"#, None, vec![0, 1, 2, 3, 4]),
            (r#"{"symbol":"XYZ","max_delta":30}"#, Some("100"), vec![0, 1, 2, 3, 4]),
        ] {
            let wanted = wanted(json);
            let (chosen, _) = expirations(&listed(&chain, &wanted.symbol, day, day), &wanted).unwrap();
            let price = price.map(|price| price.parse().unwrap());
            let (picks, notes) = picks(chosen, &wanted, |_| price);
            assert_eq!(picks[0].places, places, "{json} {price:?}");
            assert_eq!(notes.is_empty(), price.is_some() || wanted.strikes.is_none(), "{json} {notes:?}");
        }
    }

    #[test]
    fn a_future_means_the_options_on_it() {
        let chain = chain(&[
            ("/ES", "/ESZ6", true, &[("2026-11-27", 7, "Weekly", "PM")]),
            ("/ES", "/ESH7", true, &[("2027-03-19", 119, "Regular", "AM")]),
        ]);
        let day = at("2026-11-20T15:30:00Z").date_naive();
        for (symbol, expected) in [("/ES", 2), ("/ESZ6", 1), ("/ESZ26", 1), ("/ESH7", 1), ("/ESM7", 0)] {
            assert_eq!(listed(&chain, &Symbol::parse(symbol).unwrap(), day, day).len(), expected, "{symbol}");
        }
    }
}
