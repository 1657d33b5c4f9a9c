//! Account numbers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A TastyTrade account number, for example `5WX00042`. `Debug` and [`AccountNumber::masked`] hide all but its end.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountNumber(String);

impl TryFrom<String> for AccountNumber {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("not an account number")
    }
}

impl From<AccountNumber> for String {
    fn from(number: AccountNumber) -> Self {
        number.0
    }
}

impl AccountNumber {
    /// Accepts 1 to 32 letters, digits and hyphens.
    pub fn new(text: &str) -> Option<Self> {
        let fits =
            (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        fits.then(|| Self(text.to_owned()))
    }

    /// The whole number, for calls to TastyTrade and for rows.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last four characters behind dots, for people and logs.
    pub fn masked(&self) -> String {
        let hidden = self.0.len().saturating_sub(4);
        format!("\u{2022}\u{2022}\u{2022}\u{2022}{}", self.0.get(hidden..).unwrap_or_default())
    }
}

impl fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountNumber({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_checked_and_shown_by_its_end_only() {
        let number: AccountNumber = serde_json::from_str("\"5WX00042\"").unwrap();
        assert_eq!(number.masked(), "\u{2022}\u{2022}\u{2022}\u{2022}0042");
        assert!(!format!("{number:?}").contains("5WX0"));
        for text in ["\"\"", "\"5WX/00042\"", "\"\u{e4}\u{e4}\u{e4}\"", "5"] {
            assert!(serde_json::from_str::<AccountNumber>(text).is_err(), "{text}");
        }
    }
}
