//! The families of levels, after those of BabyAI that AgentBoard plays.
//!
//! | family | levels | |
//! |---|---|---|
//! | `local` | GoToRedBallGrey, GoToRedBall, GoToRedBallNoDists, GoToObj, GoToLocal, GoToRedBlueBall, PickupLoc, PickupDist | several things of one room |
//! | `maze` | GoToObjMaze, GoToDoor, GoToObjDoor, GoToSeq | something behind doors |
//! | `doors` | Open, OpenRedDoor, OpenDoorLoc, OpenRedBlueDoors, OpenDoorsOrder | doors in an order |
//! | `pickup` | Pickup, PickupAbove, FindObj | something behind doors, by a part of its name |
//! | `unlock` | Unlock, UnlockLocalDist, GoToImpUnlock, UnlockPickupDist | a locked door and its key |
//! | `blocked` | UnblockPickup, BlockedUnlockPickup | something stands before the locked door |
//! | `chain` | UnlockToUnlock, KeyCorridor | a key behind a locked door |
//! | `put` | PutNext (of BabyAI, not of AgentBoard) | something to be carried to something else |

use record::Rng;

use super::super::grid::{Door, Kind, Look};
use super::super::mission::{Action, Mission, Order, Part, Side, Things};
use super::super::simulator::Simulator;
use super::deed::{Deed, Name};
use super::house::{House, Room};
use super::play::Milestone;

/// A kind of level.
#[derive(Debug)]
pub struct Family {
    /// The name: `maze`.
    pub name: &'static str,
    /// Whether it takes keys or carrying.
    pub hard: bool,
    /// Draws a level; `None` where the draw does not fit.
    pub draw: fn(&mut Rng) -> Option<Puzzle>,
}

/// All families.
pub const FAMILIES: [Family; 8] = [
    Family { name: "local", hard: false, draw: local },
    Family { name: "maze", hard: false, draw: maze },
    Family { name: "doors", hard: false, draw: doors },
    Family { name: "pickup", hard: false, draw: pickup },
    Family { name: "unlock", hard: true, draw: unlock },
    Family { name: "blocked", hard: true, draw: blocked },
    Family { name: "chain", hard: true, draw: chain },
    Family { name: "put", hard: true, draw: put },
];

/// A level that was drawn, before it is known to be solvable.
pub struct Puzzle {
    /// The world before the first action.
    pub world: Simulator,
    /// What is to be done.
    pub mission: Mission,
    /// What has to be done for it, in order.
    pub chores: Vec<Deed>,
    /// What of it counts as progress.
    pub milestones: Vec<Milestone>,
}

/// What is to be done for a mission, as it is thought up.
#[derive(Default)]
struct Recipe {
    chores: Vec<Deed>,
    milestones: Vec<Milestone>,
    stage: usize,
}

impl Recipe {
    fn chore(mut self, deed: Deed) -> Self {
        self.chores.push(deed);
        self
    }

    /// A chore that counts as progress.
    fn step(mut self, action: Action, deed: Deed) -> Self {
        self.milestones.push((self.stage, Mission::of(action).to_string()));
        self.stage += 1;
        self.chore(deed)
    }

    /// The step before may as well be done after the next one.
    fn and(mut self) -> Self {
        self.stage = self.stage.saturating_sub(1);
        self
    }

    fn open(self, door: Look) -> Self {
        self.step(Action::Open(the(door)), Deed::Open(Name::of(door)))
    }

    /// Opens a door and passes it.
    fn enter(self, door: Look) -> Self {
        self.open(door).chore(Deed::GoThrough(Name::of(door)))
    }

    fn take(self, thing: Look) -> Self {
        self.step(Action::PickUp(the(thing)), Deed::PickUp(Name::of(thing)))
    }

    fn drop(self) -> Self {
        self.chore(Deed::Drop)
    }

    /// Does the mission's own action with a thing.
    fn finish(self, action: &Action, thing: Look) -> Self {
        let name = Name::of(thing);
        let deed = match action {
            Action::GoTo(_) => Deed::GoTo(name),
            Action::Open(_) => Deed::Open(name),
            Action::PickUp(_) => Deed::PickUp(name),
            Action::PutNext(..) => Deed::DropNextTo(name),
        };
        self.step(action.clone(), deed)
    }

    fn puzzle(self, world: Simulator, mission: Mission) -> Option<Puzzle> {
        Some(Puzzle { world, mission, chores: self.chores, milestones: self.milestones })
    }
}

/// The only thing of a look.
fn the(look: Look) -> Things {
    Things { kind: Some(look.kind.word()), color: Some(look.color), side: None }
}

fn closed(rng: &mut Rng, house: &mut House, from: Room, to: Room) -> Option<Look> {
    house.door(rng, from, to, Door::Closed)
}

fn locked(rng: &mut Rng, house: &mut House, from: Room, to: Room) -> Option<(Look, Look)> {
    let door = house.door(rng, from, to, Door::Locked)?;
    Some((door, Look { kind: Kind::Key, color: door.color }))
}

/// A new thing in a room, which is no key: keys belong to doors.
fn thing(rng: &mut Rng, house: &mut House, room: Room) -> Option<Look> {
    let look = house.fresh(|look| look.kind != Kind::Key)?;
    house.place(rng, room, look)?;
    Some(look)
}

/// To go to a thing or, half of the time, to pick it up.
fn visit(rng: &mut Rng, thing: Look) -> Action {
    if rng.chance(0.5) { Action::PickUp(the(thing)) } else { Action::GoTo(the(thing)) }
}

/// Two or three actions in one of the orders that missions know, with the recipe: the last one ends it.
fn ordered(rng: &mut Rng, actions: &[(Action, Look)]) -> Option<(Mission, Recipe)> {
    let part = |all: &[(Action, Look)]| {
        let action = |index: usize| all.get(index).map(|(action, _)| action.clone());
        Some(Part { action: action(0)?, and: action(1) })
    };
    let (last, first) = actions.split_last()?;
    let mission = match (first.len(), rng.below(3)) {
        (1, 0) => Mission { first: part(actions)?, second: None },
        (_, 1) => Mission { first: part(std::slice::from_ref(last))?, second: Some((Order::After, part(first)?)) },
        _ => Mission { first: part(first)?, second: Some((Order::Then, part(std::slice::from_ref(last))?)) },
    };
    let free = mission.second.is_none();
    let mut recipe = Recipe::default();
    for (index, (action, thing)) in actions.iter().enumerate() {
        let together = index == 1 && (free || first.len() == 2);
        let before = if together { recipe.and() } else { recipe };
        recipe = before.finish(action, *thing);
    }
    Some((mission, recipe))
}

fn local(rng: &mut Rng) -> Option<Puzzle> {
    let side = rng.between(4, 6) as i32;
    let mut house = House::new(rng, (1, 1), side);
    let mut actions = Vec::new();
    let count = rng.between(2, 3);
    for index in 0..count {
        let look = thing(rng, &mut house, HALL)?;
        let action = if index + 1 == count { visit(rng, look) } else { Action::GoTo(the(look)) };
        actions.push((action, look));
    }
    let litter = rng.between(1, 3);
    house.litter(rng, HALL, litter)?;
    let (mission, recipe) = ordered(rng, &actions)?;
    recipe.puzzle(house.inhabit(rng, HALL)?, mission)
}

/// The room where most begin.
const HALL: Room = (0, 0);

/// Two or three rooms with a closed door from each to the next, and perhaps a door that leads elsewhere.
fn corridor(rng: &mut Rng) -> Option<(House, Vec<Room>, Vec<Look>)> {
    let side = rng.between(3, 4) as i32;
    let shapes: [(Room, &[Room]); 3] =
        [((2, 1), &[(0, 0), (1, 0)]), ((3, 1), &[(0, 0), (1, 0), (2, 0)]), ((2, 2), &[(0, 0), (1, 0), (1, 1)])];
    let (size, rooms) = *rng.pick(&shapes)?;
    let mut rooms = rooms.to_vec();
    if rng.chance(0.5) {
        rooms.reverse();
    }
    let mut house = House::new(rng, size, side);
    let mut doors = Vec::new();
    for pair in rooms.windows(2) {
        doors.push(closed(rng, &mut house, *pair.first()?, *pair.last()?)?);
    }
    if size == (2, 2) {
        closed(rng, &mut house, (0, 1), (0, 0))?;
    }
    Some((house, rooms, doors))
}

fn maze(rng: &mut Rng) -> Option<Puzzle> {
    let (mut house, rooms, mut doors) = corridor(rng)?;
    let (start, end) = (*rooms.first()?, *rooms.last()?);
    house.litter(rng, start, 2)?;
    house.litter(rng, end, 1)?;
    let target = match doors.len() {
        2 if rng.chance(0.3) => doors.pop()?,
        _ => thing(rng, &mut house, end)?,
    };
    let action = Action::GoTo(the(target));
    let recipe = doors.into_iter().fold(Recipe::default(), Recipe::enter).finish(&action, target);
    recipe.puzzle(house.inhabit(rng, start)?, Mission::of(action))
}

fn pickup(rng: &mut Rng) -> Option<Puzzle> {
    let (mut house, rooms, doors) = corridor(rng)?;
    let (start, end) = (*rooms.first()?, *rooms.last()?);
    let target = thing(rng, &mut house, end)?;
    house.litter(rng, start, 2)?;
    house.litter(rng, end, 1)?;
    let world = house.inhabit(rng, start)?;
    let partial = [Things { color: None, ..the(target) }, Things { kind: None, ..the(target) }, the(target)];
    let things = partial.into_iter().find(|things| rng.chance(0.6) && fits_only(&world, things, target));
    let action = Action::PickUp(things.unwrap_or(the(target)));
    let recipe = doors.into_iter().fold(Recipe::default(), Recipe::enter).finish(&action, target);
    recipe.puzzle(world, Mission::of(action))
}

/// Whether nothing else fits a description, walls included.
fn fits_only(world: &Simulator, things: &Things, look: Look) -> bool {
    world.grid.things().all(|(_, thing)| thing.look == look || !things.fit(thing.look))
}

fn doors(rng: &mut Rng) -> Option<Puzzle> {
    let middle = (1, 1);
    let mut house = House::new(rng, (3, 3), 3);
    let mut rooms = [(0, 1), (2, 1), (1, 0), (1, 2)];
    rng.shuffle(&mut rooms);
    let mut all = Vec::new();
    for room in rooms.iter().take(rng.between(3, 4)) {
        all.push(closed(rng, &mut house, middle, *room)?);
    }
    house.litter(rng, middle, 1)?;
    let world = house.inhabit(rng, middle)?;
    let wanted = rng.between(2, 3);
    let mut actions: Vec<(Action, Look)> =
        all.iter().take(wanted).map(|door| (Action::Open(the(*door)), *door)).collect();
    if rng.chance(0.4)
        && let Some((action, door)) = actions.first_mut()
    {
        *action = Action::Open(Things { color: None, side: Some(only_side(&world, *door)?), ..the(*door) });
    }
    let (mission, recipe) = ordered(rng, &actions)?;
    recipe.puzzle(world, mission)
}

/// The side of the agent on which there is this door and no other.
fn only_side(world: &Simulator, door: Look) -> Option<Side> {
    let on = |side: &Side| {
        let doors = world.grid.things().filter(|(_, thing)| matches!(thing.look.kind, Kind::Door(_)));
        let there = doors.filter(|(place, _)| side.has(world.at, world.facing, *place));
        there.map(|(_, thing)| thing.look).eq([door])
    };
    [Side::Front, Side::Behind, Side::Left, Side::Right].into_iter().find(on)
}

fn unlock(rng: &mut Rng) -> Option<Puzzle> {
    let far = rng.chance(0.5);
    let side = rng.between(3, 4) as i32;
    let mut house = House::new(rng, (if far { 3 } else { 2 }, 1), side);
    let (start, vault) = if far { ((1, 0), (2, 0)) } else { ((0, 0), (1, 0)) };
    let (door, key) = locked(rng, &mut house, start, vault)?;
    let mut recipe = Recipe::default();
    if far {
        let store = closed(rng, &mut house, (0, 0), start)?;
        house.place(rng, (0, 0), key)?;
        recipe = recipe.enter(store).take(key).chore(Deed::GoThrough(Name::of(store)));
    } else {
        house.place(rng, start, key)?;
        recipe = recipe.take(key);
    }
    let target = thing(rng, &mut house, vault)?;
    house.litter(rng, start, 1)?;
    let (action, recipe) = match rng.below(3) {
        0 => (Action::Open(the(door)), recipe.open(door)),
        1 => (Action::GoTo(the(target)), recipe.enter(door).finish(&Action::GoTo(the(target)), target)),
        _ => (Action::PickUp(the(target)), recipe.enter(door).drop().take(target)),
    };
    recipe.puzzle(house.inhabit(rng, start)?, Mission::of(action))
}

fn blocked(rng: &mut Rng) -> Option<Puzzle> {
    let side = rng.between(3, 5) as i32;
    let mut house = House::new(rng, (2, 1), side);
    let (start, vault) = if rng.chance(0.5) { ((0, 0), (1, 0)) } else { ((1, 0), (0, 0)) };
    let (door, key) = locked(rng, &mut house, start, vault)?;
    let barrier = house.fresh(|look| look.kind != Kind::Key)?;
    house.block(start, barrier)?;
    house.place(rng, start, key)?;
    let target = thing(rng, &mut house, vault)?;
    let action = visit(rng, target);
    let recipe = Recipe::default().take(barrier).drop().take(key).enter(door);
    let recipe = if matches!(action, Action::PickUp(_)) { recipe.drop() } else { recipe }.finish(&action, target);
    recipe.puzzle(house.inhabit(rng, start)?, Mission::of(action))
}

fn chain(rng: &mut Rng) -> Option<Puzzle> {
    let side = rng.between(3, 4) as i32;
    let mut house = House::new(rng, (3, 1), side);
    let rooms: [Room; 3] = if rng.chance(0.5) { [(0, 0), (1, 0), (2, 0)] } else { [(2, 0), (1, 0), (0, 0)] };
    let [start, middle, end] = rooms;
    let (first, key) = locked(rng, &mut house, start, middle)?;
    let (second, next_key) = locked(rng, &mut house, middle, end)?;
    house.place(rng, start, key)?;
    house.place(rng, middle, next_key)?;
    let target = thing(rng, &mut house, end)?;
    let action = visit(rng, target);
    let recipe = Recipe::default().take(key).enter(first).drop().take(next_key).enter(second);
    let recipe = if matches!(action, Action::PickUp(_)) { recipe.drop() } else { recipe }.finish(&action, target);
    recipe.puzzle(house.inhabit(rng, start)?, Mission::of(action))
}

fn put(rng: &mut Rng) -> Option<Puzzle> {
    let (mut house, rooms, doors) = corridor(rng)?;
    let (start, end) = (*rooms.first()?, *rooms.last()?);
    let moved = thing(rng, &mut house, start)?;
    let fixed = thing(rng, &mut house, end)?;
    house.litter(rng, start, 1)?;
    let action = Action::PutNext(the(moved), the(fixed));
    let recipe = doors.into_iter().fold(Recipe::default().take(moved), Recipe::enter).finish(&action, fixed);
    recipe.puzzle(house.inhabit(rng, start)?, Mission::of(action))
}
