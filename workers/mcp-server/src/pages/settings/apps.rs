//! `/settings/apps`: the apps that were let in.

use askama::Template;
use domain::{Error, Scope};
use edge::http::Response;
use oauth::{Config, client, redirect, session::Session};
use store::identity::{clients::ClientRow, grants::Connected};

use super::{Frame, Section};
use crate::pages::{Policy, moment, page};

#[derive(Template)]
#[template(path = "settings/apps.html")]
struct Apps<'a> {
    frame: Frame<'a>,
    apps: Vec<App>,
}

struct App {
    grant: String,
    /// The app's own claim.
    name: String,
    /// What was checked: where it is answered, or the address that its id is.
    hosts: Vec<String>,
    scopes: Vec<&'static str>,
    since: String,
    used: String,
}

impl App {
    /// The app as it is shown; `configured` are those that the operator set up, of which the database knows the ids alone.
    fn of(row: Connected, configured: &[ClientRow]) -> Self {
        let set_up = configured.iter().find(|client| client.id == row.client_id);
        let name = row.name.or_else(|| set_up.and_then(|client| client.name.clone()));
        let uris = row.redirect_uris.or_else(|| set_up.map(|client| client.redirect_uris.clone()));
        let addresses: Vec<String> = if row.client_id.starts_with("https://") {
            vec![row.client_id]
        } else {
            uris.and_then(|list| serde_json::from_str(&list).ok()).unwrap_or_default()
        };
        let mut hosts: Vec<String> = addresses.iter().map(|address| redirect::host(address)).collect();
        hosts.sort_unstable();
        hosts.dedup();
        Self {
            grant: row.id,
            name: client::display_name(name.as_deref()).unwrap_or_else(|| "An app without a name".to_owned()),
            hosts,
            scopes: row.scopes.iter().map(Scope::in_plain_words).collect(),
            since: moment(row.created_at),
            used: moment(row.last_used_at),
        }
    }
}

/// The page.
pub(crate) fn render(
    session: &Session,
    config: &Config,
    apps: Vec<Connected>,
    done: Option<&str>,
) -> Result<Response, Error> {
    let apps = apps.into_iter().map(|row| App::of(row, &config.clients)).collect();
    page(200, &Apps { frame: Frame::new(session, Section::Apps, done), apps }, &Policy::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_shown_by_where_it_is_answered() {
        let row = |client_id: &str, name: Option<&str>, uris: Option<&str>| Connected {
            id: "g1".to_owned(),
            client_id: client_id.to_owned(),
            name: name.map(str::to_owned),
            redirect_uris: uris.map(str::to_owned),
            scopes: domain::Scopes::all(),
            created_at: testkit::now(),
            last_used_at: testkit::after(60),
        };
        let twice = r#"["https://claude.ai/a","https://claude.ai/b","http://localhost:3334/cb"]"#;
        let app = App::of(row("ttai_x", Some("Claude\u{202e}"), Some(twice)), &[]);
        assert_eq!(
            (app.name.as_str(), app.hosts),
            ("Claude", vec!["claude.ai".to_owned(), "localhost:3334".to_owned()])
        );
        assert_eq!(
            (app.since.as_str(), app.used.as_str()),
            ("20 November 2026, 15:30 UTC", "20 November 2026, 15:31 UTC")
        );
        let app = App::of(row("https://app.example/client.json", None, None), &[]);
        assert_eq!((app.name.as_str(), app.hosts), ("An app without a name", vec!["app.example".to_owned()]));
        assert!(App::of(row("ttai_x", None, None), &[]).hosts.is_empty());
        let set_up = ClientRow {
            id: "desk".to_owned(),
            name: Some("The desk".to_owned()),
            redirect_uris: r#"["https://desk.example/cb"]"#.to_owned(),
            auth_method: "none".to_owned(),
            secret_hash: None,
            metadata: "{}".to_owned(),
            fingerprint: String::new(),
            created_at: testkit::now(),
            expires_at: testkit::now(),
        };
        let app = App::of(row("desk", None, None), &[set_up]);
        assert_eq!((app.name.as_str(), app.hosts), ("The desk", vec!["desk.example".to_owned()]));
    }
}
