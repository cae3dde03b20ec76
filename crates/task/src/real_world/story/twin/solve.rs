//! The walk through a house: commands that win, and the texts that show progress on the way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::house::{DIRECTIONS, DOORS, House, LAMP, Place, SUPPORTERS, State, Way};

/// A walk that wins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Walk {
    /// The commands.
    pub commands: Vec<String>,
    /// Texts, each of which every way to win shows: what is taken, unlocked, opened and lit because nothing goes without.
    pub subgoals: Vec<String>,
}

/// The walk through a house; `None` if there is none.
pub fn walk(house: &House) -> Option<Walk> {
    let mut walker = Walker {
        house,
        at: house.start,
        held: BTreeSet::new(),
        open: BTreeSet::new(),
        lit: false,
        walk: Walk::default(),
        left: 100,
    };
    for &(thing, target) in &house.goals {
        walker.obtain(thing)?;
        walker.go_and_see(house.room_of(target)?)?;
        let between = if SUPPORTERS.contains(&target) { "on" } else { "in" };
        walker.held.remove(thing);
        walker.command(format!("put {thing} {between} {target}"))?;
    }
    walker.walk.subgoals.push("You have won".to_owned());
    Some(walker.walk)
}

struct Walker<'a> {
    house: &'a House,
    at: usize,
    held: BTreeSet<&'static str>,
    /// Doors and containers that were opened.
    open: BTreeSet<&'static str>,
    lit: bool,
    walk: Walk,
    /// Commands left before the walk is given up.
    left: usize,
}

impl Walker<'_> {
    fn command(&mut self, command: String) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        self.walk.commands.push(command);
        Some(())
    }

    fn milestone(&mut self, text: String) {
        self.walk.subgoals.push(text);
    }

    /// Fetches a thing, after what is needed on the way.
    fn obtain(&mut self, thing: &'static str) -> Option<()> {
        if self.held.contains(thing) {
            return Some(());
        }
        // Each thing that is fetched for another costs one; a circle of keys ends here.
        self.left = self.left.checked_sub(1)?;
        let house = self.house;
        let room = house.room_of(thing)?;
        let holder = match house.items.get(thing)?.place {
            Place::Thing(holder) if house.items.get(holder)?.state != State::Open => Some(holder),
            _ => None,
        };
        if let Some(key) = holder.and_then(|holder| house.items.get(holder)?.key) {
            self.obtain(key)?;
        }
        self.go_and_see(room)?;
        if let Some(holder) = holder {
            self.open(holder)?;
        }
        self.command(format!("take {thing}"))?;
        self.milestone(format!("You take the {thing}"));
        self.held.insert(thing);
        Some(())
    }

    /// Goes to a room, with light where it is dark.
    fn go_and_see(&mut self, room: usize) -> Option<()> {
        if self.house.dark == Some(room) && !self.lit {
            self.obtain(LAMP)?;
            self.command(format!("light {LAMP}"))?;
            self.milestone(format!("You light the {LAMP}"));
            self.lit = true;
        }
        self.go(room)
    }

    /// Opens a container in this room, with its key.
    fn open(&mut self, holder: &'static str) -> Option<()> {
        if !self.open.insert(holder) {
            return Some(());
        }
        if let Some(key) = self.house.items.get(holder)?.key {
            self.command(format!("unlock {holder} with {key}"))?;
            self.milestone(format!("You unlock the {holder}"));
        }
        self.command(format!("open {holder}"))?;
        self.milestone(format!("You open the {holder}"));
        Some(())
    }

    /// The door of a way and its key, where it was not opened yet.
    fn shut(&self, way: Way) -> Option<(&'static str, &'static str)> {
        let door = way.door?;
        let pair = (*DOORS.get(door)?, *self.house.doors.get(door)?);
        (!self.open.contains(pair.0)).then_some(pair)
    }

    /// Goes to a room, after fetching the keys of the doors on the way.
    fn go(&mut self, to: usize) -> Option<()> {
        let mut path = self.path(to)?;
        while let Some(key) =
            path.iter().filter_map(|&(_, way)| self.shut(way)).map(|(_, key)| key).find(|key| !self.held.contains(key))
        {
            self.obtain(key)?;
            path = self.path(to)?;
        }
        for (direction, way) in path {
            if let Some((door, key)) = self.shut(way) {
                self.command(format!("unlock {door} with {key}"))?;
                self.milestone(format!("You unlock the {door}"));
                self.command(format!("open {door}"))?;
                self.open.insert(door);
            }
            self.command(DIRECTIONS.get(direction).copied()?.to_owned())?;
            self.at = way.to;
        }
        Some(())
    }

    /// The shortest way to a room, whatever doors are in it.
    fn path(&self, to: usize) -> Option<Vec<(usize, Way)>> {
        let mut before: BTreeMap<usize, (usize, usize, Way)> = BTreeMap::new();
        let mut queue = VecDeque::from([self.at]);
        while let Some(room) = queue.pop_front().filter(|&room| room != to) {
            for (direction, way) in self.house.rooms.get(&room)?.iter().enumerate() {
                if let Some(way) = *way
                    && way.to != self.at
                    && !before.contains_key(&way.to)
                {
                    before.insert(way.to, (room, direction, way));
                    queue.push_back(way.to);
                }
            }
        }
        let (mut path, mut room) = (Vec::new(), to);
        while room != self.at {
            let &(from, direction, way) = before.get(&room)?;
            path.push((direction, way));
            room = from;
        }
        path.reverse();
        Some(path)
    }
}
