//! Forms for the user: flat, with fields of plain types, written in the dialect of each revision.

use domain::{Error, Reason};
use serde::Serialize;
use serde_json::{Map, Number, Value, json};

use crate::{arguments, json::present, version::Revision};

/// A form.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// Its fields, in their order.
    pub fields: Vec<Field>,
}

/// A field of a form. It must be filled in unless [`Field::optional`] says otherwise.
#[derive(Debug, Clone)]
pub struct Field {
    /// For programs.
    pub name: String,
    /// For people.
    pub title: Option<String>,
    /// What is to be filled in, for people.
    pub description: Option<String>,
    /// Whether the form may be sent without it.
    pub is_optional: bool,
    /// What can be filled in.
    pub kind: FieldKind,
}

/// What can be filled in.
#[derive(Debug, Clone)]
pub enum FieldKind {
    /// Text.
    Text {
        /// What the text is.
        format: Option<Format>,
        /// The fewest and the most characters.
        length: (Option<u32>, Option<u32>),
        /// What is filled in to begin with.
        default: Option<String>,
    },
    /// A number.
    Number {
        /// Whether it is a whole one.
        is_integer: bool,
        /// The least and the greatest.
        range: (Option<Number>, Option<Number>),
        /// What is filled in to begin with.
        default: Option<Number>,
    },
    /// Yes or no.
    Flag {
        /// What is filled in to begin with.
        default: Option<bool>,
    },
    /// One of several. Titles are shown where all choices have one.
    One {
        /// The choices.
        choices: Vec<Choice>,
        /// The value that is chosen to begin with.
        default: Option<String>,
        /// Writes titles the way of revision 2025-06-18 in later ones too, as `enumNames`.
        has_old_titles: bool,
    },
    /// Any of several. From revision 2025-11-25. Titles are shown where all choices have one.
    Many {
        /// The choices.
        choices: Vec<Choice>,
        /// The fewest and the most that may be chosen.
        count: (Option<u32>, Option<u32>),
        /// The values that are chosen to begin with.
        default: Option<Vec<String>>,
    },
}

/// What text in a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// An address of electronic mail.
    Email,
    /// A URI.
    Uri,
    /// A date.
    Date,
    /// A date with a time.
    DateTime,
}

/// Something that can be chosen.
#[derive(Debug, Clone)]
pub struct Choice {
    /// For programs.
    pub value: String,
    /// For people.
    pub title: Option<String>,
}

impl Choice {
    /// A choice that is shown as it is.
    pub fn plain(value: impl Into<String>) -> Self {
        Self { value: value.into(), title: None }
    }

    /// A choice with a title.
    pub fn titled(value: impl Into<String>, title: impl Into<String>) -> Self {
        Self { value: value.into(), title: Some(title.into()) }
    }
}

impl Field {
    /// A field of this kind.
    pub fn new(name: impl Into<String>, kind: FieldKind) -> Self {
        Self { name: name.into(), title: None, description: None, is_optional: false, kind }
    }

    /// A field for text.
    pub fn text(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Text { format: None, length: (None, None), default: None })
    }

    /// A field for a number.
    pub fn number(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Number { is_integer: false, range: (None, None), default: None })
    }

    /// A field for yes or no.
    pub fn flag(name: impl Into<String>) -> Self {
        Self::new(name, FieldKind::Flag { default: None })
    }

    /// A field for one of several.
    pub fn one(name: impl Into<String>, choices: impl IntoIterator<Item = Choice>) -> Self {
        let choices = choices.into_iter().collect();
        Self::new(name, FieldKind::One { choices, default: None, has_old_titles: false })
    }

    /// A field for any of several.
    pub fn many(name: impl Into<String>, choices: impl IntoIterator<Item = Choice>) -> Self {
        let choices = choices.into_iter().collect();
        Self::new(name, FieldKind::Many { choices, count: (None, None), default: None })
    }

    /// With a title for people.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// With a description for people.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// May be left empty.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    fn schema(&self, revision: Revision) -> Value {
        let mut schema = match &self.kind {
            FieldKind::Text { format, length, default } => present(json!({
                "type": "string", "format": format, "minLength": length.0, "maxLength": length.1, "default": default,
            })),
            FieldKind::Number { is_integer, range, default } => present(json!({
                "type": if *is_integer { "integer" } else { "number" },
                "minimum": range.0, "maximum": range.1, "default": default,
            })),
            FieldKind::Flag { default } => present(json!({ "type": "boolean", "default": default })),
            FieldKind::One { choices, default, has_old_titles } => {
                let old = *has_old_titles || revision < Revision::V2025_11_25;
                present(one_of(choices, default.as_deref(), old))
            }
            FieldKind::Many { choices, count, default } => present(json!({
                "type": "array", "items": any_of(choices),
                "minItems": count.0, "maxItems": count.1, "default": default,
            })),
        };
        for (name, text) in [("title", &self.title), ("description", &self.description)] {
            if let Some(text) = text {
                schema.insert(name.to_owned(), text.as_str().into());
            }
        }
        Value::Object(schema)
    }
}

fn titles(choices: &[Choice]) -> Option<Vec<&str>> {
    choices.iter().map(|choice| choice.title.as_deref()).collect()
}

fn values(choices: &[Choice]) -> Vec<&str> {
    choices.iter().map(|choice| choice.value.as_str()).collect()
}

fn pairs(choices: &[Choice]) -> Vec<Value> {
    choices.iter().map(|choice| json!({ "const": choice.value, "title": choice.title })).collect()
}

fn one_of(choices: &[Choice], default: Option<&str>, old: bool) -> Value {
    match titles(choices) {
        Some(titles) if old => {
            json!({ "type": "string", "enum": values(choices), "enumNames": titles, "default": default })
        }
        Some(_) => json!({ "type": "string", "oneOf": pairs(choices), "default": default }),
        None => json!({ "type": "string", "enum": values(choices), "default": default }),
    }
}

fn any_of(choices: &[Choice]) -> Value {
    match titles(choices) {
        Some(_) => json!({ "anyOf": pairs(choices) }),
        None => json!({ "type": "string", "enum": values(choices) }),
    }
}

impl Form {
    /// A form of these fields.
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Self {
        Self { fields: fields.into_iter().collect() }
    }

    /// Whether the revision has words for every field.
    pub(crate) fn is_known_to(&self, revision: Revision) -> bool {
        revision >= Revision::V2025_11_25
            || !self.fields.iter().any(|field| matches!(field.kind, FieldKind::Many { .. }))
    }

    /// The form as the JSON Schema of a revision.
    pub(crate) fn schema(&self, revision: Revision) -> Value {
        let properties: Map<String, Value> =
            self.fields.iter().map(|field| (field.name.clone(), field.schema(revision))).collect();
        let required: Vec<&str> =
            self.fields.iter().filter(|field| !field.is_optional).map(|field| field.name.as_str()).collect();
        json!({ "type": "object", "properties": properties, "required": required })
    }

    /// What was filled in, as far as it belongs to the form: numbers and flags may come as text, anything that is not asked
    /// for is left out.
    ///
    /// # Errors
    ///
    /// `invalid_arguments` for a field that is missing or filled in with something else than it takes, with its name in
    /// `details.argument`. The client should have seen to it; ask again.
    pub fn check(&self, filled_in: &Map<String, Value>) -> Result<Map<String, Value>, Error> {
        let known: Map<String, Value> = filled_in
            .iter()
            .filter(|(name, value)| !value.is_null() && self.fields.iter().any(|field| field.name == **name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let Value::Object(known) = arguments::forgive(&self.schema(Revision::V2025_11_25), Value::Object(known))?
        else {
            return Err(Error::new(Reason::Internal, "The form could not be read. This is ours to mend."));
        };
        for field in &self.fields {
            if let Some(value) = known.get(&field.name)
                && !field.kind.takes(value)
            {
                let message = format!("`{}` is not filled in with what it takes.", field.name);
                return Err(Error::invalid_argument(&field.name, message));
            }
        }
        Ok(known)
    }
}

impl FieldKind {
    fn takes(&self, value: &Value) -> bool {
        let within = |count: usize, (least, most): (Option<u32>, Option<u32>)| {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            least.is_none_or(|least| count >= least) && most.is_none_or(|most| count <= most)
        };
        match (self, value) {
            (Self::Text { length, .. }, Value::String(text)) => within(text.chars().count(), *length),
            (Self::Number { is_integer, range: (least, most), .. }, Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                let bound = |bound: &Option<Number>| bound.as_ref().and_then(Number::as_f64);
                (!is_integer || number.fract() == 0.0)
                    && bound(least).is_none_or(|least| number >= least)
                    && bound(most).is_none_or(|most| number <= most)
            }
            (Self::Flag { .. }, Value::Bool(_)) => true,
            (Self::One { choices, .. }, Value::String(text)) => is_choice(choices, text),
            (Self::Many { choices, count, .. }, Value::Array(items)) => {
                within(items.len(), *count)
                    && items.iter().all(|item| item.as_str().is_some_and(|text| is_choice(choices, text)))
            }
            _ => false,
        }
    }
}

fn is_choice(choices: &[Choice], text: &str) -> bool {
    choices.iter().any(|choice| choice.value == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form::new([
            Field::text("name"),
            Field::new(
                "count",
                FieldKind::Number { is_integer: true, range: (Some(1.into()), Some(10.into())), default: None },
            ),
            Field::flag("sure").optional(),
            Field::one("side", [Choice::titled("buy", "Buy"), Choice::titled("sell", "Sell")]).optional(),
            Field::many("legs", [Choice::plain("put"), Choice::plain("call")]).optional(),
        ])
    }

    #[test]
    fn what_is_filled_in_is_taken_or_refused() {
        for (filled_in, expected) in [
            (json!({"name": "a", "count": 3}), Some(json!({"name": "a", "count": 3}))),
            (
                json!({"name": "a", "count": "3", "sure": "true", "more": 1}),
                Some(json!({"name": "a", "count": 3, "sure": true})),
            ),
            (
                json!({"name": "a", "count": 3, "side": "buy", "legs": ["put"]}),
                Some(json!({"name": "a", "count": 3, "side": "buy", "legs": ["put"]})),
            ),
            (json!({"name": "a", "count": 3, "side": null}), Some(json!({"name": "a", "count": 3}))),
            (json!({"name": "a"}), None),
            (json!({"name": 5, "count": 3}), None),
            (json!({"name": "a", "count": 11}), None),
            (json!({"name": "a", "count": 1.5}), None),
            (json!({"name": "a", "count": 3, "sure": 1}), None),
            (json!({"name": "a", "count": 3, "side": "hold"}), None),
            (json!({"name": "a", "count": 3, "legs": ["stock"]}), None),
        ] {
            let checked = form().check(filled_in.as_object().unwrap()).ok().map(Value::Object);
            assert_eq!(checked, expected, "{filled_in}");
        }
    }

    #[test]
    fn titles_are_written_in_the_dialect_of_the_revision() {
        let side = |revision| form().schema(revision).pointer("/properties/side").cloned().unwrap();
        assert_eq!(
            side(Revision::V2025_06_18),
            json!({"type": "string", "enum": ["buy", "sell"], "enumNames": ["Buy", "Sell"]})
        );
        assert_eq!(
            side(Revision::V2026_07_28),
            json!({"type": "string", "oneOf": [{"const": "buy", "title": "Buy"}, {"const": "sell", "title": "Sell"}]})
        );
        assert!(!form().is_known_to(Revision::V2025_06_18));
        assert!(form().is_known_to(Revision::V2025_11_25));
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_taken_or_refused(name in ".{0,5}", text in ".{0,9}", number in proptest::num::f64::ANY) {
            for value in [Value::from(text.clone()), Value::from(number), json!([text]), json!({"a": number})] {
                let mut filled_in = Map::new();
                for field in ["name", "count", "sure", "side", "legs", &name] {
                    filled_in.insert(field.to_owned(), value.clone());
                }
                let _ = form().check(&filled_in);
            }
        }
    }
}
