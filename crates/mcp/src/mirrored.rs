//! Tool parameters that the client repeats in headers: properties with `x-mcp-header` in the input schema come again as
//! `Mcp-Param-<name>`, and both must agree. Modern era.

use http::HeaderMap;
use serde_json::Value;

use crate::{
    catalog::Tool,
    fault::Fault,
    headers::{self, Said},
};

const KEYWORD: &str = "x-mcp-header";

/// The largest integer that every client can hold.
const SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// How deep properties may lie.
const MAX_DEPTH: usize = 16;

/// A parameter that comes again in a header.
#[derive(Debug, PartialEq, Eq)]
struct Mirrored {
    /// The names that lead to it.
    path: Vec<String>,
    /// What stands behind `Mcp-Param-`.
    header: String,
}

/// Checks the headers of a call against its arguments. `lenient` lets headers be missing, but not contradict.
pub(crate) fn check(headers: &HeaderMap, tool: &Tool, arguments: Option<&Value>, lenient: bool) -> Result<(), Fault> {
    if !tool.input_schema.contains(KEYWORD) {
        return Ok(());
    }
    let schema: Value = serde_json::from_str(tool.input_schema).unwrap_or_default();
    let all_agree = find(&schema).iter().all(|mirrored| {
        let value = mirrored.path.iter().try_fold(arguments.unwrap_or(&Value::Null), |value, name| value.get(name));
        let value = value.filter(|value| !value.is_null());
        match headers::parameter(headers, &mirrored.header) {
            Said::This(header) => value.is_some_and(|value| agrees(&header, value)),
            Said::Nothing => value.is_none() || lenient,
            Said::Unclear => false,
        }
    });
    if all_agree {
        Ok(())
    } else {
        Err(Fault::header_mismatch("An `Mcp-Param-` header does not agree with the argument that it repeats."))
    }
}

/// Integers are compared as numbers, everything else as text.
fn agrees(header: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => text == header,
        Value::Bool(flag) => header == if *flag { "true" } else { "false" },
        Value::Number(number) => {
            let said: Option<f64> = header.parse().ok();
            said.is_some() && said == number.as_f64() && said.is_some_and(|said| said.abs() <= SAFE_INTEGER)
        }
        _ => false,
    }
}

/// The parameters that come again in a header: those that are reached from the root by `properties` alone.
fn find(schema: &Value) -> Vec<Mirrored> {
    let mut found = Vec::new();
    collect(schema, &mut Vec::new(), &mut found);
    found
}

fn collect(schema: &Value, path: &mut Vec<String>, found: &mut Vec<Mirrored>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    if path.len() >= MAX_DEPTH {
        return;
    }
    for (name, property) in properties {
        path.push(name.clone());
        if let Some(header) = property.get(KEYWORD).and_then(Value::as_str) {
            found.push(Mirrored { path: path.clone(), header: header.to_owned() });
        }
        collect(property, path, found);
        path.pop();
    }
}

/// What is wrong with the annotations of an input schema. A client leaves out a tool whose annotations are wrong.
pub(crate) fn problems(input_schema: &str) -> Vec<&'static str> {
    if !input_schema.contains(KEYWORD) {
        return Vec::new();
    }
    let schema: Value = serde_json::from_str(input_schema).unwrap_or_default();
    let found = find(&schema);
    let mut problems = Vec::new();
    let mut report = |wrong: bool, problem| {
        if wrong {
            problems.push(problem);
        }
    };
    report(found.iter().any(|mirrored| !is_token(&mirrored.header)), "an `x-mcp-header` is no header name");
    let mut names: Vec<String> = found.iter().map(|mirrored| mirrored.header.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    report(names.len() != found.len(), "an `x-mcp-header` is given twice");
    let is_primitive = |mirrored: &Mirrored| {
        let at = mirrored.path.iter().fold(String::new(), |at, name| format!("{at}/properties/{}", escaped(name)));
        let kind = schema.pointer(&at).and_then(|property| property.get("type")).and_then(Value::as_str);
        matches!(kind, Some("string" | "integer" | "boolean"))
    };
    report(!found.iter().all(is_primitive), "an `x-mcp-header` is on something that is no string, integer or boolean");
    report(count(&schema) != found.len(), "an `x-mcp-header` is no text, or lies where `properties` alone do not lead");
    problems
}

/// How often the keyword is a member of an object, at any place.
fn count(value: &Value) -> usize {
    match value {
        Value::Object(members) => {
            let here = usize::from(members.contains_key(KEYWORD));
            members.values().map(count).fold(here, usize::saturating_add)
        }
        Value::Array(items) => items.iter().map(count).fold(0, usize::saturating_add),
        _ => 0,
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn is_token(name: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_tchar)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use serde_json::json;

    use super::*;

    const SCHEMA: &str = r#"{"type":"object","properties":{
        "region":{"type":"string","x-mcp-header":"Region"},
        "limit":{"type":"integer","x-mcp-header":"Limit"},
        "where":{"type":"object","properties":{"dry":{"type":"boolean","x-mcp-header":"Dry"}}},
        "query":{"type":"string"}}}"#;

    fn passes(pairs: &[(&'static str, &str)], arguments: Value, lenient: bool) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let tool = Tool { input_schema: SCHEMA, ..Tool::EMPTY };
        check(&headers, &tool, Some(&arguments), lenient).is_ok()
    }

    #[test]
    fn headers_and_arguments_agree() {
        for (pairs, arguments, passed) in [
            (&[][..], json!({}), true),
            (&[], json!({"region": null, "query": "x"}), true),
            (&[], json!({"region": "eu"}), false),
            (&[("mcp-param-region", "eu")], json!({"region": "eu"}), true),
            (&[("mcp-param-region", " eu ")], json!({"region": "eu"}), true),
            (&[("mcp-param-region", "us")], json!({"region": "eu"}), false),
            (&[("mcp-param-region", "eu")], json!({}), false),
            (&[("mcp-param-region", "eu"), ("mcp-param-region", "eu")], json!({"region": "eu"}), false),
            (&[("mcp-param-region", "=?base64?SGVsbG8=?=")], json!({"region": "Hello"}), true),
            (&[("mcp-param-region", "=?base64?SGVsbG8?=")], json!({"region": "Hello"}), false),
            (&[("mcp-param-region", "=?base64?SGVs!!!bG8=?=")], json!({"region": "Hello"}), false),
            (&[("mcp-param-region", "SGVsbG8=")], json!({"region": "SGVsbG8="}), true),
            (&[("mcp-param-region", "=?base64?SGVsbG8=")], json!({"region": "=?base64?SGVsbG8="}), true),
            (&[("mcp-param-region", "zürich")], json!({"region": "zürich"}), false),
            (&[("mcp-param-limit", "42.0")], json!({"limit": 42}), true),
            (&[("mcp-param-limit", "42")], json!({"limit": "42"}), true),
            (&[("mcp-param-limit", "43")], json!({"limit": 42}), false),
            (&[("mcp-param-limit", "9007199254740992")], json!({"limit": 9_007_199_254_740_992_i64}), false),
            (&[("mcp-param-dry", "true")], json!({"where": {"dry": true}}), true),
            (&[("mcp-param-dry", "True")], json!({"where": {"dry": true}}), false),
            (&[("mcp-param-dry", "x")], json!({"where": {"dry": ["x"]}}), false),
            (&[("mcp-param-other", "x")], json!({}), true),
        ] {
            assert_eq!(passes(pairs, arguments.clone(), false), passed, "{pairs:?} {arguments}");
        }
        assert!(passes(&[], json!({"region": "eu"}), true));
        assert!(!passes(&[("mcp-param-region", "us")], json!({"region": "eu"}), true));
    }

    #[test]
    fn annotations_follow_the_rules() {
        assert_eq!(problems(SCHEMA), Vec::<&str>::new());
        for schema in [
            json!({"properties": {"a": {"type": "string", "x-mcp-header": ""}}}),
            json!({"properties": {"a": {"type": "string", "x-mcp-header": "a b"}}}),
            json!({"properties": {"a": {"type": "string", "x-mcp-header": 5}}}),
            json!({"properties": {"a": {"type": "number", "x-mcp-header": "A"}}}),
            json!({"properties": {"a": {"type": "string", "x-mcp-header": "A"}, "b": {"type": "string", "x-mcp-header": "a"}}}),
            json!({"properties": {"a": {"type": "array", "items": {"type": "string", "x-mcp-header": "A"}}}}),
            json!({"anyOf": [{"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}]}),
        ] {
            assert_eq!(problems(&schema.to_string()).len(), 1, "{schema}");
        }
    }
}
