//! What trading costs, as TastyTrade publishes it: a dollar per option to open and nothing to close, at most ten dollars a
//! leg; clearing; the exchanges' fees for index options; pennies for the regulators.

use rust_decimal::Decimal;

use super::Action;
use crate::market::{Instrument, Kind};

/// Fees in dollars, as absolute values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fees {
    pub commission: Decimal,
    pub clearing: Decimal,
    pub regulatory: Decimal,
    pub proprietary: Decimal,
}

impl Fees {
    /// All of them.
    pub(crate) fn total(&self) -> Decimal {
        self.commission + self.clearing + self.regulatory + self.proprietary
    }

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            commission: self.commission + other.commission,
            clearing: self.clearing + other.clearing,
            regulatory: self.regulatory + other.regulatory,
            proprietary: self.proprietary + other.proprietary,
        }
    }

    /// What is left of them without others.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            commission: self.commission - other.commission,
            clearing: self.clearing - other.clearing,
            regulatory: self.regulatory - other.regulatory,
            proprietary: self.proprietary - other.proprietary,
        }
    }
}

/// The fees of one leg at a price.
pub(crate) fn of(instrument: &Instrument, action: Action, quantity: i64, price: Decimal) -> Fees {
    let quantity = Decimal::from(quantity);
    let selling = action.sign() < 0;
    if !instrument.is_option() {
        let clearing = (quantity * Decimal::new(8, 4)).round_dp(3);
        let regulatory = if selling { (quantity * price * Decimal::new(206, 7)).round_dp(3) } else { Decimal::ZERO };
        return Fees { clearing, regulatory, ..Fees::default() };
    }
    let index = instrument.listing().is_some_and(|listing| listing.kind == Kind::Index);
    let per_contract = Decimal::new(2295, 5) + if selling { Decimal::new(329, 5) } else { Decimal::ZERO };
    Fees {
        commission: if action.opens() { quantity.min(Decimal::TEN) } else { Decimal::ZERO },
        clearing: quantity * Decimal::new(10, 2),
        regulatory: (quantity * per_contract).round_dp(3),
        proprietary: if index { quantity * Decimal::new(65, 2) } else { Decimal::ZERO },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_the_published_ones() {
        let option = Instrument::find("Equity Option", "SPY   261218P00600000").unwrap();
        let index = Instrument::find("Equity Option", "SPXW  261218P06000000").unwrap();
        let share = Instrument::find("Equity", "SPY").unwrap();
        for (instrument, action, quantity, total) in [
            (&option, Action::SellToOpen, 2, "2.252"),
            (&option, Action::BuyToClose, 2, "0.246"),
            (&option, Action::BuyToOpen, 30, "13.688"),
            (&index, Action::BuyToOpen, 1, "1.773"),
            (&share, Action::BuyToOpen, 100, "0.080"),
        ] {
            let fees = of(instrument, action, quantity, Decimal::TEN);
            let expected: Decimal = total.parse().unwrap();
            assert!((fees.total() - expected).abs() <= Decimal::new(1, 3), "{instrument:?} {fees:?}");
        }
    }
}
