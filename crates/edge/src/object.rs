//! Durable Objects: finding one by name.

use worker::{Env, Result, Stub};

/// The object of that class and name.
pub fn named(env: &Env, binding: &str, name: &str) -> Result<Stub> {
    env.durable_object(binding)?.get_by_name(name)
}
