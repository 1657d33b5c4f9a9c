//! `/settings/data`: download and deletion of everything that is kept of the user.

use askama::Template;
use domain::Error;
use edge::http::Response;
use oauth::session::Session;

use super::{Frame, Section};
use crate::pages::{Policy, page};

/// What has to be typed before anything is deleted.
pub(crate) const WORD: &str = "DELETE";

#[derive(Template)]
#[template(path = "settings/data.html")]
struct Data<'a> {
    frame: Frame<'a>,
    word: &'static str,
    is_wrong: bool,
}

/// The page; `is_wrong` if another word was typed.
pub(crate) fn render(session: &Session, is_wrong: bool) -> Result<Response, Error> {
    let data = Data { frame: Frame::new(session, Section::Data, None), word: WORD, is_wrong };
    page(if is_wrong { 400 } else { 200 }, &data, &Policy::default())
}
