//! What can be done in a house: verbs, what they are said with, and how an action is written.

use std::fmt;

use super::house::{House, Kind};

/// A verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "VERBS describes each")]
pub enum Verb {
    Go,
    Look,
    Inventory,
    Open,
    Close,
    Take,
    Put,
    Drop,
    TurnOn,
    TurnOff,
    Fill,
    Pour,
    Measure,
    Connect,
    Disconnect,
    Plant,
    Wait,
}

/// What a verb is said with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A room.
    Room,
    /// Something that can be carried.
    Thing,
    /// Something that things are put in or on.
    Place,
    /// Something with a door or a lid.
    Door,
    /// Something with a switch.
    Device,
    /// A cup or a pan.
    Vessel,
    /// What is poured into: a vessel, a pot, a sink.
    Target,
    /// Something with a temperature.
    Warm,
    /// A wire.
    Wire,
    /// A battery, a lamp or a rod.
    Part,
    /// A seed.
    Seed,
    /// A pot with soil.
    Pot,
}

/// A verb's row: how an action is written (`{}` for each object), the words that name it, its objects, and what it does.
pub struct Row {
    /// The verb.
    pub verb: Verb,
    /// How an action is written, with what its objects are in capitals: `put THING in PLACE`.
    pub form: &'static str,
    /// What it is said with, in the order of the form.
    pub roles: &'static [Role],
    /// What it does, in a sentence.
    pub does: &'static str,
}

/// All verbs.
#[rustfmt::skip]
pub const VERBS: &[Row] = &[
    Row { verb: Verb::Go, form: "go ROOM", roles: &[Role::Room], does: "you go to a room that the one you are in leads to" },
    Row { verb: Verb::Look, form: "look", roles: &[], does: "you see the room again; it takes no time" },
    Row { verb: Verb::Inventory, form: "inventory", roles: &[], does: "you see what you hold; it takes no time" },
    Row { verb: Verb::Open, form: "open PLACE", roles: &[Role::Door], does: "what is in a closed place can be seen and taken only once it is open" },
    Row { verb: Verb::Close, form: "close PLACE", roles: &[Role::Door], does: "a place with a door is shut" },
    Row { verb: Verb::Take, form: "take THING", roles: &[Role::Thing], does: "you hold a thing that is where you are; you can hold many" },
    Row { verb: Verb::Put, form: "put THING in PLACE", roles: &[Role::Thing, Role::Place], does: "a thing that you hold goes in or on a place" },
    Row { verb: Verb::Drop, form: "drop THING", roles: &[Role::Thing], does: "a thing that you hold goes on the floor" },
    Row { verb: Verb::TurnOn, form: "turn on DEVICE", roles: &[Role::Device], does: "a device is switched on" },
    Row { verb: Verb::TurnOff, form: "turn off DEVICE", roles: &[Role::Device], does: "a device is switched off" },
    Row { verb: Verb::Fill, form: "fill VESSEL", roles: &[Role::Vessel], does: "an empty vessel that you hold gets water, in a room with a sink" },
    Row { verb: Verb::Pour, form: "pour VESSEL in TARGET", roles: &[Role::Vessel, Role::Target], does: "the liquid of a vessel that you hold goes into an empty vessel, a flower pot or a sink" },
    Row { verb: Verb::Measure, form: "measure THING", roles: &[Role::Warm], does: "the thermometer, which you must hold, tells the temperature of a flask or of what is in a vessel" },
    Row { verb: Verb::Connect, form: "connect WIRE to PART and PART", roles: &[Role::Wire, Role::Part, Role::Part], does: "a wire joins two of battery, lamp and rod, which are then on the floor; each of these takes two wires" },
    Row { verb: Verb::Disconnect, form: "disconnect WIRE", roles: &[Role::Wire], does: "a wire is taken off both its ends" },
    Row { verb: Verb::Plant, form: "plant SEED in POT", roles: &[Role::Seed, Role::Pot], does: "a seed that you hold goes into a flower pot" },
    Row { verb: Verb::Wait, form: "wait", roles: &[], does: "time passes" },
];

impl Verb {
    /// Its row.
    pub fn row(self) -> &'static Row {
        VERBS.iter().find(|row| row.verb == self).unwrap_or(&VERBS[0])
    }
}

/// An action: a verb and its objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Deed {
    /// The verb.
    pub verb: Verb,
    /// Names of rooms or things.
    pub objects: Vec<String>,
}

impl Deed {
    /// An action.
    pub fn new(verb: Verb, objects: &[&str]) -> Self {
        Self { verb, objects: objects.iter().map(|&name| name.to_owned()).collect() }
    }

    /// Whether it has all the objects that its verb is said with, and such as it takes.
    pub fn fits(&self, house: &House) -> bool {
        let roles = self.verb.row().roles;
        roles.len() == self.objects.len() && roles.iter().zip(&self.objects).all(|(role, name)| role.fits(house, name))
    }
}

impl Role {
    /// Whether a name is one of such a thing.
    pub fn fits(self, house: &House, name: &str) -> bool {
        let Some(kind) = house.kind(name) else { return self == Self::Room && house.rooms.contains_key(name) };
        match self {
            Self::Room => false,
            Self::Thing => kind.is_portable(),
            Self::Place => matches!(kind, Kind::Place(_)),
            Self::Door => matches!(kind, Kind::Place(place) if place.open.is_some()),
            Self::Device => matches!(kind, Kind::Place(place) if place.on.is_some()),
            Self::Vessel => matches!(kind, Kind::Vessel { .. }),
            Self::Target => matches!(kind, Kind::Vessel { .. } | Kind::Pot { .. } | Kind::Sink),
            Self::Warm => matches!(kind, Kind::Vessel { .. } | Kind::Flask { .. }),
            Self::Wire => matches!(kind, Kind::Wire { .. }),
            Self::Part => kind.is_part(),
            Self::Seed => matches!(kind, Kind::Seed { .. }),
            Self::Pot => matches!(kind, Kind::Pot { .. }),
        }
    }
}

/// In the form that the rules show: `put red cup in oven`.
impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut objects = self.objects.iter();
        let is_object = |word: &str| word.chars().all(|c| c.is_ascii_uppercase());
        for (place, word) in self.verb.row().form.split(' ').enumerate() {
            let word = if is_object(word) { objects.next().map_or(word, String::as_str) } else { word };
            write!(f, "{}{word}", if place == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}
