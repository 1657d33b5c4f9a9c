//! The state that travels through the client between two rounds of a call.
//!
//! It is sealed by the caller and bound here to what it belongs to: the user, the method, the name and the arguments of the
//! call, and a time after which it no longer holds. That it is used only once cannot be seen from it.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// How long a state holds, in seconds: long enough for a person to fill in a form.
pub const STATE_SECONDS: i64 = 600;

/// The longest sealed state that is opened, in bytes.
const MAX_SEALED: usize = 64 * 1024;

/// Seals text so that nobody else can read or change it. The caller implements it with authenticated encryption.
pub trait StateSeal {
    /// Seals a text; `None` where that fails.
    fn seal(&self, clear: &str) -> Option<String>;

    /// The text that was sealed; `None` for anything that was not sealed by [`StateSeal::seal`].
    fn open(&self, sealed: &str) -> Option<String>;
}

/// What the states of one request are sealed with.
#[derive(Clone, Copy)]
pub struct Sealing<'a> {
    /// Seals and opens.
    pub seal: &'a dyn StateSeal,
    /// Whose request it is, for example the user's id.
    pub principal: &'a str,
    /// The time.
    pub now: Timestamp,
}

impl fmt::Debug for Sealing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealing").field("principal", &self.principal).field("now", &self.now).finish_non_exhaustive()
    }
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    /// Seconds since 1970.
    expires: i64,
    /// The digest of what it belongs to.
    call: String,
    /// In base64url.
    state: String,
}

/// The call that a state belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    /// The name of the tool or prompt, or the address of the resource.
    pub(crate) name: &'a str,
    pub(crate) arguments: &'a Map<String, Value>,
}

impl Sealing<'_> {
    /// Seals a state for its call.
    pub(crate) fn seal(&self, call: Call<'_>, state: &[u8]) -> Option<String> {
        let sealed = Sealed {
            expires: self.now.timestamp().saturating_add(STATE_SECONDS),
            call: self.digest(call),
            state: URL_SAFE_NO_PAD.encode(state),
        };
        self.seal.seal(&serde_json::to_string(&sealed).ok()?)
    }

    /// The state, where it belongs to this call and still holds.
    pub(crate) fn open(&self, call: Call<'_>, sealed: &str) -> Option<Vec<u8>> {
        if sealed.len() > MAX_SEALED {
            return None;
        }
        let opened: Sealed = serde_json::from_str(&self.seal.open(sealed)?).ok()?;
        let holds = self.now.timestamp() < opened.expires && opened.call == self.digest(call);
        if holds { URL_SAFE_NO_PAD.decode(opened.state).ok() } else { None }
    }

    fn digest(&self, call: Call<'_>) -> String {
        let mut hash = Sha256::new();
        for part in [self.principal, call.method, call.name] {
            text(&mut hash, part);
        }
        members(&mut hash, call.arguments);
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }
}

/// Lengths stand in front, so that no two calls give the same bytes.
fn text(hash: &mut Sha256, text: &str) {
    hash.update(text.len().to_string());
    hash.update(":");
    hash.update(text);
}

/// The order of members says nothing.
fn members(hash: &mut Sha256, members: &Map<String, Value>) {
    let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
    sorted.sort_unstable_by_key(|(name, _)| *name);
    hash.update(format!("{{{}", sorted.len()));
    for (name, member) in sorted {
        text(hash, name);
        value(hash, member);
    }
}

/// The depth of a body is bounded where it is received.
fn value(hash: &mut Sha256, given: &Value) {
    match given {
        Value::Object(given) => members(hash, given),
        Value::Array(items) => {
            hash.update(format!("[{}", items.len()));
            items.iter().for_each(|item| value(hash, item));
        }
        Value::String(given) => {
            hash.update("\"");
            text(hash, given);
        }
        plain => text(hash, &plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Stands for encryption: the text with its digest behind it.
    struct Key(&'static str);

    impl StateSeal for Key {
        fn seal(&self, clear: &str) -> Option<String> {
            let tag = URL_SAFE_NO_PAD.encode(Sha256::new().chain_update(self.0).chain_update(clear).finalize());
            Some(format!("{}.{tag}", URL_SAFE_NO_PAD.encode(clear)))
        }

        fn open(&self, sealed: &str) -> Option<String> {
            let (clear, _) = sealed.split_once('.')?;
            let clear = String::from_utf8(URL_SAFE_NO_PAD.decode(clear).ok()?).ok()?;
            (self.seal(&clear)? == sealed).then_some(clear)
        }
    }

    fn sealing(principal: &'static str, seconds: i64) -> Sealing<'static> {
        Sealing { seal: &Key("k"), principal, now: Timestamp::from_timestamp(seconds, 0).unwrap() }
    }

    fn arguments(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_state_holds_for_its_user_call_and_time_only() {
        let given = arguments(json!({"symbol": "SPY", "legs": [1, {"a": "b"}]}));
        let call = Call { method: "tools/call", name: "place_order", arguments: &given };
        let sealed = sealing("ann", 1000).seal(call, b"step 2").unwrap();
        fn opens(who: &'static str, when: i64, call: Call<'_>, sealed: &str) -> Option<Vec<u8>> {
            sealing(who, when).open(call, sealed)
        }

        assert_eq!(opens("ann", 1000, call, &sealed).as_deref(), Some(&b"step 2"[..]));
        assert!(opens("ann", 1599, call, &sealed).is_some());
        assert!(opens("ann", 1600, call, &sealed).is_none());
        assert!(opens("bob", 1000, call, &sealed).is_none());
        assert!(opens("ann", 1000, Call { method: "prompts/get", ..call }, &sealed).is_none());
        assert!(opens("ann", 1000, Call { name: "preview_order", ..call }, &sealed).is_none());
        for other in [
            json!({"symbol": "SPX", "legs": [1, {"a": "b"}]}),
            json!({"symbol": "SPY", "legs": [1, {"a": "b"}], "more": null}),
            json!({"symbol": "SPY", "legs": [1, "a", "b"]}),
            json!({}),
        ] {
            let other = arguments(other);
            assert!(opens("ann", 1000, Call { arguments: &other, ..call }, &sealed).is_none(), "{other:?}");
        }
        for forged in ["", "x", "-TAMPERED", &format!("{sealed}-TAMPERED"), &"x".repeat(100_000)] {
            assert!(opens("ann", 1000, call, forged).is_none());
        }
        let reordered = arguments(json!({"legs": [1, {"a": "b"}], "symbol": "SPY"}));
        assert!(opens("ann", 1000, Call { arguments: &reordered, ..call }, &sealed).is_some());
    }

    proptest::proptest! {
        #[test]
        fn any_state_comes_back(state in proptest::collection::vec(proptest::num::u8::ANY, 0..200), name in ".{0,20}") {
            let none = Map::new();
            let call = Call { method: "tools/call", name: &name, arguments: &none };
            let sealed = sealing("ann", 0).seal(call, &state).unwrap();
            proptest::prop_assert_eq!(sealing("ann", 1).open(call, &sealed), Some(state));
        }

        #[test]
        fn no_forged_state_opens(forged in ".*") {
            let none = Map::new();
            let call = Call { method: "tools/call", name: "a", arguments: &none };
            proptest::prop_assert!(sealing("ann", 0).open(call, &forged).is_none());
        }
    }
}
