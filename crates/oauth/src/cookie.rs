//! The two cookies: what they are called, how they are read and set.

use vault::{Secret, token::Kind};

/// A cookie of ours. Both carry the `__Host-` prefix: set by this host alone, over a secure channel, for all of its paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// Ties a login to the browser that began it.
    Login,
    /// A browser that is logged in.
    Session,
}

impl Cookie {
    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "__Host-ttai_login",
            Self::Session => "__Host-ttai_session",
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Login => Kind::Browser,
            Self::Session => Kind::Session,
        }
    }

    const fn max_age(self) -> i64 {
        match self {
            // Both legs of a login, one after the other.
            Self::Login => crate::VISIT.num_seconds().saturating_mul(2),
            Self::Session => crate::SESSION.num_seconds(),
        }
    }

    /// The value in a `Cookie` header, if it is there and has our form.
    pub fn read(self, header: Option<&str>) -> Option<Secret> {
        header?
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, value)| *name == self.name() && self.kind().fits(value))
            .map(|(_, value)| Secret::new(value))
    }

    /// The `Set-Cookie` header that gives the cookie this value.
    pub fn set(self, value: &Secret) -> String {
        format!(
            "{}={}; Path=/; Max-Age={}; HttpOnly; Secure; SameSite=Lax",
            self.name(),
            value.expose(),
            self.max_age()
        )
    }

    /// The `Set-Cookie` header that removes the cookie.
    pub fn clear(self) -> String {
        format!("{}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_must_have_our_form() {
        let value = format!("ttai_bs_{}", "A".repeat(43));
        let header = format!("a=b; __Host-ttai_login=x; __Host-ttai_session={value} ; c");
        assert_eq!(Cookie::Session.read(Some(&header)).unwrap().expose(), value);
        assert!(Cookie::Login.read(Some(&header)).is_none());
        assert!(Cookie::Session.read(None).is_none());
        assert!(Cookie::Session.set(&Secret::new(value)).ends_with("Max-Age=43200; HttpOnly; Secure; SameSite=Lax"));
    }
}
