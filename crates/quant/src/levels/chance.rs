//! What chance alone would show: the same bars in another order.
//!
//! Bars that know nothing of a price can stand in any order. Shuffled among their neighbours they keep the trend, the
//! volatility of their time and the prices where the path spent its time, and lose what ties their turns to one price.
//! Evidence that such series reach as well is no evidence.

use super::evidence::{LogBar, evidence};

/// Bars are shuffled among so many.
const BLOCK: usize = 32;

/// Numbers that look random, the same ones for the same seed: SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub(super) struct SplitMix64(pub(super) u64);

impl SplitMix64 {
    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0. The bias is below 2^-40 for the bounds used here.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

/// The strongest evidence of each of `count` shuffled series, weakest first.
pub(super) fn strongest(rows: &[LogBar], count: usize, seed: u64) -> Vec<f64> {
    let mut random = SplitMix64(seed);
    let mut found: Vec<f64> = (0..count)
        .filter_map(|_| {
            let shuffled = shuffled(rows, &mut random);
            evidence(&shuffled)?.values.into_iter().reduce(f64::max)
        })
        .collect();
    found.sort_by(f64::total_cmp);
    found
}

/// The bars in another order, each with the gap before it, its shape and the range that was usual in its time.
fn shuffled(rows: &[LogBar], random: &mut SplitMix64) -> Vec<LogBar> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    // The blocks begin anywhere, so that over many shuffles no bar is always at a block's end.
    let first = random.below(BLOCK).min(order.len());
    let (start, rest) = order.split_at_mut(first);
    shuffle(start, random);
    rest.chunks_mut(BLOCK).for_each(|block| shuffle(block, random));
    let mut close = rows.first().map_or(0.0, |first| first.open);
    let pieces = order.into_iter().filter_map(|index| {
        let row = rows.get(index)?;
        let before = index.checked_sub(1).and_then(|before| rows.get(before)).map_or(row.open, |before| before.close);
        Some((row, row.open - before))
    });
    pieces
        .map(|(row, gap)| {
            let shift = close + gap - row.open;
            close = row.close + shift;
            LogBar { open: row.open + shift, high: row.high + shift, low: row.low + shift, close, range: row.range }
        })
        .collect()
}

fn shuffle(indices: &mut [usize], random: &mut SplitMix64) {
    for last in (1..indices.len()).rev() {
        indices.swap(last, random.below(last + 1));
    }
}
