//! The field's own vocabulary: symbols, decimals, ids, scopes, and the one error that every rendering starts from.
//!
//! In scope: types that hold what has been checked, and their parsers. Out of scope: wire formats of TastyTrade
//! (`tasty`), calls between the workers (`contract`), storage (`store`). Nothing here does I/O, reads a clock or panics.

pub mod account;
pub mod decimal;
pub mod error;
pub mod exchange;
pub mod id;
pub mod occ;
pub mod portfolio;
pub mod scope;
pub mod symbol;

pub use account::AccountNumber;
pub use decimal::Decimal;
pub use error::{Error, Family, Reason};
pub use id::UserId;
pub use occ::OccSymbol;
pub use scope::{Scope, Scopes};
pub use symbol::Symbol;

/// A moment, in UTC. Rendered as ISO 8601 with an offset, stored in D1 as Unix milliseconds.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
