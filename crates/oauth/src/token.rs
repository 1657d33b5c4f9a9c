//! The token endpoint: `POST /oauth/token`.
//!
//! The checks come in an order in which a wrong request has no effect: form, app, code or refresh token, its app, resource,
//! redirect address, PKCE; then everything is used up and made in one transaction. A refresh asks TastyTrade before that
//! whether the user's own grant still holds: one that has ended ends ours, and an outage leaves everything as it is.

use domain::{Scopes, UserId};
use serde_json::{Value, json};
use store::{
    Database,
    identity::{
        clients::ClientRow,
        codes::{self, CodeRow, NewGrant},
        grants::{self, RefreshRow, Rotation},
    },
};
use vault::{
    Claims, Entropy, JwtKeys, Secret,
    token::{self, Kind},
};

use crate::{
    ACCESS, Code, Context, Error, GRACE, MAX_BODY, Params, REFRESH, changes::What, cimd::Documents, client, earlier,
    later, resource,
};

/// Asks TastyTrade whether it still lets this server act for a user.
#[expect(async_fn_in_trait, reason = "futures are not Send on the platform, and need not be")]
pub trait Connections {
    /// Confirms the user's connection; one that was confirmed just now may be answered from memory.
    async fn confirm(&self, user: &UserId) -> Result<Connection, Unconfirmed>;
}

/// How a user is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// TastyTrade accepts the user's grant.
    Holds,
    /// TastyTrade no longer accepts it: the user has to log in again.
    Ended,
    /// The user has disconnected TastyTrade here. What was synced before is still theirs to read.
    Absent,
}

/// Nobody could say; the same question may be answered later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unconfirmed {
    /// How long to wait, in seconds, where that is known.
    pub retry_after: Option<u64>,
}

/// A request to the token or revocation endpoint, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

impl Request<'_> {
    /// The form in the body.
    pub(crate) fn form(&self) -> Result<Params, Error> {
        if !is_form(self.content_type) {
            return Err(Error::request("The Content-Type must be application/x-www-form-urlencoded."));
        }
        if self.body.len() > MAX_BODY {
            return Err(Error::new(Code::TooLarge, "The request is larger than 64 KB."));
        }
        Ok(Params::parse(self.body))
    }
}

/// Whether a content type is that of a form, with or without parameters.
pub fn is_form(content_type: Option<&str>) -> bool {
    let essence = content_type.map(|text| text.split(';').next().unwrap_or_default().trim());
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// Answers a token request; the value is the body of a 200. `ports` are the ways to apps' documents and to TastyTrade.
pub async fn token<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    jwt: &JwtKeys,
    request: &Request<'_>,
    ports: &(impl Documents + Connections),
) -> Result<Value, Error> {
    let form = request.form()?;
    match form.required("grant_type")? {
        "authorization_code" => {
            let client = client::authenticate(cx, ports, request.authorization, &form).await?;
            exchange(cx, jwt, &client, &form).await
        }
        "refresh_token" => {
            let client = client::authenticate(cx, ports, request.authorization, &form).await?;
            refresh(cx, jwt, &client, &form, ports).await
        }
        _ => Err(Error::new(Code::UnsupportedGrantType, "The grant_type must be authorization_code or refresh_token.")),
    }
}

async fn exchange<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    jwt: &JwtKeys,
    client: &ClientRow,
    form: &Params,
) -> Result<Value, Error> {
    let code = form.required("code")?;
    let verifier = verifier(form)?;
    let unknown = || Error::grant("The code is unknown, was used, or has expired. Authorize again.");
    if !Kind::Code.fits(code) {
        return Err(unknown());
    }
    let code = codes::find(cx.db, &token::hash(code)).await?.ok_or_else(unknown)?;
    if code.client_id != client.id {
        return Err(unknown());
    }
    resource::check(cx.config, form)?;
    if form.one("redirect_uri")?.is_some_and(|address| address != code.redirect_uri) {
        return Err(Error::grant("The redirect_uri is not the one that the code was sent to."));
    }
    if !token::same(&token::hash(verifier), &code.code_challenge) {
        return Err(Error::grant("The code_verifier does not match the code_challenge."));
    }
    // From here on the request comes from the app that asked for the code.
    if code.grant_id.is_some() {
        return Err(replayed(cx, &code).await?);
    }
    let made = Made::new(cx, jwt, &code.user_id, &client.id, &token::id(cx.entropy), &code.scopes)?;
    let grant =
        NewGrant { id: &made.grant_id, refresh_hash: &made.refresh_hash, refresh_expires_at: later(cx.now, REFRESH) };
    if codes::exchange(cx.db, &code, &grant, cx.now).await? {
        cx.changes.done(What::GrantIssued, &code.user_id, Some(&client.id));
        return Ok(made.answer);
    }
    match codes::find(cx.db, &code.code_hash).await? {
        Some(code) if code.grant_id.is_some() => Err(replayed(cx, &code).await?),
        _ => Err(unknown()),
    }
}

/// A code that comes twice may have been stolen: what came of it ends (RFC 6749 4.1.2).
async fn replayed<D: Database, E: Entropy>(cx: &Context<'_, D, E>, code: &CodeRow) -> Result<Error, Error> {
    if let Some(grant_id) = &code.grant_id {
        grants::revoke(cx.db, &code.user_id, grant_id, "code_replayed", cx.now).await?;
        cx.changes.done(What::CodeReplayed, &code.user_id, Some(&code.client_id));
    }
    Ok(Error::grant("The code was used before. What came of it has been revoked. Authorize again."))
}

async fn refresh<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    jwt: &JwtKeys,
    client: &ClientRow,
    form: &Params,
    connections: &impl Connections,
) -> Result<Value, Error> {
    let presented = form.required("refresh_token")?;
    let unknown = || Error::grant("The refresh token is unknown, has expired, or was revoked. Authorize again.");
    if !Kind::Refresh.fits(presented) {
        return Err(unknown());
    }
    let old = grants::find_refresh(cx.db, &token::hash(presented)).await?.ok_or_else(unknown)?;
    if old.client_id != client.id {
        return Err(unknown());
    }
    resource::check(cx.config, form)?;
    let scopes = narrowed(form, &old.scopes)?;
    if old.is_revoked == 1 || old.expires_at <= cx.now {
        return Err(unknown());
    }
    if is_late(&old, cx) {
        return Err(reused(cx, &old).await?);
    }
    if old.is_disconnected == 1 {
        return Err(disconnected(cx, &old).await?);
    }
    match connections.confirm(&old.user_id).await {
        Ok(Connection::Holds | Connection::Absent) => {}
        Ok(Connection::Ended) => return Err(disconnected(cx, &old).await?),
        Err(Unconfirmed { retry_after }) => {
            let message = "TastyTrade could not be asked whether the connection still holds. Try again in a moment.";
            let error = Error::new(Code::TemporarilyUnavailable, message);
            return Err(Error { retry_after: retry_after.or(error.retry_after), ..error });
        }
    }
    let made = Made::new(cx, jwt, &old.user_id, &client.id, &old.grant_id, &scopes)?;
    let rotation = Rotation {
        old: &old,
        new_hash: &made.refresh_hash,
        new_expires_at: later(cx.now, REFRESH),
        grace_from: earlier(cx.now, GRACE),
    };
    if !grants::rotate(cx.db, &rotation, cx.now).await? {
        return Err(unknown());
    }
    cx.changes.done(What::TokenRefreshed, &old.user_id, Some(&client.id));
    Ok(made.answer)
}

/// TastyTrade has ended the connection, so ours ends as well.
async fn disconnected<D: Database, E: Entropy>(cx: &Context<'_, D, E>, old: &RefreshRow) -> Result<Error, Error> {
    grants::revoke(cx.db, &old.user_id, &old.grant_id, "upstream_revoked", cx.now).await?;
    cx.changes.revoked(&old.user_id, Some(&old.client_id), "upstream_revoked");
    Ok(Error::grant("TastyTrade no longer accepts the connection. Authorize again."))
}

/// Whether a token was first used longer ago than an answer can be lost on its way.
fn is_late<D, E>(old: &RefreshRow, cx: &Context<'_, D, E>) -> bool {
    old.used_at.is_some_and(|used_at| used_at <= earlier(cx.now, GRACE))
}

/// A refresh token that comes back late may have been stolen: its family ends (RFC 9700 4.14.2).
async fn reused<D: Database, E: Entropy>(cx: &Context<'_, D, E>, old: &RefreshRow) -> Result<Error, Error> {
    grants::revoke(cx.db, &old.user_id, &old.grant_id, "refresh_reused", cx.now).await?;
    cx.changes.done(What::RefreshReused, &old.user_id, Some(&old.client_id));
    Ok(Error::grant("The refresh token was used before. The connection has been revoked. Authorize again."))
}

/// The scopes of this access token: those asked for, if the grant has them all; the grant's if none are.
fn narrowed(form: &Params, granted: &Scopes) -> Result<Scopes, Error> {
    let wider = || Error::new(Code::InvalidScope, "The scope is unknown, or more than the user allowed.");
    let asked = Scopes::parse(form.one("scope")?.unwrap_or_default()).map_err(|_| wider())?;
    if asked.is_empty() {
        return Ok(granted.clone());
    }
    if granted.contains_all(&asked) { Ok(asked) } else { Err(wider()) }
}

fn verifier(form: &Params) -> Result<&str, Error> {
    let verifier = form.required("code_verifier")?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if (43..=128).contains(&verifier.len()) && verifier.bytes().all(legal) {
        Ok(verifier)
    } else {
        Err(Error::request("The code_verifier must be 43 to 128 letters, digits, - . _ or ~."))
    }
}

/// A pair of tokens, made before anything is written, so that a failure to make it uses nothing up.
struct Made {
    grant_id: String,
    refresh_hash: String,
    answer: Value,
}

impl Made {
    fn new<D, E: Entropy>(
        cx: &Context<'_, D, E>,
        jwt: &JwtKeys,
        user: &UserId,
        client_id: &str,
        grant_id: &str,
        scopes: &Scopes,
    ) -> Result<Self, Error> {
        let refresh: Secret = token::mint(Kind::Refresh, cx.entropy);
        let issued = cx.now.timestamp();
        let access = jwt.issue(&Claims {
            iss: cx.config.public_url.clone(),
            aud: cx.config.resource(),
            sub: user.as_str().to_owned(),
            sid: grant_id.to_owned(),
            client_id: client_id.to_owned(),
            scope: scopes.to_string(),
            exp: issued.saturating_add(ACCESS.num_seconds()),
            iat: issued,
            jti: token::id(cx.entropy),
            nbf: None,
        })?;
        let answer = json!({
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": ACCESS.num_seconds(),
            "refresh_token": refresh.expose(),
            "scope": scopes,
        });
        Ok(Self { grant_id: grant_id.to_owned(), refresh_hash: token::hash(refresh.expose()), answer })
    }
}
