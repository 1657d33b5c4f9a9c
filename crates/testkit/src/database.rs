//! [`store::Database`] on SQLite in memory, with all of `migrations/` applied.

use std::{cell::Cell, fs, path::Path};

use rusqlite::{Connection, params_from_iter, types::ValueRef};
use serde_json::{Map, Value as Json};
use store::{Database, Error, Outcome, Statement, Value};

/// A database of its own, gone with the value.
///
/// It behaves like D1 where that can be seen: an integer comes back as a number, a batch is one transaction.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    fail_in: Cell<Option<u32>>,
    statements: Cell<u64>,
}

impl Sqlite {
    /// An empty database with the current schema.
    ///
    /// # Panics
    ///
    /// When a migration cannot be read or applied, which is what a test wants to know.
    #[expect(clippy::panic, reason = "only tests call this, and a broken migration must stop them")]
    pub fn new() -> Self {
        match migrated() {
            Ok(connection) => Self { connection, fail_in: Cell::new(None), statements: Cell::new(0) },
            Err(error) => panic!("migrations: {error}"),
        }
    }

    /// From now on, `calls` more calls of `run` or `batch` succeed and the one after them fails; later ones succeed again.
    pub fn fail_after(&self, calls: u32) {
        self.fail_in.set(Some(calls));
    }

    /// Takes back what [`Self::fail_after`] asked for and has not happened.
    pub fn heal(&self) {
        self.fail_in.set(None);
    }

    /// How many calls of `run` and `batch` there have been.
    pub fn calls(&self) -> u64 {
        self.statements.get()
    }

    /// Runs a text that a test has made, and answers with its rows. The product's texts are constants and go another way.
    ///
    /// # Panics
    ///
    /// When the text cannot be run.
    #[expect(clippy::panic, reason = "only tests call this, and a text that does not run must stop them")]
    pub fn query(&self, text: &str, params: &[Value]) -> Vec<Json> {
        match self.rows(text, params) {
            Ok(rows) => rows,
            Err(error) => panic!("{text}: {error}"),
        }
    }

    fn rows(&self, text: &str, params: &[Value]) -> rusqlite::Result<Vec<Json>> {
        let mut prepared = self.connection.prepare(text)?;
        let names: Vec<String> = prepared.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = prepared.query(params_from_iter(params.iter().map(parameter)))?;
        let mut read = Vec::new();
        while let Some(row) = rows.next()? {
            let mut object = Map::new();
            for (position, name) in names.iter().enumerate() {
                object.insert(name.clone(), json(row.get_ref(position)?));
            }
            read.push(Json::Object(object));
        }
        Ok(read)
    }

    fn gate(&self) -> Result<(), Error> {
        self.statements.set(self.statements.get().saturating_add(1));
        match self.fail_in.get() {
            Some(0) => {
                self.fail_in.set(None);
                Err(Error("a failure that the test asked for".to_owned()))
            }
            Some(calls) => {
                self.fail_in.set(Some(calls.saturating_sub(1)));
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn execute(&self, statement: &Statement) -> rusqlite::Result<Outcome> {
        let before = self.connection.total_changes();
        let read = self.rows(statement.sql, &statement.params)?;
        Ok(Outcome { changes: self.connection.total_changes().saturating_sub(before), rows: read })
    }
}

impl Default for Sqlite {
    fn default() -> Self {
        Self::new()
    }
}

impl Database for Sqlite {
    async fn run(&self, statement: Statement) -> Result<Outcome, Error> {
        self.gate()?;
        self.execute(&statement).map_err(failure)
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, Error> {
        self.gate()?;
        let transaction = self.connection.unchecked_transaction().map_err(failure)?;
        let outcomes: Result<Vec<_>, _> = statements.iter().map(|statement| self.execute(statement)).collect();
        let outcomes = outcomes.map_err(failure)?;
        transaction.commit().map_err(failure)?;
        Ok(outcomes)
    }
}

fn migrated() -> Result<Connection, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    let connection = Connection::open_in_memory().map_err(|error| error.to_string())?;
    for file in files {
        let said = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let text = fs::read_to_string(&file).map_err(|error| said(&error))?;
        connection.execute_batch(&text).map_err(|error| said(&error))?;
    }
    Ok(connection)
}

fn parameter(value: &Value) -> rusqlite::types::Value {
    match value {
        Value::Null => rusqlite::types::Value::Null,
        Value::Int(number) => rusqlite::types::Value::Integer(*number),
        Value::Text(text) => rusqlite::types::Value::Text(text.clone()),
    }
}

fn json(value: ValueRef<'_>) -> Json {
    match value {
        ValueRef::Null => Json::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Blob(bytes) => bytes.to_vec().into(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn failure(error: rusqlite::Error) -> Error {
    Error(error.to_string())
}

#[cfg(test)]
mod tests {
    use store::sql;

    use super::*;
    use crate::block_on;

    const SAVE: &str = "INSERT INTO settings (user_id, name, value, updated_at) VALUES (?1, ?2, ?3, 0)";

    #[test]
    fn the_migrations_apply_and_rows_come_back() {
        let db = Sqlite::new();
        let saved = block_on(db.run(sql!(SAVE, "u", "a", "1"))).unwrap();
        assert_eq!(saved.changes, 1);
        let found = block_on(db.run(sql!("SELECT value, updated_at FROM settings WHERE user_id = ?1", "u"))).unwrap();
        assert_eq!(found.rows, [serde_json::json!({"value": "1", "updated_at": 0})]);
        let search = block_on(db.batch(vec![
            sql!("INSERT INTO knowledge (path, title, body) VALUES (?1, ?2, ?3)", "p", "The wheel", "Selling puts."),
            sql!("SELECT path FROM knowledge WHERE knowledge MATCH ?1", "sell"),
        ]));
        assert_eq!(search.unwrap()[1].rows.len(), 1);
    }

    #[test]
    fn a_batch_is_all_or_nothing() {
        let db = Sqlite::new();
        let twice = vec![sql!(SAVE, "u", "a", "1"), sql!(SAVE, "u", "a", "2")];
        assert!(block_on(db.batch(twice)).is_err());
        assert!(block_on(db.run(sql!("SELECT * FROM settings"))).unwrap().rows.is_empty());
    }

    #[test]
    fn failures_come_when_they_were_asked_for() {
        let db = Sqlite::new();
        db.fail_after(1);
        assert!(block_on(db.run(sql!(SAVE, "u", "a", "1"))).is_ok());
        assert!(block_on(db.run(sql!(SAVE, "u", "b", "1"))).is_err());
        assert!(block_on(db.run(sql!(SAVE, "u", "b", "1"))).is_ok());
    }
}
