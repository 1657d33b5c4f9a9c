//! `get_workflow_status`: where a job stands, at once or when it has ended.

use std::time::Duration;

use contract::{Call, JobState, JobStatus, tool::GetWorkflowStatusInput};
use domain::{Error, Reason};
use mcp::{ToolCall, ToolOutput};
use serde_json::value::RawValue;
use worker::Delay;

use super::report::Report;
use crate::{app::App, auth::Caller};

/// How often a call that waits looks at the job: at first, and later. Each look is a call of the analysis worker and a row
/// of D1, of which one request may make fifty at most on the smallest plan.
const LOOKS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(1));

/// So many looks come at the first pace: most jobs end within seconds.
const FIRST_LOOKS: u32 = 10;

/// The job's state, with its output or its error.
pub(crate) async fn call(
    app: &App<'_>,
    caller: &Caller,
    call: &ToolCall,
    mut report: Report<'_>,
) -> Result<ToolOutput, Error> {
    let input: GetWorkflowStatusInput = call.read()?;
    if input.workflow_id.trim().is_empty() || input.workflow_id.len() > 128 {
        return Err(Error::invalid_argument(
            "workflow_id",
            "`workflow_id` is not the id of a job. Copy it from the answer that started the job.",
        ));
    }
    let (wait, began) = (input.wait()?, edge::clock::now());
    let mut last = String::new();
    for look in 1_u32.. {
        let (raw, status) = look_at(app, caller, &input.workflow_id).await?;
        let words = stage(&status);
        if words != last {
            report.step(f64::from(look), None, || words.clone());
            last = words;
        }
        let left = wait.checked_sub((edge::clock::now() - began).to_std().unwrap_or_default());
        let left = left.filter(|left| !left.is_zero() && !status.status.has_ended());
        let Some(left) = left else { return Ok(ToolOutput::new(raw, text(&status))) };
        let pause = if look <= FIRST_LOOKS { LOOKS.0 } else { LOOKS.1 };
        Delay::from(pause.min(left)).await;
    }
    Err(Error::new(Reason::Internal, "The job was looked at too often. This is ours to mend."))
}

async fn look_at(app: &App<'_>, caller: &Caller, id: &str) -> Result<(Box<RawValue>, JobStatus), Error> {
    let input = GetWorkflowStatusInput { workflow_id: id.to_owned(), wait_seconds: 0 };
    let raw = app.ask_raw(caller.principal.clone(), Call::GetWorkflowStatus(input)).await?;
    let status = serde_json::from_str(raw.get())
        .map_err(|_| Error::new(Reason::Internal, "The status could not be read. This is ours to mend."))?;
    Ok((raw, status))
}

/// What a client is told while it waits.
fn stage(job: &JobStatus) -> String {
    match job.status {
        JobState::Queued => "Queued".to_owned(),
        JobState::Running => job.progress.clone().unwrap_or_else(|| "Running".to_owned()),
        JobState::Complete => "Complete".to_owned(),
        JobState::Errored => "Failed".to_owned(),
    }
}

/// What to do about a job that has not ended.
const AGAIN: &str = "Ask again with `wait_seconds` 20 to hear of its end.";

fn text(job: &JobStatus) -> String {
    let progress = job.progress.as_deref().unwrap_or("no step has begun yet");
    let at = job.updated_at.format("%Y-%m-%dT%H:%M:%SZ");
    match job.status {
        JobState::Queued => {
            format!("{} is queued since {}. {AGAIN}", job.kind, job.created_at.format("%Y-%m-%dT%H:%M:%SZ"))
        }
        JobState::Running => format!("{} is running: {progress} (as of {at}). {AGAIN}", job.kind),
        JobState::Complete => {
            let output = job.output.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{} is complete since {at}: {output}", job.kind)
        }
        JobState::Errored => {
            format!("{} failed at {at}: {}", job.kind, job.error.as_deref().unwrap_or("no reason was recorded"))
        }
    }
}
