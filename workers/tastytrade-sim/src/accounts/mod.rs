//! The users' accounts: one ledger for each, from which positions, balances, transactions and histories are computed.
//!
//! What an account did before anybody placed an order here is written as programs relative to the market ("two calls five
//! percent above the price, rolled into the first monthly expiration at least three weeks away"), so that it makes sense
//! at any date and stays what it is.

pub(crate) mod balances;
pub(crate) mod ledger;
pub(crate) mod margin;
pub(crate) mod net_liq;
pub(crate) mod positions;
pub(crate) mod programs;

use crate::market::occ::Right;

/// What the broker lends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountKind {
    /// Regulation T.
    Margin,
    /// A Roth IRA: nothing is lent, short puts are covered by cash.
    Ira,
    /// Nothing is lent.
    Cash,
}

/// What an account does all the time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Program {
    /// Shares that came from another broker with a cost of `cost` times the price that the symbol wanders around.
    Shares { symbol: &'static str, count: i64, cost: f64 },
    /// Options of a monthly expiration, rolled when less than `min_days` are left: `count` below zero is short; the strike
    /// is `moneyness` times the price at the roll.
    Monthly { symbol: &'static str, count: i64, right: Right, moneyness: f64, min_days: u64 },
    /// Two of these with one expiration, as one order: the second buys what the first sells.
    Spread { symbol: &'static str, count: i64, right: Right, short: f64, long: f64, min_days: u64 },
    /// A short strangle of a Friday, moved on every Monday, so that it has 18 to 25 days to live.
    Strangle { symbol: &'static str, count: i64, put: f64, call: f64 },
    /// A put spread that is opened on a Wednesday and expires worthless on the Friday of the week after.
    Expiring { symbol: &'static str, count: i64, width: f64 },
    /// A short put on whichever of the symbols falls most after the roll, so that it is tested.
    Tested { count: i64, min_days: u64 },
    /// Every other week a short put that is at about 60 percent of its profit two to four weeks later.
    Winner { count: i64 },
}

/// An account.
#[derive(Debug)]
pub(crate) struct Account {
    pub number: &'static str,
    /// The name of the [`crate::users::User`].
    pub owner: &'static str,
    pub nickname: &'static str,
    pub kind: AccountKind,
    /// What was paid in on the first day, in cents.
    pub deposit_cents: i64,
    pub programs: &'static [Program],
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
            AccountKind::Margin | AccountKind::Cash => "Individual",
            AccountKind::Ira => "Roth IRA",
        }
    }

    /// The wire's name of the way in which requirements are computed.
    pub(crate) fn margin_calculation(&self) -> &'static str {
        match self.kind {
            AccountKind::Margin => "Reg T",
            AccountKind::Ira => "IRA Margin",
            AccountKind::Cash => "Cash",
        }
    }

    /// The wire's name of what it may do with options.
    pub(crate) fn options_level(&self) -> &'static str {
        match self.kind {
            AccountKind::Margin => "No Restrictions",
            AccountKind::Ira => "Defined Risk",
            AccountKind::Cash => "Covered And Cash Secured",
        }
    }
}

const fn monthly(symbol: &'static str, count: i64, right: Right, moneyness: f64, min_days: u64) -> Program {
    Program::Monthly { symbol, count, right, moneyness, min_days }
}

/// All accounts.
pub(crate) static ACCOUNTS: [Account; 6] = [
    Account {
        number: "5WX10001",
        owner: "trader",
        nickname: "Options income",
        kind: AccountKind::Margin,
        deposit_cents: 14_000_000,
        programs: &[
            // Long stock with two covered calls on it, bought cheaply: the winner.
            Program::Shares { symbol: "AAPL", count: 300, cost: 0.66 },
            monthly("AAPL", -2, Right::Call, 1.05, 21),
            // Bought far too dear: the loser.
            Program::Shares { symbol: "TSLA", count: 40, cost: 1.62 },
            // Three naked puts.
            monthly("NVDA", -3, Right::Put, 0.90, 21),
            Program::Strangle { symbol: "QQQ", count: -1, put: 0.955, call: 1.045 },
            Program::Spread { symbol: "SPY", count: -2, right: Right::Put, short: 0.96, long: 0.94, min_days: 21 },
            // A long call that soon expires.
            monthly("AMD", 1, Right::Call, 1.08, 5),
            Program::Expiring { symbol: "SPY", count: -2, width: 5.0 },
            Program::Tested { count: -1, min_days: 14 },
            Program::Winner { count: -1 },
        ],
    },
    Account {
        number: "5WX10002",
        owner: "trader",
        nickname: "Retirement",
        kind: AccountKind::Ira,
        deposit_cents: 4_155_010,
        programs: &[
            Program::Shares { symbol: "KO", count: 400, cost: 0.84 },
            monthly("KO", -4, Right::Call, 1.03, 21),
            Program::Shares { symbol: "MSFT", count: 20, cost: 0.91 },
            monthly("IWM", -1, Right::Put, 0.94, 28),
        ],
    },
    Account {
        number: "5WX20001",
        owner: "second",
        nickname: "Individual",
        kind: AccountKind::Margin,
        deposit_cents: 1_250_000,
        programs: &[
            Program::Shares { symbol: "SPY", count: 100, cost: 0.88 },
            Program::Shares { symbol: "IWM", count: 50, cost: 1.07 },
        ],
    },
    Account {
        number: "5WX30001",
        owner: "newcomer",
        nickname: "Individual",
        kind: AccountKind::Margin,
        deposit_cents: 500_000,
        programs: &[],
    },
    Account {
        number: "5WX40001",
        owner: "delayed",
        nickname: "Individual",
        kind: AccountKind::Margin,
        deposit_cents: 2_000_000,
        programs: &[
            Program::Shares { symbol: "MSFT", count: 60, cost: 0.95 },
            monthly("MSFT", 1, Right::Put, 0.95, 21),
        ],
    },
    Account {
        number: "5WX50001",
        owner: "saver",
        nickname: "Savings",
        kind: AccountKind::Cash,
        deposit_cents: 3_500_000,
        programs: &[
            Program::Shares { symbol: "XOM", count: 200, cost: 0.93 },
            monthly("XOM", -2, Right::Call, 1.05, 21),
            monthly("PFE", -2, Right::Put, 0.94, 21),
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
