//! How long a call may take. What it waits for ends with it: see [`crate::fetch`].

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use worker::Delay;

/// A call from its arrival to its answer. Clients wait a minute at most, some half of that.
pub const CALL: Duration = Duration::from_secs(25);

/// What the work came to; `None` where it took longer. It is dropped then.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(Delay::from(limit))).await {
        Either::Left((outcome, _)) => Some(outcome),
        Either::Right(((), _)) => None,
    }
}
