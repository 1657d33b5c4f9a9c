//! What is wrong with a catalogue: for a test of the worker that owns it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    catalog::{Catalog, Icon, Tool},
    mirrored, template,
};

impl Catalog {
    /// What is wrong with the catalogue, one sentence each: for a test of the worker that owns it.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.tools.iter().flat_map(tool_problems).collect();
        problems.extend(twice("Tool", self.tools.iter().map(|tool| tool.name)));
        problems.extend(twice("Prompt", self.prompts.iter().map(|prompt| prompt.name)));
        problems.extend(twice("Resource", self.resources.iter().map(|resource| resource.uri)));
        problems.extend(twice("Template", self.templates.iter().map(|template| template.uri_template)));
        for uri in self.templates.iter().map(|template| template.uri_template) {
            if template::matches(uri, &uri.replace(['{', '}'], "")).is_none_or(|variables| variables.is_empty()) {
                problems.push(format!("Template `{uri}` has no variable or cannot be matched."));
            }
        }
        for prompt in self.prompts {
            for tool in prompt.tools.iter().filter(|name| self.tool(name).is_none()) {
                problems.push(format!("Prompt `{}` leads through the tool `{tool}`, which is not there.", prompt.name));
            }
        }
        let metas = self.resources.iter().map(|resource| (resource.uri, resource.meta));
        for (uri, meta) in metas.chain(self.templates.iter().map(|template| (template.uri_template, template.meta))) {
            if meta.is_some_and(|meta| !is_object(meta)) {
                problems.push(format!("Resource `{uri}`: `_meta` is no JSON object."));
            }
        }
        for extension in self.extensions.iter().filter(|extension| !is_object(extension.settings)) {
            problems.push(format!("Extension `{}`: the settings are no JSON object.", extension.id));
        }
        let icons = (self.server.icons.iter())
            .chain(self.tools.iter().flat_map(|tool| tool.icons))
            .chain(self.resources.iter().flat_map(|resource| resource.icons))
            .chain(self.templates.iter().flat_map(|template| template.icons))
            .chain(self.prompts.iter().flat_map(|prompt| prompt.icons));
        problems.extend(icons.filter_map(icon_problem));
        problems
    }
}

fn twice<'a>(kind: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut known = BTreeSet::new();
    names.filter(|name| !known.insert(*name)).map(|name| format!("{kind} `{name}` is given twice.")).collect()
}

fn tool_problems(tool: &Tool) -> Vec<String> {
    let mut problems = Vec::new();
    let mut report = |problem: &str| problems.push(format!("Tool `{}`: {problem}.", tool.name));
    if !is_tool_name(tool.name) {
        report("the name is not 1 to 64 of A-Z a-z 0-9 _ . / -");
    }
    if tool.description.is_empty() {
        report("there is no description");
    }
    input_schema_problem(tool.input_schema).map(&mut report);
    tool.output_schema.and_then(output_schema_problem).map(&mut report);
    if tool.meta.is_some_and(|meta| !is_object(meta)) {
        report("`_meta` is no JSON object");
    }
    mirrored::problems(tool.input_schema).iter().for_each(|problem| report(problem));
    problems
}

fn icon_problem(icon: &Icon) -> Option<String> {
    let sound = icon.src.starts_with("https://") || icon.src.starts_with("data:image/");
    (!sound || icon.mime_type.is_empty())
        .then(|| format!("Icon `{:.40}` is no https: or data: address of an image with a media type.", icon.src))
}

fn is_tool_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-'))
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}

fn input_schema_problem(text: &str) -> Option<&'static str> {
    let schema = serde_json::from_str::<Value>(text).unwrap_or_default();
    (schema.get("type").and_then(Value::as_str) != Some("object"))
        .then_some("the input schema is no JSON Schema of type object")
}

fn output_schema_problem(text: &str) -> Option<&'static str> {
    let schema = serde_json::from_str::<Value>(text).unwrap_or_default();
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        Some("the output schema is no JSON Schema of type object")
    } else if schema.get("required").is_some() || schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        Some("the output schema does not admit an error object: drop `required` and `additionalProperties` at its root")
    } else if ["anyOf", "oneOf", "allOf"].iter().any(|keyword| schema.get(keyword).is_some()) {
        Some("the output schema has alternatives at its root, which clients stall on")
    } else {
        None
    }
}
