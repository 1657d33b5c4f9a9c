//! `GET /oauth/callback`: the return from TastyTrade. 302 to the app with a code or an error, or to our own page after a
//! browser's login; 400 if the state is not one of this browser's.

use contract::{Call, LoggedIn};
use domain::Error;
use edge::http::{Request, Response};
use http::header;
use oauth::Refusal;

use super::{authorize::failed, finished, query, refused, text};
use crate::app::App;

/// Redeems TastyTrade's code, once, and finishes the login.
pub(super) async fn handle(app: &App<'_>, request: &Request) -> Result<Response, Error> {
    let cx = app.oauth();
    let outcome: Result<_, Refusal> = async {
        let back = oauth::callback::come_back(&cx, &query(request), text(request, &header::COOKIE)).await?;
        let call = Call::RedeemCode { code: back.code.expose().to_owned(), redirect_uri: back.redirect_uri };
        match app.ask::<LoggedIn>(None, call).await {
            Ok(logged_in) => back.approved.finish(&cx, &logged_in.user_id).await,
            Err(error) => Err(failed(app, cx.config, back.approved, &error)),
        }
    }
    .await;
    outcome.map_or_else(|refusal| refused(&refusal), |done| Ok(finished(&done)))
}
