//! `GET /settings/apps` and its form.

use domain::{Error, Reason};
use edge::http::Response;
use oauth::{Params, session::Session};
use serde_json::json;
use store::identity::grants;

use super::{note, to};
use crate::{app::App, pages};

/// The page.
pub(super) async fn show(app: &App<'_>, session: &Session, done: Option<&str>) -> Result<Response, Error> {
    let apps = grants::connected(&app.db, &session.user).await?;
    pages::settings::apps::render(session, &app.config.oauth, apps, done)
}

/// Ends what an app may do: its tokens, both kinds, are refused from now on.
pub(super) async fn revoke(app: &App<'_>, session: &Session, form: &Params) -> Result<Response, Error> {
    let grant = form.one("app").ok().flatten().unwrap_or_default();
    let ended = grants::revoke_by_user(&app.db, &session.user, grant, app.now).await?;
    let client_id = ended.ok_or_else(|| {
        Error::new(Reason::NotFound, "There is no such app. Open your connected apps and look again.")
    })?;
    note(app, session, "grant_revoked", Some(&client_id), json!({ "by": "user" }));
    Ok(to("/settings/apps?done=app_revoked"))
}
