//! Money in sums and in texts.

use domain::Decimal;
use rust_decimal::Decimal as Number;

/// The sum; `None` if one part is not known, or the sum is too large.
pub(crate) fn sum(parts: impl IntoIterator<Item = Option<Decimal>>) -> Option<Decimal> {
    let add = |sum: Number, part: Option<Decimal>| sum.checked_add(part?.0);
    parts.into_iter().try_fold(Number::ZERO, add).map(Decimal)
}

/// The product; `None` if it is too large.
pub(super) fn product(factors: &[Decimal]) -> Option<Decimal> {
    factors.iter().try_fold(Number::ONE, |product, factor| product.checked_mul(factor.0)).map(Decimal)
}

/// Rounded to cents, halves to even.
pub(super) fn cents(amount: Decimal) -> Decimal {
    let mut rounded = amount.0.round_dp(2);
    rounded.rescale(2);
    // There is no negative nothing.
    Decimal(if rounded.is_zero() { rounded.abs() } else { rounded })
}

/// For people: `-1,234.50`.
pub(super) fn dollars(amount: Decimal) -> String {
    let written = cents(amount).to_string();
    let (sign, digits) = written.strip_prefix('-').map_or(("", written.as_str()), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "00"));
    let mut grouped = String::with_capacity(written.len() + 4);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{fraction}")
}

/// For people, with a sign in either case: `+1,234.50`.
pub(super) fn change(amount: Decimal) -> String {
    let written = dollars(amount);
    if written.starts_with('-') { written } else { format!("+{written}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn dollars_are_grouped() {
        for (amount, shown) in [
            ("0", "0.00"),
            ("-0.001", "0.00"),
            ("7", "7.00"),
            ("999.999", "1,000.00"),
            ("-123456.7", "-123,456.70"),
            ("1234567.125", "1,234,567.12"),
            ("100", "100.00"),
        ] {
            assert_eq!(dollars(decimal(amount)), shown, "{amount}");
        }
        assert_eq!([change(decimal("5")), change(decimal("-5")), change(decimal("0"))], ["+5.00", "-5.00", "+0.00"]);
    }

    #[test]
    fn what_is_not_known_makes_the_sum_unknown() {
        assert_eq!(sum([Some(decimal("1.50")), Some(decimal("-2"))]), Some(decimal("-0.50")));
        assert_eq!(sum([Some(decimal("1")), None]), None);
        assert_eq!(sum([]), Some(decimal("0")));
        assert_eq!(sum([Some(Decimal(Number::MAX)), Some(decimal("1"))]), None);
        assert_eq!(product(&[Decimal(Number::MAX), decimal("2")]), None);
        assert_eq!(product(&[decimal("3.10"), decimal("2"), decimal("100")]), Some(decimal("620.00")));
    }

    proptest::proptest! {
        #[test]
        fn a_shown_amount_reads_back(cents in -10_000_000_000_i64..10_000_000_000) {
            let amount = Decimal(Number::new(cents, 2));
            proptest::prop_assert_eq!(decimal(&dollars(amount).replace(',', "")), amount);
        }
    }
}
