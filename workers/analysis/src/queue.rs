//! The queue: small idempotent units of work. A message names a job; a job that has ended is acknowledged and not done
//! again. What fails is tried again by the queue, and what fails for good comes back through the dead-letter queue.

use domain::{Error, Reason, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::jobs::Status;
use worker::{Env, Message, MessageBatch, MessageExt, QueueRetryOptionsBuilder, Result};

use crate::{app::App, jobs, sync};

/// What ends in this is the dead-letter queue.
const DEAD_LETTERS: &str = "-dlq";
/// The pause before the queue delivers a failed message again.
const RETRY_SECONDS: u32 = 2;

/// One message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    /// The job's row.
    pub(crate) job_id: String,
    /// In whose name.
    pub(crate) user_id: UserId,
}

/// Consumes a batch; each message stands for itself.
pub(crate) async fn consume(batch: MessageBatch<Value>, env: Env) -> Result<()> {
    let is_dead = batch.queue().ends_with(DEAD_LETTERS);
    for message in batch.messages()? {
        let handled = edge::guard::catch(handle(&env, message.body(), is_dead)).await;
        settle(&message, handled.unwrap_or_else(|panic| Err(Error::new(Reason::Internal, panic.0))));
    }
    Ok(())
}

fn settle(message: &Message<Value>, handled: std::result::Result<(), Error>) {
    match handled {
        Ok(()) => message.ack(),
        Err(error) => {
            edge::log::warn("message failed", &[("id", &message.id()), ("error", &error)]);
            message.retry_with_options(&QueueRetryOptionsBuilder::new().with_delay_seconds(RETRY_SECONDS).build());
        }
    }
}

async fn handle(env: &Env, body: &Value, is_dead: bool) -> std::result::Result<(), Error> {
    let Ok(task) = serde_json::from_value::<Task>(body.clone()) else {
        edge::log::error("message not understood", &[("is_dead", &is_dead)]);
        return Ok(());
    };
    let app = App::new(env)?;
    let Some(job) = store::jobs::get(&app.db, &task.user_id, &task.job_id).await? else { return Ok(()) };
    if matches!(job.status, Status::Complete | Status::Errored) {
        return Ok(());
    }
    if is_dead {
        let why = job.progress.unwrap_or_else(|| "It failed each time it was tried.".to_owned());
        return jobs::fail(&app, &task.user_id, &task.job_id, &why).await;
    }
    work(&app, &task).await
}

/// The work of the queue: one sync of a user's positions.
async fn work(app: &App, task: &Task) -> std::result::Result<(), Error> {
    jobs::progress(app, &task.user_id, &task.job_id, "Reading your accounts").await?;
    match sync::run(app, &task.user_id).await {
        Ok(output) => jobs::complete(app, &task.user_id, &task.job_id, &output).await,
        Err(error) if error.reason == Reason::ReconnectRequired => {
            jobs::fail(app, &task.user_id, &task.job_id, &error.message).await
        }
        Err(error) => {
            store::jobs::progress(&app.db, &task.user_id, &task.job_id, &error.message, app.now).await?;
            Err(error)
        }
    }
}
