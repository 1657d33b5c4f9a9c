//! Symbols, options, account numbers and user ids: what is accepted is safe to put into a path, a query, a key and a page.
//!
//! Input: the text.

#![no_main]

use domain::{AccountNumber, OccSymbol, Symbol, UserId, occ::Side};
use libfuzzer_sys::fuzz_target;
use tasty::{market_data, market_metrics, request::path_symbol, symbol::Kind};

fn check_symbol(text: &str, symbol: &Symbol) {
    let read = symbol.as_str();
    assert!((1..=Symbol::MAX).contains(&read.len()) && read == read.trim() && read.is_ascii(), "{read:?}");
    assert!(!read.bytes().any(|byte| byte.is_ascii_lowercase() || byte.is_ascii_control()), "{read:?}");
    assert_eq!(text.trim().to_ascii_uppercase(), read);
    assert_eq!(Symbol::parse(read).as_ref(), Ok(symbol));
    assert_eq!(&serde_json::from_value::<Symbol>(serde_json::json!(symbol)).unwrap(), symbol);
    let segment = path_symbol(symbol);
    assert!(segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)), "{segment}");
    assert!(segment != "." && segment != "..", "{segment}");
    assert_eq!(percent_encoding::percent_decode_str(&segment).decode_utf8().unwrap(), read);
    check_requests(symbol);
    if Kind::of(symbol) == Kind::EquityOption
        && let Some(option) = OccSymbol::parse(read)
    {
        assert_eq!(option.root, read[..6].trim_end(), "{read}");
    }
}

fn check_requests(symbol: &Symbol) {
    let query = market_data::request(std::slice::from_ref(symbol));
    let url = url::Url::parse(&query.url("https://api.example")).expect("a URL");
    assert_eq!((url.path(), url.fragment()), ("/market-data/by-type", None));
    let pairs: Vec<_> = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    assert_eq!(pairs, [(Kind::of(symbol).argument().to_owned(), symbol.as_str().to_owned())]);
    if let Some(metrics) = market_metrics::request(std::slice::from_ref(symbol)) {
        let url = url::Url::parse(&metrics.url("https://api.example")).expect("a URL");
        assert_eq!((url.path(), url.query_pairs().count(), url.fragment()), ("/market-metrics", 1, None));
    }
}

fn check_option(option: &OccSymbol) {
    let thousandths = option.strike.0.checked_mul(1000.into()).expect("a strike is small").normalize();
    assert_eq!(thousandths.scale(), 0);
    let side = if option.side == Side::Call { 'C' } else { 'P' };
    let canonical =
        format!("{:<6}{}{side}{:0>8}", option.root, option.expiration.format("%y%m%d"), thousandths.to_string());
    assert_eq!(OccSymbol::parse(&canonical).as_ref(), Some(option), "{canonical}");
    let shown = option.to_string();
    assert!(shown.starts_with(&option.root) && shown.ends_with(side) && shown.len() < 40, "{shown}");
    assert!(!option.strike.0.is_sign_negative() || option.strike.0.is_zero());
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Symbol::parse(text) {
        Ok(symbol) => check_symbol(text, &symbol),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Some(option) = OccSymbol::parse(text) {
        check_option(&option);
    }
    if let Some(number) = AccountNumber::new(text) {
        assert_eq!(number.as_str(), text);
        assert!(number.masked().chars().count() <= 8 && text.ends_with(number.masked().trim_start_matches('\u{2022}')));
        let path = positions_path(&number);
        assert_eq!(path, format!("/accounts/{text}/positions"));
    }
    if let Some(user) = UserId::new(text) {
        assert!(user.as_str() == text && text.bytes().all(|byte| matches!(byte, b'!'..=b'~')));
    }
    assert_eq!(serde_json::from_value::<AccountNumber>(text.into()).is_ok(), AccountNumber::new(text).is_some());
    assert_eq!(serde_json::from_value::<UserId>(text.into()).is_ok(), UserId::new(text).is_some());
});

fn positions_path(number: &AccountNumber) -> String {
    let request = tasty::positions::request(number, true);
    request.path().to_owned()
}
