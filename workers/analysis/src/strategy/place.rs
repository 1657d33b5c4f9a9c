//! Which listed options a strategy's legs are.

use chrono::NaiveDate;
use contract::analysis::strategy::{Leg, Wanted};
use domain::{Decimal, Error};

use crate::chain::choose::{self, Listed};

/// How many of the nearest strikes an error names.
const NEAREST: usize = 4;

/// A leg and where it is listed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed<'a> {
    pub(crate) leg: &'a Leg,
    pub(crate) listed: Listed<'a>,
    /// The place of its strike in the expiration's list.
    pub(crate) place: usize,
}

/// Where each leg is listed.
///
/// # Errors
///
/// `invalid_arguments` for a day, a strike or a root that is not listed, with the nearest that are.
pub(crate) fn place<'a>(wanted: &'a Wanted, listed: &[Listed<'a>]) -> Result<Vec<Placed<'a>>, Error> {
    let placed = wanted.legs.iter().enumerate().map(|(index, leg)| one(wanted, leg, index, listed));
    let placed = placed.collect::<Result<Vec<_>, Error>>()?;
    let underlying = |placed: &Placed<'a>| placed.listed.root.underlying.as_str();
    if let Some(first) = placed.first()
        && let Some(other) = placed.iter().find(|placed| underlying(placed) != underlying(first))
    {
        let (one, other) = (underlying(first), underlying(other));
        let message =
            format!("The legs are options on {one} and on {other}: send expirations of one future at a time.");
        return Err(Error::invalid_argument("legs", message));
    }
    Ok(placed)
}

fn one<'a>(wanted: &'a Wanted, leg: &'a Leg, index: usize, listed: &[Listed<'a>]) -> Result<Placed<'a>, Error> {
    let path = |field: &str| format!("legs[{index}].{field}");
    let symbol = &wanted.symbol;
    let of_root = |of: &&Listed<'a>| leg.root.as_deref().is_none_or(|root| root == of.root.root);
    let on_day: Vec<Listed<'a>> =
        listed.iter().filter(of_root).filter(|of| of.expiration.date == leg.expiration).copied().collect();
    if on_day.is_empty() {
        let of_root: Vec<Listed<'a>> = listed.iter().filter(of_root).copied().collect();
        if of_root.is_empty() {
            let root = leg.root.as_deref().unwrap_or_default();
            let message = format!("Options of the root {root} are not listed on {symbol}.");
            return Err(Error::invalid_argument(&path("symbol"), message));
        }
        let away = |of: &Listed<'_>| days_apart(of.expiration.date, leg.expiration);
        let near = choose::nearest(&of_root, away);
        let message = format!(
            "{symbol} has no options that expire on {}. The nearest days: {}.",
            leg.expiration,
            near.join(", ")
        );
        return Err(Error::invalid_argument(&path("expiration"), message).with("expirations", near));
    }
    // The usual deliverable first, then a root that has the strike, then one of the afternoon.
    let found = on_day.iter().map(|of| (of, strike_at(of, leg.strike)));
    let rank = |(of, place): &(&Listed<'a>, Option<usize>)| {
        (!of.root.is_standard, place.is_none(), of.expiration.settlement.eq_ignore_ascii_case("am"))
    };
    match found.min_by_key(rank) {
        Some((of, _)) if !of.root.is_standard => {
            let message = format!(
                "{} are adjusted options, which deliver {}. They are not analysed; get_option_chain shows them.",
                of.root.root,
                of.root.deliverable.as_deref().unwrap_or("something else than 100 shares")
            );
            Err(Error::invalid_argument(&path("symbol"), message))
        }
        Some((of, Some(place))) => Ok(Placed { leg, listed: *of, place }),
        Some((of, None)) => Err(no_strike(&path("strike"), wanted, leg, of)),
        None => Err(Error::invalid_argument(&path("expiration"), "Nothing is listed on that day.")),
    }
}

fn days_apart(one: NaiveDate, other: NaiveDate) -> u64 {
    one.signed_duration_since(other).num_days().unsigned_abs()
}

fn strike_at(of: &Listed<'_>, strike: Decimal) -> Option<usize> {
    (0..of.expiration.strikes.len()).find(|place| of.expiration.strike(*place).is_some_and(|of| of == strike))
}

fn no_strike(path: &str, wanted: &Wanted, leg: &Leg, of: &Listed<'_>) -> Error {
    let all = (0..of.expiration.strikes.len()).filter_map(|place| of.expiration.strike(place));
    let mut near: Vec<Decimal> = all.collect();
    near.sort_by_key(|strike| (strike.0 - leg.strike.0).abs());
    near.truncate(NEAREST);
    near.sort();
    let near: Vec<String> = near.iter().map(|strike| strike.rounded(3).to_string()).collect();
    let message = format!(
        "{} has no strike of {} on {}. The nearest: {}.",
        wanted.symbol,
        leg.strike.rounded(3),
        leg.expiration,
        near.join(", ")
    );
    Error::invalid_argument(path, message).with("strikes", near)
}

/// The expirations that the legs need, each with the places of their strikes.
pub(crate) fn needed<'a>(placed: &[Placed<'a>]) -> Vec<(Listed<'a>, Vec<usize>)> {
    let mut needed: Vec<(Listed<'a>, Vec<usize>)> = Vec::new();
    for Placed { listed, place, .. } in placed {
        match needed.iter_mut().find(|(of, _)| of == listed) {
            Some((_, places)) => places.push(*place),
            None => needed.push((*listed, vec![*place])),
        }
    }
    needed
}
