//! The minute cron: queues a sync for every user who is due, brings unfinished jobs back to life, clears what expired, and
//! seals anew what lies under the previous key.

use domain::{Error, UserId};
use edge::workflow::InstanceState;
use store::{Database, jobs::Job};
use worker::{Env, ScheduledEvent};

use crate::{
    app::App,
    credential,
    jobs::{self, Params, SYNC_POSITIONS},
    queue::Task,
};

/// Users queued by one tick.
const USERS: u32 = 200;
/// Jobs looked after by one tick.
const JOBS: u32 = 100;
/// Credentials sealed anew by one tick.
const CREDENTIALS: u32 = 100;
/// A job whose row has not moved for this long may have lost its runtime.
const STALE_SECONDS: i64 = 45;
/// A job that was brought back this often and still has not ended is given up.
const MAX_ATTEMPTS: i64 = 30;

/// One tick. Its parts are independent: a failing one is logged and the others go on.
pub(crate) async fn tick(event: &ScheduledEvent, env: &Env) {
    let ticked = edge::guard::catch(async {
        let app = App::new(env)?;
        log("sync", queue_due(&app).await);
        log("recovery", recover(&app).await);
        log("sweep", app.db.batch(store::identity::sweep(app.now)).await.map_err(Into::into));
        log("reseal", credential::reseal(&app, CREDENTIALS).await);
        log("limits", app.db.run(store::limits::sweep(app.now)).await.map_err(Into::into));
        log("audit", app.db.run(store::audit::sweep(app.now)).await.map_err(Into::into));
        Ok::<_, Error>(())
    });
    if let Ok(Err(error)) = ticked.await {
        edge::log::error("cron failed", &[("cron", &event.cron()), ("error", &error)]);
    }
}

fn log<T>(part: &str, result: Result<T, Error>) {
    if let Err(error) = result {
        edge::log::error("cron part failed", &[("part", &part), ("error", &error)]);
    }
}

/// One message per user who is due.
async fn queue_due(app: &App) -> Result<(), Error> {
    let interval = chrono::Duration::seconds(app.config.sync_interval);
    for user in store::portfolio::due_for_sync(&app.db, app.now, interval, USERS).await? {
        let id = vault::token::id(&app.entropy);
        let none = serde_json::json!({});
        let (job, is_new) = store::jobs::create(&app.db, &user, SYNC_POSITIONS, &none, &id, app.now).await?;
        if is_new {
            send(app, &user, &job.id).await?;
        }
    }
    Ok(())
}

async fn send(app: &App, user: &UserId, job_id: &str) -> Result<(), Error> {
    let task = Task { job_id: job_id.to_owned(), user_id: user.clone() };
    app.queue()?
        .send(&task)
        .await
        .map_err(|error| Error::new(domain::Reason::Internal, format!("the queue did not take a message: {error}")))
}

/// Wakes, restarts or fails what has not moved.
async fn recover(app: &App) -> Result<(), Error> {
    let before = app.now - chrono::Duration::seconds(STALE_SECONDS);
    for job in store::jobs::unfinished(&app.db, before, JOBS).await? {
        log("job", revive(app, &job).await);
    }
    Ok(())
}

async fn revive(app: &App, job: &Job) -> Result<(), Error> {
    if job.attempts >= MAX_ATTEMPTS {
        let why = "It was started again many times and did not come to an end. Start it again.";
        return jobs::fail(app, &job.user_id, &job.id, why).await;
    }
    store::jobs::bump_attempts(&app.db, &job.user_id, &job.id).await?;
    if job.kind == SYNC_POSITIONS {
        return send(app, &job.user_id, &job.id).await;
    }
    let workflow = app.workflow()?;
    let state = workflow.state(&job.id).await;
    edge::log::info("job revived", &[("job", &job.id), ("state", &format!("{state:?}"))]);
    match state {
        Ok(InstanceState::Unfinished) => workflow.wake(&job.id).await.map_err(|error| internal(&error)),
        Ok(InstanceState::Absent) => {
            if let Ok(params) = serde_json::from_value::<Params>(job.params.clone()) {
                jobs::start_instance(app, &params).await;
            }
            Ok(())
        }
        Ok(InstanceState::Complete | InstanceState::Failed) => {
            workflow.restart(&job.id).await.map_err(|error| internal(&error))
        }
        Err(error) => Err(internal(&error)),
    }
}

fn internal(error: &worker::Error) -> Error {
    Error::new(domain::Reason::Internal, error.to_string())
}
