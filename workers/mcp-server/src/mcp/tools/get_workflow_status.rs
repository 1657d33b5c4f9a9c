//! `get_workflow_status`: where a job stands.

use contract::{Call, JobState, JobStatus, tool::GetWorkflowStatusInput};
use domain::{Error, Reason};
use mcp::{ToolCall, ToolOutput};

use crate::{app::App, auth::Caller};

/// The job's state, with its output or its error.
pub(crate) async fn call(app: &App<'_>, caller: &Caller, call: &ToolCall) -> Result<ToolOutput, Error> {
    let input: GetWorkflowStatusInput = call.read()?;
    if input.workflow_id.trim().is_empty() || input.workflow_id.len() > 128 {
        return Err(Error::invalid_argument(
            "workflow_id",
            "`workflow_id` is not the id of a job. Copy it from the answer that started the job.",
        ));
    }
    let raw = app.ask_raw(caller.principal.clone(), Call::GetWorkflowStatus(input)).await?;
    let status: JobStatus = serde_json::from_str(raw.get())
        .map_err(|_| Error::new(Reason::Internal, "The status could not be read. This is ours to mend."))?;
    Ok(ToolOutput::new(raw, text(&status)))
}

fn text(job: &JobStatus) -> String {
    let progress = job.progress.as_deref().unwrap_or("no step has begun yet");
    let at = job.updated_at.format("%Y-%m-%dT%H:%M:%SZ");
    match job.status {
        JobState::Queued => format!("{} is queued since {}.", job.kind, job.created_at.format("%Y-%m-%dT%H:%M:%SZ")),
        JobState::Running => format!("{} is running: {progress} (as of {at}). Ask again in a few seconds.", job.kind),
        JobState::Complete => {
            let output = job.output.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{} is complete since {at}: {output}", job.kind)
        }
        JobState::Errored => {
            format!("{} failed at {at}: {}", job.kind, job.error.as_deref().unwrap_or("no reason was recorded"))
        }
    }
}
