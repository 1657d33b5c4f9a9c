//! API keys for scripts: made on the settings page, shown once, presented as a bearer.

use chrono::TimeDelta;
use domain::{Scope, Scopes, UserId};
use store::{
    Database,
    identity::api_keys::{self, Inserted, NewKey},
};
use vault::{
    Entropy, Secret,
    token::{self, Kind},
};

use crate::{Context, Error, Params, client, later};

/// The days that a key may hold, as the form offers them; `never` is the other choice.
pub const DAYS: [i64; 3] = [30, 90, 365];

/// A key that the form asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The id of the form, which becomes the key's: the same form twice makes one key.
    pub form: String,
    /// What its owner calls it.
    pub name: String,
    /// What it will permit.
    pub scopes: Scopes,
    /// For how many days; `None` until it is revoked.
    pub days: Option<i64>,
}

/// What is wrong with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It has no id of ours.
    #[error("This form is not complete. Open the page again and fill it in once more.")]
    Form,
    /// There is no name that can be shown.
    #[error("Give the key a name, so that you can tell it from others later.")]
    Name,
    /// No scope is ticked.
    #[error("Tick at least one thing that the key may do.")]
    Scopes,
    /// The expiry is none of those offered.
    #[error("Choose one of the times for which the key can hold.")]
    Days,
}

impl Wanted {
    /// Reads the form.
    pub fn read(form: &Params) -> Result<Self, Flaw> {
        let one = |name| form.one(name).ok().flatten();
        let id = one("form").filter(|id| is_form_id(id)).ok_or(Flaw::Form)?;
        let name = client::display_name(one("name")).ok_or(Flaw::Name)?;
        let scopes: Option<Scopes> = form.all("scope").map(Scope::parse).collect();
        let scopes = scopes.filter(|scopes| !scopes.is_empty()).ok_or(Flaw::Scopes)?;
        let days = match one("days") {
            Some("never") => None,
            Some(days) => Some(DAYS.into_iter().find(|offered| offered.to_string() == days).ok_or(Flaw::Days)?),
            None => return Err(Flaw::Days),
        };
        Ok(Self { form: id.to_owned(), name, scopes, days })
    }
}

/// Whether a text has the form of [`token::id`].
fn is_form_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What came of a form.
#[derive(Debug)]
pub enum Made {
    /// The key, to be shown this once.
    Key(Secret),
    /// The form was served before, and its key shown then.
    Before,
    /// There are [`api_keys::LIMIT`] keys that work.
    TooMany,
}

/// Makes a key.
pub async fn make<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    user: &UserId,
    wanted: &Wanted,
) -> Result<Made, Error> {
    let key = token::mint(Kind::ApiKey, cx.entropy);
    let new = NewKey {
        id: &wanted.form,
        key_hash: &token::hash(key.expose()),
        name: &wanted.name,
        scopes: &wanted.scopes,
        expires_at: wanted.days.map(|days| later(cx.now, TimeDelta::days(days))),
    };
    Ok(match api_keys::insert(cx.db, user, &new, cx.now).await? {
        Inserted::New => Made::Key(key),
        Inserted::Repeated => Made::Before,
        Inserted::TooMany => Made::TooMany,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_what_is_wrong_with_it() {
        let id = "0123456789abcdef0123456789abcdef";
        let read = |text: &str| Wanted::read(&Params::parse(text.as_bytes()));
        let good = format!("form={id}&name=+Nightly%E2%80%AE+&scope=market:read&scope=account:read&days=90");
        let wanted = read(&good).unwrap();
        assert_eq!((wanted.form.as_str(), wanted.name.as_str(), wanted.days), (id, "Nightly", Some(90)));
        assert_eq!(wanted.scopes.to_string(), "market:read account:read");
        assert_eq!(read(&good.replace("days=90", "days=never")).unwrap().days, None);
        for (text, flaw) in [
            (good.replace(id, "x"), Flaw::Form),
            (good.replace(id, &id.to_uppercase()), Flaw::Form),
            (good.replace("name=", "other="), Flaw::Name),
            (good.replace("+Nightly", "+"), Flaw::Name),
            (good.replace("scope=", "scopes="), Flaw::Scopes),
            (good.replace("account:read", "trade:place"), Flaw::Scopes),
            (good.replace("days=90", "days=91"), Flaw::Days),
            (good.replace("days=90", "day=90"), Flaw::Days),
            (format!("{good}&days=30"), Flaw::Days),
        ] {
            assert_eq!(read(&text).unwrap_err(), flaw, "{text}");
        }
    }
}
