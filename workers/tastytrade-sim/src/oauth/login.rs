//! The login in the browser: `/auth.html`, and the same two steps before `/grants`.

use chrono::TimeDelta;
use domain::Timestamp;
use url::Url;
use vault::Entropy;

use super::{Attempt, AuthorizeRequest, Code, Purpose, SCOPES, Stage, apps, grants, random};
use crate::{
    call::{self, Call, Pairs, Reply, first},
    pages,
    state::State,
    users,
};

/// How long a login may take.
const ATTEMPT_LIFE: TimeDelta = TimeDelta::minutes(10);
/// How long an authorization code may be used.
pub(crate) const CODE_LIFE: TimeDelta = TimeDelta::seconds(60);

/// `GET /auth.html`: an application sends a browser. An unknown application or address is told to the person only.
pub(crate) fn authorize(state: &mut State, call: &Call, wall: Timestamp, entropy: &dyn Entropy) -> Reply {
    let query = call::query(call);
    let text = |name| first(&query, name).unwrap_or_default();
    let (client_id, redirect_uri) = (text("client_id"), text("redirect_uri"));
    if apps::secret_of(state, client_id).is_none() {
        return pages::message(400, "Unknown application", "No application has this client_id.");
    }
    if !apps::may_redirect_to(client_id, redirect_uri) {
        return pages::message(400, "Unknown address", "The application has not registered this redirect_uri.");
    }
    let echoed = first(&query, "state");
    if text("response_type") != "code" {
        return back(redirect_uri, &[("error", "unsupported_response_type")], echoed);
    }
    let Some(scopes) = scopes(text("scope")) else {
        return back(redirect_uri, &[("error", "invalid_scope")], echoed);
    };
    let request = AuthorizeRequest {
        client_id: client_id.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        scopes,
        state: echoed.map(str::to_owned),
    };
    begin(state, Purpose::Authorize(request), wall, entropy)
}

/// The scopes asked for, all of them where none is named; `None` where there is no such scope.
fn scopes(text: &str) -> Option<Vec<String>> {
    let asked: Vec<&str> = text.split_whitespace().collect();
    let asked = if asked.is_empty() { SCOPES.to_vec() } else { asked };
    asked.iter().all(|scope| SCOPES.contains(scope)).then(|| asked.into_iter().map(str::to_owned).collect())
}

/// Begins a login and shows its first page.
pub(crate) fn begin(state: &mut State, purpose: Purpose, wall: Timestamp, entropy: &dyn Entropy) -> Reply {
    state.attempts.retain(|_, attempt| wall < attempt.created + ATTEMPT_LIFE);
    state.codes.retain(|_, code| wall < code.expires);
    let id = random(entropy, 24);
    let attempt = Attempt { purpose, stage: Stage::Password, created: wall };
    let page = pages::login(200, &id, &attempt, "", None);
    state.attempts.insert(id, attempt);
    page
}

/// A form of the login, of the consent page or of the grants page.
pub(crate) fn submit(state: &mut State, call: &Call, wall: Timestamp, entropy: &dyn Entropy) -> Reply {
    let form = call::fields(call).unwrap_or_default();
    let id = first(&form, "attempt").unwrap_or_default().to_owned();
    let alive = |attempt: &&Attempt| wall < attempt.created + ATTEMPT_LIFE;
    let Some(attempt) = state.attempts.get(&id).filter(alive).cloned() else {
        let hint = "Go back to the application and start again.";
        return pages::message(400, "This login has expired", hint);
    };
    match attempt.stage.clone() {
        Stage::Password => password(state, &id, attempt, &form),
        Stage::OneTimeCode { user } => one_time_code(state, &id, attempt, user, &form, entropy),
        Stage::SignedIn { user } => match attempt.purpose {
            Purpose::Authorize(request) => decide(state, &id, request, user, &form, wall, entropy),
            Purpose::Grants => grants::act(state, &id, &user, &form, wall, entropy),
        },
    }
}

fn password(state: &mut State, id: &str, attempt: Attempt, form: &Pairs) -> Reply {
    let login = first(form, "username").unwrap_or_default();
    let Some(user) = users::authenticate(login, first(form, "password").unwrap_or_default()) else {
        return pages::login(401, id, &attempt, login, Some("The name or the password is wrong."));
    };
    let attempt = Attempt { stage: Stage::OneTimeCode { user: user.name.to_owned() }, ..attempt };
    let page = pages::one_time_code(200, id, &attempt, None);
    state.attempts.insert(id.to_owned(), attempt);
    page
}

fn one_time_code(
    state: &mut State,
    id: &str,
    attempt: Attempt,
    user: String,
    form: &Pairs,
    entropy: &dyn Entropy,
) -> Reply {
    let Some(given) = first(form, "code") else { return pages::one_time_code(200, id, &attempt, None) };
    if given.trim() != users::ONE_TIME_CODE {
        return pages::one_time_code(401, id, &attempt, Some("The code is wrong."));
    }
    let attempt = Attempt { stage: Stage::SignedIn { user: user.clone() }, ..attempt };
    state.attempts.insert(id.to_owned(), attempt.clone());
    match &attempt.purpose {
        Purpose::Authorize(request) => pages::consent(id, request, &user),
        Purpose::Grants => grants::show(state, id, &user, entropy),
    }
}

/// Allow or deny. Either way the login is over.
fn decide(
    state: &mut State,
    id: &str,
    request: AuthorizeRequest,
    user: String,
    form: &Pairs,
    wall: Timestamp,
    entropy: &dyn Entropy,
) -> Reply {
    let (redirect_uri, echoed) = (request.redirect_uri.clone(), request.state.clone());
    let answer = match first(form, "decision") {
        Some("allow") => {
            let code = random(entropy, 24);
            state.codes.insert(code.clone(), Code { request, user, expires: wall + CODE_LIFE });
            back(&redirect_uri, &[("code", &code)], echoed.as_deref())
        }
        Some("deny") => {
            let denied = [("error", "access_denied"), ("error_description", "The user denied the request")];
            back(&redirect_uri, &denied, echoed.as_deref())
        }
        _ => return pages::consent(id, &request, &user),
    };
    state.attempts.remove(id);
    answer
}

/// Sends the browser back to the application.
fn back(redirect_uri: &str, parameters: &[(&str, &str)], state: Option<&str>) -> Reply {
    let Ok(mut url) = Url::parse(redirect_uri) else {
        return pages::message(400, "Unknown address", "The redirect_uri cannot be read.");
    };
    url.query_pairs_mut().extend_pairs(parameters).extend_pairs(state.map(|state| ("state", state)));
    call::redirect(url.as_str())
}
