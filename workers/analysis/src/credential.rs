//! A user's grant at TastyTrade, between its sealed row and the one call that needs it in clear.

use domain::{Error, Reason, UserId};
use store::identity::users::{self, Credential};
use vault::{Place, SealError, Secret};

use crate::app::App;

/// What a credential opens to.
pub(crate) struct Opened {
    /// The user's own client secret; none where the operator's is used.
    pub(crate) client_secret: Option<Secret>,
    /// The refresh token.
    pub(crate) refresh_token: Secret,
}

impl Opened {
    /// The user's own client secret, or the operator's.
    pub(crate) fn client_secret(&self, app: &App) -> Result<Secret, Error> {
        self.client_secret.as_ref().or(app.config.client_secret.as_ref()).cloned().ok_or_else(|| {
            let message = "TT_CLIENT_SECRET is missing. Set it to the secret of your TastyTrade app.";
            Error::new(Reason::NotConfigured, message)
        })
    }
}

fn place<'a>(user: &'a UserId, id: &'a str, column: &'static str) -> Place<'a> {
    Place { table: Credential::TABLE, column, user: user.as_str(), row: id }
}

/// Seals one value for its column of the credential with this id.
fn seal(app: &App, user: &UserId, id: &str, column: &'static str, value: &Secret) -> Result<String, Error> {
    vault::seal::seal(&app.config.keys, &place(user, id, column), value, &app.entropy)
        .map_err(|_| Error::new(Reason::Internal, "The login could not be sealed. This is ours to mend."))
}

/// Opens a credential. One that lies under the previous key is sealed anew, so that the previous key can be retired.
pub(crate) async fn open(app: &App, user: &UserId, credential: &Credential) -> Result<Opened, Error> {
    let open = |column, sealed: &String| {
        vault::seal::open(&app.config.keys, &place(user, &credential.id, column), sealed)
            .map_err(|error| refused(app, column, error))
    };
    let opened = Opened {
        client_secret: credential
            .client_secret_sealed
            .as_ref()
            .map(|sealed| open(Credential::CLIENT_SECRET, sealed))
            .transpose()?,
        refresh_token: open(Credential::REFRESH_TOKEN, &credential.refresh_token_sealed)?,
    };
    if vault::seal::is_outdated(&app.config.keys, &credential.refresh_token_sealed) {
        let resealed = sealed(app, user, credential.clone(), &opened)?;
        users::reseal_credential(&app.db, user, credential, &resealed, app.now).await?;
    }
    Ok(opened)
}

/// Seals credentials anew that lie under the previous key, `limit` of them. One that does not open stays as it is and does
/// not hold up the others.
pub(crate) async fn reseal(app: &App, limit: u32) -> Result<(), Error> {
    let Some(prefix) = vault::seal::previous_prefix(&app.config.keys) else { return Ok(()) };
    let found = users::sealed_like(&app.db, &prefix, limit).await?;
    let mut done = 0_u32;
    for users::OwnedCredential { user_id, credential } in &found {
        // Opening is what seals anew.
        done += u32::from(open(app, user_id, credential).await.is_ok());
    }
    if !found.is_empty() {
        edge::log::info("credentials sealed anew", &[("done", &done), ("found", &found.len())]);
    }
    Ok(())
}

/// The credential with both of its values sealed under the current key.
pub(crate) fn sealed(app: &App, user: &UserId, credential: Credential, opened: &Opened) -> Result<Credential, Error> {
    let client_secret = opened.client_secret.as_ref();
    let seal = |column, value| seal(app, user, &credential.id, column, value);
    Ok(Credential {
        client_secret_sealed: client_secret.map(|value| seal(Credential::CLIENT_SECRET, value)).transpose()?,
        refresh_token_sealed: seal(Credential::REFRESH_TOKEN, &opened.refresh_token)?,
        ..credential
    })
}

/// Keeps the refresh token that TastyTrade gave in place of the one that was used, unless another login or another mint came
/// first. It cannot be asked for again, so that a database that fails is asked twice.
pub(crate) async fn rotate(app: &App, user: &UserId, id: &str, used: &Secret, rotated: Secret) {
    if vault::token::same(used.expose(), rotated.expose()) {
        return;
    }
    if try_rotate(app, user, id, used, &rotated).await.is_ok() {
        return;
    }
    if let Err(error) = try_rotate(app, user, id, used, &rotated).await {
        edge::log::error("refresh token not kept", &[("error", &error)]);
    }
}

async fn try_rotate(app: &App, user: &UserId, id: &str, used: &Secret, rotated: &Secret) -> Result<(), Error> {
    let Some(credential) = users::credential(&app.db, user).await?.filter(|found| found.id == id) else {
        return Ok(());
    };
    let opened = open(app, user, &credential).await?;
    if !vault::token::same(opened.refresh_token.expose(), used.expose()) {
        return Ok(());
    }
    // Opening may have sealed it anew.
    let Some(credential) = users::credential(&app.db, user).await?.filter(|found| found.id == id) else {
        return Ok(());
    };
    let opened = Opened { refresh_token: rotated.clone(), ..opened };
    let new = sealed(app, user, credential.clone(), &opened)?;
    users::reseal_credential(&app.db, user, &credential, &new, app.now).await?;
    Ok(())
}

fn refused(app: &App, column: &'static str, error: SealError) -> Error {
    edge::log::error("credential does not open", &[("column", &column), ("error", &error)]);
    if error == SealError::UnknownKey {
        return Error::new(
            Reason::KeyUnavailable,
            "Your login is sealed with a key that this server no longer has. Tell its operator, or log in again.",
        );
    }
    reconnect(app)
}

/// Where the trader logs in again.
pub(crate) fn login_url(app: &App) -> String {
    format!("{}/login", app.config.public_url)
}

/// The error that tells the trader that there is no connection, with the link.
pub(crate) fn disconnected(app: &App) -> Error {
    let link = login_url(app);
    let message = format!("TTAI is not connected to TastyTrade. Log in at {link} to connect it.");
    Error::new(Reason::ReconnectRequired, message).with("login_url", link)
}

/// The error that tells the trader to log in again, with the link.
pub(crate) fn reconnect(app: &App) -> Error {
    let link = login_url(app);
    Error::new(
        Reason::ReconnectRequired,
        format!(
            "TastyTrade no longer accepts the permission that you gave to TTAI. Log in again at {link} to renew it."
        ),
    )
    .with("login_url", link)
}
