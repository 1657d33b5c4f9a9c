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
        format!("\u{2022}\u{2022}\u{2022}\u{2022}{}", self.end())
    }

    /// The last four characters.
    fn end(&self) -> &str {
        self.0.get(self.0.len().saturating_sub(4)..).unwrap_or_default()
    }
}

/// Why a text names none of some accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNamed {
    /// None of them is called so.
    Unknown,
    /// Several end like this.
    Ambiguous,
}

/// The account that a person means: by its whole number in any case, by its masked form, or by its last four characters if
/// only one ends so.
pub fn named<'a>(accounts: &[&'a AccountNumber], text: &str) -> Result<&'a AccountNumber, NotNamed> {
    let text = text.trim();
    if let Some(whole) = accounts.iter().find(|number| number.0.eq_ignore_ascii_case(text)) {
        return Ok(whole);
    }
    let end = text.trim_start_matches(['\u{2022}', '*']);
    let mut ending = accounts.iter().filter(|number| end.len() == 4 && number.end().eq_ignore_ascii_case(end));
    match (ending.next(), ending.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(NotNamed::Unknown),
        _ => Err(NotNamed::Ambiguous),
    }
}

/// The account that calls without one mean: the chosen one while it is among the open ones, or the only one there is.
pub fn default_of<'a>(open: &[&'a AccountNumber], chosen: Option<&str>) -> Option<&'a AccountNumber> {
    let is_chosen = |number: &&&AccountNumber| chosen == Some(number.as_str());
    match open {
        [only] => Some(only),
        several => several.iter().find(is_chosen).copied(),
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

    #[test]
    fn an_account_is_named_in_three_ways() {
        let numbers = ["5WX00042", "5WX10042", "5WX00077"].map(|text| AccountNumber::new(text).unwrap());
        let numbers: Vec<_> = numbers.iter().collect();
        for (text, meant) in [
            ("5WX00042", Ok(numbers[0])),
            (" 5wx10042 ", Ok(numbers[1])),
            ("\u{2022}\u{2022}\u{2022}\u{2022}0077", Ok(numbers[2])),
            ("****0077", Ok(numbers[2])),
            ("0077", Ok(numbers[2])),
            ("0042", Err(NotNamed::Ambiguous)),
            ("077", Err(NotNamed::Unknown)),
            ("X00077", Err(NotNamed::Unknown)),
            ("", Err(NotNamed::Unknown)),
            ("5WX99999", Err(NotNamed::Unknown)),
        ] {
            assert_eq!(named(&numbers, text), meant, "{text}");
        }
    }

    #[test]
    fn the_default_is_the_chosen_one_or_the_only_one() {
        let numbers = ["5WX00042", "5WX00077"].map(|text| AccountNumber::new(text).unwrap());
        let [first, second] = numbers.each_ref();
        for (open, chosen, default) in [
            (vec![], Some("5WX00042"), None),
            (vec![first], None, Some(first)),
            (vec![first], Some("gone"), Some(first)),
            (vec![first, second], None, None),
            (vec![first, second], Some("5WX00077"), Some(second)),
            (vec![first, second], Some("gone"), None),
        ] {
            assert_eq!(default_of(&open, chosen), default);
        }
    }
}
