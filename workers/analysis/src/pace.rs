//! Turns at TastyTrade: the budgets of `tasty::budget`, waited for.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use domain::{Error, Timestamp};
use edge::clock;
use tasty::{
    Answer, Request as Asked,
    budget::{Budget, CLOSED_SECONDS, Endpoint, Ticket, Turn},
};
use worker::Delay;

/// A request whose turn comes with less than this left of its time is not waited for.
const LEAST: Duration = Duration::from_secs(2);
/// How long at most until the next look whether others have left the queue.
const LOOK: Duration = Duration::from_millis(200);

/// The budgets of one user.
#[derive(Default)]
pub(crate) struct Pace(RefCell<Budget>);

/// What the attempts of one request go by: the user's budgets, and until when there has to be an answer, which may be put
/// off while others join.
pub(crate) struct Way<'a> {
    pub(crate) pace: &'a Pace,
    pub(crate) until: &'a Cell<Timestamp>,
}

/// A place in a queue, given up when it is dropped.
struct Place<'a> {
    pace: &'a Pace,
    ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pace.0.borrow_mut().leave(&self.ticket);
    }
}

impl Way<'_> {
    /// Waits for a turn. An error says when to come back, if it does not come in time.
    pub(crate) async fn turn(&self, request: &Asked) -> Result<(), Error> {
        let ticket = self.pace.0.borrow_mut().enter(Endpoint::of(request));
        let place = Place { pace: self.pace, ticket };
        loop {
            let now = clock::now();
            let turn = self.pace.0.borrow_mut().poll(&place.ticket, now);
            let Turn::At(at) = turn else { return Ok(()) };
            if at + LEAST > self.until.get() {
                return Err(later(at, now));
            }
            Delay::from((at - now).to_std().unwrap_or_default().clamp(Duration::from_millis(1), LOOK)).await;
        }
    }

    /// What is left of the time.
    pub(crate) fn left(&self) -> Duration {
        (self.until.get() - clock::now()).to_std().unwrap_or_default()
    }

    /// Closes the endpoint where the answer says so. One that says 429 but not for how long is asked once more, and closed
    /// if it says so again.
    pub(crate) fn heard(&self, request: &Asked, answer: &Answer, is_last: bool) {
        if answer.status != 429 || (answer.retry_after.is_none() && !is_last) {
            return;
        }
        let seconds = answer.retry_after.unwrap_or(CLOSED_SECONDS);
        let until = clock::now() + Duration::from_secs(u64::from(seconds));
        self.pace.0.borrow_mut().close(Endpoint::of(request), until);
    }
}

/// The error of a call that would have to wait for too long.
pub(crate) fn later(at: Timestamp, now: Timestamp) -> Error {
    let millis = u64::try_from((at - now).num_milliseconds()).unwrap_or(0);
    let seconds = u32::try_from(millis.div_ceil(1000)).unwrap_or(u32::MAX);
    tasty::Error::RateLimited { retry_after: seconds.max(1) }.into()
}
