//! `POST /oauth/token`: codes and refresh tokens become access tokens; and the check of access tokens.

use chrono::TimeDelta;
use domain::Timestamp;
use http::header;
use serde_json::{Value, json};
use vault::Entropy;

use super::{
    Code, Grant, apps,
    jwt::{self, Claims, ISSUER, Use},
    random,
};
use crate::{
    call::{self, Call, Pairs, Reply, first},
    state::State,
    users::{self, User},
    wire::Refusal,
};

/// Where the endpoint is.
pub(crate) const PATH: &str = "/oauth/token";

/// A refusal of the token endpoint: always 400, with the code under `error_code`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenError {
    code: &'static str,
    description: &'static str,
}

impl TokenError {
    const fn new(code: &'static str, description: &'static str) -> Self {
        Self { code, description }
    }

    /// The grant is gone.
    pub(crate) const fn revoked() -> Self {
        Self::new("invalid_grant", "Grant has been revoked")
    }
}

/// The answer of the endpoint.
pub(crate) fn answer(state: &mut State, call: &Call, wall: Timestamp, entropy: &dyn Entropy) -> Reply {
    let outcome = call::fields(call)
        .ok_or(TokenError::new("invalid_request", "The body is neither a JSON object nor a form"))
        .and_then(|fields| exchange(state, &fields, wall, entropy));
    match outcome {
        Ok(body) => call::json(200, &body),
        Err(error) => {
            state.mints.refused += 1;
            refused(&error)
        }
    }
}

/// How the endpoint refuses.
pub(crate) fn refused(error: &TokenError) -> Reply {
    call::json(400, &json!({ "error_code": error.code, "error_description": error.description }))
}

fn exchange(state: &mut State, fields: &Pairs, wall: Timestamp, entropy: &dyn Entropy) -> Result<Value, TokenError> {
    match first(fields, "grant_type") {
        Some("authorization_code") => with_code(state, fields, wall, entropy),
        Some("refresh_token") => with_refresh_token(state, fields, wall),
        Some(_) => Err(TokenError::new("unsupported_grant_type", "The grant type is not supported")),
        None => Err(TokenError::new("invalid_request", "grant_type is missing")),
    }
}

fn required<'a>(fields: &'a Pairs, name: &str, missing: &'static str) -> Result<&'a str, TokenError> {
    first(fields, name).filter(|value| !value.is_empty()).ok_or(TokenError::new("invalid_request", missing))
}

fn with_code(state: &mut State, fields: &Pairs, wall: Timestamp, entropy: &dyn Entropy) -> Result<Value, TokenError> {
    let client_id = required(fields, "client_id", "client_id is missing")?;
    let secret = required(fields, "client_secret", "client_secret is missing")?;
    let redirect_uri = required(fields, "redirect_uri", "redirect_uri is missing")?;
    let code = required(fields, "code", "code is missing")?;
    check_client(state, client_id, secret)?;
    let Code { request, user, expires } =
        state.codes.remove(code).ok_or(TokenError::new("invalid_grant", "Invalid authorization code"))?;
    if request.client_id != client_id || request.redirect_uri != redirect_uri || wall >= expires {
        return Err(TokenError::new("invalid_grant", "Invalid authorization code"));
    }
    let grant = Grant { user, client_id: request.client_id, scopes: request.scopes, created: wall };
    let id = add_grant(state, grant.clone(), entropy);
    let mut body = mint(state, &id, &grant, "authorization_code", wall);
    if let Some(fields) = body.as_object_mut() {
        fields.insert("refresh_token".to_owned(), json!(refresh_token(&id, &grant)));
        if grant.scopes.iter().any(|scope| scope == "openid") {
            fields.insert("id_token".to_owned(), json!(id_token(&grant, wall)));
        }
    }
    Ok(body)
}

fn with_refresh_token(state: &mut State, fields: &Pairs, wall: Timestamp) -> Result<Value, TokenError> {
    let token = required(fields, "refresh_token", "refresh_token is missing")?;
    let secret = required(fields, "client_secret", "client_secret is missing")?;
    let claims = jwt::read::<Claims>(token)
        .filter(|claims| claims.token_use == Use::Refresh)
        .ok_or(TokenError::new("invalid_grant", "Invalid JWT"))?;
    let grant = state.grants.get(&claims.gid).cloned().ok_or(TokenError::revoked())?;
    if first(fields, "client_id").is_some_and(|client_id| client_id != grant.client_id) {
        return Err(TokenError::new("invalid_client", "The client does not match the token"));
    }
    check_client(state, &grant.client_id, secret)?;
    Ok(mint(state, &claims.gid, &grant, "refresh_token", wall))
}

fn check_client(state: &State, client_id: &str, secret: &str) -> Result<(), TokenError> {
    let right = apps::secret_of(state, client_id) == Some(secret);
    right.then_some(()).ok_or(TokenError::new("invalid_client", "Invalid client credentials"))
}

/// Keeps a grant; its id.
pub(crate) fn add_grant(state: &mut State, grant: Grant, entropy: &dyn Entropy) -> String {
    let id = random(entropy, 16);
    state.grants.insert(id.clone(), grant);
    id
}

/// The refresh token of a grant; always the same one.
pub(crate) fn refresh_token(id: &str, grant: &Grant) -> String {
    jwt::sign(&Claims {
        iss: ISSUER.to_owned(),
        sub: grant.user.clone(),
        gid: id.to_owned(),
        scope: grant.scopes.join(" "),
        iat: grant.created.timestamp(),
        exp: None,
        seq: 0,
        token_use: Use::Refresh,
    })
}

fn mint(state: &mut State, id: &str, grant: &Grant, grant_type: &str, wall: Timestamp) -> Value {
    state.mints.total += 1;
    *state.mints.by_user.entry(grant.user.clone()).or_default() += 1;
    *state.mints.by_grant_type.entry(grant_type.to_owned()).or_default() += 1;
    let access = jwt::sign(&Claims {
        iss: ISSUER.to_owned(),
        sub: grant.user.clone(),
        gid: id.to_owned(),
        scope: grant.scopes.join(" "),
        iat: wall.timestamp(),
        exp: Some(wall.timestamp() + state.access_seconds),
        seq: state.mints.total,
        token_use: Use::Access,
    });
    json!({ "access_token": access, "token_type": "Bearer", "expires_in": state.access_seconds })
}

fn id_token(grant: &Grant, wall: Timestamp) -> String {
    let user = users::by_name(&grant.user);
    jwt::sign(&json!({
        "iss": ISSUER,
        "sub": user.and_then(|user| user.external_id),
        "aud": grant.client_id,
        "email": user.map(|user| user.email),
        "iat": wall.timestamp(),
        "exp": (wall + TimeDelta::hours(1)).timestamp(),
    }))
}

/// Who calls, and what the token allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub user: &'static str,
    pub scopes: Vec<String>,
}

impl Caller {
    /// The user's record.
    pub(crate) fn record(&self) -> Result<&'static User, Refusal> {
        users::by_name(self.user).ok_or(Refusal::TokenInvalid)
    }
}

/// Checks the access token of a call: signed here, not expired, its grant still there.
pub(crate) fn caller(state: &State, call: &Call, wall: Timestamp) -> Result<Caller, Refusal> {
    let authorization = call::header_text(call, header::AUTHORIZATION).unwrap_or_default();
    bearer(state, authorization, wall).ok_or(Refusal::TokenInvalid)
}

/// The same of the text `Bearer ...`.
pub(crate) fn bearer(state: &State, authorization: &str, wall: Timestamp) -> Option<Caller> {
    let claims: Claims = jwt::read(authorization.strip_prefix("Bearer ")?)?;
    let grant = state.grants.get(&claims.gid)?;
    let expired = claims.exp.is_none_or(|exp| exp <= wall.timestamp())
        || claims.seq <= state.expired_through.get(&grant.user).copied().unwrap_or(0);
    if claims.token_use != Use::Access || expired {
        return None;
    }
    let user = users::by_name(&grant.user)?;
    Some(Caller { user: user.name, scopes: grant.scopes.clone() })
}
