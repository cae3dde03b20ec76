//! Effective rank: in how many directions numbers spread.
//!
//! The ACBench paper's eq. 4 takes singular values; its code takes the covariance's eigenvalues, which are squares. Both
//! are here. A matrix is [tokens, width]; its spectrum comes from the Gram matrix [tokens, tokens], which has the same
//! non-zero eigenvalues as the [width, width] one and is the smaller of the two for logits.

/// exp of the entropy (natural logarithm) of the normalized singular values of a matrix: from 1 (all in one direction)
/// to their number (all directions alike). Source: ACBench, arXiv 2505.19433, eq. 4; Roy and Vetterli 2007.
///
/// `None` where nothing is defined: no positive value, a negative one, or one that is not finite.
///
/// ```
/// use analyze::metric::erank::erank_singular_values;
/// assert!(erank_singular_values(&[2.0, 2.0, 2.0, 0.0]).is_some_and(|rank| (rank - 3.0).abs() < 1e-12));
/// // Shares 3/4 and 1/4: entropy 2 ln 2 - 3/4 ln 3, so 4 / 3^(3/4).
/// let found = erank_singular_values(&[3.0, 1.0]);
/// assert!(found.is_some_and(|rank| (rank - 4.0 / 3f64.powf(0.75)).abs() < 1e-12));
/// assert_eq!(erank_singular_values(&[0.0]), None);
/// ```
pub fn erank_singular_values(singular_values: &[f64]) -> Option<f64> {
    if singular_values.iter().any(|&value| !value.is_finite() || value < 0.0) {
        return None;
    }
    // By the largest first, so that no sum overflows.
    let largest = singular_values.iter().copied().fold(0.0, f64::max);
    let total: f64 = singular_values.iter().map(|value| value / largest).sum();
    if largest <= 0.0 {
        return None;
    }
    let shares = singular_values.iter().map(|value| value / largest / total);
    let entropy: f64 = shares.filter(|&share| share > 0.0).map(|share| -share * share.ln()).sum();
    Some(entropy.exp())
}

/// The same of the eigenvalues of a covariance, as the ACBench code has it (after Wei et al., arXiv 2401.17139): rows
/// centered by column, then of length 1 ([`center_and_normalize`]). A factor common to all eigenvalues, such as the
/// number of tokens by which the code divides, changes nothing.
///
/// Eigenvalues below 0 by no more than a millionth of the largest are rounding and count as 0. `None` as
/// [`erank_singular_values`].
///
/// ```
/// use analyze::metric::erank::erank_covariance;
/// assert!(erank_covariance(&[0.5, 0.5, -1e-17]).is_some_and(|rank| (rank - 2.0).abs() < 1e-12));
/// assert_eq!(erank_covariance(&[1.0, -0.5]), None);
/// ```
pub fn erank_covariance(eigenvalues: &[f64]) -> Option<f64> {
    erank_singular_values(&without_rounding(eigenvalues)?)
}

/// Effective rank by singular values from the eigenvalues of a raw Gram matrix, whose roots they are. Eigenvalues that
/// float64 cannot tell from 0 count as 0: their roots would add up.
///
/// ```
/// use analyze::metric::erank::erank_gram;
/// // Singular values 3 and 1.
/// assert!(erank_gram(&[9.0, 1.0, 1e-16]).is_some_and(|rank| (rank - 4.0 / 3f64.powf(0.75)).abs() < 1e-12));
/// ```
pub fn erank_gram(eigenvalues: &[f64]) -> Option<f64> {
    let eigenvalues = without_rounding(eigenvalues)?;
    let largest = eigenvalues.iter().copied().fold(0.0, f64::max);
    let least = largest * eigenvalues.len() as f64 * f64::EPSILON;
    let roots: Vec<f64> = eigenvalues.iter().map(|&value| if value <= least { 0.0 } else { value.sqrt() }).collect();
    erank_singular_values(&roots)
}

/// `None` where a value is not finite or clearly negative.
fn without_rounding(eigenvalues: &[f64]) -> Option<Vec<f64>> {
    let largest = eigenvalues.iter().copied().fold(0.0, f64::max);
    let fit = |value: f64| (value.is_finite() && value >= -1e-6 * largest).then_some(value.max(0.0));
    eigenvalues.iter().map(|&value| fit(value)).collect()
}

/// Compressed minus dense effective rank, both on the same text; `None` where one of them is.
///
/// ```
/// assert_eq!(analyze::metric::erank::erank_change(Some(3.0), Some(2.5)), Some(-0.5));
/// ```
pub fn erank_change(dense: Option<f64>, compressed: Option<f64>) -> Option<f64> {
    Some(compressed? - dense?)
}

/// Turns the Gram matrix X X^T of raw rows into that of the rows centered by column and then of length 1: subtracts the
/// means of its rows and columns, and divides by the roots of the diagonal that is left. `gram` is [n, n], row-major.
///
/// A row that centering leaves without length stays 0, as in the reference; how much is left is known to about
/// 1e-16 of the largest raw square, so less than n times that is none. The rows are not centered again.
/// False, and nothing done, where the length is no square or a number is not finite.
///
/// ```
/// use analyze::metric::erank::center_and_normalize;
/// // Rows (0, 0), (2, 0), (0, 2), (2, 2): centered (-1, -1), (1, -1), (-1, 1), (1, 1).
/// let rows = [[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]];
/// let mut gram: Vec<f64> = rows.iter().flat_map(|a| rows.map(|b| a[0] * b[0] + a[1] * b[1])).collect();
/// assert!(center_and_normalize(&mut gram));
/// assert!(gram.iter().zip([1.0, 0.0, 0.0, -1.0]).all(|(found, wanted)| (found - wanted).abs() < 1e-12));
/// ```
pub fn center_and_normalize(gram: &mut [f64]) -> bool {
    let n = gram.len().isqrt();
    if n == 0 || n * n != gram.len() || gram.iter().any(|value| !value.is_finite()) {
        return false;
    }
    let largest = (0..n).map(|i| gram[i * n + i]).fold(0.0, f64::max);
    let least = largest * n as f64 * f64::EPSILON;
    // Symmetric, so that the means of rows are those of columns.
    let means: Vec<f64> = gram.chunks_exact(n).map(|row| row.iter().sum::<f64>() / n as f64).collect();
    let overall = means.iter().sum::<f64>() / n as f64;
    for (row, mean) in gram.chunks_exact_mut(n).zip(&means) {
        row.iter_mut().zip(&means).for_each(|(value, other)| *value += overall - mean - other);
    }
    let scale = |square: f64| if square <= least { 0.0 } else { 1.0 / square.sqrt() };
    let scales: Vec<f64> = (0..n).map(|i| scale(gram[i * n + i])).collect();
    for (row, scale) in gram.chunks_exact_mut(n).zip(&scales) {
        row.iter_mut().zip(&scales).for_each(|(value, other)| *value *= scale * other);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_have_no_rank_and_a_row_at_the_mean_stays_zero() {
        let mut equal = vec![25.0; 9];
        assert!(center_and_normalize(&mut equal));
        assert_eq!(equal, [0.0; 9]);
        assert_eq!(erank_covariance(&[0.0; 3]), None);
        // Rows 1, 2, 3: the middle one is the mean.
        let mut line: Vec<f64> = [1.0, 2.0, 3.0].iter().flat_map(|a| [1.0, 2.0, 3.0].map(|b| a * b)).collect();
        assert!(center_and_normalize(&mut line));
        for (found, wanted) in line.iter().zip([1.0, 0.0, -1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 1.0]) {
            assert!((found - wanted).abs() < 1e-12, "{line:?}");
        }
    }

    #[test]
    fn what_is_no_matrix_is_refused() {
        for mut bad in [vec![], vec![1.0; 3], vec![1.0, f64::NAN, 0.0, 1.0]] {
            assert!(!center_and_normalize(&mut bad));
        }
        for bad in [&[f64::NAN, 1.0][..], &[f64::INFINITY], &[-1.0, 1.0], &[]] {
            assert_eq!(erank_singular_values(bad), None);
            assert_eq!(erank_covariance(bad), None);
        }
        assert!(erank_singular_values(&[f64::MAX, f64::MAX]).is_some_and(|rank| (rank - 2.0).abs() < 1e-12));
    }
}
