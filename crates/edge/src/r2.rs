//! R2: documents.

use worker::{Env, Result};

/// The text of an object in the bucket that this worker calls `R2`; nothing if there is no such object.
pub async fn text(env: &Env, key: &str) -> Result<Option<String>> {
    let Some(object) = env.bucket("R2")?.get(key).execute().await? else { return Ok(None) };
    match object.body() {
        Some(body) => body.text().await.map(Some),
        None => Ok(None),
    }
}
