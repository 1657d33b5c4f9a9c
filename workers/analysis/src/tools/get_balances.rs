//! `get_balances`: what accounts are worth and may spend.

use std::fmt::Write;

use contract::{
    Rendered,
    account::balances::{BalancesOutput, GetBalancesInput},
    portfolio::AccountBalance,
};
use domain::{Decimal, Error};

use super::{Asked, account, amounts};
use crate::{live, zone::Zone};

/// The balances of the accounts that are meant.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, GetBalancesInput { account }) = asked.read()?;
    let (accounts, default) = account::meant_and_default(app, user, account.as_deref()).await?;
    let known = live::balances(app, user, accounts).await?.allowed()?;
    let balances = live::rows(&known.found, default.as_ref());
    let output = BalancesOutput {
        total_net_liquidating_value: amounts::sum(balances.iter().map(|row| row.net_liquidating_value)),
        total_cash_balance: amounts::sum(balances.iter().map(|row| row.cash_balance)),
        source: known.source(),
        as_of: known.as_of(),
        notes: known.notes,
        balances,
    };
    Rendered::new(&output, text(&output, &Zone::of(app, user).await))
}

fn text(output: &BalancesOutput, zone: &Zone) -> String {
    let mut text = format!("Balances in US dollars, {}", output.source.in_words());
    if let Some(as_of) = output.as_of {
        let _ = write!(text, ", {}", zone.shown(as_of));
    }
    text.push('.');
    for row in &output.balances {
        let _ = write!(text, "\n{}", line(row));
    }
    if let (true, Some(worth)) = (output.balances.len() > 1, output.total_net_liquidating_value) {
        let _ = write!(text, "\nTogether: net liq {}", amounts::dollars(worth));
        if let Some(cash) = output.total_cash_balance {
            let _ = write!(text, ", cash {}", amounts::dollars(cash));
        }
    }
    for note in &output.notes {
        let _ = write!(text, "\n{note}");
    }
    text
}

fn line(row: &AccountBalance) -> String {
    let mut line = format!("{} {}", row.account, row.name);
    if let Some(word) = &row.margin_or_cash {
        let _ = write!(line, " ({word})");
    }
    let mut separator = ": ";
    let mut put = |what: &str, amount: Option<Decimal>| {
        let _ = match amount {
            Some(amount) => write!(line, "{separator}{what} {}", amounts::dollars(amount)),
            None => write!(line, "{separator}{what} not known"),
        };
        separator = ", ";
    };
    put("net liq", row.net_liquidating_value);
    put("cash", row.cash_balance);
    put("option buying power", row.derivative_buying_power);
    put("stock buying power", row.equity_buying_power);
    put("used by options", row.used_derivative_buying_power);
    if let Some(percent) = row.used_buying_power_percent {
        let _ = write!(line, " ({} % of net liq)", percent.rounded(1));
    }
    let mut put = |what: &str, amount: Option<Decimal>| {
        if let Some(amount) = amount.filter(|amount| !amount.0.is_zero()) {
            let _ = write!(line, ", {what} {}", amounts::dollars(amount));
        }
    };
    put("day-trading buying power", row.day_trading_buying_power);
    put("maintenance requirement", row.maintenance_requirement);
    put("maintenance excess", row.maintenance_excess);
    put("pending cash", row.pending_cash);
    put("withdrawable", row.cash_available_to_withdraw);
    if row.maintenance_excess.is_some_and(|excess| excess.0.is_sign_negative() && !excess.0.is_zero()) {
        line.push_str(". MARGIN CALL: the maintenance excess is negative");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_what_is_free_and_what_is_used() {
        let row: AccountBalance = serde_json::from_value(serde_json::json!({
            "account": "\u{2022}\u{2022}\u{2022}\u{2022}0042", "name": "Income", "margin_or_cash": "Margin",
            "net_liquidating_value": 100000.5, "cash_balance": "-250.25", "derivative_buying_power": 60000,
            "used_derivative_buying_power": 31250, "used_buying_power_percent": 31.25, "maintenance_excess": -5,
            "pending_cash": 0,
        }))
        .unwrap();
        assert_eq!(
            line(&row),
            "\u{2022}\u{2022}\u{2022}\u{2022}0042 Income (Margin): net liq 100,000.50, cash -250.25, option buying power \
             60,000.00, stock buying power not known, used by options 31,250.00 (31.2 % of net liq), \
             maintenance excess -5.00. MARGIN CALL: the maintenance excess is negative"
        );
    }
}
