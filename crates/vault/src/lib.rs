//! Keys and what is done with them: sealing, hashing, access tokens, random handles.
//!
//! In scope: the two key rings ([`KeyRing`] for what is stored, [`JwtKeys`] for access tokens), AES-256-GCM envelopes, signatures, JWTs,
//! minting and hashing of opaque tokens, and [`Secret`], a text that does not show itself. Out of scope: where sealed values
//! lie (`store`) and what tokens mean (`oauth`). Time and randomness are parameters; nothing here panics on any input.

pub mod entropy;
mod hs256;
pub mod jwt;
pub mod keys;
pub mod seal;
pub mod secret;
pub mod sign;
pub mod token;

pub use entropy::Entropy;
pub use jwt::{Claims, Expected, JwtError, JwtKeys};
pub use keys::{KeyError, KeyRing, Purpose};
pub use seal::{Place, SealError};
pub use secret::Secret;
