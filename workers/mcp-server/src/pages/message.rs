//! Pages that say one thing: what went wrong, or that something is done.

use askama::Template;
use domain::Error;
use edge::http::Response;
use oauth::Code;

use super::{Policy, page};

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    heading: &'a str,
    text: &'a str,
    /// The stable word of an error, for whoever reports it.
    code: Option<&'a str>,
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
    let message =
        Message { heading, text: &error.description, code: Some(error.code.as_str()), link: Some(("/", "About TTAI")) };
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
