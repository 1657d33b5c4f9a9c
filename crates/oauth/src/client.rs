//! Apps: how they are found, how they prove who they are, and how they are shown to people.
//!
//! An app is known in one of three ways: the operator has set it up ([`configured`]), its id is the address of a document
//! about it ([`cimd`]), or it has registered itself ([`crate::register`]).

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::Timestamp;
use serde::Deserialize;
use store::{Database, identity::clients, identity::clients::ClientRow};
use url::form_urlencoded;
use vault::{Entropy, token};

use crate::{
    CLIENT, Code, Context, Error, Params,
    cimd::{self, Documents, Purpose},
    later, redirect,
};

/// The longest name that is shown, in characters.
const MAX_NAME: usize = 60;

/// The app of this id, if there is one.
pub(crate) async fn find<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    documents: &impl Documents,
    id: &str,
    purpose: Purpose,
) -> Result<Option<ClientRow>, Error> {
    if let Some(client) = cx.config.set_up(id) {
        return Ok(Some(client.clone()));
    }
    if cimd::is_address(id) {
        return cimd::find(cx, documents, id, purpose).await.map(Some);
    }
    Ok(clients::find(cx.db, id, cx.now).await?)
}

/// What an app calls itself, or was last known to.
pub async fn name<D: Database, E: Entropy>(cx: &Context<'_, D, E>, id: &str) -> Result<Option<String>, Error> {
    match cx.config.set_up(id) {
        Some(client) => Ok(client.name.clone()),
        None => Ok(clients::last_known(cx.db, id).await?.and_then(|client| client.name)),
    }
}

/// The app that makes a request to the token or revocation endpoint, once it has proved who it is.
///
/// A secret may come in the header or in the form, whichever the app registered: both are equally secret, and apps are known
/// to mix them up. Two at once are refused (RFC 6749 2.3).
pub async fn authenticate<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    documents: &impl Documents,
    authorization: Option<&str>,
    form: &Params,
) -> Result<ClientRow, Error> {
    let (id, secret) = presented(authorization, form)?;
    let client = find(cx, documents, &id, Purpose::Answer).await?.ok_or_else(|| {
        refused("This client_id is not registered here, or was not used for 90 days. Register again.")
    })?;
    let proved = match (&client.secret_hash, &secret) {
        (Some(hash), Some(secret)) => token::same(hash, &token::hash(secret)),
        (None, None) => true,
        _ => false,
    };
    if !proved {
        return Err(refused("The client secret is wrong or missing, or this client has none."));
    }
    if cx.config.set_up(&client.id).is_none() && !cimd::is_address(&client.id) {
        clients::renew(cx.db, &client, later(cx.now, CLIENT)).await?;
    }
    Ok(client)
}

fn presented(authorization: Option<&str>, form: &Params) -> Result<(String, Option<String>), Error> {
    let in_form = (form.one("client_id")?, form.one("client_secret")?);
    let Some(encoded) = authorization.and_then(basic) else {
        let id = in_form.0.ok_or_else(|| refused("The parameter client_id is missing."))?;
        return Ok((id.to_owned(), in_form.1.map(str::to_owned)));
    };
    let (id, secret) = decode(encoded).ok_or_else(|| refused("The Basic credentials cannot be read."))?;
    if in_form.1.is_some() {
        return Err(Error::request("The client secret is given twice. Send it in the header or in the form."));
    }
    if in_form.0.is_some_and(|other| other != id) {
        return Err(Error::request("The header and the form name different clients."));
    }
    Ok((id, Some(secret).filter(|secret| !secret.is_empty())))
}

/// What follows `Basic`, if that is the scheme.
fn basic(authorization: &str) -> Option<&str> {
    let (scheme, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
    scheme.eq_ignore_ascii_case("basic").then(|| rest.trim())
}

/// Both halves of Basic credentials, each of them form-encoded (RFC 6749 2.3.1).
fn decode(encoded: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(encoded).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    let plain = |part: &str| {
        // A form with one nameless value: `=value`.
        let form = format!("={}", part.replace('&', "%26"));
        form_urlencoded::parse(form.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    let (id, secret) = (plain(id)?, plain(secret)?);
    (!id.is_empty()).then_some((id, secret))
}

fn refused(description: &'static str) -> Error {
    Error::new(Code::InvalidClient, description)
}

/// An app as the operator writes it down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    client_id: String,
    client_name: String,
    redirect_uris: Vec<String>,
    client_secret_hash: Option<String>,
}

/// Reads `OAUTH_CLIENTS`, the apps that the operator has set up: a JSON list of objects with `client_id`, `client_name`,
/// `redirect_uris` and, for an app with a secret, `client_secret_hash`, which is [`token::hash`] of it. The error names the
/// variable and says what is wrong, without its values.
pub fn configured(text: &str) -> Result<Vec<ClientRow>, String> {
    let wrong = |what: String| format!("OAUTH_CLIENTS cannot be used: {what}");
    let list: Vec<Written> = serde_json::from_str(text).map_err(|error| {
        // The parser's own words may repeat a value.
        let (line, column) = (error.line(), error.column());
        wrong(format!(
            "it must be a JSON list of objects with client_id, client_name, redirect_uris and perhaps \
             client_secret_hash, and is not at line {line}, column {column}."
        ))
    })?;
    let mut rows: Vec<ClientRow> = Vec::new();
    for (index, written) in list.into_iter().enumerate() {
        let number = index.saturating_add(1);
        let row = written_row(written).map_err(|what| wrong(format!("in its object number {number} {what}")))?;
        if rows.iter().any(|other| other.id == row.id) {
            return Err(wrong(format!("the client_id of its object number {number} is there twice.")));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn written_row(written: Written) -> Result<ClientRow, &'static str> {
    let Written { client_id, client_name, redirect_uris, client_secret_hash } = written;
    let is_id = (1..=200).contains(&client_id.len()) && client_id.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_id || client_id.contains(':') || client_id.starts_with("ttai_") {
        return Err(
            "the client_id is not 1 to 200 printable ASCII characters without blanks and colons, or begins with ttai_, \
             as those do that the server gives out.",
        );
    }
    if display_name(Some(&client_name)).is_none() {
        return Err("the client_name is empty.");
    }
    if redirect_uris.is_empty()
        || redirect_uris.iter().any(|address| redirect::judge(address) != redirect::Verdict::Fits)
    {
        return Err("redirect_uris is empty, or one is neither https nor http on 127.0.0.1, [::1] or localhost.");
    }
    let is_hash = |hash: &String| {
        hash.len() == 43 && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if client_secret_hash.as_ref().is_some_and(|hash| !is_hash(hash)) {
        return Err("client_secret_hash is not the SHA-256 of a secret in base64url, which has 43 characters.");
    }
    Ok(ClientRow {
        id: client_id,
        name: Some(client_name),
        redirect_uris: serde_json::to_string(&redirect_uris).unwrap_or_default(),
        auth_method: if client_secret_hash.is_some() { "client_secret_basic" } else { "none" }.to_owned(),
        secret_hash: client_secret_hash,
        metadata: "{}".to_owned(),
        fingerprint: String::new(),
        created_at: Timestamp::UNIX_EPOCH,
        expires_at: Timestamp::MAX_UTC,
    })
}

/// The addresses that an app registered.
pub(crate) fn redirect_uris(client: &ClientRow) -> Vec<String> {
    serde_json::from_str(&client.redirect_uris).unwrap_or_default()
}

/// An app's name as it may be shown: without characters that are invisible or turn the direction of writing, and cut. It is
/// still the app's own claim, and still to be escaped.
pub fn display_name(name: Option<&str>) -> Option<String> {
    let visible = |letter: &char| {
        !letter.is_control()
            && !matches!(u32::from(*letter),
                0xAD | 0x61C | 0x180E | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFE00..=0xFE0F
                | 0xFEFF | 0xFFF0..=0xFFFB | 0xE0000..=0xE0FFF)
    };
    let words: Vec<&str> = name?.split_whitespace().collect();
    let name: String = words.join(" ").chars().filter(visible).collect();
    let name = name.trim();
    let cut: String = name.chars().take(MAX_NAME).collect();
    let cut = if cut.len() < name.len() { format!("{}\u{2026}", cut.trim_end()) } else { cut };
    (!cut.is_empty()).then_some(cut)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn basic_credentials_are_form_encoded() {
        for (clear, read) in [
            ("id:secret", Some(("id", "secret"))),
            ("i%3Ad:s+e%2Bc", Some(("i:d", "s e+c"))),
            ("id:", Some(("id", ""))),
            ("id:a&b=c", Some(("id", "a&b=c"))),
            (":secret", None),
            ("id", None),
        ] {
            let read = read.map(|(id, secret)| (id.to_owned(), secret.to_owned()));
            assert_eq!(decode(&STANDARD.encode(clear)), read, "{clear}");
        }
        assert_eq!(decode("%%%"), None);
        assert_eq!(basic("bAsIc abc"), Some("abc"));
        assert_eq!(basic("Basic"), Some(""));
        assert_eq!(basic("Bearer abc"), None);
    }

    #[test]
    fn the_operators_apps_are_read_or_the_variable_is_named() {
        let hash = token::hash("a secret");
        let text = serde_json::json!([
            {"client_id": "claude", "client_name": "Claude", "redirect_uris": ["https://claude.ai/cb"], "client_secret_hash": hash},
            {"client_id": "open", "client_name": "Open", "redirect_uris": ["http://localhost/cb"]},
        ]);
        let rows = configured(&text.to_string()).unwrap();
        assert_eq!(rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["claude", "open"]);
        assert_eq!((rows[0].secret_hash.as_deref(), rows[1].secret_hash.as_deref()), (Some(hash.as_str()), None));
        assert_eq!(redirect_uris(&rows[0]), ["https://claude.ai/cb"]);
        assert!(configured("[]").unwrap().is_empty());
        let app = || serde_json::json!({"client_id": "a", "client_name": "A", "redirect_uris": ["https://a.example/"]});
        let with = |name: &str, value: serde_json::Value| {
            let mut app = app();
            app[name] = value;
            format!("[{app}]")
        };
        for (wrong, said) in [
            ("nonsense".to_owned(), "must be a JSON list"),
            ("{}".to_owned(), "must be a JSON list"),
            (with("client_secret", "hunter2".into()), "must be a JSON list"),
            (with("client_id", "".into()), "the client_id is not"),
            (with("client_id", "a b".into()), "the client_id is not"),
            (with("client_id", "https://a.example/x".into()), "the client_id is not"),
            (with("client_id", "ttai_1".into()), "the client_id is not"),
            (with("client_name", " ".into()), "the client_name is empty"),
            (with("redirect_uris", serde_json::json!([])), "redirect_uris is empty"),
            (with("redirect_uris", serde_json::json!(["cursor://x"])), "redirect_uris is empty"),
            (with("client_secret_hash", "hunter2".into()), "client_secret_hash is not"),
            (format!("[{},{}]", app(), app()), "object number 2 is there twice"),
        ] {
            let error = configured(&wrong).unwrap_err();
            assert!(
                error.starts_with("OAUTH_CLIENTS") && error.contains(said) && !error.contains("hunter2"),
                "{error}"
            );
        }
    }

    #[test]
    fn names_are_made_fit_to_be_shown() {
        assert_eq!(display_name(Some(" Claude \n Code ")).as_deref(), Some("Claude Code"));
        assert_eq!(display_name(Some("a\u{202E}b\u{200B}c")).as_deref(), Some("abc"));
        assert_eq!(display_name(Some("\u{200B} ")), None);
        assert_eq!(display_name(None), None);
        assert_eq!(display_name(Some(&"x".repeat(500))).unwrap().chars().count(), MAX_NAME + 1);
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(header in "(Basic )?\\PC{0,60}", clear in "\\PC{0,40}") {
            let form = Params::default();
            let _ = presented(Some(&header), &form);
            let _ = presented(Some(&format!("Basic {}", STANDARD.encode(clear))), &form);
        }
    }
}
