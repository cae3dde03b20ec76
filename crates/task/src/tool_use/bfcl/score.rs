//! The leaderboard's numbers from those of the categories.

use std::collections::BTreeMap;

use crate::python::{Value, rounded};

/// How an evaluated category went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracy {
    /// The share of right entries, in [0, 1].
    pub accuracy: f64,
    /// How many entries there are.
    pub count: usize,
    /// Whether a part of it was not evaluated; it counts as 0 then.
    pub missing: bool,
}

/// How many entries each category has.
pub const COUNTS: [(&str, usize); 22] = [
    ("simple_python", 400),
    ("simple_java", 100),
    ("simple_javascript", 50),
    ("multiple", 200),
    ("parallel", 200),
    ("parallel_multiple", 200),
    ("irrelevance", 240),
    ("live_simple", 258),
    ("live_multiple", 1053),
    ("live_parallel", 16),
    ("live_parallel_multiple", 24),
    ("live_irrelevance", 884),
    ("live_relevance", 16),
    ("multi_turn_base", 200),
    ("multi_turn_miss_func", 200),
    ("multi_turn_miss_param", 200),
    ("multi_turn_long_context", 200),
    ("web_search_base", 100),
    ("web_search_no_snippet", 100),
    ("memory_kv", 155),
    ("memory_vector", 155),
    ("memory_rec_sum", 155),
];

/// What a run without web search and without the memory of vectors can reach at most.
pub const CEILING: f64 = 0.6 + 0.4 * (2.0 / 3.0) / 2.0;

/// The weights of the five parts.
const WEIGHTS: [f64; 5] = [0.1, 0.1, 0.1, 0.3, 0.4];

/// All numbers of the leaderboard.
#[derive(Debug, Clone)]
pub struct Leaderboard {
    categories: BTreeMap<String, Accuracy>,
}

fn mean(parts: &[Accuracy]) -> Accuracy {
    let sum: f64 = parts.iter().map(|part| part.accuracy).sum();
    Accuracy {
        accuracy: sum / parts.len().max(1) as f64,
        count: parts.iter().map(|part| part.count).sum(),
        missing: parts.iter().any(|part| part.missing),
    }
}

fn weighted(parts: &[Accuracy]) -> Accuracy {
    let count: usize = parts.iter().map(|part| part.count).sum();
    let sum: f64 = parts.iter().map(|part| part.accuracy * part.count as f64).sum();
    Accuracy { accuracy: sum / count.max(1) as f64, count, missing: parts.iter().any(|part| part.missing) }
}

/// The name of a table and its cells, by their names.
pub type Table = (&'static str, Vec<(&'static str, String)>);

impl Leaderboard {
    /// From the accuracies of the categories that were evaluated.
    pub fn new(evaluated: impl IntoIterator<Item = (String, f64, usize)>) -> Self {
        let done = |(name, accuracy, count)| (name, Accuracy { accuracy, count, missing: false });
        Self { categories: evaluated.into_iter().map(done).collect() }
    }

    /// One category; one that was not evaluated counts as 0.
    pub fn category(&self, name: &str) -> Accuracy {
        let count = COUNTS.iter().find(|(other, _)| *other == name).map_or(0, |(_, count)| *count);
        let missing = Accuracy { accuracy: 0.0, count, missing: true };
        self.categories.get(name).copied().unwrap_or(missing)
    }

    fn all<const N: usize>(&self, names: [&str; N]) -> [Accuracy; N] {
        names.map(|name| self.category(name))
    }

    fn simple(&self) -> Accuracy {
        mean(&self.all(["simple_python", "simple_java", "simple_javascript"]))
    }

    fn non_live(&self) -> Accuracy {
        let [multiple, parallel, both] = self.all(["multiple", "parallel", "parallel_multiple"]);
        mean(&[self.simple(), multiple, parallel, both])
    }

    fn live(&self) -> Accuracy {
        weighted(&self.all(["live_simple", "live_multiple", "live_parallel", "live_parallel_multiple"]))
    }

    fn irrelevance(&self) -> Accuracy {
        mean(&self.all(["irrelevance", "live_irrelevance"]))
    }

    fn multi_turn(&self) -> Accuracy {
        mean(&self.all(MULTI_TURN))
    }

    fn web_search(&self) -> Accuracy {
        mean(&self.all(["web_search_base", "web_search_no_snippet"]))
    }

    fn memory(&self) -> Accuracy {
        mean(&self.all(["memory_kv", "memory_vector", "memory_rec_sum"]))
    }

    fn agentic(&self) -> Accuracy {
        mean(&[self.web_search(), self.memory()])
    }

    /// The five parts: non-live, live, irrelevance, multi-turn, agentic.
    pub fn parts(&self) -> [Accuracy; 5] {
        [self.non_live(), self.live(), self.irrelevance(), self.multi_turn(), self.agentic()]
    }

    /// The leaderboard's overall accuracy; what was not evaluated counts as 0.
    pub fn overall(&self) -> f64 {
        self.parts().iter().zip(WEIGHTS).map(|(part, weight)| part.accuracy * weight).sum()
    }

    /// The same of what was evaluated, with the weights of that alone; `None` where nothing was. It is comparable only with
    /// runs of the same categories.
    pub fn offline_overall(&self) -> Option<f64> {
        let known =
            |names: &[&str]| names.iter().filter_map(|name| self.categories.get(*name).copied()).collect::<Vec<_>>();
        let simple = known(&["simple_python", "simple_java", "simple_javascript"]);
        let mut non_live = known(&["multiple", "parallel", "parallel_multiple"]);
        if !simple.is_empty() {
            non_live.push(mean(&simple));
        }
        let live = known(&["live_simple", "live_multiple", "live_parallel", "live_parallel_multiple"]);
        let live = if live.is_empty() { Vec::new() } else { vec![weighted(&live)] };
        let parts = [
            non_live,
            live,
            known(&["irrelevance", "live_irrelevance"]),
            known(&MULTI_TURN),
            known(&["web_search_base", "web_search_no_snippet", "memory_kv", "memory_vector", "memory_rec_sum"]),
        ];
        let done = parts.iter().zip(WEIGHTS).filter(|(part, _)| !part.is_empty());
        let (sum, weights) = done
            .fold((0.0, 0.0), |(sum, weights), (part, weight)| (sum + mean(part).accuracy * weight, weights + weight));
        (weights > 0.0).then(|| sum / weights)
    }

    /// The five tables that the reference prints.
    pub fn tables(&self) -> [Table; 5] {
        let one = |name: &str| shown(self.category(name));
        [
            ("overall", self.overall_table()),
            (
                "non_live",
                vec![
                    ("Non-Live Overall Acc", always(self.non_live())),
                    ("AST Summary", shown(self.non_live())),
                    ("Simple AST", shown(self.simple())),
                    ("Python Simple AST", one("simple_python")),
                    ("Java Simple AST", one("simple_java")),
                    ("JavaScript Simple AST", one("simple_javascript")),
                    ("Multiple AST", one("multiple")),
                    ("Parallel AST", one("parallel")),
                    ("Parallel Multiple AST", one("parallel_multiple")),
                    ("Irrelevance Detection", one("irrelevance")),
                ],
            ),
            (
                "live",
                vec![
                    ("Live Overall Acc", always(self.live())),
                    ("AST Summary", shown(self.live())),
                    ("Python Simple AST", one("live_simple")),
                    ("Python Multiple AST", one("live_multiple")),
                    ("Python Parallel AST", one("live_parallel")),
                    ("Python Parallel Multiple AST", one("live_parallel_multiple")),
                    ("Irrelevance Detection", one("live_irrelevance")),
                    ("Relevance Detection", one("live_relevance")),
                ],
            ),
            (
                "multi_turn",
                vec![
                    ("Multi Turn Overall Acc", always(self.multi_turn())),
                    ("Base", one("multi_turn_base")),
                    ("Miss Func", one("multi_turn_miss_func")),
                    ("Miss Param", one("multi_turn_miss_param")),
                    ("Long Context", one("multi_turn_long_context")),
                ],
            ),
            (
                "agentic",
                vec![
                    ("Agentic Overall Acc", always(self.agentic())),
                    ("Web Search Summary", shown(self.web_search())),
                    ("Web Search Base", one("web_search_base")),
                    ("Web Search No Snippet", one("web_search_no_snippet")),
                    ("Memory Summary", shown(self.memory())),
                    ("Memory KV", one("memory_kv")),
                    ("Memory Vector", one("memory_vector")),
                    ("Memory Recursive Summarization", one("memory_rec_sum")),
                ],
            ),
        ]
    }

    fn overall_table(&self) -> Vec<(&'static str, String)> {
        let one = |name: &str| shown(self.category(name));
        vec![
            ("Overall Acc", percent(self.overall())),
            ("Non-Live AST Acc", shown(self.non_live())),
            ("Non-Live Simple AST", shown(self.simple())),
            ("Non-Live Multiple AST", one("multiple")),
            ("Non-Live Parallel AST", one("parallel")),
            ("Non-Live Parallel Multiple AST", one("parallel_multiple")),
            ("Live Acc", always(self.live())),
            ("Live Simple AST", one("live_simple")),
            ("Live Multiple AST", one("live_multiple")),
            ("Live Parallel AST", one("live_parallel")),
            ("Live Parallel Multiple AST", one("live_parallel_multiple")),
            ("Multi Turn Acc", always(self.multi_turn())),
            ("Multi Turn Base", one("multi_turn_base")),
            ("Multi Turn Miss Func", one("multi_turn_miss_func")),
            ("Multi Turn Miss Param", one("multi_turn_miss_param")),
            ("Multi Turn Long Context", one("multi_turn_long_context")),
            ("Web Search Acc", shown(self.web_search())),
            ("Web Search Base", one("web_search_base")),
            ("Web Search No Snippet", one("web_search_no_snippet")),
            ("Memory Acc", shown(self.memory())),
            ("Memory KV", one("memory_kv")),
            ("Memory Vector", one("memory_vector")),
            ("Memory Recursive Summarization", one("memory_rec_sum")),
            ("Relevance Detection", one("live_relevance")),
            ("Irrelevance Detection", shown(self.irrelevance())),
            ("Format Sensitivity Max Delta", NONE.to_owned()),
            ("Format Sensitivity Standard Deviation", NONE.to_owned()),
        ]
    }
}

const MULTI_TURN: [&str; 4] =
    ["multi_turn_base", "multi_turn_miss_func", "multi_turn_miss_param", "multi_turn_long_context"];

const NONE: &str = "N/A";

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

fn always(of: Accuracy) -> String {
    percent(of.accuracy)
}

fn shown(of: Accuracy) -> String {
    if of.missing { NONE.to_owned() } else { always(of) }
}

/// How much the form of prompts matters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sensitivity {
    /// The share of right entries over all configurations.
    pub accuracy: f64,
    /// The largest difference between configurations, in points of 100, to 2 decimals.
    pub max_delta: f64,
    /// The sample variance over configurations, in squared points.
    pub variance: f64,
    /// The sample standard deviation, in points.
    pub deviation: f64,
}

/// Format sensitivity from the right and all entries of each configuration.
pub fn sensitivity(configurations: &[(usize, usize)]) -> Sensitivity {
    let two = |value: f64| rounded(&Value::Float(value), 2).ok().and_then(|value| value.float()).unwrap_or(value);
    let (right, all) = configurations.iter().fold((0, 0), |(a, b), (right, all)| (a + right, b + all));
    let accuracy = right as f64 / all.max(1) as f64;
    let shares: Vec<f64> = configurations.iter().map(|(right, all)| *right as f64 / (*all).max(1) as f64).collect();
    if shares.len() < 2 {
        return Sensitivity { accuracy, max_delta: 0.0, variance: 0.0, deviation: 0.0 };
    }
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / (shares.len() - 1) as f64;
    let (low, high) =
        shares.iter().fold((f64::MAX, f64::MIN), |(low, high), share| (low.min(*share), high.max(*share)));
    Sensitivity {
        accuracy,
        max_delta: two((high - low) * 100.0),
        variance: two(variance * 10_000.0),
        deviation: two(variance.sqrt() * 100.0),
    }
}
