//! Variables and secrets of the worker.

use std::str::FromStr;

use worker::Env;

/// The value of a variable or secret; absent and empty are the same.
pub fn get(env: &Env, name: &str) -> Option<String> {
    env.var(name).ok().map(|value| value.to_string()).filter(|value| !value.is_empty())
}

/// A variable that counts in development only: there a test may choose what is fixed everywhere else.
pub fn in_development<T: FromStr>(env: &Env, name: &str) -> Option<T> {
    let value = get(env, name)?;
    let is_development = get(env, "ENVIRONMENT").is_some_and(|environment| environment == "development");
    value.parse().ok().filter(|_| is_development)
}
