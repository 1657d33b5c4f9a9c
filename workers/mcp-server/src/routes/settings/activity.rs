//! `GET /settings/activity`, and the same as files: `/settings/activity.csv`, `/settings/activity.json`.

use chrono::DateTime;
use domain::{Error, Reason};
use edge::http::{Response, answer};
use oauth::session::Session;
use store::audit::{self, Cursor, Row};

use crate::{
    app::App,
    pages::settings::activity::{self, EXPORT_ROWS},
    rate, render,
};

/// The rows of a page.
const PAGE_ROWS: u32 = 50;

/// The page; `before` says where it begins, as the page before it linked to it.
pub(super) async fn show(app: &App<'_>, session: &Session, before: Option<&str>) -> Result<Response, Error> {
    let cursor = match before {
        None => None,
        Some(text) => Some(cursor(text).ok_or_else(|| {
            Error::new(Reason::InvalidRequest, "There is no such page. Open your activity and go on from there.")
        })?),
    };
    // One more than is shown tells whether there is an older page.
    let mut rows = newest(app, session, cursor, PAGE_ROWS.saturating_add(1)).await?;
    let has_more = rows.len() > PAGE_ROWS as usize;
    rows.truncate(PAGE_ROWS as usize);
    let older = rows.last().filter(|_| has_more).map(|row| format!("{}.{}", row.at.timestamp_millis(), row.id));
    activity::render(session, &rows, cursor.is_none(), older)
}

/// A row's time in milliseconds, a dot, and its id.
fn cursor(text: &str) -> Option<Cursor<'_>> {
    let (at, id) = text.split_once('.')?;
    let is_id = id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let at = DateTime::from_timestamp_millis(at.parse().ok()?)?;
    is_id.then_some(Cursor { at, id })
}

/// The newest rows as a file for spreadsheets.
pub(super) async fn csv(app: &App<'_>, session: &Session) -> Result<Response, Error> {
    let text = activity::csv(&exported(app, session).await?);
    Ok(file(app, "text/csv; charset=utf-8", "csv", text.into_bytes()))
}

/// The newest rows as JSON.
pub(super) async fn json(app: &App<'_>, session: &Session) -> Result<Response, Error> {
    let rows = activity::json(&exported(app, session).await?);
    let text = serde_json::to_vec_pretty(&rows)
        .map_err(|_| Error::new(Reason::Internal, "The file could not be written. This is ours to mend."))?;
    Ok(file(app, "application/json", "json", text))
}

/// The files are as much work as a form.
async fn exported(app: &App<'_>, session: &Session) -> Result<Vec<Row>, Error> {
    rate::form(app, &session.user).await?;
    newest(app, session, None, EXPORT_ROWS).await
}

/// The newest rows, with the names of apps that stand in the configuration alone.
async fn newest(app: &App<'_>, session: &Session, before: Option<Cursor<'_>>, limit: u32) -> Result<Vec<Row>, Error> {
    let mut rows = audit::newest(&app.db, &session.user, before, limit).await?;
    for row in &mut rows {
        if let Some(known) = row.client_id.as_deref().and_then(|id| app.config.oauth.set_up(id)) {
            row.client_name.clone_from(&known.name);
        }
    }
    Ok(rows)
}

fn file(app: &App<'_>, content_type: &'static str, ending: &str, text: Vec<u8>) -> Response {
    let mut response = answer(200, content_type, text);
    let name = format!("attachment; filename=\"ttai-activity-{}.{ending}\"", app.now.format("%Y-%m-%d"));
    render::add(&mut response, [("content-disposition", name)]);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_where_the_one_before_ended() {
        let at = testkit::now();
        let text = format!("{}.a-B_9", at.timestamp_millis());
        assert_eq!(cursor(&text), Some(Cursor { at, id: "a-B_9" }));
        for bad in ["", ".", "1", "x.a", "1.a b", "1.a'b", "99999999999999999999.a", "9223372036854775807.a"] {
            assert_eq!(cursor(bad), None, "{bad}");
        }
    }
}
