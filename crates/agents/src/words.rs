//! Figures as sentences have them: short, with their unit, and the same everywhere.

/// Money of a share or a contract: two decimals below 1,000, none above, the sign before the dollar.
pub fn money(value: f64) -> String {
    let sign = if value <= -0.005 { "-" } else { "" };
    let size = value.abs();
    if size < 1000.0 { format!("{sign}${size:.2}") } else { format!("{sign}${}", thousands(size)) }
}

/// A percent with one decimal, or two where it is below one percent: `42.7 %`.
pub fn percent(value: f64) -> String {
    let digits = if value.abs() < 1.0 { 2 } else { 1 };
    let text = format!("{value:.digits$}");
    let text = if text.trim_start_matches('-').chars().all(|character| matches!(character, '0' | '.')) {
        "0".to_owned()
    } else {
        text
    };
    format!("{text} %")
}

/// A price or a strike without zeros at its end: `170`, `172.5`, `0.05`.
pub fn price(value: f64) -> String {
    let text = format!("{value:.2}");
    text.strip_suffix(".00").map_or_else(
        || text.strip_suffix('0').filter(|_| value.abs() >= 1.0).unwrap_or(&text).to_owned(),
        str::to_owned,
    )
}

/// A count with its word: `1 day`, `35 days`.
pub fn count(number: i64, word: &str) -> String {
    let plural = if number.abs() == 1 { "" } else { "s" };
    format!("{number} {word}{plural}")
}

/// A whole number in groups of three digits.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        for (got, expected) in [
            (money(2.1), "$2.10"),
            (money(-0.5), "-$0.50"),
            (money(-0.001), "$0.00"),
            (money(16_790.4), "$16,790"),
            (money(-1_234_567.0), "-$1,234,567"),
            (percent(42.71), "42.7 %"),
            (percent(0.123), "0.12 %"),
            (percent(-0.001), "0 %"),
            (percent(0.0), "0 %"),
            (price(170.0), "170"),
            (price(172.5), "172.5"),
            (price(0.05), "0.05"),
            (price(0.5), "0.50"),
            (count(1, "day"), "1 day"),
            (count(35, "day"), "35 days"),
        ] {
            assert_eq!(got, expected);
        }
    }
}
