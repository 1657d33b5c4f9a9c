//! `POST /oauth/register`: what is kept is what was asked for and may be kept; the secret goes out and is not stored.
//!
//! Input: the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oauth::{
    Code, Context,
    client::display_name,
    redirect::{Verdict, judge},
    register::register,
};
use serde_json::Value;
use ttai_fuzz::{Counting, Db};

const ANSWERED: &[&str] = &[
    "application_type",
    "client_id",
    "client_id_issued_at",
    "client_name",
    "client_secret",
    "client_secret_expires_at",
    "client_uri",
    "grant_types",
    "logo_uri",
    "policy_uri",
    "redirect_uris",
    "response_types",
    "scope",
    "software_id",
    "software_version",
    "token_endpoint_auth_method",
    "tos_uri",
];

fn check(body: &[u8], answer: &Value, db: &Db) {
    let sent: Value = serde_json::from_slice(body).expect("what is registered is JSON");
    let answer = answer.as_object().expect("an object");
    assert!(answer.keys().all(|name| ANSWERED.contains(&name.as_str())), "{answer:?}");
    let addresses = answer["redirect_uris"].as_array().expect("a list");
    let asked = sent["redirect_uris"].as_array().expect("a list");
    assert!((1..=20).contains(&addresses.len()));
    for address in addresses {
        assert!(asked.contains(address) && judge(address.as_str().expect("a text")) == Verdict::Fits, "{address}");
    }
    for name in ["client_uri", "logo_uri", "policy_uri", "tos_uri"] {
        if let Some(address) = answer.get(name).and_then(Value::as_str) {
            let lower = address.trim_start_matches(|c: char| c <= ' ').to_ascii_lowercase();
            assert!(lower.starts_with("http"), "{name}: {address:?}");
        }
    }
    let is_open = answer["token_endpoint_auth_method"] == "none";
    let secret = answer.get("client_secret").and_then(Value::as_str);
    assert_eq!(secret.is_none(), is_open);
    if let Some(secret) = secret {
        assert!(vault::token::Kind::ClientSecret.fits(secret));
        assert!(!db.holds(secret) && db.holds(&vault::token::hash(secret)), "the secret is stored as its hash alone");
    }
    if let Some(name) = display_name(answer.get("client_name").and_then(Value::as_str)) {
        assert!((1..=61).contains(&name.chars().count()) && !name.chars().any(char::is_control), "{name:?}");
        assert_eq!(name.trim(), name);
    }
}

fuzz_target!(|body: &[u8]| {
    let (db, config, entropy) = (Db::default(), ttai_fuzz::config(), Counting::default());
    let cx = Context {
        db: &db,
        config: &config,
        entropy: &entropy,
        now: ttai_fuzz::now(),
        changes: &oauth::Changes::default(),
    };
    match ttai_fuzz::block_on(register(&cx, body)) {
        Ok(answer) => check(body, &answer, &db),
        Err(error) => {
            ttai_fuzz::check_oauth_error(&error);
            assert!(
                matches!(error.code, Code::InvalidRedirectUri | Code::InvalidClientMetadata | Code::TooLarge),
                "{error}"
            );
            assert!(!db.statements.borrow().iter().any(|statement| statement.sql.starts_with("INSERT")));
        }
    }
});
