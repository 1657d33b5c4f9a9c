//! What a customer has: accounts, balances and positions, as read from TastyTrade and as stored.
//!
//! Amounts are in US dollars and carry their sign: money owed is negative. An amount that upstream did not send, or sent
//! as something that is no number, is absent.

use serde::{Deserialize, Serialize};

use crate::{AccountNumber, Decimal, Timestamp};

/// One brokerage account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Its number.
    pub number: AccountNumber,
    /// The user's name for it.
    pub nickname: Option<String>,
    /// Its type, for example `Individual` or `Roth IRA`.
    pub account_type: Option<String>,
    /// `Margin` or `Cash`.
    pub margin_or_cash: Option<String>,
    /// Whether it was closed.
    pub is_closed: bool,
}

/// What an account is worth and may spend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// The account.
    pub account_number: AccountNumber,
    /// Cash.
    pub cash_balance: Option<Decimal>,
    /// What would remain if everything were closed at the mark.
    pub net_liquidating_value: Option<Decimal>,
    /// Buying power for shares.
    pub equity_buying_power: Option<Decimal>,
    /// Buying power for options.
    pub derivative_buying_power: Option<Decimal>,
    /// Buying power for shares that are sold the same day.
    pub day_trading_buying_power: Option<Decimal>,
    /// Equity above the maintenance requirement; negative in a margin call.
    pub maintenance_excess: Option<Decimal>,
    /// The maintenance requirement.
    pub maintenance_requirement: Option<Decimal>,
    /// Equity that margin is computed from.
    pub margin_equity: Option<Decimal>,
    /// Buying power for options that is taken by positions and orders.
    pub used_derivative_buying_power: Option<Decimal>,
    /// Cash that is on its way in (positive) or out (negative).
    pub pending_cash: Option<Decimal>,
    /// Cash that may be withdrawn.
    pub cash_available_to_withdraw: Option<Decimal>,
    /// When TastyTrade computed it.
    pub updated_at: Option<Timestamp>,
}

/// Which way a position leans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Owned.
    Long,
    /// Owed.
    Short,
    /// Closed today; the quantity is zero.
    Zero,
}

impl Direction {
    /// The word on the wire and in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Long => "Long",
            Self::Short => "Short",
            Self::Zero => "Zero",
        }
    }

    /// The size of an amount with the sign that it has in this direction: what is owed is negative.
    #[must_use]
    pub fn signed(self, amount: Decimal) -> Decimal {
        let size = amount.0.abs();
        Decimal(if self == Self::Short && !size.is_zero() { -size } else { size })
    }

    /// The direction of that word, in any case.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Long, Self::Short, Self::Zero]
            .into_iter()
            .find(|direction| direction.as_str().eq_ignore_ascii_case(word))
    }
}

/// One position of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The account.
    pub account_number: AccountNumber,
    /// The instrument as TastyTrade spells it; the OCC form for options.
    pub symbol: String,
    /// What the instrument derives from; the symbol itself for shares.
    pub underlying_symbol: String,
    /// For example `Equity`, `Equity Option`, `Future`, `Future Option`, `Cryptocurrency`.
    pub instrument_type: String,
    /// How many shares or contracts, never negative.
    pub quantity: Decimal,
    /// Which way.
    pub quantity_direction: Direction,
    /// Average price per unit when it was opened.
    pub average_open_price: Option<Decimal>,
    /// Price per unit at the previous close.
    pub close_price: Option<Decimal>,
    /// The value of the entire position at the mark; negative for what is owed.
    pub mark: Option<Decimal>,
    /// Price per unit now.
    pub mark_price: Option<Decimal>,
    /// Profit (positive) or loss (negative) realised today.
    pub realized_day_gain: Option<Decimal>,
    /// Units of the underlying per contract; 1 for shares, 100 for most options.
    pub multiplier: Option<Decimal>,
    /// When it expires, for options and futures.
    pub expires_at: Option<Timestamp>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_reads_back_from_its_word() {
        for direction in [Direction::Long, Direction::Short, Direction::Zero] {
            assert_eq!(Direction::parse(&direction.as_str().to_lowercase()), Some(direction));
        }
        assert_eq!(Direction::parse("Sideways"), None);
    }
}
