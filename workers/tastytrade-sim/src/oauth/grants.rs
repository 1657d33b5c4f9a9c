//! "Create Grant": the page on which people make a refresh token for their own application, see their grants and revoke
//! them.

use domain::Timestamp;
use vault::Entropy;

use super::{Grant, SCOPES, apps, token};
use crate::{
    call::{Pairs, Reply, first},
    pages,
    state::State,
};

/// A grant's secret and token, as the page and the control endpoint show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Created {
    pub client_id: String,
    pub client_secret: String,
    pub refresh_token: String,
}

/// The user's application and grants.
pub(crate) fn show(state: &mut State, attempt: &str, user: &str, entropy: &dyn Entropy) -> Reply {
    let (app, new) = apps::personal(state, user, entropy);
    pages::grants(attempt, user, &app, new, None, &of_user(state, user))
}

/// A button of the page.
pub(crate) fn act(
    state: &mut State,
    attempt: &str,
    user: &str,
    form: &Pairs,
    wall: Timestamp,
    entropy: &dyn Entropy,
) -> Reply {
    match first(form, "action") {
        Some("create") => {
            let created = create(state, user, &SCOPES, wall, entropy);
            let (app, _) = apps::personal(state, user, entropy);
            pages::grants(attempt, user, &app, false, Some(&created), &of_user(state, user))
        }
        Some("revoke") => {
            let id = first(form, "grant").unwrap_or_default();
            state.grants.retain(|key, grant| !(key == id && grant.user == user));
            show(state, attempt, user, entropy)
        }
        _ => show(state, attempt, user, entropy),
    }
}

/// Grants the user's own application these scopes.
pub(crate) fn create(
    state: &mut State,
    user: &str,
    scopes: &[&str],
    wall: Timestamp,
    entropy: &dyn Entropy,
) -> Created {
    let (app, _) = apps::personal(state, user, entropy);
    let grant = Grant {
        user: user.to_owned(),
        client_id: app.client_id.clone(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        created: wall,
    };
    let id = token::add_grant(state, grant.clone(), entropy);
    let refresh_token = token::refresh_token(&id, &grant);
    Created { client_id: app.client_id, client_secret: app.client_secret, refresh_token }
}

/// Revokes every grant of the user; how many there were.
pub(crate) fn revoke_all(state: &mut State, user: &str) -> usize {
    let before = state.grants.len();
    state.grants.retain(|_, grant| grant.user != user);
    before - state.grants.len()
}

/// The user's grants, oldest first.
fn of_user<'a>(state: &'a State, user: &str) -> Vec<(&'a str, &'a Grant)> {
    let mut grants: Vec<_> =
        state.grants.iter().filter(|(_, grant)| grant.user == user).map(|(id, grant)| (id.as_str(), grant)).collect();
    grants.sort_by_key(|(_, grant)| grant.created);
    grants
}
