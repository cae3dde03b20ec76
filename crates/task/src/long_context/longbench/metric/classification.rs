//! Which class a reply names.

use super::super::Switches;

/// One over the number of classes that the reply names, if the right one is among them. Names that are part of the
/// right one's name do not count.
///
/// ```
/// use task::long_context::longbench::{Switches, classification};
/// let classes = ["Sport", "Sport event", "Food"].map(str::to_owned);
/// let corrected = Switches::all(true);
/// assert_eq!(classification("Sport event", "Sport event", &classes, &corrected), 1.0);
/// assert_eq!(classification("Food or Sport", "Sport", &classes, &corrected), 0.5);
/// ```
pub fn classification(prediction: &str, answer: &str, classes: &[String], switches: &Switches) -> f64 {
    let lower = prediction.to_lowercase();
    let named = |name: &&str| prediction.contains(name) || switches.any_case && lower.contains(&name.to_lowercase());
    let mut named: Vec<&str> = classes.iter().map(String::as_str).filter(named).collect();
    let inner = |name: &str| name != answer && answer.contains(name);
    if switches.every_inner_name {
        named.retain(|name| !inner(name));
    } else {
        // The reference removes from the list that it walks over: the name after a removed one is passed over.
        let mut at = 0;
        while at < named.len() {
            if inner(named[at]) {
                let first = named.iter().position(|name| *name == named[at]).unwrap_or(at);
                named.remove(first);
            }
            at += 1;
        }
    }
    if named.contains(&answer) { 1.0 / named.len() as f64 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_passes_over_a_name() {
        let classes = ["a", "ab", "abc"].map(str::to_owned);
        let score = |on| classification("abc", "abc", &classes, &Switches::all(on));
        assert_eq!((score(false), score(true)), (0.5, 1.0));
    }
}
