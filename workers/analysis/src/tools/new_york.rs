//! The exchanges' clock, by which days are counted.

use domain::Timestamp;
pub(crate) use domain::exchange::{day, local};

use crate::zone::Zone;

/// `Fri 20 Nov 16:00 ET`, whatever the user's own clock shows.
pub(crate) fn shown(moment: Timestamp) -> String {
    Zone::Exchange.shown(moment)
}
