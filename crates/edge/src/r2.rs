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

/// Deletes every object whose key begins with `prefix`. It may be repeated after a failure, which leaves some of them.
pub async fn delete_prefix(env: &Env, prefix: &str) -> Result<()> {
    let bucket = env.bucket("R2")?;
    loop {
        // What was listed is gone, so each page is the first one.
        let listed = bucket.list().prefix(prefix).execute().await?;
        let keys: Vec<String> = listed.objects().iter().map(worker::Object::key).collect();
        if keys.is_empty() {
            return Ok(());
        }
        bucket.delete_multiple(keys).await?;
    }
}
