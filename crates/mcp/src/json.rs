//! JSON texts: how deep they nest, and constants without their white space.

use serde::{Serialize as _, Serializer, ser::Error as _};
use serde_json::{Map, Value, value::RawValue};

/// The deepest nesting of arrays and objects in a text, counted without recursion and without checking the text.
pub(crate) fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The same JSON text on one line: white space outside of strings is dropped, all else, the order of keys too, is kept.
pub(crate) fn compact(text: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    text.chars()
        .filter(|&character| {
            if escaped {
                escaped = false;
            } else if in_string && character == '\\' {
                escaped = true;
            } else if character == '"' {
                in_string = !in_string;
            }
            in_string || !character.is_ascii_whitespace()
        })
        .collect()
}

/// Writes a constant JSON text as the JSON that it is.
pub(crate) fn constant<S: Serializer>(text: &&'static str, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(compact(text)).map_err(S::Error::custom)?.serialize(serializer)
}

/// The same for a constant that may be absent.
pub(crate) fn optional_constant<S: Serializer>(text: &Option<&'static str>, serializer: S) -> Result<S::Ok, S::Error> {
    match text {
        Some(text) => constant(text, serializer),
        None => serializer.serialize_none(),
    }
}

/// The members of an object that are not null; none where the value is no object.
pub(crate) fn present(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_what_is_open_outside_of_strings() {
        for (text, expected) in [("1", 0), ("{}", 1), (r#"{"a":[1,{"b":2}]}"#, 3), (r#"["[[[\"[["]"#, 1), ("]]]][[", 2)]
        {
            assert_eq!(depth(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn compacting_changes_no_meaning(texts in proptest::collection::vec(".{0,20}", 0..8)) {
            let pretty = serde_json::to_string_pretty(&texts).unwrap();
            proptest::prop_assert_eq!(compact(&pretty), serde_json::to_string(&texts).unwrap());
        }

        #[test]
        fn any_text_has_a_depth_and_a_compact_form(text in ".*") {
            let _ = depth(&text);
            proptest::prop_assert!(compact(&text).len() <= text.len());
        }
    }
}
