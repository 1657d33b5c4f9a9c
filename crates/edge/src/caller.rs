//! The caller of a request, who may go away before there is an answer.
//!
//! Each worker and object on the way to the outside attends to its own caller: when that one goes, the work is dropped, and
//! the guard in [`crate::fetch`] aborts what the work was waiting for, which is how the next one on the way learns of it.
//! The platform tells of it where the compatibility flag `enable_request_signal` is set.

use std::pin::pin;

use futures_util::future::{Either, select};
use js_sys::Promise;
use worker::{Request, wasm_bindgen_futures::JsFuture, web_sys::AbortSignal};

/// Whoever waits for the answer to a request.
pub struct Caller(AbortSignal);

impl Caller {
    /// The caller of this request.
    pub fn of(request: &Request) -> Self {
        Self(request.inner().signal())
    }

    /// What the work came to; `None` if the caller went away before it ended. The work is dropped then, so that it must be
    /// work that may end anywhere: it reads.
    pub async fn attend<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        if self.0.aborted() {
            return None;
        }
        let gone = Promise::new(&mut |resolve, _| self.0.set_onabort(Some(&resolve)));
        let outcome = match select(pin!(work), JsFuture::from(gone)).await {
            Either::Left((outcome, _)) => Some(outcome),
            Either::Right(_) => None,
        };
        self.0.set_onabort(None);
        outcome
    }
}
