//! `get_workflow_status`: where a job stands. Somebody else's job and one that never was get the same answer.

use contract::{JobStatus, tool::GetWorkflowStatusInput};
use domain::{Error, Reason, UserId};

use crate::{app::App, jobs};

/// The job's row, as the user sees it.
pub(crate) async fn answer(app: &App, user: &UserId, input: &GetWorkflowStatusInput) -> Result<JobStatus, Error> {
    let job = store::jobs::get(&app.db, user, &input.workflow_id).await?;
    job.map(jobs::status).ok_or_else(|| {
        Error::new(Reason::NotFound, "There is no job with this workflow_id. Check that it was copied whole.")
    })
}
