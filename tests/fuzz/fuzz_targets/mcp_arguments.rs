//! A tool's arguments: read or refused, and changed in form alone.
//!
//! Input: JSON. Held, for the schemas of the tools and for one with every kind of argument: forgiving twice is forgiving
//! once; text stays what it is where text is wanted; a number comes of a text only if the text is that number; a refusal
//! is `invalid_arguments`, names its argument, and does not grow with what was sent.

#![no_main]

use std::sync::LazyLock;

use contract::{
    config::UpdateConfigInput,
    tool::{GetQuoteInput, GetWorkflowStatusInput},
};
use domain::{Decimal, Error, Reason};
use libfuzzer_sys::fuzz_target;
use mcp::arguments::{forgive, read};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Every kind of argument, as schemars writes them.
const ALL_KINDS: &str = r##"{
    "type": "object",
    "properties": {
        "symbol": {"type": "string"},
        "symbols": {"type": ["array", "null"], "items": {"type": "string"}},
        "min_dte": {"type": ["integer", "null"], "minimum": 0},
        "threshold": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "weekly": {"type": "boolean"},
        "side": {"anyOf": [{"$ref": "#/$defs/Side"}, {"type": "null"}]},
        "legs": {"type": "array", "items": {"$ref": "#/$defs/Leg"}},
        "context": {"type": "object", "additionalProperties": true}
    },
    "required": ["symbol"],
    "$defs": {
        "Side": {"type": "string", "enum": ["put", "call"]},
        "Leg": {"type": "object", "properties": {"strike": {"type": "number"}, "legs": {"type": "array", "items": {"$ref": "#/$defs/Leg"}}}, "required": ["strike"]}
    }
}"##;

#[derive(Deserialize)]
#[expect(dead_code, reason = "what counts is whether it can be read")]
struct AllKinds {
    symbol: String,
    symbols: Option<Vec<String>>,
    min_dte: Option<u32>,
    threshold: Option<Decimal>,
    #[serde(default)]
    weekly: bool,
    side: Option<String>,
    #[serde(default)]
    legs: Vec<Leg>,
    #[serde(default)]
    context: Map<String, Value>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what counts is whether it can be read")]
struct Leg {
    strike: f64,
    #[serde(default)]
    legs: Vec<Leg>,
}

const SCHEMAS: [&str; 4] = [
    ALL_KINDS,
    include_str!("../../../crates/contract/schemas/get_quote.input.json"),
    include_str!("../../../crates/contract/schemas/get_workflow_status.input.json"),
    include_str!("../../../crates/contract/schemas/update_config.input.json"),
];

static PARSED: LazyLock<[Value; 4]> = LazyLock::new(|| SCHEMAS.map(|schema| serde_json::from_str(schema).unwrap()));

/// A refusal is for a person and a program: short, and with the argument's name.
fn check_error(error: &Error) {
    assert_eq!(error.reason, Reason::InvalidArguments, "{error}");
    let argument = error.details.get("argument").and_then(Value::as_str).expect("the argument's name");
    assert!(error.message.contains(argument), "{error}");
    assert!(error.message.chars().count() < 20_000, "{} characters", error.message.len());
}

/// What `forgive` may do to one value.
fn check_form(before: &Value, after: &Value) {
    match (before, after) {
        (Value::String(text), Value::Number(number)) => {
            let meant: f64 = text.trim().parse().expect("a number was made of a text that is none");
            let read = number.as_f64().expect("a number");
            // The JSON reader may be off by the last bit of a binary number.
            assert!((meant - read).abs() <= meant.abs() * 1e-15, "{text} was read as {read}");
        }
        (Value::String(text), Value::Bool(truth)) => assert_eq!(text.trim(), truth.to_string()),
        (Value::String(text), Value::String(same)) => assert_eq!(text, same),
        (Value::Number(one), Value::Number(other)) => assert_eq!(one.as_f64(), other.as_f64()),
        (Value::Array(before), Value::Array(after)) => {
            assert_eq!(before.len(), after.len());
            before.iter().zip(after).for_each(|(before, after)| check_form(before, after));
        }
        (Value::String(_), Value::Array(_) | Value::Object(_)) | (Value::Object(_), Value::Object(_)) => {}
        (before, after) => assert_eq!(before, after),
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    for schema in PARSED.iter() {
        match forgive(schema, value.clone()) {
            Ok(once) => {
                if let (Value::Object(before), Value::Object(after)) = (&value, &once) {
                    for (name, after) in after {
                        if let Some(before) = before.get(name) {
                            check_form(before, after);
                        }
                    }
                    if let Some(text @ Value::String(_)) = before.get("symbol") {
                        assert_eq!(after.get("symbol"), Some(text), "text is wanted and was text");
                    }
                }
                assert_eq!(forgive(schema, once.clone()).expect("what was forgiven is right"), once);
            }
            Err(error) => check_error(&error),
        }
    }
    let Value::Object(arguments) = value else { return };
    let errors = [
        read::<AllKinds>(SCHEMAS[0], &arguments).err(),
        read::<GetQuoteInput>(SCHEMAS[1], &arguments).and_then(|input| input.symbols()).err(),
        read::<GetWorkflowStatusInput>(SCHEMAS[2], &arguments).err(),
        read::<UpdateConfigInput>(SCHEMAS[3], &arguments).err(),
    ];
    errors.iter().flatten().for_each(check_error);
});
