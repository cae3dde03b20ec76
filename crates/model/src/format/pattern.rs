//! Patterns of module names, written for Python's `re.match` or PCRE: they count from the beginning of a name.

use fancy_regex::Regex;

/// A pattern that must match from the beginning of a name, not up to its end.
pub struct Pattern(Regex);

impl Pattern {
    /// Reads a pattern; what is wrong with it otherwise.
    pub fn new(text: &str) -> Result<Self, String> {
        Regex::new(&format!("^(?:{text})")).map(Self).map_err(|error| format!("the pattern `{text}` ({error})"))
    }

    /// Whether a name begins as the pattern says. One that takes too long to tell does not.
    pub fn matches(&self, name: &str) -> bool {
        self.0.is_match(name).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn names_match_from_their_beginning() {
        for (pattern, matches) in [
            (r".*\.mlp\..*", true),
            ("model", true),
            ("mlp", false),
            (r"(?!.*down_proj).*mlp", true),
            (r"(?!.*up_proj).*mlp", false),
            ("a|model", true),
            (r"(a*)*b", false),
        ] {
            let pattern = Pattern::new(pattern).unwrap();
            assert_eq!(pattern.matches("model.layers.0.mlp.up_proj"), matches);
        }
        assert!(Pattern::new("(").is_err_and(|why| why.contains("the pattern `(`")));
    }
}
