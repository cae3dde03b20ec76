//! What two lists share.

use std::collections::HashMap;

/// How many items two lists share, each as often as both have it.
pub(crate) fn shared(a: &[String], b: &[String]) -> usize {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for item in a {
        *left.entry(item).or_default() += 1;
    }
    let mut take = |item: &&String| match left.get_mut(item.as_str()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    };
    b.iter().filter(|item| take(item)).count()
}

/// The harmonic mean of precision and recall; 0 where both are 0.
pub(crate) fn f1(precision: f64, recall: f64) -> f64 {
    let sum = precision + recall;
    if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_shared_as_often_as_both_have_them() {
        let list = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        assert_eq!(shared(&list("aab"), &list("abbc")), 2);
        assert_eq!(shared(&list("aab"), &list("caa")), 2);
        assert_eq!((f1(0.5, 1.0), f1(0.0, 0.0)), (2.0 / 3.0, 0.0));
    }
}
