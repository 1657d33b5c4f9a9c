//! What a handler works with: the bindings, the configuration and the time.

use domain::{Error, Reason, Timestamp, UserId};
use edge::{d1::D1, entropy::Platform, kv::Kv, workflow::Workflow};
use worker::{Env, Queue};

use crate::config::Config;

/// The surroundings of one call, message, tick or step.
pub(crate) struct App {
    pub(crate) env: Env,
    pub(crate) db: D1,
    pub(crate) kv: Kv,
    pub(crate) config: Config,
    pub(crate) now: Timestamp,
    pub(crate) entropy: Platform,
}

impl App {
    /// Finds the bindings and reads the configuration.
    pub(crate) fn new(env: &Env) -> Result<Self, Error> {
        Ok(Self {
            env: env.clone(),
            db: D1::of(env)?,
            kv: Kv::of(env).map_err(missing("KV"))?,
            config: Config::read(env)?,
            now: edge::clock::now(),
            entropy: Platform,
        })
    }

    /// The workflow binding.
    pub(crate) fn workflow(&self) -> Result<Workflow, Error> {
        Workflow::of(&self.env, "WORKFLOWS").map_err(missing("WORKFLOWS"))
    }

    /// The queue for small units of work.
    pub(crate) fn queue(&self) -> Result<Queue, Error> {
        self.env.queue("QUEUE").map_err(missing("QUEUE"))
    }

    /// Tells the user's live pages. Nobody may be listening, and a failure is only logged.
    pub(crate) async fn publish(&self, user: &UserId, channel: &str, data: &impl serde::Serialize) {
        if let Err(error) = crate::hub::publish(&self.env, user, channel, data).await {
            edge::log::warn("publishing failed", &[("channel", &channel), ("error", &error)]);
        }
    }
}

fn missing(binding: &'static str) -> impl Fn(worker::Error) -> Error {
    move |_| Error::new(Reason::NotConfigured, format!("The binding {binding} is missing. Deploy again."))
}
