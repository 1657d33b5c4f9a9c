//! `UserHub`: one object per user, the live channel of that user's open pages.
//!
//! In: `{"type":"subscribe","channels":["sync"]}`, answered by `{"type":"subscribed","channels":["sync"]}`. Out:
//! `{"channel":"sync","data":{...}}`. Sockets hibernate: what a page subscribed to lies in the socket's attachment, so the
//! object may be evicted while pages stay connected. mcp-server authenticates the page before it passes the upgrade on.
//!
//! Channels: `sync`, the user's syncs; `resources`, which resources of mcp-server have changed, for MCP clients; `portfolio`,
//! orders, balances and positions as they change at TastyTrade. While somebody follows one of the last two, the user's
//! `Upstream` object follows the accounts ([`crate::follow`]); this object tells it so. `portfolio` is for pages alone, each
//! for as long as its browser's session holds: a page whose session has ended is closed instead of being told.

use domain::UserId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::identity::sessions;
use worker::{
    DurableObject, Env, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage, WebSocketPair,
    durable_object,
};

/// The channel that tells of resources of mcp-server: `{"uri": ...}`.
pub(crate) const RESOURCES: &str = "resources";
/// The channel that tells of orders, balances and positions: `{"kind": ..., "account": <masked>, ...}`.
pub(crate) const PORTFOLIO: &str = "portfolio";
/// The resource of the user's positions.
pub(crate) const POSITIONS: &str = "portfolio://positions";
/// The resource of the user's balances.
pub(crate) const BALANCES: &str = "portfolio://balances";

/// The header in which mcp-server says which session a page's socket belongs to: the hash that the session is known by.
const SESSION: &str = "x-ttai-session";

/// A page may follow this many channels; more is a mistake.
const MAX_CHANNELS: usize = 16;
/// Messages from a page are short.
const MAX_MESSAGE: usize = 4096;

/// The object's address for whether somebody follows the user's accounts.
const FOLLOWED: &str = "/followed";

/// The page's session has ended (a code of our own, as RFC 6455 gives 4000 to 4999 for).
const CLOSED: u16 = 4001;

/// The object's class.
#[durable_object(websocket)]
pub struct UserHub {
    state: State,
    env: Env,
}

#[derive(Default, Serialize, Deserialize)]
struct Attachment {
    channels: Vec<String>,
    /// The hash by which the session of a page's browser is known.
    #[serde(default)]
    session: Option<String>,
}

impl Attachment {
    /// Whether it follows what the user's accounts tell.
    fn follows_accounts(&self) -> bool {
        self.channels.iter().any(|channel| channel == RESOURCES || channel == PORTFOLIO)
    }
}

/// What is to be told on a channel.
#[derive(Serialize, Deserialize)]
struct Published {
    channel: String,
    all: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromPage {
    Subscribe { channels: Vec<String> },
    Ping,
}

impl DurableObject for UserHub {
    fn new(state: State, env: Env) -> Self {
        Self { state, env }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        match edge::guard::catch(self.serve(request)).await {
            Ok(response) => response,
            Err(_) => Response::error("the hub failed", 500),
        }
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        let was_followed = self.is_followed();
        let answer = edge::guard::catch(async { hear(&socket, &message) }).await;
        match answer {
            Ok(Ok(answer)) => socket.send_with_str(answer.to_string()),
            Ok(Err(what)) => socket.send_with_str(json!({"type": "error", "message": what}).to_string()),
            Err(_) => Ok(()),
        }?;
        self.tell_upstream(was_followed).await;
        Ok(())
    }

    /// Answers the page's close frame. The runtime does not do it for hibernating sockets, and without it the page waits
    /// ten seconds and takes the connection for broken.
    async fn websocket_close(&self, socket: WebSocket, code: usize, reason: String, _clean: bool) -> Result<()> {
        // 1005, 1006 and 1015 tell what did not happen; they are never sent.
        let code = u16::try_from(code).ok().filter(|code| !matches!(code, 1005 | 1006 | 1015)).unwrap_or(1000);
        // The page may be gone already.
        let _ = socket.close(Some(code), Some(reason));
        self.left(&socket).await;
        Ok(())
    }

    async fn websocket_error(&self, socket: WebSocket, _error: worker::Error) -> Result<()> {
        self.left(&socket).await;
        Ok(())
    }
}

impl UserHub {
    async fn serve(&self, mut request: Request) -> Result<Response> {
        match request.path().as_str() {
            "/publish" => self.spread(&request.json().await?).await,
            "/close" => self.close(),
            FOLLOWED => Response::from_json(&self.is_followed()),
            _ => {
                let pair = WebSocketPair::new()?;
                self.state.accept_web_socket(&pair.server);
                let session = request.headers().get(SESSION)?;
                pair.server.serialize_attachment(Attachment { session, ..Attachment::default() })?;
                Response::from_websocket(pair.client)
            }
        }
    }

    /// Sends `{"channel", "data"}` to every page that follows the channel, once for each of `all`.
    async fn spread(&self, Published { channel, all }: &Published) -> Result<Response> {
        let mut reached = 0;
        for socket in self.state.get_websockets() {
            let attachment = socket.deserialize_attachment::<Attachment>()?.unwrap_or_default();
            if !attachment.channels.contains(channel) {
                continue;
            }
            if channel == PORTFOLIO && !self.holds(&attachment).await? {
                // It may be gone already.
                let _ = socket.close(Some(CLOSED), Some("the session has ended"));
                self.left(&socket).await;
                continue;
            }
            let mut texts = all.iter().map(|data| json!({ "channel": channel, "data": data }).to_string());
            if texts.all(|text| socket.send_with_str(text).is_ok()) {
                reached += 1;
            }
        }
        Response::from_json(&json!({"reached": reached}))
    }

    /// Whether the session of a page's browser holds.
    async fn holds(&self, attachment: &Attachment) -> Result<bool> {
        let (Some(session), Some(user)) = (&attachment.session, self.state.id().name()) else { return Ok(false) };
        let db = edge::d1::D1::of(&self.env).map_err(|error| error.to_string())?;
        let found = sessions::find(&db, session, edge::clock::now()).await.map_err(|error| error.to_string())?;
        Ok(found.is_some_and(|row| row.user_id.as_str() == user))
    }
}

impl UserHub {
    /// Whether somebody follows the user's accounts.
    fn is_followed(&self) -> bool {
        self.state.get_websockets().iter().any(|socket| {
            let attachment = socket.deserialize_attachment::<Attachment>();
            attachment.ok().flatten().is_some_and(|attachment| attachment.follows_accounts())
        })
    }

    /// A socket that is gone, and may still be among the others, follows nothing.
    async fn left(&self, socket: &WebSocket) {
        let own = socket.deserialize_attachment::<Attachment>().ok().flatten();
        let was_followed = own.is_some_and(|own| own.follows_accounts()) || self.is_followed();
        // One that keeps its channels is missed by the next look.
        let _ = socket.serialize_attachment(Attachment::default());
        self.tell_upstream(was_followed).await;
    }

    /// Tells the user's `Upstream` object, where there is something to tell.
    async fn tell_upstream(&self, was_followed: bool) {
        let is_followed = self.is_followed();
        if is_followed == was_followed {
            return;
        }
        if let Some(user) = self.state.id().name() {
            crate::follow::tell(&self.env, &user).await;
        }
    }

    /// Closes every page's socket.
    fn close(&self) -> Result<Response> {
        for socket in self.state.get_websockets() {
            // One that is closed already stays so.
            let _ = socket.close(Some(CLOSED), Some("the account was deleted"));
        }
        Response::empty()
    }
}

fn hear(socket: &WebSocket, message: &WebSocketIncomingMessage) -> std::result::Result<Value, String> {
    let WebSocketIncomingMessage::String(text) = message else { return Err("send text, not binary".into()) };
    if text.len() > MAX_MESSAGE {
        return Err(format!("a message holds at most {MAX_MESSAGE} characters"));
    }
    match serde_json::from_str(text) {
        Ok(FromPage::Ping) => Ok(json!({"type": "pong"})),
        Ok(FromPage::Subscribe { channels }) if channels.len() <= MAX_CHANNELS => {
            let session = socket.deserialize_attachment::<Attachment>().ok().flatten().unwrap_or_default().session;
            socket
                .serialize_attachment(&Attachment { channels: channels.clone(), session })
                .map_err(|error| error.to_string())?;
            Ok(json!({"type": "subscribed", "channels": channels}))
        }
        Ok(FromPage::Subscribe { .. }) => Err(format!("follow at most {MAX_CHANNELS} channels")),
        Err(_) => Err(r#"send {"type":"subscribe","channels":["sync"]}"#.into()),
    }
}

/// Tells the pages of a user. Nobody may be listening.
pub(crate) async fn publish(env: &Env, user: &UserId, channel: &str, data: &impl Serialize) -> Result<()> {
    publish_all(env, user, channel, vec![serde_json::to_value(data)?]).await
}

/// Tells the pages of a user of several things.
pub(crate) async fn publish_all(env: &Env, user: &UserId, channel: &str, all: Vec<Value>) -> Result<()> {
    let body = serde_json::to_vec(&Published { channel: channel.to_owned(), all })?;
    to_hub(env, user, "/publish", body).await
}

/// Whether somebody follows the user's accounts; `None` where the hub does not say.
pub(crate) async fn is_followed(env: &Env, user: &UserId) -> Option<bool> {
    let request = http::Request::post(format!("http://hub{FOLLOWED}")).body(Vec::new()).ok()?;
    let hub = edge::object::named(env, "USER_HUB", user.as_str()).ok()?;
    let answer = edge::fetch::to_object(&hub, &request).await.ok()?;
    serde_json::from_slice(&answer.body).ok()
}

/// Closes the live channel of every page that the user has open.
pub(crate) async fn close(env: &Env, user: &UserId) -> Result<()> {
    to_hub(env, user, "/close", Vec::new()).await
}

async fn to_hub(env: &Env, user: &UserId, path: &str, body: Vec<u8>) -> Result<()> {
    let request = http::Request::post(format!("http://hub{path}")).body(body).map_err(|error| error.to_string())?;
    let hub = edge::object::named(env, "USER_HUB", user.as_str())?;
    edge::fetch::to_object(&hub, &request).await.map(drop).map_err(|failure| format!("{failure:?}").into())
}
