//! The rules, one module for each tool that has a summary: facts in, [`Summary`](crate::Summary) out.

pub mod chart;
pub mod opportunities;
pub mod options;
pub mod portfolio;
pub mod strategy;
