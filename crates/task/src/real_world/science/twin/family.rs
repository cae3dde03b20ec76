//! The kinds of goals, and how a house is drawn for each.

use record::Rng;

use super::build::{Builder, Size};
use super::fact::{Fact, Quest};
use super::house::{House, Kind, Place};
use super::matter::{Matter, State};
use super::physics::Stage;

/// A kind of goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// Things are put in their places.
    Carry,
    /// Something melts, boils or freezes.
    Heat,
    /// A flask is measured, and put where its temperature says.
    Measure,
    /// A lamp is lit.
    Circuit,
    /// A rod is tested, and put where the result says.
    Conduct,
    /// A seed grows.
    Grow,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Carry, Self::Heat, Self::Measure, Self::Circuit, Self::Conduct, Self::Grow];

    /// `carry`, as in ids and tags.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Carry => "carry",
            Self::Heat => "heat",
            Self::Measure => "measure",
            Self::Circuit => "circuit",
            Self::Conduct => "conduct",
            Self::Grow => "grow",
        }
    }
}

/// How hard an episode is, in AgentBoard's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Three rooms, nothing closed but oven and freezer, one thing to do.
    Easy,
    /// Five rooms, much of it in closed furniture, and an errand beside the goal.
    Hard,
}

impl Level {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Easy, Self::Hard];

    /// `easy`, as in ids and tags.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Hard => "hard",
        }
    }

    fn size(self) -> Size {
        match self {
            Self::Easy => Size { rooms: 3, furniture: 1, clutter: 3, closed: false },
            Self::Hard => Size { rooms: 5, furniture: 2, clutter: 6, closed: true },
        }
    }
}

/// A house and a goal in it, not yet known to be of use.
pub fn draw(rng: &mut Rng, family: Family, level: Level) -> (House, Quest) {
    let mut builder = Builder::new(rng, level.size());
    let hard = level == Level::Hard;
    let mut quest = match family {
        Family::Carry => carry(&mut builder, if hard { 3 } else { 2 }),
        Family::Heat => heat(&mut builder, hard),
        Family::Measure => measure(&mut builder),
        Family::Circuit => circuit(&mut builder, hard),
        Family::Conduct => conduct(&mut builder, hard),
        Family::Grow => grow(&mut builder, hard),
    };
    if hard && family != Family::Carry {
        let errand = carry(&mut builder, 1);
        quest.told = format!("{} {}", errand.told, quest.told);
        quest.goals.splice(0..0, errand.goals);
    }
    builder.clutter();
    (builder.house, quest)
}

fn carry(builder: &mut Builder<'_>, count: usize) -> Quest {
    let (mut told, mut goals) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (thing, place) = (builder.good(), builder.spot(&[]));
        let preposition = builder.house.place(&place).map_or("in", Place::preposition);
        told.push(format!("Put the {thing} {preposition} the {place}."));
        goals.push(Fact::In { thing, place });
    }
    Quest { told: told.join(" "), steps: Vec::new(), goals }
}

/// (name, from where on it is liquid, from where on it boils), in degrees.
type Substance = (&'static str, i32, i32);
const SOFT: &[Substance] = &[("butter", 35, 300), ("chocolate", 45, 300), ("wax", 60, 370)];
const TOUGH: &[Substance] = &[("sugar", 160, 400), ("solder", 190, 900)];
const FLUID: &[Substance] = &[("milk", -1, 101), ("juice", -3, 102), ("vinegar", -2, 102), ("tea", 0, 100)];

fn heat(builder: &mut Builder<'_>, hard: bool) -> Quest {
    let (what, state) = match (hard, builder.rng.below(2)) {
        (false, 0) => (Some(SOFT), State::Liquid),
        (false, _) => (Some(FLUID), State::Boiling),
        (true, 0) if builder.rng.chance(0.5) => (Some(TOUGH), State::Liquid),
        (true, 0) => (Some(FLUID), State::Solid),
        (true, _) => (None, if builder.rng.chance(0.5) { State::Boiling } else { State::Solid }),
    };
    let substance = what.map_or(("water", 0, 100), |all| all[builder.rng.below(all.len())]);
    let matter = substance.0.to_owned();
    builder.vessel(what.map(|_| portion(substance)));
    let others: Vec<Substance> =
        [SOFT, TOUGH, FLUID].concat().into_iter().filter(|other| other.0 != substance.0).collect();
    let other = others[builder.rng.below(others.len())];
    builder.vessel(Some(portion(other)));
    let told = match state {
        State::Solid => format!("Freeze some {matter}, so that it is solid."),
        State::Liquid => format!("Melt the {matter}, so that it is liquid."),
        State::Boiling => format!("Heat some {matter} until it is boiling."),
    };
    let drawn = what.is_none().then(|| Fact::Filled { matter: matter.clone() });
    let steps = drawn.into_iter().chain([Fact::Treated { matter: matter.clone() }]).collect();
    Quest { told, steps, goals: vec![Fact::Is { matter, state }] }
}

fn portion((name, melts, boils): Substance) -> Matter {
    Matter { name: name.to_owned(), degrees: super::house::ROOM_DEGREES, melts, boils }
}

/// Two boxes in rooms.
fn boxes(builder: &mut Builder<'_>) -> [String; 2] {
    [(); 2].map(|()| {
        let (name, room) = (builder.colored("box"), builder.room());
        builder.put(&name, &room, Kind::Place(Place::default()));
        name
    })
}

fn measure(builder: &mut Builder<'_>) -> Quest {
    let (flask, boxes) = (builder.colored("flask"), boxes(builder));
    let warm = builder.rng.chance(0.5);
    let degrees = if warm { builder.rng.between(55, 90) } else { builder.rng.between(5, 45) };
    builder.scatter(&flask, Kind::Flask { degrees: i32::try_from(degrees).unwrap_or(5) });
    builder.scatter("thermometer", Kind::Thermometer);
    let [one, other] = &boxes;
    let told = format!(
        "Measure the {flask} with the thermometer. If it has more than 50 degrees, put it in the {one}; if it has less, \
         put it in the {other}."
    );
    let place = if warm { one } else { other }.clone();
    Quest {
        told,
        steps: Vec::new(),
        goals: vec![Fact::Measured { thing: flask.clone() }, Fact::In { thing: flask, place }],
    }
}

/// Battery, lamp and wires; the lamp's name.
fn parts(builder: &mut Builder<'_>, wires: usize) -> String {
    builder.scatter("battery", Kind::Battery);
    let lamp = builder.colored("lamp");
    builder.scatter(&lamp, Kind::Lamp);
    for _ in 0..wires {
        let wire = builder.colored("wire");
        builder.scatter(&wire, Kind::Wire { ends: None });
    }
    lamp
}

fn circuit(builder: &mut Builder<'_>, hard: bool) -> Quest {
    let lamp = parts(builder, 2);
    if hard {
        let rod = builder.colored("rod");
        let conducts = builder.rng.chance(0.5);
        builder.scatter(&rod, Kind::Rod { conducts });
    }
    Quest {
        told: format!("Let the {lamp} be lit by the battery."),
        steps: vec![Fact::Joined { part: "battery".into(), other: lamp.clone() }],
        goals: vec![Fact::Lit { lamp }],
    }
}

/// Battery and lamp on the floor of one room, joined by a wire, with two more wires; the lamp's name.
fn kit(builder: &mut Builder<'_>) -> String {
    let (room, lamp) = (builder.room(), builder.colored("lamp"));
    builder.put("battery", &room, Kind::Battery);
    builder.put(&lamp, &room, Kind::Lamp);
    for joined in [true, false, false] {
        let wire = builder.colored("wire");
        builder.put(&wire, &room, Kind::Wire { ends: joined.then(|| ["battery".to_owned(), lamp.clone()]) });
    }
    lamp
}

fn conduct(builder: &mut Builder<'_>, hard: bool) -> Quest {
    let lamp = if hard { parts(builder, 3) } else { kit(builder) };
    let (rod, boxes) = (builder.colored("rod"), boxes(builder));
    let conducts = builder.rng.chance(0.5);
    builder.scatter(&rod, Kind::Rod { conducts });
    let [one, other] = &boxes;
    let told = format!(
        "Find out whether the {rod} conducts, in a ring of battery, {rod} and {lamp}. If it conducts, put it in the \
         {one}; if not, put it in the {other}."
    );
    let place = if conducts { one } else { other }.clone();
    let goals = vec![Fact::Tested { rod: rod.clone() }, Fact::In { thing: rod, place }];
    Quest { told, steps: Vec::new(), goals }
}

const SEEDS: &[&str] = &["bean", "pea", "poppy", "daisy", "tulip", "melon", "barley"];

fn grow(builder: &mut Builder<'_>, hard: bool) -> Quest {
    let seed = SEEDS[builder.rng.below(SEEDS.len())].to_owned();
    builder.scatter(&seed, Kind::Seed { age: 0 });
    builder.vessel(None);
    let (pot, room) = ("flower pot".to_owned(), builder.room());
    builder.put(&pot, &room, Kind::Pot { wet: 0 });
    let stage = if hard { Stage::Bloom } else { Stage::Sprout };
    let told = format!("Grow the {seed} until it {}.", stage.as_str());
    let planted = Fact::In { thing: seed.clone(), place: pot };
    let sprouted = hard.then(|| Fact::Grown { seed: seed.clone(), stage: Stage::Sprout });
    let steps = std::iter::once(planted).chain(sprouted).collect();
    Quest { told, steps, goals: vec![Fact::Grown { seed, stage }] }
}
