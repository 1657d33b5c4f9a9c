//! The authorization request: `GET /oauth/authorize`.
//!
//! Until app and redirect address are known to belong together, an error is a page of ours; from then on it goes to the app.
//! Nothing is sent to TastyTrade here, whoever asks: the consent page comes first, for each app.

use domain::Scopes;
use store::Database;
use vault::Entropy;

use crate::{
    Code, Consent, Context, Error, Params, Refusal, Visitor,
    cimd::{Documents, Purpose},
    client,
    cookie::Cookie,
    redirect, resource, session,
    visit::{self, App},
};

/// The longest `state` that is carried, in bytes.
const MAX_STATE: usize = 4096;

/// Checks an authorization request and stages the visit. `cookies` is the `Cookie` header.
pub async fn authorize<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    documents: &impl Documents,
    query: &Params,
    cookies: Option<&str>,
) -> Result<Consent, Refusal> {
    let client_id = query.required("client_id")?;
    let requested = query.one("redirect_uri")?;
    let client = client::find(cx, documents, client_id, Purpose::Authorize).await?.ok_or_else(|| {
        Error::new(
            Code::InvalidClient,
            "This app is not registered here. Remove the connection in the app and add it again, so that it registers anew.",
        )
    })?;
    let redirect_uri = requested
        .filter(|requested| redirect::matches(&client::redirect_uris(&client), requested))
        .ok_or_else(|| {
            Error::new(
                Code::InvalidRedirectUri,
                "The app asks to be answered at an address that it has not registered. Nothing was sent there.",
            )
        })?;
    let app = App {
        client_id: client.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        // A doubled or endless state is an error below; it is not carried back.
        state: query.one("state").ok().flatten().filter(|state| state.len() <= MAX_STATE).map(str::to_owned),
        code_challenge: String::new(),
        resource: cx.config.resource(),
    };
    let (scopes, code_challenge) = match check(cx, query) {
        Ok(checked) => checked,
        Err(error) => return Err(Refusal::Redirect(app.error(cx.config, &error))),
    };
    let visitor = Visitor::App(App { code_challenge, ..app });
    let (handle, browser) = visit::stage(cx, &visitor, &scopes, Cookie::Login.read(cookies)).await?;
    let client_name = client::display_name(client.name.as_deref());
    let ticked = scopes.clone();
    Ok(Consent { handle, browser, visitor, client_name, scopes, ticked, note: None })
}

/// What is told to the app if it is wrong.
fn check<D, E>(cx: &Context<'_, D, E>, query: &Params) -> Result<(Scopes, String), Error> {
    match query.required("response_type")? {
        "code" => {}
        _ => return Err(Error::new(Code::UnsupportedResponseType, "The response_type must be code.")),
    }
    if query.one("response_mode")?.is_some_and(|mode| mode != "query") {
        return Err(Error::request("The response_mode must be query."));
    }
    if query.one("state")?.is_some_and(|state| state.len() > MAX_STATE) {
        return Err(Error::request("The state is longer than 4096 characters."));
    }
    let challenge = query.required("code_challenge")?;
    if query.one("code_challenge_method")? != Some("S256") {
        return Err(Error::request("The code_challenge_method must be S256."));
    }
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if challenge.len() != 43 || !challenge.bytes().all(base64url) {
        return Err(Error::request("The code_challenge is not the base64url of a SHA-256."));
    }
    resource::check(cx.config, query)?;
    Ok((scopes(query)?, challenge.to_owned()))
}

/// The scopes asked for; all of them if none are, since not every client can ask for more later.
fn scopes(query: &Params) -> Result<Scopes, Error> {
    let asked = Scopes::parse(query.one("scope")?.unwrap_or_default())
        .map_err(|_| Error::new(Code::InvalidScope, "One of the scopes does not exist."))?;
    Ok(if asked.is_empty() { Scopes::all() } else { asked })
}

/// Stages the login of a browser for settings and dashboard: `GET /login`. A `return_to` that is not a path of ours is
/// replaced by [`session::HOME`].
pub async fn open_login<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    return_to: Option<&str>,
    cookies: Option<&str>,
) -> Result<Consent, Error> {
    let return_to = return_to.filter(|path| session::is_ours(path)).unwrap_or(session::HOME).to_owned();
    let visitor = Visitor::Browser { return_to };
    let scopes = Scopes::default();
    let (handle, browser) = visit::stage(cx, &visitor, &scopes, Cookie::Login.read(cookies)).await?;
    let ticked = scopes.clone();
    Ok(Consent { handle, browser, visitor, client_name: None, scopes, ticked, note: None })
}
