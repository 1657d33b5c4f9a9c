//! The place where calls change things, and where what changed is told to the streams.

use domain::Timestamp;
use serde_json::Value;

use crate::state::State;

/// The state, to be changed.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    pub state: &'a mut State,
    /// The wall clock's time.
    pub wall: Timestamp,
}

impl Desk<'_> {
    /// Tells those who follow an account of a change: the whole object in the form in which REST answers it. Everything
    /// that happens to orders, positions and balances is told here and nowhere else.
    pub(crate) fn tell(&mut self, account: &str, kind: &str, data: &Value) {
        self.state.news.tell(account, kind, data, self.wall);
    }
}
