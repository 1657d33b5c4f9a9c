//! The exchanges' clock, by which days are counted.

pub(crate) use domain::exchange::{day, local};
