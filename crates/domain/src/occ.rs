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

    proptest::proptest! {
        #[test]
        fn any_text_is_an_option_or_none(text in ".{0,24}") {
            let _ = OccSymbol::parse(&text);
        }
    }
}
