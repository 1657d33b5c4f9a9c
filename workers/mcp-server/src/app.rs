//! What a handler works with: the bindings, the configuration, the time, and the way to the analysis worker.

use contract::{Answer, Call, Principal};
use domain::{Error, Reason, Timestamp};
use edge::{after::After, d1::D1, entropy::Platform, kv::Kv};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use worker::Env;

use crate::config::Config;

/// One request's surroundings.
pub(crate) struct App<'a> {
    pub(crate) env: &'a Env,
    pub(crate) db: D1,
    pub(crate) kv: Kv,
    pub(crate) config: Config,
    pub(crate) now: Timestamp,
    pub(crate) entropy: Platform,
    /// What changed about who may come in, to be written down after the answer.
    pub(crate) changes: oauth::Changes,
    /// Where work goes that the answer does not wait for.
    pub(crate) after: After,
    /// In every log line of this request, in both workers.
    pub(crate) request_id: String,
}

impl<'a> App<'a> {
    /// Reads the configuration and finds the bindings.
    pub(crate) fn new(env: &'a Env, after: After, request_id: String) -> Result<Self, Error> {
        Ok(Self {
            env,
            db: D1::of(env)?,
            kv: Kv::of(env)
                .map_err(|_| Error::new(Reason::NotConfigured, "The binding KV is missing. Deploy again."))?,
            config: Config::read(env)?,
            now: edge::clock::now(),
            entropy: Platform,
            changes: oauth::Changes::default(),
            after,
            request_id,
        })
    }

    /// What the authorization server works with.
    pub(crate) fn oauth(&self) -> oauth::Context<'_, D1, Platform> {
        oauth::Context {
            db: &self.db,
            config: &self.config.oauth,
            entropy: &self.entropy,
            now: self.now,
            changes: &self.changes,
        }
    }

    /// Asks the analysis worker and reads the answer.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, principal: Option<Principal>, call: Call) -> Result<T, Error> {
        self.call(principal, call).await?.read()
    }

    /// Asks the analysis worker and passes the answer through unread.
    pub(crate) async fn ask_raw(&self, principal: Principal, call: Call) -> Result<Box<RawValue>, Error> {
        self.call(Some(principal), call).await?.into_result()
    }

    async fn call(&self, principal: Option<Principal>, call: Call) -> Result<Answer, Error> {
        let request = contract::Request { request_id: self.request_id.clone(), principal, call };
        let body = serde_json::to_vec(&request).map_err(|_| unavailable())?;
        let request = http::Request::post("http://analysis/call").body(body).map_err(|_| unavailable())?;
        let service = self.env.service("ANALYSIS").map_err(|_| unavailable())?;
        let answer = edge::fetch::to_service(&service, &request).await.map_err(|failure| {
            edge::log::error(
                "analysis call failed",
                &[("request_id", &self.request_id), ("failure", &format!("{failure:?}"))],
            );
            unavailable()
        })?;
        serde_json::from_slice(&answer.body).map_err(|_| unavailable())
    }
}

fn unavailable() -> Error {
    Error::new(Reason::AnalysisUnavailable, "The analysis part of TTAI did not answer. Try again in a moment.")
}
