//! The machine on stories made for it: `tools/story/opcodes.inf` in four versions, and what is left of them when bytes
//! change.

use proptest::prelude::*;

use super::{Budget, Clock, Machine, Problem, Story, StoryError, Wants};

type Done = Result<(), Box<dyn std::error::Error>>;

/// The same self-checking story, compiled for each version.
const STORIES: [(u8, &[u8]); 4] = [
    (3, include_bytes!("../../../../../tools/story/opcodes.z3")),
    (4, include_bytes!("../../../../../tools/story/opcodes.z4")),
    (5, include_bytes!("../../../../../tools/story/opcodes.z5")),
    (8, include_bytes!("../../../../../tools/story/opcodes.z8")),
];
const HOUSE: &[u8] = include_bytes!("../../../../../tools/story/house.z3");

/// What is printed by the parts that no check can look at.
const PRINTED: &str = "text\nnumber -32768 0 32767\nname cube\nsigns ()\"/\\@^~ éü\nAZ\n\
    the long word that is the whole of the world\ngold\npacked\n";

#[test]
fn every_instruction_does_what_the_standard_says_in_every_version() -> Done {
    for (version, bytes) in STORIES {
        let story = Story::read(bytes)?;
        assert!(story.verify());
        let mut machine = Machine::new(&story, 1);
        let said = machine.run()?;
        assert!(!said.contains("FAIL") && said.contains(" passed, 0 failed\n"), "version {version}: {said}");
        assert!(said.contains(PRINTED), "version {version}: {said}");
        assert_eq!(said.contains("€\ngo\nld\n"), version >= 5);
        let first = if version < 5 { 1 } else { 2 };
        let said = machine.enter("Take Gold, silver")?;
        let places = [(4, 0, ""), (4, 5, " known"), (1, 9, ""), (6, 11, " known")];
        let lines: Vec<String> =
            places.iter().map(|(n, at, known)| format!("{n} at {}{known}\n", at + first)).collect();
        assert_eq!(said, format!("{}over\n", lines.concat()), "version {version}");
        assert_eq!(machine.wants(), Wants::Nothing);
        assert!(machine.enter("more").is_err_and(|fault| fault.problem == Problem::Over));
    }
    Ok(())
}

#[test]
fn the_status_line_of_version_3_names_the_place_and_the_turns() -> Done {
    let mut machine = Machine::new(&Story::read(HOUSE)?, 1);
    machine.run()?;
    machine.enter("north")?;
    let status = machine.status().ok_or("no status line")?;
    assert_eq!((status.place.as_str(), status.clock), ("hall", Clock::Score { points: 0, turns: 1 }));
    assert_eq!(Machine::new(&Story::read(STORIES[2].1)?, 1).status(), None);
    Ok(())
}

#[test]
fn a_clone_goes_its_own_way_from_the_same_moment() -> Done {
    let mut machine = Machine::new(&Story::read(HOUSE)?, 1);
    machine.run()?;
    let mut copy = machine.clone();
    copy.enter("open box")?;
    assert_eq!(copy.enter("take key")?, "You take the brass key.\n\n>");
    assert!(machine.enter("take key")?.starts_with("Nothing happens"));
    assert_eq!(machine.enter("open box")?, "You open the wooden box. It holds a brass key.\n\n>");
    Ok(())
}

#[test]
fn files_that_are_no_stories_are_refused() {
    let mut file = STORIES[0].1.to_vec();
    let read = |file: &[u8]| Story::read(file).err();
    assert!(matches!(read(&file[..63]), Some(StoryError::Size { got: 63, .. })));
    assert!(matches!(read(&vec![3; (1 << 20) + 1]), Some(StoryError::Size { .. })));
    for version in [0, 1, 2, 6, 7, 9] {
        file[0] = version;
        assert_eq!(read(&file), Some(StoryError::Version { version }));
    }
    file[0] = 3;
    for at in [0x06, 0x08, 0x0a, 0x0c, 0x0e] {
        let mut broken = file.clone();
        broken[at..at + 2].copy_from_slice(&[0xff, 0xff]);
        assert!(matches!(read(&broken), Some(StoryError::Header { .. })), "{at}");
    }
}

#[test]
fn a_patch_changes_dynamic_memory_and_nothing_else() -> Done {
    let story = Story::read(HOUSE)?;
    let at = HOUSE.windows(8).position(|window| window == b"ACBHOUSE").ok_or("no table")?;
    let patched = story.patched(at + 8, &[2])?;
    assert!(patched.verify() && patched.bytes()[at + 8] == 2);
    assert!(Machine::new(&patched, 1).run()?.contains("You are in the hall."));
    assert!(story.patched(0, &[5]).is_err() && story.patched(HOUSE.len() - 1, &[5]).is_err());
    assert!(story.patched(usize::MAX, &[5, 5]).is_err());
    Ok(())
}

/// A story of version 5 that begins with these bytes of code.
fn story_of(code: &[u8]) -> Vec<u8> {
    let mut file = vec![0; 2048];
    let mut word = |at: usize, value: u16| file[at..at + 2].copy_from_slice(&value.to_be_bytes());
    // Code, dictionary, objects, global variables, end of dynamic memory.
    for (at, value) in [(0x06, 0x600), (0x08, 0x500), (0x0a, 0x200), (0x0c, 0x300), (0x0e, 0x600)] {
        word(at, value);
    }
    file[0] = 5;
    file[0x600..0x600 + code.len()].copy_from_slice(code);
    file
}

fn problem(code: &[u8]) -> Result<Problem, Box<dyn std::error::Error>> {
    let budget = Budget { instructions: 100_000, characters: 1_000 };
    let fault = Machine::with_budget(&Story::read(story_of(code))?, 1, budget).run().err().ok_or("no fault")?;
    println!("{fault}");
    assert!(fault.address >= 0x600);
    Ok(fault.problem)
}

#[test]
fn hostile_code_ends_with_a_fault_that_says_where_and_what() -> Done {
    // jump to itself; print a letter and jump back; push and jump back; a routine that calls itself.
    assert_eq!(problem(&[0x8c, 0xff, 0xff])?, Problem::Endless(100_000));
    assert_eq!(problem(&[0xe5, 0x7f, 65, 0x8c, 0xff, 0xfc])?, Problem::Flood(1_000));
    assert_eq!(problem(&[0xe8, 0x7f, 65, 0x8c, 0xff, 0xfc])?, Problem::StackFull(32_768));
    assert_eq!(problem(&[0x8f, 0x01, 0x81, 0xba, 0, 0x8f, 0x01, 0x81])?, Problem::CallsFull(4_096));
    // add to an empty stack; divide by zero; write beyond memory; read beyond the file; no such opcode; return from nothing.
    assert_eq!(problem(&[0x54, 0, 1, 0])?, Problem::StackEmpty);
    assert_eq!(problem(&[0x17, 1, 0, 0])?, Problem::Division);
    assert_eq!(problem(&[0xe2, 0x17, 0x06, 0x00, 0, 1])?, Problem::ReadOnly(0x600));
    assert_eq!(problem(&[0xd0, 0x1f, 0xff, 0xf0, 0, 0])?, Problem::NoMemory(0xfff0));
    assert_eq!(problem(&[0xbe, 0x50, 0xff])?, Problem::NoInstruction);
    assert_eq!(problem(&[0xb0])?, Problem::NoCaller);
    // a local variable of no routine; a routine with 200 of them; an attribute beyond the last.
    assert_eq!(problem(&[0x95, 1])?, Problem::NoLocal(1));
    assert!(matches!(problem(&[0x8f, 0x01, 0x81, 0xba, 200])?, Problem::NoRoutine { address: 0x604, count: 200 }));
    assert_eq!(problem(&[0x0a, 1, 200, 0xc0])?, Problem::NoAttribute(200));
    let text = Machine::new(&Story::read(story_of(&[0x17, 1, 0, 0]))?, 1).run().err().map(|fault| fault.to_string());
    assert_eq!(text.as_deref(), Some("the story stopped at 0x0600, opcode 2OP:23: a division by zero"));
    Ok(())
}

/// Plays some lines on a small budget, whatever happens.
fn play(file: &[u8], lines: &[String]) {
    let Ok(story) = Story::read(file) else { return };
    let mut machine = Machine::with_budget(&story, 1, Budget { instructions: 200_000, characters: 20_000 });
    let mut said = machine.run();
    for line in lines {
        machine.vocabulary();
        machine.world();
        machine.status();
        if said.is_err() || machine.wants() == Wants::Nothing {
            return;
        }
        said = machine.enter(line);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Stories of which some bytes are others neither panic nor run for ever.
    #[test]
    fn broken_stories_end(
        which in 0..5_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        header in prop::collection::vec((4..64_usize, any::<u8>()), 0..3),
        lines in prop::collection::vec("(take|open|north|put|box|key|gold| |é|,){0,12}", 0..4),
    ) {
        let mut file = [STORIES[0].1, STORIES[1].1, STORIES[2].1, STORIES[3].1, HOUSE][which].to_vec();
        for (index, byte) in changes {
            let at = 64 + index.index(file.len() - 64);
            file[at] = byte;
        }
        for (at, byte) in header {
            file[at] = byte;
        }
        play(&file, &lines);
    }

    /// So do stories whose code is noise.
    #[test]
    fn noise_ends(version in prop::sample::select(vec![3_u8, 4, 5, 8]), code in prop::collection::vec(any::<u8>(), 1..512)) {
        let mut file = story_of(&code);
        file[0] = version;
        play(&file, &["look".to_owned()]);
    }
}
