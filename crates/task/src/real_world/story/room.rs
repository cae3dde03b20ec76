//! A text adventure as a world: by AgentBoard's rules, or as a conversation.
//!
//! What differs from the reference (Jericho, which wraps Frotz):
//! - `own_help`: the actions that are offered are found by our own search ([`super::actions`]).
//! - `game_over`: Jericho knows the endings of its games; here a game is over when it stops, or says so between three
//!   stars (`*** You have died ***`).
//! - `dice`: the story's random numbers come from a seed of our own, the same in every episode.

use std::sync::LazyLock;

use record::{Assets, Sample};
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::real_world::agent::{Agent, Effect, Manner, Progress, Prompt, Style, World};
use crate::real_world::zmachine::{Machine, Story, Wants};
use crate::{TaskError, pattern};

use super::actions::valid_actions;
use super::command::command;
use super::rules::{Watch, asks_for_help, cleaned_action, cleaned_text};

/// What a sample of this task has as `input`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The game: `zork1`.
    pub game: String,
    /// What is to be reached.
    pub goal: String,
    /// Texts that show progress, once each.
    pub subgoals: Vec<String>,
    /// What the agent is shown first, if that is not what the game says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<String>,
    /// What differs from the story file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<Patch>,
    /// How the episode talks.
    #[serde(default)]
    pub style: Style,
    /// The most actions.
    #[serde(default = "thirty")]
    pub max_steps: usize,
}

/// Bytes of a story's memory that are others than in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// The address of the first.
    pub at: usize,
    /// All of them, hexadecimal.
    pub bytes: String,
}

fn thirty() -> usize {
    30
}

/// The asset that is the story file.
pub const STORY: &str = "story";
/// The asset that is AgentBoard's prompt, as JSON.
pub const PROMPT: &str = "prompt";

/// The seed of a story's dice.
const SEED: u64 = 0;
/// What asks for help.
const CHECK: &str = "check valid actions";
/// What the house says of a command that does nothing.
pub(super) const NOTHING: &str = "Nothing happens";

static END: LazyLock<Regex> = LazyLock::new(|| pattern(r"\*\*\*\s*\S[^*]*\*\*\*"));

/// A text adventure that is played.
pub struct Room {
    machine: Machine,
    goal: String,
    opening: String,
    /// The last text, cleaned.
    last: String,
    watch: Watch,
    style: Style,
    over: bool,
    stopped: Option<String>,
}

/// The story of a sample, with its own bytes.
pub(super) fn story(input: &Input, bytes: &[u8]) -> Result<Story, String> {
    let story = Story::read(bytes).map_err(|error| error.to_string())?;
    let Some(patch) = &input.patch else { return Ok(story) };
    let bytes = from_hex(&patch.bytes).ok_or("the patch is not hexadecimal")?;
    story.patched(patch.at, &bytes).map_err(|error| error.to_string())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    digits.chunks(2).map(|pair| u8::try_from(pair.iter().fold(0, |byte, digit| byte << 4 | digit)).ok()).collect()
}

/// Opens the episode of a sample.
///
/// # Errors
/// An `input` that is not this task's, a story that is missing or is none.
pub(super) fn open(sample: &Sample, assets: &Assets) -> Result<Agent<Room>, TaskError> {
    let wrong = |problem: String| TaskError::unusable(sample, problem);
    let input: Input = serde_json::from_value(sample.input.clone()).map_err(|e| wrong(format!("input: {e}")))?;
    let bytes = assets.bytes(sample, STORY).map_err(|source| TaskError::without(sample, source))?;
    let story = story(&input, &bytes).map_err(|problem| wrong(format!("{STORY}: {problem}")))?;
    let prompt = match sample.asset(PROMPT) {
        None => Prompt::default(),
        Some(_) => {
            let text = assets.bytes(sample, PROMPT).map_err(|source| TaskError::without(sample, source))?;
            serde_json::from_slice(&text).map_err(|error| wrong(format!("{PROMPT}: {error}")))?
        }
    };
    let manner = Manner { style: input.style, max_steps: input.max_steps, prompt };
    Ok(Agent::new(Room::new(&story, input), manner, sample))
}

impl Room {
    /// A game before the first action.
    pub fn new(story: &Story, input: Input) -> Self {
        let mut room = Self {
            machine: Machine::new(story, SEED),
            goal: input.goal,
            opening: String::new(),
            last: String::new(),
            watch: Watch::new(&input.subgoals),
            style: input.style,
            over: false,
            stopped: None,
        };
        let text = room.machine.run().map_err(|fault| fault.to_string());
        let said = room.hear(text);
        // Stars in a first text are no ending.
        room.over = room.stopped.is_some() || room.machine.wants() == Wants::Nothing;
        room.opening = input.opening.unwrap_or(said);
        room
    }

    /// The machine, and the last text that the agent was shown.
    #[cfg(test)]
    pub(super) fn state(&self) -> (&Machine, &str) {
        (&self.machine, &self.last)
    }

    /// What the agent is shown of what a game printed; `Err` is why it broke down.
    fn hear(&mut self, printed: Result<String, String>) -> String {
        let printed = printed.unwrap_or_else(|why| {
            self.stopped = Some(why);
            "The game broke down.".to_owned()
        });
        self.over = self.stopped.is_some() || self.machine.wants() == Wants::Nothing || END.is_match(&printed);
        let text = printed.strip_suffix('>').unwrap_or(&printed);
        self.last = match self.style {
            Style::Agentboard => cleaned_text(text),
            Style::Chat => text.trim().to_owned(),
        };
        self.last.clone()
    }

    fn enter(&mut self, line: &str) -> String {
        let printed = self.machine.enter(line).map_err(|fault| fault.to_string());
        let text = self.hear(printed);
        self.watch.see(&text);
        text
    }

    fn act_by_rules(&mut self, said: &str) -> Effect {
        let action = cleaned_action(said);
        if asks_for_help(action.trim()) {
            let mut all = valid_actions(&self.machine, &self.last);
            all.push(CHECK.to_owned());
            let observation = format!("You can take the following actions: {}", all.join(", "));
            return Effect { observation, valid: true, action: None };
        }
        let observation = self.enter(&action);
        let valid = !observation.contains("[!") && self.stopped.is_none();
        Effect { observation, valid, action: None }
    }

    fn act_as_told(&mut self, said: &str) -> Effect {
        let Some(command) = command(said) else {
            let observation = format!("{NOTHING}: the reply holds no command. Reply with one command, such as: look");
            return Effect { observation, valid: false, action: None };
        };
        let observation = self.enter(&command);
        let valid = !observation.starts_with(NOTHING) && self.stopped.is_none();
        Effect { observation, valid, action: Some(command) }
    }
}

impl World for Room {
    fn goal(&self) -> String {
        self.goal.clone()
    }

    fn observe(&self) -> String {
        self.opening.clone()
    }

    fn help(&self) -> &'static str {
        CHECK
    }

    fn has_inventory(&self) -> bool {
        true
    }

    fn over(&self) -> bool {
        self.over || self.watch.won()
    }

    fn stopped(&self) -> Option<String> {
        self.stopped.clone()
    }

    fn act(&mut self, said: &str) -> Effect {
        match self.style {
            Style::Agentboard => self.act_by_rules(said),
            Style::Chat => self.act_as_told(said),
        }
    }

    fn progress(&self) -> Progress {
        let (share, won) = (self.watch.progress(), self.watch.won());
        Progress { best: share, now: share, won, met: self.watch.met(), goals: self.watch.goals() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real_world::story::{Jericho, twin};
    use crate::{Asking, Drawn, Lexical, Split, Task};
    use record::{Scoring, Transcript, Turn};
    use serde_json::{Value, json};

    type Done = Result<(), Box<dyn std::error::Error>>;

    fn drawn() -> Drawn {
        twin::drawn(5, Split::Test, Asking::BARE, Some(1))
    }

    /// Plays until the end, and gives the number of asks and what the episode says of itself.
    fn play(sample: &Sample, assets: &Assets, reply: &str) -> Result<(usize, Value), TaskError> {
        let mut episode = Jericho.open(sample, assets)?;
        let (mut turn, mut asks) = (episode.next(None), 0);
        loop {
            match turn {
                Turn::Done(end) => return Ok((asks, end)),
                Turn::Ask(_) => asks += 1,
            }
            turn = episode.next(Some(reply));
        }
    }

    #[test]
    fn a_story_that_breaks_down_ends_the_episode_and_the_score_says_why() -> Done {
        let (mut samples, assets) = drawn().held();
        let mut sample = samples.remove(0);
        let bytes = assets.bytes(&sample, STORY)?;
        // All objects, so that their names lie nowhere.
        let objects = usize::from(bytes[0x0a]) * 256 + usize::from(bytes[0x0b]) + 62;
        sample.input["patch"] = json!({"at": objects, "bytes": "ff".repeat(9 * 60)});
        let (asks, end) = play(&sample, &assets, "look")?;
        let transcript = Transcript { record: end, ..Transcript::default() };
        let score = Jericho.score(&sample, &transcript, &Lexical, Scoring::Corrected)?;
        assert_eq!((asks, score.value), (0, 0.0));
        assert!(score.reason.contains("broke down: the story stopped at 0x"), "{}", score.reason);
        Ok(())
    }

    #[test]
    fn silence_repetition_and_floods_end_with_the_last_turn() -> Done {
        let (samples, assets) = drawn().held();
        for reply in ["", "look", "north", "quit", "restart", "save", &"take everything ".repeat(60_000)] {
            let (asks, end) = play(&samples[0], &assets, reply)?;
            assert_eq!((asks, &end["won"]), (twin::MAX_STEPS, &json!(false)));
        }
        let (_, end) = play(&samples[0], &assets, "fly to the moon")?;
        assert_eq!((&end["valid"], &end["read"]), (&json!(0), &json!(0)));
        Ok(())
    }

    #[test]
    fn broken_samples_are_errors() {
        let (mut samples, assets) = drawn().held();
        let sample = samples.remove(0);
        for patch in
            [json!({"at": 0, "bytes": "05"}), json!({"at": 70, "bytes": "5"}), json!({"at": 70, "bytes": "x!"})]
        {
            let mut broken = sample.clone();
            broken.input["patch"] = patch.clone();
            assert!(Jericho.open(&broken, &assets).is_err(), "{patch}");
        }
        assert!(Jericho.open(&Sample { assets: Vec::new(), ..sample.clone() }, &assets).is_err());
        assert!(Jericho.open(&Sample { input: json!(1), ..sample }, &assets).is_err());
    }

    #[test]
    fn stars_around_words_end_a_game() {
        for (text, end) in
            [("*** You have died ***", true), ("****  You have died  ****", true), ("a * b *** c", false)]
        {
            assert_eq!(END.is_match(text), end, "{text}");
        }
    }
}
