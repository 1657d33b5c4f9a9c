//! The answer to the consent or login page: `POST /oauth/authorize`, `POST /login`.
//!
//! The form carries the handle, the decision, the ticked scopes and, for a pasted grant, its two secrets. Everything else is
//! read back from what was staged, whatever else the form says.

use domain::{Scope, Scopes};
use store::{Database, identity::requests, identity::requests::RequestRow};
use vault::{
    Entropy, Secret,
    token::{self, Kind},
};

use crate::{
    Approved, Code, Consent, Context, Error, Params, Refusal, VISIT, Visitor,
    changes::{Change, What},
    cookie::Cookie,
    later, redirect, session, visit,
};

/// The longest secret that is tried, in bytes.
const MAX_SECRET: usize = 4096;

/// What was decided.
#[derive(Debug)]
pub enum Decided {
    /// Log in at TastyTrade: the address to send the browser to.
    Upstream(String),
    /// Try this grant.
    Try(Box<Attempt>),
    /// The form was not complete: the page once more. Nothing was consumed.
    Again(Box<Consent>),
    /// No. The address to send the browser to.
    Denied(String),
}

/// A pasted grant, to be tried at TastyTrade.
#[derive(Debug)]
pub struct Attempt {
    /// The client secret of the user's own app.
    pub client_secret: Secret,
    /// The refresh token of the grant.
    pub refresh_token: Secret,
    /// The login, to be finished or failed.
    pub approved: Approved,
    /// The cookie's value, in case the page is shown again.
    pub browser: Secret,
}

/// Takes the decision. `cookies` is the `Cookie` header.
pub async fn decide<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    form: &Params,
    cookies: Option<&str>,
) -> Result<Decided, Refusal> {
    let browser = Cookie::Login.read(cookies).ok_or_else(mismatch)?;
    let handle = form.one("request")?.filter(|handle| Kind::Request.fits(handle)).ok_or_else(expired)?;
    let keys = (token::hash(handle), token::hash(browser.expose()));
    let Some(row) = requests::pending(cx.db, &keys.0, &keys.1, cx.now).await? else {
        return Err(missing(cx, &keys).await.into());
    };
    let decision = form.required("decision")?;
    if decision == "deny" {
        return deny(cx, &keys, cookies).await;
    }
    let granted = granted(form, &row)?;
    let again =
        async |note| again(cx, row.clone(), granted.clone(), (Secret::new(handle), browser.clone()), note).await;
    if granted.is_empty() && row.client_id.is_some() {
        return again("Tick at least one permission, or deny.").await;
    }
    let secret = |name| Ok::<_, Error>(form.one(name)?.map_or("", str::trim));
    let (client_secret, refresh_token) = (secret("client_secret")?, secret("refresh_token")?);
    match decision {
        // The key Enter in one of the two fields presses the first button of the form: whoever filled both means them.
        "login" if client_secret.is_empty() || refresh_token.is_empty() => login(cx, &keys, &granted).await,
        "login" | "grant" => {
            if client_secret.is_empty() || refresh_token.is_empty() {
                return again("Paste both the client secret and the refresh token.").await;
            }
            if client_secret.len() > MAX_SECRET || refresh_token.len() > MAX_SECRET {
                return again("That is too long to be a client secret or a refresh token.").await;
            }
            let secrets = (Secret::new(client_secret), Secret::new(refresh_token));
            attempt(cx, &keys, &granted, secrets, browser).await
        }
        _ => Err(Error::request("The page was answered in a way that it does not offer.").into()),
    }
}

async fn login<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    keys: &(String, String),
    granted: &Scopes,
) -> Result<Decided, Refusal> {
    let Some(upstream) = &cx.config.upstream else {
        return Err(Error::request("This server has no app at TastyTrade. Use your own grant.").into());
    };
    let state = token::mint(Kind::State, cx.entropy);
    let (state_hash, until) = (token::hash(state.expose()), later(cx.now, VISIT));
    requests::send_upstream(cx.db, &keys.0, &keys.1, granted, &state_hash, until, cx.now).await?.ok_or_else(expired)?;
    Ok(Decided::Upstream(redirect::with_params(
        &upstream.authorize_url,
        &[
            ("client_id", Some(&upstream.client_id)),
            ("redirect_uri", Some(&cx.config.callback())),
            ("response_type", Some("code")),
            ("scope", Some(&upstream.scope)),
            ("state", Some(state.expose())),
        ],
    )))
}

async fn attempt<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    keys: &(String, String),
    granted: &Scopes,
    (client_secret, refresh_token): (Secret, Secret),
    browser: Secret,
) -> Result<Decided, Refusal> {
    let row = requests::try_grant(cx.db, &keys.0, &keys.1, granted, cx.now).await?.ok_or_else(expired)?;
    let approved = Approved::read(row)?;
    Ok(Decided::Try(Box::new(Attempt { client_secret, refresh_token, approved, browser })))
}

async fn deny<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    keys: &(String, String),
    cookies: Option<&str>,
) -> Result<Decided, Refusal> {
    let row = requests::deny(cx.db, &keys.0, &keys.1, cx.now).await?.ok_or_else(expired)?;
    let visitor = visit::visitor(row)?;
    if let Visitor::Browser { .. } = visitor {
        return Ok(Decided::Denied(format!("{}/", cx.config.public_url)));
    }
    // Who says no is known where the browser is logged in; whether it is makes no difference to the answer.
    let session = session::read(cx, cookies).await.ok().flatten();
    cx.changes.tell(Change {
        what: What::ConsentDenied,
        user: session.map(|session| session.user),
        client_id: visitor.client_id().map(str::to_owned),
        outcome: "ok",
        reason: None,
    });
    match visitor.refuse(cx.config, Error::new(Code::AccessDenied, "The user denied the request.")) {
        Refusal::Redirect(location) => Ok(Decided::Denied(location)),
        page @ Refusal::Page(_) => Err(page),
    }
}

async fn again<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    row: RequestRow,
    ticked: Scopes,
    secrets: (Secret, Secret),
    note: &'static str,
) -> Result<Decided, Refusal> {
    let consent = visit::show(cx, row, ticked, secrets, note).await?;
    Ok(Decided::Again(Box::new(consent)))
}

/// What was left ticked of what was asked for. A browser asks for no scopes and gets none.
fn granted(form: &Params, row: &RequestRow) -> Result<Scopes, Error> {
    let unknown = || Error::new(Code::InvalidScope, "The page was answered with a permission that does not exist.");
    let ticked: Vec<Scope> =
        form.all("scope").map(|word| Scope::parse(word).ok_or_else(unknown)).collect::<Result<_, _>>()?;
    Ok(ticked.into_iter().filter(|scope| row.scopes.contains(*scope)).collect())
}

async fn missing<D: Database, E: Entropy>(cx: &Context<'_, D, E>, keys: &(String, String)) -> Error {
    match requests::is_anothers(cx.db, &keys.0, &keys.1, cx.now).await {
        Ok(true) => mismatch(),
        Ok(false) => expired(),
        Err(error) => error.into(),
    }
}

fn mismatch() -> Error {
    Error::new(
        Code::ConsentMismatch,
        "This page was not opened in this browser, or its cookie is missing. Allow cookies for this site and start again from your app.",
    )
}

fn expired() -> Error {
    Error::new(
        Code::ConsentExpired,
        "This page was answered before, or was open for more than ten minutes. Start again from your app.",
    )
}
