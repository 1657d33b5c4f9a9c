//! Which options are combined: enumeration within bounds.

use domain::occ::Side;

use super::{
    Kind, Quote,
    figures::Scene,
    filter::{self, Filter, Tally},
};

/// So many bought strikes are tried for each sold one.
const LONGS: usize = 8;
/// So many spreads, or sold options, of each side are combined crosswise.
const CROSSED: usize = 8;

/// The wider wing of a condor is at most so many times as wide as the other one.
const UNEVEN: f64 = 2.0;

/// What takes a combination: what is sold, what is bought.
type Take<'a> = dyn FnMut(&[Quote], &[Quote], &mut Tally) + 'a;

/// Hands every combination of an expiration that passes the filters of its options, its strikes and its credit.
pub(super) fn each(scene: &Scene<'_>, tally: &mut Tally, take: &mut Take<'_>) {
    match scene.request.kind {
        Kind::CashSecuredPut => single(scene, Side::Put, tally, take),
        Kind::CoveredCall => single(scene, Side::Call, tally, take),
        Kind::PutSpread => vertical(scene, Side::Put, tally, take),
        Kind::CallSpread => vertical(scene, Side::Call, tally, take),
        Kind::IronCondor => condor(scene, tally, take),
        Kind::Strangle => strangle(scene, tally, take),
    }
}

/// The options of a side that may be sold.
fn sellable(scene: &Scene<'_>, side: Side, tally: &mut Tally) -> Vec<Quote> {
    let basis = scene.request.background.basis.filter(|_| scene.request.kind == Kind::CoveredCall);
    let mut found = Vec::new();
    let mut quoted = 0_usize;
    for quote in scene.expiration.quotes(side) {
        quoted += 1;
        match filter::sold(&quote, scene.otm(&quote), basis, &scene.request.filters) {
            Some(refused) => tally.count(refused, 1),
            None => found.push(quote),
        }
    }
    let strikes = scene.expiration.strikes.len();
    tally.considered += strikes;
    tally.count(Filter::NoMarket, strikes.saturating_sub(quoted));
    found
}

fn single(scene: &Scene<'_>, side: Side, tally: &mut Tally, take: &mut Take<'_>) {
    for quote in sellable(scene, side, tally) {
        match filter::terms(None, quote.mid(), &scene.request.filters) {
            Some(refused) => tally.count(refused, 1),
            None => take(&[quote], &[], tally),
        }
    }
}

/// The spreads of a side: each option that may be sold, with those further out that may be bought. Of many of these the ones
/// are taken whose distances are spread evenly over all.
fn verticals(scene: &Scene<'_>, side: Side, tally: &mut Tally) -> Vec<(Quote, Quote)> {
    let all: Vec<Quote> = scene.expiration.quotes(side).collect();
    let mut found = Vec::new();
    for sold in sellable(scene, side, tally) {
        let is_beyond = |other: &&Quote| match side {
            Side::Call => other.strike > sold.strike,
            Side::Put => other.strike < sold.strike,
        };
        let fitting: Vec<&Quote> = all
            .iter()
            .filter(is_beyond)
            .filter(|other| filter::bought(other, sold.mid(), &scene.request.filters).is_none())
            .collect();
        if fitting.is_empty() {
            // The sold option alone was looked at already.
            tally.count(Filter::Delta, 1);
        }
        for bought in thinned(&fitting, LONGS) {
            tally.considered += 1;
            found.push((sold, **bought));
        }
    }
    found
}

fn vertical(scene: &Scene<'_>, side: Side, tally: &mut Tally, take: &mut Take<'_>) {
    for (sold, bought) in verticals(scene, side, tally) {
        match filter::terms(Some(width(&sold, &bought)), sold.mid() - bought.mid(), &scene.request.filters) {
            Some(refused) => tally.count(refused, 1),
            None => take(&[sold], &[bought], tally),
        }
    }
}

fn condor(scene: &Scene<'_>, tally: &mut Tally, take: &mut Take<'_>) {
    let (put_spreads, call_spreads) =
        (best(verticals(scene, Side::Put, tally)), best(verticals(scene, Side::Call, tally)));
    for (put, lower) in &put_spreads {
        for (call, upper) in &call_spreads {
            tally.considered += 1;
            let widths = [width(put, lower), width(call, upper)];
            let (narrower, width) = (widths[0].min(widths[1]), widths[0].max(widths[1]));
            if width > UNEVEN * narrower {
                tally.count(Filter::Width, 1);
                continue;
            }
            let credit = put.mid() - lower.mid() + call.mid() - upper.mid();
            match filter::terms(Some(width), credit, &scene.request.filters) {
                Some(refused) => tally.count(refused, 1),
                None => take(&[*put, *call], &[*lower, *upper], tally),
            }
        }
    }
}

fn strangle(scene: &Scene<'_>, tally: &mut Tally, take: &mut Take<'_>) {
    let puts = sellable(scene, Side::Put, tally);
    let calls = sellable(scene, Side::Call, tally);
    for put in thinned(&puts, CROSSED) {
        for call in thinned(&calls, CROSSED) {
            tally.considered += 1;
            match filter::terms(None, put.mid() + call.mid(), &scene.request.filters) {
                Some(refused) => tally.count(refused, 1),
                None => take(&[*put, *call], &[], tally),
            }
        }
    }
}

/// The distance of the strikes of a spread.
pub(super) fn width(sold: &Quote, bought: &Quote) -> f64 {
    (sold.strike - bought.strike).abs()
}

/// The spreads that bring the most for their width, at most two of each sold strike.
fn best(mut spreads: Vec<(Quote, Quote)>) -> Vec<(Quote, Quote)> {
    let worth = |(sold, bought): &(Quote, Quote)| (sold.mid() - bought.mid()) / width(sold, bought).max(1e-9);
    spreads.sort_by(|one, other| worth(other).total_cmp(&worth(one)));
    let mut kept: Vec<(Quote, Quote)> = Vec::with_capacity(CROSSED);
    for spread in spreads {
        let same = kept.iter().filter(|(sold, _)| sold.place == spread.0.place).count();
        if same < 2 && kept.len() < CROSSED {
            kept.push(spread);
        }
    }
    kept
}

/// At most so many of a list, evenly over it, its ends among them.
fn thinned<T>(list: &[T], most: usize) -> impl Iterator<Item = &T> {
    let count = list.len().min(most);
    (0..count).filter_map(move |at| {
        let place = if count < 2 { 0 } else { at * (list.len() - 1) / (count - 1) };
        list.get(place)
    })
}
