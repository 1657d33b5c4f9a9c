//! Registration of apps (RFC 7591).
//!
//! What is not understood is left out of what is kept and answered; what contradicts how this server works is refused. An app
//! without a secret that registers again in the same words within minutes gets the same id: several programs do that at each
//! start.

use domain::Scopes;
use serde_json::{Map, Value, json};
use store::{Database, identity::clients, identity::clients::ClientRow};
use url::Url;
use vault::{
    Entropy,
    token::{self, Kind},
};

use crate::{CLIENT, Code, Context, Error, MAX_BODY, TWIN, earlier, later, redirect};

/// The longest name and other text that is kept, in characters.
const MAX_TEXT: usize = 500;
/// The most redirect addresses that an app may have.
const MAX_ADDRESSES: usize = 20;

/// Registers an app; the answer is the body of a 201.
pub async fn register<D: Database, E: Entropy>(cx: &Context<'_, D, E>, body: &[u8]) -> Result<Value, Error> {
    if body.len() > MAX_BODY {
        return Err(Error::new(Code::TooLarge, "The registration is larger than 64 KB."));
    }
    let registration: Value = serde_json::from_slice(body).map_err(|_| metadata("The body is not JSON."))?;
    let registration = registration.as_object().ok_or_else(|| metadata("The body is not a JSON object."))?;
    let app = read(registration)?;
    let kept = serde_json::to_string(&app).unwrap_or_default();
    let fingerprint = token::hash(&kept);
    if let Some(twin) = clients::twin(cx.db, &fingerprint, earlier(cx.now, TWIN)).await? {
        return Ok(answer(&twin, app, None));
    }
    let method = app.get("token_endpoint_auth_method").and_then(Value::as_str).unwrap_or("none").to_owned();
    let secret = (method != "none").then(|| token::mint(Kind::ClientSecret, cx.entropy));
    let client = ClientRow {
        id: format!("ttai_{}", token::id(cx.entropy)),
        name: app.get("client_name").and_then(Value::as_str).map(str::to_owned),
        redirect_uris: app.get("redirect_uris").map(Value::to_string).unwrap_or_default(),
        auth_method: method,
        secret_hash: secret.as_ref().map(|secret| token::hash(secret.expose())),
        metadata: kept,
        fingerprint,
        created_at: cx.now,
        expires_at: later(cx.now, CLIENT),
    };
    clients::insert(cx.db, &client).await?;
    Ok(answer(&client, app, secret.as_ref().map(vault::Secret::expose)))
}

fn answer(client: &ClientRow, mut app: Map<String, Value>, secret: Option<&str>) -> Value {
    app.insert("client_id".to_owned(), json!(client.id));
    app.insert("client_id_issued_at".to_owned(), json!(client.created_at.timestamp()));
    if let Some(secret) = secret {
        app.insert("client_secret".to_owned(), json!(secret));
        app.insert("client_secret_expires_at".to_owned(), json!(0));
    }
    Value::Object(app)
}

/// What of a registration is kept: always the same for the same words.
pub(crate) fn read(given: &Map<String, Value>) -> Result<Map<String, Value>, Error> {
    let mut kept = Map::new();
    kept.insert("redirect_uris".to_owned(), json!(redirect_uris(given)?));
    kept.insert("token_endpoint_auth_method".to_owned(), json!(auth_method(given)?));
    kept.insert("grant_types".to_owned(), json!(grant_types(given)?));
    kept.insert("response_types".to_owned(), json!(response_types(given)?));
    for name in ["client_name", "software_id", "software_version", "application_type"] {
        if let Some(text) = text(given, name)? {
            kept.insert(name.to_owned(), json!(text.chars().take(MAX_TEXT).collect::<String>()));
        }
    }
    for name in ["client_uri", "logo_uri", "policy_uri", "tos_uri"] {
        if let Some(address) = text(given, name)? {
            kept.insert(name.to_owned(), json!(web_address(address)?));
        }
    }
    if let Some(scope) = text(given, "scope")? {
        let known: Scopes = scope.split_ascii_whitespace().filter_map(domain::Scope::parse).collect();
        kept.insert("scope".to_owned(), json!(if known.is_empty() { Scopes::all() } else { known }));
    }
    Ok(kept)
}

fn redirect_uris(given: &Map<String, Value>) -> Result<Vec<&str>, Error> {
    let refuse = |why: &'static str| Error::new(Code::InvalidRedirectUri, why);
    let list = given.get("redirect_uris").and_then(Value::as_array).filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| refuse("redirect_uris is missing or empty."))?;
    if list.len() > MAX_ADDRESSES {
        return Err(refuse("There are more than 20 redirect addresses."));
    }
    let mut kept = Vec::new();
    for address in list {
        let address = address.as_str().ok_or_else(|| refuse("A redirect address is not a text."))?;
        match redirect::judge(address) {
            redirect::Verdict::Fits => kept.push(address),
            redirect::Verdict::LeftOut => {}
            redirect::Verdict::Refused => {
                return Err(refuse(
                    "A redirect address has a fragment, a user name, an illegal character or a scheme that is never safe.",
                ));
            }
        }
    }
    if kept.is_empty() {
        return Err(refuse("No redirect address is https, or http on 127.0.0.1, [::1] or localhost."));
    }
    Ok(kept)
}

fn auth_method(given: &Map<String, Value>) -> Result<&str, Error> {
    match text(given, "token_endpoint_auth_method")? {
        None => Ok("client_secret_basic"),
        Some(method @ ("none" | "client_secret_basic" | "client_secret_post")) => Ok(method),
        Some(_) => Err(metadata("token_endpoint_auth_method must be none, client_secret_basic or client_secret_post.")),
    }
}

fn grant_types(given: &Map<String, Value>) -> Result<Vec<&str>, Error> {
    let served = ["authorization_code", "refresh_token"];
    let asked = list(given, "grant_types")?.unwrap_or_else(|| vec!["authorization_code"]);
    if !asked.contains(&"authorization_code") {
        return Err(metadata("grant_types must contain authorization_code."));
    }
    // A refresh token is always issued, so it is always among them.
    Ok(served.to_vec())
}

fn response_types(given: &Map<String, Value>) -> Result<Vec<&str>, Error> {
    match list(given, "response_types")? {
        Some(types) if !types.contains(&"code") => Err(metadata("response_types must contain code.")),
        _ => Ok(vec!["code"]),
    }
}

fn web_address(text: &str) -> Result<&str, Error> {
    let is_web = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    if is_web && text.len() <= 2048 { Ok(text) } else { Err(metadata("An address of the app is not http or https.")) }
}

fn text<'a>(given: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, Error> {
    match given.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::new(Code::InvalidClientMetadata, format!("{name} is not a text."))),
    }
}

fn list<'a>(given: &'a Map<String, Value>, name: &'static str) -> Result<Option<Vec<&'a str>>, Error> {
    let wrong = || Error::new(Code::InvalidClientMetadata, format!("{name} is not a list of texts."));
    match given.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let list = value.as_array().ok_or_else(wrong)?;
            list.iter().map(|item| item.as_str().ok_or_else(wrong)).collect::<Result<_, _>>().map(Some)
        }
    }
}

fn metadata(description: &'static str) -> Error {
    Error::new(Code::InvalidClientMetadata, description)
}
