//! The protocol core as a whole: what goes in as headers and bytes, and what comes out as HTTP.
//!
//! Covered: the full JSON of the answers in both eras, each row of the table of errors and statuses, the two compatibility
//! rules, batches, bounds, and properties over arbitrary input; in the files beside it, with a server that has something of
//! everything, questions back, streams, subscriptions, sessions, pages, and the official schemas. Not covered: what tools
//! do, and HTTP itself.

mod errors;
mod fixture;
mod listen;
mod lists;
mod rounds;
mod schema;
mod session;
mod stream;

use domain::{Error, Reason};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json, value::RawValue};

use crate::*;

const CATALOG: Catalog = Catalog {
    server: Server { name: "ttai-mcp-server", title: "TTAI", version: "0.1.0", website_url: None, icons: &[] },
    instructions: "Ask for quotes first.",
    tools: &[
        Tool {
            name: "get_quote",
            title: "Quotes",
            description: "Prices of symbols.",
            input_schema: "{\n  \"type\": \"object\",\n  \"properties\": { \"symbol\": { \"type\": \"string\" } }\n}",
            output_schema: Some(r#"{"type":"object","properties":{"quotes":{"type":"array"}}}"#),
            annotations: Annotations::LOOKUP,
            icons: &[Icon {
                src: "https://ttai.example/q.png",
                mime_type: "image/png",
                sizes: &["48x48"],
                ..Icon::EMPTY
            }],
            group: "market",
            ..Tool::EMPTY
        },
        Tool {
            name: "delete_alert",
            title: "Delete an alert",
            description: "Deletes an alert.",
            input_schema: r#"{"type":"object","properties":{"alert_id":{"type":"string"}},"required":["alert_id"]}"#,
            output_schema: None,
            annotations: Annotations { read_only: false, destructive: true, idempotent: true, open_world: false },
            meta: Some(r#"{"ui": {"resourceUri": "ui://ttai/alert"}}"#),
            group: "alerts",
            ..Tool::EMPTY
        },
    ],
    resources: &[Resource {
        uri: "knowledge://options/strategies",
        name: "strategies",
        title: "Strategies",
        description: "How the strategies work.",
        mime_type: "text/markdown",
        cache: Cache::PUBLIC,
        ..Resource::EMPTY
    }],
    templates: &[Template {
        uri_template: "history://analyses/{symbol}",
        name: "history",
        title: "History",
        description: "Analyses of a symbol.",
        mime_type: "application/json",
        ..Template::EMPTY
    }],
    prompts: &[Prompt {
        name: "analyze-for-csp",
        title: "Analyse for a cash-secured put",
        description: "Chart, options, positions.",
        arguments: &[PromptArgument { name: "symbol", description: "The symbol.", required: true }],
        ..Prompt::EMPTY
    }],
    completions: true,
    extensions: &[apps::UI],
    ..Catalog::EMPTY
};

const BARE: Catalog =
    Catalog { resources: &[], templates: &[], prompts: &[], completions: false, extensions: &[], ..CATALOG };

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    map
}

/// The outcome that stands for the product in these tests.
fn answer(ask: Ask) -> Reply {
    match ask {
        Ask::Tool(call) if call.arguments.contains_key("fail") => {
            call.finish(Err(Error::new(Reason::RateLimited, "Wait 5 s.").with("retry_after", 5)))
        }
        Ask::Tool(call) => {
            let raw = RawValue::from_string(r#"{"quotes":[{"bid":210.50}]}"#.to_owned()).unwrap();
            call.finish(Ok(ToolOutput::new(raw, "AAPL 210.50")))
        }
        Ask::Resource(read) if read.variable("symbol") == Some("NONE") => {
            read.finish(Err(Error::new(Reason::NotFound, "None.")))
        }
        Ask::Resource(read) => {
            let contents = read.text("# Strategies");
            read.finish(Ok(contents))
        }
        Ask::Prompt(get) => {
            let text = format!("Analyse {}.", get.argument("symbol").unwrap_or_default());
            let messages = vec![PromptMessage { role: Role::User, content: Content::text(text) }];
            get.finish(Ok(PromptOutput { description: "An analysis.".to_owned(), messages }))
        }
        Ask::Completion(completion) => {
            let values = (0..150).map(|index| format!("{}{index}", completion.value)).collect();
            completion.finish(Ok(CompletionOutput { values, ..CompletionOutput::default() }))
        }
        Ask::Listen(listen) => listen.refuse(&Error::new(Reason::Internal, "No stream.")),
    }
}

fn finish(received: Received) -> Reply {
    match received {
        Received::Reply(reply) => reply,
        Received::Ask(ask) => answer(*ask),
        Received::Batch(batch) => Reply::batch(batch.entries.into_iter().map(|entry| match entry {
            Entry::Reply(reply) => reply,
            Entry::Ask(ask) => answer(*ask),
        })),
    }
}

fn post_to(catalog: &Catalog, options: Options<'_>, pairs: &[(&'static str, &str)], body: &str) -> (u16, Value) {
    let reply = finish(receive(catalog, &options, &headers(pairs), body.as_bytes()));
    let body = reply.body.map_or(Value::Null, |body| serde_json::from_slice(&body).unwrap());
    (reply.status, body)
}

fn post(pairs: &[(&'static str, &str)], body: &Value) -> (u16, Value) {
    post_to(&CATALOG, Options::default(), pairs, &body.to_string())
}

/// A legacy request and its answer.
fn legacy(method: &str, params: Value) -> (u16, Value) {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    post(&[("mcp-protocol-version", "2025-11-25")], &body)
}

fn modern_body(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": "a", "method": method, "params": params})
}

/// A well-formed modern request and its answer.
fn modern_to(catalog: &Catalog, method: &str, params: Value) -> (u16, Value) {
    let name = params.get("name").or_else(|| params.get("uri")).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut pairs = vec![("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)];
    if ["tools/call", "prompts/get", "resources/read"].contains(&method) {
        pairs.push(("mcp-name", &name));
    }
    post_to(catalog, Options::default(), &pairs, &modern_body(method, params).to_string())
}

fn modern(method: &str, params: Value) -> (u16, Value) {
    modern_to(&CATALOG, method, params)
}

fn code_of(body: &Value) -> Option<i64> {
    body.pointer("/error/code").and_then(Value::as_i64)
}

fn server_info() -> Value {
    json!({"io.modelcontextprotocol/serverInfo": {"name": "ttai-mcp-server", "title": "TTAI", "version": "0.1.0"}})
}

fn capabilities() -> Value {
    json!({
        "tools": {}, "resources": {}, "prompts": {}, "completions": {},
        "extensions": {"io.modelcontextprotocol/ui": {}},
    })
}

fn tools() -> Value {
    json!([
        {
            "name": "get_quote", "title": "Quotes", "description": "Prices of symbols.",
            "inputSchema": {"type": "object", "properties": {"symbol": {"type": "string"}}},
            "outputSchema": {"type": "object", "properties": {"quotes": {"type": "array"}}},
            "annotations":
                {"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": true},
            "icons": [{"src": "https://ttai.example/q.png", "mimeType": "image/png", "sizes": ["48x48"]}],
        },
        {
            "name": "delete_alert", "title": "Delete an alert", "description": "Deletes an alert.",
            "inputSchema":
                {"type": "object", "properties": {"alert_id": {"type": "string"}}, "required": ["alert_id"]},
            "annotations":
                {"readOnlyHint": false, "destructiveHint": true, "idempotentHint": true, "openWorldHint": false},
            "_meta": {"ui": {"resourceUri": "ui://ttai/alert"}},
        },
    ])
}

#[test]
fn the_catalogue_of_these_tests_is_sound_and_flaws_are_found() {
    assert_eq!(CATALOG.problems(), Vec::<String>::new());
    let flawed = Catalog {
        tools: &[Tool {
            name: "no spaces",
            title: "",
            description: "",
            input_schema: "[]",
            output_schema: Some(r#"{"type":"object","required":["quotes"]}"#),
            meta: Some("1"),
            ..Tool::EMPTY
        }],
        ..CATALOG
    };
    assert_eq!(flawed.problems().len(), 5);
    let prompts = &[Prompt { name: "lost", tools: &["nowhere"], ..Prompt::EMPTY }];
    assert_eq!(Catalog { prompts, ..CATALOG }.problems().len(), 1);
}

#[test]
fn initialize_negotiates_a_legacy_version() {
    for (asked, answered) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-03-26"),
        ("2026-07-28", "2025-11-25"),
        ("1900-01-01", "2025-11-25"),
    ] {
        let params = json!({"protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        let body = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        let expected = json!({
            "jsonrpc": "2.0", "id": 0,
            "result": {
                "protocolVersion": answered, "capabilities": capabilities(),
                "serverInfo": {"name": "ttai-mcp-server", "title": "TTAI", "version": "0.1.0"},
                "instructions": "Ask for quotes first.",
            },
        });
        assert_eq!(post(&[], &body), (200, expected.clone()));
        // Neither a version header nor `Mcp-Method` turns a handshake into anything else.
        assert_eq!(post(&[("mcp-protocol-version", asked), ("mcp-method", "initialize")], &body), (200, expected));
    }
}

#[test]
fn discover_lists_the_modern_version() {
    let expected = json!({
        "jsonrpc": "2.0", "id": "a",
        "result": {
            "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": capabilities(),
            "instructions": "Ask for quotes first.", "ttlMs": 3_600_000, "cacheScope": "public", "_meta": server_info(),
        },
    });
    assert_eq!(modern("server/discover", json!({})), (200, expected));
}

#[test]
fn lists_are_the_catalogue() {
    let resources = json!([{
        "uri": "knowledge://options/strategies", "name": "strategies", "title": "Strategies",
        "description": "How the strategies work.", "mimeType": "text/markdown",
    }]);
    let templates = json!([{
        "uriTemplate": "history://analyses/{symbol}", "name": "history", "title": "History",
        "description": "Analyses of a symbol.", "mimeType": "application/json",
    }]);
    let prompts = json!([{
        "name": "analyze-for-csp", "title": "Analyse for a cash-secured put", "description": "Chart, options, positions.",
        "arguments": [{"name": "symbol", "description": "The symbol.", "required": true}],
    }]);
    for (method, key, items) in [
        ("tools/list", "tools", tools()),
        ("resources/list", "resources", resources),
        ("resources/templates/list", "resourceTemplates", templates),
        ("prompts/list", "prompts", prompts),
    ] {
        let old = json!({"jsonrpc": "2.0", "id": 1, "result": {key: items}});
        assert_eq!(legacy(method, json!({})), (200, old));
        let new = json!({
            "jsonrpc": "2.0", "id": "a",
            "result": {
                "resultType": "complete", key: items, "ttlMs": 3_600_000, "cacheScope": "public", "_meta": server_info(),
            },
        });
        assert_eq!(modern(method, json!({})), (200, new));
        assert_eq!(legacy(method, json!({"cursor": ""})).0, 200);
        for cursor in [json!("abc"), json!(5)] {
            assert_eq!(code_of(&legacy(method, json!({"cursor": cursor})).1), Some(-32602));
            assert_eq!(code_of(&modern(method, json!({"cursor": cursor})).1), Some(-32602));
        }
    }
}

#[test]
fn a_tool_answers_with_its_raw_content() {
    let params = json!({"name": "get_quote", "arguments": {"symbol": "AAPL"}});
    let result = json!({
        "content": [{"type": "text", "text": "AAPL 210.50"}],
        "structuredContent": {"quotes": [{"bid": 210.5}]}, "isError": false,
    });
    assert_eq!(legacy("tools/call", params.clone()), (200, json!({"jsonrpc": "2.0", "id": 1, "result": result})));
    let mut result = result;
    result["resultType"] = json!("complete");
    result["_meta"] = server_info();
    assert_eq!(modern("tools/call", params.clone()), (200, json!({"jsonrpc": "2.0", "id": "a", "result": result})));

    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    let reply = finish(receive(&CATALOG, &Options::default(), &HeaderMap::new(), body.as_bytes()));
    let text = String::from_utf8(reply.body.unwrap()).unwrap();
    assert!(text.contains(r#""bid":210.50"#), "the digits are kept: {text}");
    assert!(!text.contains('\n'));
    let header = |name| reply.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(header("cache-control"), Some("no-store"));
}

#[test]
fn a_failing_tool_is_a_result_with_the_error_in_it() {
    let params = json!({"name": "get_quote", "arguments": {"fail": true}});
    let error = json!({
        "code": "RATE_LIMIT", "reason": "rate_limited", "message": "Wait 5 s.", "retryable": true,
        "details": {"retry_after": 5},
    });
    let expected = json!({
        "content": [{"type": "text", "text": "Wait 5 s."}], "structuredContent": {"error": error}, "isError": true,
    });
    assert_eq!(legacy("tools/call", params.clone()), (200, json!({"jsonrpc": "2.0", "id": 1, "result": expected})));
    let (status, body) = modern("tools/call", params);
    assert_eq!((status, body.pointer("/result/structuredContent/error")), (200, Some(&error)));
}

#[test]
fn arguments_are_read_by_the_tools_schema() {
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "delete_alert", "arguments": {"alertId": "x"}},
    });
    let Received::Ask(ask) = receive(&CATALOG, &Options::default(), &HeaderMap::new(), body.to_string().as_bytes())
    else {
        panic!("a tool call is asked")
    };
    let Ask::Tool(call) = *ask else { panic!("a tool call is asked") };
    assert_eq!(call.read::<Value>().unwrap(), json!({"alert_id": "x"}));
    assert_eq!(call.tool.name, "delete_alert");
    assert_eq!(call.context().seen().method, "tools/call");
}

#[test]
fn resources_are_read_or_not_found() {
    let contents = |uri: &str, mime: &str| json!([{"uri": uri, "mimeType": mime, "text": "# Strategies"}]);
    for (uri, mime, ttl, scope) in [
        ("knowledge://options/strategies", "text/markdown", 3_600_000, "public"),
        ("history://analyses/BRK%2FB", "application/json", 0, "private"),
    ] {
        let old = json!({"jsonrpc": "2.0", "id": 1, "result": {"contents": contents(uri, mime)}});
        assert_eq!(legacy("resources/read", json!({"uri": uri})), (200, old));
        let new = json!({
            "resultType": "complete", "contents": contents(uri, mime), "ttlMs": ttl, "cacheScope": scope,
            "_meta": server_info(),
        });
        let new = json!({"jsonrpc": "2.0", "id": "a", "result": new});
        assert_eq!(modern("resources/read", json!({"uri": uri})), (200, new));
    }
    for uri in ["knowledge://nothing", "history://analyses/NONE"] {
        let error = |code: i32| json!({"code": code, "message": "Resource not found.", "data": {"uri": uri}});
        let old = json!({"jsonrpc": "2.0", "id": 1, "error": error(-32002)});
        assert_eq!(legacy("resources/read", json!({"uri": uri})), (200, old));
        let new = json!({"jsonrpc": "2.0", "id": "a", "error": error(-32602)});
        assert_eq!(modern("resources/read", json!({"uri": uri})), (200, new));
    }
}

#[test]
fn prompts_and_completions_are_asked() {
    let (status, body) = legacy("prompts/get", json!({"name": "analyze-for-csp", "arguments": {"symbol": "AAPL"}}));
    let expected = json!({
        "description": "An analysis.",
        "messages": [{"role": "user", "content": {"type": "text", "text": "Analyse AAPL."}}],
    });
    assert_eq!((status, &body["result"]), (200, &expected));
    for arguments in [json!({}), json!({"symbol": 5}), json!("x")] {
        let (status, body) = modern("prompts/get", json!({"name": "analyze-for-csp", "arguments": arguments}));
        assert_eq!((status, code_of(&body)), (200, Some(-32602)));
    }
    for reference in [
        json!({"type": "ref/prompt", "name": "analyze-for-csp"}),
        json!({"type": "ref/resource", "uri": "history://analyses/{symbol}"}),
    ] {
        let params = json!({"ref": reference, "argument": {"name": "symbol", "value": "A"}});
        let (status, body) = modern("completion/complete", params);
        let completion = &body["result"]["completion"];
        assert_eq!(status, 200);
        assert_eq!(completion["values"].as_array().map(Vec::len), Some(100));
        assert_eq!((&completion["total"], &completion["hasMore"]), (&json!(150), &json!(true)));
    }
    let params = json!({"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "symbol", "value": "A"}});
    assert_eq!(code_of(&legacy("completion/complete", params).1), Some(-32602));
}

#[test]
fn a_catalogue_without_prompts_lists_none_and_knows_no_get() {
    for method in ["prompts/get", "completion/complete"] {
        let (status, body) = modern_to(&BARE, method, json!({"name": "x"}));
        assert_eq!((status, code_of(&body)), (404, Some(-32601)), "{method}");
    }
    for method in ["prompts/list", "resources/list", "resources/templates/list"] {
        assert_eq!(modern_to(&BARE, method, json!({})).0, 200, "{method}");
    }
    let (_, body) = modern_to(&BARE, "server/discover", json!({}));
    assert_eq!(body["result"]["capabilities"], json!({"tools": {}}));
}

/// Headers and body that are sent, and the status and code that come back.
type Row<'a> = (&'a [(&'static str, &'a str)], Value, u16, i64);

#[test]
fn modern_errors_have_their_status_and_code() {
    let version = ("mcp-protocol-version", "2026-07-28");
    let list = ("mcp-method", "tools/list");
    let call = ("mcp-method", "tools/call");
    let sound = modern_body("tools/list", json!({}));
    let quote = modern_body("tools/call", json!({"name": "get_quote"}));
    let changed = |pointer: &str, value: Value| {
        let mut body = sound.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let meta_version = "/params/_meta/io.modelcontextprotocol~1protocolVersion";
    let meta_capabilities = "/params/_meta/io.modelcontextprotocol~1clientCapabilities";
    let rows: &[Row<'_>] = &[
        // The body is incomplete.
        (&[version, list], json!({"jsonrpc": "2.0", "id": "a", "method": "tools/list"}), 400, -32602),
        (&[version, list], changed("/params", json!([])), 400, -32602),
        (&[version, list], changed("/params/_meta", json!({})), 400, -32602),
        (&[version, list], changed(meta_version, json!(5)), 400, -32602),
        (&[version, list], changed(meta_capabilities, json!(null)), 400, -32602),
        (&[], json!({"jsonrpc": "2.0", "id": "a", "method": "server/discover"}), 400, -32602),
        // Header and body disagree.
        (&[list], sound.clone(), 400, -32020),
        (&[("mcp-protocol-version", "1900-01-01"), list], sound.clone(), 400, -32020),
        (&[version, ("mcp-protocol-version", "2025-11-25"), list], sound.clone(), 400, -32020),
        (&[version, list], changed(meta_version, json!("v999.0.0")), 400, -32020),
        (&[version], sound.clone(), 400, -32020),
        (&[version, call], sound.clone(), 400, -32020),
        (&[version, ("mcp-method", "Tools/List")], sound.clone(), 400, -32020),
        (&[version, list, list], sound.clone(), 400, -32020),
        (&[version, call], quote.clone(), 400, -32020),
        (&[version, call, ("mcp-name", "delete_alert")], quote.clone(), 400, -32020),
        (&[version, call, ("mcp-name", "=?base64?Z2V0X3F1b3R*?=")], quote, 400, -32020),
        // The version is not served.
        (&[("mcp-protocol-version", "1900-01-01"), list], changed(meta_version, json!("1900-01-01")), 400, -32022),
        (&[("mcp-protocol-version", "2025-11-25"), list], changed(meta_version, json!("2025-11-25")), 400, -32022),
        // Unknown and removed methods.
        (&[version, ("mcp-method", "no/such")], modern_body("no/such", json!({})), 404, -32601),
        (&[version, ("mcp-method", "initialize")], modern_body("initialize", json!({})), 404, -32601),
        (&[version, ("mcp-method", "ping")], modern_body("ping", json!({})), 404, -32601),
        (&[version, ("mcp-method", "logging/setLevel")], modern_body("logging/setLevel", json!({})), 404, -32601),
        (&[version, ("mcp-method", "resources/subscribe")], modern_body("resources/subscribe", json!({})), 404, -32601),
        (
            &[version, ("mcp-method", "subscriptions/listen")],
            modern_body("subscriptions/listen", json!({})),
            404,
            -32601,
        ),
        // In-band.
        (&[version, call, ("mcp-name", "nope")], modern_body("tools/call", json!({"name": "nope"})), 200, -32602),
        (&[version, call], modern_body("tools/call", json!({})), 200, -32602),
        (
            &[version, call, ("mcp-name", "get_quote")],
            modern_body("tools/call", json!({"name": "get_quote", "arguments": []})),
            200,
            -32602,
        ),
        (
            &[version, call, ("mcp-name", "get_quote")],
            modern_body("tools/call", json!({"name": "get_quote", "requestState": "forged"})),
            200,
            -32602,
        ),
        (
            &[version, ("mcp-method", "prompts/get"), ("mcp-name", "nope")],
            modern_body("prompts/get", json!({"name": "nope"})),
            200,
            -32602,
        ),
        // No message.
        (&[version, list], changed("/jsonrpc", json!("1.0")), 400, -32600),
    ];
    for (pairs, body, status, code) in rows {
        let (answered, answer) = post(pairs, body);
        assert_eq!((answered, code_of(&answer)), (*status, Some(*code)), "{pairs:?} {body}");
        assert_eq!(answer["id"], "a", "{body}");
        assert_eq!(answer.get("result"), None);
    }
    let mut logged = sound;
    logged["params"]["_meta"]["io.modelcontextprotocol/logLevel"] = json!("loud");
    let (status, body) = post(&[version, list], &logged);
    assert_eq!((status, code_of(&body)), (200, Some(-32602)));
}

#[test]
fn an_unsupported_version_is_told_what_is_supported() {
    let version = "1900-01-01";
    let mut body = modern_body("tools/list", json!({}));
    body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(version);
    let (_, answer) = post(&[("mcp-protocol-version", version), ("mcp-method", "tools/list")], &body);
    assert_eq!(answer["error"]["data"], json!({"supported": ["2026-07-28"], "requested": version}));
}

#[test]
fn a_missing_capability_is_named() {
    let body = modern_body("tools/call", json!({"name": "get_quote"}));
    let pairs = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "get_quote")];
    let ask = |body: &Value| match receive(&CATALOG, &Options::default(), &headers(&pairs), body.to_string().as_bytes())
    {
        Received::Ask(ask) => *ask,
        other => panic!("a tool call is asked, not {other:?}"),
    };
    let reply = ask(&body).needing("sampling").unwrap_err();
    let answer: Value = serde_json::from_slice(reply.body.as_deref().unwrap()).unwrap();
    assert_eq!((reply.status, code_of(&answer)), (400, Some(-32021)));
    assert_eq!(answer["error"]["data"], json!({"requiredCapabilities": {"sampling": {}}}));
    let mut able = body;
    able["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({"sampling": {}});
    assert!(ask(&able).needing("sampling").is_ok());
}

#[test]
fn legacy_errors_have_their_status_and_code() {
    let known = ("mcp-protocol-version", "2025-11-25");
    let request = |method: &str, params: Value| json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
    let rows: &[Row<'_>] = &[
        (&[known], request("no/such", json!({})), 200, -32601),
        (&[known], request("resources/subscribe", json!({"uri": "x"})), 200, -32601),
        (&[known], request("tools/call", json!({"name": "nope"})), 200, -32602),
        (&[known], request("tools/call", json!({})), 200, -32602),
        (&[known], request("tools/call", json!([])), 200, -32602),
        (&[known], request("prompts/get", json!({"name": "nope"})), 200, -32602),
        (&[known], request("resources/read", json!({"uri": "nope"})), 200, -32002),
        (&[known], request("logging/setLevel", json!({"level": "loud"})), 200, -32602),
        (&[("mcp-protocol-version", "1900-01-01")], request("tools/list", json!({})), 400, -32022),
        (&[known, ("mcp-protocol-version", "2025-06-18")], request("tools/list", json!({})), 400, -32600),
        (&[known], json!({"id": 7, "method": "ping"}), 400, -32600),
        (&[known], json!({"jsonrpc": "2.0", "id": 7}), 400, -32600),
        (&[known], json!({"jsonrpc": "2.0", "id": 7, "method": 5}), 400, -32600),
    ];
    for (pairs, body, status, code) in rows {
        let (answered, answer) = post(pairs, body);
        assert_eq!((answered, code_of(&answer)), (*status, Some(*code)), "{pairs:?} {body}");
        assert_eq!(answer["id"], 7, "{body}");
    }
}

#[test]
fn legacy_requests_need_no_session_and_no_header() {
    for pairs in [
        &[][..],
        &[("mcp-protocol-version", "2025-03-26")],
        &[("mcp-protocol-version", "2025-11-25, 2025-11-25")],
        &[("mcp-protocol-version", "2026-07-28")],
        &[("mcp-protocol-version", "2025-11-25"), ("mcp-method", "ping")],
        &[("mcp-session-id", "made-up"), ("last-event-id", "7")],
    ] {
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": "ping"});
        assert_eq!(post(pairs, &body), (200, json!({"jsonrpc": "2.0", "id": 7, "result": {}})), "{pairs:?}");
    }
    assert_eq!(legacy("logging/setLevel", json!({"level": "info"})).1["result"], json!({}));
}

#[test]
fn notifications_and_responses_are_taken() {
    for body in [
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
        json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "no"}}),
    ] {
        assert_eq!(post(&[("mcp-protocol-version", "2025-11-25")], &body), (202, Value::Null), "{body}");
    }
    let body = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(post(&[("mcp-protocol-version", "1900-01-01")], &body).0, 400);
}

#[test]
fn a_legacy_header_beside_a_modern_body_is_let_through_where_it_may() {
    let body = modern_body("tools/call", json!({"name": "get_quote"})).to_string();
    let strict = Options { compat: false, ..Options::default() };
    let old = ("mcp-protocol-version", "2025-11-25");
    for pairs in [&[old][..], &[old, ("mcp-method", "tools/call"), ("mcp-name", "get_quote")]] {
        let (status, answer) = post_to(&CATALOG, Options::default(), pairs, &body);
        assert_eq!((status, &answer["result"]["resultType"]), (200, &json!("complete")));
        assert_eq!(code_of(&post_to(&CATALOG, strict, pairs, &body).1), Some(-32020));
    }
    let contradiction = [old, ("mcp-method", "tools/list")];
    assert_eq!(code_of(&post_to(&CATALOG, Options::default(), &contradiction, &body).1), Some(-32020));
    let reply = finish(receive(&CATALOG, &Options::default(), &headers(&[old]), body.as_bytes()));
    assert!(reply.seen.skew);
}

#[test]
fn an_encoded_name_is_compared_decoded() {
    let body = modern_body("tools/call", json!({"name": "get_quote"}));
    let pairs = [
        ("mcp-protocol-version", "2026-07-28, 2026-07-28"),
        ("mcp-method", " tools/call "),
        ("mcp-name", "=?base64?Z2V0X3F1b3Rl?="),
    ];
    assert_eq!(post(&pairs, &body).0, 200);
}

#[test]
fn batches_belong_to_their_revision() {
    let batch = json!([
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": "two", "method": "resources/read", "params": {"uri": "knowledge://options/strategies"}},
        {"jsonrpc": "2.0", "id": 3, "method": "initialize", "params": {}},
        5,
    ]);
    for pairs in [&[][..], &[("mcp-protocol-version", "2025-03-26")]] {
        let (status, answer) = post(pairs, &batch);
        assert_eq!(status, 200);
        let answers = answer.as_array().unwrap();
        assert_eq!(answers.len(), 4);
        assert_eq!(answers[0], json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
        assert_eq!(answers[1]["id"], "two");
        assert_eq!((&answers[2]["id"], code_of(&answers[2])), (&json!(3), Some(-32600)));
        assert_eq!((answers[3].get("id"), code_of(&answers[3])), (None, Some(-32600)));
    }
    for version in ["2025-06-18", "2025-11-25", "2026-07-28"] {
        let (status, answer) = post(&[("mcp-protocol-version", version)], &batch);
        assert_eq!((status, code_of(&answer)), (400, Some(-32600)), "{version}");
    }
    let notifications = json!([{"jsonrpc": "2.0", "method": "notifications/initialized"}]);
    assert_eq!(post(&[], &notifications), (202, Value::Null));
    let endless = Value::Array(vec![json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}); MAX_BATCH + 1]);
    for refused in [json!([]), endless] {
        assert_eq!(post(&[], &refused).0, 400);
    }
}

#[test]
fn what_is_no_message_is_refused() {
    let deep = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let nested = format!(r#"{{"jsonrpc":"2.0","id":9,"method":"ping","params":{{"a":{}}}}}"#, deep(10_000));
    for (body, status, code, id) in [
        ("", 400, -32700, None),
        ("{", 400, -32700, None),
        ("\u{feff}{}", 400, -32700, None),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\\ud800\"}", 400, -32600, Some(json!(1))),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} x", 400, -32700, None),
        ("5", 400, -32600, None),
        ("null", 400, -32600, None),
        ("\"x\"", 400, -32600, None),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, 400, -32600, None),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, 400, -32600, None),
        (r#"{"jsonrpc":"2.0","id":1e999,"method":"ping"}"#, 400, -32600, None),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, 400, -32600, None),
        (&deep(10_000), 400, -32600, None),
        (&"[".repeat(10_000), 400, -32600, None),
        (&nested, 400, -32600, Some(json!(9))),
        (&format!("\"{}\"", "x".repeat(MAX_BODY)), 413, -32600, None),
    ] {
        let (answered, answer) = post_to(&CATALOG, Options::default(), &[], body);
        let start: String = body.chars().take(60).collect();
        assert_eq!((answered, code_of(&answer)), (status, Some(code)), "{start}");
        assert_eq!(answer.get("id").cloned(), id, "{start}");
    }
    let latin = receive(&CATALOG, &Options::default(), &HeaderMap::new(), b"{\"id\":\"\xff\"}");
    assert_eq!(finish(latin).status, 400);
}

#[test]
fn ids_are_echoed_character_by_character() {
    for id in ["0", "-1", "1.50", "1e3", "18446744073709551616", r#""""#, r#""a\u0041\n""#, "9007199254740993"] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        let reply = finish(receive(&CATALOG, &Options::default(), &HeaderMap::new(), body.as_bytes()));
        let expected = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
        assert_eq!(String::from_utf8(reply.body.unwrap()).unwrap(), expected);
    }
}

/// Modern results carry what their revision requires, legacy ones none of it.
#[test]
fn each_era_carries_its_own_members() {
    let cached = [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("prompts/list", json!({})),
        ("resources/read", json!({"uri": "knowledge://options/strategies"})),
    ];
    let plain = [
        ("tools/call", json!({"name": "get_quote"})),
        ("tools/call", json!({"name": "get_quote", "arguments": {"fail": 1}})),
        ("prompts/get", json!({"name": "analyze-for-csp", "arguments": {"symbol": "A"}})),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/prompt", "name": "analyze-for-csp"}, "argument": {"name": "symbol", "value": ""}}),
        ),
    ];
    for (is_cached, (method, params)) in
        cached.into_iter().map(|row| (true, row)).chain(plain.into_iter().map(|row| (false, row)))
    {
        let (_, body) = modern(method, params.clone());
        let result = &body["result"];
        assert_eq!(result["resultType"], "complete", "{method}");
        assert_eq!(result["_meta"], server_info(), "{method}");
        assert_eq!(result.get("ttlMs").is_some_and(Value::is_u64), is_cached, "{method}");
        assert_eq!(result.get("cacheScope").is_some(), is_cached, "{method}");
        if method != "server/discover" {
            let (_, body) = legacy(method, params);
            let result = body["result"].as_object().unwrap();
            for member in ["resultType", "ttlMs", "cacheScope", "_meta"] {
                assert!(!result.contains_key(member), "{method} {member}");
            }
        }
    }
}

#[test]
fn the_other_refusals_have_their_status() {
    let reply = Reply::method_not_allowed();
    assert_eq!(reply.status, 405);
    assert!(reply.headers.contains(&("allow", "POST, OPTIONS".to_owned())));
    assert_eq!(Reply::origin_refused().status, 403);
}

/// What a well-formed reply looks like, whatever was asked.
fn check(reply: &Reply) -> Result<(), TestCaseError> {
    prop_assert!(matches!(reply.status, 200 | 202 | 400 | 404 | 413), "{}", reply.status);
    prop_assert!(reply.headers.iter().any(|(name, _)| *name == "cache-control"));
    let Some(body) = &reply.body else {
        prop_assert_eq!(reply.status, 202);
        return Ok(());
    };
    prop_assert!(!body.contains(&b'\n'));
    let body: Value = serde_json::from_slice(body).unwrap();
    for message in body.as_array().map_or(std::slice::from_ref(&body), Vec::as_slice) {
        prop_assert_eq!(&message["jsonrpc"], "2.0");
        prop_assert!(message.get("result").is_some() != message.get("error").is_some());
        if let Some(error) = message.get("error") {
            prop_assert!(error["code"].is_i64() && error["message"].is_string());
        }
    }
    Ok(())
}

fn any_headers() -> impl Strategy<Value = HeaderMap> {
    let name = prop_oneof![Just("mcp-protocol-version"), Just("mcp-method"), Just("mcp-name"), Just("mcp-session-id")];
    let value = prop_oneof![
        Just(b"2026-07-28".to_vec()),
        Just(b"2025-11-25".to_vec()),
        Just(b"2025-03-26".to_vec()),
        Just(b"tools/call".to_vec()),
        Just(b"get_quote".to_vec()),
        "=\\?base64\\?[A-Za-z0-9+/=]{0,9}\\?=".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..12),
    ];
    proptest::collection::vec((name, value), 0..5).prop_map(|pairs| {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                map.append(name, value);
            }
        }
        map
    })
}

fn any_method() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "initialize",
            "ping",
            "server/discover",
            "tools/list",
            "tools/call",
            "resources/list",
            "resources/templates/list",
            "resources/read",
            "prompts/list",
            "prompts/get",
            "completion/complete",
            "logging/setLevel",
            "subscriptions/listen",
            "resources/subscribe",
            "resources/unsubscribe",
        ])
        .prop_map(str::to_owned),
        ".{0,12}",
    ]
}

fn any_params() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!("get_quote")),
        Just(json!("2026-07-28")),
        Just(json!("history://analyses/x")),
        Just(json!("ref/prompt")),
        ".{0,12}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "name",
        "uri",
        "arguments",
        "symbol",
        "cursor",
        "_meta",
        "ref",
        "type",
        "argument",
        "value",
        "level",
        "protocolVersion",
        "requestState",
        "inputResponses",
        "notifications",
        "resourceSubscriptions",
        "progressToken",
        "sampling",
        "io.modelcontextprotocol/logLevel",
        "io.modelcontextprotocol/protocolVersion",
        "io.modelcontextprotocol/clientCapabilities",
    ]);
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_and_headers_get_a_well_formed_reply(
        headers in any_headers(),
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..80),
            "[\\[\\]{}\",:0-9a-z \\\\]{0,80}".prop_map(String::into_bytes),
            any_params().prop_map(|value| value.to_string().into_bytes()),
        ],
    ) {
        check(&finish(receive(&CATALOG, &Options::default(), &headers, &body)))?;
    }

    #[test]
    fn any_request_gets_a_reply_with_its_id(
        headers in any_headers(),
        method in any_method(),
        params in any_params(),
        id in prop_oneof![any::<i64>().prop_map(Value::from), ".{0,12}".prop_map(Value::from)],
        compat in any::<bool>(),
    ) {
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string();
        let reply = finish(receive(&CATALOG, &Options { compat, ..Options::default() }, &headers, body.as_bytes()));
        check(&reply)?;
        let answer: Value = serde_json::from_slice(reply.body.as_deref().unwrap()).unwrap();
        prop_assert_eq!(&answer["id"], &id);
        prop_assert_eq!(reply.seen.error.map(i64::from), code_of(&answer));
    }
}
