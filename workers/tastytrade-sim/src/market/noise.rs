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

/// One octave of a [`Walk`]: the hashes around the last place are kept, since the next one is usually near.
#[derive(Debug, Clone)]
struct Octave {
    stream: u64,
    period: f64,
    swing: f64,
    offset: f64,
    place: i64,
    left: f64,
    right: f64,
}

impl Octave {
    /// Noise that changes direction about once per period.
    #[expect(clippy::cast_possible_truncation, reason = "`tau` is a count of sessions or a multiple of it")]
    fn at(&mut self, tau: f64) -> f64 {
        let x = tau / self.period + self.offset;
        let left = x.floor();
        let part = x - left;
        let weight = part * part * (3.0 - 2.0 * part);
        let place = left as i64;
        if place != self.place {
            self.place = place;
            self.left = 2.0 * unit(self.stream, place) - 1.0;
            self.right = 2.0 * unit(self.stream, place + 1) - 1.0;
        }
        self.swing * (self.left * (1.0 - weight) + self.right * weight)
    }
}

/// A wandering value: octaves of noise whose swing grows with the square root of their period, so that it moves by about
/// `step` per session and stays within some twenty times that for ever.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    octaves: Vec<Octave>,
}

impl Walk {
    /// The walk of a stream.
    pub(crate) fn new(stream: u64, step: f64, octaves: std::ops::RangeInclusive<i32>) -> Self {
        let octaves = octaves
            .filter(|_| step > 0.0)
            .map(|octave| {
                let period = f64::from(octave).exp2();
                let own = mix(stream ^ u64::from(octave.unsigned_abs()) ^ (u64::from(octave < 0) << 32));
                Octave {
                    stream: own,
                    period,
                    swing: 0.62 * step * period.sqrt(),
                    offset: unit(own, -1),
                    place: i64::MIN,
                    left: 0.0,
                    right: 0.0,
                }
            })
            .collect();
        Self { octaves }
    }

    /// Its value at market time `tau`, in sessions.
    pub(crate) fn at(&mut self, tau: f64) -> f64 {
        self.octaves.iter_mut().map(|octave| octave.at(tau)).sum()
    }
}

/// The same for one moment.
pub(crate) fn wander(stream: u64, tau: f64, step: f64, octaves: std::ops::RangeInclusive<i32>) -> f64 {
    Walk::new(stream, step, octaves).at(tau)
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
