//! The machine on stories made for it: `tools/story/opcodes.inf` in four versions, and what is left of it when bytes change.

use proptest::prelude::*;

use super::{Budget, Machine, Problem, Story, StoryError, Wants};

/// The same self-checking story, compiled for each version.
const STORIES: [(u8, &[u8]); 4] = [
    (3, include_bytes!("../../../../../tools/story/opcodes.z3")),
    (4, include_bytes!("../../../../../tools/story/opcodes.z4")),
    (5, include_bytes!("../../../../../tools/story/opcodes.z5")),
    (8, include_bytes!("../../../../../tools/story/opcodes.z8")),
];

#[test]
fn every_instruction_does_what_the_standard_says_in_every_version() -> Result<(), Box<dyn std::error::Error>> {
    for (version, bytes) in STORIES {
        let mut machine = Machine::new(&Story::read(bytes)?, 1);
        let said = machine.run()?;
        println!("{said}");
        assert!(!said.contains("FAIL"), "version {version}: {said}");
        assert!(said.contains(" passed, 0 failed\n"), "version {version}: {said}");
    }
    Ok(())
}
