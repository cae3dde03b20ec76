//! A thousand houses: the walk wins each, and chance does not.

use std::collections::BTreeSet;

use record::{Rng, Sample};

use super::*;
use crate::real_world::agent::World;
use crate::real_world::story::actions::valid_actions;
use crate::real_world::story::room::Room;

type Done = Result<(), Box<dyn std::error::Error>>;

fn samples(count: usize) -> Vec<Sample> {
    generate(11, Split::Test, Asking::BARE, Some(count))
}

fn opened(sample: &Sample) -> Result<Room, Box<dyn std::error::Error>> {
    let input: Input = serde_json::from_value(sample.input.clone())?;
    Ok(Room::new(&room::story(&input, house::STORY)?, input))
}

/// Plays a house and gives what is left of it.
fn play(sample: &Sample, mut policy: impl FnMut(usize, &Room) -> String) -> Result<Room, Box<dyn std::error::Error>> {
    let mut room = opened(sample)?;
    for step in 0..MAX_STEPS {
        if room.over() {
            break;
        }
        let said = policy(step, &room);
        room.act(&said);
    }
    Ok(room)
}

#[test]
fn the_walk_wins_a_thousand_houses_with_valid_commands_only() -> Done {
    let all = samples(1000);
    assert_eq!(all.len(), 1000);
    for sample in &all {
        let walk = answer(sample);
        let mut room = opened(sample)?;
        for (step, command) in walk.iter().enumerate() {
            assert!(!room.over(), "{}: over before step {step}", sample.id);
            let effect = room.act(command);
            assert!(
                effect.valid && effect.action.as_ref() == Some(command),
                "{}: {command}: {}",
                sample.id,
                effect.observation
            );
        }
        let end = room.progress();
        assert!(end.won && end.best == 1.0, "{}: {} of {}", sample.id, end.met, end.goals);
    }
    let kinds = |text: &str| all.iter().filter(|sample| answer(sample).iter().any(|said| said.contains(text))).count();
    for kind in ["unlock", "light", "open", "on ", "in ", "door"] {
        assert!(kinds(kind) > 20, "{kind}: {}", kinds(kind));
    }
    Ok(())
}

#[test]
fn every_house_is_a_valid_story_of_its_own() -> Done {
    let mut tables = BTreeSet::new();
    for sample in samples(100) {
        let input: Input = serde_json::from_value(sample.input.clone())?;
        let story = room::story(&input, house::STORY)?;
        assert!(story.verify() && story.bytes().len() == house::STORY.len());
        assert!(sample.assets[0].digest == record::digest(house::STORY));
        assert!(tables.insert(input.patch.map(|patch| patch.bytes)), "{}: twice", sample.id);
    }
    Ok(())
}

/// What was published stays the same on every platform and in every version.
#[test]
fn the_same_seed_gives_the_same_bytes_everywhere() -> Done {
    let mut digest = record::Digest::default();
    for split in [Split::Train, Split::Test] {
        for sample in generate(7, split, Asking { shots: 1, ..Asking::BARE }, Some(20)) {
            digest.update(&serde_json::to_vec(&sample)?);
        }
    }
    assert_eq!(digest.hex(), "1b92556afab09a0db87f467cfd6248e402a394a3b257b76a81262dad12006abd");
    Ok(())
}

#[test]
fn chance_wins_hardly_ever() -> Done {
    let all = samples(20);
    // Any verb on any thing; and, much stronger, only what would change the house.
    let verbs = ["take", "open", "unlock", "drop", "light", "examine"];
    let mut rng = Rng::new(5);
    let (mut blind, mut seeing, mut blind_wins, mut seeing_wins) = (0.0, 0.0, 0, 0);
    for sample in &all {
        let end = play(sample, |_, _| match rng.below(3) {
            0 => house::DIRECTIONS[rng.below(4)].to_owned(),
            _ => format!("{} {}", verbs[rng.below(6)], house::names().nth(rng.below(34)).unwrap_or_default()),
        })?;
        blind += end.progress().best;
        blind_wins += usize::from(end.progress().won);
        let end = play(sample, |_, room| {
            let (machine, last) = room.state();
            let actions = valid_actions(machine, last);
            rng.pick(&actions).cloned().unwrap_or_default()
        })?;
        seeing += end.progress().best;
        seeing_wins += usize::from(end.progress().won);
    }
    println!(
        "of 20 houses: blind {blind_wins} won, progress {blind:.1}; among valid {seeing_wins} won, progress {seeing:.1}"
    );
    assert!(blind_wins == 0 && blind < 1.0, "{blind_wins} {blind}");
    assert!(seeing_wins < 2, "{seeing_wins} {seeing}");
    Ok(())
}

#[test]
fn the_story_prints_the_same_in_three_versions_of_the_machine() -> Done {
    let files: [&[u8]; 3] = [
        house::STORY,
        include_bytes!("../../../../../../tools/story/house.z5"),
        include_bytes!("../../../../../../tools/story/house.z8"),
    ];
    let said = |bytes: &[u8], house: &str, commands: &[String]| -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let story = Story::read(bytes)?;
        let at = story.bytes().windows(8).position(|window| window == b"ACBHOUSE").ok_or("no table")?;
        let input = Input { patch: Some(crate::real_world::story::Patch { at, bytes: house.to_owned() }), ..input() };
        let mut machine = Machine::new(&room::story(&input, bytes)?, 0);
        let mut all = vec![machine.run()?];
        for command in commands {
            all.push(machine.enter(command)?);
        }
        Ok(all)
    };
    for sample in samples(20) {
        let mut commands = vec!["xyzzy".into(), "look at the lamp".into(), "i".into(), "take frobozz".into()];
        commands.extend(answer(&sample));
        let house = sample.input["patch"]["bytes"].as_str().ok_or("no table")?;
        let [first, second, third] = files.map(|file| said(file, house, &commands));
        let (first, second, third) = (first?, second?, third?);
        assert!(first == second && second == third, "{first:?}\n{second:?}");
    }
    Ok(())
}

fn input() -> Input {
    Input {
        game: "house".into(),
        goal: String::new(),
        subgoals: Vec::new(),
        opening: None,
        patch: None,
        style: Style::Chat,
        max_steps: MAX_STEPS,
    }
}

#[test]
fn worked_examples_are_whole_games() {
    let asking = Asking { shots: 2, ..Asking::BARE };
    let sample = generate(3, Split::Test, asking, Some(1)).remove(0);
    let texts: Vec<&str> = sample.messages.iter().map(|message| message.content.as_str()).collect();
    assert!(sample.examples >= 12 && sample.examples.is_multiple_of(2), "{}", sample.examples);
    assert_eq!(texts.iter().filter(|text| text.starts_with("Your task: ")).count(), 3);
    assert!(texts[texts.len() - 2].starts_with("put ") && texts[texts.len() - 1].starts_with("Your task: "));
}
