//! `delete_user`: everything of a user, wherever it lies.
//!
//! The order makes it safe to repeat after a failure anywhere: first what could write anew is stopped, and the rows of D1 go
//! last, in one transaction, because they are what lets the user in to ask again.

use domain::{Error, Reason, UserId};
use serde_json::{Value, json};

use super::disconnect;
use crate::{app::App, hub};

/// Deletes the user. One who is not there is no error.
pub(crate) async fn answer(app: &App, user: &UserId) -> Result<Value, Error> {
    disconnect::answer(app, user).await?;
    end_jobs(app, user).await?;
    let (cached, stored) = (format!("user:{}:", user.in_key()), format!("users/{}/", user.in_key()));
    app.kv.delete_prefix(&cached).await.map_err(|error| failed("KV", &error))?;
    edge::r2::delete_prefix(&app.env, &stored).await.map_err(|error| failed("R2", &error))?;
    store::erase::of_user(&app.db, user).await?;
    // Last, so that a page that connects again finds its session gone. One that stays open is told of nothing any more.
    if let Err(error) = hub::close(&app.env, user).await {
        edge::log::warn("pages not closed", &[("error", &error)]);
    }
    Ok(json!({}))
}

/// Ends the workflow instances of unfinished jobs. One that cannot be ended fails by itself at its next step, since there is
/// no credential any more, and what it stores counts for nobody.
async fn end_jobs(app: &App, user: &UserId) -> Result<(), Error> {
    let workflow = app.workflow()?;
    for job in store::jobs::unfinished_of(&app.db, user).await? {
        if let Err(error) = workflow.terminate(&job.id).await {
            edge::log::warn("workflow not ended", &[("job", &job.id), ("error", &error)]);
        }
    }
    Ok(())
}

fn failed(place: &'static str, error: &dyn std::fmt::Display) -> Error {
    edge::log::error("deletion failed", &[("place", &place), ("error", &error)]);
    Error::new(Reason::Internal, "Not everything could be deleted. Nothing new is read; try again to delete the rest.")
}
