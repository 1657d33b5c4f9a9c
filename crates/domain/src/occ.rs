//! Symbols of equity options in the OCC's form: the root padded to six, YYMMDD, `C` or `P`, the strike in thousandths.

use std::fmt;

use chrono::NaiveDate;

use crate::Decimal;

/// A call or a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The right to buy.
    Call,
    /// The right to sell.
    Put,
}

/// An equity option, taken apart. `Display` is what a trader reads: `AAPL 18 Dec 26 255 C`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OccSymbol {
    /// The root, for example `AAPL` or `SPXW`.
    pub root: String,
    /// The day on which it expires.
    pub expiration: NaiveDate,
    /// Call or put.
    pub side: Side,
    /// The strike in US dollars.
    pub strike: Decimal,
}

impl OccSymbol {
    /// Reads `AAPL  261218C00255000`; blanks between root and date may be more or fewer. Anything else is no option.
    pub fn parse(text: &str) -> Option<Self> {
        let (head, tail) = text.split_at_checked(text.len().checked_sub(15)?)?;
        let root = head.trim_end();
        let is_root = (1..=6).contains(&root.len()) && root.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let (date, rest) = tail.split_at_checked(6)?;
        let (side, strike) = rest.split_at_checked(1)?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_root || !digits(date) || !digits(strike) {
            return None;
        }
        let side = match side {
            "C" => Side::Call,
            "P" => Side::Put,
            _ => return None,
        };
        Some(Self {
            root: root.to_owned(),
            expiration: NaiveDate::parse_from_str(&format!("20{date}"), "%Y%m%d").ok()?,
            side,
            strike: Decimal(rust_decimal::Decimal::new(strike.parse().ok()?, 3).normalize()),
        })
    }

    /// Reads the ways in which people write an option, too: `AAPL 250117P150`, `.AAPL250117P150`, `AAPL250117C152.5`, in any
    /// case and with blanks or hyphens between the parts.
    pub fn forgiving(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        if let Some(option) = Self::parse(&text) {
            return Some(option);
        }
        let plain: String = text.chars().filter(|letter| !matches!(letter, ' ' | '-' | '_')).collect();
        let plain = plain.strip_prefix('.').unwrap_or(&plain);
        // The side is the last letter: behind it there are only digits and a point.
        let (head, strike) = plain.split_at_checked(plain.rfind(['C', 'P'])?)?;
        let (root, date) = head.split_at_checked(head.len().checked_sub(6)?)?;
        let (side, strike) = strike.split_at_checked(1)?;
        let is_plain = strike.len() <= 9 && strike.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let strike: Decimal = strike.parse().ok().filter(|_| is_plain)?;
        let mills = strike.0.checked_mul(rust_decimal::Decimal::ONE_THOUSAND)?.normalize();
        let is_root = root.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_root || mills.scale() != 0 || mills.is_zero() {
            return None;
        }
        Self::parse(&format!("{root}{date}{side}{mills:0>8}"))
    }

    /// The OCC's form, with the root padded to six: `AAPL  250117P00150000`.
    pub fn canonical(&self) -> String {
        let side = match self.side {
            Side::Call => 'C',
            Side::Put => 'P',
        };
        let mills = self.strike.0.checked_mul(rust_decimal::Decimal::ONE_THOUSAND).unwrap_or_default().normalize();
        format!("{:<6}{}{side}{:0>8}", self.root, self.expiration.format("%y%m%d"), mills.to_string())
    }
}

impl fmt::Display for OccSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Call => "C",
            Side::Put => "P",
        };
        write!(f, "{} {} {} {side}", self.root, self.expiration.format("%-d %b %y"), self.strike)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_reads_as_a_trader_says_it() {
        for (symbol, read) in [
            ("AAPL  261218C00255000", Some("AAPL 18 Dec 26 255 C")),
            ("KO 261218P00072500", Some("KO 18 Dec 26 72.5 P")),
            ("SPXW  270105C06000000", Some("SPXW 5 Jan 27 6000 C")),
            ("AAPL", None),
            ("AAPL  261318C00255000", None),
            ("AAPL  261218X00255000", None),
            ("AAPL  261218C0025500a", None),
            ("261218C00255000", None),
            ("\u{e4}PL  261218C00255000", None),
        ] {
            assert_eq!(OccSymbol::parse(symbol).map(|option| option.to_string()).as_deref(), read, "{symbol}");
        }
    }

    #[test]
    fn options_are_read_as_people_write_them() {
        for (written, canonical) in [
            ("AAPL  250117P00150000", Some("AAPL  250117P00150000")),
            ("AAPL 250117P00150000", Some("AAPL  250117P00150000")),
            ("aapl 250117p150", Some("AAPL  250117P00150000")),
            (".AAPL250117P150", Some("AAPL  250117P00150000")),
            ("AAPL-250117-C-152.5", Some("AAPL  250117C00152500")),
            (".SPY250117C500.50", Some("SPY   250117C00500500")),
            ("SPXW 261120P6000", Some("SPXW  261120P06000000")),
            ("CPB 261120C45", Some("CPB   261120C00045000")),
            ("AAPL1 250117P0.125", Some("AAPL1 250117P00000125")),
            ("AAPL 251317P150", None),
            ("AAPL 250117P0", None),
            ("AAPL 250117P0.0001", None),
            ("AAPL 250117P", None),
            ("AAPL", None),
            ("SPCP", None),
            ("BRK/B 250117P150", None),
            ("./ESZ6 EW4U6 260925P5800", None),
            ("250117P150", None),
        ] {
            assert_eq!(
                OccSymbol::forgiving(written).map(|option| option.canonical()).as_deref(),
                canonical,
                "{written}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_an_option_or_none(text in ".{0,24}") {
            let _ = OccSymbol::parse(&text);
            if let Some(option) = OccSymbol::forgiving(&text) {
                proptest::prop_assert_eq!(OccSymbol::parse(&option.canonical()), Some(option));
            }
        }
    }
}
