//! The needle test against the reference's own numbers: `niah.jsonl`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;

use serde_json::Value;
use task::Tokens;
use task::long_context::{Cell, cut, heat_map, hide, linear, periods, periods_by_family, sigmoid};
use task::measure::{rouge1, stem};

fn golden() -> PathBuf {
    std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from)
}

/// The toy tokenizer of the golden cases: a word with one space before it, or one other character. `.` is token 13.
struct Toy {
    pattern: regex::Regex,
    vocabulary: Mutex<(Vec<String>, HashMap<String, u32>)>,
}

impl Toy {
    fn new() -> Self {
        let known: Vec<String> = (0..13).map(|k| format!("<{k}>")).chain([".".to_owned()]).collect();
        let ids = known.iter().cloned().zip(0..).collect();
        let pattern = regex::Regex::new(r"\s?\w+|[^\w\s]|\s").expect("a fixed pattern");
        Self { pattern, vocabulary: Mutex::new((known, ids)) }
    }
}

impl Tokens for Toy {
    fn encode(&self, text: &str) -> Vec<u32> {
        let mut vocabulary = self.vocabulary.lock().expect("no test panics while it holds this");
        let (known, ids) = &mut *vocabulary;
        let pieces = self.pattern.find_iter(text).map(|piece| piece.as_str().to_owned());
        pieces
            .map(|piece| {
                *ids.entry(piece).or_insert_with_key(|piece| {
                    known.push(piece.clone());
                    known.len() as u32 - 1
                })
            })
            .collect()
    }

    fn decode(&self, ids: &[u32]) -> String {
        let vocabulary = self.vocabulary.lock().expect("no test panics while it holds this");
        ids.iter().map(|&id| vocabulary.0[id as usize].as_str()).collect()
    }
}

fn insert(case: &Value) -> bool {
    let toy = Toy::new();
    let text = |key: &str| case[key].as_str().unwrap_or_default();
    let number = |key: &str| case[key].as_u64().unwrap_or_default() as usize;
    let cell = Cell {
        length: number("context_length"),
        depth: case["depth_percent"].as_f64().unwrap_or_default(),
        buffer: number("buffer"),
    };
    let whole = toy.encode(text("haystack"));
    let context = cut(&whole, cell.length, &toy);
    let ends = periods_by_family(text("provider")).map_or_else(|| periods(&toy), <[u32]>::to_vec);
    let book = hide(&context, text("needle"), cell, &ends, &toy);
    let counts = [
        ("haystack_tokens", whole.len()),
        ("trimmed_tokens", context.len()),
        ("needle_tokens", toy.encode(text("needle")).len()),
        ("result_tokens", toy.encode(&book.text).len()),
    ];
    book.text == text("result")
        && book.at.map(|at| at as u64) == case["insertion_token_index"].as_u64()
        && counts.iter().all(|(key, count)| case[*key].is_null() || number(key) == *count)
}

fn grid(case: &Value) -> bool {
    let (low, high) = (case["min"].as_f64().unwrap_or_default(), case["max"].as_f64().unwrap_or_default());
    let count = case["n"].as_u64().unwrap_or_default() as usize;
    let wanted =
        |key: &str| -> Vec<f64> { case[key].as_array().into_iter().flatten().filter_map(Value::as_f64).collect() };
    wanted("linear") == linear(low, high, count)
        && (case["sigmoid"].is_null() || wanted("sigmoid") == sigmoid(low, high, count))
}

fn score(case: &Value) -> bool {
    let text = |key: &str| case[key].as_str().unwrap_or_default();
    let rouge = rouge1(text("needle"), text("response"));
    let same = |got: f64, want: &Value| want.as_f64() == Some(got);
    same(rouge.precision, &case["rouge1"]["p"])
        && same(rouge.recall, &case["rouge1"]["r"])
        && same(rouge.f, &case["rouge1"]["f"])
        && same(10.0 * rouge.f, &case["run_score"])
        && same(heat_map(text("visual_expected_answer"), text("response")), &case["visual_score"])
}

fn stems(case: &Value) -> bool {
    case["stems"].as_object().into_iter().flatten().all(|(word, want)| {
        let got = stem(word);
        if Some(got.as_str()) != want.as_str() {
            println!("{word}: got {got}, want {want}");
        }
        Some(got.as_str()) == want.as_str()
    })
}

#[test]
fn golden_needle() {
    let path = golden().join("niah.jsonl");
    let Ok(lines) = std::fs::read_to_string(&path) else {
        println!("golden needle: skipped, {} is not there", path.display());
        return;
    };
    let (mut passed, mut all) = (0, 0);
    for (index, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let case: Value = serde_json::from_str(line).expect("golden files are JSON lines");
        let right = match case["kind"].as_str() {
            Some("insert") => insert(&case),
            Some("depth_grid" | "length_grid") => grid(&case),
            Some("score") => score(&case),
            Some("porter_nltk") => stems(&case),
            other => {
                println!("line {}: kind {other:?} is not known", index + 1);
                false
            }
        };
        all += 1;
        passed += usize::from(right);
        if !right {
            println!("line {}: {} differs", index + 1, case["kind"]);
        }
    }
    println!("golden needle: {passed} of {all}");
    assert_eq!(passed, all);
}
