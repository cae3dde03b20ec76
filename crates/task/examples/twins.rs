//! Prints training conversations of the twins as JSON lines, for `recipes/pico`.
//!
//! `cargo run --release -p task --example twins -- TASK COUNT LEVEL SEED`: TASK is `workflow`, `tool_use`
//! (all of its tasks in turn, or one: `teval_plan`), `tool_choice` (those in which the right tool or letter is half of the
//! answer), `long_context` (the needle), `longbench`, `longgenbench` or
//! `real_world`; LEVEL runs from 0 (shortest) to 3 (the default difficulty), or is `held`: of that
//! difficulty, but never to be trained on. Each line is
//! `{"task", "messages": [{"role", "content"}], "learn": [indices of the assistant messages to learn from]}`.

use std::io::{self, BufWriter, Write};

use record::{Message, Rng, Role, Sample};
use serde_json::json;
use task::long_context::longbench::{self, twin::Generated};
use task::long_context::longgenbench;
use task::real_world::twin as real_world;
use task::tool_use::Teval;
use task::{Split, Task, Words, long_context, tool_use, workflow};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [task, count, level, seed] = &args[..] else {
        return Err("usage: twins TASK COUNT LEVEL SEED".into());
    };
    let split = if level == "held" { Split::Test } else { Split::Train };
    let (name, level) = (level, if level == "held" { 3 } else { level.parse()? });
    let (count, seed): (usize, u64) = (count.parse()?, seed.parse()?);
    let mut out = BufWriter::new(io::stdout().lock());
    for index in 0..count {
        let mut rng = Rng::stream(seed, &format!("{task}-train-{name}-{index}"));
        let (messages, learn) = match task.as_str() {
            "workflow" => workflow_row(&mut rng, split, level),
            "tool_use" => tool_use_row(&mut rng, split, level, Teval::ALL[index % Teval::ALL.len()]),
            "tool_choice" => tool_use_row(&mut rng, split, level, CHOICES[index % CHOICES.len()]),
            "long_context" => all_answers(needle_row(&mut rng, level)),
            "longbench" => longbench_row(&mut rng, split, level).ok_or("no instance")?,
            "longgenbench" => longgenbench_row(&mut rng, split, level).ok_or("no instance")?,
            "real_world" => real_world_row(&mut rng, split, level, index).ok_or("no puzzle found")?,
            other => match Teval::ALL.iter().find(|task| task.name() == other) {
                Some(&task) => tool_use_row(&mut rng, split, level, task),
                None => return Err(format!("unknown task {other}").into()),
            },
        };
        writeln!(out, "{}", json!({"task": task, "messages": messages, "learn": learn}))?;
    }
    out.flush()?;
    Ok(())
}

const CHOICES: [Teval; 4] = [Teval::Review, Teval::Retrieve, Teval::Reason, Teval::Understand];

type Row = (Vec<Message>, Vec<usize>);

fn all_answers(messages: Vec<Message>) -> Row {
    let learn = (0..messages.len()).filter(|&k| messages[k].role == Role::Assistant).collect();
    (messages, learn)
}

fn answered(sample: Sample, answer: String) -> Row {
    let mut messages = sample.messages;
    messages.push(Message::assistant(answer));
    all_answers(messages)
}

fn workflow_row(rng: &mut Rng, split: Split, level: usize) -> Row {
    let steps = [(2, 3), (2, 5), (3, 7), (3, 8)][level.min(3)];
    let difficulty = workflow::twin::Difficulty { steps, joins: level.clamp(1, 3), ..Default::default() };
    let sample = workflow::twin::instance(rng, split, difficulty);
    let answer = workflow::twin::answer(&sample);
    answered(sample, answer)
}

fn tool_use_row(rng: &mut Rng, split: Split, level: usize, task: Teval) -> Row {
    let as_json = rng.chance(0.5);
    let difficulty = tool_use::twin::Difficulty::level(task, level);
    let sample = tool_use::twin::instance(task, rng, split, difficulty, as_json);
    let answer = tool_use::twin::answer(&sample);
    answered(sample, answer)
}

fn needle_row(rng: &mut Rng, level: usize) -> Vec<Message> {
    match level {
        0 => long_context::twin::conversation(rng, 3, 3, 2),
        1 => {
            let sentences = rng.between(4, 16);
            long_context::twin::conversation(rng, sentences, 6, 4)
        }
        2 => {
            let sentences = rng.between(15, 45);
            long_context::twin::conversation(rng, sentences, 8, 6)
        }
        _ if rng.chance(0.5) => {
            let sentences = rng.between(30, 95);
            long_context::twin::conversation(rng, sentences, 8, 6)
        }
        _ => {
            let (length, depth) = (rng.between(256, 1024), rng.between(0, 100));
            let sample = long_context::twin::instance(rng, &Words, length, depth);
            let answer = long_context::twin::answer(&sample);
            answered(sample, answer).0
        }
    }
}

fn longbench_row(rng: &mut Rng, split: Split, level: usize) -> Option<Row> {
    let length = [256, 320, 480].get(level).copied().unwrap_or_else(|| rng.between(480, 1400));
    let settings = Generated { seed: rng.next_u64(), lengths: vec![length], samples: longbench::TWINS.len() };
    let mut samples = longbench::twin::instances(&settings, split, 0, &Words);
    let sample = samples.swap_remove(rng.below(samples.len()));
    let answer = longbench::twin::answer(&sample);
    Some(answered(sample, answer))
}

fn longgenbench_row(rng: &mut Rng, split: Split, level: usize) -> Option<Row> {
    let length = [256, 320, 448].get(level).copied().unwrap_or_else(|| rng.between(512, 1250));
    let settings = Generated { seed: rng.next_u64(), lengths: vec![length], samples: 1 };
    let sample = longgenbench::twin::instances(&settings, split, 0, &Words).pop()?;
    let answer = longgenbench::twin::answer(&sample);
    Some(answered(sample, answer))
}

/// An episode played by the planner. Now and then a random action, possible or not, is played and not learned from, so
/// that the model sees where its own mistakes lead.
fn real_world_row(rng: &mut Rng, split: Split, level: usize, index: usize) -> Option<Row> {
    let steps = [(1, 4), (2, 7), (3, 12), (4, 15)][level.min(3)];
    let slips = if level < 2 { 0.0 } else { 0.1 };
    let game = real_world::GAMES[index % real_world::GAMES.len()];
    let sample = real_world::instance(rng, game, split, steps)?;
    let rules = real_world::rules(game);
    let world = real_world::world(&rules.domain, sample.input["problem"].as_str()?).ok()?;
    let phrases = rules.phrases;
    let mut state = world.initial();
    let mut plan = world.plan(&state, real_world::MAX_STATES)?;
    plan.reverse();
    let (mut messages, mut learn) = (sample.messages.clone(), Vec::new());
    for _ in 0..24 {
        let Some(best) = plan.pop() else { break };
        let slip = rng.chance(slips).then(|| rng.below(world.actions().len()));
        let action = slip.unwrap_or(best);
        if action == best {
            learn.push(messages.len());
        }
        messages.push(Message::assistant(world.action(action)?.to_string()));
        if !world.can(&state, action) {
            let (slip, told) = (world.action(action)?, real_world::text::state(&world, &state, &phrases));
            let why = real_world::text::refusal(&world, &state, &slip.name, &slip.args, &phrases);
            messages.push(Message::user(format!("{why}\n{told}")));
            plan.push(best);
            continue;
        }
        state = world.apply(&state, action);
        if action != best {
            // A slip that cannot be mended ends the lesson.
            plan = world.plan(&state, real_world::MAX_STATES).unwrap_or_default();
            plan.reverse();
        }
        if !plan.is_empty() {
            messages.push(Message::user(real_world::text::state(&world, &state, &phrases)));
        }
    }
    Some((messages, learn))
}
