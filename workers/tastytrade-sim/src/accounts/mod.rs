//! The users' accounts and what they hold.
//!
//! Holdings are written relative to the market ("two calls five percent above the price at which they were opened, first
//! monthly expiration at least three weeks away"), so that they make sense at any date and stay what they are until they
//! expire. In scope: positions, balances, requirements. Out of scope: orders and history.

pub(crate) mod balances;
pub(crate) mod margin;
pub(crate) mod positions;

use crate::market::occ::Right;

/// What the broker lends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountKind {
    /// Regulation T.
    Margin,
    /// A Roth IRA: nothing is lent, short puts are covered by cash.
    Ira,
}

/// One line of an account.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holding {
    /// Shares, bought at `cost` times the price that the symbol wanders around.
    Shares { symbol: &'static str, count: i64, cost: f64 },
    /// Options: `count` below zero is short; the strike is `moneyness` times the price when they were opened.
    Options { symbol: &'static str, count: i64, right: Right, moneyness: f64, min_days: u64 },
}

/// An account.
#[derive(Debug)]
pub(crate) struct Account {
    pub number: &'static str,
    /// The name of the [`crate::users::User`].
    pub owner: &'static str,
    pub nickname: &'static str,
    pub kind: AccountKind,
    /// Cash in cents.
    pub cash_cents: i64,
    pub holdings: &'static [Holding],
}

impl Account {
    /// The digits at the end of its number, for the ids that other records have of it.
    pub(crate) fn serial(&self) -> u64 {
        self.number
            .rsplit(|letter: char| !letter.is_ascii_digit())
            .next()
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(0)
    }

    /// The wire's name of the account's type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            AccountKind::Margin => "Individual",
            AccountKind::Ira => "Roth IRA",
        }
    }
}

const fn options(symbol: &'static str, count: i64, right: Right, moneyness: f64, min_days: u64) -> Holding {
    Holding::Options { symbol, count, right, moneyness, min_days }
}

/// All accounts.
pub(crate) static ACCOUNTS: [Account; 5] = [
    Account {
        number: "5WX10001",
        owner: "trader",
        nickname: "Options income",
        kind: AccountKind::Margin,
        cash_cents: 8_412_375,
        holdings: &[
            // Long stock with two covered calls on it, bought cheaply: the winner.
            Holding::Shares { symbol: "AAPL", count: 300, cost: 0.66 },
            options("AAPL", -2, Right::Call, 1.05, 21),
            // Bought far too dear: the loser.
            Holding::Shares { symbol: "TSLA", count: 40, cost: 1.62 },
            // Three naked puts.
            options("NVDA", -3, Right::Put, 0.90, 21),
            // A short strangle.
            options("QQQ", -1, Right::Put, 0.93, 28),
            options("QQQ", -1, Right::Call, 1.06, 28),
            // A put credit spread.
            options("SPY", -2, Right::Put, 0.96, 21),
            options("SPY", 2, Right::Put, 0.94, 21),
            // A long call that soon expires.
            options("AMD", 1, Right::Call, 1.08, 5),
        ],
    },
    Account {
        number: "5WX10002",
        owner: "trader",
        nickname: "Retirement",
        kind: AccountKind::Ira,
        cash_cents: 4_155_010,
        holdings: &[
            Holding::Shares { symbol: "KO", count: 400, cost: 0.84 },
            options("KO", -4, Right::Call, 1.03, 21),
            Holding::Shares { symbol: "MSFT", count: 20, cost: 0.91 },
            options("IWM", -1, Right::Put, 0.94, 28),
        ],
    },
    Account {
        number: "5WX20001",
        owner: "second",
        nickname: "Individual",
        kind: AccountKind::Margin,
        cash_cents: 1_250_000,
        holdings: &[
            Holding::Shares { symbol: "SPY", count: 100, cost: 0.88 },
            Holding::Shares { symbol: "IWM", count: 50, cost: 1.07 },
        ],
    },
    Account {
        number: "5WX30001",
        owner: "newcomer",
        nickname: "Individual",
        kind: AccountKind::Margin,
        cash_cents: 500_000,
        holdings: &[],
    },
    Account {
        number: "5WX40001",
        owner: "delayed",
        nickname: "Individual",
        kind: AccountKind::Margin,
        cash_cents: 2_000_000,
        holdings: &[
            Holding::Shares { symbol: "MSFT", count: 60, cost: 0.95 },
            options("MSFT", 1, Right::Put, 0.95, 21),
        ],
    },
];

/// The account of that number.
pub(crate) fn find(number: &str) -> Option<&'static Account> {
    ACCOUNTS.iter().find(|account| account.number == number)
}

/// The accounts of a user.
pub(crate) fn of_user(name: &str) -> impl Iterator<Item = &'static Account> {
    ACCOUNTS.iter().filter(move |account| account.owner == name)
}
