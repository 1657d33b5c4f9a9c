//! How grave a log message for the client is.

use serde::{Deserialize, Serialize};

/// The levels of RFC 5424. They are ordered: a graver one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Details for whoever debugs.
    Debug,
    /// What is going on.
    Info,
    /// Normal, but worth a note.
    Notice,
    /// Something is not as it should be.
    Warning,
    /// Something failed.
    Error,
    /// A part of the system failed.
    Critical,
    /// Somebody has to act at once.
    Alert,
    /// Nothing works.
    Emergency,
}

impl Level {
    /// The level of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "debug" => Self::Debug,
            "info" => Self::Info,
            "notice" => Self::Notice,
            "warning" => Self::Warning,
            "error" => Self::Error,
            "critical" => Self::Critical,
            "alert" => Self::Alert,
            "emergency" => Self::Emergency,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_read_as_they_write_and_are_ordered() {
        let names = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
        let levels = names.map(|name| Level::parse(name).unwrap());
        assert!(levels.is_sorted());
        for (name, level) in names.into_iter().zip(levels) {
            assert_eq!(serde_json::to_value(level).unwrap(), name);
        }
        assert_eq!(Level::parse("loud"), None);
    }
}
