//! A BPE of pieces with byte fallback, as llama.cpp reads SentencePiece: scores in place of merges.

use std::collections::HashMap;

use serde_json::Value;

use super::metadata::Metadata;
use super::vocabulary::{normalizers, refused};
use crate::CompressError;

/// What stands for a space.
const SPACE: &str = "▁";

/// Adds scores, and whether a space is put before a text.
///
/// The piece of the first merge has the best score. That gives the same pieces where merges are all the ways to make a piece,
/// one piece after another, as in every tokenizer that was made from SentencePiece. The merges themselves are written too:
/// this program reads them, llama.cpp does not.
pub(super) fn add(
    all: &mut Metadata,
    tokenizer: &Value,
    texts: &[String],
    merges: &[(&str, &str)],
) -> Result<(), CompressError> {
    let space_first = space_first(tokenizer).ok_or_else(|| {
        refused(format!("pieces with {} and {}", tokenizer["normalizer"], tokenizer["pre_tokenizer"]))
    })?;
    all.text("tokenizer.ggml.model", "llama");
    all.text("tokenizer.ggml.pre", "default");
    all.numbers("tokenizer.ggml.scores", &scores(texts, merges));
    all.flag("tokenizer.ggml.add_space_prefix", space_first);
    Ok(())
}

/// Whether a space is put before a text; `None` where spaces are treated otherwise than SentencePiece does.
fn space_first(tokenizer: &Value) -> Option<bool> {
    let spaces =
        |step: &Value| step["type"] == "Replace" && step["pattern"]["String"] == " " && step["content"] == SPACE;
    let first = |step: &Value| step["type"] == "Prepend" && step["prepend"] == SPACE;
    let pre = &tokenizer["pre_tokenizer"];
    match normalizers(tokenizer)[..] {
        [a, b] if pre.is_null() && first(a) && spaces(b) => Some(true),
        [one] if pre.is_null() && spaces(one) => Some(false),
        // Gemma's: words are not cut at spaces that have become pieces already.
        [one] if spaces(one) && pre["type"] == "Split" && pre["pattern"]["String"] == " " => Some(false),
        [] if pre["type"] == "Metaspace" && pre["replacement"] == SPACE && pre["split"] == false => {
            Some(pre["prepend_scheme"] != "never")
        }
        _ => None,
    }
}

/// A score for each id: pieces that are made by earlier merges have better ones, those that no merge makes the worst.
fn scores(texts: &[String], merges: &[(&str, &str)]) -> Vec<f32> {
    let mut places: HashMap<String, usize> = HashMap::new();
    for (left, right) in merges {
        let place = places.len();
        places.entry(format!("{left}{right}")).or_insert(place);
    }
    let mut rest = places.len();
    let score = |text: &String| {
        let place = places.get(text).copied().unwrap_or_else(|| {
            rest += 1;
            rest - 1
        });
        -(place as f32)
    };
    texts.iter().map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn earlier_merges_have_better_scores() {
        let texts = ["a", "b", "ab", "abb", "bb"].map(str::to_owned);
        let found = scores(&texts, &[("b", "b"), ("a", "b"), ("ab", "b"), ("a", "bb")]);
        assert_eq!(found, [-3.0, -4.0, -1.0, -2.0, 0.0]);
    }

    #[test]
    fn spaces_are_treated_as_sentencepiece_does_or_not_at_all() {
        let replace = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
        let both = json!({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace]});
        assert_eq!(space_first(&json!({"normalizer": both})), Some(true));
        assert_eq!(space_first(&json!({"normalizer": replace})), Some(false));
        let meta = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": false});
        assert_eq!(space_first(&json!({"pre_tokenizer": meta})), Some(true));
        assert_eq!(space_first(&json!({"normalizer": {"type": "NFKC"}})), None);
        assert_eq!(space_first(&json!({"normalizer": both, "pre_tokenizer": {"type": "Whitespace"}})), None);
    }
}
