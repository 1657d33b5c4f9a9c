//! `GET /assets/*`: the style and the script of the pages, compiled in.

use domain::{Error, Reason};
use edge::http::{Response, answer};
use http::{HeaderValue, header};

/// The file under this path; browsers may keep it for an hour.
pub(crate) fn serve(path: &str) -> Result<Response, Error> {
    let (content_type, text) = match path {
        "/assets/style.css" => ("text/css; charset=utf-8", include_str!("../../assets/style.css")),
        // Browsers ask for the second address by themselves.
        "/assets/icon.svg" | "/favicon.ico" => ("image/svg+xml", include_str!("../../assets/icon.svg")),
        "/assets/dashboard.js" => ("text/javascript; charset=utf-8", include_str!("../../assets/dashboard.js")),
        _ => return Err(Error::new(Reason::NotFound, "There is no such file.")),
    };
    let mut response = answer(200, content_type, text);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    Ok(response)
}
