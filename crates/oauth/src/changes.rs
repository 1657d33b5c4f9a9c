//! What changed about who may come in, for the audit: told while a request is served, written down by whoever serves it.

use std::cell::RefCell;

use domain::UserId;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Somebody logged in.
    Login,
    /// The user denied an app.
    ConsentDenied,
    /// An app exchanged its code and is connected.
    GrantIssued,
    /// An app exchanged its refresh token.
    TokenRefreshed,
    /// A refresh token came back too late and may be stolen: its grant has ended.
    RefreshReused,
    /// A code came twice and may be stolen: what came of it has ended.
    CodeReplayed,
    /// A grant has ended: the app's wish, or TastyTrade's.
    GrantRevoked,
}

impl What {
    /// The word under which it is written down.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::ConsentDenied => "consent_denied",
            Self::GrantIssued => "grant_issued",
            Self::TokenRefreshed => "token_refreshed",
            Self::RefreshReused => "refresh_reused",
            Self::CodeReplayed => "code_replayed",
            Self::GrantRevoked => "grant_revoked",
        }
    }
}

/// A change: who, through which app, what, and how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub what: What,
    /// Whom it concerns, where that is known.
    pub user: Option<UserId>,
    /// The app; `None` for the browser itself.
    pub client_id: Option<String>,
    /// `ok`, or the word of the error that stopped it.
    pub outcome: &'static str,
    /// Why a grant ended, where it did not say so itself.
    pub reason: Option<&'static str>,
}

/// The changes of one request, in their order.
#[derive(Debug, Default)]
pub struct Changes(RefCell<Vec<Change>>);

impl Changes {
    pub(crate) fn tell(&self, change: Change) {
        self.0.borrow_mut().push(change);
    }

    /// A change that went well.
    pub(crate) fn done(&self, what: What, user: &UserId, client_id: Option<&str>) {
        self.tell(Change {
            what,
            user: Some(user.clone()),
            client_id: client_id.map(str::to_owned),
            outcome: "ok",
            reason: None,
        });
    }

    /// A grant has ended. The reason is a word of ours.
    pub(crate) fn revoked(&self, user: &UserId, client_id: Option<&str>, reason: &'static str) {
        self.tell(Change {
            what: What::GrantRevoked,
            user: Some(user.clone()),
            client_id: client_id.map(str::to_owned),
            outcome: "ok",
            reason: Some(reason),
        });
    }

    /// What was told so far; afterwards there is nothing.
    pub fn take(&self) -> Vec<Change> {
        self.0.take()
    }
}
