//! Decimals from JSON, as a number or as a string: no panic in arithmetic, no change of value, digits kept.
//!
//! Input: JSON. Held against binary floats as far as those are exact.

#![no_main]

use domain::Decimal;
use libfuzzer_sys::fuzz_target;

/// Relative, and for numbers near the smallest that a decimal holds absolute.
fn is_near(decimal: Decimal, float: f64) -> bool {
    let read: f64 = decimal.to_string().parse().expect("a decimal is written as a number");
    (read - float).abs() <= float.abs() * 1e-12 + 1e-27
}

fn check(text: &str, decimal: Decimal) {
    let written = serde_json::to_string(&decimal).expect("it can be written");
    assert!(written.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'.')), "{written}");
    let back: Decimal = serde_json::from_str(&written).expect("it can be read back");
    assert_eq!((back, back.to_string()), (decimal, decimal.to_string()), "{text}");
    if let Ok(float) = text.parse::<f64>() {
        assert!(float.is_finite() && is_near(decimal, float), "{text} was read as {decimal}");
    }
    let is_plain = text.len() <= 28
        && text.split_once('.').is_some_and(|(whole, part)| {
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits(whole) && digits(part) && (whole == "0" || !whole.starts_with('0'))
        });
    if is_plain {
        assert_eq!(written, text, "digits were not kept");
    }
}

fn check_arithmetic(one: Decimal, other: Decimal) {
    for digits in [0, 2, 40] {
        let rounded = one.rounded(digits).to_string();
        let behind = rounded.split_once('.').map_or(0, |(_, behind)| behind.len());
        assert!(behind <= digits as usize, "{one} rounded to {digits} is {rounded}");
    }
    if let Some(difference) = one.checked_sub(other) {
        assert_eq!(
            one >= other,
            !difference.0.is_sign_negative() || difference.0.is_zero(),
            "{one} - {other} is {difference}"
        );
    }
    if let Some(percent) = one.percent_of(other) {
        assert!(percent.0.scale() <= 2, "{one} of {other} is {percent}");
    }
    assert_eq!(one.percent_of("0".parse().expect("a decimal")), None);
}

fuzz_target!(|data: &[u8]| {
    if let Ok(decimal) = serde_json::from_slice::<Decimal>(data) {
        let text = std::str::from_utf8(data).expect("JSON is UTF-8").trim().trim_matches('"');
        check(text, decimal);
    }
    let Ok(numbers) = serde_json::from_slice::<Vec<Decimal>>(data) else { return };
    for pair in numbers.windows(2) {
        check_arithmetic(pair[0], pair[1]);
    }
});
