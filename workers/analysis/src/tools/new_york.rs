//! The exchanges' clock, by which days are counted.

use domain::Timestamp;
pub(crate) use domain::exchange::{day, local};

/// `Fri 20 Nov 16:00 ET`, whatever the user's own clock shows.
pub(crate) fn shown(moment: Timestamp) -> String {
    local(moment).format("%a %-d %b %H:%M ET").to_string()
}
