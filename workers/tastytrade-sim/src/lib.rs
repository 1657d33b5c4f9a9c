//! A simulator of TastyTrade: login pages, token endpoint, REST, and a market that moves by itself. It runs locally and is
//! never deployed.
//!
//! Everything but `shell` is plain computation on values: a call comes in with the time and a source of randomness, an
//! answer goes out, and `state` is what survives a restart. The figures follow from a seed and the clock, so the same
//! moment always has the same prices.

mod accounts;
mod calendar;
mod call;
mod control;
mod desk;
mod faults;
mod journal;
mod market;
mod oauth;
mod orders;
mod pages;
mod quote_alerts;
mod rest;
mod shell;
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod users;
mod wire;
mod world;
