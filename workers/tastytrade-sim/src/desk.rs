//! The place where calls change things, and where what changed is told to the streams.

use serde_json::Value;

use crate::state::State;

/// What an account streamer tells those who are connected to an account.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notice {
    /// The account's number.
    pub account: &'static str,
    /// The wire's name of what `data` is: `Order`, `CurrentPosition`, `AccountBalance`, ...
    pub kind: &'static str,
    /// The whole object, in the form in which REST answers it.
    pub data: Value,
}

/// The state with the notices of what is done to it.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    pub state: &'a mut State,
    pub notices: &'a mut Vec<Notice>,
}

impl Desk<'_> {
    /// Tells the streams of an account. This is the only way there: [`crate::world::World::take_notices`] gives what was
    /// told, oldest first, after every call and every look at the resting orders.
    pub(crate) fn tell(&mut self, account: &'static str, kind: &'static str, data: Value) {
        self.notices.push(Notice { account, kind, data });
    }
}
