//! The `resource` parameter (RFC 8707): whether a token is asked for this server.

use url::Url;

use crate::{Code, Config, Error, Params};

/// Reads `resource`. Absent means this server. Accepted are the public URL and its `/mcp`, with or without a trailing slash
/// and with whatever query the client's address has.
pub fn check(config: &Config, params: &Params) -> Result<(), Error> {
    let mut given = params.all("resource");
    let refuse = || Err(Error::new(Code::InvalidTarget, "The resource is not this server."));
    match (given.next(), given.next()) {
        (None, _) => Ok(()),
        (Some(resource), None) if is_ours(config, resource) => Ok(()),
        _ => refuse(),
    }
}

fn is_ours(config: &Config, resource: &str) -> bool {
    let (Ok(ours), Ok(theirs)) = (Url::parse(&config.public_url), Url::parse(resource)) else { return false };
    let base = ours.path().trim_end_matches('/');
    let rest = theirs.path().strip_prefix(base);
    theirs.origin() == ours.origin()
        && theirs.username().is_empty()
        && theirs.password().is_none()
        && theirs.fragment().is_none()
        && matches!(rest, Some("" | "/" | "/mcp" | "/mcp/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_endpoints_are_ours_and_nothing_else() {
        let config = Config { public_url: "https://ttai.example".to_owned(), upstream: None, clients: Vec::new() };
        let check = |resource: &str| check(&config, &Params::from_iter([("resource", resource)])).is_ok();
        for ours in [
            "https://ttai.example",
            "https://ttai.example/",
            "https://ttai.example/mcp",
            "https://TTAI.example/mcp/",
            "https://ttai.example/mcp?tools=market",
            "https://ttai.example:443/mcp",
        ] {
            assert!(check(ours), "{ours}");
        }
        for other in [
            "https://evil.example/mcp",
            "http://ttai.example/mcp",
            "https://ttai.example/mcp#x",
            "https://ttai.example/mcp/x",
            "https://x@ttai.example/mcp",
            "https://ttai.example:8443/mcp",
            "mcp",
        ] {
            assert!(!check(other), "{other}");
        }
        let twice = Params::from_iter([("resource", "https://ttai.example"), ("resource", "https://ttai.example")]);
        assert!(super::check(&config, &twice).is_err());
    }
}
