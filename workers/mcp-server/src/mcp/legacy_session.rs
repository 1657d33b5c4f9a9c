//! `LegacySession`: one object per session of a client that can be asked back, or that speaks the transport of 2024-11-05.

use std::rc::Rc;

use edge::mcp::{Timing, session::Home};
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::product::Held;

/// The object's class.
#[durable_object(alarm)]
pub struct LegacySession {
    home: Rc<Home>,
    env: Env,
}

impl DurableObject for LegacySession {
    fn new(state: State, env: Env) -> Self {
        Self { home: Home::new(state, Timing::of(&env).patience), env }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let seal = Held::sealing(&self.env).map_err(|error| error.message.into_owned())?;
        self.home.fetch(request, |passport| Held::new(&self.env, seal, passport)).await
    }

    async fn alarm(&self) -> Result<Response> {
        self.home.alarm().await
    }
}
