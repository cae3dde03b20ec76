//! Scores of predictions and of sets.

use super::metric::Rules;
use super::sets::Set;

/// What a reply is worth: the best over the answers, and the place of the answer that gives it.
pub fn score(set: &Set, reply: &str, answers: &[String], rules: &Rules<'_>) -> (f64, usize) {
    let judged = set.judged(reply);
    answers.iter().enumerate().fold((0.0, 0), |best, (at, answer)| {
        let value = set.metric.score(judged, answer, rules);
        if value > best.0 { (value, at) } else { best }
    })
}

/// A set's score in points of 100 with two decimals: the mean, rounded as Python's `round` does, half to even on the
/// binary value. `None` of no values, where the reference has NaN.
///
/// ```
/// use task::long_context::longbench::points;
/// assert_eq!(points(&[1.0, 1.0, 0.0]), Some(66.67));
/// assert_eq!(points(&[]), None);
/// ```
pub fn points(values: &[f64]) -> Option<f64> {
    let mean = 100.0 * values.iter().sum::<f64>() / values.len() as f64;
    (!values.is_empty()).then(|| rounded(mean, 2))
}

/// The same as LongGenBench rounds: the mean first, then 100 times it with `digits` decimals.
pub fn points_to(values: &[f64], digits: usize) -> Option<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (!values.is_empty()).then(|| rounded(100.0 * mean, digits))
}

/// Python's `round(value, digits)`. Formatting is exact: it looks at the binary value, and ties go to even.
fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.digits$}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn ties_go_to_even_and_binary_values_decide() {
        assert_eq!([0.125, 0.375, 2.675, 1.005].map(|x| rounded(x, 2)), [0.12, 0.38, 2.67, 1.0]);
        assert!(rounded(f64::NAN, 2).is_nan());
    }
}
