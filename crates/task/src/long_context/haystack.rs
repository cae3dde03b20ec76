//! Puts a needle into a haystack, counted in the model's tokens.

use crate::Tokens;

/// Where a haystack is cut and where the needle goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Length of the context, in tokens.
    pub length: usize,
    /// Depth of the needle, in percent of the haystack.
    pub depth: f64,
    /// Tokens of the length that are left for the question and the reply.
    pub buffer: usize,
}

/// A haystack with its needle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// The text.
    pub text: String,
    /// The needle's first token; `None` where it was appended (depth 100).
    pub at: Option<usize>,
}

/// Tokens that end a sentence, after which a needle may be put.
///
/// | deviation | `paper` | `corrected` |
/// |---|---|---|
/// | `period_tokens` | a table by model family, wrong for some of their vocabularies: [`periods_by_family`] | asked of the tokenizer: [`periods`] |
pub fn periods(tokens: &dyn Tokens) -> Vec<u32> {
    let mut ids: Vec<u32> = [".", "a."].iter().filter_map(|text| tokens.encode(text).last().copied()).collect();
    ids.dedup();
    ids
}

/// The reference's table of period tokens; `None` for a family that it asks the tokenizer about.
pub fn periods_by_family(family: &str) -> Option<&'static [u32]> {
    match family.to_lowercase().as_str() {
        "qwen" | "internlm" | "llama3" => Some(&[13]),
        "mistral" => Some(&[842, 28723]),
        "llama" => Some(&[29889, 869]),
        "glm" => Some(&[918, 30930]),
        _ => None,
    }
}

/// The haystack's first `length` tokens, as the reference gets them: cut, decoded and encoded again, which may change
/// their number by a few. All of them where there are no more.
pub fn cut(haystack: &[u32], length: usize, tokens: &dyn Tokens) -> Vec<u32> {
    match haystack.get(..length) {
        Some(first) if first.len() < haystack.len() => tokens.encode(&tokens.decode(first)),
        _ => haystack.to_vec(),
    }
}

/// Puts the needle at a depth of a context (token ids, already [`cut`]), after the nearest period before it.
/// Without a period it goes to the start. The haystack is shortened so that needle and buffer fit.
pub fn hide(context: &[u32], needle: &str, cell: Cell, periods: &[u32], tokens: &dyn Tokens) -> Book {
    hide_all(context, &[(needle, cell.depth)], cell, periods, tokens)
}

/// [`hide`] for several needles, each with a depth of its own; `at` is the first one's place.
pub fn hide_all(context: &[u32], needles: &[(&str, f64)], cell: Cell, periods: &[u32], tokens: &dyn Tokens) -> Book {
    let needles: Vec<(Vec<u32>, f64)> = needles.iter().map(|(text, depth)| (tokens.encode(text), *depth)).collect();
    let size: usize = needles.iter().map(|(ids, _)| ids.len()).sum();
    let mut context = context;
    let budget = cell.length as i64 - cell.buffer as i64;
    if (context.len() + size) as i64 > budget {
        // A negative bound cuts from the end, as in Python.
        let bound = budget - size as i64;
        let keep = if bound < 0 { (context.len() as i64 + bound).max(0) } else { bound };
        context = &context[..context.len().min(keep as usize)];
    }
    let place = |depth: f64| {
        if depth == 100.0 {
            return context.len();
        }
        let at = ((context.len() as f64 * (depth / 100.0)).max(0.0) as usize).min(context.len());
        (0..=at).rev().find(|&at| at == 0 || periods.contains(&context[at - 1])).unwrap_or(0)
    };
    let mut places: Vec<(usize, &[u32])> = needles.iter().map(|(ids, depth)| (place(*depth), &ids[..])).collect();
    let at = places.first().filter(|_| needles[0].1 != 100.0).map(|(at, _)| *at);
    // Stable: needles at the same place keep their order.
    places.sort_by_key(|(at, _)| *at);
    let (mut ids, mut from) = (Vec::with_capacity(context.len() + size), 0);
    for (at, needle) in places {
        ids.extend_from_slice(&context[from..at]);
        ids.extend_from_slice(needle);
        from = at;
    }
    ids.extend_from_slice(&context[from..]);
    Book { text: tokens.decode(&ids), at }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One token a byte; only for ASCII.
    struct Bytes;

    impl Tokens for Bytes {
        fn encode(&self, text: &str) -> Vec<u32> {
            text.bytes().map(u32::from).collect()
        }

        fn decode(&self, ids: &[u32]) -> String {
            ids.iter().filter_map(|&id| u8::try_from(id).ok()).map(char::from).collect()
        }
    }

    fn book(haystack: &str, length: usize, depth: f64, buffer: usize) -> Book {
        let context = cut(&Bytes.encode(haystack), length, &Bytes);
        hide(&context, "NEEDLE.", Cell { length, depth, buffer }, &periods(&Bytes), &Bytes)
    }

    #[test]
    fn the_needle_follows_a_period_and_the_length_is_kept() {
        assert_eq!(book("One. Two. Three.", 100, 60.0, 0).text, "One. Two.NEEDLE. Three.");
        assert_eq!(book("One. Two. Three.", 100, 0.0, 0).at, Some(0));
        assert_eq!(book("One. Two. Three.", 100, 100.0, 0).text, "One. Two. Three.NEEDLE.");
        assert_eq!(book("no period here", 100, 90.0, 0).at, Some(0));
        let long = "Aa. ".repeat(100);
        for depth in [0.0, 33.0, 50.0, 99.9, 100.0] {
            assert_eq!(book(&long, 200, depth, 50).text.len(), 150);
        }
    }

    #[test]
    fn several_needles_stand_where_their_depths_say() {
        let context = Bytes.encode(&"Aa. ".repeat(100));
        let cell = Cell { length: 300, depth: 50.0, buffer: 20 };
        let needles = [("ONE.", 50.0), ("TWO.", 0.0), ("THREE.", 100.0), ("FOUR.", 50.0)];
        let book = hide_all(&context, &needles, cell, &periods(&Bytes), &Bytes);
        assert_eq!(book.text.len(), 280);
        assert!(book.text.starts_with("TWO.Aa.") && book.text.ends_with("THREE.") && book.text.contains("ONE.FOUR."));
        assert!(book.at.is_some_and(|at| book.text[..at + 4].ends_with('.')));
    }

    #[test]
    fn a_length_too_small_for_the_needle_does_not_panic() {
        for length in 0..30 {
            for buffer in [0, 5, 200] {
                let _ = book("One. Two. Three. Four. Five. Six.", length, 50.0, buffer);
            }
        }
        let _ = book("", 10, f64::NAN, 0);
    }
}
