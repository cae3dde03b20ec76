//! Needle in a haystack as a task.
//!
//! ```text
//! user:  ... 1,000 to 40,000 tokens of essays with one sentence hidden at a depth of 0 to 100% ... a question
//! reply: eat a sandwich and sit in Dolores Park
//! score: which of the answer's words came back (recall), and ROUGE-1 with the hidden sentence
//! ```
//!
//! Deviations from the reference beside those of the scorers: essays are taken in the order of their names; the
//! prompt is our own unless `needle.json` gives the reference's, and goes through the model's chat template; replies
//! are drawn as the run says (greedy by default) instead of at temperature 1 without a seed.

use std::collections::BTreeMap;
use std::path::Path;

use record::{Capability, Message, Sample, Score, Scoring, Transcript};
use serde_json::{Value, json};

use crate::{Drawn, Judge, Source, Task, TaskError, Tokens, scored};

use super::grid::dealt;
use super::haystack::{Cell, cut, hide};
use super::official::{Settings, haystack};
use super::recall::{Recall, heat_map};
use super::rouge::rouge1;
use super::twin;

/// One fact hidden in a long text, at every depth of every length.
pub struct Needle;

impl Task for Needle {
    fn name(&self) -> &'static str {
        "needle"
    }

    fn capability(&self) -> Capability {
        Capability::LongContext
    }

    fn about(&self) -> &'static str {
        "needle in a haystack: find one fact in a long text, lengths x depths; recall and ROUGE-1"
    }

    fn samples(&self, source: &Source, tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Generated { seed, split } => Ok(twin::generate(*seed, *split, tokens, limit).into()),
            Source::Official { folder, .. } => official(folder, tokens, limit).map(Drawn::from),
        }
    }

    /// The value is the recall of the answer's content words (`paper`: the heat maps' recall, see [`heat_map`]).
    /// Metrics: `recall` is the value, `rouge1` ROUGE-1 F times ten as the reference stores it.
    fn score(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        _: &dyn Judge,
        scoring: Scoring,
    ) -> Result<Score, TaskError> {
        let (needle, answer) = (gold(sample, "needle")?, gold(sample, "answer")?);
        let response = transcript.last_reply().trim();
        let recall = Recall::of(answer, response);
        let value = match scoring {
            Scoring::Corrected => recall.share(),
            Scoring::Paper => heat_map(answer, response),
        };
        let rouge = 10.0 * rouge1(needle, response).f;
        Ok(scored(sample, value, vec![("recall", value), ("rouge1", rouge)], reason(&recall, response)))
    }
}

fn reason(recall: &Recall, response: &str) -> String {
    if response.is_empty() {
        return "empty reply".to_owned();
    }
    let found = recall.wanted - recall.missing.len();
    match recall.missing.as_slice() {
        [] => format!("found all {} words of the answer", recall.wanted),
        missing => format!("found {found} of {} words of the answer; missing: {}", recall.wanted, missing.join(" ")),
    }
}

fn gold<'a>(sample: &'a Sample, key: &str) -> Result<&'a str, TaskError> {
    sample.gold.get(key).and_then(Value::as_str).ok_or_else(|| TaskError::Sample {
        task: "needle".into(),
        sample: sample.id.clone(),
        problem: format!("gold has no text `{key}`"),
    })
}

/// The grid of an official folder, dealt so that a small limit covers lengths and depths evenly.
fn official(folder: &Path, tokens: &dyn Tokens, limit: Option<usize>) -> Result<Vec<Sample>, TaskError> {
    let settings = Settings::read(folder)?;
    let longest = settings.lengths.iter().copied().max().unwrap_or(0);
    let whole = haystack(folder, longest, tokens)?;
    let (depths, periods) = (settings.depth_values(), settings.periods(tokens));
    let mut contexts: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    let cells = dealt(settings.lengths.len(), depths.len());
    let samples = cells.into_iter().take(limit.unwrap_or(usize::MAX)).map(|(length, depth)| {
        let (length, depth) = (settings.lengths[length], depths[depth]);
        let context = contexts.entry(length).or_insert_with(|| cut(&whole, length, tokens));
        let cell = Cell { length, depth, buffer: settings.buffer };
        let book = hide(context, &settings.needle, cell, &periods, tokens);
        sample(&settings, cell, &book.text)
    });
    Ok(samples.collect())
}

fn sample(settings: &Settings, cell: Cell, book: &str) -> Sample {
    // The question first: the book may hold any text, braces included.
    let prompt = settings.prompt.replace("{question}", settings.question.trim()).replacen("{context}", book, 1);
    Sample {
        id: format!("needle-{:06}-{:06.2}", cell.length, cell.depth),
        task: "needle".into(),
        messages: vec![Message::user(prompt)],
        input: Value::Null,
        gold: json!({"needle": settings.needle, "answer": settings.answer}),
        max_tokens: settings.max_tokens,
        stop: Vec::new(),
        cluster: None,
        tags: BTreeMap::from([("length".to_owned(), json!(cell.length)), ("depth".to_owned(), json!(cell.depth))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BadRows, Lexical, Split};
    use record::{Finish, Reply, Step};

    /// One token a character.
    struct Chars;

    impl Tokens for Chars {
        fn encode(&self, text: &str) -> Vec<u32> {
            text.chars().map(u32::from).collect()
        }

        fn decode(&self, ids: &[u32]) -> String {
            ids.iter().filter_map(|&id| char::from_u32(id)).collect()
        }
    }

    fn said(text: &str) -> Transcript {
        let reply = Reply { text: text.into(), prompt_tokens: 1, completion_tokens: 1, finish: Finish::Stop };
        Transcript { steps: vec![Step { messages: Vec::new(), reply }], ..Transcript::default() }
    }

    fn folder() -> Result<tempfile::TempDir, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("b.txt"), "It rained {context}. ".repeat(80))?;
        std::fs::write(folder.path().join("a.txt"), "Boats came. ".repeat(40))?;
        std::fs::write(folder.path().join("needle.json"), r#"{"lengths": [400, 3000], "depths": 5}"#)?;
        Ok(folder)
    }

    #[test]
    fn an_official_grid_has_every_cell_and_the_needle_in_each() -> Result<(), Box<dyn std::error::Error>> {
        let folder = folder()?;
        let source = Source::Official { folder: folder.path().to_owned(), bad_rows: BadRows::Refuse };
        let samples = Needle.samples(&source, &Chars, None)?.samples;
        assert_eq!(samples.len(), 10);
        let ids: std::collections::BTreeSet<_> = samples.iter().map(|s| &s.id).collect();
        assert_eq!(ids.len(), 10);
        assert!(samples.iter().all(|s| s.messages[0].content.contains("eat a sandwich")));
        let few = Needle.samples(&source, &Chars, Some(4))?.samples;
        assert_eq!(few, samples[..4]);
        Ok(())
    }

    #[test]
    fn the_right_answer_scores_one_and_others_say_why() -> Result<(), Box<dyn std::error::Error>> {
        let folder = folder()?;
        let source = Source::Official { folder: folder.path().to_owned(), bad_rows: BadRows::Refuse };
        let samples = Needle.samples(&source, &Chars, Some(1))?.samples;
        let score = |text: &str, scoring| Needle.score(&samples[0], &said(text), &Lexical, scoring);
        let right = "Eat a sandwich and sit in Dolores Park on a sunny day.";
        for scoring in [Scoring::Corrected, Scoring::Paper] {
            assert_eq!(score(right, scoring)?.value, 1.0);
            assert_eq!(score("", scoring)?.value, 0.0);
        }
        let partly = score("a sandwich, Dolores Park", Scoring::Corrected)?;
        assert_eq!(partly.reason, "found 3 of 7 words of the answer; missing: day eat sit sunny");
        let mut broken = samples[0].clone();
        broken.gold = Value::Null;
        assert!(Needle.score(&broken, &said(""), &Lexical, Scoring::Paper).is_err());
        Ok(())
    }

    #[test]
    fn the_twin_is_judged_by_the_same_scorer() -> Result<(), TaskError> {
        let samples = Needle.samples(&Source::Generated { seed: 1, split: Split::Test }, &Chars, Some(3))?.samples;
        for sample in &samples {
            let whole = said(&twin::answer(sample));
            assert_eq!(Needle.score(sample, &whole, &Lexical, Scoring::Corrected)?.value, 1.0);
        }
        Ok(())
    }
}
