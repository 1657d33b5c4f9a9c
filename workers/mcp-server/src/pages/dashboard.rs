//! The user's accounts as of the last sync. A script keeps it current; without one it only has to be reloaded.

use askama::Template;
use contract::{JobState, JobStatus, Overview};
use domain::{Error, Timestamp};
use edge::http::Response;
use oauth::session::Session;

use super::{Policy, page};

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Dashboard<'a> {
    overview: &'a Overview,
    job: Job<'a>,
    csrf: &'a str,
}

struct Job<'a> {
    text: String,
    state: &'static str,
    workflow_id: &'a str,
}

impl Dashboard<'_> {
    /// A moment for people; the seconds are of no use to them.
    fn moment(&self, moment: &Timestamp) -> String {
        moment.format("%-d %B %Y, %H:%M UTC").to_string()
    }
}

/// The page.
pub(crate) fn render(session: &Session, overview: &Overview) -> Result<Response, Error> {
    let dashboard = Dashboard { overview, job: job(overview.last_job.as_ref()), csrf: session.csrf.expose() };
    page(200, &dashboard, &Policy { script: true, ..Policy::default() })
}

/// The last sync in the words that the script uses as well.
fn job(last: Option<&JobStatus>) -> Job<'_> {
    let Some(job) = last else {
        return Job { text: "There was no sync yet.".to_owned(), state: "none", workflow_id: "" };
    };
    let (text, state) = match job.status {
        JobState::Queued => ("A sync is queued.".to_owned(), "queued"),
        JobState::Running => (format!("Syncing: {}\u{2026}", job.progress.as_deref().unwrap_or("starting")), "running"),
        JobState::Complete => ("The last sync is complete.".to_owned(), "complete"),
        JobState::Errored => {
            (format!("The last sync failed: {}", job.error.as_deref().unwrap_or("no reason was recorded")), "errored")
        }
    };
    Job { text, state, workflow_id: &job.workflow_id }
}
