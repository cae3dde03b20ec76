//! Draws houses: rooms on a grid, locked doors between zones, things that must be found.

use std::collections::BTreeMap;

use record::Rng;

use super::house::{CONTAINERS, House, Item, KEYS, LAMP, Place, ROOMS, SUPPORTERS, State, THINGS, Way};

/// How hard a house is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difficulty {
    /// `easy`, `hard`.
    pub name: &'static str,
    /// Rooms, at least and at most.
    pub rooms: (usize, usize),
    /// Locked doors.
    pub doors: (usize, usize),
    /// Things to be put somewhere.
    pub goals: (usize, usize),
    /// How likely a room is dark, and a container locked.
    pub trouble: f64,
    /// Commands of the walk that wins.
    pub steps: (usize, usize),
}

/// The shortest worked examples.
pub const EXAMPLE: Difficulty =
    Difficulty { name: "example", rooms: (3, 4), doors: (0, 0), goals: (1, 1), trouble: 0.0, steps: (3, 6) };
/// One thing to be found and put in its place, at most one locked door on the way.
pub const EASY: Difficulty =
    Difficulty { name: "easy", rooms: (4, 6), doors: (0, 1), goals: (1, 1), trouble: 0.0, steps: (5, 10) };
/// Two doors, darkness, locked chests, two things.
pub const HARD: Difficulty =
    Difficulty { name: "hard", rooms: (6, 9), doors: (1, 2), goals: (1, 2), trouble: 0.6, steps: (11, 18) };

/// Where rooms lie on a grid.
type Cell = (i32, i32);

/// The cell beside another.
fn beside((x, y): Cell, direction: usize) -> Cell {
    match direction {
        0 => (x, y + 1),
        1 => (x + 1, y),
        2 => (x, y - 1),
        _ => (x - 1, y),
    }
}

/// A house being drawn.
struct Draft<'a> {
    rng: &'a mut Rng,
    house: House,
    cells: BTreeMap<Cell, usize>,
    /// The rooms of each zone; a locked door leads from one zone into the next.
    zones: Vec<Vec<usize>>,
    things: Vec<&'static str>,
    supporters: Vec<&'static str>,
    containers: Vec<&'static str>,
    keys: Vec<&'static str>,
}

/// A house of a difficulty; `None` where the draw came to nothing.
pub fn house(rng: &mut Rng, difficulty: Difficulty) -> Option<House> {
    let between = |rng: &mut Rng, (low, high): (usize, usize)| rng.between(low, high);
    let (rooms, doors) = (between(rng, difficulty.rooms), between(rng, difficulty.doors));
    let goals = between(rng, difficulty.goals);
    let mut draft = Draft::new(rng);
    draft.lay_out(rooms, doors)?;
    let dark = difficulty.trouble > 0.0 && draft.rng.chance(difficulty.trouble);
    if dark {
        draft.darken()?;
    }
    draft.hide_keys()?;
    for _ in 0..goals {
        draft.set_goal(difficulty)?;
    }
    draft.furnish()?;
    Some(draft.house)
}

impl<'a> Draft<'a> {
    fn new(rng: &'a mut Rng) -> Self {
        let mut shuffled = |names: &[&'static str]| {
            let mut names = names.to_vec();
            rng.shuffle(&mut names);
            names
        };
        let (things, supporters, containers) = (shuffled(&THINGS), shuffled(&SUPPORTERS), shuffled(&CONTAINERS));
        let keys = shuffled(&KEYS);
        Self {
            rng,
            house: House::default(),
            cells: BTreeMap::new(),
            zones: Vec::new(),
            things,
            supporters,
            containers,
            keys,
        }
    }

    /// Rooms zone by zone: a zone's first room lies behind a door of the zone before.
    fn lay_out(&mut self, rooms: usize, doors: usize) -> Option<()> {
        let numbers: Vec<usize> = self.rng.choose(ROOMS, rooms).into_iter().map(|index| index + 1).collect();
        let zones = doors + 1;
        for (index, &room) in numbers.iter().enumerate() {
            let zone = index * zones / numbers.len();
            match self.zones.get(zone).map(Vec::is_empty) {
                Some(_) => self.attach(room, zone, None)?,
                None if zone == 0 => {
                    self.zones.push(Vec::new());
                    self.add(room, (0, 0), 0);
                }
                None => {
                    self.zones.push(Vec::new());
                    let key = self.keys.pop()?;
                    self.house.doors.push(key);
                    self.attach(room, zone, Some(zone - 1))?;
                }
            }
        }
        self.house.start = *self.rng.pick(self.zones.first()?)?;
        Some(())
    }

    fn add(&mut self, room: usize, cell: Cell, zone: usize) {
        self.cells.insert(cell, room);
        self.house.rooms.insert(room, [None; 4]);
        if let Some(rooms) = self.zones.get_mut(zone) {
            rooms.push(room);
        }
    }

    /// Puts a room beside one of its zone, or, where there is a door, of the zone before.
    fn attach(&mut self, room: usize, zone: usize, door: Option<usize>) -> Option<()> {
        let from = self.zones.get(if door.is_some() { zone - 1 } else { zone })?;
        let free: Vec<(Cell, usize)> = self
            .cells
            .iter()
            .filter(|(_, room)| from.contains(room))
            .flat_map(|(&cell, _)| (0..4).map(move |direction| (cell, direction)))
            .filter(|&(cell, direction)| !self.cells.contains_key(&beside(cell, direction)))
            .collect();
        let &(cell, direction) = self.rng.pick(&free)?;
        let old = *self.cells.get(&cell)?;
        self.add(room, beside(cell, direction), zone);
        self.connect((old, direction, room), door);
        Some(())
    }

    fn connect(&mut self, (from, direction, to): (usize, usize, usize), door: Option<usize>) {
        for (room, side, to) in [(from, direction, to), (to, (direction + 2) % 4, from)] {
            if let Some(way) = self.house.rooms.get_mut(&room).and_then(|ways| ways.get_mut(side)) {
                *way = Some(Way { to, door });
            }
        }
    }

    /// Makes a room dark in which nothing but things lie: not the first, and none with a door. The lamp lies where one can
    /// see before any door.
    fn darken(&mut self) -> Option<()> {
        let start = self.house.start;
        let plain = |(&room, ways): (&usize, &[Option<Way>; 4])| {
            (room != start && ways.iter().flatten().all(|way| way.door.is_none())).then_some(room)
        };
        let rooms: Vec<usize> = self.house.rooms.iter().filter_map(plain).collect();
        let dark = *self.rng.pick(&rooms)?;
        self.house.dark = Some(dark);
        let lit: Vec<usize> = self.zones.first()?.iter().copied().filter(|&room| room != dark).collect();
        let room = *self.rng.pick(&lit)?;
        self.place(LAMP, Place::Room(room));
        Some(())
    }

    fn place(&mut self, thing: &'static str, place: Place) {
        self.house.items.insert(thing, Item { place, state: State::Open, key: None });
    }

    /// The key of each door lies in the zone before it.
    fn hide_keys(&mut self) -> Option<()> {
        for (zone, key) in self.house.doors.clone().into_iter().enumerate() {
            let place = self.hiding_place(zone, 0.0)?;
            self.place(key, place);
        }
        Some(())
    }

    /// A place in a zone: on the floor, or in a container that is closed or, with a chance, locked.
    fn hiding_place(&mut self, zone: usize, locked: f64) -> Option<Place> {
        let rooms = self.zones.get(zone)?;
        // A dark room is there to be searched.
        let dark = self.house.dark.filter(|room| rooms.contains(room) && !self.house.items.is_empty());
        let room = match dark {
            Some(room) if self.rng.chance(0.6) => room,
            _ => *self.rng.pick(rooms)?,
        };
        if self.rng.chance(0.5) || self.containers.len() < 2 {
            return Some(Place::Room(room));
        }
        let holder = self.containers.pop()?;
        let mut item = Item { place: Place::Room(room), state: State::Closed, key: None };
        if self.rng.chance(locked)
            && let Some(key) = self.keys.pop()
        {
            (item.state, item.key) = (State::Locked, Some(key));
            let lit: Vec<usize> =
                self.zones.first()?.iter().copied().filter(|&room| Some(room) != self.house.dark).collect();
            let at = *self.rng.pick(&lit)?;
            self.place(key, Place::Room(at));
        }
        self.house.items.insert(holder, item);
        Some(Place::Thing(holder))
    }

    /// Something in the last zone, that belongs somewhere in another room.
    fn set_goal(&mut self, difficulty: Difficulty) -> Option<()> {
        let last = self.zones.len() - 1;
        let thing = self.things.pop()?;
        let place = self.hiding_place(last, difficulty.trouble)?;
        self.place(thing, place);
        let rooms: Vec<usize> =
            self.house.rooms.keys().copied().filter(|&room| Some(room) != self.house.dark).collect();
        let from = self.house.room_of(thing)?;
        let others: Vec<usize> = rooms.into_iter().filter(|&room| room != from).collect();
        let room = *self.rng.pick(&others)?;
        let inside = self.containers.len() > 2 && self.rng.chance(0.3);
        let target = if inside { self.containers.pop()? } else { self.supporters.pop()? };
        self.place(target, Place::Room(room));
        self.house.goals.push((thing, target));
        Some(())
    }

    /// Things and furniture that only stand about.
    fn furnish(&mut self) -> Option<()> {
        let rooms: Vec<usize> = self.house.rooms.keys().copied().collect();
        for _ in 0..self.rng.between(2, 4) {
            let (thing, room) = (self.things.pop()?, *self.rng.pick(&rooms)?);
            self.place(thing, Place::Room(room));
        }
        if let Some(holder) = self.containers.pop() {
            let room = *self.rng.pick(&rooms)?;
            self.house.items.insert(holder, Item { place: Place::Room(room), state: State::Closed, key: None });
            let inside = self.things.pop()?;
            self.place(inside, Place::Thing(holder));
        }
        Some(())
    }
}
