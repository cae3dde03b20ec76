//! What time does: matter takes on the temperature around it, plants grow, lamps are lit.

use super::house::{House, Kind};

/// How far a plant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Not yet to be seen.
    Seed,
    /// The first green.
    Sprout,
    /// With leaves.
    Leaves,
    /// With flowers.
    Bloom,
}

impl Stage {
    /// What a seed is after a number of actions in wet soil.
    pub fn after(age: u32) -> Self {
        match age {
            0..=1 => Self::Seed,
            2..=3 => Self::Sprout,
            4..=6 => Self::Leaves,
            _ => Self::Bloom,
        }
    }

    /// `has leaves`, in texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seed => "is a seed",
            Self::Sprout => "is a sprout",
            Self::Leaves => "has leaves",
            Self::Bloom => "is in bloom",
        }
    }
}

impl House {
    /// Lets the time of one action pass.
    pub(super) fn pass_time(&mut self) {
        let around: Vec<(i32, bool)> =
            self.things.iter().map(|(name, thing)| (self.degrees_around(name), self.is_wet(&thing.at))).collect();
        for (thing, (degrees, wet)) in self.things.values_mut().zip(around) {
            match &mut thing.kind {
                Kind::Vessel { holds: Some(matter) } => matter.approach(degrees),
                Kind::Seed { age } if wet => *age = age.saturating_add(1),
                Kind::Pot { wet } => *wet = wet.saturating_sub(1),
                _ => {}
            }
        }
        self.note_tests();
    }

    fn is_wet(&self, pot: &str) -> bool {
        matches!(self.kind(pot), Some(Kind::Pot { wet: 1.. }))
    }

    /// The parts of the closed ring of wires that a part is in; none where there is no ring.
    ///
    /// A part takes two wires, so that one way leads round.
    pub fn ring<'a>(&'a self, part: &'a str) -> Vec<&'a str> {
        let (mut all, mut wire, mut at) = (Vec::new(), None, part);
        while let Some((next_wire, next)) = self.wires_of(at).find(|(name, _)| Some(*name) != wire) {
            (wire, at) = (Some(next_wire), next);
            all.push(next);
            if next == part {
                return all;
            }
            if all.len() > self.things.len() {
                break;
            }
        }
        Vec::new()
    }

    /// Whether a lamp is lit: a ring leads from a battery to it and back, and all rods of the ring conduct.
    pub fn is_lit(&self, lamp: &str) -> bool {
        let ring = self.ring(lamp);
        let powered = ring.iter().any(|part| self.kind(part) == Some(&Kind::Battery));
        powered && !ring.iter().any(|part| self.kind(part) == Some(&Kind::Rod { conducts: false }))
    }

    fn note_tests(&mut self) {
        let rods = self.things.iter().filter(|(_, thing)| matches!(thing.kind, Kind::Rod { .. }));
        let closed = |name: &str| {
            let ring = self.ring(name);
            let has = |kind: &Kind| ring.iter().any(|part| self.kind(part) == Some(kind));
            has(&Kind::Battery) && has(&Kind::Lamp)
        };
        let found: Vec<String> = rods.map(|(name, _)| name.clone()).filter(|name| closed(name)).collect();
        self.tested.extend(found);
    }
}
