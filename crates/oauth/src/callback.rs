//! The return from TastyTrade: `GET /oauth/callback`.
//!
//! TastyTrade knows no PKCE, so the state and the cookie are the only locks: the state is minted after consent, kept as a
//! hash, tied to the browser, and works once.

use store::{Database, identity::requests};
use vault::{
    Entropy, Secret,
    token::{self, Kind},
};

use crate::{Approved, Code, Context, Error, Failure, Params, Refusal, cookie::Cookie};

/// The longest upstream code that is passed on, in bytes.
const MAX_CODE: usize = 4096;

/// The browser is back with a code, to be redeemed once.
#[derive(Debug)]
pub struct CameBack {
    /// TastyTrade's code.
    pub code: Secret,
    /// The address that was sent to TastyTrade with the request; the exchange repeats it.
    pub redirect_uri: String,
    /// The login, to be finished or failed.
    pub approved: Approved,
}

/// Consumes the state. `cookies` is the `Cookie` header.
pub async fn come_back<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    query: &Params,
    cookies: Option<&str>,
) -> Result<CameBack, Refusal> {
    let browser = Cookie::Login.read(cookies).ok_or_else(mismatch)?;
    let (state, code, error) = match (query.one("state"), query.one("code"), query.one("error")) {
        (Ok(Some(state)), Ok(code), Ok(error)) if Kind::State.fits(state) => (state, code, error),
        _ => return Err(mismatch().into()),
    };
    let row = requests::come_back(cx.db, &token::hash(state), &token::hash(browser.expose()), cx.now)
        .await?
        .ok_or_else(mismatch)?;
    let approved = Approved::read(row)?;
    let denied = |text: &str| Failure::Denied(text.to_owned());
    let failure = match (error, code) {
        (None, Some(code)) if code.len() <= MAX_CODE => {
            return Ok(CameBack { code: Secret::new(code), redirect_uri: cx.config.callback(), approved });
        }
        (Some("temporarily_unavailable" | "server_error"), _) => {
            Failure::Unavailable("TastyTrade cannot log you in at the moment. Try again later.".to_owned())
        }
        (Some("access_denied"), _) => denied("The login at TastyTrade was cancelled."),
        _ => denied("TastyTrade did not accept the login."),
    };
    Err(approved.fail(cx.config, failure))
}

fn mismatch() -> Error {
    Error::new(
        Code::StateMismatch,
        "This return from TastyTrade does not belong to a login that this browser began, or came twice or too late. Start again from your app.",
    )
}
