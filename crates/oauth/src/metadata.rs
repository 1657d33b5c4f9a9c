//! The well-known documents.

use domain::Scopes;
use serde_json::{Value, json};

use crate::Config;

/// Which of the two MCP addresses a document or a challenge is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `PUBLIC_URL/mcp`, the canonical one.
    Mcp,
    /// `PUBLIC_URL`, the same server.
    Root,
}

impl Endpoint {
    /// The address.
    pub fn resource(self, config: &Config) -> String {
        match self {
            Self::Mcp => config.resource(),
            Self::Root => config.public_url.clone(),
        }
    }

    /// Where its protected-resource document lies.
    pub fn document(self, config: &Config) -> String {
        let suffix = match self {
            Self::Mcp => "/mcp",
            Self::Root => "",
        };
        format!("{}/.well-known/oauth-protected-resource{suffix}", config.public_url)
    }
}

/// The protected-resource document (RFC 9728). It lists no `offline_access`: a refresh token is always issued.
pub fn protected_resource(config: &Config, endpoint: Endpoint) -> Value {
    json!({
        "resource": endpoint.resource(config),
        "authorization_servers": [config.public_url],
        "scopes_supported": scopes(),
        "bearer_methods_supported": ["header"],
        "resource_name": "TTAI",
        "resource_documentation": config.public_url,
    })
}

/// The authorization server's document (RFC 8414).
pub fn authorization_server(config: &Config) -> Value {
    let at = |path: &str| format!("{}/oauth/{path}", config.public_url);
    let mut scopes = scopes();
    scopes.push("offline_access");
    json!({
        "issuer": config.public_url,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "registration_endpoint": at("register"),
        "revocation_endpoint": at("revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": scopes,
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
        "protected_resources": [config.resource(), config.public_url],
        "service_documentation": config.public_url,
    })
}

fn scopes() -> Vec<&'static str> {
    Scopes::all().iter().map(domain::Scope::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_name_this_server() {
        let config = Config { public_url: "https://ttai.example".to_owned(), upstream: None, clients: Vec::new() };
        let mcp = protected_resource(&config, Endpoint::Mcp);
        assert_eq!(mcp["resource"], "https://ttai.example/mcp");
        assert_eq!(mcp["authorization_servers"], json!(["https://ttai.example"]));
        assert_eq!(protected_resource(&config, Endpoint::Root)["resource"], "https://ttai.example");
        assert_eq!(mcp["scopes_supported"].as_array().unwrap().len(), 5);
        let server = authorization_server(&config);
        assert_eq!(server["issuer"], "https://ttai.example");
        assert_eq!(server["authorization_endpoint"], "https://ttai.example/oauth/authorize");
        assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(server["authorization_response_iss_parameter_supported"], true);
        assert_eq!(server["client_id_metadata_document_supported"], true);
    }
}
