//! Names on the hub: `owner/name[@revision]`.

use std::fmt;

/// A repository of the hub at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubId {
    /// `owner/name`
    pub repository: String,
    /// A branch, a tag or a commit.
    pub revision: String,
}

impl HubId {
    /// Reads `owner/name` or `owner/name@revision`; `None` where it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let (repository, revision) = text.split_once('@').unwrap_or((text, "main"));
        let (owner, name) = repository.split_once('/')?;
        let sound = is_part(owner) && is_part(name) && is_path(revision);
        sound.then(|| Self { repository: repository.to_owned(), revision: revision.to_owned() })
    }

    /// Reads `owner/name[@revision]/path/in/it`. A revision that holds a slash cannot be told from the path: name its commit.
    pub fn parse_file(text: &str) -> Option<(Self, String)> {
        let mut parts = text.splitn(3, '/');
        let (owner, name, path) = (parts.next()?, parts.next()?, parts.next()?);
        let id = Self::parse(&format!("{owner}/{name}"))?;
        is_path(path).then(|| (id, path.to_owned()))
    }

    /// `models--owner--name`, the folder in the cache.
    #[cfg_attr(not(feature = "hub"), allow(dead_code))]
    pub(crate) fn cache_folder(&self, kind: &str) -> String {
        format!("{kind}--{}", self.repository.replace('/', "--"))
    }
}

impl fmt::Display for HubId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.revision.as_str() {
            "main" => write!(f, "{}", self.repository),
            revision => write!(f, "{}@{revision}", self.repository),
        }
    }
}

/// Letters, digits, `-`, `_` and `.`, not at the beginning.
fn is_part(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !text.is_empty() && text.len() <= 96 && text.chars().all(plain) && !text.starts_with('.') && !text.contains("..")
}

/// A path that stays where it begins, and needs no quoting in an address.
pub(crate) fn is_path(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    let plain = |c: char| c.is_alphanumeric() || "-_./+=,@ ()".contains(c);
    text.len() <= 512 && text.split('/').all(part) && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_what_leaves_the_repository_is_none() {
        let id = |text: &str| HubId::parse(text).map(|id| (id.repository, id.revision));
        let some = |repository: &str, revision: &str| Some((repository.to_owned(), revision.to_owned()));
        assert_eq!(id("Qwen/Qwen2.5-0.5B"), some("Qwen/Qwen2.5-0.5B", "main"));
        assert_eq!(id("a/b@refs/pr/1"), some("a/b", "refs/pr/1"));
        for text in ["a", "a/b/c", "./a", "../a", "a/..", "a/b@", "a/b@../c", "/a/b", "a/b c", "a/", "a\\b/c", "C:/a"] {
            assert_eq!(id(text), None, "{text}");
        }
        let file = |text: &str| HubId::parse_file(text).map(|(id, path)| (id.to_string(), path));
        assert_eq!(file("o/d@v1/x/y.jsonl"), Some(("o/d@v1".to_owned(), "x/y.jsonl".to_owned())));
        for text in ["o/d", "o/d/../y", "o/d//y", "o/d/x\\y", "o/../d/x", "o/d/x?y", "o/d/x#y"] {
            assert_eq!(file(text), None, "{text}");
        }
        assert_eq!(HubId::parse("a/b").map(|id| id.cache_folder("models")).as_deref(), Some("models--a--b"));
    }
}
