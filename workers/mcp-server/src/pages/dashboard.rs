//! The user's accounts as of the last sync. A script keeps it current; without one it only has to be reloaded.

use askama::Template;
use contract::{JobState, JobStatus, Overview, PositionOverview};
use domain::{Decimal, Error, OccSymbol, Timestamp};
use edge::http::Response;
use oauth::session::Session;

use super::{Policy, moment, page};

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
    fn moment(&self, at: &Timestamp) -> String {
        moment(*at)
    }

    fn money(&self, amount: &str) -> String {
        money(amount)
    }

    fn price(&self, amount: &str) -> String {
        price(amount)
    }

    /// An option as a trader says it; anything else as it is.
    fn instrument(&self, symbol: &str) -> String {
        OccSymbol::parse(symbol).map_or_else(|| symbol.to_owned(), |option| option.to_string())
    }

    /// How many, with the sign of the side, as brokers show it.
    fn signed(&self, position: &PositionOverview) -> String {
        let sign = if position.quantity_direction == "Short" { "\u{2212}" } else { "+" };
        format!("{sign}{}", position.quantity)
    }
}

/// `176343.75` as `$176,343.75`; always with cents.
fn money(amount: &str) -> String {
    let Ok(amount) = amount.parse::<Decimal>() else { return amount.to_owned() };
    let text = format!("{:.2}", amount.0.abs());
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if amount.0.is_sign_negative() && !amount.0.is_zero() { "\u{2212}" } else { "" };
    format!("{sign}${grouped}.{cents}")
}

/// A price with at least two decimals, and more where it has more.
fn price(amount: &str) -> String {
    let Ok(amount) = amount.parse::<Decimal>() else { return amount.to_owned() };
    let amount = amount.0.normalize();
    if amount.scale() < 2 { format!("{amount:.2}") } else { amount.to_string() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_people_write_it() {
        for (given, written) in [
            ("176343.75", "$176,343.75"),
            ("80198.9", "$80,198.90"),
            ("0", "$0.00"),
            ("-1234567.005", "\u{2212}$1,234,567.00"),
            ("999", "$999.00"),
            ("?", "?"),
        ] {
            assert_eq!(money(given), written);
        }
        for (given, written) in [("459.6", "459.60"), ("1.0", "1.00"), ("3.8450", "3.845"), ("71.27", "71.27")] {
            assert_eq!(price(given), written);
        }
    }
}
