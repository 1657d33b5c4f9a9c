//! KV: a cache that may be lost or stale.

use worker::{Env, KvStore, Result};

/// How long an entry is kept. KV refuses less than a minute, so this cannot hold less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ttl(u64);

impl Ttl {
    /// At least a minute.
    pub const fn seconds(seconds: u64) -> Self {
        Self(if seconds < 60 { 60 } else { seconds })
    }
}

/// The namespace that this worker calls `KV`.
#[derive(Debug, Clone)]
pub struct Kv(KvStore);

impl Kv {
    /// Finds the binding.
    pub fn of(env: &Env) -> Result<Self> {
        env.kv("KV").map(Self)
    }

    /// The text under a key. A failing cache is an empty one; it is logged and served past.
    pub async fn get(&self, key: &str) -> Option<String> {
        match self.0.get(key).text().await {
            Ok(text) => text,
            Err(error) => {
                crate::log::warn("cache read failed", &[("error", &error)]);
                None
            }
        }
    }

    /// Puts a text under a key. A failure is logged and otherwise of no consequence.
    pub async fn put(&self, key: &str, text: &str, ttl: Ttl) {
        let put = async { self.0.put(key, text)?.expiration_ttl(ttl.0).execute().await };
        if let Err(error) = put.await {
            crate::log::warn("cache write failed", &[("error", &error)]);
        }
    }

    /// Deletes every key that begins with `prefix`. It may be repeated after a failure, which leaves some of them.
    pub async fn delete_prefix(&self, prefix: &str) -> Result<()> {
        loop {
            // What was listed is gone, so each page is the first one.
            let listed = self.0.list().prefix(prefix.to_owned()).execute().await?;
            for key in &listed.keys {
                self.0.delete(&key.name).await?;
            }
            if listed.list_complete || listed.keys.is_empty() {
                return Ok(());
            }
        }
    }
}
