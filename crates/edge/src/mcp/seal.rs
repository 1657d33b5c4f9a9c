//! What the states between two rounds of a call are sealed with, and cursors signed: the keys of everything that is stored.

use mcp::{cursor::Sign, input::StateSeal};
use vault::{KeyRing, Secret, seal, sign};

use crate::entropy::Platform;

/// Seals with the current key and opens with the previous one too. Whom and what a state belongs to is bound by the core.
#[derive(Clone)]
pub struct RingSeal(pub KeyRing);

impl std::fmt::Debug for RingSeal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RingSeal")
    }
}

const PLACE: seal::Place<'static> = seal::Place { table: "mcp", column: "state", user: "", row: "" };

impl StateSeal for RingSeal {
    fn seal(&self, clear: &str) -> Option<String> {
        seal::seal(&self.0, &PLACE, &Secret::new(clear), &Platform).ok()
    }

    fn open(&self, sealed: &str) -> Option<String> {
        Some(seal::open(&self.0, &PLACE, sealed).ok()?.expose().to_owned())
    }
}

impl Sign for RingSeal {
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        sign::sign(&self.0, message)
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        sign::verify(&self.0, message, signature)
    }
}
