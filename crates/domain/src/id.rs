//! Ids of our own rows.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The user: TastyTrade's `external-id` of the customer. It comes from a verified token, never from an argument.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

impl TryFrom<String> for UserId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("not a user id")
    }
}

impl From<UserId> for String {
    fn from(user: UserId) -> Self {
        user.0
    }
}

impl UserId {
    /// Accepts 1 to 128 visible ASCII characters.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }

    /// The id as a part of a key in KV or R2: no other user's key begins like this user's `user:{id}:` or `users/{id}/`.
    /// Ids of letters, digits, `-` and `_`, which is what TastyTrade makes, are themselves.
    pub fn in_key(&self) -> String {
        let mut part = String::with_capacity(self.0.len());
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
                part.push(char::from(byte));
            } else {
                part.push_str(&format!("%{byte:02X}"));
            }
        }
        part
    }

    /// The id as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_users_keys_begin_like_anothers() {
        for (id, part) in [("U0001111111", "U0001111111"), ("a:b", "a%3Ab"), ("a/b", "a%2Fb"), ("a%3Ab", "a%253Ab")] {
            assert_eq!(UserId::new(id).unwrap().in_key(), part);
        }
    }
}
