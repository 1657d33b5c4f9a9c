//! `TtaiWorkflow`: the one workflow class, which dispatches on `kind`.
//!
//! Every step is idempotent: an attempt that was cut off is made again, also after the runtime was killed. The job's row
//! follows along, so that a page and `get_workflow_status` see where it is.

use std::{cell::Cell, panic::AssertUnwindSafe, rc::Rc};

use domain::{AccountNumber, Error, Timestamp, UserId, portfolio::Account};
use edge::workflow::{Backoff, Event, JsStep, Retries, Step, StepConfig, StepError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use store::portfolio::SyncedPortfolio;
use wasm_bindgen::prelude::*;
use worker::{Env, Result};

use crate::{
    app::App,
    jobs::{self, Params},
    sync,
};

/// The exported class; the shim wraps it into what the platform wants.
#[wasm_bindgen]
#[derive(Debug)]
pub struct TtaiWorkflow {
    env: Env,
}

#[wasm_bindgen]
impl TtaiWorkflow {
    /// Called by the platform for each instance.
    #[wasm_bindgen(constructor)]
    pub fn new(_context: JsValue, env: Env) -> Self {
        Self { env }
    }

    /// The instance's life.
    pub async fn run(&self, event: JsValue, step: JsStep) -> std::result::Result<JsValue, JsValue> {
        let env = self.env.clone();
        AssertUnwindSafe(edge::workflow::run(event, step, move |event: Event<Params>, step| async move {
            let job = Job { env, step, params: event.payload };
            match dispatch(&job).await {
                Ok(output) => Ok(output),
                Err(error) => give_up(&job, error).await,
            }
        }))
        .await
    }
}

/// One instance at work.
struct Job {
    env: Env,
    step: Step,
    params: Params,
}

async fn dispatch(job: &Job) -> Result<Value> {
    match job.params.kind.as_str() {
        jobs::SYNC_ACCOUNT => sync_account(job).await,
        crate::debug::PANIC => panic_twice(job).await,
        other => Err(format!("there is no job of kind {other}").into()),
    }
}

/// A step that TastyTrade is part of: five more attempts, 2 s to 32 s apart.
fn patient() -> StepConfig {
    StepConfig { retries: Retries { limit: 5, delay: 2_000, backoff: Backoff::Exponential }, timeout: 60_000 }
}

impl Job {
    /// A durable step that begins by saying in the job's row what it does.
    async fn step<T, F>(&self, name: &str, progress: &str, work: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned + 'static,
        F: AsyncFn(&App, &UserId) -> std::result::Result<T, Error> + 'static,
    {
        let work = Rc::new(work);
        let (env, user, id) = (self.env.clone(), self.params.user_id.clone(), self.params.job_id.clone());
        let progress = progress.to_owned();
        let attempt = move || {
            let (work, env, user, id, progress) =
                (Rc::clone(&work), env.clone(), user.clone(), id.clone(), progress.clone());
            async move {
                let attempt = async {
                    let app = App::new(&env)?;
                    jobs::progress(&app, &user, &id, &progress).await?;
                    work(&app, &user).await
                };
                attempt.await.map_err(failed)
            }
        };
        self.step.run(name, &patient(), attempt).await
    }
}

fn failed(error: Error) -> StepError {
    if error.reason.retryable() {
        StepError::Retryable(error.message.into_owned())
    } else {
        StepError::Fatal(error.message.into_owned())
    }
}

/// Accounts, then balances and positions of each open one, then all of it into D1 at once.
async fn sync_account(job: &Job) -> Result<Value> {
    if job.params.wait_ms > 0 {
        let nothing = async |_: &App, _: &UserId| Ok(());
        job.step("announce the wait", "Starting in a few seconds, to keep distance to the last sync", nothing).await?;
        job.step.sleep("keep distance to the previous sync", job.params.wait_ms).await?;
    }
    let (accounts, as_of): (Vec<Account>, Timestamp) = job
        .step("read accounts", "Reading your accounts", async |app: &App, user: &UserId| {
            Ok((sync::accounts(app, user).await?, app.now))
        })
        .await?;
    let open: Vec<AccountNumber> =
        accounts.iter().filter(|account| !account.is_closed).map(|account| account.number.clone()).collect();
    let (mut balances, mut positions) = (Vec::new(), Vec::new());
    for (index, number) in open.iter().enumerate() {
        let which = format!("account {} of {}", index + 1, open.len());
        let account = number.clone();
        balances.push(
            job.step(
                &format!("read balances {}", index + 1),
                &format!("Reading the balances of {which}"),
                async move |app: &App, user: &UserId| sync::balance(app, user, &account).await,
            )
            .await?,
        );
        let account = number.clone();
        positions.extend(
            job.step(
                &format!("read positions {}", index + 1),
                &format!("Reading the positions of {which}"),
                async move |app: &App, user: &UserId| sync::positions(app, user, &account).await,
            )
            .await?,
        );
    }
    let synced = SyncedPortfolio { accounts, balances, positions, as_of };
    let output: Value = job
        .step("store", "Storing", async move |app: &App, user: &UserId| sync::save(app, user, &synced).await)
        .await?;
    finish(job, output).await
}

/// Writes the output into the job's row; the last step of every kind.
async fn finish(job: &Job, output: Value) -> Result<Value> {
    let (id, done) = (job.params.job_id.clone(), output.clone());
    let end = async move |app: &App, user: &UserId| jobs::complete(app, user, &id, &done).await;
    job.step("finish", "Finishing", end).await.map(|()| output)
}

/// Writes into the job's row why there is no output.
async fn give_up(job: &Job, error: worker::Error) -> Result<Value> {
    let (env, params, why) = (job.env.clone(), job.params.clone(), message(&error));
    let attempt = move || {
        let (env, params, why) = (env.clone(), params.clone(), why.clone());
        async move {
            let app = App::new(&env).map_err(failed)?;
            jobs::fail(&app, &params.user_id, &params.job_id, &why).await.map_err(failed)
        }
    };
    job.step.run("give up", &patient(), attempt).await.and(Err(error))
}

/// The text of an error that came through JavaScript, without the name of its class.
fn message(error: &worker::Error) -> String {
    let text = error.to_string();
    let (_, message) = text.split_once("Error: ").unwrap_or(("", &text));
    message.lines().next().unwrap_or_default().chars().take(500).collect()
}

/// Development only: a step whose first two attempts panic, to show that a panic is a failed attempt and no more.
async fn panic_twice(job: &Job) -> Result<Value> {
    let attempts = Rc::new(Cell::new(0_u32));
    let counted = Rc::clone(&attempts);
    let config = StepConfig { retries: Retries { limit: 3, delay: 100, backoff: Backoff::Constant }, timeout: 10_000 };
    let output: Value = job
        .step
        .run("panic twice", &config, move || {
            let counted = Rc::clone(&counted);
            async move {
                counted.set(counted.get() + 1);
                Ok(crate::debug::panic_until(counted.get(), 3))
            }
        })
        .await?;
    finish(job, output).await
}
