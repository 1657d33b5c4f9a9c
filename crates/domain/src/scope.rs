//! OAuth scopes: what an app may do in the user's name.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Quotes, metrics, history: nothing of the user's.
    MarketRead,
    /// Accounts, balances, positions, transactions, history of analyses.
    AccountRead,
    /// Analyses and jobs, and their status.
    AnalysisRun,
    /// Create and delete alerts.
    AlertsWrite,
    /// Change settings.
    SettingsWrite,
}

impl Scope {
    /// Every scope, in the order in which it is shown.
    pub const ALL: [Self; 5] =
        [Self::MarketRead, Self::AccountRead, Self::AnalysisRun, Self::AlertsWrite, Self::SettingsWrite];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MarketRead => "market:read",
            Self::AccountRead => "account:read",
            Self::AnalysisRun => "analysis:run",
            Self::AlertsWrite => "alerts:write",
            Self::SettingsWrite => "settings:write",
        }
    }

    /// What it means, for the consent page.
    pub const fn in_plain_words(self) -> &'static str {
        match self {
            Self::MarketRead => "See market data: quotes, option chains, volatility",
            Self::AccountRead => "See your accounts: balances, positions, transactions and past analyses",
            Self::AnalysisRun => "Run analyses and follow their progress",
            Self::AlertsWrite => "Create and delete alerts",
            Self::SettingsWrite => "Change your TTAI settings",
        }
    }

    /// The scope of that name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// A set of scopes, written as a space-separated list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// All of them: what a client gets that asks for nothing in particular.
    pub fn all() -> Self {
        Self(Scope::ALL.to_vec())
    }

    /// Reads a space-separated list; the first unknown word is the error. `offline_access` is accepted and dropped,
    /// since a refresh token is always issued.
    pub fn parse(list: &str) -> Result<Self, String> {
        let mut scopes = Vec::new();
        for word in list.split_ascii_whitespace().filter(|word| *word != "offline_access") {
            scopes.push(Scope::parse(word).ok_or_else(|| word.to_owned())?);
        }
        Ok(scopes.into_iter().collect())
    }

    /// Whether this scope is in the set.
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether every scope of `other` is in the set.
    pub fn contains_all(&self, other: &Self) -> bool {
        other.0.iter().all(|scope| self.contains(*scope))
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes, each once, in the order of [`Scope::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut scopes: Vec<_> = scopes.into_iter().collect();
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, scope) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    /// A list read back from a token or a row: words that are no longer known are dropped, never added.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = String::deserialize(deserializer)?;
        Ok(list.split_ascii_whitespace().filter_map(Scope::parse).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_sorted_and_each_word_once() {
        let scopes = Scopes::parse("account:read market:read account:read offline_access").unwrap();
        assert_eq!(scopes.to_string(), "market:read account:read");
        assert_eq!(Scopes::parse("market:read trade").unwrap_err(), "trade");
        assert!(Scopes::all().contains_all(&scopes) && !scopes.contains_all(&Scopes::all()));
    }
}
