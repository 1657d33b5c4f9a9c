//! The wall clock.

/// The time now. On the platform it stands still while code runs and moves on with I/O.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}
