//! Reading a tool's arguments: forgiving in form, strict in meaning.
//!
//! Models send `"5"` for 5, `"AAPL, MSFT"` or `"[\"AAPL\"]"` for a list, `startDate` for `start_date`, and `null` for what
//! they leave out. The tool's input schema says what is meant, and only a form that can mean nothing else is changed: text
//! stays text where text is wanted, and a number is never made from text that is none. What remains wrong is an
//! `invalid_arguments` error that names the argument's path, for example `legs[0].strike`.
//!
//! Of JSON Schema this reads `type`, `properties`, `required`, `additionalProperties`, `items`, `$ref` into the same text,
//! and `anyOf` or `oneOf` of one schema and `null`, which is what schemars writes for the input types. An object that lists
//! its `properties` takes no others unless `additionalProperties` says so.

use domain::{Error, Reason};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

/// References that lead further than this lead in a circle.
const MAX_REFERENCES: usize = 8;

/// How deep arguments may nest, lists in text included.
const MAX_DEPTH: usize = 64;

/// The most digits that a number in text may have to be read as a binary one without loss.
const EXACT_DIGITS: usize = 15;

/// The longest quotation of an argument in a message, in characters.
const QUOTED: usize = 200;

/// Reads `arguments` as `T`, whose JSON Schema is `schema`.
///
/// # Errors
///
/// `invalid_arguments` for an argument that is unknown, missing, given twice in two spellings, or of the wrong type, with
/// its path in `details.argument`; `internal` for a schema that is no JSON.
pub fn read<T: DeserializeOwned>(schema: &str, arguments: &Map<String, Value>) -> Result<T, Error> {
    let value = forgive(&self::schema(schema)?, Value::Object(arguments.clone()))?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let why = quoted(&error.inner().to_string());
        Error::invalid_argument(&path, format!("`{path}`: {why}. Send it as the tool's input schema says."))
    })
}

/// The schema in this text.
pub(crate) fn schema(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text)
        .map_err(|_| Error::new(Reason::Internal, "The tool's input schema cannot be read. This is ours to mend."))
}

/// Brings `value` into the form that `schema` asks for, where only the form is wrong.
///
/// # Errors
///
/// As [`read`], for what is unknown, missing or given twice. Wrong types are left for the reader to refuse.
pub fn forgive(schema: &Value, value: Value) -> Result<Value, Error> {
    Shaper { root: schema }.shape(schema, value, "", 0)
}

struct Shaper<'s> {
    root: &'s Value,
}

impl<'s> Shaper<'s> {
    fn shape(&self, schema: &'s Value, value: Value, path: &str, depth: usize) -> Result<Value, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::invalid_argument(path, "The arguments nest too deeply."));
        }
        let schema = self.resolve(schema);
        match self.reform(schema, value) {
            // A reader of structs would take its items for fields, in an order that nobody has promised.
            Value::Array(_) if is_type(schema, "object") && !is_type(schema, "array") => {
                Err(Error::invalid_argument(path, format!("`{path}` is a list. Send an object with names.")))
            }
            Value::Array(items) => match schema.get("items") {
                Some(each) => items
                    .into_iter()
                    .enumerate()
                    .map(|(index, item)| self.shape(each, item, &format!("{path}[{index}]"), depth.saturating_add(1)))
                    .collect::<Result<_, _>>()
                    .map(Value::Array),
                None => Ok(Value::Array(items)),
            },
            Value::Object(members) => self.object(schema, members, path, depth).map(Value::Object),
            other => Ok(other),
        }
    }

    /// Follows references, and looks through "this or null".
    fn resolve(&self, mut schema: &'s Value) -> &'s Value {
        for _ in 0..MAX_REFERENCES {
            let next = match schema.get("$ref").and_then(Value::as_str) {
                Some(reference) => reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)),
                None => only_alternative(schema),
            };
            match next {
                Some(next) => schema = next,
                None => break,
            }
        }
        schema
    }

    /// Changes the form of one value, not of what is in it.
    fn reform(&self, schema: &'s Value, value: Value) -> Value {
        let wants = |kind: &str| is_type(schema, kind);
        match value {
            Value::String(text) if !wants("string") => {
                let trimmed = text.trim();
                let reformed = if wants("number") || wants("integer") {
                    number(trimmed)
                } else if wants("boolean") {
                    trimmed.parse().ok().map(Value::Bool)
                } else if wants("array") {
                    self.list(schema, trimmed)
                } else if wants("object") {
                    serde_json::from_str(trimmed).ok().filter(Value::is_object)
                } else {
                    None
                };
                let reformed = reformed.map(|value| self.whole(schema, value));
                reformed.unwrap_or(Value::String(text))
            }
            other => self.whole(schema, other),
        }
    }

    /// `5.0` where an integer is wanted is 5, as JSON Schema has it.
    fn whole(&self, schema: &Value, value: Value) -> Value {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match value.as_f64() {
            Some(float)
                if value.is_f64()
                    && is_type(schema, "integer")
                    && !is_type(schema, "number")
                    && float.fract() == 0.0
                    && float.abs() < EXACT =>
            {
                // Exact: whole, and within what a double counts without gaps.
                Value::from(float as i64)
            }
            _ => value,
        }
    }

    /// A list in text: JSON, or parts between commas where the parts are plain values.
    fn list(&self, schema: &'s Value, text: &str) -> Option<Value> {
        if text.starts_with('[') {
            return serde_json::from_str(text).ok().filter(Value::is_array);
        }
        let item = schema.get("items").map(|items| self.resolve(items))?;
        if is_type(item, "array") || is_type(item, "object") {
            return None;
        }
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        Some(parts.map(Value::from).collect())
    }

    fn object(
        &self,
        schema: &'s Value,
        members: Map<String, Value>,
        path: &str,
        depth: usize,
    ) -> Result<Map<String, Value>, Error> {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Ok(members) };
        let open = matches!(schema.get("additionalProperties"), Some(Value::Bool(true) | Value::Object(_)));
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let mut shaped = Map::new();
        for (key, value) in members {
            let Some((name, property)) = property(properties, &key) else {
                if !open {
                    return Err(unknown(&member(path, &key), properties));
                }
                shaped.insert(key, value);
                continue;
            };
            if value.is_null() && !required.contains(&name) && !self.takes_null(property) {
                continue;
            }
            let at = member(path, name);
            let value = self.shape(property, value, &at, depth.saturating_add(1))?;
            if shaped.insert(name.to_owned(), value).is_some() {
                let message = format!("`{at}` is given twice, in two spellings. Send it once.");
                return Err(Error::invalid_argument(&at, message));
            }
        }
        match required.into_iter().find(|name| !shaped.contains_key(*name)) {
            Some(name) => {
                let at = member(path, name);
                Err(Error::invalid_argument(&at, format!("`{at}` is missing.")))
            }
            None => Ok(shaped),
        }
    }

    fn takes_null(&self, schema: &'s Value) -> bool {
        let alternatives = || ["anyOf", "oneOf"].iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
        is_type(schema, "null") || alternatives().any(|alternative| is_type(alternative, "null"))
    }
}

/// The property of this name, or the only one whose name differs in case and separators alone.
fn property<'s>(properties: &'s Map<String, Value>, key: &str) -> Option<(&'s str, &'s Value)> {
    if let Some((name, schema)) = properties.get_key_value(key) {
        return Some((name, schema));
    }
    let plain = |name: &str| name.chars().filter(|c| !matches!(c, '_' | '-')).collect::<String>().to_ascii_lowercase();
    let wanted = plain(key);
    let mut candidates = properties.iter().filter(|(name, _)| plain(name) == wanted);
    match (candidates.next(), candidates.next()) {
        (Some((name, schema)), None) => Some((name, schema)),
        _ => None,
    }
}

/// The schema in "this schema or null".
fn only_alternative(schema: &Value) -> Option<&Value> {
    let alternatives = schema.get("anyOf").or_else(|| schema.get("oneOf"))?.as_array()?;
    let mut others = alternatives.iter().filter(|alternative| !is_type(alternative, "null"));
    match (others.next(), others.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

fn is_type(schema: &Value, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == kind,
        Some(Value::Array(several)) => several.iter().any(|one| one == kind),
        _ => false,
    }
}

/// The number that a text is, in JSON's spelling.
fn number(text: &str) -> Option<Value> {
    let number: Number = serde_json::from_str(text).ok()?;
    let exact = !number.is_f64() || text.bytes().filter(u8::is_ascii_digit).count() <= EXACT_DIGITS;
    exact.then_some(Value::Number(number))
}

fn member(path: &str, name: &str) -> String {
    let name = quoted(name);
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

fn unknown(path: &str, properties: &Map<String, Value>) -> Error {
    let known: Vec<&str> = properties.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Error::invalid_argument(path, format!("There is no argument `{path}`. Those that there are: {known}."))
}

fn quoted(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Input {
        symbol: String,
        #[serde(default)]
        symbols: Option<Vec<String>>,
        #[serde(default)]
        start_date: Option<String>,
        #[serde(default)]
        min_dte: Option<u32>,
        #[serde(default)]
        threshold: Option<domain::Decimal>,
        #[serde(default)]
        weekly: bool,
        #[serde(default)]
        side: Option<Side>,
        #[serde(default)]
        legs: Vec<Leg>,
        #[serde(default)]
        context: Map<String, Value>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Side {
        Put,
        Call,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Leg {
        strike_price: f64,
    }

    const SCHEMA: &str = r##"{
        "type": "object",
        "properties": {
            "symbol": {"type": "string"},
            "symbols": {"type": ["array", "null"], "items": {"type": "string"}},
            "start_date": {"type": ["string", "null"]},
            "min_dte": {"type": ["integer", "null"], "minimum": 0},
            "threshold": {"anyOf": [{"type": "number"}, {"type": "null"}]},
            "weekly": {"type": "boolean", "default": false},
            "side": {"anyOf": [{"$ref": "#/$defs/Side"}, {"type": "null"}]},
            "legs": {"type": "array", "items": {"$ref": "#/$defs/Leg"}},
            "context": {"type": "object", "additionalProperties": true}
        },
        "required": ["symbol"],
        "$defs": {
            "Side": {"type": "string", "enum": ["put", "call"]},
            "Leg": {"type": "object", "properties": {"strike_price": {"type": "number"}}, "required": ["strike_price"]}
        }
    }"##;

    fn given(value: Value) -> Result<Input, Error> {
        let Value::Object(arguments) = value else { panic!("arguments are an object") };
        read(SCHEMA, &arguments)
    }

    fn shaped(value: Value) -> Value {
        forgive(&serde_json::from_str(SCHEMA).unwrap(), value).unwrap()
    }

    #[test]
    fn forms_that_mean_the_same_are_read_alike() {
        for (given, meant) in [
            (json!({"symbol": "5"}), json!({"symbol": "5"})),
            (json!({"Symbol": "a"}), json!({"symbol": "a"})),
            (json!({"symbol": "a", "symbols": "AAPL, BRK/B,"}), json!({"symbol": "a", "symbols": ["AAPL", "BRK/B"]})),
            (json!({"symbol": "a", "symbols": "[\"A\",\"B\"]"}), json!({"symbol": "a", "symbols": ["A", "B"]})),
            (json!({"symbol": "a", "symbols": "A"}), json!({"symbol": "a", "symbols": ["A"]})),
            (json!({"symbol": "a", "symbols": null}), json!({"symbol": "a", "symbols": null})),
            (json!({"symbol": "a", "startDate": "x"}), json!({"symbol": "a", "start_date": "x"})),
            (json!({"symbol": "a", "start-date": "x"}), json!({"symbol": "a", "start_date": "x"})),
            (json!({"symbol": "a", "minDTE": " 30 "}), json!({"symbol": "a", "min_dte": 30})),
            (json!({"symbol": "a", "minDte": 30.0}), json!({"symbol": "a", "min_dte": 30})),
            (json!({"symbol": "a", "threshold": "-1.5e1"}), json!({"symbol": "a", "threshold": -15.0})),
            (json!({"symbol": "a", "weekly": "true"}), json!({"symbol": "a", "weekly": true})),
            (json!({"symbol": "a", "weekly": null}), json!({"symbol": "a"})),
            (
                json!({"symbol": "a", "legs": "[{\"strikePrice\":\"1\"}]"}),
                json!({"symbol": "a", "legs": [{"strike_price": 1}]}),
            ),
            (json!({"symbol": "a", "context": "{\"aB\":\"1\"}"}), json!({"symbol": "a", "context": {"aB": "1"}})),
        ] {
            assert_eq!(shaped(given.clone()), meant, "{given}");
        }
        let input = given(json!({"symbol": "a", "side": "put", "threshold": "210.5", "legs": []})).unwrap();
        assert_eq!(input.side, Some(Side::Put));
        assert_eq!(input.threshold, Some("210.5".parse().unwrap()));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_and_names_its_path() {
        for (given_arguments, path) in [
            (json!({}), "symbol"),
            (json!({"symbol": 42}), "symbol"),
            (json!({"symbol": null}), "symbol"),
            (json!({"symbol": "a", "Symbol": "b"}), "symbol"),
            (json!({"symbol": "a", "colour": 1}), "colour"),
            (json!({"symbol": "a", "symbols": ["A", 5]}), "symbols[1]"),
            (json!({"symbol": "a", "symbols": "[\"A\""}), "symbols"),
            (json!({"symbol": "a", "symbols": {"a": 1}}), "symbols"),
            (json!({"symbol": "a", "min_dte": "thirty"}), "min_dte"),
            (json!({"symbol": "a", "min_dte": "1,000"}), "min_dte"),
            (json!({"symbol": "a", "min_dte": -1}), "min_dte"),
            (json!({"symbol": "a", "min_dte": 30.5}), "min_dte"),
            (json!({"symbol": "a", "threshold": "NaN"}), "threshold"),
            (json!({"symbol": "a", "weekly": "yes"}), "weekly"),
            (json!({"symbol": "a", "side": "both"}), "side"),
            (json!({"symbol": "a", "legs": [{}]}), "legs[0].strike_price"),
            (json!({"symbol": "a", "legs": [[5]]}), "legs[0]"),
            (json!({"symbol": "a", "context": [5]}), "context"),
            (json!({"symbol": "a", "legs": [{"strike_price": 1, "x": 1}]}), "legs[0].x"),
            (json!({"symbol": "a", "legs": [{"strike_price": "high"}]}), "legs[0].strike_price"),
        ] {
            let error = given(given_arguments.clone()).unwrap_err();
            assert_eq!(error.reason, Reason::InvalidArguments, "{given_arguments}");
            assert_eq!(error.details.get("argument"), Some(&json!(path)), "{given_arguments}: {error}");
            assert!(error.message.contains(path), "{error}");
        }
    }

    #[test]
    fn a_circle_of_references_and_a_broken_schema_end() {
        let circle = json!({"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}});
        assert_eq!(forgive(&circle, json!({"a": "1"})).unwrap(), json!({"a": "1"}));
        assert_eq!(read::<Value>("{", &Map::new()).unwrap_err().reason, Reason::Internal);
    }

    fn any_json() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[\\[\\]{}\",0-9a-zA-Z. -]{0,12}".prop_map(Value::from),
        ];
        let key = prop_oneof![
            Just("symbol".to_owned()),
            Just("minDte".to_owned()),
            Just("legs".to_owned()),
            Just("type".to_owned()),
            Just("properties".to_owned()),
            Just("items".to_owned()),
            Just("anyOf".to_owned()),
            ".{0,6}"
        ];
        leaf.prop_recursive(4, 32, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(key.clone(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest::proptest! {
        #[test]
        fn any_arguments_are_read_or_refused(schema in any_json(), value in any_json()) {
            let _ = forgive(&schema, value.clone());
            if let Value::Object(arguments) = value {
                let _ = read::<Input>(SCHEMA, &arguments);
            }
        }

        #[test]
        fn forgiving_twice_is_forgiving_once(value in any_json()) {
            let schema: Value = serde_json::from_str(SCHEMA).unwrap();
            if let Ok(once) = forgive(&schema, value) {
                proptest::prop_assert_eq!(forgive(&schema, once.clone()).unwrap(), once);
            }
        }

        #[test]
        fn right_arguments_are_left_alone(symbol in ".{0,20}", symbols in proptest::collection::vec(".{0,8}", 0..5), dte in 0_u32.., strike in -1e9..1e9) {
            let right = json!({"symbol": symbol, "symbols": symbols, "min_dte": dte, "legs": [{"strike_price": strike}]});
            proptest::prop_assert_eq!(shaped(right.clone()), right);
        }
    }
}
