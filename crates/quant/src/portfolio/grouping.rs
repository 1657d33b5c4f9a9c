//! Which strategies the positions in one underlying make up, as a trader would name them.
//!
//! A broker lists legs one by one. Legs are put together by what covers them, the closest relation first: verticals of one
//! expiration, two of which make a condor or a fly; calls on shares; what is sold or bought on both sides; what covers another
//! expiration. Each contract and share is in exactly one group.

use domain::occ::Side;

/// Quantities below this are nothing.
const LEAST: f64 = 1e-9;

/// One position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holding {
    /// The option; `None` for shares.
    pub option: Option<Listed>,
    /// Contracts or shares, negative where they are owed.
    pub quantity: f64,
    /// Shares per contract; 1 for shares.
    pub multiplier: f64,
}

/// What tells options of one underlying apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Listed {
    /// Call or put.
    pub side: Side,
    /// The strike.
    pub strike: f64,
    /// The day of expiration, counted from any day.
    pub day: i64,
}

/// What a group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Shares alone.
    Shares,
    /// Shares and as many calls sold on them.
    CoveredCall,
    /// The same with puts bought below.
    Collar,
    /// Shares and puts bought on them.
    ProtectivePut,
    /// Puts sold, with nothing that covers them but money.
    ShortPut,
    /// Calls sold, with nothing that covers them.
    ShortCall,
    /// Puts bought.
    LongPut,
    /// Calls bought.
    LongCall,
    /// A put sold and a lower one bought.
    PutCreditSpread,
    /// A call sold and a higher one bought.
    CallCreditSpread,
    /// A put bought and a lower one sold.
    PutDebitSpread,
    /// A call bought and a higher one sold.
    CallDebitSpread,
    /// A put and a call credit spread with different strikes sold.
    IronCondor,
    /// The same with one strike sold on both sides.
    IronButterfly,
    /// A put and a call sold at different strikes.
    ShortStrangle,
    /// A put and a call sold at one strike.
    ShortStraddle,
    /// A put and a call bought at different strikes.
    LongStrangle,
    /// A put and a call bought at one strike.
    LongStraddle,
    /// An option sold and a later one of the same strike bought.
    Calendar,
    /// An option sold and a later one of another strike bought.
    Diagonal,
    /// What cannot be put together, because a number is none.
    Other,
}

impl Shape {
    /// What traders call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shares => "shares",
            Self::CoveredCall => "covered call",
            Self::Collar => "collar",
            Self::ProtectivePut => "protective put",
            Self::ShortPut => "short put",
            Self::ShortCall => "short call",
            Self::LongPut => "long put",
            Self::LongCall => "long call",
            Self::PutCreditSpread => "put credit spread",
            Self::CallCreditSpread => "call credit spread",
            Self::PutDebitSpread => "put debit spread",
            Self::CallDebitSpread => "call debit spread",
            Self::IronCondor => "iron condor",
            Self::IronButterfly => "iron butterfly",
            Self::ShortStrangle => "short strangle",
            Self::ShortStraddle => "short straddle",
            Self::LongStrangle => "long strangle",
            Self::LongStraddle => "long straddle",
            Self::Calendar => "calendar",
            Self::Diagonal => "diagonal",
            Self::Other => "other",
        }
    }
}

/// A part of a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Which position, counted from 0.
    pub holding: usize,
    /// How much of it, with its sign.
    pub quantity: f64,
}

/// Positions that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What they are.
    pub shape: Shape,
    /// What they are made of.
    pub parts: Vec<Part>,
    /// How often the strategy is held: contracts, or shares where there are no options.
    pub count: f64,
}

/// What is left of each position while groups are taken out of it.
struct Pile<'a> {
    holdings: &'a [Holding],
    left: Vec<f64>,
    groups: Vec<Group>,
}

/// The strategies that the positions in one underlying of one account make up: what has options by its first expiration, and
/// shares that are left over first.
pub fn groups(holdings: &[Holding]) -> Vec<Group> {
    let is_sound = |holding: &Holding| {
        let strike = holding.option.is_none_or(|option| option.strike.is_finite());
        strike && holding.quantity.is_finite() && holding.multiplier.is_finite() && holding.multiplier > 0.0
    };
    let left = holdings.iter().map(|holding| if is_sound(holding) { holding.quantity } else { 0.0 }).collect();
    let mut pile = Pile { holdings, left, groups: Vec::new() };
    pile.verticals();
    pile.condors();
    pile.covered();
    pile.both_sides();
    pile.across();
    pile.alone();
    let mut groups = pile.groups;
    for (index, holding) in holdings.iter().enumerate().filter(|(_, holding)| !is_sound(holding)) {
        let parts = vec![Part { holding: index, quantity: holding.quantity }];
        groups.push(Group { shape: Shape::Other, parts, count: holding.quantity.abs() });
    }
    let day = |group: &Group| {
        let days = group.parts.iter().filter_map(|part| holdings.get(part.holding)?.option).map(|option| option.day);
        days.min().unwrap_or(i64::MIN)
    };
    groups.sort_by_key(|group| (day(group), group.shape));
    groups
}

/// What of a position a group takes for each of its units.
type Taken = (usize, f64);

impl Pile<'_> {
    /// The options that are left, with their places.
    fn options(&self) -> Vec<(usize, Listed)> {
        let each = self.holdings.iter().enumerate();
        each.filter_map(|(index, holding)| Some((index, holding.option?)))
            .filter(|(index, _)| self.has(*index))
            .collect()
    }

    fn left(&self, index: usize) -> f64 {
        self.left.get(index).copied().unwrap_or_default()
    }

    fn has(&self, index: usize) -> bool {
        self.left(index).abs() > LEAST
    }

    fn is_sold(&self, index: usize) -> bool {
        self.left(index) < 0.0
    }

    fn multiplier(&self, index: usize) -> f64 {
        self.holdings.get(index).map_or(1.0, |holding| holding.multiplier)
    }

    /// Takes a group out: so many units of each place, with signs, as often as all of them allow.
    fn take(&mut self, shape: Shape, of: &[Taken]) {
        let count = of.iter().map(|(index, per)| self.left(*index) / per).fold(f64::MAX, f64::min);
        if count <= LEAST {
            return;
        }
        let mut parts = Vec::with_capacity(of.len());
        for (index, per) in of {
            // What is taken whole leaves no crumb.
            let quantity =
                if (self.left(*index) / per - count).abs() <= LEAST { self.left(*index) } else { per * count };
            if let Some(left) = self.left.get_mut(*index) {
                *left -= quantity;
            }
            parts.push(Part { holding: *index, quantity });
        }
        self.groups.push(Group { shape, parts, count });
    }

    /// Options sold with options of the same side, day and size that were bought, the nearest strikes first.
    fn verticals(&mut self) {
        let options = self.options();
        let mut pairs: Vec<(usize, usize, Shape, f64)> = Vec::new();
        for (sold, short) in options.iter().filter(|(index, _)| self.is_sold(*index)) {
            for (bought, long) in options.iter().filter(|(index, _)| !self.is_sold(*index)) {
                let is_one = short.side == long.side && short.day == long.day && short.strike != long.strike;
                if !is_one || self.multiplier(*sold) != self.multiplier(*bought) {
                    continue;
                }
                let shape = match (short.side, short.strike < long.strike) {
                    (Side::Put, false) => Shape::PutCreditSpread,
                    (Side::Put, true) => Shape::PutDebitSpread,
                    (Side::Call, true) => Shape::CallCreditSpread,
                    (Side::Call, false) => Shape::CallDebitSpread,
                };
                pairs.push((*sold, *bought, shape, (short.strike - long.strike).abs()));
            }
        }
        pairs.sort_by(|one, other| one.3.total_cmp(&other.3));
        for (sold, bought, shape, _) in pairs {
            if self.is_sold(sold) && self.left(bought) > LEAST {
                self.take(shape, &[(sold, -1.0), (bought, 1.0)]);
            }
        }
    }

    /// A put and a call credit spread of one day become one.
    fn condors(&mut self) {
        let groups = std::mem::take(&mut self.groups);
        let (mut puts, rest): (Vec<Group>, Vec<Group>) =
            groups.into_iter().partition(|group| group.shape == Shape::PutCreditSpread);
        let (mut calls, rest): (Vec<Group>, Vec<Group>) =
            rest.into_iter().partition(|group| group.shape == Shape::CallCreditSpread);
        self.groups = rest;
        for put in &mut puts {
            for call in &mut calls {
                let (Some(lower), Some(upper)) = (self.sold_of(put), self.sold_of(call)) else { continue };
                let count = put.count.min(call.count);
                if lower.day != upper.day || lower.strike > upper.strike || count <= LEAST {
                    continue;
                }
                let shape = if lower.strike == upper.strike { Shape::IronButterfly } else { Shape::IronCondor };
                let parts = [part_of(put, count), part_of(call, count)].concat();
                self.groups.push(Group { shape, parts, count });
            }
        }
        self.groups.extend(puts.into_iter().chain(calls).filter(|group| group.count > LEAST));
    }

    /// The option that a vertical has sold.
    fn sold_of(&self, group: &Group) -> Option<Listed> {
        self.holdings.get(group.parts.first()?.holding)?.option
    }

    /// Shares with calls that were sold and puts that were bought on them.
    fn covered(&mut self) {
        let shares: Vec<usize> = (0..self.holdings.len())
            .filter(|index| self.holdings.get(*index).is_some_and(|holding| holding.option.is_none()))
            .collect();
        for share in shares {
            let mut options = self.options();
            options.sort_by(|one, other| one.1.day.cmp(&other.1.day).then(one.1.strike.total_cmp(&other.1.strike)));
            for (call, sold) in &options {
                if sold.side != Side::Call || !self.is_sold(*call) {
                    continue;
                }
                let is_put = |(index, option): &&(usize, Listed)| {
                    option.side == Side::Put
                        && option.day == sold.day
                        && self.left(*index) > LEAST
                        && self.multiplier(*index) == self.multiplier(*call)
                };
                let put = options.iter().find(is_put).map(|(index, _)| *index);
                let lot = self.multiplier(*call);
                // Shares by whole contracts alone.
                let lots = (self.left(share) / lot + LEAST).floor();
                if lots < 1.0 || !self.has(*call) {
                    continue;
                }
                match put {
                    Some(put) => self.take_lots(Shape::Collar, share, lots, &[(*call, -1.0), (put, 1.0)]),
                    None => self.take_lots(Shape::CoveredCall, share, lots, &[(*call, -1.0)]),
                }
                // A collar may leave calls for which there are no puts.
                let lots = (self.left(share) / lot + LEAST).floor();
                if lots >= 1.0 && self.has(*call) {
                    self.take_lots(Shape::CoveredCall, share, lots, &[(*call, -1.0)]);
                }
            }
            for (put, bought) in &options {
                let lots = (self.left(share) / self.multiplier(*put) + LEAST).floor();
                if bought.side == Side::Put && self.left(*put) > LEAST && lots >= 1.0 {
                    self.take_lots(Shape::ProtectivePut, share, lots, &[(*put, 1.0)]);
                }
            }
        }
    }

    /// As [`Self::take`], with shares for at most so many lots.
    fn take_lots(&mut self, shape: Shape, share: usize, lots: f64, of: &[Taken]) {
        let Some((first, _)) = of.first() else { return };
        let lot = self.multiplier(*first);
        let all = self.left(share);
        let spared = all - lots * lot;
        if let Some(left) = self.left.get_mut(share) {
            *left -= spared;
        }
        let of: Vec<Taken> = of.iter().copied().chain([(share, lot)]).collect();
        self.take(shape, &of);
        if let Some(left) = self.left.get_mut(share) {
            *left += spared;
        }
    }

    /// Puts and calls of one day that were both sold, or both bought.
    fn both_sides(&mut self) {
        let options = self.options();
        let mut pairs: Vec<(usize, usize, Shape, f64)> = Vec::new();
        for (put, lower) in options.iter().filter(|(_, option)| option.side == Side::Put) {
            for (call, upper) in options.iter().filter(|(_, option)| option.side == Side::Call) {
                let is_one = lower.day == upper.day && self.multiplier(*put) == self.multiplier(*call);
                if !is_one || self.is_sold(*put) != self.is_sold(*call) {
                    continue;
                }
                let shape = match (self.is_sold(*put), lower.strike == upper.strike) {
                    (true, false) => Shape::ShortStrangle,
                    (true, true) => Shape::ShortStraddle,
                    (false, false) => Shape::LongStrangle,
                    (false, true) => Shape::LongStraddle,
                };
                pairs.push((*put, *call, shape, (upper.strike - lower.strike).abs()));
            }
        }
        pairs.sort_by(|one, other| one.3.total_cmp(&other.3));
        for (put, call, shape, _) in pairs {
            if self.has(put) && self.has(call) {
                let sign = if self.is_sold(put) { -1.0 } else { 1.0 };
                self.take(shape, &[(put, sign), (call, sign)]);
            }
        }
    }

    /// Options sold with later ones that were bought.
    fn across(&mut self) {
        let options = self.options();
        let mut pairs: Vec<(usize, usize, bool, (i64, f64))> = Vec::new();
        for (sold, short) in options.iter().filter(|(index, _)| self.is_sold(*index)) {
            for (bought, long) in options.iter().filter(|(index, _)| !self.is_sold(*index)) {
                let is_one = short.side == long.side && short.day < long.day;
                if is_one && self.multiplier(*sold) == self.multiplier(*bought) {
                    let apart = (long.day.saturating_sub(short.day), (short.strike - long.strike).abs());
                    pairs.push((*sold, *bought, short.strike == long.strike, apart));
                }
            }
        }
        pairs.sort_by(|one, other| one.3.1.total_cmp(&other.3.1).then(one.3.0.cmp(&other.3.0)));
        for (sold, bought, is_same, _) in pairs {
            if self.has(sold) && self.has(bought) {
                let shape = if is_same { Shape::Calendar } else { Shape::Diagonal };
                self.take(shape, &[(sold, -1.0), (bought, 1.0)]);
            }
        }
    }

    /// What is left over.
    fn alone(&mut self) {
        for (index, holding) in self.holdings.iter().enumerate() {
            if !self.has(index) {
                continue;
            }
            let is_sold = self.is_sold(index);
            let shape = match holding.option.map(|option| option.side) {
                None => Shape::Shares,
                Some(Side::Put) if is_sold => Shape::ShortPut,
                Some(Side::Put) => Shape::LongPut,
                Some(Side::Call) if is_sold => Shape::ShortCall,
                Some(Side::Call) => Shape::LongCall,
            };
            self.take(shape, &[(index, if is_sold { -1.0 } else { 1.0 })]);
        }
    }
}

/// So many units of a group, which it has less of afterwards.
fn part_of(group: &mut Group, count: f64) -> Vec<Part> {
    let share = if (group.count - count).abs() <= LEAST { 1.0 } else { count / group.count };
    let taken = group.parts.iter_mut().map(|part| {
        let quantity = part.quantity * share;
        part.quantity -= quantity;
        Part { holding: part.holding, quantity }
    });
    let taken = taken.collect();
    group.count -= count;
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn option(side: Side, strike: f64, day: i64, quantity: f64) -> Holding {
        Holding { option: Some(Listed { side, strike, day }), quantity, multiplier: 100.0 }
    }

    fn put(strike: f64, day: i64, quantity: f64) -> Holding {
        option(Side::Put, strike, day, quantity)
    }

    fn call(strike: f64, day: i64, quantity: f64) -> Holding {
        option(Side::Call, strike, day, quantity)
    }

    fn shares(quantity: f64) -> Holding {
        Holding { option: None, quantity, multiplier: 1.0 }
    }

    fn shapes(holdings: &[Holding]) -> Vec<(Shape, f64)> {
        groups(holdings).iter().map(|group| (group.shape, group.count)).collect()
    }

    #[test]
    fn strategies_are_recognised() {
        use Shape::*;
        for (holdings, expected) in [
            (vec![shares(300.0), call(210.0, 30, -2.0)], vec![(Shares, 100.0), (CoveredCall, 2.0)]),
            (vec![shares(150.0), call(210.0, 30, -2.0)], vec![(Shares, 50.0), (CoveredCall, 1.0), (ShortCall, 1.0)]),
            (vec![shares(99.0), call(210.0, 30, -1.0)], vec![(Shares, 99.0), (ShortCall, 1.0)]),
            (vec![shares(-100.0), put(90.0, 30, -1.0)], vec![(Shares, 100.0), (ShortPut, 1.0)]),
            (vec![shares(100.0), call(110.0, 30, -1.0), put(90.0, 30, 1.0)], vec![(Collar, 1.0)]),
            (vec![shares(100.0), put(90.0, 30, 1.0)], vec![(ProtectivePut, 1.0)]),
            (vec![put(95.0, 30, -1.0), call(105.0, 30, -1.0)], vec![(ShortStrangle, 1.0)]),
            (vec![put(100.0, 30, -2.0), call(100.0, 30, -1.0)], vec![(ShortPut, 1.0), (ShortStraddle, 1.0)]),
            (vec![put(95.0, 30, 1.0), call(105.0, 30, 1.0)], vec![(LongStrangle, 1.0)]),
            (vec![put(95.0, 30, -1.0), call(105.0, 37, -1.0)], vec![(ShortPut, 1.0), (ShortCall, 1.0)]),
            (vec![put(95.0, 30, -2.0), put(90.0, 30, 2.0)], vec![(PutCreditSpread, 2.0)]),
            (vec![put(95.0, 30, 1.0), put(90.0, 30, -1.0)], vec![(PutDebitSpread, 1.0)]),
            (vec![call(95.0, 30, 1.0), call(90.0, 30, -1.0)], vec![(CallCreditSpread, 1.0)]),
            (vec![call(90.0, 30, 1.0), call(95.0, 30, -1.0)], vec![(CallDebitSpread, 1.0)]),
            (
                vec![put(90.0, 30, 1.0), put(95.0, 30, -1.0), call(105.0, 30, -1.0), call(110.0, 30, 1.0)],
                vec![(IronCondor, 1.0)],
            ),
            (
                vec![put(90.0, 30, 1.0), put(100.0, 30, -1.0), call(100.0, 30, -1.0), call(110.0, 30, 1.0)],
                vec![(IronButterfly, 1.0)],
            ),
            (
                vec![put(90.0, 30, 2.0), put(95.0, 30, -2.0), call(105.0, 30, -1.0), call(110.0, 30, 1.0)],
                vec![(PutCreditSpread, 1.0), (IronCondor, 1.0)],
            ),
            // The nearest strikes belong together.
            (
                vec![put(95.0, 30, -2.0), put(94.0, 30, 1.0), put(80.0, 30, 1.0)],
                vec![(PutCreditSpread, 1.0), (PutCreditSpread, 1.0)],
            ),
            (vec![call(100.0, 30, -1.0), call(100.0, 60, 1.0)], vec![(Calendar, 1.0)]),
            (vec![call(105.0, 30, -1.0), call(80.0, 400, 1.0)], vec![(Diagonal, 1.0)]),
            (vec![call(105.0, 60, -1.0), call(80.0, 30, 1.0)], vec![(LongCall, 1.0), (ShortCall, 1.0)]),
            (vec![put(95.0, 10, -1.0), put(90.0, 40, -3.0)], vec![(ShortPut, 1.0), (ShortPut, 3.0)]),
            (vec![], vec![]),
            (vec![put(95.0, 10, 0.0)], vec![]),
            (vec![put(95.0, 10, f64::NAN), put(f64::NAN, 10, 1.0)], vec![(Other, f64::NAN), (Other, 1.0)]),
        ] {
            let found = shapes(&holdings);
            assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{holdings:?}");
        }
    }

    proptest! {
        #[test]
        fn each_contract_is_in_one_group(
            options in proptest::collection::vec((any::<bool>(), 80_u8..120, 0_i64..3, -4_i32..=4), 0..8),
            count in -350_i32..350,
        ) {
            let mut holdings = vec![shares(f64::from(count))];
            holdings.extend(options.into_iter().map(|(is_call, strike, day, quantity)| {
                let side = if is_call { Side::Call } else { Side::Put };
                option(side, f64::from(strike), day, f64::from(quantity))
            }));
            let found = groups(&holdings);
            for (index, holding) in holdings.iter().enumerate() {
                let parts = found.iter().flat_map(|group| &group.parts).filter(|part| part.holding == index);
                let quantities: Vec<f64> = parts.map(|part| part.quantity).collect();
                prop_assert!((quantities.iter().sum::<f64>() - holding.quantity).abs() < 1e-9);
                prop_assert!(quantities.iter().all(|quantity| quantity * holding.quantity > 0.0));
            }
            for group in &found {
                prop_assert!(group.count > 0.0 && !group.parts.is_empty());
            }
        }

        #[test]
        fn any_numbers_do(numbers in proptest::collection::vec((any::<f64>(), any::<f64>(), any::<f64>(), any::<i64>()), 0..5)) {
            let holdings: Vec<Holding> = numbers
                .into_iter()
                .map(|(strike, quantity, multiplier, day)| Holding {
                    option: Some(Listed { side: Side::Put, strike, day }),
                    quantity,
                    multiplier,
                })
                .collect();
            let _ = groups(&holdings);
        }
    }
}
