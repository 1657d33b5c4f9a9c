//! Apps: how they prove who they are, and how they are shown to people.

use base64::{Engine, engine::general_purpose::STANDARD};
use store::{Database, identity::clients, identity::clients::ClientRow};
use url::form_urlencoded;
use vault::{Entropy, token};

use crate::{CLIENT, Code, Context, Error, Params, later};

/// The longest name that is shown, in characters.
const MAX_NAME: usize = 60;

/// The app that makes a request to the token or revocation endpoint, once it has proved who it is.
///
/// A secret may come in the header or in the form, whichever the app registered: both are equally secret, and apps are known
/// to mix them up. Two at once are refused (RFC 6749 2.3).
pub async fn authenticate<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    authorization: Option<&str>,
    form: &Params,
) -> Result<ClientRow, Error> {
    let (id, secret) = presented(authorization, form)?;
    let client = clients::find(cx.db, &id, cx.now).await?.ok_or_else(|| {
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
    clients::renew(cx.db, &client, later(cx.now, CLIENT)).await?;
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
