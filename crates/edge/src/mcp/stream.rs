//! Streams of frames, and the work that fills them. When the client goes away the platform drops the stream, and the work
//! is dropped with it.

use std::{cell::RefCell, pin::pin, time::Duration};

use futures_channel::mpsc;
use futures_util::{
    Stream, StreamExt,
    future::{AbortHandle, Either, abortable, ready, select},
    stream,
};
use mcp::{Frame, Reply, Seen, stream::KEEP_ALIVE_SECONDS};
use worker::{Delay, wasm_bindgen_futures::spawn_local};

use crate::http::{Body, Response};

/// The most items that wait to be sent. A client that reads more slowly than that is given up.
const MAX_WAITING: usize = 256;

/// Where the work puts what is to be sent.
#[derive(Debug)]
pub struct Sink<T>(Option<RefCell<mpsc::Sender<T>>>);

impl<T> Sink<T> {
    /// Where nothing is sent.
    pub(crate) fn nowhere() -> Self {
        Self(None)
    }

    /// Sends an item, where there is one. Where too many wait already the stream ends.
    pub fn send(&self, item: impl Into<Option<T>>) {
        if let (Some(item), Some(sender)) = (item.into(), &self.0) {
            let mut sender = sender.borrow_mut();
            if sender.try_send(item).is_err() {
                sender.close_channel();
            }
        }
    }

    /// Whether what is sent still reaches somebody.
    pub(crate) fn is_open(&self) -> bool {
        self.0.as_ref().is_some_and(|sender| !sender.borrow().is_closed())
    }
}

impl<T> Clone for Sink<T> {
    fn clone(&self) -> Self {
        Self(self.0.as_ref().map(|sender| RefCell::new(sender.borrow().clone())))
    }
}

/// Ends the work.
struct Ending(AbortHandle);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A stream of what the work sends. It ends when the work has ended and everything is sent; dropping it drops the work.
///
/// The work is a task of its own: the platform reads a stream with a new task each time, and timers wake the task that
/// looked at them first.
pub fn driven<T: 'static, F>(work: impl FnOnce(Sink<T>) -> F) -> impl Stream<Item = T> + 'static
where
    F: Future<Output = ()> + 'static,
{
    let (sender, items) = mpsc::channel(MAX_WAITING);
    let (work, handle) = abortable(work(Sink(Some(RefCell::new(sender)))));
    spawn_local(async move {
        // Whether it ended by itself or was ended makes no difference.
        let _ = work.await;
    });
    let ending = Ending(handle);
    items.inspect(move |_| {
        let _held = &ending;
    })
}

/// An answer that is a stream: what the work tells, keep-alives while it tells nothing, and its last frame.
pub fn answer<F>(seen: Seen, work: impl FnOnce(Sink<Frame>) -> F) -> Response<Body>
where
    F: Future<Output = Option<Frame>> + 'static,
{
    let frames = driven(|told: Sink<Frame>| {
        let last = told.clone();
        let work = work(told);
        async move { last.send(work.await) }
    });
    held(seen, frames)
}

/// An answer of these frames, with keep-alives in between.
fn held(seen: Seen, frames: impl Stream<Item = Frame> + 'static) -> Response<Body> {
    let pause = Duration::from_secs(u64::from(KEEP_ALIVE_SECONDS));
    let bytes = stream::unfold(Box::pin(frames), move |mut frames| async move {
        let frame = match select(frames.next(), pin!(Delay::from(pause))).await {
            Either::Left((frame, _)) => frame?,
            Either::Right(((), _)) => Frame::keep_alive(),
        };
        Some((Ok::<_, worker::Error>(frame.into_bytes()), frames))
    });
    let head = super::answer(Reply::stream(seen));
    match worker::Response::from_stream(bytes) {
        Ok(streamed) => {
            let (_, body) = streamed.into_parts();
            head.map(|_| Body::Held(body))
        }
        Err(error) => {
            crate::log::error("stream not opened", &[("error", &error)]);
            let mut failed = http::Response::new(Body::Whole(Vec::new()));
            *failed.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
            failed
        }
    }
}

/// Why a stream was left.
pub(crate) enum Ended {
    /// The time was over.
    ByTime,
    /// There was no more in it.
    ByItself,
}

/// Hands every item on for so many seconds.
pub(crate) async fn each_for<T>(seconds: u64, items: impl Stream<Item = T>, mut hand: impl FnMut(T)) -> Ended {
    let each = items.for_each(|item| {
        hand(item);
        ready(())
    });
    match select(pin!(each), pin!(Delay::from(Duration::from_secs(seconds)))).await {
        Either::Left(_) => Ended::ByItself,
        Either::Right(_) => Ended::ByTime,
    }
}
