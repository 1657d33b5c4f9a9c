//! The protocol revisions that are served.

use serde::Serialize;

/// The revision of the modern era.
pub const MODERN_VERSION: &str = "2026-07-28";

/// The revisions that `initialize` negotiates, newest first.
pub const LEGACY_VERSIONS: &[&str] = &["2025-11-25", "2025-06-18", "2025-03-26"];

/// The only revision whose body may be a JSON array. A request without a version header counts as this one.
pub(crate) const BATCH_VERSION: &str = "2025-03-26";

/// The newest revision that `initialize` answers with.
pub(crate) const NEWEST_LEGACY: &str = "2025-11-25";

/// Which of the two wire forms a request speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Era {
    /// Begins with `initialize`; revisions up to 2025-11-25.
    Legacy,
    /// Every request carries its protocol version and capabilities; revision 2026-07-28.
    Modern,
}

/// Whether `initialize` may answer with this revision.
pub(crate) fn is_legacy(version: &str) -> bool {
    LEGACY_VERSIONS.contains(&version)
}

/// The revision that answers an `initialize`: the one asked for where it is served, else the newest. The modern revision is
/// never reached this way.
pub(crate) fn negotiate(asked: Option<&str>) -> &'static str {
    LEGACY_VERSIONS.iter().copied().find(|version| Some(*version) == asked).unwrap_or(NEWEST_LEGACY)
}
