//! A visit to the consent page, from its opening to the code: what is shown, and how it ends.
//!
//! The stages are values that are used up: a [`Consent`] is shown and its handle consumed by a decision, an [`Approved`] is
//! finished or failed. The stage itself lies in the database, so that no two requests can both move it.

use domain::{Scopes, Timestamp, UserId};
use store::{
    Database,
    identity::{
        codes,
        codes::CodeRow,
        requests,
        requests::{RequestKind, RequestRow},
    },
};
use vault::{
    Entropy, Secret,
    token::{self, Kind},
};

use crate::{
    ATTEMPTS, CODE, Code, Config, Context, Error, Refusal,
    changes::{Change, What},
    client, later, redirect, session,
};

/// Who wants in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visitor {
    /// An app, which is answered at its redirect address.
    App(App),
    /// The browser itself, which goes to a page of ours.
    Browser {
        /// The path of that page.
        return_to: String,
    },
}

impl Visitor {
    /// The app's id, where it is one.
    pub(crate) fn client_id(&self) -> Option<&str> {
        match self {
            Self::App(app) => Some(&app.client_id),
            Self::Browser { .. } => None,
        }
    }

    /// How the visitor is told of an error.
    pub(crate) fn refuse(&self, config: &Config, error: Error) -> Refusal {
        match self {
            Self::App(app) => Refusal::Redirect(app.error(config, &error)),
            Self::Browser { .. } => Refusal::Page(error),
        }
    }
}

/// The app of a visit: what its authorization request said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its id.
    pub client_id: String,
    /// Where it is answered; validated.
    pub redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) code_challenge: String,
    pub(crate) resource: String,
}

impl App {
    /// The address that tells the app of an error.
    pub(crate) fn error(&self, config: &Config, error: &Error) -> String {
        redirect::with_params(
            &self.redirect_uri,
            &[
                ("error", Some(error.code.as_str())),
                ("error_description", Some(&printable(&error.description))),
                ("state", self.state.as_deref()),
                ("iss", Some(&config.public_url)),
            ],
        )
    }

    fn code(&self, config: &Config, code: &Secret) -> String {
        redirect::with_params(
            &self.redirect_uri,
            &[("code", Some(code.expose())), ("state", self.state.as_deref()), ("iss", Some(&config.public_url))],
        )
    }
}

/// An `error_description` may hold printable ASCII without quotes and backslashes (RFC 6749 4.1.2.1).
fn printable(text: &str) -> String {
    text.chars().filter(|letter| matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\')).collect()
}

/// What the consent page shows, and the two secrets that go with it.
#[derive(Debug, Clone)]
pub struct Consent {
    /// The handle for the form's hidden field `request`.
    pub handle: Secret,
    /// The value for [`crate::cookie::Cookie::Login`], to be set with the page.
    pub browser: Secret,
    /// Who wants in.
    pub visitor: Visitor,
    /// The app's own name for itself, made fit to be shown.
    pub client_name: Option<String>,
    /// What it asks for; empty for a browser.
    pub scopes: Scopes,
    /// Which of these are ticked: all at first, what the person left if the page is shown again.
    pub ticked: Scopes,
    /// What the person has to correct, if the page is shown again.
    pub note: Option<&'static str>,
}

impl Consent {
    /// Where the browser may be sent from this page, as sources for `form-action`.
    pub fn destinations(&self, config: &Config) -> Vec<String> {
        let upstream = config.upstream.as_ref().map(|upstream| upstream.authorize_url.as_str());
        let app = match &self.visitor {
            Visitor::App(app) => Some(app.redirect_uri.as_str()),
            Visitor::Browser { .. } => None,
        };
        [upstream, app].into_iter().flatten().filter_map(redirect::csp_source).collect()
    }
}

/// A login that the user has approved and that is under way: exactly one request holds it. The one way to come by it is a row
/// that says so.
#[derive(Debug)]
#[must_use = "a login that is neither finished nor failed leaves the app waiting"]
pub struct Approved {
    handle_hash: String,
    visitor: Visitor,
    scopes: Scopes,
}

/// Why a login failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The user or TastyTrade said no.
    Denied(String),
    /// TastyTrade, or a part of ours, did not answer.
    Unavailable(String),
    /// Ours to mend.
    Internal(String),
}

impl From<&domain::Error> for Failure {
    fn from(error: &domain::Error) -> Self {
        use domain::Reason;
        let message = error.message.to_string();
        match error.reason {
            Reason::Internal | Reason::NotConfigured | Reason::KeyUnavailable => Self::Internal(message),
            reason if reason.retryable() => Self::Unavailable(message),
            _ => Self::Denied(message),
        }
    }
}

/// A login that succeeded: where the browser goes, and the cookie that it gets.
#[derive(Debug)]
pub struct Finished {
    /// The whole address: the app's with its code, or a page of ours.
    pub location: String,
    /// The value for [`crate::cookie::Cookie::Session`].
    pub session: Secret,
}

impl Approved {
    /// The login of a row that a decision has moved on. A decision is what writes the granted scopes.
    pub(crate) fn read(row: RequestRow) -> Result<Self, Error> {
        let scopes = row.granted_scopes.clone().ok_or_else(broken)?;
        let approved = Self { handle_hash: row.handle_hash.clone(), visitor: visitor(row)?, scopes };
        if matches!(approved.visitor, Visitor::App(_)) && approved.scopes.is_empty() {
            return Err(broken());
        }
        Ok(approved)
    }

    /// The user is known: opens a browser session and, for an app, issues the code.
    pub async fn finish<D: Database, E: Entropy>(
        self,
        cx: &Context<'_, D, E>,
        user: &UserId,
    ) -> Result<Finished, Refusal> {
        let completed = self.complete(cx, user).await;
        cx.changes.tell(Change {
            what: What::Login,
            user: Some(user.clone()),
            client_id: self.visitor.client_id().map(str::to_owned),
            outcome: completed.as_ref().map_or_else(|error| error.code.as_str(), |_| "ok"),
            reason: None,
        });
        completed.map_err(|error| self.visitor.refuse(cx.config, error))
    }

    async fn complete<D: Database, E: Entropy>(
        &self,
        cx: &Context<'_, D, E>,
        user: &UserId,
    ) -> Result<Finished, Error> {
        let session = session::open(cx, user).await?;
        let location = match &self.visitor {
            Visitor::Browser { return_to } => format!("{}{return_to}", cx.config.public_url),
            Visitor::App(app) => app.code(cx.config, &self.issue(cx, app, user).await?),
        };
        Ok(Finished { location, session })
    }

    async fn issue<D: Database, E: Entropy>(
        &self,
        cx: &Context<'_, D, E>,
        app: &App,
        user: &UserId,
    ) -> Result<Secret, Error> {
        let code = token::mint(Kind::Code, cx.entropy);
        let row = CodeRow {
            code_hash: token::hash(code.expose()),
            user_id: user.clone(),
            client_id: app.client_id.clone(),
            redirect_uri: app.redirect_uri.clone(),
            code_challenge: app.code_challenge.clone(),
            resource: app.resource.clone(),
            scopes: self.scopes.clone(),
            created_at: cx.now,
            expires_at: later(cx.now, CODE),
            grant_id: None,
        };
        codes::insert(cx.db, &row).await?;
        Ok(code)
    }

    /// The login failed: how the browser is told.
    pub fn fail(self, config: &Config, failure: Failure) -> Refusal {
        let error = match failure {
            Failure::Denied(message) => Error::new(Code::AccessDenied, message),
            Failure::Unavailable(message) => Error::new(Code::TemporarilyUnavailable, message),
            Failure::Internal(message) => Error::new(Code::ServerError, message),
        };
        self.visitor.refuse(config, error)
    }

    /// The pasted grant was refused: the page once more, with a fresh handle and a word on what to correct. After
    /// [`ATTEMPTS`] such answers the login fails.
    pub async fn ask_again<D: Database, E: Entropy>(
        self,
        cx: &Context<'_, D, E>,
        browser: Secret,
        note: &'static str,
    ) -> Result<Consent, Refusal> {
        let handle = token::mint(Kind::Request, cx.entropy);
        let new_hash = token::hash(handle.expose());
        match requests::reopen(cx.db, &self.handle_hash, &new_hash, ATTEMPTS.saturating_sub(1), cx.now).await? {
            Some(row) => Ok(show(cx, row, self.scopes, (handle, browser), note).await?),
            None => {
                let message = "TastyTrade refused the grant too often. Start again from your app.";
                Err(self.fail(cx.config, Failure::Denied(message.to_owned())))
            }
        }
    }
}

/// The page of a visit that waits again.
pub(crate) async fn show<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    row: RequestRow,
    ticked: Scopes,
    (handle, browser): (Secret, Secret),
    note: &'static str,
) -> Result<Consent, Error> {
    let name = match &row.client_id {
        Some(id) => client::name(cx, id).await?,
        None => None,
    };
    Ok(Consent {
        handle,
        browser,
        client_name: client::display_name(name.as_deref()),
        scopes: row.scopes.clone(),
        ticked,
        note: Some(note),
        visitor: visitor(row)?,
    })
}

fn broken() -> Error {
    Error::new(Code::ServerError, "The login cannot be read back. Start again from your app.")
}

/// Who wants in, from the row.
pub(crate) fn visitor(row: RequestRow) -> Result<Visitor, Error> {
    match row.kind {
        RequestKind::Browser => {
            Ok(Visitor::Browser { return_to: row.return_to.unwrap_or_else(|| session::HOME.to_owned()) })
        }
        RequestKind::Client => Ok(Visitor::App(App {
            client_id: row.client_id.ok_or_else(broken)?,
            redirect_uri: row.redirect_uri.ok_or_else(broken)?,
            state: row.state,
            code_challenge: row.code_challenge.ok_or_else(broken)?,
            resource: row.resource.ok_or_else(broken)?,
        })),
    }
}

/// Stages a visit.
pub(crate) async fn stage<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    visitor: &Visitor,
    scopes: &Scopes,
    browser: Option<Secret>,
) -> Result<(Secret, Secret), Error> {
    let handle = token::mint(Kind::Request, cx.entropy);
    // Tabs of one browser share its cookie, so that logins in several of them do not disturb each other.
    let browser = browser.unwrap_or_else(|| token::mint(Kind::Browser, cx.entropy));
    let row = row(visitor, scopes, token::hash(handle.expose()), token::hash(browser.expose()), cx.now);
    requests::insert(cx.db, &row).await?;
    Ok((handle, browser))
}

fn row(visitor: &Visitor, scopes: &Scopes, handle_hash: String, cookie_hash: String, now: Timestamp) -> RequestRow {
    let (app, return_to) = match visitor {
        Visitor::App(app) => (Some(app), None),
        Visitor::Browser { return_to } => (None, Some(return_to.clone())),
    };
    RequestRow {
        handle_hash,
        kind: if app.is_some() { RequestKind::Client } else { RequestKind::Browser },
        cookie_hash,
        client_id: app.map(|app| app.client_id.clone()),
        redirect_uri: app.map(|app| app.redirect_uri.clone()),
        state: app.and_then(|app| app.state.clone()),
        code_challenge: app.map(|app| app.code_challenge.clone()),
        resource: app.map(|app| app.resource.clone()),
        return_to,
        scopes: scopes.clone(),
        granted_scopes: None,
        attempts: 0,
        created_at: now,
        expires_at: later(now, crate::VISIT),
    }
}
