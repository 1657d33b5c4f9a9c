//! The pages, rendered from templates that escape what they are given. No scripts.

use askama::Template;

use crate::{
    call::{self, Reply},
    oauth::{Attempt, AuthorizeRequest, Grant, PersonalApp, Purpose, apps, grants::Created},
    users::{self, User},
    wire::moment,
};

/// The style sheet of all pages.
pub(crate) const STYLE: &str = include_str!("../templates/sim.css");

#[derive(Template)]
#[template(path = "index.html")]
struct Index {
    users: &'static [User],
    password: &'static str,
    code: &'static str,
    client_id: &'static str,
    client_secret: &'static str,
    now: String,
    phase: &'static str,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    title: &'a str,
    text: &'a str,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'a> {
    action: &'static str,
    attempt: &'a str,
    app: Option<&'static str>,
    username: &'a str,
    problem: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "code.html")]
struct OneTimeCode<'a> {
    action: &'static str,
    attempt: &'a str,
    problem: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct Consent<'a> {
    attempt: &'a str,
    app: &'static str,
    redirect_uri: &'a str,
    user: &'a str,
    scopes: Vec<(&'a str, &'static str)>,
}

struct GrantLine<'a> {
    id: &'a str,
    app: &'static str,
    scopes: String,
    created: String,
}

#[derive(Template)]
#[template(path = "grants.html")]
struct Grants<'a> {
    attempt: &'a str,
    user: &'a str,
    client_id: &'a str,
    secret: Option<&'a str>,
    created: Option<&'a Created>,
    grants: Vec<GrantLine<'a>>,
}

fn render(status: u16, template: &impl Template) -> Reply {
    match template.render() {
        Ok(html) => call::page(status, html),
        Err(_) => call::reply(500, "text/plain; charset=utf-8", "The page could not be rendered."),
    }
}

/// What this is, and who can log in.
pub(crate) fn index(now: domain::Timestamp, phase: &'static str) -> Reply {
    let page = Index {
        users: &users::USERS,
        password: users::PASSWORD,
        code: users::ONE_TIME_CODE,
        client_id: apps::DEV_CLIENT_ID,
        client_secret: apps::DEV_CLIENT_SECRET,
        now: moment(now),
        phase,
    };
    render(200, &page)
}

/// A page with one thing to say.
pub(crate) fn message(status: u16, title: &str, text: &str) -> Reply {
    render(status, &Message { title, text })
}

/// Asks for name and password.
pub(crate) fn login(status: u16, id: &str, attempt: &Attempt, username: &str, problem: Option<&str>) -> Reply {
    let app = match &attempt.purpose {
        Purpose::Authorize(request) => Some(apps::name_of(&request.client_id)),
        Purpose::Grants => None,
    };
    render(status, &Login { action: action(attempt), attempt: id, app, username, problem })
}

/// Asks for the one-time code.
pub(crate) fn one_time_code(status: u16, id: &str, attempt: &Attempt, problem: Option<&str>) -> Reply {
    render(status, &OneTimeCode { action: action(attempt), attempt: id, problem })
}

fn action(attempt: &Attempt) -> &'static str {
    match attempt.purpose {
        Purpose::Authorize(_) => "/auth.html",
        Purpose::Grants => "/grants",
    }
}

/// Asks whether the application may.
pub(crate) fn consent(id: &str, request: &AuthorizeRequest, user: &str) -> Reply {
    let meaning = |scope: &str| match scope {
        "read" => "See your accounts, positions and balances, and market data",
        "trade" => "Place, change and cancel orders",
        _ => "Know who you are",
    };
    let page = Consent {
        attempt: id,
        app: apps::name_of(&request.client_id),
        redirect_uri: &request.redirect_uri,
        user,
        scopes: request.scopes.iter().map(|scope| (scope.as_str(), meaning(scope))).collect(),
    };
    render(200, &page)
}

/// The user's application and grants; its secret only when it is new or a grant was just created.
pub(crate) fn grants(
    attempt: &str,
    user: &str,
    app: &PersonalApp,
    new: bool,
    created: Option<&Created>,
    grants: &[(&str, &Grant)],
) -> Reply {
    let page = Grants {
        attempt,
        user,
        client_id: &app.client_id,
        secret: new.then_some(app.client_secret.as_str()),
        created,
        grants: grants
            .iter()
            .map(|(id, grant)| GrantLine {
                id,
                app: apps::name_of(&grant.client_id),
                scopes: grant.scopes.join(" "),
                created: grant.created.format("%-d %B %Y, %H:%M UTC").to_string(),
            })
            .collect(),
    };
    render(200, &page)
}
