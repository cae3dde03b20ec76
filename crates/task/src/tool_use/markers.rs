//! Taking a reply apart at given markers.

use regex::Regex;

/// Markers with a gap between each two of them: `Thought:` .. `\nAction:` .. `\nArgs:` .. `\n`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markers {
    /// In order; one more than there are gaps.
    pub pieces: Vec<String>,
}

impl Markers {
    /// What stands in the gaps, of the first match: each gap as long as the later markers allow.
    ///
    /// With `literal` the markers are what they say. Without, they are a regular expression, as the reference takes
    /// them (unescaped, so that `[T]` is a `T`); `None` also where that expression is malformed.
    pub fn find<'t>(&self, text: &'t str, literal: bool) -> Option<Vec<&'t str>> {
        let special = |piece: &String| piece.contains(|c: char| r"\.+*?()|[]{}^$".contains(c));
        if literal || !self.pieces.iter().any(special) { self.find_literal(text) } else { self.find_pattern(text) }
    }

    /// The first marker at its first place, every other at its last: linear in the text.
    fn find_literal<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (first, later) = self.pieces.split_first()?;
        let mut end = text.len();
        let mut places = Vec::new();
        for piece in later.iter().rev() {
            let at = text[..end].rfind(piece.as_str())?;
            places.push((at, at + piece.len()));
            end = at;
        }
        let mut begin = text.find(first.as_str())? + first.len();
        let mut gaps = Vec::new();
        for (at, after) in places.into_iter().rev() {
            gaps.push(text.get(begin..at)?);
            begin = after;
        }
        Some(gaps)
    }

    fn find_pattern<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let pieces: Vec<String> = self.pieces.iter().map(|piece| plain_braces(piece)).collect();
        let pattern = Regex::new(&format!("(?s){}", pieces.join("(.*)"))).ok()?;
        let found = pattern.captures(text)?;
        // Groups of the markers themselves count too, as in the reference.
        (1..self.pieces.len()).map(|group| Some(found.get(group).map_or("", |m| m.as_str()))).collect()
    }
}

/// Escapes braces that are no repetition count, which Python takes as they are.
fn plain_braces(piece: &str) -> String {
    let mut all = String::new();
    let mut rest = piece;
    while let Some(at) = rest.find(['{', '}', '\\']) {
        all.push_str(&rest[..at]);
        rest = &rest[at..];
        let counted = rest.strip_prefix('{').and_then(|inside| inside.split_once('}')).filter(|(count, _)| {
            count.starts_with(|c: char| c.is_ascii_digit()) && count.chars().all(|c| c.is_ascii_digit() || c == ',')
        });
        if let Some((count, after)) = counted {
            all.push_str(&format!("{{{count}}}"));
            rest = after;
        } else if let Some(escaped) = rest.strip_prefix('\\') {
            let length = escaped.chars().next().map_or(0, char::len_utf8);
            all.push_str(&rest[..1 + length]);
            rest = &escaped[length..];
        } else {
            all.push('\\');
            all.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    all + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn markers(pieces: &[&str]) -> Markers {
        Markers { pieces: pieces.iter().map(|&piece| piece.to_owned()).collect() }
    }

    #[test]
    fn the_direct_search_finds_what_the_pattern_finds() {
        let mut rng = record::Rng::new(8);
        let draw = |rng: &mut record::Rng, most| -> String {
            (0..rng.between(0, most)).map(|_| ['a', 'b', '\n'][rng.below(3)]).collect()
        };
        for _ in 0..3000 {
            let markers = Markers { pieces: (0..4).map(|_| draw(&mut rng, 2)).collect() };
            let text = draw(&mut rng, 14);
            assert_eq!(markers.find_literal(&text), markers.find_pattern(&text), "{markers:?} in {text:?}");
        }
    }

    #[test]
    fn unescaped_markers_are_patterns() {
        let tags = markers(&["[T] ", " (end)"]);
        assert_eq!(tags.find("[T] x (end)", true), Some(vec!["x"]));
        assert_eq!(tags.find("[T] x (end)", false), None);
        assert_eq!(tags.find("T x end", false), Some(vec!["x"]));
        assert_eq!(markers(&["*", "!"]).find("*x!", false), None);
        assert_eq!(markers(&["{a", "}"]).find("{ab}", false), Some(vec!["b"]));
    }
}
