//! `GET /oauth/authorize`: the consent page of an app (200), an error page (400) or a redirect to the app (302).
//! `POST /oauth/authorize` and `POST /login`: its answer; on to TastyTrade, or to the app, or the page once more.

use contract::{Call, LoggedIn};
use domain::{Error, Reason};
use edge::http::{Request, Response};
use http::header;
use oauth::{
    Context, Refusal,
    consent::{Attempt, Decided},
};

use super::{finished, outside::Outside, query, redirect, refused, text};
use crate::{app::App, pages};

/// Asks the user.
pub(super) async fn show(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    let cx = app.oauth();
    let cookies = text(request, &header::COOKIE);
    match oauth::authorize::authorize(&cx, &Outside(app), &query(request), cookies).await {
        Ok(consent) => pages::consent::render(cx.config, &consent),
        Err(refusal) => refused(&refusal),
    }
}

/// Takes the answer.
pub(super) async fn decide(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    let cx = app.oauth();
    let cookies = text(request, &header::COOKIE);
    let form = oauth::Params::parse(request.body());
    match oauth::consent::decide(&cx, &form, cookies).await {
        Ok(Decided::Upstream(location) | Decided::Denied(location)) => Ok(redirect(&location)),
        Ok(Decided::Again(consent)) => pages::consent::render(cx.config, &consent),
        Ok(Decided::Try(attempt)) => try_grant(app, &cx, *attempt).await,
        Err(refusal) => refused(&refusal),
    }
}

/// Tries a pasted grant. One that TastyTrade refuses can be corrected on the page; anything else ends the login.
async fn try_grant<D: store::Database, E: vault::Entropy>(
    app: &App<'_>,
    cx: &Context<'_, D, E>,
    attempt: Attempt,
) -> Result<Response, Error> {
    let call = Call::TryGrant {
        client_secret: attempt.client_secret.expose().to_owned(),
        refresh_token: attempt.refresh_token.expose().to_owned(),
    };
    let outcome = match app.ask::<LoggedIn>(None, call).await {
        Ok(logged_in) => attempt.approved.finish(cx, &logged_in.user_id).await,
        Err(error) if is_refusal(error.reason) => {
            let note = "TastyTrade refused this grant. Check that the client secret and the refresh token belong together and were copied whole.";
            match attempt.approved.ask_again(cx, attempt.browser, note).await {
                Ok(consent) => return pages::consent::render(cx.config, &consent),
                Err(refusal) => Err(refusal),
            }
        }
        Err(error) => Err(failed(app, cx.config, attempt.approved, &error)),
    };
    outcome.map_or_else(|refusal| refused(&refusal), |done| Ok(finished(&done)))
}

const fn is_refusal(reason: Reason) -> bool {
    matches!(reason, Reason::UpstreamRefused | Reason::ReconnectRequired | Reason::InvalidArguments)
}

/// Ends a login that failed, and says so in the log.
pub(super) fn failed(app: &App<'_>, config: &oauth::Config, approved: oauth::Approved, error: &Error) -> Refusal {
    edge::log::warn("login failed", &[("request_id", &app.request_id), ("why", error)]);
    approved.fail(config, error.into())
}
