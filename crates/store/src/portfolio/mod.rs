//! Accounts, balances and positions as the last sync found them.
//!
//! A sync reads everything that a customer has and writes it with [`save_sync`], from the queue as from the workflow. A
//! position that is no longer found is not deleted: it becomes `closed`, so that there is a past to look at.

mod read;
mod save;

pub use read::{AsOf, accounts, balances, due_for_sync, open_positions};
pub use save::{SyncedPortfolio, save_sync};
