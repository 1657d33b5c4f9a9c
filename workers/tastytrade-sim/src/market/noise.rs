//! Smooth noise from a hash: the market's only source of movement.

/// Mixes 64 bits; every bit of the input reaches every bit of the output.
fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A number for a name, so that each symbol and each purpose has its own stream.
pub(crate) fn stream(seed: u64, name: &str) -> u64 {
    name.bytes().fold(mix(seed), |state, byte| mix(state ^ u64::from(byte)))
}

/// A number in 0..1 for a place in a stream.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit a double")]
pub(crate) fn unit(stream: u64, place: i64) -> f64 {
    (mix(stream ^ mix(place.cast_unsigned())) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Noise in -1..1 that changes direction about once per unit of `x`.
#[expect(clippy::cast_possible_truncation, reason = "`x` is a count of sessions or a multiple of it")]
fn smooth(stream: u64, x: f64) -> f64 {
    let left = x.floor();
    let part = x - left;
    let weight = part * part * (3.0 - 2.0 * part);
    let at = |place: i64| 2.0 * unit(stream, place) - 1.0;
    let place = left as i64;
    at(place) * (1.0 - weight) + at(place + 1) * weight
}

/// A wandering value at market time `tau` (in sessions): octaves of noise whose swing grows with the square root of their
/// period, so that it moves by about `step` per session and stays within some twenty times that for ever.
pub(crate) fn wander(stream: u64, tau: f64, step: f64, octaves: std::ops::RangeInclusive<i32>) -> f64 {
    octaves
        .map(|octave| {
            let period = f64::from(octave).exp2();
            let own = mix(stream ^ u64::from(octave.unsigned_abs()) ^ (u64::from(octave < 0) << 32));
            0.62 * step * period.sqrt() * smooth(own, tau / period + unit(own, -1))
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn noise_is_bounded_continuous_and_repeatable(seed: u64, tau in 0.0..5000.0_f64) {
            let stream = stream(seed, "SPY");
            let value = wander(stream, tau, 0.01, -8..=7);
            proptest::prop_assert!(value.abs() < 0.3);
            proptest::prop_assert!((value - wander(stream, tau + 1e-7, 0.01, -8..=7)).abs() < 1e-5);
            proptest::prop_assert!((value - wander(stream, tau, 0.01, -8..=7)).abs() < f64::EPSILON);
        }
    }
}
