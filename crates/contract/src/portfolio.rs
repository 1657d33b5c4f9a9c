//! What a user has: the accounts with their balances, and the open positions, live or as the last sync found them. Account
//! numbers are masked.
//!
//! Amounts are in US dollars with the digits they came with, and carry their sign; what TastyTrade did not say is `null`.

use domain::{
    Decimal, Timestamp,
    portfolio::{Balance, Direction, Position},
};
use serde::{Deserialize, Serialize};

use crate::account::Source;

/// Which part of a portfolio is read live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The positions.
    Positions,
    /// The balances.
    Balances,
}

/// What a user has.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Portfolio {
    /// The open accounts: the default account first, then by number.
    pub accounts: Vec<AccountBalance>,
    /// The open positions, by account, underlying and symbol.
    pub positions: Vec<HeldPosition>,
    /// Where it comes from.
    #[serde(default)]
    pub source: Source,
    /// Why it is not live.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Portfolio {
    /// When the newest row was read; `None` before the first sync.
    pub fn as_of(&self) -> Option<Timestamp> {
        let balances = self.accounts.iter().filter_map(|account| account.as_of);
        balances.chain(self.positions.iter().map(|position| position.as_of)).max()
    }
}

/// What an account is worth and may spend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountBalance {
    /// The masked number.
    pub account: String,
    /// The user's name for it, or its type.
    pub name: String,
    /// Whether it is the default account.
    #[serde(default)]
    pub is_default: bool,
    /// `Margin` or `Cash`.
    pub margin_or_cash: Option<String>,
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
    /// Buying power for options that is taken by positions and orders.
    pub used_derivative_buying_power: Option<Decimal>,
    /// The same in percent of the net liquidating value.
    #[serde(default)]
    pub used_buying_power_percent: Option<Decimal>,
    /// Cash on its way in (positive) or out (negative).
    #[serde(default)]
    pub pending_cash: Option<Decimal>,
    /// Cash that may be withdrawn.
    pub cash_available_to_withdraw: Option<Decimal>,
    /// When the balances were read; `null` where they were not.
    pub as_of: Option<Timestamp>,
}

impl AccountBalance {
    /// The row of an account, with its balance where one was read.
    pub fn new(account: &domain::portfolio::Account, balance: Option<&Balance>, as_of: Option<Timestamp>) -> Self {
        let money = |pick: fn(&Balance) -> Option<Decimal>| balance.and_then(pick);
        let name = account.nickname.clone().or_else(|| account.account_type.clone());
        Self {
            account: account.number.masked(),
            name: name.unwrap_or_else(|| "Account".to_owned()),
            is_default: false,
            margin_or_cash: account.margin_or_cash.clone(),
            cash_balance: money(|balance| balance.cash_balance),
            net_liquidating_value: money(|balance| balance.net_liquidating_value),
            equity_buying_power: money(|balance| balance.equity_buying_power),
            derivative_buying_power: money(|balance| balance.derivative_buying_power),
            day_trading_buying_power: money(|balance| balance.day_trading_buying_power),
            maintenance_excess: money(|balance| balance.maintenance_excess),
            maintenance_requirement: money(|balance| balance.maintenance_requirement),
            used_derivative_buying_power: money(|balance| balance.used_derivative_buying_power),
            used_buying_power_percent: balance.and_then(|balance| {
                let worth = balance.net_liquidating_value.filter(|worth| worth.0.is_sign_positive())?;
                balance.used_derivative_buying_power?.percent_of(worth)
            }),
            pending_cash: money(|balance| balance.pending_cash),
            cash_available_to_withdraw: money(|balance| balance.cash_available_to_withdraw),
            as_of: balance.and(as_of),
        }
    }
}

/// One open position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldPosition {
    /// The masked number of the account.
    pub account: String,
    /// The instrument as TastyTrade spells it; the OCC form for options.
    pub symbol: String,
    /// What the instrument derives from; the symbol itself for shares.
    pub underlying_symbol: String,
    /// For example `Equity` or `Equity Option`.
    pub instrument_type: String,
    /// How many shares or contracts, never negative.
    pub quantity: Decimal,
    /// `Long` or `Short`.
    pub quantity_direction: Direction,
    /// Average price per unit when it was opened.
    pub average_open_price: Option<Decimal>,
    /// Price per unit at the previous close.
    pub close_price: Option<Decimal>,
    /// The value of the entire position at the mark; negative for what is owed.
    pub mark: Option<Decimal>,
    /// Price per unit when it was read.
    pub mark_price: Option<Decimal>,
    /// Profit (positive) or loss (negative) realised on that day.
    pub realized_day_gain: Option<Decimal>,
    /// Units of the underlying per contract; 1 for shares, 100 for most options.
    pub multiplier: Option<Decimal>,
    /// When it expires, for options and futures.
    pub expires_at: Option<Timestamp>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When it was read.
    pub as_of: Timestamp,
}

impl HeldPosition {
    /// The row of a position that was read at this moment.
    pub fn new(position: Position, as_of: Timestamp) -> Self {
        Self {
            account: position.account_number.masked(),
            symbol: position.symbol,
            underlying_symbol: position.underlying_symbol,
            instrument_type: position.instrument_type,
            quantity: position.quantity,
            quantity_direction: position.quantity_direction,
            average_open_price: position.average_open_price,
            close_price: position.close_price,
            mark: position.mark,
            mark_price: position.mark_price,
            realized_day_gain: position.realized_day_gain,
            multiplier: position.multiplier,
            expires_at: position.expires_at,
            opened_at: position.opened_at,
            as_of,
        }
    }
}
