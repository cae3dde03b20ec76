//! BFCL's tasks as they are run: generated and official samples, asked in words and as tools, opened, answered and judged.

#[path = "support/bfcl.rs"]
mod bfcl_cases;
#[path = "support/play.rs"]
mod playing;

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;

use playing::play;
use record::{Role, Sample, Scoring, Turn};
use task::tool_use::bfcl::Bfcl;
use task::{Asking, BadRows, Calling, Drawn, Lexical, Source, Split, Task, TaskError, Tokens, Words};

struct Native;

impl Tokens for Native {
    fn encode(&self, text: &str) -> Vec<u32> {
        Words.encode(text)
    }

    fn decode(&self, ids: &[u32]) -> String {
        Words.decode(ids)
    }

    fn calling(&self) -> Calling {
        Calling::Native
    }
}

fn drawn(task: Bfcl, split: Split, native: bool, limit: usize) -> Result<Drawn, TaskError> {
    let source = Source::Generated { seed: 11, split, asking: Asking::default() };
    let tokens: &dyn Tokens = if native { &Native } else { &Words };
    task.samples(&source, tokens, Some(limit))
}

#[test]
fn the_twins_own_answers_are_right_in_both_modes_and_both_ways_of_asking() -> Result<(), Box<dyn Error>> {
    for task in Bfcl::ALL {
        for native in [false, true] {
            let (samples, assets) = drawn(task, Split::Test, native, 30)?.held();
            for sample in samples {
                assert_eq!(native && task != Bfcl::FormatSensitivity, !sample.tools.is_empty(), "{}", sample.id);
                let said = (task.info().oracle)(&sample);
                let transcript = play(&task, (&sample, &assets), |turn| said.get(turn).cloned().unwrap_or_default())?;
                for scoring in [Scoring::Paper, Scoring::Corrected] {
                    let score = task.score(&sample, &transcript, &Lexical, scoring)?;
                    assert_eq!(score.value, 1.0, "{} {scoring}: {} ({said:?})", sample.id, score.reason);
                }
            }
        }
    }
    Ok(())
}

#[test]
fn nothing_said_is_worth_nothing_when_corrected_and_wins_irrelevance_on_paper() -> Result<(), Box<dyn Error>> {
    for task in Bfcl::ALL {
        let (samples, assets) = drawn(task, Split::Test, false, 12)?.held();
        for sample in samples {
            let transcript = play(&task, (&sample, &assets), |_| String::new())?;
            let corrected = task.score(&sample, &transcript, &Lexical, Scoring::Corrected)?;
            assert_eq!(corrected.value, 0.0, "{}", sample.id);
            assert_ne!(corrected.metrics.get("form"), Some(&1.0), "{}", sample.id);
            let paper = task.score(&sample, &transcript, &Lexical, Scoring::Paper)?;
            let irrelevant = sample.tags["category"].as_str().is_some_and(|category| category.contains("irrelevance"));
            assert_eq!(paper.value, if irrelevant { 1.0 } else { 0.0 }, "{}", sample.id);
        }
    }
    Ok(())
}

#[test]
fn words_alone_are_in_no_form_that_was_asked_for() -> Result<(), Box<dyn Error>> {
    for task in Bfcl::ALL {
        let (samples, assets) = drawn(task, Split::Test, false, 30)?.held();
        for sample in samples {
            let said = |_| "It is 10: the largest number that divides both, found by Euclid.".to_owned();
            let transcript = play(&task, (&sample, &assets), said)?;
            let score = task.score(&sample, &transcript, &Lexical, Scoring::Corrected)?;
            assert_ne!(score.metrics.get("form"), Some(&1.0), "{}", sample.id);
        }
    }
    Ok(())
}

/// The names of functions, services and people that samples show or hide.
fn names(split: Split) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let mut names = BTreeSet::new();
    for task in Bfcl::ALL {
        for sample in drawn(task, split, false, 80)?.held().0 {
            let text = serde_json::to_string(&(&sample.input, &sample.gold))?;
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
            let is_name =
                |word: &&str| word.contains('.') && word.contains('_') || word.len() > 5 && word.ends_with("Store");
            names.extend(words.filter(is_name).map(str::to_owned));
        }
    }
    Ok(names)
}

#[test]
fn no_name_of_the_held_out_instances_occurs_in_training() -> Result<(), Box<dyn Error>> {
    let (train, test) = (names(Split::Train)?, names(Split::Test)?);
    assert!(train.len() > 100 && test.len() > 100, "{} {}", train.len(), test.len());
    assert_eq!(train.intersection(&test).next(), None);
    Ok(())
}

#[test]
fn hostile_replies_end_and_are_wrong() -> Result<(), Box<dyn Error>> {
    let long = "[f(".repeat(1 << 17);
    let replies = [
        long.as_str(),
        "[x_add(name='a', amount=10**10**10)]",
        "[pantry_add(name='a' * 10**12, amount=1)]",
        "[__init__(a=1)]",
        "[exit()]",
        "[pantry_add(name=__import__('os').system('true'), amount=1)]",
        "\u{0}",
    ];
    for task in Bfcl::ALL {
        let (samples, assets) = drawn(task, Split::Test, false, 6)?.held();
        for sample in &samples {
            for reply in replies {
                let transcript =
                    play(&task, (sample, &assets), |turn| if turn < 60 { reply.to_owned() } else { String::new() })?;
                for scoring in [Scoring::Paper, Scoring::Corrected] {
                    task.score(sample, &transcript, &Lexical, scoring)?;
                }
            }
        }
    }
    Ok(())
}

fn official(task: Bfcl, native: bool, limit: usize) -> Option<Result<Drawn, TaskError>> {
    bfcl_cases::copy()?;
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/bfcl"));
    let path = std::env::var_os("ACBENCH_BFCL").map_or(beside, PathBuf::from);
    let tokens: &dyn Tokens = if native { &Native } else { &Words };
    Some(task.samples(&Source::folder(path, BadRows::Refuse), tokens, Some(limit)))
}

/// The data alone has no prompt texts: prompting says where they come from, native calling goes without.
#[test]
fn official_samples_are_asked_in_both_ways() -> Result<(), Box<dyn Error>> {
    for task in Bfcl::ALL {
        for native in [false, true] {
            let Some(made) = official(task, native, 60) else { return Ok(()) };
            let drawn = match made {
                Ok(drawn) => drawn,
                Err(error @ TaskError::Missing { .. }) => {
                    assert!(error.to_string().contains("pip download"), "{error}");
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let (samples, assets) = drawn.held();
            assert!(!samples.is_empty(), "{}", task.name());
            for sample in &samples {
                let Turn::Ask(ask) = task.open(sample, &assets)?.next(None) else {
                    return Err(format!("{} asks nothing", sample.id).into());
                };
                let native = native && task != Bfcl::FormatSensitivity;
                assert_eq!(native, !ask.tools.is_empty() || ask_is_bare(sample, native), "{}", sample.id);
                let told = ask.messages.first().is_some_and(|first| first.role == Role::System);
                assert!(told || native, "{}", sample.id);
            }
        }
    }
    Ok(())
}

/// Some live entries have no functions at all.
fn ask_is_bare(sample: &Sample, native: bool) -> bool {
    native && sample.input["functions"].as_array().is_none_or(Vec::is_empty)
}

/// Prompts of thousands of tokens are read once where those that begin alike follow one another.
#[test]
fn conversations_about_the_same_functions_are_neighbors() -> Result<(), Box<dyn Error>> {
    for native in [false, true] {
        let Some(made) = official(Bfcl::MultiTurn, native, 24) else { return Ok(()) };
        let (samples, _) = match made {
            Err(TaskError::Missing { .. }) => return Ok(()),
            made => made?.held(),
        };
        let category = |name: &str| samples.iter().filter(|sample| sample.input["category"] == name).count();
        assert_eq!((samples.len(), category("multi_turn_base"), category("multi_turn_miss_func")), (24, 6, 6));
        let system = |sample: &Sample| sample.messages.first().filter(|first| first.role == Role::System).cloned();
        let mut runs: Vec<_> = samples.iter().map(|sample| (system(sample), sample.tools.clone())).collect();
        runs.dedup();
        let all = runs.len();
        let distinct = runs.iter().enumerate().filter(|(at, run)| !runs[..*at].contains(run)).count();
        assert_eq!(all, distinct, "native {native}");
    }
    Ok(())
}

/// The right calls of official conversations, as replies.
#[test]
fn right_conversations_score_one_when_they_are_played() -> Result<(), Box<dyn Error>> {
    let Some(made) = official(Bfcl::MultiTurn, false, 24) else { return Ok(()) };
    let (samples, assets) = match made {
        Err(TaskError::Missing { .. }) => return Ok(()),
        made => made?.held(),
    };
    for sample in &samples {
        let gold: Vec<Vec<String>> = serde_json::from_value(sample.gold.clone())?;
        let positional = gold.iter().flatten().any(|call| call.contains("('"));
        if positional {
            continue; // what has no name is dropped from replies
        }
        let turn = |calls: &Vec<String>| match calls.is_empty() {
            true => vec!["What exactly?".to_owned()],
            false => vec![format!("[{}]", calls.join(", ")), "Done.".to_owned()],
        };
        let said: Vec<String> = gold.iter().flat_map(turn).collect();
        let transcript = play(&Bfcl::MultiTurn, (sample, &assets), |turn| said.get(turn).cloned().unwrap_or_default())?;
        let score = Bfcl::MultiTurn.score(sample, &transcript, &Lexical, Scoring::Paper)?;
        assert_eq!(score.value, 1.0, "{}: {}", sample.id, score.reason);
    }
    Ok(())
}
