//! Lists: pages, narrowing by the address, and the strict reading that a conformance run wants.

use serde_json::{Value, json};

use super::fixture::{CATALOG, Key, Modern, headers, options};
use crate::*;

fn list(options: &Options<'_>, method: &str, cursor: Option<&str>) -> Value {
    let mut params = json!({});
    if let Some(cursor) = cursor {
        params["cursor"] = json!(cursor);
    }
    let body = super::modern_body(method, params).to_string();
    let pairs = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)];
    let Received::Reply(reply) = receive(&CATALOG, options, &headers(&pairs), body.as_bytes()) else {
        panic!("a list is answered")
    };
    let answer: Value = serde_json::from_slice(&reply.body.unwrap()).unwrap();
    super::schema::check(Revision::V2026_07_28, method, &answer);
    answer
}

fn names(result: &Value, key: &str) -> Vec<String> {
    result[key].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn pages_hold_every_item_once_and_have_one_scope() {
    for (method, key, count) in [
        ("tools/list", "tools", CATALOG.tools.len()),
        ("resources/list", "resources", 3),
        ("resources/templates/list", "resourceTemplates", 1),
        ("prompts/list", "prompts", 4),
    ] {
        for size in [1, 2, 3, 100] {
            let options = Options { pages: Some(Pages { size, key: &Key }), ..options() };
            let (mut seen, mut cursor, mut turns) = (Vec::new(), None::<String>, 0);
            loop {
                let answer = list(&options, method, cursor.as_deref());
                assert_eq!(answer["result"]["cacheScope"], "public");
                seen.extend(names(&answer["result"], key));
                turns += 1;
                match answer["result"]["nextCursor"].as_str() {
                    Some(next) => cursor = Some(next.to_owned()),
                    None => break,
                }
            }
            assert_eq!(seen, names(&list(&super::fixture::options(), method, None)["result"], key));
            assert_eq!(turns, count.div_ceil(size), "{method} {size}");
        }
    }
}

#[test]
fn a_cursor_of_another_list_does_not_hold() {
    let paged = Options { pages: Some(Pages { size: 1, key: &Key }), ..options() };
    let answer = list(&paged, "tools/list", None);
    let cursor = answer["result"]["nextCursor"].as_str().unwrap();
    let market = Toolset::parse(&CATALOG, "tools=market");
    let narrowed = Options { toolset: Some(&market), ..paged };
    for (options, method, cursor) in [
        (&paged, "prompts/list", cursor),
        (&narrowed, "tools/list", cursor),
        (&options(), "tools/list", cursor),
        (&paged, "tools/list", "Mg.x"),
        (&paged, "tools/list", "invalid"),
    ] {
        let answer = list(options, method, Some(cursor));
        assert_eq!(super::code_of(&answer), Some(-32602), "{method} {cursor}");
    }
    assert_eq!(list(&paged, "tools/list", Some("")), answer, "an empty cursor is the beginning");
}

#[test]
fn an_address_narrows_lists_and_calls() {
    let market = Toolset::parse(&CATALOG, "tools=market");
    let narrowed = Options { toolset: Some(&market), ..options() };
    let listed = names(&list(&narrowed, "tools/list", None)["result"], "tools");
    assert!(listed.contains(&"text".to_owned()) && !listed.contains(&"resource".to_owned()));
    let call = |name: &str| {
        let body = super::modern_body("tools/call", json!({"name": name})).to_string();
        let pairs = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", name)];
        matches!(receive(&CATALOG, &narrowed, &headers(&pairs), body.as_bytes()), Received::Ask(_))
    };
    assert!(call("text") && call("image") && !call("resource"));
    // A prompt goes with the tools that it leads through.
    let listed = names(&list(&narrowed, "prompts/list", None)["result"], "prompts");
    assert!(listed.contains(&"plain".to_owned()) && listed.contains(&"image".to_owned()), "{listed:?}");
    assert!(!listed.contains(&"resource".to_owned()), "{listed:?}");
    assert!(names(&list(&options(), "prompts/list", None)["result"], "prompts").contains(&"resource".to_owned()));
    let get = |options: &Options<'_>, name: &str| {
        let body = super::modern_body("prompts/get", json!({"name": name})).to_string();
        let pairs = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "prompts/get"), ("mcp-name", name)];
        matches!(receive(&CATALOG, options, &headers(&pairs), body.as_bytes()), Received::Ask(_))
    };
    assert!(get(&narrowed, "image") && !get(&narrowed, "resource") && get(&options(), "resource"));
}

#[test]
fn read_strictly_only_what_is_advertised_is_listed() {
    const TOOLS: Catalog = Catalog { tools: CATALOG.tools, ..Catalog::EMPTY };
    for (method, found) in [("tools/list", true), ("prompts/list", false), ("resources/list", false)] {
        let pairs = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)];
        let body = super::modern_body(method, json!({})).to_string();
        for (compat, expected) in [(true, 200), (false, if found { 200 } else { 404 })] {
            let options = Options { compat, ..Options::default() };
            let Received::Reply(reply) = receive(&TOOLS, &options, &headers(&pairs), body.as_bytes()) else {
                panic!("a list is answered")
            };
            assert_eq!(reply.status, expected, "{method} {compat}");
        }
    }
}

#[test]
fn a_call_repeats_its_marked_arguments_in_headers() {
    let client = Modern::able();
    let call = |value: &str, headers: &[(&str, &str)]| {
        let params = json!({"name": "mirrored", "arguments": {"value": value}});
        let answered = client.send_with("tools/call", params, headers);
        (answered.status, answered.code())
    };
    assert_eq!(call("Hello", &[("Mcp-Param-Value", "Hello")]), (200, None));
    assert_eq!(call("Hello", &[("MCP-PARAM-VALUE", "=?base64?SGVsbG8=?=")]), (200, None));
    assert_eq!(call("Hello", &[("Mcp-Param-Value", "=?base64?SGVsbG8?=")]), (400, Some(-32020)));
    assert_eq!(call("Hello", &[("Mcp-Param-Value", "hello")]), (400, Some(-32020)));
    assert_eq!(call("Hello", &[]), (400, Some(-32020)));
}
