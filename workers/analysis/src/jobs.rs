//! Accepted jobs: a row first, then the workflow instance or message that does the work. The row is what was promised; the
//! minute cron wakes or replaces whatever was lost.

use contract::{JobState, JobStatus};
use domain::{Error, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::jobs::{Job, Status};

use crate::app::App;

/// The workflow that reads accounts, balances and positions.
pub(crate) const SYNC_ACCOUNT: &str = "sync_account";
/// The queue's unit of the same.
pub(crate) const SYNC_POSITIONS: &str = "sync_positions";

/// What an instance is started with; it also lies in the job's row, from which the cron starts a lost one again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Params {
    /// What to do.
    pub(crate) kind: String,
    /// In whose name.
    pub(crate) user_id: UserId,
    /// The job's row, and the instance's id.
    pub(crate) job_id: String,
    /// How long to sleep first.
    pub(crate) wait_ms: u32,
}

/// The job as its user sees it.
pub(crate) fn status(job: Job) -> JobStatus {
    JobStatus {
        workflow_id: job.id,
        kind: job.kind,
        status: match job.status {
            Status::Queued => JobState::Queued,
            Status::Running => JobState::Running,
            Status::Complete => JobState::Complete,
            Status::Errored => JobState::Errored,
        },
        progress: job.progress,
        output: job.output,
        error: job.error,
        created_at: job.created_at,
        updated_at: job.updated_at,
    }
}

/// Accepts a sync and starts its workflow; a sync that is under way is answered instead. One that follows closely on the
/// last keeps its distance by sleeping first.
pub(crate) async fn start_sync(app: &App, user: &UserId) -> Result<JobStatus, Error> {
    let previous = store::jobs::newest(&app.db, user, SYNC_ACCOUNT).await?;
    let params = Params {
        kind: SYNC_ACCOUNT.to_owned(),
        user_id: user.clone(),
        job_id: vault::token::id(&app.entropy),
        wait_ms: distance(app, previous.and_then(|job| job.finished_at)),
    };
    let written = serde_json::to_value(&params).unwrap_or_default();
    let (job, is_new) = store::jobs::create(&app.db, user, SYNC_ACCOUNT, &written, &params.job_id, app.now).await?;
    if is_new {
        start_instance(app, &params).await;
    }
    Ok(status(job))
}

fn distance(app: &App, finished_at: Option<Timestamp>) -> u32 {
    let since = finished_at.map(|finished| (app.now - finished).num_milliseconds());
    let missing = since.map_or(0, |since| app.config.sync_spacing * 1000 - since);
    u32::try_from(missing).unwrap_or(0)
}

/// Starts the instance of an accepted job. If that fails the cron does it again, so the job stays accepted.
pub(crate) async fn start_instance(app: &App, params: &Params) {
    let started = async { app.workflow()?.create(&params.job_id, params).await.map_err(|error| lost(&error)) };
    if let Err(error) = started.await {
        edge::log::warn("workflow not started", &[("job", &params.job_id), ("error", &error)]);
    }
}

fn lost(error: &worker::Error) -> Error {
    Error::new(domain::Reason::Internal, error.to_string())
}

/// Marks a job done and tells the user's pages. Only the first end counts.
pub(crate) async fn complete(app: &App, user: &UserId, id: &str, output: &Value) -> Result<(), Error> {
    store::jobs::complete(&app.db, user, id, output, edge::clock::now()).await?;
    tell(app, user, id).await
}

/// Marks a job failed and tells the user's pages. Only the first end counts.
pub(crate) async fn fail(app: &App, user: &UserId, id: &str, why: &str) -> Result<(), Error> {
    store::jobs::fail(&app.db, user, id, why, edge::clock::now()).await?;
    tell(app, user, id).await
}

/// Moves a job on and tells the user's pages.
pub(crate) async fn progress(app: &App, user: &UserId, id: &str, text: &str) -> Result<(), Error> {
    store::jobs::progress(&app.db, user, id, text, edge::clock::now()).await?;
    tell(app, user, id).await
}

async fn tell(app: &App, user: &UserId, id: &str) -> Result<(), Error> {
    if let Some(job) = store::jobs::get(&app.db, user, id).await? {
        app.publish(user, "sync", &status(job)).await;
    }
    Ok(())
}
