//! MCP Apps: pages that a client shows inside the conversation (extension `io.modelcontextprotocol/ui`, 2026-01-26).
//!
//! A tool names its page with [`crate::ui_tool_meta!`]; the page is a resource with a `ui:` address and the media type
//! [`UI_MIME_TYPE`], read as [`ResourceContents::page`]. Tools name their page whatever the client declares, since the
//! first request of some clients declares nothing. Out of scope: what a page says to its client, which is the page's.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{catalog::Extension, context::Context, output::ResourceContents};

/// The id of the extension.
pub const UI_EXTENSION: &str = "io.modelcontextprotocol/ui";

/// The media type of a page.
pub const UI_MIME_TYPE: &str = "text/html;profile=mcp-app";

/// The extension, as a catalogue lists it.
pub const UI: Extension = Extension { id: UI_EXTENSION, settings: "{}" };

/// The `_meta` of a tool whose result is shown by the page at this address, a literal. Both the member of the extension
/// and the flat one of its drafts are there: hosts look at either. `model, app` and `app` say who may call the tool; an
/// `app` tool is hidden from the model.
#[macro_export]
macro_rules! ui_tool_meta {
    ($address:literal) => {
        $crate::ui_tool_meta!($address, r#""model","app""#)
    };
    ($address:literal, app) => {
        $crate::ui_tool_meta!($address, r#""app""#)
    };
    ($address:literal, $visibility:literal) => {
        concat!(
            r#"{"ui":{"resourceUri":""#,
            $address,
            r#"","visibility":["#,
            $visibility,
            r#"]},"ui/resourceUri":""#,
            $address,
            r#""}"#
        )
    };
}

/// What a page may load beyond itself; nothing is the best. Sources as in Content-Security-Policy, for example
/// `https://example.com`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Csp {
    /// Whom it may call.
    pub connect_domains: &'static [&'static str],
    /// Where its pictures, styles, scripts and fonts may come from.
    pub resource_domains: &'static [&'static str],
    /// What it may frame.
    pub frame_domains: &'static [&'static str],
    /// What may be the base of its addresses.
    pub base_uri_domains: &'static [&'static str],
}

#[derive(Serialize)]
struct Meta {
    ui: Ui,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ui {
    csp: Csp,
    prefers_border: bool,
}

impl ResourceContents {
    /// A page: one self-contained HTML document, with what it may load always said.
    pub fn page(uri: impl Into<String>, html: impl Into<String>, csp: Csp) -> Self {
        let meta: Option<Box<RawValue>> = to_raw_value(&Meta { ui: Ui { csp, prefers_border: true } }).ok();
        Self { meta, ..Self::text(uri, UI_MIME_TYPE, html) }
    }
}

impl Context {
    /// Whether the client said that it shows pages. One that did not may still show them.
    pub fn shows_pages(&self) -> bool {
        self.declares_extension(UI_EXTENSION)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_tool_names_its_page_in_both_ways() {
        let meta = |text| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(
            meta(ui_tool_meta!("ui://ttai/quote.html")),
            json!({
                "ui": {"resourceUri": "ui://ttai/quote.html", "visibility": ["model", "app"]},
                "ui/resourceUri": "ui://ttai/quote.html",
            })
        );
        assert_eq!(meta(ui_tool_meta!("ui://a", app))["ui"]["visibility"], json!(["app"]));
    }

    #[test]
    fn a_page_says_what_it_may_load() {
        let csp = Csp { resource_domains: &["https://ttai.example"], ..Csp::default() };
        let contents = ResourceContents::page("ui://ttai/quote.html", "<!DOCTYPE html>", csp);
        assert_eq!(
            serde_json::to_value(contents).unwrap(),
            json!({
                "uri": "ui://ttai/quote.html", "mimeType": "text/html;profile=mcp-app", "text": "<!DOCTYPE html>",
                "_meta": {"ui": {
                    "csp": {
                        "connectDomains": [], "resourceDomains": ["https://ttai.example"], "frameDomains": [],
                        "baseUriDomains": [],
                    },
                    "prefersBorder": true,
                }},
            })
        );
    }
}
