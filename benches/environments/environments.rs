//! Steps a second of the environments: walks through PDDL games, and commands to a story file.
//!
//! ```text
//! environments prepare FOLDER     writes games of the twin, each with a walk of 30 actions, for us and for pddlgym
//! environments pddl FOLDER SECONDS     plays the walks; prints {"steps", "cpu"}
//! environments episodes SECONDS     plays generated episodes as a run does, opened and with their prompts; the same
//! environments story FILE SECONDS     plays commands to a story; the same
//! ```

use std::path::Path;
use std::time::Instant;

use record::{Rng, Turn};
use serde::{Deserialize, Serialize};
use serde_json::json;
use task::real_world::zmachine::{Machine, Story};
use task::real_world::{Domain, Game, GroundedProblem, Pddl, Problem, Rules, Templates, twin};
use task::{Asking, Split, Task};

/// Games of each kind.
const GAMES: usize = 5;
/// Actions of a walk.
const STEPS: usize = 30;
/// What is said to a story, over and over from its beginning.
const COMMANDS: [&str; 10] =
    ["look", "inventory", "north", "take lamp", "open red door", "south", "open box", "take it", "look", "jump"];
/// How many times before it begins again.
const ROUNDS: usize = 10;

type Failure = Box<dyn std::error::Error>;

/// A game with what is done in it.
#[derive(Serialize, Deserialize)]
struct Walk {
    name: String,
    domain: String,
    problem: String,
    /// Name and arguments, with spaces between.
    actions: Vec<String>,
    /// How many facts hold at the end.
    facts: usize,
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["prepare", folder] => prepare(Path::new(folder)),
        ["pddl", folder, seconds] => pddl(Path::new(folder), seconds.parse()?),
        ["episodes", seconds] => episodes(seconds.parse()?),
        ["story", file, seconds] => story(Path::new(file), seconds.parse()?),
        _ => Err("see the first lines of benches/environments/environments.rs".into()),
    }
}

fn prepare(folder: &Path) -> Result<(), Failure> {
    let (samples, assets) = twin::drawn(0, Split::Test, Asking::BARE, Some(GAMES * twin::GAMES.len())).held();
    let mut walks = Vec::new();
    for sample in samples {
        let rules: Rules = serde_json::from_slice(&assets.bytes(&sample, "rules")?)?;
        let text = |key: &str| sample.input[key].as_str().unwrap_or_default().to_owned();
        let (actions, facts) = walk(&grounded(&rules.domain, &text("problem"))?);
        walks.push(Walk { name: text("game"), domain: rules.domain, problem: text("problem"), actions, facts });
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("walks.json"), serde_json::to_vec(&walks)?)?;
    Ok(())
}

fn grounded(domain: &str, problem: &str) -> Result<GroundedProblem, Failure> {
    let domain = Domain::parse(domain)?;
    let problem = Problem::parse(problem, &domain)?;
    Ok(GroundedProblem::new(domain, problem)?)
}

/// Actions that can be done one after the other, at random, and how many facts hold then.
fn walk(world: &GroundedProblem) -> (Vec<String>, usize) {
    let mut rng = Rng::new(1);
    let (mut state, mut actions) = (world.initial(), Vec::new());
    for _ in 0..STEPS {
        let possible = world.applicable(&state);
        let Some(&action) = possible.get(rng.below(possible.len().max(1))) else { break };
        state = world.apply(&state, action);
        actions.extend(world.action(action).map(ToString::to_string));
    }
    (actions, world.facts(&state).count())
}

/// Seconds that the processor spent on this thread (Linux; elsewhere those that passed).
fn cpu(begun: Instant) -> f64 {
    let all = std::fs::read_to_string("/proc/self/schedstat").ok();
    let nanoseconds = all.as_deref().and_then(|all| all.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| begun.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

/// Plays rounds until so many seconds are spent, and prints how many steps they were. A round says how many it had, and the
/// seconds that count.
fn measure(seconds: f64, mut round: impl FnMut() -> Result<(usize, f64), Failure>) -> Result<(), Failure> {
    let (mut steps, mut spent) = (0, 0.0);
    while spent < seconds {
        let (more, took) = round()?;
        steps += more;
        spent += took;
    }
    println!("{}", json!({"steps": steps, "cpu": spent}));
    Ok(())
}

/// Does something, and says the processor's seconds that it took.
fn timed<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<(T, f64), Failure> {
    let begun = Instant::now();
    let before = cpu(begun);
    let done = work()?;
    Ok((done, cpu(begun) - before))
}

/// By AgentBoard's rules: words in; validity, observation and progress out.
fn pddl(folder: &Path, seconds: f64) -> Result<(), Failure> {
    let walks: Vec<Walk> = serde_json::from_slice(&std::fs::read(folder.join("walks.json"))?)?;
    measure(seconds, || {
        let game = |walk: &Walk| {
            let world = grounded(&walk.domain, &walk.problem)?;
            Ok::<_, Failure>(Game::new(world, &walk.name, Templates::default()))
        };
        let mut games = walks.iter().map(game).collect::<Result<Vec<_>, _>>()?;
        let (steps, took) = timed(|| {
            let played = walks.iter().zip(&mut games);
            Ok(played.map(|(walk, game)| walk.actions.iter().map(|action| game.step(action)).count()).sum())
        })?;
        for (walk, game) in walks.iter().zip(&games) {
            let facts = game.world().facts(game.state()).count();
            if facts != walk.facts {
                return Err(format!("{}: {facts} facts hold at the end, not {}", walk.name, walk.facts).into());
            }
        }
        Ok((steps, took))
    })
}

/// As a run does it: each turn makes the whole prompt.
fn episodes(seconds: f64) -> Result<(), Failure> {
    let (samples, assets) = twin::drawn(0, Split::Test, Asking::BARE, Some(GAMES * twin::GAMES.len())).held();
    let plans: Vec<Vec<String>> = samples.iter().map(twin::answer).collect();
    let round = || {
        for (sample, plan) in samples.iter().zip(&plans) {
            let mut episode = Pddl.open(sample, &assets)?;
            let first = episode.next(None);
            let last = plan.iter().fold(first, |_, action| episode.next(Some(action)));
            if !matches!(last, Turn::Done(_)) {
                return Err(format!("{} is not solved by its plan", sample.id).into());
            }
        }
        Ok(plans.iter().map(Vec::len).sum())
    };
    measure(seconds, || timed(round))
}

fn story(file: &Path, seconds: f64) -> Result<(), Failure> {
    let story = Story::read(std::fs::read(file)?)?;
    let round = || {
        let mut machine = Machine::new(&story, 1);
        machine.run()?;
        for command in COMMANDS.iter().cycle().take(ROUNDS * COMMANDS.len()) {
            machine.enter(command)?;
        }
        Ok(ROUNDS * COMMANDS.len())
    };
    measure(seconds, || timed(round))
}
