//! The protocol revisions that are served.

use serde::{Deserialize, Serialize};

/// The revision of the modern era.
pub const MODERN_VERSION: &str = "2026-07-28";

/// The revisions that `initialize` negotiates over Streamable HTTP, newest first.
pub const LEGACY_VERSIONS: &[&str] = &["2025-11-25", "2025-06-18", "2025-03-26"];

/// The only revision whose body may be a JSON array. A request without a version header counts as this one.
pub(crate) const BATCH_VERSION: &str = "2025-03-26";

/// A revision of the protocol. They are ordered: a later one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Revision {
    /// Only over HTTP+SSE.
    #[serde(rename = "2024-11-05")]
    V2024_11_05,
    /// The first one with Streamable HTTP, and the one with batches.
    #[serde(rename = "2025-03-26")]
    V2025_03_26,
    /// The first one with structured content, links to resources, and elicitation.
    #[serde(rename = "2025-06-18")]
    V2025_06_18,
    /// The newest one that begins with `initialize`.
    #[serde(rename = "2025-11-25")]
    V2025_11_25,
    /// The modern era.
    #[serde(rename = "2026-07-28")]
    V2026_07_28,
}

impl Revision {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] =
        [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25, Self::V2026_07_28];

    /// Its date, as the wire has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => MODERN_VERSION,
        }
    }

    /// The revision of this date.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == text)
    }

    /// The era that it belongs to.
    pub const fn era(self) -> Era {
        match self {
            Self::V2026_07_28 => Era::Modern,
            _ => Era::Legacy,
        }
    }
}

/// Which of the two wire forms a request speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Era {
    /// Begins with `initialize`; revisions up to 2025-11-25.
    Legacy,
    /// Every request carries its protocol version and capabilities; revision 2026-07-28.
    Modern,
}

/// Whether a legacy message over Streamable HTTP may name this revision.
pub(crate) fn is_legacy(version: &str) -> bool {
    LEGACY_VERSIONS.contains(&version)
}

/// The revision that answers an `initialize`: the one asked for where it is served, else the newest. The modern revision is
/// never reached this way, and 2024-11-05 only over the transport that it came with.
pub(crate) fn negotiate(asked: Option<&str>, with_http_sse: bool) -> Revision {
    let oldest = if with_http_sse { Revision::V2024_11_05 } else { Revision::V2025_03_26 };
    asked
        .and_then(Revision::parse)
        .filter(|revision| revision.era() == Era::Legacy && *revision >= oldest)
        .unwrap_or(Revision::V2025_11_25)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_revision_reads_as_it_writes() {
        for revision in Revision::ALL {
            assert_eq!(Revision::parse(revision.as_str()), Some(revision));
            assert_eq!(serde_json::to_value(revision).unwrap(), revision.as_str());
        }
        assert!(LEGACY_VERSIONS.iter().all(|version| Revision::parse(version).unwrap().era() == Era::Legacy));
    }

    #[test]
    fn negotiation_never_leaves_the_legacy_era() {
        for (asked, streamable, http_sse) in [
            (Some("2024-11-05"), "2025-11-25", "2024-11-05"),
            (Some("2025-06-18"), "2025-06-18", "2025-06-18"),
            (Some("2026-07-28"), "2025-11-25", "2025-11-25"),
            (Some("soon"), "2025-11-25", "2025-11-25"),
            (None, "2025-11-25", "2025-11-25"),
        ] {
            assert_eq!(negotiate(asked, false).as_str(), streamable, "{asked:?}");
            assert_eq!(negotiate(asked, true).as_str(), http_sse, "{asked:?}");
        }
    }
}
