//! Browser sessions for settings and dashboard.

use domain::UserId;
use store::{Database, identity::sessions};
use vault::{
    Entropy, Secret,
    token::{self, Kind},
};

use crate::{Context, Error, SESSION, cookie::Cookie, later};

/// Where a browser goes that did not say where.
pub const HOME: &str = "/connected";

/// A browser that is logged in.
#[derive(Debug)]
pub struct Session {
    /// Who it is.
    pub user: UserId,
    /// The token for the hidden field `csrf` of every form.
    pub csrf: Secret,
    token_hash: String,
}

impl Session {
    /// The hash by which the session is known. It opens nothing.
    pub fn hash(&self) -> &str {
        &self.token_hash
    }
}

/// Opens a session; the answer is the value of [`Cookie::Session`].
pub async fn open<D: Database, E: Entropy>(cx: &Context<'_, D, E>, user: &UserId) -> Result<Secret, Error> {
    let session = token::mint(Kind::Session, cx.entropy);
    sessions::open(cx.db, &token::hash(session.expose()), user, later(cx.now, SESSION), cx.now).await?;
    Ok(session)
}

/// The session of a request, if it has one that holds. `cookies` is the `Cookie` header.
pub async fn read<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    cookies: Option<&str>,
) -> Result<Option<Session>, Error> {
    let Some(cookie) = Cookie::Session.read(cookies) else { return Ok(None) };
    let token_hash = token::hash(cookie.expose());
    let row = sessions::find(cx.db, &token_hash, cx.now).await?;
    // The form token is derived from the cookie: it needs no storage and says nothing about the cookie.
    let csrf = Secret::new(token::hash(&format!("ttai:v1:csrf:{}", cookie.expose())));
    Ok(row.map(|row| Session { user: row.user_id, csrf, token_hash }))
}

impl Session {
    /// Whether a form was made by a page of this session.
    pub fn made(&self, csrf: Option<&str>) -> bool {
        csrf.is_some_and(|csrf| token::same(self.csrf.expose(), csrf))
    }

    /// Ends the session; [`Cookie::clear`] is to be sent as well.
    pub async fn end<D: Database, E: Entropy>(self, cx: &Context<'_, D, E>) -> Result<(), Error> {
        Ok(sessions::end(cx.db, &self.token_hash, cx.now).await?)
    }
}

/// Whether a text is a path on this server that a browser may be sent to after its login.
pub fn is_ours(path: &str) -> bool {
    path.len() <= 512
        && path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_returned_to() {
        for ours in ["/", "/dashboard", "/settings?x=1"] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in ["", "dashboard", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb", "/\u{e4}"]
        {
            assert!(!is_ours(other), "{other}");
        }
    }
}
