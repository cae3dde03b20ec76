//! Which linears a group of settings is for.

use super::super::pattern::Pattern;

/// Which linears a group of settings is for.
pub(super) enum Target {
    /// Those whose names begin like this.
    Pattern(Pattern),
    /// The one of this name, or all whose names end with it.
    Name(String),
    /// All that nothing else names.
    Linear,
}

impl Target {
    /// Reads one of `targets`; what is wrong with its pattern otherwise.
    pub fn read(text: &str) -> Result<Self, String> {
        match text.strip_prefix("re:") {
            Some(pattern) => Pattern::new(pattern).map(Self::Pattern),
            None if text == "Linear" => Ok(Self::Linear),
            None => Ok(Self::Name(text.to_owned())),
        }
    }

    /// Whether it names this linear; [`Target::Linear`] names none by itself.
    pub fn names(&self, name: &str) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.matches(name),
            Self::Name(target) => name.strip_suffix(target).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
            Self::Linear => false,
        }
    }
}
