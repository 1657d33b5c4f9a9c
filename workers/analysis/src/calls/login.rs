//! The calls of a login: redeem the code, try a pasted grant, or take the grant of single-user mode. Each finds out who it
//! is and seals the credential; nothing is stored before TastyTrade has said who the customer is.

use contract::LoggedIn;
use domain::{Error, Reason};
use store::identity::users::{self, Credential, CredentialKind, CredentialStatus};
use vault::Secret;

use crate::{
    app::App,
    credential::{self, Opened},
    follow, jobs, upstream,
};

/// A grant that TastyTrade has just accepted.
struct Accepted {
    credential_id: String,
    kind: CredentialKind,
    access_token: Secret,
    opened: Opened,
}

/// Redeems the code of a login at TastyTrade.
pub(crate) async fn redeem_code(app: &App, code: &str, redirect_uri: &str) -> Result<LoggedIn, Error> {
    let (Some(client_id), Some(client_secret)) = (&app.config.client_id, &app.config.client_secret) else {
        return Err(Error::new(
            Reason::NotConfigured,
            "TT_CLIENT_ID and TT_CLIENT_SECRET are missing, so nobody can log in with TastyTrade. Use your own grant, or \
             set them.",
        ));
    };
    let request = tasty::token::redeem_code(client_id, client_secret.expose(), code, redirect_uri);
    let answer = upstream::send(app, &request, None).await?;
    let tokens = tasty::token::read(&answer).map_err(login_refused)?;
    let refresh_token = tokens.refresh_token.ok_or_else(|| {
        Error::new(
            Reason::UpstreamInvalidResponse,
            "TastyTrade did not hand out a permission that lasts. Log in again.",
        )
    })?;
    let accepted = Accepted {
        credential_id: vault::token::id(&app.entropy),
        kind: CredentialKind::Login,
        access_token: Secret::new(tokens.access_token),
        opened: Opened { client_secret: None, refresh_token: Secret::new(refresh_token) },
    };
    log_in(app, accepted).await
}

/// Tries a grant that the user made at TastyTrade.
pub(crate) async fn try_grant(app: &App, client_secret: String, refresh_token: String) -> Result<LoggedIn, Error> {
    let grant = (Secret::new(client_secret), Secret::new(refresh_token));
    try_own_grant(app, vault::token::id(&app.entropy), grant).await
}

/// The user of single-user mode. The credential's id follows from the grant, so that it is tried once and then known.
pub(crate) async fn single_user(app: &App) -> Result<LoggedIn, Error> {
    let (Some(client_secret), Some(refresh_token)) = (&app.config.client_secret, &app.config.refresh_token) else {
        return Err(Error::new(
            Reason::CredentialsMissing,
            "Credentials not configured. Set TT_CLIENT_SECRET and TT_REFRESH_TOKEN and start again.",
        ));
    };
    let grant = format!("{}\n{}", client_secret.expose(), refresh_token.expose());
    let credential_id = format!("single-user-{}", vault::token::hash(&grant));
    if let Some(user_id) = users::user_of_credential(&app.db, &credential_id).await? {
        return Ok(LoggedIn { user_id, workflow_id: None });
    }
    try_own_grant(app, credential_id, (client_secret.clone(), refresh_token.clone())).await
}

async fn try_own_grant(app: &App, credential_id: String, grant: (Secret, Secret)) -> Result<LoggedIn, Error> {
    let (client_secret, refresh_token) = grant;
    let request = tasty::token::refresh(client_secret.expose(), refresh_token.expose());
    let answer = upstream::send(app, &request, None).await?;
    let tokens = tasty::token::read(&answer).map_err(login_refused)?;
    let accepted = Accepted {
        credential_id,
        kind: CredentialKind::OwnGrant,
        access_token: Secret::new(tokens.access_token),
        opened: Opened { client_secret: Some(client_secret), refresh_token },
    };
    log_in(app, accepted).await
}

/// Asks TastyTrade who this is, seals the credential, and starts the first sync.
async fn log_in(app: &App, accepted: Accepted) -> Result<LoggedIn, Error> {
    let answer = upstream::send(app, &tasty::customer::request(), Some(&accepted.access_token)).await?;
    let customer = tasty::customer::read(&answer)?;
    let user = customer.user_id;
    let is_new = users::upsert_user(&app.db, &user, customer.has_delayed_quotes, app.now).await?;
    let credential = Credential {
        id: accepted.credential_id,
        kind: accepted.kind,
        client_secret_sealed: None,
        refresh_token_sealed: String::new(),
        status: CredentialStatus::Active,
    };
    let credential = credential::sealed(app, &user, credential, &accepted.opened)?;
    users::store_credential(&app.db, &user, &credential, app.now).await?;
    // Pages that were open while nobody was connected are followed again.
    follow::tell(&app.env, user.as_str()).await;
    let workflow_id = if is_new { jobs::start_sync(app, &user).await.ok().map(|job| job.workflow_id) } else { None };
    Ok(LoggedIn { user_id: user, workflow_id })
}

/// What a refused login says; nothing has been stored.
fn login_refused(error: tasty::Error) -> Error {
    match error {
        tasty::Error::GrantRevoked => Error::new(
            Reason::UpstreamRefused,
            "TastyTrade did not accept this. A code works once and for a short time; a grant works until it is revoked. \
             Log in again, or make a new grant and copy both values whole.",
        ),
        tasty::Error::ClientRefused => Error::new(
            Reason::UpstreamRefused,
            "TastyTrade did not accept the client secret. Copy it again, or make a new one at TastyTrade.",
        ),
        other => other.into(),
    }
}
