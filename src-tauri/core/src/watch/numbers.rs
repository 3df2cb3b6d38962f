//! Medians, percentiles and bounded rings: the little arithmetic that baselines and envelopes share. Pure.

use std::collections::VecDeque;

/// In order; what is no number is left out.
pub(super) fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Of values in order; None of none.
pub(super) fn median(sorted: &[f64]) -> Option<f64> {
    percentile(sorted, 0.5)
}

/// The value below which `share` (0 to 1) of the values in order lie, drawn out between the two nearest; None of none.
pub(super) fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (*sorted.get(place.floor() as usize)?, *sorted.get(place.ceil() as usize)?);
    Some(below + (above - below) * place.fract())
}

/// Keeps the newest `most`.
pub(super) fn keep<T>(ring: &mut VecDeque<T>, newest: T, most: usize) {
    while ring.len() >= most.max(1) {
        ring.pop_front();
    }
    ring.push_back(newest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_the_values() {
        let values = sorted([30.0, f64::NAN, 10.0, 20.0, 40.0].into_iter());
        assert_eq!(
            (median(&values), percentile(&values, 0.0), percentile(&values, 1.0)),
            (Some(25.0), Some(10.0), Some(40.0))
        );
        assert_eq!((median(&[7.0]), median(&[])), (Some(7.0), None));
    }

    #[test]
    fn a_ring_keeps_the_newest() {
        let mut ring = VecDeque::new();
        (0..10).for_each(|number| keep(&mut ring, number, 3));
        assert_eq!(ring, [7, 8, 9]);
    }
}
