//! `subscriptions/listen`: a stream that tells of changes until one side ends it. Modern era.
//!
//! The caller narrows [`Listen::filter`] to what the user may see, sends [`Reply::stream`] as the head and
//! [`Listen::acknowledged`] first, then [`Listen::tell`] for each change, and [`Listen::close`] if it is the one who ends
//! the stream. A client that wants no more closes the connection.

use domain::Error;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    catalog::Catalog,
    context::Context,
    fault::Fault,
    notify::{self, Change, Tag},
    reply::Reply,
    stream::Frame,
};

/// The most resources that one subscription may name.
pub const MAX_RESOURCES: usize = 100;

/// What a subscription is told of. Only what was asked for is in it, and only what the catalogue announces.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// Changes of the list of tools.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tools_list_changed: bool,
    /// Changes of the list of prompts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub prompts_list_changed: bool,
    /// Changes of the list of resources.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub resources_list_changed: bool,
    /// Changes of these resources. The caller leaves only those that the user may see.
    #[serde(rename = "resourceSubscriptions", skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
}

impl Filter {
    /// Reads what is asked for and keeps what the catalogue announces. Members that are not known are left out.
    fn read(catalog: &Catalog, asked: &Map<String, Value>) -> Result<Self, Fault> {
        let flag = |name: &str| match asked.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(Fault::invalid_params(format!("`notifications.{name}` must be true or false."))),
        };
        Ok(Self {
            tools_list_changed: flag("toolsListChanged")? && catalog.list_changed.tools,
            prompts_list_changed: flag("promptsListChanged")? && catalog.list_changed.prompts,
            resources_list_changed: flag("resourcesListChanged")? && catalog.list_changed.resources,
            resources: addresses(asked)?.into_iter().filter(|uri| catalog.is_watched(uri)).collect(),
        })
    }

    fn covers(&self, change: &Change) -> bool {
        match change {
            Change::Tools => self.tools_list_changed,
            Change::Prompts => self.prompts_list_changed,
            Change::Resources => self.resources_list_changed,
            Change::Resource(uri) => self.resources.contains(uri),
        }
    }
}

fn addresses(asked: &Map<String, Value>) -> Result<Vec<String>, Fault> {
    let mut addresses = Vec::new();
    match asked.get("resourceSubscriptions") {
        None | Some(Value::Null) => {}
        Some(Value::Array(items)) if items.len() > MAX_RESOURCES => {
            return Err(Fault::invalid_params(format!("A subscription may name {MAX_RESOURCES} resources.")));
        }
        Some(Value::Array(items)) => {
            for item in items {
                let uri = item.as_str().ok_or_else(|| {
                    Fault::invalid_params("`notifications.resourceSubscriptions` must be a list of addresses.")
                })?;
                if !addresses.iter().any(|known| known == uri) {
                    addresses.push(uri.to_owned());
                }
            }
        }
        Some(_) => {
            return Err(Fault::invalid_params("`notifications.resourceSubscriptions` must be a list of addresses."));
        }
    }
    Ok(addresses)
}

/// A subscription that a client asks for.
#[derive(Debug)]
pub struct Listen {
    pub(crate) context: Context,
    /// What it is told of.
    pub filter: Filter,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Closed<'a> {
    jsonrpc: &'static str,
    id: &'a serde_json::value::RawValue,
    result: ClosedResult<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClosedResult<'a> {
    result_type: &'static str,
    #[serde(rename = "_meta")]
    meta: ClosedMeta<'a>,
}

#[derive(Serialize)]
struct ClosedMeta<'a> {
    #[serde(flatten)]
    tag: Tag<'a>,
    #[serde(rename = "io.modelcontextprotocol/serverInfo")]
    server_info: crate::catalog::Server,
}

impl Listen {
    /// Reads the parameters of the request.
    pub(crate) fn read(catalog: &Catalog, context: &Context, params: &Map<String, Value>) -> Result<Self, Fault> {
        let asked = params
            .get("notifications")
            .and_then(Value::as_object)
            .ok_or_else(|| Fault::invalid_params("`notifications` must be an object."))?;
        Ok(Self { context: context.clone(), filter: Filter::read(catalog, asked)? })
    }

    /// The request behind it.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The first event: what the stream will tell of.
    pub fn acknowledged(&self) -> Frame {
        notify::acknowledged(self.tag(), &self.filter)
    }

    /// The event that tells of a change; `None` where the client did not ask to be told of it.
    pub fn tell(&self, change: &Change) -> Option<Frame> {
        self.filter.covers(change).then(|| notify::changed(change, Some(self.tag())))
    }

    /// The last events of a stream that the server ends: that the subscription is cancelled, and the request's result.
    pub fn close(&self, reason: &str) -> Frame {
        let closed = Closed {
            jsonrpc: "2.0",
            id: self.context.id.raw(),
            result: ClosedResult {
                result_type: "complete",
                meta: ClosedMeta { tag: self.tag(), server_info: self.context.server },
            },
        };
        notify::cancelled(&self.context.id, Some(self.tag()), Some(reason)).then(Frame::of(&closed))
    }

    /// The reply where there will be no stream.
    pub fn refuse(self, error: &Error) -> Reply {
        self.context.fault(&Fault::product(error))
    }

    fn tag(&self) -> Tag<'_> {
        Tag { subscription: self.context.id.raw() }
    }
}
