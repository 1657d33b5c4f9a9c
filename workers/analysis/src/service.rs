//! The service entry: one call of the contract per request, from mcp-server alone.

use contract::{Answer, Call, Principal, Request as Asked};
use domain::{Error, Reason, Scope};
use edge::caller::Caller;
use serde::Deserialize;
use worker::{Env, Request, Response, Result};

use crate::{app::App, calls, tools, upstream};

/// More than any call needs.
const MAX_BODY: usize = 256 * 1024;

/// Answers `POST /call`; anything else is not found.
pub(crate) async fn serve(request: Request, env: Env) -> Result<Response> {
    let caller = Caller::of(&request);
    let began = edge::clock::now();
    let (mut name, mut request_id) = ("none".to_owned(), String::new());
    let answered = edge::guard::catch(async {
        let request = edge::http::take(request, MAX_BODY).await.map_err(|_| unreadable())?;
        if request.method() != http::Method::POST || request.uri().path() != "/call" {
            return Err(Error::new(Reason::NotFound, "The analysis worker has one address: POST /call."));
        }
        let asked: Asked = serde_json::from_slice(request.body()).map_err(|_| unreadable())?;
        name = name_of(request.body());
        request_id.clone_from(&asked.request_id);
        let app = App::new(&env)?.answering();
        if asked.call.only_reads() {
            return caller.attend(answer(&app, asked)).await.ok_or_else(gone);
        }
        Ok(answer(&app, asked).await)
    });
    let answer = match answered.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Answer::Error(error),
        Err(_) => Answer::Error(Error::new(
            Reason::Internal,
            "The analysis part of TTAI failed on this call. It has been logged; try again.",
        )),
    };
    let status = match &answer {
        Answer::Ok(_) => 200,
        Answer::Error(error) => error.reason.status(),
    };
    let outcome = match &answer {
        Answer::Ok(_) => "ok".to_owned(),
        Answer::Error(error) => serde_json::to_value(error.reason)
            .ok()
            .and_then(|word| word.as_str().map(str::to_owned))
            .unwrap_or_default(),
    };
    let elapsed = (edge::clock::now() - began).num_milliseconds();
    edge::log::info(
        "call",
        &[("request_id", &request_id), ("call", &name), ("outcome", &outcome), ("duration_ms", &elapsed)],
    );
    edge::http::give(edge::http::json(status, &answer))
}

/// The word of a call that was understood, for the log; of a tool its name.
fn name_of(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Named {
        call: Word,
    }
    #[derive(Deserialize)]
    struct Word {
        r#do: String,
        name: Option<String>,
    }
    let named = serde_json::from_slice::<Named>(body);
    named.map_or_else(|_| "none".to_owned(), |Named { call }| call.name.unwrap_or(call.r#do))
}

/// Nobody reads this.
fn gone() -> Error {
    Error::new(Reason::Internal, "The caller has gone.")
}

fn unreadable() -> Error {
    Error::new(Reason::InvalidRequest, "The call could not be read.")
}

async fn answer(app: &App, asked: Asked) -> Answer {
    let Asked { principal, call, .. } = asked;
    dispatch(app, principal, call).await
}

async fn dispatch(app: &App, principal: Option<Principal>, call: Call) -> Answer {
    match call {
        Call::Health => Answer::new(calls::health::answer(app).await),
        Call::DebugPanic { place } => {
            Answer::new(crate::debug::panic(app, place, principal.map(|principal| principal.user_id)).await)
        }
        Call::DebugStream(asked) => match permitted(principal, Scope::MarketRead) {
            Ok(principal) => Answer::new(crate::debug::stream(app, &principal.user_id, asked).await),
            Err(error) => Answer::Error(error),
        },
        Call::RedeemCode { code, redirect_uri } => {
            Answer::new(calls::login::redeem_code(app, &code, &redirect_uri).await)
        }
        Call::TryGrant { client_secret, refresh_token } => {
            Answer::new(calls::login::try_grant(app, client_secret, refresh_token).await)
        }
        Call::SingleUser => Answer::new(calls::login::single_user(app).await),
        Call::ConfirmConnection => match known(principal) {
            Ok(principal) => Answer::new(upstream::confirm(app, &principal.user_id).await),
            Err(error) => Answer::Error(error),
        },
        Call::GetQuote(input) => match permitted(principal, Scope::MarketRead) {
            Ok(principal) => Answer::new(calls::get_quote::answer(app, &principal.user_id, &input).await),
            Err(error) => Answer::Error(error),
        },
        Call::Tool { name, arguments } => match tools::find(&name) {
            Some(tool) => match permitted(principal, tool.scope).and_then(|principal| match tool.also {
                Some(also) => permitted(Some(principal), also),
                None => Ok(principal),
            }) {
                Ok(principal) => Answer::new(tool.call(app, &principal, arguments).await),
                Err(error) => Answer::Error(error),
            },
            None => Answer::Error(Error::new(Reason::NotFound, "There is no such tool.")),
        },
        Call::GetWorkflowStatus(input) => match permitted(principal, Scope::AnalysisRun) {
            Ok(principal) => Answer::new(calls::get_workflow_status::answer(app, &principal.user_id, &input).await),
            Err(error) => Answer::Error(error),
        },
        Call::SyncAccount => match permitted(principal, Scope::AccountRead) {
            Ok(principal) => Answer::new(calls::sync_account::answer(app, &principal.user_id).await),
            Err(error) => Answer::Error(error),
        },
        Call::GetPortfolio => match permitted(principal, Scope::AccountRead) {
            Ok(principal) => Answer::new(calls::get_portfolio::answer(app, &principal.user_id).await),
            Err(error) => Answer::Error(error),
        },
        Call::TestConnection => match permitted(principal, Scope::AccountRead) {
            Ok(principal) => Answer::new(calls::test_connection::answer(app, &principal.user_id).await),
            Err(error) => Answer::Error(error),
        },
        Call::GetConfig => match permitted(principal, Scope::AccountRead) {
            Ok(principal) => Answer::new(calls::config::answer(app, &principal.user_id).await),
            Err(error) => Answer::Error(error),
        },
        Call::UpdateConfig(changes) => match permitted(principal, Scope::SettingsWrite) {
            Ok(principal) => Answer::new(calls::config::update(app, &principal.user_id, &changes).await),
            Err(error) => Answer::Error(error),
        },
        Call::Disconnect => match known(principal) {
            Ok(principal) => Answer::new(calls::disconnect::answer(app, &principal.user_id).await),
            Err(error) => Answer::Error(error),
        },
        Call::Export => match known(principal) {
            Ok(principal) => Answer::new(calls::export::answer(app, &principal.user_id).await),
            Err(error) => Answer::Error(error),
        },
        Call::DeleteUser => match known(principal) {
            Ok(principal) => Answer::new(calls::delete_user::answer(app, &principal.user_id).await),
            Err(error) => Answer::Error(error),
        },
        Call::GetLivePortfolio { part, underlying } => match permitted(principal, Scope::AccountRead) {
            Ok(principal) => {
                Answer::new(calls::get_live_portfolio::answer(app, &principal.user_id, part, underlying.as_ref()).await)
            }
            Err(error) => Answer::Error(error),
        },
        Call::GetHistory { symbol } => match permitted(principal, Scope::AccountRead) {
            Ok(principal) => Answer::new(calls::history::answer(app, &principal.user_id, symbol.as_deref()).await),
            Err(error) => Answer::Error(error),
        },
        Call::GetAnalysedSymbols => match permitted(principal, Scope::AccountRead) {
            Ok(principal) => Answer::new(calls::history::symbols(app, &principal.user_id).await),
            Err(error) => Answer::Error(error),
        },
        Call::GetOverview => match permitted(principal, Scope::AccountRead) {
            Ok(principal) => Answer::new(calls::get_overview::answer(app, &principal.user_id).await),
            Err(error) => Answer::Error(error),
        },
    }
}

fn known(principal: Option<Principal>) -> std::result::Result<Principal, Error> {
    principal.ok_or_else(|| Error::new(Reason::Forbidden, "This call needs a principal."))
}

fn permitted(principal: Option<Principal>, scope: Scope) -> std::result::Result<Principal, Error> {
    let principal = known(principal)?;
    if principal.scopes.contains(scope) {
        Ok(principal)
    } else {
        Err(Error::new(Reason::InsufficientScope, format!("This call needs the scope {}.", scope.as_str()))
            .with("scope", scope.as_str()))
    }
}
