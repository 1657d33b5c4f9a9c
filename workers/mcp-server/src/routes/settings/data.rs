//! The forms of `/settings/data`.

use contract::Call;
use domain::Error;
use edge::http::{Response, answer};
use oauth::{Params, cookie::Cookie, session::Session};
use serde_json::json;
use store::audit::Entry;

use super::{note, principal};
use crate::{
    app::App,
    audit,
    pages::{self, settings::data::WORD},
    render,
};

/// Everything that is kept of the user, as a file.
pub(super) async fn download(app: &App<'_>, session: &Session) -> Result<Response, Error> {
    let tables = app.ask_raw(principal(session), Call::Export).await?;
    let text = format!(
        "{{\"from\":\"{}\",\"exported_at\":\"{}\",\"tables\":{}}}\n",
        app.config.public_url(),
        app.now.format("%Y-%m-%dT%H:%M:%SZ"),
        tables.get()
    );
    note(app, session, "data_downloaded", None, json!({}));
    let mut response = answer(200, "application/json", text);
    let name = format!("attachment; filename=\"ttai-data-{}.json\"", app.now.format("%Y-%m-%d"));
    render::add(&mut response, [("content-disposition", name)]);
    Ok(response)
}

/// Deletes everything of the user, once the word has been typed, and says goodbye.
pub(super) async fn delete(app: &App<'_>, session: &Session, form: &Params) -> Result<Response, Error> {
    let typed = form.one("word").ok().flatten().unwrap_or_default();
    if !typed.trim().eq_ignore_ascii_case(WORD) {
        return pages::settings::data::render(session, true);
    }
    app.ask_raw(principal(session), Call::DeleteUser).await?;
    // That somebody left is noted in nobody's name: nothing of the user is to stay.
    let entry = Entry {
        user: None,
        action: "data_deleted",
        client_id: None,
        outcome: "ok",
        request_id: &app.request_id,
        details: json!({}),
    };
    audit::note(app, entry);
    let mut response = pages::message::goodbye()?;
    render::add(&mut response, [("set-cookie", Cookie::Session.clear())]);
    Ok(response)
}
