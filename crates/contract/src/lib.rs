//! What mcp-server may ask of analysis: one enum of calls, carried as JSON over the service binding.
//!
//! The binding is the boundary, so the principal is unsigned: nothing but mcp-server can reach the other side. The inputs
//! of calls that a tool makes are that tool's arguments; `schemas/` holds their JSON Schemas, kept true by a test.

pub mod account;
pub mod analysis;
pub mod config;
pub mod connection;
pub mod market;
pub mod portfolio;
pub mod quote;
pub mod tool;

use domain::{Error, Scopes, UserId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Principal {
    /// The user of the verified token.
    pub user_id: UserId,
    /// What the token permits.
    pub scopes: Scopes,
}

/// One call with its principal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// The id that both workers log.
    pub request_id: String,
    /// Who asks; absent only in the calls of a login, which find out who it is.
    pub principal: Option<Principal>,
    /// What is asked.
    pub call: Call,
}

/// Everything that can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Call {
    /// Redeem the code of a TastyTrade login. No principal. Answer: [`LoggedIn`].
    RedeemCode {
        /// The code from the callback.
        code: String,
        /// The callback's address, as it was sent to the login page.
        redirect_uri: String,
    },
    /// Try a grant that the user made at TastyTrade and pasted. No principal. Answer: [`LoggedIn`].
    TryGrant {
        /// The client secret of the user's own OAuth application.
        client_secret: String,
        /// The refresh token of the grant.
        refresh_token: String,
    },
    /// The user of single-user mode, from the worker's own variables. No principal. Answer: [`LoggedIn`].
    SingleUser,
    /// Whether TastyTrade still accepts the user's grant; a grant that was confirmed within the last minute is not tried
    /// again. Needs no scope. Answer: [`Connection`].
    ConfirmConnection,
    /// Quotes. Needs `market:read`. Answer: [`quote::QuoteOutput`].
    GetQuote(tool::GetQuoteInput),
    /// A tool that mcp-server only forwards. None of these changes anything. Each needs a scope of its own, by the table of
    /// analysis. Answer: [`Rendered`].
    Tool {
        /// The tool's name.
        name: String,
        /// Its arguments, in the form that the tool's input schema asks for.
        arguments: serde_json::Value,
    },
    /// Where a job stands. Needs `analysis:run`. Answer: [`JobStatus`].
    GetWorkflowStatus(tool::GetWorkflowStatusInput),
    /// Starts a sync of accounts, balances and positions, unless one is under way. Needs `account:read`. Answer: [`JobStatus`].
    SyncAccount,
    /// What the dashboard shows. Needs `account:read`. Answer: [`Overview`].
    GetOverview,
    /// What the last sync found. Needs `account:read`. Answer: [`portfolio::Portfolio`].
    GetPortfolio,
    /// Balances or positions as they are now with what can be computed of them, or what the last sync found where TastyTrade
    /// does not answer. Needs `account:read`. Answer: an object as the resource shows it.
    GetLivePortfolio {
        /// Which part.
        part: portfolio::Part,
        /// Positions in this underlying alone.
        underlying: Option<domain::Symbol>,
    },
    /// The user's newest analyses, or those of one symbol with what they found. Needs `account:read`. Answer: an object as
    /// the resource shows it.
    GetHistory {
        /// Of which symbol; `portfolio` for those of no single one.
        symbol: Option<String>,
    },
    /// What may stand for `symbol` in [`Self::GetHistory`]. Needs `account:read`. Answer: a list of texts.
    GetAnalysedSymbols,
    /// Whether TastyTrade answers in the user's name: it is asked. Needs `account:read`. Answer:
    /// [`connection::ConnectionTest`], also when it does not.
    TestConnection,
    /// What the user has chosen. Needs `account:read`. Answer: [`config::Config`].
    GetConfig,
    /// Changes what is named, all of it or nothing. Needs `settings:write`. Answer: [`config::Config`], as it holds
    /// afterwards.
    UpdateConfig(config::ConfigChanges),
    /// Forgets the user's credential and access token; everything else stays. Needs a principal. Answer: `{}`.
    Disconnect,
    /// Everything that is kept of the user, for the user. Needs a principal. Answer: an object of tables.
    Export,
    /// Deletes everything of the user, and may be repeated. Needs a principal. Answer: `{}`.
    DeleteUser,
    /// Whether the worker and its bindings are there. No principal. Answer: any JSON object.
    Health,
    /// Development only: panic on demand. Answer, for a step: an object with its `workflow_id`.
    DebugPanic {
        /// Where.
        place: DebugPanic,
    },
    /// Development only: collects market data. Needs a principal. Answer: what the collection came to.
    DebugStream(DebugStream),
}

impl Call {
    /// Whether it changes nothing, so that it may end anywhere when nobody waits for it any more.
    pub fn only_reads(&self) -> bool {
        match self {
            Self::GetQuote(_)
            | Self::Tool { .. }
            | Self::GetWorkflowStatus(_)
            | Self::GetPortfolio
            | Self::GetLivePortfolio { .. }
            | Self::GetOverview
            | Self::GetHistory { .. }
            | Self::GetAnalysedSymbols
            | Self::TestConnection
            | Self::GetConfig
            | Self::Export
            | Self::Health
            | Self::DebugStream(_) => true,
            Self::RedeemCode { .. }
            | Self::TryGrant { .. }
            | Self::SingleUser
            | Self::ConfirmConnection
            | Self::SyncAccount
            | Self::UpdateConfig(_)
            | Self::Disconnect
            | Self::DeleteUser
            | Self::DebugPanic { .. } => false,
        }
    }
}

/// What a forwarded tool answers, for programs and for the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rendered {
    /// A compact text that says the same.
    pub text: String,
    /// A JSON object, which mcp-server passes on unread.
    pub structured: Box<RawValue>,
}

impl Rendered {
    /// The rendering of a result.
    ///
    /// # Errors
    ///
    /// `internal` for a result that cannot be written.
    pub fn new(output: &impl Serialize, text: impl Into<String>) -> Result<Self, Error> {
        let structured = serde_json::value::to_raw_value(output).map_err(|_| unwritable())?;
        Ok(Self { text: text.into(), structured })
    }
}

fn unwritable() -> Error {
    Error::new(domain::Reason::Internal, "The result could not be written. This is ours to mend.")
}

/// Where to panic on demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DebugPanic {
    /// In a call, at once.
    Before,
    /// In a call, after it has waited.
    After,
    /// Twice in a step of a workflow.
    Step,
}

/// Market data to collect on demand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DebugStream {
    /// Kinds of events as the streamer names them, for example `Quote` and `Greeks`.
    pub kinds: Vec<String>,
    /// Streamer symbols of which each of these kinds is wanted.
    pub symbols: Vec<String>,
    /// Streamer symbols of which daily candles are wanted.
    pub candles: Vec<String>,
    /// Of how many days.
    pub days: u16,
    /// How long it may take, in milliseconds.
    pub wait_ms: u64,
    /// After how long without anything new it ends before, in milliseconds; zero: it does not.
    pub quiet_ms: u64,
}

/// A login that succeeded: the user is known and the credential is sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoggedIn {
    /// The user.
    pub user_id: UserId,
    /// The sync that the first login started, if this was one.
    pub workflow_id: Option<String>,
}

/// How a user is connected to TastyTrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// TastyTrade accepts the user's grant.
    Holds,
    /// It does not: the user has to log in again.
    Ended,
    /// There is no grant: the user has disconnected TastyTrade here.
    Absent,
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobStatus {
    /// The job's id, which is the workflow's.
    pub workflow_id: String,
    /// What it does, for example `sync_account`.
    pub kind: String,
    /// How far it is.
    pub status: JobState,
    /// In plain words: the step that runs now or ran last.
    pub progress: Option<String>,
    /// What came out of it, once complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<serde_json::Value>,
    /// Why it ended without, once errored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it was accepted, ISO 8601 with offset.
    pub created_at: domain::Timestamp,
    /// When it last moved, ISO 8601 with offset.
    pub updated_at: domain::Timestamp,
}

/// The stages of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Accepted, not started.
    Queued,
    /// Under way.
    Running,
    /// Done; there is an output.
    Complete,
    /// Given up; there is an error.
    Errored,
}

impl JobState {
    /// Whether nothing will happen any more.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Complete | Self::Errored)
    }
}

/// What the dashboard shows of the last sync.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The accounts with their balances.
    pub accounts: Vec<AccountOverview>,
    /// The newest job.
    pub last_job: Option<JobStatus>,
}

/// One account on the dashboard. Money is text with the digits it came with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountOverview {
    /// The masked number.
    pub account: String,
    /// The user's name for it, or its type.
    pub name: String,
    /// Net liquidating value in US dollars.
    pub net_liquidating_value: Option<String>,
    /// Buying power for options in US dollars.
    pub derivative_buying_power: Option<String>,
    /// When the balances were read.
    pub as_of: Option<domain::Timestamp>,
    /// The open positions.
    pub positions: Vec<PositionOverview>,
}

/// One open position on the dashboard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PositionOverview {
    /// The instrument.
    pub symbol: String,
    /// How many, never negative.
    pub quantity: String,
    /// `Long` or `Short`.
    pub quantity_direction: String,
    /// Average price when opened, per unit.
    pub average_open_price: Option<String>,
    /// Price per unit now.
    pub mark_price: Option<String>,
}

/// The answer to a call: raw JSON that mcp-server forwards, or the error.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The result.
    Ok(Box<RawValue>),
    /// Why there is none.
    Error(Error),
}

impl Answer {
    /// The answer that carries this result.
    pub fn new<T: Serialize>(result: Result<T, Error>) -> Self {
        match result.and_then(|value| serde_json::value::to_raw_value(&value).map_err(|_| unwritable())) {
            Ok(raw) => Self::Ok(raw),
            Err(error) => Self::Error(error),
        }
    }

    /// The raw result.
    pub fn into_result(self) -> Result<Box<RawValue>, Error> {
        match self {
            Self::Ok(raw) => Ok(raw),
            Self::Error(error) => Err(error),
        }
    }

    /// The result as `T`.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        serde_json::from_str(self.into_result()?.get()).map_err(|_| {
            Error::new(
                domain::Reason::Internal,
                "The analysis worker's answer could not be read. This is ours to mend.",
            )
        })
    }
}
