//! What TastyTrade charges for options on stocks and funds, as published in 2026. An estimate: regulatory rates change
//! several times a year, and options on indices cost their exchange's proprietary fee on top, which is not in here.

use super::Strategy;

/// The rates that fees are worked out with, in dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fees {
    /// Commission for each contract that is opened.
    pub open: f64,
    /// The most commission for one leg; `None` for options on indices, where there is no such limit.
    pub open_most: Option<f64>,
    /// Commission for each contract that is closed.
    pub close: f64,
    /// Clearing, for each contract either way.
    pub clearing: f64,
    /// The options regulatory fee, for each contract either way.
    pub regulatory: f64,
    /// The trading activity fee of FINRA, for each contract that is sold.
    pub activity: f64,
    /// The fee of the SEC, per dollar that is sold for.
    pub sec: f64,
    /// Clearing of shares, per share either way.
    pub share_clearing: f64,
}

/// What opening and closing cost, in dollars of the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// To open.
    pub open: f64,
    /// To close before expiration, at the premiums of the start. Nothing where it is left to expire worthless.
    pub close: f64,
}

impl Fees {
    /// Options on stocks and funds: $1.00 a contract to open, at most $10.00 a leg, nothing to close, $0.10 clearing, and a
    /// few hundredths for regulators.
    pub const EQUITY: Self = Self {
        open: 1.0,
        open_most: Some(10.0),
        close: 0.0,
        clearing: 0.10,
        regulatory: 0.0269,
        activity: 0.003_29,
        sec: 0.000_020_6,
        share_clearing: 0.0008,
    };

    /// Options on broad indices: the same without the limit of a leg. The exchange's proprietary fee is not in it.
    pub const INDEX: Self = Self { open_most: None, ..Self::EQUITY };
}

impl Strategy {
    /// What opening and closing all of it cost.
    pub fn costs(&self, fees: &Fees) -> Costs {
        let mut costs = Costs { open: 0.0, close: 0.0 };
        for leg in &self.legs {
            let contracts = leg.quantity.abs();
            let either = contracts * (fees.clearing + fees.regulatory);
            let sold = contracts * (fees.activity + fees.sec * leg.multiplier * leg.premium);
            let commission = (contracts * fees.open).min(fees.open_most.unwrap_or(f64::MAX));
            let (selling, buying) = if leg.quantity < 0.0 { (sold, 0.0) } else { (0.0, sold) };
            costs.open += commission + either + selling;
            costs.close += contracts * fees.close + either + buying;
        }
        let clearing = self.shares.quantity.abs() * fees.share_clearing;
        costs.open += clearing;
        costs.close += clearing;
        costs
    }
}
