//! Every error of the product in its two renderings here: a tool's result, and an error of JSON-RPC where there is no result
//! to put it into. The HTTP form is in mcp-server, the one of OAuth in the crate of that name.

use domain::{Error, Family, Reason};
use serde_json::{Value, json};

use super::{CATALOG, headers, modern_body};
use crate::{Ask, Options, Received, Reply, receive};

/// The reply of a request whose question is answered by `finish`: its status and its body.
fn answered(era: &str, method: &str, params: Value, finish: impl FnOnce(Ask) -> Reply) -> (u16, Value) {
    let name = params.get("name").or_else(|| params.get("uri")).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (pairs, body) = if era == "modern" {
        let pairs = vec![("mcp-protocol-version", "2026-07-28"), ("mcp-method", method), ("mcp-name", name.as_str())];
        (pairs, modern_body(method, params))
    } else {
        let body = json!({"jsonrpc": "2.0", "id": "a", "method": method, "params": params});
        (vec![("mcp-protocol-version", "2025-11-25")], body)
    };
    let body = body.to_string();
    let Received::Ask(ask) = receive(&CATALOG, &Options::default(), &headers(&pairs), body.as_bytes()) else {
        panic!("{method} is not a question");
    };
    let reply = finish(*ask);
    (reply.status, serde_json::from_slice(&reply.body.unwrap()).unwrap())
}

fn error(reason: Reason) -> Error {
    Error::new(reason, "What was wrong, and what to do.").with("retry_after", 5)
}

#[test]
fn a_tools_error_is_a_result_that_says_so() {
    for reason in Reason::ALL {
        for era in ["modern", "legacy"] {
            let call = json!({"name": "get_quote", "arguments": {}});
            let (status, body) = answered(era, "tools/call", call, |ask| match ask {
                Ask::Tool(call) => call.finish(Err(error(reason))),
                other => panic!("{other:?}"),
            });
            assert_eq!((status, &body["id"]), (200, &json!("a")), "{reason:?}");
            assert!(body.get("error").is_none(), "{reason:?} {era}: {body}");
            let result = &body["result"];
            assert_eq!(result["isError"], true);
            assert_eq!(result["content"], json!([{"type": "text", "text": "What was wrong, and what to do."}]));
            assert_eq!(result["structuredContent"], json!({"error": error(reason).body()}));
            let said = &result["structuredContent"]["error"];
            assert_eq!(said["code"], json!(reason.family()));
            assert_eq!(said["reason"], json!(reason));
            assert_eq!(said["retryable"], json!(reason.retryable()));
            assert_eq!(said["details"], json!({"retry_after": 5}));
        }
    }
}

#[test]
fn elsewhere_it_is_an_error_of_json_rpc_with_the_same_object() {
    for reason in Reason::ALL {
        for era in ["modern", "legacy"] {
            let failing = |ask: Ask| match ask {
                Ask::Resource(read) => read.finish(Err(error(reason))),
                Ask::Prompt(get) => get.finish(Err(error(reason))),
                Ask::Completion(completion) => completion.finish(Err(error(reason))),
                other => panic!("{other:?}"),
            };
            for (method, params) in [
                ("resources/read", json!({"uri": "knowledge://options/strategies"})),
                ("prompts/get", json!({"name": "analyze-for-csp", "arguments": {"symbol": "AAPL"}})),
                (
                    "completion/complete",
                    json!({
                        "ref": {"type": "ref/prompt", "name": "analyze-for-csp"},
                        "argument": {"name": "symbol", "value": "A"},
                    }),
                ),
            ] {
                let (status, body) = answered(era, method, params, failing);
                let shown = format!("{reason:?} {era} {method}: {body}");
                // A well-formed request is answered in band.
                assert_eq!((status, &body["id"]), (200, &json!("a")), "{shown}");
                assert!(body.get("result").is_none(), "{shown}");
                let number = body["error"]["code"].as_i64().unwrap();
                let expected = match (reason.family(), reason, era, method) {
                    // The legacy era has a number of its own for a resource that there is not.
                    (Family::NotFound, _, "legacy", "resources/read") => [-32002, -32602],
                    (Family::NotFound, ..) | (_, Reason::InvalidArguments, ..) => [-32602; 2],
                    _ => [-32603; 2],
                };
                assert!(expected.contains(&number), "{shown}");
                // -32000 to -32019 is the old range; its one member is a word of the legacy protocol.
                assert!(!(-32019..=-32000).contains(&number) || (number == -32002 && era == "legacy"), "{shown}");
                if let Some(carried) = body["error"]["data"].get("error") {
                    assert_eq!(carried, &error(reason).body(), "{shown}");
                } else {
                    assert_eq!(reason.family(), Family::NotFound, "{shown}");
                }
            }
        }
    }
}
