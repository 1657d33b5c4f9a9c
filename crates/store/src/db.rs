//! The port to the database: statements in, rows out.

use serde::de::DeserializeOwned;

/// One bound parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL `NULL`.
    Null,
    /// An integer. D1 carries it as a double: 53 bits are exact.
    Int(i64),
    /// A text.
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Int(i64::from(truth))
    }
}

impl From<domain::Timestamp> for Value {
    /// Unix milliseconds.
    fn from(moment: domain::Timestamp) -> Self {
        Self::Int(moment.timestamp_millis())
    }
}

impl From<&domain::UserId> for Value {
    fn from(user: &domain::UserId) -> Self {
        Self::Text(user.as_str().to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A statement with its parameters, `?1` first.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The text; a constant, so that nothing from outside can be part of it.
    pub sql: &'static str,
    /// The parameters.
    pub params: Vec<Value>,
}

impl Statement {
    /// A statement and its parameters.
    pub fn new(sql: &'static str, params: impl IntoIterator<Item = Value>) -> Self {
        Self { sql, params: params.into_iter().collect() }
    }
}

/// Builds a [`Statement`]: `sql!("SELECT name FROM users WHERE id = ?1", &user)`.
#[macro_export]
macro_rules! sql {
    ($text:expr $(, $param:expr)* $(,)?) => {
        $crate::Statement::new($text, [$($crate::Value::from($param)),*])
    };
}

/// What a statement did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Rows written.
    pub changes: u64,
    /// Rows answered, each an object of column names.
    pub rows: Vec<serde_json::Value>,
}

impl Outcome {
    /// The rows as `T`.
    pub fn read<T: DeserializeOwned>(self) -> Result<Vec<T>, Error> {
        self.rows.into_iter().map(|row| serde_json::from_value(row).map_err(|error| Error(error.to_string()))).collect()
    }

    /// The first row as `T`, if there is one.
    pub fn first<T: DeserializeOwned>(self) -> Result<Option<T>, Error> {
        Ok(self.read()?.into_iter().next())
    }
}

/// The database failed; the text is for logs only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("database: {0}")]
pub struct Error(pub String);

impl From<Error> for domain::Error {
    fn from(_: Error) -> Self {
        Self::new(
            domain::Reason::DatabaseUnavailable,
            "The database did not answer. Nothing was changed; try again in a moment.",
        )
    }
}

/// A database that speaks SQLite's SQL.
#[expect(async_fn_in_trait, reason = "futures are not Send on the platform, and need not be")]
pub trait Database {
    /// Runs one statement.
    async fn run(&self, statement: Statement) -> Result<Outcome, Error>;

    /// Runs all statements in one transaction: all of them happen or none.
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, Error>;
}
