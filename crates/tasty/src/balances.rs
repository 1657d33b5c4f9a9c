//! The balance of an account, `GET /accounts/{number}/balances/USD`.

use domain::{AccountNumber, portfolio::Balance};

use crate::{Answer, Error, Noted, Request};

/// Asks for the balance in US dollars.
pub fn request(account: &AccountNumber) -> Request {
    Request::get(format!("/accounts/{}/balances/USD", account.as_str()))
}

/// Reads the balance of `account`.
pub fn read(account: &AccountNumber, answer: &Answer) -> Result<Noted<Balance>, Error> {
    let mut fields = answer.object()?;
    let balance = Balance {
        account_number: account.clone(),
        cash_balance: fields.signed("cash-balance"),
        net_liquidating_value: fields.signed("net-liquidating-value"),
        equity_buying_power: fields.signed("equity-buying-power"),
        derivative_buying_power: fields.signed("derivative-buying-power"),
        day_trading_buying_power: fields.signed("day-trading-buying-power"),
        maintenance_excess: fields.signed("maintenance-excess"),
        // A requirement is a positive amount, although it has the effect of a debit in some answers.
        maintenance_requirement: fields.decimal("maintenance-requirement"),
        margin_equity: fields.signed("margin-equity"),
        used_derivative_buying_power: fields.decimal("used-derivative-buying-power"),
        pending_cash: fields.signed("pending-cash"),
        cash_available_to_withdraw: fields.signed("cash-available-to-withdraw"),
        updated_at: fields.moment("updated-at"),
    };
    Ok(Noted { value: balance, notes: fields.notes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn a_balance_carries_its_signs() {
        let account = AccountNumber::new("5WT00001").unwrap();
        assert_eq!(request(&account).path_and_query, "/accounts/5WT00001/balances/USD");
        let body = r#"{"data":{"account-number":"5WT00001","cash-balance":"1250.75","cash-balance-effect":"Debit",
            "net-liquidating-value":"98765.43","equity-buying-power":150000.10,"derivative-buying-power":"NaN",
            "maintenance-excess":"?","pending-cash":"300.0","pending-cash-effect":"Credit",
            "maintenance-requirement":"12000.0","maintenance-requirement-effect":"Debit",
            "updated-at":"2026-11-20T15:00:00.123Z"}}"#;
        let balance = read(&account, &answer(200, body)).unwrap();
        assert_eq!(balance.notes, ["data.maintenance-excess: not a number"]);
        let text = serde_json::to_string(&balance.value).unwrap();
        for expected in [
            r#""cash_balance":-1250.75,"#,
            r#""net_liquidating_value":98765.43,"#,
            r#""equity_buying_power":150000.10,"#,
            r#""derivative_buying_power":null,"#,
            r#""maintenance_requirement":12000.0,"#,
            r#""pending_cash":300.0,"#,
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
    }
}
