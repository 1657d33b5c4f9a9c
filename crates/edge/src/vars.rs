//! Variables and secrets of the worker.

use worker::Env;

/// The value of a variable or secret; absent and empty are the same.
pub fn get(env: &Env, name: &str) -> Option<String> {
    env.var(name).ok().map(|value| value.to_string()).filter(|value| !value.is_empty())
}
