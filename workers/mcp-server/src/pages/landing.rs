//! What TTAI is, its address, and how each client connects.

use askama::Template;
use domain::Error;
use edge::http::Response;

use super::{Policy, page};
use crate::config::{Config, Mode};

#[derive(Template)]
#[template(path = "landing.html")]
struct Landing<'a> {
    mcp_url: &'a str,
    /// The JSON for Claude Desktop's configuration file.
    desktop: &'a str,
    is_single_user: bool,
}

/// The landing page.
pub(crate) fn render(config: &Config) -> Result<Response, Error> {
    let mcp_url = config.oauth.resource();
    let desktop = format!(
        "{{\n  \"mcpServers\": {{\n    \"ttai\": {{\n      \"command\": \"npx\",\n      \"args\": [\"-y\", \"mcp-remote\",\n        {},\n        \
         \"--auth-timeout\", \"300\"]\n    }}\n  }}\n}}",
        serde_json::json!(mcp_url)
    );
    let is_single_user = matches!(config.mode, Mode::SingleUser);
    page(200, &Landing { mcp_url: &mcp_url, desktop: &desktop, is_single_user }, &Policy::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    #[test]
    fn the_page_names_the_address_and_its_json_is_json() {
        let oauth =
            oauth::Config { public_url: "https://ttai.example".to_owned(), upstream: None, clients: Vec::new() };
        let keys = vault::KeyRing::parse(Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), None).unwrap();
        let seal = edge::mcp::seal::RingSeal(keys);
        let limits = crate::rate::Limits::parse(|_| None).unwrap();
        let config = Config {
            environment: Environment::Production,
            mode: Mode::SingleUser,
            limits,
            oauth,
            cimd_hosts: Default::default(),
            seal,
        };
        let response = render(&config).unwrap();
        let html = std::str::from_utf8(response.body()).unwrap();
        assert!(html.contains("<code id=\"mcp-url\" class=\"copy\">https://ttai.example/mcp</code>"));
        let shown = html.split("<pre><code class=\"copy\">{").nth(1).unwrap().split("</code>").next().unwrap();
        let shown = format!("{{{}", shown.replace("&#34;", "\""));
        let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(json["mcpServers"]["ttai"]["args"][2], "https://ttai.example/mcp");
    }
}
