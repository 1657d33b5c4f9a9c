//! Pages that say one thing: what went wrong, or that something is done.

use askama::Template;
use domain::{Error, Family, Reason};
use edge::http::Response;
use oauth::Code;

use super::{Policy, page};

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    heading: &'a str,
    text: &'a str,
    /// The stable word of an error, for whoever reports it.
    code: Option<String>,
    /// Where to go from here: address and words.
    link: Option<(&'a str, &'a str)>,
}

/// An error of a login or a consent page.
pub(crate) fn error(error: &oauth::Error) -> Result<Response, Error> {
    let heading = match error.code {
        Code::InvalidClient => "This app is not known here",
        Code::InvalidRedirectUri => "This app cannot be trusted with an answer",
        Code::ConsentMismatch | Code::StateMismatch => "This login belongs to another browser",
        Code::ConsentExpired => "This page is no longer open",
        Code::AccessDenied => "You were not logged in",
        Code::TemporarilyUnavailable => "Not at the moment",
        Code::TooManyRequests => "Too much at once",
        Code::ServerError => "Something failed on our side",
        _ => "This request cannot be served",
    };
    let message = Message {
        heading,
        text: &error.description,
        code: Some(error.code.as_str().to_owned()),
        link: Some(("/", "About TTAI")),
    };
    page(error.code.page_status(), &message, &Policy::default())
}

/// After a logout.
pub(crate) fn logged_out() -> Result<Response, Error> {
    let message = Message {
        heading: "You are logged out",
        text: "Apps that you connected stay connected.",
        code: None,
        link: Some(("/login", "Log in again")),
    };
    page(200, &message, &Policy::default())
}

/// After everything of a user was deleted.
pub(crate) fn goodbye() -> Result<Response, Error> {
    let message = Message {
        heading: "Your data is deleted",
        text: "Nothing of yours is left here, and every app, key and browser is logged out. At TastyTrade the permission \
               stays listed until you remove it there, under Manage \u{2192} My Profile \u{2192} API. Goodbye, and thank you.",
        code: None,
        link: Some(("/", "About TTAI")),
    };
    page(200, &message, &Policy::default())
}

/// Any other error, for a person at a browser who was on this path.
pub(crate) fn failure(error: &Error, path: &str) -> Result<Response, Error> {
    let heading = match (error.reason, error.reason.family()) {
        (Reason::ReconnectRequired, _) => "TastyTrade has to be connected again",
        (Reason::NotConfigured | Reason::CredentialsMissing, _) => "This server is not set up yet",
        (_, Family::AuthenticationError) => "You are not logged in",
        (_, Family::AuthorizationError) => "This is not allowed",
        (_, Family::ValidationError) => "This request cannot be served",
        (_, Family::NotFound) => "There is nothing here",
        (_, Family::RateLimit) => "Too many requests",
        (_, Family::TastytradeError) => "TastyTrade did not answer as it should",
        (_, Family::AnalysisError) => "A part of TTAI did not answer",
        (_, Family::DatabaseError) => "The database did not answer",
        (_, Family::InternalError) => "Something failed on our side",
    };
    let link = match error.reason.family() {
        Family::AuthenticationError => ("/login?again=yes", "Log in"),
        _ if path.starts_with("/settings/") => ("/settings", "Your settings"),
        _ if path.starts_with("/dashboard/") => ("/dashboard", "Your dashboard"),
        _ => ("/", "About TTAI"),
    };
    let body = error.body();
    let word = |name: &str| body.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let code = Some(format!("{} ({})", word("code"), word("reason")));
    let message = Message { heading, text: &error.message, code, link: Some(link) };
    page(error.reason.status(), &message, &Policy::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_a_page_with_heading_words_code_and_a_way_on() {
        for (reason, path, heading, code, link) in [
            (Reason::InvalidToken, "/x", "You are not logged in", "AUTHENTICATION_ERROR (invalid_token)", "/login"),
            (Reason::ReconnectRequired, "/x", "connected again", "AUTHENTICATION_ERROR (reconnect_required)", "/login"),
            (Reason::Forbidden, "/settings/keys", "not allowed", "AUTHORIZATION_ERROR (forbidden)", "/settings"),
            (Reason::InvalidRequest, "/", "cannot be served", "VALIDATION_ERROR (invalid_request)", "/"),
            (Reason::NotFound, "/settings/x", "nothing here", "NOT_FOUND (not_found)", "/settings"),
            (Reason::RateLimited, "/dashboard/sync", "Too many", "RATE_LIMIT (rate_limited)", "/dashboard"),
            (Reason::UpstreamTimeout, "/", "TastyTrade", "TASTYTRADE_ERROR (upstream_timeout)", "/"),
            (Reason::AnalysisUnavailable, "/", "part of TTAI", "ANALYSIS_ERROR (analysis_unavailable)", "/"),
            (Reason::DatabaseUnavailable, "/", "database", "DATABASE_ERROR (database_unavailable)", "/"),
            (Reason::Internal, "/", "our side", "INTERNAL_ERROR (internal)", "/"),
            (Reason::NotConfigured, "/", "not set up", "INTERNAL_ERROR (not_configured)", "/"),
        ] {
            let response = failure(&Error::new(reason, "What to do <now>."), path).unwrap();
            assert_eq!(response.status(), reason.status());
            let html = std::str::from_utf8(response.body()).unwrap();
            for part in [heading, code, "What to do &#60;now&#62;.", &format!("href=\"{link}")] {
                assert!(html.contains(part), "{reason:?}: {part} is not in {html}");
            }
        }
    }
}
