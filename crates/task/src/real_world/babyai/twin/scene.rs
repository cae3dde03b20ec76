//! What an agent of the twin can do where it stands, and why not.

use super::super::grid::{Door, Kind, Look, Place};
use super::super::path::Paths;
use super::super::sight::{Sight, Sighting};
use super::super::simulator::{Move, Simulator};
use super::super::view::View;
use super::deed::{Deed, Name};

/// A world as its agent sees it.
#[derive(Debug)]
pub struct Scene<'a> {
    world: &'a Simulator,
    /// What is in sight.
    pub sight: Sight,
    paths: Paths,
}

/// The most steps of one walk.
const FARTHEST: usize = 100;

impl<'a> Scene<'a> {
    /// Looks around.
    pub fn of(world: &'a Simulator) -> Self {
        let sight = Sight::of(world, &View::of(world));
        let paths = Paths::from(world, &sight);
        Self { world, sight, paths }
    }

    /// The low-level actions of a deed.
    ///
    /// # Errors
    /// Why it cannot be done, as the end of a sentence.
    pub fn moves(&self, deed: &Deed) -> Result<Vec<Move>, String> {
        match deed {
            Deed::TurnLeft => Ok(vec![Move::Left]),
            Deed::TurnRight => Ok(vec![Move::Right]),
            Deed::Walk(steps) => self.walk(*steps),
            Deed::GoTo(name) => self.go_to(*name),
            Deed::PickUp(name) => self.pick_up(*name),
            Deed::Drop => self.drop(),
            Deed::DropNextTo(name) => self.drop_next_to(*name),
            Deed::Open(name) => self.open(*name),
            Deed::GoThrough(name) => self.go_through(*name),
        }
    }

    /// All deeds that can be begun, with walks of one to three steps.
    pub fn deeds(&self) -> Vec<Deed> {
        let mut all = vec![Deed::TurnLeft, Deed::TurnRight, Deed::Walk(1), Deed::Walk(2), Deed::Walk(3), Deed::Drop];
        for thing in self.sight.objects() {
            let name = Name::of(thing.look);
            all.extend([Deed::GoTo(name), Deed::PickUp(name), Deed::DropNextTo(name)]);
            all.extend([Deed::Open(name), Deed::GoThrough(name)]);
        }
        all.retain(|deed| self.moves(deed).is_ok());
        all
    }

    fn find(&self, name: Name) -> Result<&Sighting, String> {
        let found = self.sight.objects().find(|thing| name.fits(thing.look));
        found.ok_or_else(|| format!("you do not see a {name}"))
    }

    fn way(&self, thing: &Sighting) -> Result<Vec<Move>, String> {
        let way = self.paths.facing(thing.place);
        way.ok_or_else(|| format!("you see no way to the {}", Name::of(thing.look)))
    }

    fn walk(&self, steps: usize) -> Result<Vec<Move>, String> {
        match self.world.grid.look(self.world.front()) {
            _ if steps == 0 => Err("that is no step".into()),
            Some(look) if !look.kind.can_be_entered() => Err(format!("the {} is in your way", plain(look))),
            _ => Ok(vec![Move::Forward; steps.min(FARTHEST)]),
        }
    }

    fn go_to(&self, name: Name) -> Result<Vec<Move>, String> {
        let way = self.way(self.find(name)?)?;
        if way.is_empty() { Err(format!("you stand before the {name} already")) } else { Ok(way) }
    }

    fn pick_up(&self, name: Name) -> Result<Vec<Move>, String> {
        if let Some(look) = self.sight.carrying {
            return Err(format!("you carry the {} already", plain(look)));
        }
        let thing = self.find(name)?;
        if !thing.look.kind.can_be_carried() {
            return Err(format!("a {} cannot be carried", name.kind));
        }
        Ok([&self.way(thing)?[..], &[Move::Pickup]].concat())
    }

    fn drop(&self) -> Result<Vec<Move>, String> {
        self.carries()?;
        match self.world.grid.look(self.world.front()) {
            Some(look) => Err(format!("the {} is where you would put it", plain(look))),
            None => Ok(vec![Move::Drop]),
        }
    }

    fn drop_next_to(&self, name: Name) -> Result<Vec<Move>, String> {
        self.carries()?;
        let fixed = self.find(name)?.place;
        let free = |place: Place| place.distance(fixed) == 1 && self.world.grid.look(place).is_none();
        let way = self.paths.before(free).ok_or_else(|| format!("you see no free place next to the {name}"))?;
        Ok([&way[..], &[Move::Drop]].concat())
    }

    fn open(&self, name: Name) -> Result<Vec<Move>, String> {
        let door = self.find(name)?;
        match door.look.kind {
            Kind::Door(Door::Open) => Err(format!("the {name} is open")),
            Kind::Door(Door::Locked) if !self.world.has_key(door.look.color) => {
                Err(format!("the {name} is locked, and you carry no {} key", door.look.color.as_str()))
            }
            Kind::Door(_) => Ok([&self.way(door)?[..], &[Move::Toggle]].concat()),
            _ => Err("only doors can be opened".into()),
        }
    }

    fn go_through(&self, name: Name) -> Result<Vec<Move>, String> {
        let door = self.find(name)?;
        match door.look.kind {
            Kind::Door(Door::Open) => {
                let way = self.paths.onto(door.place);
                let way = way.ok_or_else(|| format!("you see no way to the {name}"))?;
                Ok([&way[..], &[Move::Forward]].concat())
            }
            Kind::Door(state) => Err(format!("the {name} is {}", state.as_str())),
            _ => Err("only doors can be passed".into()),
        }
    }

    fn carries(&self) -> Result<(), String> {
        self.sight.carrying.map(drop).ok_or_else(|| "you carry nothing".into())
    }
}

/// `red ball`, `wall`
fn plain(look: Look) -> String {
    if look.kind == Kind::Wall { "wall".to_owned() } else { Name::of(look).to_string() }
}

/// Does low-level actions until one changes nothing; the last one that was tried.
pub fn run(world: &mut Simulator, moves: &[Move]) -> Option<Move> {
    let mut last = None;
    for action in moves {
        let before = (world.at, world.facing, world.carrying, world.grid.at(world.front()));
        world.act(*action);
        last = Some(*action);
        if before == (world.at, world.facing, world.carrying, world.grid.at(world.front())) {
            break;
        }
    }
    last
}
