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

use record::{Capability, Message, Rng, Sample, Score, Scoring, Transcript};
use serde_json::{Value, json};

use crate::measure::rouge1;
use crate::rows::Rows;
use crate::{BadRows, Drawn, Judge, Source, Task, TaskError, TaskInfo, Tokens, scored, with_form};

use super::essays::{FILES, essays, generated};
use super::facts::{Hidden, Kind, draw};
use super::grid::dealt;
use super::haystack::{Cell, cut, hide_all};
use super::official::{Settings, Text};
use super::recall::{self, Recall, Switches, TABLE};
use super::twin;

/// One fact hidden in a long text, at every depth of every length.
pub struct Needle;

static INFO: TaskInfo = TaskInfo {
    name: "needle",
    capability: Capability::LongContext,
    about: "needle in a haystack: find one fact in a long text, lengths x depths; recall and ROUGE-1",
    official: FILES,
    apart: false,
    judged: false,
    named_only: false,
    columns: &[],
    deviations: Some(TABLE),
    oracle: |sample| vec![twin::answer(sample)],
};

impl Task for Needle {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn samples(&self, source: &Source, tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
        match source {
            Source::Generated { seed, split, asking } => {
                Ok(twin::generate(*seed, *split, *asking, tokens, limit).into())
            }
            Source::Official { folder, bad_rows, .. } => official(folder, *bad_rows, tokens, limit),
        }
    }

    fn notes(&self, samples: &mut dyn Iterator<Item = Sample>) -> Vec<String> {
        let (mut garbled, mut all) = (0, 0);
        for sample in samples {
            all += 1;
            garbled += usize::from(sample.tags.contains_key(GARBLED));
        }
        let note = || {
            format!(
                "the model's tokenizer does not give back the text that it is given, which changes the book in {garbled} \
                 of {all} prompts; they have the tag `{GARBLED}`"
            )
        };
        (garbled > 0).then(note).into_iter().collect()
    }

    /// The value is the recall of the answer's content words (`paper`: the heat maps' recall), divided by one more than
    /// the distractors whose answer the reply gives too (not in `paper`).
    /// Metrics: `recall`, `rouge1` (ROUGE-1 F times ten, as the reference stores it), and `taken_in`, the number of those
    /// distractors, where there are any.
    fn score(
        &self,
        sample: &Sample,
        transcript: &Transcript,
        _: &dyn Judge,
        scoring: Scoring,
    ) -> Result<Score, TaskError> {
        let (needle, answer) = (gold(sample, "needle")?, gold(sample, "answer")?);
        let switches = Switches::from(scoring);
        let response = recall::judged(transcript.last_reply(), &switches);
        let response = response.trim();
        let found = recall::found(answer, response, &switches);
        let mut metrics = vec![("recall", found), ("rouge1", 10.0 * rouge1(needle, response).f)];
        let mut reason = reason(&Recall::of(answer, response), found, response);
        let mut value = found;
        if let Some(distractors) = sample.gold.get("distractors").and_then(Value::as_array) {
            let given = |answer: &&str| Recall::of(answer, response).share() == 1.0;
            let given: Vec<&str> = distractors.iter().filter_map(Value::as_str).filter(given).collect();
            metrics.push(("taken_in", given.len() as f64));
            if switches.taken_in && !given.is_empty() {
                let share = told_apart(answer, &given, response);
                value *= share;
                reason.push_str(&match share {
                    0.0 | 1.0 => format!("; the last of 2 answers counts, the other one is {}", given[0]),
                    _ => format!("; taken in by: {}", given.join(", ")),
                });
            }
        }
        let lines = response.lines().filter(|line| !line.trim().is_empty()).count();
        Ok(with_form(scored(sample, value, metrics, reason), scoring, lines == 1, lines > 0))
    }
}

/// The tag of a prompt whose text is not what was put into it.
const GARBLED: &str = "garbled";

/// The share that is left where a reply gives distractors' answers too: of two in sentences of their own the last one
/// counts, else nobody knows which one is meant.
fn told_apart(answer: &str, given: &[&str], response: &str) -> f64 {
    let places =
        (given.len() == 1).then(|| recall::stated_at(answer, response).zip(recall::stated_at(given[0], response)));
    match places.flatten() {
        Some((right, other)) => {
            let between = &response.to_lowercase()[right.min(other)..right.max(other)];
            if between.contains(['.', '!', '?', '\n']) { f64::from(u8::from(right > other)) } else { 0.5 }
        }
        None => 1.0 / (1.0 + given.len() as f64),
    }
}

fn reason(recall: &Recall, value: f64, response: &str) -> String {
    if response.is_empty() {
        return "empty reply".to_owned();
    }
    let found = recall.wanted - recall.missing.len();
    if value == 0.0 && found > 0 {
        return "another fact: it has other numbers than the answer".to_owned();
    }
    match recall.missing.as_slice() {
        [] => format!("found all {} words of the answer", recall.wanted),
        missing => format!("found {found} of {} words of the answer; missing: {}", recall.wanted, missing.join(" ")),
    }
}

fn gold<'a>(sample: &'a Sample, key: &str) -> Result<&'a str, TaskError> {
    sample
        .gold
        .get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| TaskError::unusable(sample, format!("gold has no text `{key}`")))
}

/// The grid of an official folder, dealt so that a small limit covers lengths, depths and kinds evenly.
fn official(folder: &Path, bad: BadRows, tokens: &dyn Tokens, limit: Option<usize>) -> Result<Drawn, TaskError> {
    let settings = Settings::read(folder)?;
    let mut rows = Rows::new(bad);
    let longest = settings.lengths.iter().copied().max().unwrap_or(0);
    let whole = match settings.haystack {
        Text::Essays => essays(folder, longest, tokens, &mut rows)?,
        Text::Generated => generated(settings.seed, longest, tokens).ok_or_else(|| TaskError::Format {
            path: folder.join("needle.json"),
            place: "haystack".into(),
            problem: "the model's tokenizer has no tokens for generated text".into(),
        })?,
    };
    let (depths, periods) = (settings.depth_values(), settings.periods(tokens));
    let mut contexts: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    let cells = dealt(settings.lengths.len(), depths.len());
    let kinds = settings.drawn().map_or(1, <[Kind]>::len);
    let count = cells.len() * kinds * settings.repeats;
    let samples = (0..count.min(limit.unwrap_or(usize::MAX))).map(|index| {
        let (round, (length, depth)) = (index / cells.len(), cells[index % cells.len()]);
        let (length, depth) = (settings.lengths[length], depths[depth]);
        let kind = settings.drawn().map(|kinds| kinds[(round + index % cells.len()) % kinds.len()]);
        let (mut id, mut tags) = (format!("needle-{length:06}-{depth:06.2}"), place(length, depth));
        let hidden = match kind {
            None => settings.given(),
            Some(kind) => {
                id.push_str(&format!("-{}-{}", kind.name(), round / kinds));
                tags.insert("kind".to_owned(), kind.name().into());
                draw(&mut Rng::stream(settings.seed, &id), kind)
            }
        };
        if kind.is_none() && settings.repeats > 1 {
            id.push_str(&format!("-{round}"));
        }
        let context = contexts.entry(length).or_insert_with(|| cut(&whole.ids, length, tokens));
        let reply = settings.reply_tokens(hidden.answer.split(", ").count());
        let cell = Cell { length, depth, buffer: settings.left_free(&hidden.question, reply, tokens) };
        let book = hide_all(context, &hidden.places(depth), cell, &periods, tokens);
        if !whole.round_trips || hidden.needles.iter().any(|needle| !book.text.contains(needle.trim())) {
            tags.insert(GARBLED.to_owned(), true.into());
        }
        sample(id, tags, &hidden, (settings.messages(&book.text, &hidden.question), reply))
    });
    let samples = samples.collect();
    Ok(rows.drawn(samples))
}

fn place(length: usize, depth: f64) -> BTreeMap<String, Value> {
    let whole = depth.fract() == 0.0;
    let depth = if whole { json!(depth as u64) } else { json!(depth) };
    BTreeMap::from([("length".to_owned(), json!(length)), ("depth".to_owned(), depth)])
}

fn sample(
    id: String,
    tags: BTreeMap<String, Value>,
    hidden: &Hidden,
    (messages, max_tokens): (Vec<Message>, usize),
) -> Sample {
    let mut gold = json!({"needle": hidden.needles.concat(), "answer": hidden.answer});
    if !hidden.distractors.is_empty() {
        gold["distractors"] = hidden.distractors.iter().map(|one| Value::from(one.answer.as_str())).collect();
    }
    Sample {
        id,
        task: "needle".into(),
        messages,
        examples: 0,
        tools: Vec::new(),
        input: Value::Null,
        assets: Vec::new(),
        gold,
        max_tokens,
        stop: Vec::new(),
        cluster: None,
        tags,
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
        let reply = Reply::said(text, 1, 1, Finish::Stop);
        Transcript { steps: vec![Step { keep: 0, messages: Vec::new(), reply }], ..Transcript::default() }
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
        let source = Source::folder(folder.path(), BadRows::Refuse);
        let samples = Needle.samples(&source, &Chars, None)?.held().0;
        assert_eq!(samples.len(), 10);
        let ids: std::collections::BTreeSet<_> = samples.iter().map(|s| &s.id).collect();
        assert_eq!(ids.len(), 10);
        assert!(samples.iter().all(|s| s.messages[0].content.contains("eat a sandwich")));
        let few = Needle.samples(&source, &Chars, Some(4))?.held().0;
        assert_eq!(few, samples[..4]);
        Ok(())
    }

    #[test]
    fn the_right_answer_scores_one_and_others_say_why() -> Result<(), Box<dyn std::error::Error>> {
        let folder = folder()?;
        let source = Source::folder(folder.path(), BadRows::Refuse);
        let samples = Needle.samples(&source, &Chars, Some(1))?.held().0;
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

    /// A folder with nothing but settings.
    fn asked(settings: &str) -> Result<Vec<Sample>, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("needle.json"), settings)?;
        let source = Source::folder(folder.path(), BadRows::Refuse);
        Ok(Needle.samples(&source, &Chars, None)?.held().0)
    }

    #[test]
    fn settings_alone_make_a_grid_of_every_kind() -> Result<(), Box<dyn std::error::Error>> {
        let samples = asked(
            r#"{"haystack": "generated", "lengths": [2000, 9000], "depths": 3, "repeats": 2,
                "kinds": ["single", "several", "two_hops", "distractors"]}"#,
        )?;
        assert_eq!(samples.len(), 48);
        assert!(Needle.notes(&mut samples.iter().cloned()).is_empty());
        let ids: std::collections::BTreeSet<_> = samples.iter().map(|s| &s.id).collect();
        assert_eq!(ids.len(), 48);
        let kinds =
            |of: &[Sample]| of.iter().map(|s| s.tags["kind"].to_string()).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(kinds(&samples[..4]).len(), 4, "a small limit has every kind");
        for sample in &samples {
            let size = sample.messages.iter().map(|message| message.content.len()).sum::<usize>() + sample.max_tokens;
            let length = sample.tags["length"].as_u64().unwrap_or_default() as usize;
            assert!(size <= length && size + 60 > length, "{}: {size}", sample.id);
            let answer = sample.gold["answer"].as_str().unwrap_or_default();
            let right = Needle.score(sample, &said(answer), &Lexical, Scoring::Corrected)?;
            assert_eq!(right.value, 1.0, "{}: {}", sample.id, right.reason);
        }
        Ok(())
    }

    #[test]
    fn who_gives_a_distractors_answer_too_has_not_told_them_apart() -> Result<(), Box<dyn std::error::Error>> {
        let samples = asked(r#"{"haystack": "generated", "lengths": [3000], "depths": 1, "kinds": ["distractors"]}"#)?;
        let sample = &samples[0];
        let (answer, other) = (sample.gold["answer"].as_str(), sample.gold["distractors"][3].as_str());
        let both = said(&format!("{} or {}", answer.unwrap_or_default(), other.unwrap_or_default()));
        let score = Needle.score(sample, &both, &Lexical, Scoring::Corrected)?;
        assert_eq!((score.value, score.metrics["recall"], score.metrics["taken_in"]), (0.5, 1.0, 1.0));
        assert!(score.reason.ends_with(other.unwrap_or_default()), "{}", score.reason);
        assert_eq!(Needle.score(sample, &both, &Lexical, Scoring::Paper)?.value, 1.0);
        Ok(())
    }

    #[test]
    fn a_needle_of_ones_own_may_have_companions_and_distractors() -> Result<(), Box<dyn std::error::Error>> {
        let samples = asked(
            r#"{"haystack": "generated", "lengths": [1500], "depths": 2, "needle": "\nThe key is under the mat.\n",
                "more_needles": ["\nThe mat is blue.\n"], "question": "Where is the key, and what color is that? ",
                "answer": "under the blue mat", "distractors": [{"needle": "\nThe hat is on the shelf.\n", "answer": "shelf"}],
                "prompt": "{context}|{question}"}"#,
        )?;
        assert_eq!(samples.len(), 2);
        for sample in &samples {
            let text = &sample.messages[0].content;
            assert!(text.contains("under the mat") && text.contains("mat is blue") && text.contains("hat is on"));
            assert!(text.ends_with("what color is that? "), "a prompt of one's own is taken as it is");
        }
        Ok(())
    }

    /// A tokenizer that knows small letters only.
    struct Small;

    impl Tokens for Small {
        fn encode(&self, text: &str) -> Vec<u32> {
            Chars.encode(&text.to_lowercase())
        }

        fn decode(&self, ids: &[u32]) -> String {
            Chars.decode(ids)
        }
    }

    #[test]
    fn a_tokenizer_that_changes_the_text_is_told() -> Result<(), Box<dyn std::error::Error>> {
        let folder = folder()?;
        let source = Source::folder(folder.path(), BadRows::Refuse);
        assert!(Needle.notes(&mut Needle.samples(&source, &Chars, None)?.samples).is_empty());
        let notes = Needle.notes(&mut Needle.samples(&source, &Small, None)?.samples);
        assert!(notes.len() == 1 && notes[0].contains("10 of 10"), "{notes:?}");
        Ok(())
    }

    #[test]
    fn the_twin_is_judged_by_the_same_scorer() -> Result<(), TaskError> {
        let source = Source::Generated { seed: 1, split: Split::Test, asking: crate::Asking::default() };
        let samples = Needle.samples(&source, &Chars, Some(3))?.held().0;
        for sample in &samples {
            let whole = said(&twin::answer(sample));
            assert_eq!(Needle.score(sample, &whole, &Lexical, Scoring::Corrected)?.value, 1.0);
        }
        Ok(())
    }
}
