//! Weighted draws in constant time, by the alias method.

use rand::{Rng, RngExt};

/// Draws positions `0..len` in proportion to weights.
#[derive(Debug)]
pub struct Alias {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Chance of staying here, out of 2^32.
    stay: u32,
    /// Where to go otherwise.
    other: u32,
}

impl Alias {
    /// A table for `weights`, eight bytes for each; equal chances when they sum to nothing.
    pub fn new(weights: &[f32]) -> Self {
        let total: f64 = weights.iter().map(|w| f64::from(*w)).sum();
        let mean = total / weights.len().max(1) as f64;
        let mut entries: Vec<Entry> = (0..weights.len() as u32).map(|i| Entry { stay: u32::MAX, other: i }).collect();
        if mean.is_nan() || mean <= 0.0 {
            return Self { entries };
        }
        let mut scaled: Vec<f64> = weights.iter().map(|w| f64::from(*w) / mean).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..weights.len() as u32).partition(|i| scaled.get(*i as usize).is_some_and(|w| *w < 1.0));
        while let (Some(low), Some(&high)) = (small.pop(), large.last()) {
            let (low_at, high_at) = (low as usize, high as usize);
            let share = scaled.get(low_at).copied().unwrap_or(1.0);
            if let Some(entry) = entries.get_mut(low_at) {
                *entry = Entry { stay: (share * f64::from(u32::MAX)) as u32, other: high };
            }
            if let Some(rest) = scaled.get_mut(high_at) {
                *rest -= 1.0 - share;
                if *rest < 1.0 {
                    large.pop();
                    small.push(high);
                }
            }
        }
        Self { entries }
    }

    /// A table in which position `i` weighs `1 / (i + 1)^exponent`.
    pub fn zipf(len: usize, exponent: f32) -> Self {
        Self::new(&(1..=len).map(|rank| (rank as f32).powf(-exponent)).collect::<Vec<_>>())
    }

    /// One position; 0 when there is none.
    pub fn draw(&self, rng: &mut impl Rng) -> u32 {
        let len = self.entries.len() as u64;
        let bits = rng.random::<u64>();
        // The high half picks the entry, the low half decides whether to stay.
        let at = (((bits >> 32) * len) >> 32) as u32;
        match self.entries.get(at as usize) {
            Some(entry) if (bits as u32) >= entry.stay => entry.other,
            _ => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn draws_follow_the_weights() {
        let table = Alias::new(&[1.0, 0.0, 3.0, 6.0]);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut seen = [0u32; 4];
        for _ in 0..100_000 {
            seen[table.draw(&mut rng) as usize] += 1;
        }
        assert_eq!(seen[1], 0);
        for (count, share) in seen.iter().zip([0.1, 0.0, 0.3, 0.6]) {
            assert!((f64::from(*count) / 100_000.0 - share).abs() < 0.01, "{seen:?}");
        }
    }

    #[test]
    fn no_weight_at_all_draws_evenly() {
        let table = Alias::new(&[0.0, 0.0]);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let ones: u32 = (0..1000).map(|_| table.draw(&mut rng)).sum();
        assert!((400..600).contains(&ones));
        assert_eq!(Alias::new(&[]).draw(&mut rng), 0);
    }
}
