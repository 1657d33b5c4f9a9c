//! Applications: the development app that everybody may use, and each user's own.

use url::{Host, Url};
use vault::Entropy;

use super::{PersonalApp, random};
use crate::state::State;

/// The development app's client id.
pub(crate) const DEV_CLIENT_ID: &str = "ttai-dev";
/// The development app's client secret.
pub(crate) const DEV_CLIENT_SECRET: &str = "ttai-dev-secret-of-the-simulator";
/// The path that the development app registered, on any port of the loopback host.
pub(crate) const DEV_CALLBACK_PATH: &str = "/oauth/callback";

/// The secret of an application.
pub(crate) fn secret_of<'a>(state: &'a State, client_id: &str) -> Option<&'a str> {
    if client_id == DEV_CLIENT_ID {
        return Some(DEV_CLIENT_SECRET);
    }
    state.personal_apps.values().find(|app| app.client_id == client_id).map(|app| app.client_secret.as_str())
}

/// The name that people see.
pub(crate) fn name_of(client_id: &str) -> &'static str {
    if client_id == DEV_CLIENT_ID { "TTAI (development)" } else { "Personal application" }
}

/// Whether the application registered that address. Only the development app redirects; personal ones use grants.
pub(crate) fn may_redirect_to(client_id: &str, redirect_uri: &str) -> bool {
    if client_id != DEV_CLIENT_ID {
        return false;
    }
    let Ok(url) = Url::parse(redirect_uri) else { return false };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        _ => false,
    };
    // What the parser would tidy up was not registered like this; an explicit port 80 is the one form it may drop.
    let same = redirect_uri == url.as_str()
        || redirect_uri == url.as_str().replacen(DEV_CALLBACK_PATH, ":80/oauth/callback", 1);
    loopback
        && same
        && url.scheme() == "http"
        && url.path() == DEV_CALLBACK_PATH
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}

/// The user's own application, made when it is first asked for; whether it is new.
pub(crate) fn personal(state: &mut State, user: &str, entropy: &dyn Entropy) -> (PersonalApp, bool) {
    if let Some(app) = state.personal_apps.get(user) {
        return (app.clone(), false);
    }
    let app = PersonalApp { client_id: format!("personal-{}", random(entropy, 9)), client_secret: random(entropy, 30) };
    state.personal_apps.insert(user.to_owned(), app.clone());
    (app, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_development_app_redirects_to_loopback_only() {
        for (uri, expected) in [
            ("http://localhost:8787/oauth/callback", true),
            ("http://127.0.0.1:9999/oauth/callback", true),
            ("http://localhost/oauth/callback", true),
            ("http://localhost:80/oauth/callback", true),
            ("https://localhost:8787/oauth/callback", false),
            ("http://localhost:8787/oauth/callback/", false),
            ("http://localhost:8787/oauth/callback?x=1", false),
            ("http://localhost:8787/oauth/callback#x", false),
            ("http://localhost:8787/oauth/../oauth/callback", false),
            ("http://user@localhost:8787/oauth/callback", false),
            ("http://localhost.example.com/oauth/callback", false),
            ("http://example.com/oauth/callback", false),
            ("/oauth/callback", false),
            ("", false),
        ] {
            assert_eq!(may_redirect_to(DEV_CLIENT_ID, uri), expected, "{uri}");
        }
        assert!(!may_redirect_to("other", "http://localhost:8787/oauth/callback"));
    }
}
