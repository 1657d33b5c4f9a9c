//! What the authorization server needs of the world beside its database: documents of apps, and TastyTrade's word on a user.

use contract::{Call, Connection as Said, Principal};
use domain::{Scopes, UserId};
use edge::fetch::{self, Failure};
use http::header;
use oauth::{
    cimd::{DEADLINE, Documents, Fetched, MAX_DOCUMENT, Unfetched},
    token::{Connection, Connections, Unconfirmed},
};

use crate::app::App;

/// The way out of one request.
pub(super) struct Outside<'a>(pub(super) &'a App<'a>);

impl Documents for Outside<'_> {
    async fn fetch(&self, address: &str) -> Result<Fetched, Unfetched> {
        let request = http::Request::get(self.0.config.cimd_hosts.locate(address).as_ref())
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "TTAI")
            .body(Vec::new())
            .map_err(|_| Unfetched::Unreachable)?;
        let answer = fetch::send_to_stranger(&request, DEADLINE, MAX_DOCUMENT).await.map_err(|failure| {
            let why = match failure {
                Failure::Timeout => Unfetched::TimedOut,
                Failure::Connection(_) => Unfetched::Unreachable,
            };
            let fields: [(&str, &dyn std::fmt::Display); 2] =
                [("request_id", &self.0.request_id), ("why", &format!("{why:?}"))];
            edge::log::info("client document not fetched", &fields);
            why
        })?;
        let text = |name| answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Fetched {
            status: answer.status,
            content_type: text(header::CONTENT_TYPE),
            cache_control: text(header::CACHE_CONTROL),
            body: answer.body,
        })
    }
}

impl Connections for Outside<'_> {
    async fn confirm(&self, user: &UserId) -> Result<Connection, Unconfirmed> {
        let principal = Principal { user_id: user.clone(), scopes: Scopes::default() };
        match self.0.ask::<Said>(Some(principal), Call::ConfirmConnection).await {
            Ok(Said::Holds) => Ok(Connection::Holds),
            Ok(Said::Ended) => Ok(Connection::Ended),
            Ok(Said::Absent) => Ok(Connection::Absent),
            Err(error) => {
                edge::log::warn("connection not confirmed", &[("request_id", &self.0.request_id), ("why", &error)]);
                Err(Unconfirmed { retry_after: error.details.get("retry_after").and_then(serde_json::Value::as_u64) })
            }
        }
    }
}
