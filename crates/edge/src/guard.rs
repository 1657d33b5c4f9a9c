//! The guard around every handler: a panic ends that one request, step or message, and nothing else.
//!
//! It rests on builds with panic unwinding. Requests in flight and the next one are unharmed, since the instance lives on.

use std::{any::Any, panic::AssertUnwindSafe, sync::Once};

use futures_util::FutureExt;

/// A panic that was caught; its text has been logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panic(pub String);

/// Runs the future and turns a panic in it into a value.
pub async fn catch<T>(handler: impl Future<Output = T>) -> Result<T, Panic> {
    install_hook();
    AssertUnwindSafe(handler).catch_unwind().await.map_err(|payload| Panic(text_of(payload.as_ref())))
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("panic").to_owned()
}

/// The hook writes where it happened; the payload alone does not know.
fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            crate::log::error("panic", &[("place", &place), ("panic", &text_of_hook(info))]);
        }));
    });
}

fn text_of_hook(info: &std::panic::PanicHookInfo<'_>) -> String {
    info.payload_as_str().unwrap_or("panic").to_owned()
}
