//! `/settings/apps`: the apps that were let in.

use askama::Template;
use domain::{Error, Scope};
use edge::http::Response;
use oauth::{client, redirect, session::Session};
use store::identity::grants::Connected;

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

impl From<Connected> for App {
    fn from(row: Connected) -> Self {
        let addresses: Vec<String> = if row.client_id.starts_with("https://") {
            vec![row.client_id]
        } else {
            row.redirect_uris.and_then(|list| serde_json::from_str(&list).ok()).unwrap_or_default()
        };
        let mut hosts: Vec<String> = addresses.iter().map(|address| redirect::host(address)).collect();
        hosts.sort_unstable();
        hosts.dedup();
        Self {
            grant: row.id,
            name: client::display_name(row.name.as_deref()).unwrap_or_else(|| "An app without a name".to_owned()),
            hosts,
            scopes: row.scopes.iter().map(Scope::in_plain_words).collect(),
            since: moment(row.created_at),
            used: moment(row.last_used_at),
        }
    }
}

/// The page.
pub(crate) fn render(session: &Session, apps: Vec<Connected>, done: Option<&str>) -> Result<Response, Error> {
    let apps = apps.into_iter().map(App::from).collect();
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
        let app = App::from(row("ttai_x", Some("Claude\u{202e}"), Some(twice)));
        assert_eq!(
            (app.name.as_str(), app.hosts),
            ("Claude", vec!["claude.ai".to_owned(), "localhost:3334".to_owned()])
        );
        assert_eq!(
            (app.since.as_str(), app.used.as_str()),
            ("20 November 2026, 15:30 UTC", "20 November 2026, 15:31 UTC")
        );
        let app = App::from(row("https://app.example/client.json", None, None));
        assert_eq!((app.name.as_str(), app.hosts), ("An app without a name", vec!["app.example".to_owned()]));
        assert!(App::from(row("ttai_x", None, None)).hosts.is_empty());
    }
}
