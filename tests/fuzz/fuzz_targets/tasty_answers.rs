//! TastyTrade's answers: every reader gives a value or an error, whatever comes.
//!
//! Input: `status retry-after` in the first line, the body after it. Held: a status that is no success is never a value;
//! notes and errors name fields and stay short; a person is told something, and nothing of TastyTrade's own words; what
//! was read can be stored and read back; waits are bounded.

#![no_main]

use std::time::Duration;

use domain::AccountNumber;
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use tasty::{
    Answer, Error, Request, accounts, balances, customer, market_data, market_metrics, positions,
    retry::{self, Trouble},
    token,
};

fn check_error(error: &Error) {
    assert!(error.to_string().len() < 600, "{error}");
    let told = domain::Error::from(error.clone());
    assert!((20..300).contains(&told.message.len()) && told.message.is_ascii(), "{}", told.message);
    assert!((400..600).contains(&told.reason.status()));
}

/// A value with its notes, or an error.
fn check<T>(what: &str, status: u16, result: Result<tasty::Noted<T>, Error>) -> Option<T> {
    match result {
        Ok(noted) => {
            assert!((200..300).contains(&status), "{what} read an answer with status {status}");
            for note in &noted.notes {
                assert!(note.len() < 200 && note.contains("data"), "{what}: {note}");
            }
            Some(noted.value)
        }
        Err(error) => {
            check_error(&error);
            None
        }
    }
}

/// What is stored reads back as it is.
fn check_stored<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).expect("it can be written");
    assert_eq!(&serde_json::from_str::<T>(&text).expect("it can be read back"), value, "{text}");
}

fn check_token(answer: &Answer) {
    match token::read(answer) {
        Ok(tokens) => {
            assert!((200..300).contains(&answer.status) && !tokens.access_token.is_empty() && tokens.expires_in > 0);
            assert!(tokens.refresh_token.as_deref() != Some(""));
            assert!(!format!("{tokens:?}").contains(&tokens.access_token) || tokens.access_token.len() < 12);
        }
        Err(error) => check_error(&error),
    }
}

fn check_retry(answer: &Answer) {
    assert!(answer.retry_after.is_none_or(|seconds| seconds <= 86_400));
    let get = Request::get("/customers/me");
    for random in [0, u64::MAX] {
        if let Some(wait) = retry::wait(&get, 1, Trouble::from(answer), random) {
            assert!(answer.check().is_err() && wait <= retry::LONGEST_WAIT + Duration::from_millis(400), "{wait:?}");
        }
        assert_eq!(retry::wait(&token::refresh("s", "t"), 1, Trouble::from(answer), random), None);
    }
}

fuzz_target!(|data: &[u8]| {
    let (line, body) = ttai_fuzz::first_line(data);
    let line = String::from_utf8_lossy(line);
    let (status, retry_after) =
        line.split_once(' ').map_or((line.as_ref(), None), |(status, rest)| (status, Some(rest)));
    let answer = Answer::new(status.parse().unwrap_or(200), retry_after, body, ttai_fuzz::now());
    let (status, account) = (answer.status, AccountNumber::new("5WT00001").unwrap());
    check_retry(&answer);
    check_token(&answer);
    match customer::read(&answer) {
        Ok(customer) => assert!((200..300).contains(&status) && !customer.user_id.as_str().is_empty()),
        Err(error) => check_error(&error),
    }
    if let Some(accounts) = check("accounts", status, accounts::read(&answer)) {
        check_stored(&accounts);
    }
    if let Some(balance) = check("balances", status, balances::read(&account, &answer)) {
        check_stored(&balance);
    }
    if let Some(positions) = check("positions", status, positions::read(&account, &answer)) {
        assert!(
            positions.iter().all(|position| !position.quantity.0.is_sign_negative() || position.quantity.0.is_zero())
        );
        check_stored(&positions);
    }
    if let Some(prices) = check("market data", status, market_data::read(&answer)) {
        assert!(prices.iter().all(|price| !price.symbol.is_empty()));
    }
    if let Some(metrics) = check("market metrics", status, market_metrics::read(&answer)) {
        assert!(metrics.iter().all(|metrics| metrics.market_cap.is_none_or(|cap| !cap.0.is_zero())));
    }
});
