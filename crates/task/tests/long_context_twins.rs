//! What the twins of LongBench and LongGenBench promise beside what every twin does: their lengths, their sets, names
//! of their own in training, and time that grows with the length alone.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::time::Instant;

use record::{Finish, Reply, Role, Sample, Score, Scoring, Step, Transcript};
use task::long_context::longbench::twin::Generated;
use task::long_context::longbench::{LongBench, TWINS, twin};
use task::long_context::longgenbench::{self, LongGenBench};
use task::{Asking, BadRows, Lexical, Source, Split, Task, TaskError, Tokens, Words};

fn tokens(sample: &Sample) -> usize {
    sample.messages.iter().map(|message| Words.encode(&message.content).len()).sum()
}

fn score(task: &dyn Task, sample: &Sample, reply: &str, scoring: Scoring) -> Result<Score, TaskError> {
    let reply = Reply::said(reply, 1, 1, Finish::Stop);
    let steps = vec![Step { keep: 0, messages: sample.messages.clone(), reply }];
    task.score(sample, &Transcript { steps, ..Transcript::default() }, &Lexical, scoring)
}

#[test]
fn prompts_have_the_lengths_that_are_asked_for() {
    let settings = Generated { seed: 3, lengths: vec![512, 4096, 20_000], samples: 21 };
    for sample in twin::instances(&settings, Split::Test, 0, &Words) {
        let wanted = sample.tags["length"].as_u64().unwrap_or_default() as usize;
        let got = tokens(&sample) + sample.max_tokens;
        assert!(got <= wanted + 20 && got * 100 >= wanted * 85, "{}: {got} of {wanted}", sample.id);
    }
    for sample in longgenbench::twin::instances(&settings, Split::Test, 0, &Words) {
        let wanted = sample.tags["length"].as_u64().unwrap_or_default() as usize;
        let got = tokens(&sample) + sample.max_tokens;
        assert!(got <= wanted && got * 100 >= wanted * 78, "{}: {got} of {wanted}", sample.id);
    }
}

#[test]
fn every_set_is_there_at_every_length() {
    let all = twin::generate(1, Split::Test, Asking::BARE, &Words, None);
    let cells: BTreeSet<String> = all.iter().map(|s| format!("{} {}", s.tags["set"], s.tags["length"])).collect();
    assert_eq!(cells.len(), TWINS.len() * twin::LENGTHS.len());
    assert_eq!(all.len(), twin::DEFAULT_SAMPLES);
    let raw: BTreeSet<&str> = all
        .iter()
        .filter(|sample| sample.messages[0].role == Role::Raw)
        .filter_map(|sample| sample.tags["set"].as_str())
        .collect();
    assert_eq!(raw, BTreeSet::from(["few_shot", "code"]));
}

#[test]
fn people_of_training_are_not_held_out() {
    let people = |split| -> BTreeSet<String> {
        let asked = twin::generate(5, split, Asking::BARE, &Words, Some(210));
        let prompts = asked.iter().filter(|sample| sample.tags["set"] == "document_qa");
        let sentences = prompts.flat_map(|sample| sample.messages[0].content.split(". "));
        let keepers = sentences.filter_map(|text| text.split_once(" keeps a ")).map(|(name, _)| name);
        keepers
            .filter_map(|name| name.rsplit_once("Story: ").map_or(Some(name), |(_, name)| Some(name)))
            .map(str::to_owned)
            .collect()
    };
    let (train, test) = (people(Split::Train), people(Split::Test));
    assert!(train.len() > 40 && test.len() > 40, "{} {}", train.len(), test.len());
    assert_eq!(train.intersection(&test).count(), 0);
}

#[test]
fn a_million_tokens_take_seconds() -> Result<(), Box<dyn Error>> {
    let settings = Generated { seed: 3, lengths: vec![1_000_000], samples: TWINS.len() };
    let began = Instant::now();
    let samples = twin::instances(&settings, Split::Test, 0, &Words);
    for sample in &samples {
        assert!(tokens(sample) > 850_000, "{}: {}", sample.id, tokens(sample));
        assert_eq!(score(&LongBench, sample, &twin::answer(sample), Scoring::Corrected)?.value, 1.0, "{}", sample.id);
    }
    let one = Generated { samples: 1, ..settings };
    let long = &longgenbench::twin::instances(&one, Split::Test, 0, &Words)[0];
    assert_eq!(score(&LongGenBench, long, &longgenbench::twin::answer(long), Scoring::Corrected)?.value, 1.0);
    println!("8 texts of a million tokens: {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

#[test]
fn replies_of_a_megabyte_are_judged() -> Result<(), Box<dyn Error>> {
    let mut samples = twin::generate(1, Split::Test, Asking::BARE, &Words, Some(TWINS.len()));
    samples.extend(longgenbench::twin::generate(1, Split::Test, Asking::BARE, &Words, Some(1)));
    for piece in
        ["a", ". ", "Paragraph 1 ", "\n", "段落", "Answer_1: ", "The answer is ", "{", "def again(box): return 1"]
    {
        let reply = piece.repeat((1 << 20) / piece.len());
        for sample in &samples {
            let task: &dyn Task = if sample.task == "longbench" { &LongBench } else { &LongGenBench };
            for scoring in [Scoring::Corrected, Scoring::Paper] {
                assert!((0.0..=1.0).contains(&score(task, sample, &reply, scoring)?.value));
            }
        }
    }
    Ok(())
}

#[test]
fn a_settings_file_asks_for_other_lengths() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    for (task, file) in [(&LongBench as &dyn Task, "longbench.json"), (&LongGenBench, "longgenbench.json")] {
        fs::write(folder.path().join(file), r#"{"generated": {"lengths": [2000], "samples": 9, "seed": 4}}"#)?;
        let source = Source::folder(folder.path(), BadRows::Refuse);
        let samples = task.samples(&source, &Words, None)?.held().0;
        assert_eq!(samples.len(), 9);
        assert!(samples.iter().all(|sample| sample.tags["length"] == 2000));
    }
    Ok(())
}
