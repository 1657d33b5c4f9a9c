//! The product behind the transport: as one request sees it, and as a stream or a session holds it.

use std::{cell::RefCell, rc::Rc};

use contract::Principal;
use domain::{Error, Scopes};
use edge::{
    after::After,
    mcp::{Changes, Frames, Product, Timing, seal::RingSeal},
};
use mcp::{
    Ask, Catalog, Completion, CompletionOutput, Options, Outcome, Pages, PromptGet, PromptOutput, Reply,
    ResourceContents, ResourceRead, ToolCall, ToolOutput, input::StateSeal,
};
use serde::{Deserialize, Serialize};
use worker::Env;

use super::{catalog, changes, completions, counted, prompts, resources, scopes, tools};
use crate::{
    app::App,
    auth::{Caller, missing},
    config::Config,
};

/// The most items on one page of a list: more than there are, so that a client that does not page sees everything.
const PAGE: usize = 50;

/// How requests are read. In development `MCP_PAGE_SIZE` may make pages smaller.
pub(crate) fn options<'a>(env: &Env, key: &'a RingSeal) -> Options<'a> {
    let size = edge::vars::in_development(env, "MCP_PAGE_SIZE").unwrap_or(PAGE);
    Options { compat: true, asks_back: true, sessions: true, toolset: None, pages: Some(Pages { size, key }) }
}

/// The product within one request.
pub(crate) struct Live<'a> {
    app: &'a App<'a>,
    caller: &'a Caller,
    /// For the first call only.
    prefetched: RefCell<tools::Prefetched>,
}

impl<'a> Live<'a> {
    pub(crate) fn new(app: &'a App<'a>, caller: &'a Caller, prefetched: tools::Prefetched) -> Self {
        Self { app, caller, prefetched: RefCell::new(prefetched) }
    }
}

impl Product for Live<'_> {
    type Held = Held;
    type Caller = Passport;

    fn hold(&self) -> Held {
        Held {
            env: self.app.env.clone(),
            caller: self.caller.clone(),
            request_id: self.app.request_id.clone(),
            after: self.app.after.clone(),
            seal: self.app.config.seal.clone(),
            prefetched: Rc::new(RefCell::new(self.prefetched.take())),
        }
    }

    fn caller(&self) -> Passport {
        Passport::of(self.caller, &self.app.request_id)
    }

    fn principal(&self) -> &str {
        self.caller.principal.user_id.as_str()
    }

    fn catalog() -> &'static Catalog {
        &catalog::CATALOG
    }

    fn options(&self) -> Options<'_> {
        options(self.app.env, &self.app.config.seal)
    }

    fn timing(&self) -> Timing {
        Timing::of(self.app.env)
    }

    fn seal(&self) -> &dyn StateSeal {
        &self.app.config.seal
    }

    fn asks_back(name: &str) -> bool {
        asks_back(name)
    }

    fn reports(ask: &Ask) -> bool {
        reports(ask)
    }

    fn admit(&self, ask: Ask) -> Result<Ask, Reply> {
        let refused = |call: &ToolCall| {
            counted::refused(self.app, &self.caller.principal, self.caller.client_id.as_deref(), call);
        };
        admit(&self.caller.principal, ask, refused)
    }

    async fn tool(&self, call: &ToolCall, told: &Frames) -> Result<Outcome<ToolOutput>, Error> {
        let prefetched = self.prefetched.take();
        let called = tools::call(self.app, self.caller, call, told, prefetched);
        counted::tool(self.app, self.caller, call, called).await.map(Outcome::Done)
    }

    async fn resource(&self, read: &ResourceRead) -> Result<Outcome<Vec<ResourceContents>>, Error> {
        counted::other(self.app, self.caller).await?;
        resources::read(self.app, self.caller, read).await.map(Outcome::Done)
    }

    async fn prompt(&self, get: &PromptGet) -> Result<Outcome<PromptOutput>, Error> {
        counted::other(self.app, self.caller).await?;
        prompts::get(get).map(Outcome::Done)
    }

    async fn complete(&self, completion: &Completion) -> Result<CompletionOutput, Error> {
        counted::other(self.app, self.caller).await?;
        completions::complete(self.app, self.caller, completion).await
    }

    async fn changes(&self) -> Result<Changes, Error> {
        counted::other(self.app, self.caller).await?;
        changes::of(self.app.env, &self.caller.principal).await
    }
}

/// Who asks, as it travels to a session.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Passport {
    principal: Principal,
    client_id: Option<String>,
    request_id: String,
}

impl Passport {
    fn of(caller: &Caller, request_id: &str) -> Self {
        Self {
            principal: caller.principal.clone(),
            client_id: caller.client_id.clone(),
            request_id: request_id.to_owned(),
        }
    }
}

/// The product for as long as a stream or a session needs it.
#[derive(Clone)]
pub(crate) struct Held {
    env: Env,
    caller: Caller,
    request_id: String,
    after: After,
    seal: RingSeal,
    /// For the first call only.
    prefetched: Rc<RefCell<tools::Prefetched>>,
}

impl Held {
    /// The product of the caller who sends a message to a session.
    pub(crate) fn new(env: &Env, seal: RingSeal, passport: Passport) -> Self {
        let Passport { principal, client_id, request_id } = passport;
        let caller = Caller { principal, client_id, quote_ttl: None, counted: None };
        Self { env: env.clone(), caller, request_id, after: After::object(), seal, prefetched: Rc::default() }
    }

    /// What states are sealed with in this environment.
    pub(crate) fn sealing(env: &Env) -> Result<RingSeal, Error> {
        Config::read(env).map(|config| config.seal)
    }

    fn app(&self) -> Result<App<'_>, Error> {
        App::new(&self.env, self.after.clone(), self.request_id.clone())
    }
}

impl Product for Held {
    type Held = Self;
    type Caller = Passport;

    fn hold(&self) -> Self {
        self.clone()
    }

    fn caller(&self) -> Passport {
        Passport::of(&self.caller, &self.request_id)
    }

    fn principal(&self) -> &str {
        self.caller.principal.user_id.as_str()
    }

    fn catalog() -> &'static Catalog {
        &catalog::CATALOG
    }

    fn options(&self) -> Options<'_> {
        options(&self.env, &self.seal)
    }

    fn timing(&self) -> Timing {
        Timing::of(&self.env)
    }

    fn seal(&self) -> &dyn StateSeal {
        &self.seal
    }

    fn asks_back(name: &str) -> bool {
        asks_back(name)
    }

    fn reports(ask: &Ask) -> bool {
        reports(ask)
    }

    fn admit(&self, ask: Ask) -> Result<Ask, Reply> {
        let refused = |call: &ToolCall| {
            if let Ok(app) = self.app() {
                counted::refused(&app, &self.caller.principal, self.caller.client_id.as_deref(), call);
            }
        };
        admit(&self.caller.principal, ask, refused)
    }

    async fn tool(&self, call: &ToolCall, told: &Frames) -> Result<Outcome<ToolOutput>, Error> {
        Live::new(&self.app()?, &self.caller, self.prefetched.take()).tool(call, told).await
    }

    async fn resource(&self, read: &ResourceRead) -> Result<Outcome<Vec<ResourceContents>>, Error> {
        Live::new(&self.app()?, &self.caller, tools::Prefetched::default()).resource(read).await
    }

    async fn prompt(&self, get: &PromptGet) -> Result<Outcome<PromptOutput>, Error> {
        Live::new(&self.app()?, &self.caller, tools::Prefetched::default()).prompt(get).await
    }

    async fn complete(&self, completion: &Completion) -> Result<CompletionOutput, Error> {
        Live::new(&self.app()?, &self.caller, tools::Prefetched::default()).complete(completion).await
    }

    async fn changes(&self) -> Result<Changes, Error> {
        changes::of(&self.env, &self.caller.principal).await
    }
}

/// Whether a tool, prompt or resource asks the client back before it answers. None does so far; one that will has to be
/// named here, so that its calls reach the session that can ask.
fn asks_back(_name: &str) -> bool {
    false
}

/// Whether there is something to tell of while a request is served: the tool has steps, and the client wants to hear of them.
fn reports(ask: &Ask) -> bool {
    ask.context().progress().is_some() && matches!(ask, Ask::Tool(call) if tools::reports(call.tool.name))
}

/// Refuses what the caller's token does not permit, and tells of a tool. Over POST that was answered by a 403 already.
fn admit(principal: &Principal, ask: Ask, refused: impl FnOnce(&ToolCall)) -> Result<Ask, Reply> {
    let needed: Scopes = scopes::needed(&ask).collect();
    if principal.scopes.contains_all(&needed) {
        return Ok(ask);
    }
    if let Ask::Tool(call) = &ask {
        refused(call);
    }
    Err(ask.fail(missing(&needed)))
}
