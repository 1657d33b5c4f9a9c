//! What `analyze_strategy` decides, computes and shows, without a platform: which listed options are meant (`place`), what is
//! known of each (`market`), the figures (`assemble`), and the compact text.

pub(crate) mod assemble;
mod figures;
mod market;
pub(crate) mod place;
#[cfg(test)]
mod tests;
pub(crate) mod text;

/// Options on these indices are settled in cash and exercised at their end only.
const EUROPEAN: [&str; 13] =
    ["SPX", "SPXW", "XSP", "XSPW", "NDX", "NDXP", "XND", "RUT", "RUTW", "MRUT", "VIX", "VIXW", "DJX"];

/// Whether options of a root are those of an index.
fn is_index(root: &str) -> bool {
    EUROPEAN.contains(&root)
}
