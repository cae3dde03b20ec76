//! BFCL's checkers: perturbed replies to all entries of one turn, the right calls of all 800 conversations, and hostile
//! replies. `ACBENCH_BFCL` names the wheel, its folder or a checkout; without it only the hostile ones run.
//!
//! `cargo bench -p task --bench bfcl`

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, criterion_group, criterion_main};
use record::Rng;
use serde_json::Value as Json;
use task::tool_use::bfcl::check::{Manner, Wanted, check};
use task::tool_use::bfcl::decode::{Form, Language, decode, executable};
use task::tool_use::bfcl::multi_turn::{Conversation, follow};
use task::tool_use::bfcl::service::Extensions;
use task::tool_use::bfcl::{Copy, Switches};

const CATEGORIES: [&str; 10] = [
    "simple_python",
    "simple_java",
    "simple_javascript",
    "multiple",
    "parallel",
    "parallel_multiple",
    "live_simple",
    "live_multiple",
    "live_parallel",
    "live_parallel_multiple",
];

struct Entry {
    category: &'static str,
    wanted: Wanted,
    replies: Vec<String>,
}

/// A reply with the accepted values, and with something wrong: an argument lost, words before it, letters turned.
fn replies(wanted: &Wanted, rng: &mut Rng) -> Vec<String> {
    let call = |(name, parameters): &(String, Vec<(String, Vec<task::python::Value>)>)| {
        let given = parameters.iter().filter_map(|(name, values)| Some(format!("{name}={}", values.first()?)));
        format!("{name}({})", given.collect::<Vec<_>>().join(", "))
    };
    let right = format!("[{}]", wanted.calls.iter().map(call).collect::<Vec<_>>().join(", "));
    let cut = right[..right.floor_char_boundary(rng.below(right.len()))].to_owned();
    vec![right.replace("='", "=' "), format!("Here: {right}"), cut, right.to_uppercase(), right]
}

fn one_turn(c: &mut Criterion, copy: &Copy) {
    let mut rng = Rng::new(7);
    let mut entries = Vec::new();
    for category in CATEGORIES {
        for row in copy.rows(category).into_iter().flatten() {
            let Ok(wanted) = Wanted::read(&row.entry["function"], &row.truth) else { continue };
            let replies = replies(&wanted, &mut rng);
            entries.push(Entry { category, wanted, replies });
        }
    }
    let switches = Switches::all(false);
    c.bench_function("2501 entries of one turn, 5 replies each", |b| {
        b.iter(|| {
            let mut right = 0;
            for Entry { category, wanted, replies } in &entries {
                let language = Language::of(category);
                let manner = Manner { category, language, underscores: false, switches: &switches };
                for reply in replies {
                    let decoded = decode(reply, language, Form::Python, false, &switches);
                    right += usize::from(check(&decoded, wanted, &manner).is_ok());
                }
            }
            black_box(right)
        });
    });
}

fn conversations(c: &mut Criterion, copy: &Copy) {
    let long = Extensions::read(copy).ok().flatten();
    let mut all = Vec::new();
    for set in ["base", "miss_func", "miss_param", "long_context"] {
        let is_long = set == "long_context";
        if is_long && long.is_none() {
            continue;
        }
        for row in copy.rows(&format!("multi_turn_{set}")).into_iter().flatten() {
            let Ok(conversation) = Conversation::read(&row.entry, &row.truth) else { continue };
            let turns: Vec<_> = conversation.gold.iter().map(|calls| vec![calls.clone()]).collect();
            all.push((is_long, conversation, turns));
        }
    }
    let switches = Switches::all(false);
    c.bench_function("right calls of all conversations", |b| {
        b.iter(|| {
            let right = all.iter().filter(|(is_long, conversation, turns)| {
                let long = long.as_ref().filter(|_| *is_long);
                follow(turns, conversation, long, &switches).is_ok_and(|course| course.fault.is_none())
            });
            black_box(right.count())
        });
    });
}

fn official(c: &mut Criterion) {
    let Some(path) = std::env::var_os("ACBENCH_BFCL").map(PathBuf::from) else {
        println!("bfcl: skipped, ACBENCH_BFCL names no copy");
        return;
    };
    let copy = Copy::open(&path).unwrap_or_else(|error| panic!("{error}"));
    one_turn(c, &copy);
    conversations(c, &copy);
}

/// Replies of a megabyte, read in every language.
fn hostile(c: &mut Criterion) {
    let pieces = ["[f(", "f(a=", "a.", "'", "-", "1+", "{\"a\":", "<functions>", "[[", "#", "\\\n", "f(a=1), "];
    let wanted = Wanted::read(&Json::Array(Vec::new()), &Json::Array(Vec::new()));
    assert!(wanted.is_ok());
    for piece in pieces {
        let text = piece.repeat((1 << 20) / piece.len());
        for (mode, switches) in [("paper", Switches::all(false)), ("corrected", Switches::all(true))] {
            c.bench_function(&format!("read {mode} {piece:?}"), |b| {
                b.iter(|| {
                    for language in [Language::Python, Language::Java, Language::JavaScript] {
                        black_box(decode(&text, language, Form::Python, false, &switches));
                    }
                    for form in [Form::Json, Form::VerboseXml, Form::ConciseXml] {
                        black_box(decode(&text, Language::Python, form, false, &switches));
                    }
                    black_box(executable(&text, &switches));
                    black_box(record::calls(&text, &[]))
                });
            });
        }
    }
}

criterion_group! { name = benches; config = Criterion::default().sample_size(10); targets = official, hostile }
criterion_main!(benches);
