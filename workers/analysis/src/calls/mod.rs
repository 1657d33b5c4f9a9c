//! The calls of the contract, one file each. Authorisation has happened before (`service`).

pub(crate) mod config;
pub(crate) mod delete_user;
pub(crate) mod disconnect;
pub(crate) mod export;
pub(crate) mod get_live_portfolio;
pub(crate) mod get_overview;
pub(crate) mod get_portfolio;
pub(crate) mod get_quote;
pub(crate) mod get_workflow_status;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod login;
pub(crate) mod sync_account;
pub(crate) mod test_connection;
