//! `GET /settings/keys` and its forms.

use domain::{Error, Reason};
use edge::http::Response;
use oauth::{
    Params,
    key::{self, Made, Wanted},
    session::Session,
};
use serde_json::json;
use store::identity::api_keys;

use super::{note, to};
use crate::{
    app::App,
    pages::{self, settings::keys::Form},
};

/// The page.
pub(super) async fn show(app: &App<'_>, session: &Session, done: Option<&str>) -> Result<Response, Error> {
    page(app, session, Form::empty(vault::token::id(&app.entropy)), done).await
}

async fn page(app: &App<'_>, session: &Session, form: Form, done: Option<&str>) -> Result<Response, Error> {
    let keys = api_keys::list(&app.db, &session.user).await?;
    pages::settings::keys::render(session, keys, form, done, app.now)
}

/// Makes a key. The answer to this POST is the one place where it can be read; the same form again makes nothing.
pub(super) async fn make(app: &App<'_>, session: &Session, form: &Params) -> Result<Response, Error> {
    let new_form = || vault::token::id(&app.entropy);
    let wanted = match Wanted::read(form) {
        Ok(wanted) => wanted,
        Err(flaw) => return page(app, session, Form::flawed(new_form(), form, flaw), None).await,
    };
    let made = key::make(&app.oauth(), &session.user, &wanted).await;
    match made.map_err(|_| super::database())? {
        Made::Key(key) => {
            let facts = json!({ "scopes": wanted.scopes, "days": wanted.days });
            note(app, session, "api_key_created", Some(&format!("api_key:{}", wanted.form)), facts);
            pages::settings::keys::made(session, &app.config.oauth, &wanted, &key)
        }
        Made::Before => Ok(to("/settings/keys?done=key_made_before")),
        Made::TooMany => page(app, session, Form::too_many(new_form(), &wanted), None).await,
    }
}

/// Ends a key of the user.
pub(super) async fn revoke(app: &App<'_>, session: &Session, form: &Params) -> Result<Response, Error> {
    let id = form.one("key").ok().flatten().unwrap_or_default();
    if !api_keys::revoke(&app.db, &session.user, id, app.now).await? {
        return Err(Error::new(Reason::NotFound, "There is no such key. Open your API keys and look again."));
    }
    note(app, session, "api_key_revoked", Some(&format!("api_key:{id}")), json!({}));
    Ok(to("/settings/keys?done=key_revoked"))
}
