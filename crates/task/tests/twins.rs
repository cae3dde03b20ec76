//! What every generated twin promises: the same seed gives the same instances, its own answer scores 1, nothing
//! scores 0, and held-out instances are not those that `pico` was trained on.

#[path = "support/play.rs"]
mod playing;

use std::collections::BTreeSet;

use playing::play;
use record::{Capability, Sample, Scoring};
use task::{
    Asking, Drawn, Lexical, Source, Split, TASKS, Task, TaskError, Words, long_context, real_world, tool_use, workflow,
};

const SEED: u64 = 11;

fn drawn(task: &dyn Task, seed: u64, split: Split, limit: Option<usize>) -> Result<Drawn, TaskError> {
    task.samples(&Source::Generated { seed, split, asking: Asking::BARE }, &Words, limit)
}

fn samples(task: &dyn Task, seed: u64, split: Split, limit: Option<usize>) -> Result<Vec<Sample>, TaskError> {
    drawn(task, seed, split, limit).map(|drawn| drawn.held().0)
}

#[test]
fn the_same_seed_gives_the_same_instances_and_another_seed_others() -> Result<(), Box<dyn std::error::Error>> {
    for task in TASKS {
        let once = serde_json::to_string(&samples(*task, SEED, Split::Test, Some(24))?)?;
        assert_eq!(once, serde_json::to_string(&samples(*task, SEED, Split::Test, Some(24))?)?, "{}", task.name());
        assert_ne!(once, serde_json::to_string(&samples(*task, SEED + 1, Split::Test, Some(24))?)?);
    }
    Ok(())
}

#[test]
fn a_limit_keeps_the_first_instances_of_the_full_set() -> Result<(), Box<dyn std::error::Error>> {
    for task in TASKS {
        let few = samples(*task, SEED, Split::Test, Some(5))?;
        let more = samples(*task, SEED, Split::Test, Some(12))?;
        assert_eq!(few[..], more[..5], "{}", task.name());
    }
    Ok(())
}

#[test]
fn the_twins_own_answer_scores_one_in_corrected_mode() -> Result<(), Box<dyn std::error::Error>> {
    for task in TASKS {
        let (samples, assets) = drawn(*task, SEED, Split::Test, Some(40))?.held();
        for sample in samples {
            let solution = (task.info().oracle)(&sample);
            let transcript = play(*task, (&sample, &assets), |turn| solution.get(turn).cloned().unwrap_or_default())?;
            let score = task.score(&sample, &transcript, &Lexical, Scoring::Corrected)?;
            assert!(
                (score.value - 1.0).abs() < 1e-9,
                "{} {}: {} ({})",
                task.name(),
                sample.id,
                score.value,
                score.reason
            );
        }
    }
    Ok(())
}

#[test]
fn an_empty_reply_scores_zero_and_says_why() -> Result<(), Box<dyn std::error::Error>> {
    for task in TASKS {
        let (samples, assets) = drawn(*task, SEED, Split::Test, Some(8))?.held();
        for sample in samples {
            let transcript = play(*task, (&sample, &assets), |_| String::new())?;
            let score = task.score(&sample, &transcript, &Lexical, Scoring::Corrected)?;
            assert!(score.value < 0.67, "{} {}: {}", task.name(), sample.id, score.value);
            if task.capability() != Capability::RealWorld {
                assert_eq!(score.value, 0.0, "{} {}", task.name(), sample.id);
            }
            assert!(!score.reason.is_empty(), "{} {}", task.name(), sample.id);
        }
    }
    Ok(())
}

#[test]
fn held_out_instances_are_not_training_instances() -> Result<(), Box<dyn std::error::Error>> {
    for task in TASKS {
        let prompts = |split| -> Result<BTreeSet<String>, Box<dyn std::error::Error>> {
            let all = samples(*task, SEED, split, Some(60))?;
            Ok(all.iter().filter_map(|s| s.messages.last()).map(|asked| asked.content.clone()).collect())
        };
        let shared = prompts(Split::Train)?.intersection(&prompts(Split::Test)?).count();
        assert_eq!(shared, 0, "{}: prompts that occur in both", task.name());
    }
    Ok(())
}

#[test]
fn default_difficulty_is_what_the_documentation_says() -> Result<(), Box<dyn std::error::Error>> {
    for sample in samples(&workflow::WorfBench, SEED, Split::Test, None)? {
        assert!((3..=8).contains(&sample.tags["nodes"].as_u64().unwrap_or_default()), "{}", sample.id);
    }
    for sample in samples(&tool_use::Teval::Instruct, SEED, Split::Test, None)? {
        assert!((4..=8).contains(&sample.tags["tools"].as_u64().unwrap_or_default()), "{}", sample.id);
        assert!((1..=4).contains(&sample.tags["arguments"].as_u64().unwrap_or_default()), "{}", sample.id);
    }
    let needles = samples(&long_context::Needle, SEED, Split::Test, None)?;
    let cells: BTreeSet<String> = needles.iter().map(|s| format!("{} {}", s.tags["length"], s.tags["depth"])).collect();
    assert_eq!(cells.len(), 20);
    let games = samples(&real_world::Pddl, SEED, Split::Test, Some(40))?;
    for sample in &games {
        assert!((4..=15).contains(&sample.tags["plan"].as_u64().unwrap_or_default()), "{}", sample.id);
    }
    assert_eq!(games.iter().map(|s| s.tags["game"].to_string()).collect::<BTreeSet<_>>().len(), 4);
    Ok(())
}

/// Names like `bank.send_letter` in the messages and the gold of some samples.
fn tool_names(split: Split) -> Result<BTreeSet<String>, Box<dyn std::error::Error>> {
    let mut names = BTreeSet::new();
    for task in tool_use::Teval::ALL {
        for sample in samples(&task, SEED, split, Some(300))? {
            let text = serde_json::to_string(&sample)?;
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
            let name = |word: &&str| word.split_once('.').is_some_and(|(_, rest)| rest.contains('_'));
            names.extend(words.filter(name).map(|word| word.trim_matches('.').to_owned()));
        }
    }
    Ok(names)
}

#[test]
fn no_tool_of_the_held_out_instances_occurs_in_training() -> Result<(), Box<dyn std::error::Error>> {
    let (train, test) = (tool_names(Split::Train)?, tool_names(Split::Test)?);
    assert!(train.len() > 3000 && test.len() > 2000, "{} {}", train.len(), test.len());
    assert_eq!(train.intersection(&test).next(), None);
    Ok(())
}

#[test]
fn prompts_of_tool_use_are_short() -> Result<(), Box<dyn std::error::Error>> {
    use task::Tokens;
    for task in tool_use::Teval::ALL {
        for sample in samples(&task, SEED, Split::Test, Some(200))? {
            let text: String = sample.messages.iter().map(|message| message.content.as_str()).collect();
            let answer = tool_use::twin::answer(&sample);
            // A byte-level tokenizer of a few thousand entries makes at most two tokens of a common word.
            assert!(Words.encode(&text).len() < 450, "{text}");
            assert!(Words.encode(&answer).len() < 300, "{answer}");
        }
    }
    Ok(())
}

/// The bytes are the same on every platform and in every version: what was trained on and published stays the same.
#[test]
fn the_same_seed_gives_the_same_bytes_everywhere() -> Result<(), Box<dyn std::error::Error>> {
    let mut digest = record::Digest::default();
    for task in tool_use::Teval::ALL {
        for split in [Split::Train, Split::Test] {
            for sample in samples(&task, 7, split, Some(20))? {
                digest.update(&serde_json::to_vec(&sample)?);
            }
        }
    }
    assert_eq!(digest.hex(), "fd0f191c29e19ea32d2a865034346d2229554244988a5b266167a7abb83de596");
    Ok(())
}
