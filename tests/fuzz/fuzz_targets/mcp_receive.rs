//! `POST /mcp`: any headers and any body get a well-formed reply with the id of the request.
//!
//! Input: header lines, an empty line, the body; a header `Query` stands for the address's query, and `{state}` for a state
//! of the tool `steps`. Held: a status that the protocol knows, JSON-RPC in every body, the id echoed with its very
//! characters, one reply per request of a batch in its order, and what the log is told; a state opens for its own call
//! alone, a cursor is one that was issued.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mcp::{Entry, Options, Pages, Received, Reply, Toolset, cursor, receive};
use serde_json::{Value, json};
use ttai_fuzz::protocol::{CATALOG, Key, answer, check_batch, check_single};

/// A state as the server hands it out.
static STATE: LazyLock<String> = LazyLock::new(|| {
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "steps", "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }},
    });
    let lines = b"MCP-Protocol-Version: 2026-07-28\nMcp-Method: tools/call\nMcp-Name: steps";
    let options = Options { asks_back: true, ..Options::default() };
    let Received::Ask(ask) = receive(&CATALOG, &options, &ttai_fuzz::headers(lines), body.to_string().as_bytes())
    else {
        panic!("the tool `steps` cannot be called");
    };
    let reply: Value = serde_json::from_slice(&answer(*ask, 0).body.expect("a reply")).unwrap();
    reply["result"]["requestState"].as_str().expect("a state").to_owned()
});

/// A cursor that holds is, letter for letter, one that was issued.
fn check_cursor(body: &[u8]) {
    let Ok(message) = serde_json::from_slice::<Value>(body) else { return };
    let Some(text) = message["params"]["cursor"].as_str() else { return };
    if let Ok(position) = cursor::read(&Key, "list", text) {
        assert_eq!(cursor::issue(&Key, "list", &position), text);
    }
}

fuzz_target!(|data: &[u8]| {
    let (lines, body) = ttai_fuzz::parts(data);
    let headers = ttai_fuzz::headers(lines);
    let text = std::str::from_utf8(body).ok().map(|text| text.replace("{state}", &STATE));
    let body = text.as_ref().map_or(body, |text| text.as_bytes());
    check_cursor(body);
    let toolset = Toolset::parse(&CATALOG, ttai_fuzz::header(&headers, "query").unwrap_or_default());
    let pages = Some(Pages { size: 2, key: &Key });
    for options in
        [Options::default(), Options { compat: false, asks_back: true, sessions: true, toolset: Some(&toolset), pages }]
    {
        match receive(&CATALOG, &options, &headers, body) {
            Received::Reply(reply) => check_single(&reply, text.as_deref()),
            Received::Ask(ask) => check_single(&answer(*ask, 1), text.as_deref()),
            Received::Batch(batch) => {
                let entries = batch.entries.len();
                let reply = Reply::batch(batch.entries.into_iter().map(|entry| match entry {
                    Entry::Reply(reply) => reply,
                    Entry::Ask(ask) => answer(*ask, 1),
                }));
                check_batch(&reply, entries, text.as_deref().expect("a batch is text"));
            }
        }
    }
});
