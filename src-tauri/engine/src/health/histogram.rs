//! How often something took how long. Counted without a lock: whoever reads sees each bucket as it was a moment ago.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// `N` bounds, and what is above the last of them.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    /// In microseconds, ascending; each takes what is not above it.
    bounds_us: [u64; N],
    buckets: [AtomicU64; N],
    above: AtomicU64,
    sum_us: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    pub fn of(bounds_us: [u64; N]) -> Histogram<N> {
        let buckets = [const { AtomicU64::new(0) }; N];
        Histogram { bounds_us, buckets, above: AtomicU64::new(0), sum_us: AtomicU64::new(0) }
    }

    pub fn took(&self, length: Duration) {
        let us = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        let bucket = self.bounds_us.iter().position(|bound| us <= *bound);
        bucket.map_or(&self.above, |at| &self.buckets[at]).fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// Upper bound in seconds and how many were not above it, then how many there were in all; and their sum in seconds.
    pub fn seen(&self) -> (Vec<(f64, u64)>, u64, f64) {
        let mut all = 0;
        let buckets = self.bounds_us.iter().zip(&self.buckets).map(|(bound, bucket)| {
            all += bucket.load(Ordering::Relaxed);
            (*bound as f64 / 1e6, all)
        });
        let buckets: Vec<(f64, u64)> = buckets.collect();
        let all = all + self.above.load(Ordering::Relaxed);
        (buckets, all, self.sum_us.load(Ordering::Relaxed) as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_length_is_in_its_own_bucket_and_in_all_above() {
        let histogram = Histogram::of([1_000, 10_000]);
        for us in [0, 1_000, 1_001, 10_000, 10_001, 5_000_000] {
            histogram.took(Duration::from_micros(us));
        }
        let (buckets, all, sum) = histogram.seen();
        assert_eq!(buckets, [(0.001, 2), (0.01, 4)]);
        assert_eq!((all, sum), (6, 5.022_002));
    }
}
