//! What a handler works with: the bindings, the configuration and the time.

use std::time::Duration;

use domain::{Error, Reason, Timestamp, UserId};
use edge::{d1::D1, entropy::Platform, kv::Kv, workflow::Workflow};
use worker::{Env, Queue};

use crate::config::Config;

/// What a call keeps of its time for writing the answer and for the way back.
const TO_WRITE: Duration = Duration::from_secs(3);

/// The surroundings of one call, message, tick or step.
pub(crate) struct App {
    pub(crate) env: Env,
    pub(crate) db: D1,
    pub(crate) kv: Kv,
    pub(crate) config: Config,
    pub(crate) now: Timestamp,
    pub(crate) entropy: Platform,
    /// When the answer has to be there; `None` for work that nobody waits for.
    pub(crate) until: Option<Timestamp>,
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
            until: None,
        })
    }

    /// The same for a call that somebody waits for: what it asks TastyTrade for comes in time for the answer to be written.
    pub(crate) fn answering(self) -> Self {
        Self { until: Some(self.now + edge::deadline::CALL - TO_WRITE), ..self }
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
