//! Cursors: where the next page of a list begins, in a form that only the server makes.
//!
//! A cursor is `<position>.<signature>`, both in base64url. The signature covers the list that the cursor belongs to, so
//! that a cursor of another list, of a narrower one, or of another release does not hold.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Error;

/// The longest cursor that is read, in bytes.
const MAX_BYTES: usize = 1024;

/// Signs cursors. The caller implements it with a key of its own for this purpose.
pub trait Sign {
    /// The signature of a message.
    fn sign(&self, message: &[u8]) -> Vec<u8>;

    /// Whether the signature is the message's; compared in constant time.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool;
}

/// Lists come in pages.
#[derive(Clone, Copy)]
pub struct Pages<'a> {
    /// The most items on one; at least 1 is sent.
    pub size: usize,
    /// What signs the cursors.
    pub key: &'a dyn Sign,
}

impl fmt::Debug for Pages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("size", &self.size).finish_non_exhaustive()
    }
}

/// The cursor for a position in a list. `list` names it with all that its order and its items depend on: the user, the
/// filters.
pub fn issue(key: &dyn Sign, list: &str, position: &str) -> String {
    let signature = key.sign(&message(list, position));
    format!("{}.{}", URL_SAFE_NO_PAD.encode(position), URL_SAFE_NO_PAD.encode(signature))
}

/// The position that a cursor of this list stands for.
///
/// # Errors
///
/// `invalid_arguments` for a cursor that was not issued for this list.
pub fn read(key: &dyn Sign, list: &str, cursor: &str) -> Result<String, Error> {
    verified(key, list, cursor)
        .ok_or_else(|| Error::invalid_argument("cursor", "The cursor is not valid. Start again without one."))
}

fn verified(key: &dyn Sign, list: &str, cursor: &str) -> Option<String> {
    if cursor.len() > MAX_BYTES {
        return None;
    }
    let (position, signature) = cursor.split_once('.')?;
    let position = String::from_utf8(URL_SAFE_NO_PAD.decode(position).ok()?).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    key.verify(&message(list, &position), &signature).then_some(position)
}

/// The length stands in front, so that no two pairs of list and position give the same message.
fn message(list: &str, position: &str) -> Vec<u8> {
    format!("cursor {} {list} {position}", list.len()).into_bytes()
}

/// Cuts the page out of a list that a cursor, or none, asks for, with the cursor of the next page. `None` where the cursor
/// does not hold.
pub(crate) fn page<T: Copy>(
    pages: Option<Pages<'_>>,
    list: &str,
    items: Vec<T>,
    cursor: Option<&str>,
) -> Option<(Vec<T>, Option<String>)> {
    let Some(pages) = pages else {
        return cursor.is_none().then_some((items, None));
    };
    let list = format!("{list} {}", items.len());
    let start: usize = match cursor {
        Some(cursor) => read(pages.key, &list, cursor).ok()?.parse().ok()?,
        None => 0,
    };
    let size = pages.size.max(1);
    let end = start.saturating_add(size);
    let next = (end < items.len()).then(|| issue(pages.key, &list, &end.to_string()));
    Some((items.into_iter().skip(start).take(size).collect(), next))
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    struct Key(&'static str);

    impl Sign for Key {
        fn sign(&self, message: &[u8]) -> Vec<u8> {
            Sha256::new().chain_update(self.0).chain_update(message).finalize().to_vec()
        }

        fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
            self.sign(message) == signature
        }
    }

    #[test]
    fn a_cursor_holds_for_its_list_only() {
        let key = Key("k");
        let cursor = issue(&key, "tools/list", "50");
        assert_eq!(read(&key, "tools/list", &cursor).unwrap(), "50");
        assert!(read(&key, "tools/list market", &cursor).is_err());
        assert!(read(&Key("other"), "tools/list", &cursor).is_err());
        for cursor in [String::new(), ".".to_owned(), "NTA".to_owned(), format!("{cursor}A"), "x".repeat(5000)] {
            assert!(read(&key, "tools/list", &cursor).is_err(), "{cursor}");
        }
    }

    #[test]
    fn pages_cover_the_list_once() {
        let key = Key("k");
        for count in 0..12_usize {
            for size in 0..5 {
                let items: Vec<usize> = (0..count).collect();
                let pages = Some(Pages { size, key: &key });
                let (mut seen, mut cursor) = (Vec::new(), None::<String>);
                loop {
                    let (part, next) = page(pages, "list", items.clone(), cursor.as_deref()).unwrap();
                    seen.extend(part);
                    match next {
                        Some(next) => cursor = Some(next),
                        None => break,
                    }
                }
                assert_eq!(seen, items);
            }
        }
        assert!(page(None, "list", vec![1], Some("x")).is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_cursor_holds_or_does_not(cursor in ".*|[A-Za-z0-9_-]{0,20}\\.[A-Za-z0-9_-]{0,50}") {
            proptest::prop_assert!(read(&Key("k"), "list", &cursor).is_err());
        }
    }
}
