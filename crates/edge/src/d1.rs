//! D1 as the [`store::Database`].

use store::{Error, Outcome, Statement, Value};
use wasm_bindgen::JsValue;
use worker::{D1Database, D1PreparedStatement, D1Result, Env};

/// The database behind a binding.
#[derive(Debug)]
pub struct D1(D1Database);

impl D1 {
    /// The database that this worker calls `DB`.
    pub fn of(env: &Env) -> Result<Self, Error> {
        env.d1("DB").map(Self).map_err(failed)
    }

    fn prepare(&self, statement: &Statement) -> Result<D1PreparedStatement, Error> {
        let params: Vec<JsValue> = statement.params.iter().map(to_js).collect();
        self.0.prepare(statement.sql).bind(&params).map_err(failed)
    }
}

impl store::Database for D1 {
    async fn run(&self, statement: Statement) -> Result<Outcome, Error> {
        outcome(&self.prepare(&statement)?.all().await.map_err(failed)?)
    }

    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, Error> {
        let prepared: Vec<_> = statements.iter().map(|statement| self.prepare(statement)).collect::<Result<_, _>>()?;
        self.0.batch(prepared).await.map_err(failed)?.iter().map(outcome).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "D1 carries integers as doubles; ours stay below 2^53")]
fn to_js(value: &Value) -> JsValue {
    match value {
        Value::Null => JsValue::NULL,
        Value::Int(number) => JsValue::from_f64(*number as f64),
        Value::Text(text) => JsValue::from_str(text),
    }
}

fn outcome(result: &D1Result) -> Result<Outcome, Error> {
    if let Some(error) = result.error() {
        return Err(Error(error));
    }
    let changes = result.meta().map_err(failed)?.and_then(|meta| meta.changes).unwrap_or(0);
    Ok(Outcome { changes: u64::try_from(changes).unwrap_or(0), rows: result.results().map_err(failed)? })
}

fn failed(error: worker::Error) -> Error {
    Error(error.to_string())
}
