//! What BabyAI's twin promises: the oracle solves every level, a policy that acts at random hardly any, and no level
//! occurs in both splits.

use std::collections::BTreeSet;
use std::error::Error;

use record::{Assets, Rng, Sample, Turn};
use task::real_world::BabyAi;
use task::real_world::babyai::Input;
use task::real_world::babyai::twin::{FAMILIES, Play, answer, generate};
use task::{Asking, Split, Task};

/// Plays the oracle's plan through the episode: whether it ends there, won.
fn oracle_wins(sample: &Sample) -> Result<bool, Box<dyn Error>> {
    let mut episode = BabyAi.open(sample, &Assets::default())?;
    let mut turn = episode.next(None);
    for reply in answer(sample) {
        if let Turn::Done(_) = turn {
            return Ok(false);
        }
        turn = episode.next(Some(&reply));
    }
    let Turn::Done(record) = turn else { return Ok(false) };
    Ok(record["won"] == true && record["progress"] == 1.0 && record["valid"] == record["steps"])
}

#[test]
fn the_oracle_solves_1000_levels() -> Result<(), Box<dyn Error>> {
    let samples = generate(5, Split::Test, Asking::BARE, Some(1000));
    assert_eq!(samples.len(), 1000);
    for sample in &samples {
        assert!(oracle_wins(sample)?, "{}", sample.id);
    }
    let count = |tag: &str| samples.iter().map(|sample| sample.tags[tag].to_string()).collect::<BTreeSet<_>>().len();
    assert_eq!((count("family"), count("difficulty")), (FAMILIES.len(), 2));
    Ok(())
}

/// Plays possible actions at random: whether it wins, and how far it comes.
fn at_random(sample: &Sample, rng: &mut Rng) -> Result<(bool, f64), Box<dyn Error>> {
    let input: Input = serde_json::from_value(sample.input.clone())?;
    let mut play = Play::new(&input.level, &input.milestones)?;
    for _ in 0..input.max_steps {
        let deeds = play.deeds();
        play.act(rng.pick(&deeds).ok_or("turning is always possible")?).ok();
        if play.won() {
            break;
        }
    }
    let (met, all) = play.met();
    Ok((play.won(), met as f64 / all as f64))
}

#[test]
fn possible_actions_at_random_win_less_than_a_tenth_of_every_family() -> Result<(), Box<dyn Error>> {
    let samples = generate(6, Split::Test, Asking::BARE, Some(400));
    let mut rng = Rng::new(1);
    for family in FAMILIES {
        let (mut wins, mut progress, mut plays) = (0, 0.0, 0);
        for sample in samples.iter().filter(|sample| sample.tags["family"] == family.name) {
            for _ in 0..10 {
                let (won, share) = at_random(sample, &mut rng)?;
                (wins, progress, plays) = (wins + usize::from(won), progress + share, plays + 1);
            }
        }
        println!("{}: {wins} of {plays} won, mean progress {:.2}", family.name, progress / f64::from(plays));
        assert!(plays >= 500 && wins * 10 < plays as usize, "{}: {wins} of {plays}", family.name);
    }
    Ok(())
}

#[test]
fn no_level_is_trained_on_and_held_out() {
    let levels = |split| -> BTreeSet<String> {
        let samples = generate(7, split, Asking::BARE, Some(200));
        samples.iter().map(|sample| sample.messages[1].content.clone()).collect()
    };
    let (train, test) = (levels(Split::Train), levels(Split::Test));
    assert_eq!((train.len(), test.len()), (200, 200));
    assert!(train.is_disjoint(&test));
}

/// The bytes are the same on every platform and in every version: what was trained on and published stays the same.
#[test]
fn the_same_seed_gives_the_same_bytes_everywhere() -> Result<(), Box<dyn Error>> {
    let mut digest = record::Digest::default();
    for split in [Split::Train, Split::Test] {
        for sample in generate(7, split, Asking { shots: 1, ..Asking::BARE }, Some(24)) {
            digest.update(&serde_json::to_vec(&sample)?);
        }
    }
    assert_eq!(digest.hex(), "365e0201a452c545f2b16f3029b0dc2002ac17e722dd4b53c657f1898cc24ad8");
    Ok(())
}
