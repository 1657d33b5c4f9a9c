//! Any status and any bytes give a value or an error from every reader, and never a panic. Three kinds of bytes: noise,
//! JSON of any shape in the places where fields are read, and a good answer that was cut or damaged.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use domain::AccountNumber;
use proptest::prelude::*;
use tasty::{
    Answer, accounts, balances, customer, instruments, market_data, market_metrics, market_time, positions,
    symbol_search, token, watchlists,
};

fn read_everything(status: u16, retry_after: Option<&str>, body: &[u8]) {
    let answer = Answer::new(status, retry_after, body, domain::Timestamp::UNIX_EPOCH);
    let account = AccountNumber::new("5WT00001").unwrap();
    let errors = [
        token::read(&answer).err(),
        customer::read(&answer).err(),
        accounts::read(&answer).err(),
        balances::read(&account, &answer).err(),
        positions::read(&account, &answer).err(),
        market_data::read(&answer).err(),
        market_metrics::read(&answer).err(),
        market_time::read_current(&answer).err(),
        market_time::read_holidays(&answer).err(),
        symbol_search::read(&answer).err(),
        watchlists::read_all(&answer).err(),
        watchlists::read_one(&answer).err(),
        instruments::read_all(&answer).err(),
        instruments::read_one(&answer).err(),
    ];
    for error in errors.into_iter().flatten() {
        let log = error.to_string();
        assert!(log.len() < 600, "{log}");
        assert!(!domain::Error::from(error).message.is_empty());
    }
}

/// A value as upstream might write it, right or wrong.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        Just("\"NaN\"".to_owned()),
        Just("[]".to_owned()),
        Just("{\"symbol\":1}".to_owned()),
        Just("true".to_owned()),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| format!("\"{number}\"")),
        "[0-9]{1,40}(\\.[0-9]{1,40})?(e[+-]?[0-9]{1,3})?".prop_map(|number| format!("\"{number}\"")),
        ".{0,20}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        "20[0-9]{2}-[01][0-9]-[0-3][0-9](T[0-9:.]{8,12}Z)?".prop_map(|text| format!("\"{text}\"")),
    ]
}

const NAMES: &[&str] = &[
    "symbol",
    "bid",
    "updated-at",
    "quantity",
    "quantity-direction",
    "realized-day-gain",
    "realized-day-gain-effect",
    "expires-at",
    "cash-balance",
    "cash-balance-effect",
    "implied-volatility-index-rank",
    "earnings",
    "external-id",
    "name",
    "watchlist-entries",
    "option-expiration-implied-volatilities",
    "next-session",
    "open-at",
    "market-holidays",
    "options",
    "active-month",
    "account",
    "account-number",
    "access_token",
    "expires_in",
    "dividend-ex-date",
    "is-trading-halted",
];

fn object() -> impl Strategy<Value = String> {
    proptest::collection::vec((proptest::sample::select(NAMES), value()), 0..12).prop_map(|fields| {
        let fields: Vec<_> = fields.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    })
}

const GOOD: &str = r#"{"data":{"items":[{"symbol":"NVDA","bid":"181.20","quantity":"1","quantity-direction":"Long",
    "account":{"account-number":"5WT00001"},"earnings":{"expected-report-date":"2027-02-24"}}]},"context":"/x"}"#;

proptest! {
    #[test]
    fn noise(status: u16, retry_after in proptest::option::of(".{0,40}"), body: Vec<u8>) {
        read_everything(status, retry_after.as_deref(), &body);
    }

    #[test]
    fn any_fields(item in object()) {
        read_everything(200, None, item.as_bytes());
        read_everything(200, None, format!("{{\"data\":{item}}}").as_bytes());
        read_everything(200, None, format!("{{\"data\":{{\"items\":[{item},{{\"account\":{item}}}]}}}}").as_bytes());
    }

    #[test]
    fn damage(at in 0..GOOD.len(), byte: u8, cut: bool) {
        let mut body = GOOD.as_bytes().to_vec();
        body[at] = byte;
        if cut {
            body.truncate(at);
        }
        read_everything(200, None, &body);
    }
}
