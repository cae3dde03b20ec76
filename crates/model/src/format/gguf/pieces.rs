//! SentencePiece vocabularies (Kudo and Richardson 2018): pieces with scores.
//!
//! SentencePiece joins the two neighbors whose piece has the highest score, the leftmost first. Byte-pair encoding joins
//! those of the first merge in a list: the list of all ways to make a piece, best score first, gives the same pieces.

use std::collections::HashMap;

use serde_json::{Value as Json, json};

/// The longest piece, in bytes: of each, all ways to make it are looked at.
pub const LONGEST: usize = 1024;

/// What stands for a space.
pub const SPACE: &str = "▁";

/// All pairs of pieces that make another, in the order in which they are joined. `ids`: of every piece; `scores`: by id.
///
/// Of one piece the pair with the longer left part comes first: where two pairs that make it overlap, that one is the
/// left of the two, except in repetitions, which are joined from the left anyway.
pub fn merges<'a>(ids: &HashMap<&'a str, usize>, scores: &[f32]) -> Vec<(&'a str, &'a str)> {
    let mut all: Vec<(usize, &str, usize)> = Vec::new();
    for (&piece, &id) in ids {
        let places = piece.char_indices().skip(1).map(|(at, _)| at);
        let pairs = places.filter(|&at| ids.contains_key(&piece[..at]) && ids.contains_key(&piece[at..]));
        all.extend(pairs.map(|at| (id, piece, at)));
    }
    all.sort_unstable_by(|a, b| scores[b.0].total_cmp(&scores[a.0]).then(a.0.cmp(&b.0)).then(b.2.cmp(&a.2)));
    all.into_iter().map(|(_, piece, at)| piece.split_at(at)).collect()
}

/// The `normalizer` of a `tokenizer.json`.
pub fn normalizer(space_first: bool) -> Json {
    let spaces = json!({"type": "Replace", "pattern": {"String": " "}, "content": SPACE});
    let first = json!({"type": "Prepend", "prepend": SPACE});
    json!({"type": "Sequence", "normalizers": if space_first { vec![first, spaces] } else { vec![spaces] }})
}

/// Its `decoder`.
pub fn decoder(space_first: bool) -> Json {
    let mut steps = vec![
        json!({"type": "Replace", "pattern": {"String": SPACE}, "content": " "}),
        json!({"type": "ByteFallback"}),
        json!({"type": "Fuse"}),
    ];
    if space_first {
        steps.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
    }
    json!({"type": "Sequence", "decoders": steps})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_by_score_and_the_longer_left_part_first() {
        let pieces = ["a", "b", "ab", "ba", "aba"];
        let ids: HashMap<&str, usize> = pieces.into_iter().zip(0..).collect();
        let found = merges(&ids, &[-9.0, -9.0, -2.0, -1.0, -3.0]);
        assert_eq!(found, [("b", "a"), ("a", "b"), ("ab", "a"), ("a", "ba")]);
    }
}
