//! Levels: pivots, peaks, clusters and densities of prices, pivot points, and support and resistance.

mod chance;
pub mod clusters;
pub mod density;
mod detect;
mod evidence;
pub mod floor_pivots;
pub mod peaks;
pub mod pivots;

pub use detect::{Kind, Level, Levels, NEED, NoLevels, Search, Source, levels};
