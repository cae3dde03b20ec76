//! Which lengths and depths are asked.

/// `count` numbers from `low` to `high` at equal distances, rounded to whole ones (halves to even).
///
/// ```
/// assert_eq!(task::long_context::linear(0.0, 100.0, 4), [0.0, 33.0, 67.0, 100.0]);
/// ```
pub fn linear(low: f64, high: f64, count: usize) -> Vec<f64> {
    spaced(low, high, count).into_iter().map(f64::round_ties_even).collect()
}

/// Depths that crowd at both ends: 100 / (1 + exp(-(x - 50) / 10)) of equally spaced x, three decimals; 0 and 100 stay.
///
/// ```
/// assert_eq!(task::long_context::sigmoid(0.0, 100.0, 3), [0.0, 50.0, 100.0]);
/// ```
pub fn sigmoid(low: f64, high: f64, count: usize) -> Vec<f64> {
    let bend = |x: f64| if x == 0.0 || x == 100.0 { x } else { thousandths(100.0 / (1.0 + (-0.1 * (x - 50.0)).exp())) };
    spaced(low, high, count).into_iter().map(bend).collect()
}

fn spaced(low: f64, high: f64, count: usize) -> Vec<f64> {
    let step = (high - low) / count.saturating_sub(1).max(1) as f64;
    (0..count).map(|k| if k > 0 && k + 1 == count { high } else { low + k as f64 * step }).collect()
}

/// Rounded to three decimals as Python rounds: from the exact binary value.
fn thousandths(x: f64) -> f64 {
    format!("{x:.3}").parse().unwrap_or(x)
}

/// The cells of a grid in an order whose every beginning covers lengths and depths evenly: (length, depth) indices.
pub(super) fn dealt(lengths: usize, depths: usize) -> Vec<(usize, usize)> {
    let cells = lengths * depths;
    // A stride near the golden section spreads any number of cells; it must share no factor with their number.
    let near = (cells as f64 * 0.618) as usize;
    let stride = (near.max(1)..).find(|&stride| coprime(stride, cells)).unwrap_or(1);
    (0..cells).map(|k| k * stride % cells).map(|cell| (cell % lengths, cell / lengths)).collect()
}

fn coprime(a: usize, b: usize) -> bool {
    let (mut a, mut b) = (a, b);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dealing_visits_every_cell_once_and_begins_evenly() {
        for (lengths, depths) in [(1, 1), (40, 10), (4, 5), (6, 6), (2, 1), (0, 3)] {
            let cells = dealt(lengths, depths);
            let distinct: std::collections::BTreeSet<_> = cells.iter().collect();
            assert_eq!((cells.len(), distinct.len()), (lengths * depths, lengths * depths));
        }
        let first: Vec<usize> = dealt(40, 10).into_iter().take(10).map(|(_, depth)| depth).collect();
        assert!(first.iter().collect::<std::collections::BTreeSet<_>>().len() >= 7, "{first:?}");
    }
}
