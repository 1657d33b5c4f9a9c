//! `sync_account`: starts the workflow that reads accounts, balances and positions, unless one is under way.

use contract::JobStatus;
use domain::{Error, UserId};

use crate::{app::App, jobs};

/// The job that was started, or the one under way.
pub(crate) async fn answer(app: &App, user: &UserId) -> Result<JobStatus, Error> {
    jobs::start_sync(app, user).await
}
