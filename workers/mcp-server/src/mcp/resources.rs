//! The knowledge documents, which lie in R2 under the paths of their addresses.

use domain::{Error, Reason};
use mcp::{ResourceContents, ResourceRead};

use crate::app::App;

/// The document behind the address.
pub(crate) async fn read(app: &App<'_>, read: &ResourceRead) -> Result<Vec<ResourceContents>, Error> {
    let not_found = || Error::new(Reason::NotFound, "There is no such document.");
    let path = read.uri.strip_prefix("knowledge://").filter(|path| is_plain(path)).ok_or_else(not_found)?;
    let text = edge::r2::text(app.env, &format!("knowledge/{path}.md")).await.map_err(|error| {
        edge::log::error("document not read", &[("request_id", &app.request_id), ("error", &error)]);
        Error::new(Reason::Internal, "The document could not be read. Try again in a moment.")
    })?;
    Ok(read.text(text.ok_or_else(not_found)?))
}

/// Words of small letters, digits, `_` and `-` between slashes: a path that cannot lead out of the documents.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|word| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn a_path_cannot_lead_out_of_the_documents() {
        for (path, plain) in [
            ("options/strategies", true),
            ("options/strategies/iron_condor", true),
            ("options/../../users/x", false),
            ("options//x", false),
            ("", false),
            ("options/Strategies", false),
            ("options/%2e%2e", false),
        ] {
            assert_eq!(is_plain(path), plain, "{path}");
        }
    }
}
