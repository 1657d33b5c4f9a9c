//! Changes of the user's resources, as the user's hub tells of them: `{"channel":"resources","data":{"uri":"..."}}`.

use contract::Principal;
use domain::{Error, Reason, Scope};
use edge::mcp::{
    Changes,
    stream::{Sink, driven},
};
use futures_util::StreamExt;
use mcp::Change;
use serde::Deserialize;
use serde_json::json;
use worker::{Env, WebSocket, WebsocketEvent};

const CHANNEL: &str = "resources";

#[derive(Deserialize)]
struct Message {
    channel: String,
    data: Changed,
}

#[derive(Deserialize)]
struct Changed {
    uri: String,
}

/// The connection to the hub, which is closed when nobody listens any more.
struct Line(WebSocket);

impl Drop for Line {
    fn drop(&mut self) {
        // It may be closed already.
        let _ = self.0.close(Some(1000), Some("nobody listens"));
    }
}

/// The changes of what the user may read, until the hub goes away.
pub(super) async fn of(env: &Env, principal: &Principal) -> Result<Changes, Error> {
    if !principal.scopes.contains(Scope::AccountRead) {
        return Ok(futures_util::stream::pending().boxed_local());
    }
    let socket = dial(env, principal).await.map_err(|error| {
        edge::log::warn("hub not reached", &[("error", &error)]);
        Error::new(Reason::AnalysisUnavailable, "Changes cannot be told of now. Subscribe again in a moment.")
    })?;
    let line = Line(socket);
    Ok(driven(move |told| async move {
        if let Err(error) = listen(&line, &told).await {
            edge::log::warn("hub lost", &[("error", &error)]);
        }
    })
    .boxed_local())
}

async fn dial(env: &Env, principal: &Principal) -> worker::Result<WebSocket> {
    let headers = worker::Headers::new();
    headers.set("upgrade", "websocket")?;
    let mut init = worker::RequestInit::new();
    init.with_headers(headers);
    let request = worker::Request::new_with_init("http://hub/", &init)?;
    let hub = edge::object::named(env, "USER_HUB", principal.user_id.as_str())?;
    let answered = hub.fetch_with_request(request).await?;
    answered.websocket().ok_or_else(|| worker::Error::RustError("the hub opens no socket".to_owned()))
}

async fn listen(line: &Line, told: &Sink<Change>) -> worker::Result<()> {
    let mut events = line.0.events()?;
    line.0.accept()?;
    line.0.send(&json!({ "type": "subscribe", "channels": [CHANNEL] }))?;
    while let Some(event) = events.next().await {
        match event? {
            WebsocketEvent::Message(message) => {
                let text = message.text().unwrap_or_default();
                if let Ok(Message { channel, data }) = serde_json::from_str(&text)
                    && channel == CHANNEL
                {
                    told.send(Change::Resource(data.uri));
                }
            }
            WebsocketEvent::Close(_) => break,
        }
    }
    Ok(())
}
