//! DXLink, TastyTrade's market data over a WebSocket, without the network: text frames and the time go in, frames to send
//! and what was collected come out.
//!
//! A [`Client`] speaks for one socket. It is asked for *collections* ([`Wanted`]: these symbols with these kinds of
//! events, and candles), each with a deadline, and gives each back as [`Collected`] once all of it is there or the time is
//! up, with what is missing by name. Several collections may be under way at once; they share subscriptions.
//!
//! Whoever owns the socket sends what [`Client::next_frame`] gives, hands each text frame to [`Client::receive`], calls
//! [`Client::tick`] when [`Client::wakes_at`] has come, and takes what [`Client::take_finished`] has. A client that has
//! failed ([`Client::fault`]) has finished all its collections; a new socket wants a new client.
//!
//! The order of the handshake is strict, since a server ends a session that says its token too early: SETUP, the server's
//! `AUTH_STATE`, AUTH, the server's consent, a channel, its configuration, and only then subscriptions.
//!
//! Prices and sizes keep the digits with which they came. Greeks and volatilities are doubles, since they are computed
//! ones. What is not a number is absent.

mod candle;
mod client;
mod collection;
mod event;
mod row;
mod wire;

pub use candle::{Candle, CandleSeries, Candles, Period, Unit};
pub use client::{Client, CollectionId, Fault};
pub use collection::{Collected, Ended, Missing, TooMuch, Wanted};
pub use event::{Event, Greeks, Kind, Profile, Quote, Summary, TheoPrice, Trade, Underlying};
pub use wire::MAX_FRAME;
