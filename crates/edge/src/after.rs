//! Work after the answer: what the caller need not wait for, and what goes on although the caller has gone.

use std::{fmt, rc::Rc};

use futures_util::future::LocalBoxFuture;
use worker::{Context, wasm_bindgen_futures::spawn_local};

/// Where work after the answer is handed to.
#[derive(Clone)]
pub struct After(Keeper);

#[derive(Clone)]
enum Keeper {
    /// The platform keeps the request's surroundings until the work is done.
    Request(Rc<Context>),
    /// An object lives for as long as it waits for something.
    Object,
}

impl After {
    /// After the answer to a request.
    pub fn request(context: Context) -> Self {
        Self(Keeper::Request(Rc::new(context)))
    }

    /// Within a Durable Object, whose work needs no keeper.
    pub const fn object() -> Self {
        Self(Keeper::Object)
    }

    /// Begins the work now and lets it end whenever it does. Nobody learns of a failure: the work logs its own.
    pub fn run(&self, work: impl Future<Output = ()> + 'static) {
        let work: LocalBoxFuture<'static, ()> = Box::pin(work);
        match &self.0 {
            Keeper::Request(context) => context.wait_until(work),
            Keeper::Object => spawn_local(work),
        }
    }
}

impl fmt::Debug for After {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            Keeper::Request(_) => "After(request)",
            Keeper::Object => "After(object)",
        })
    }
}
