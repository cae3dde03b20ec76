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
        walker.go(house.room_of(target)?)?;
        walker.see()?;
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

    /// Fetches a thing.
    fn obtain(&mut self, thing: &'static str) -> Option<()> {
        if self.held.contains(thing) {
            return Some(());
        }
        // Each thing that is fetched for another costs one; a circle of keys ends here.
        self.left = self.left.checked_sub(1)?;
        let house = self.house;
        self.go(house.room_of(thing)?)?;
        self.see()?;
        // Getting light may have led elsewhere.
        self.go(house.room_of(thing)?)?;
        if let Place::Thing(holder) = house.items.get(thing)?.place
            && house.items.get(holder)?.state != State::Open
        {
            self.open(holder)?;
            self.go(house.room_of(thing)?)?;
        }
        self.command(format!("take {thing}"))?;
        self.milestone(format!("You take the {thing}"));
        self.held.insert(thing);
        Some(())
    }

    /// Makes light where it is dark.
    fn see(&mut self) -> Option<()> {
        if self.house.dark != Some(self.at) || self.lit {
            return Some(());
        }
        let dark = self.at;
        self.obtain(LAMP)?;
        self.command(format!("light {LAMP}"))?;
        self.milestone(format!("You light the {LAMP}"));
        self.lit = true;
        self.go(dark)
    }

    /// Opens a container in this room.
    fn open(&mut self, holder: &'static str) -> Option<()> {
        if self.open.contains(holder) {
            return Some(());
        }
        let here = self.at;
        if let Some(key) = self.house.items.get(holder)?.key {
            self.obtain(key)?;
            self.go(here)?;
            self.command(format!("unlock {holder} with {key}"))?;
            self.milestone(format!("You unlock the {holder}"));
        }
        self.command(format!("open {holder}"))?;
        self.milestone(format!("You open the {holder}"));
        self.open.insert(holder);
        Some(())
    }

    /// Goes to a room, and fetches the keys of the doors on the way.
    fn go(&mut self, to: usize) -> Option<()> {
        while self.at != to {
            let (direction, way) = *self.path(to)?.first()?;
            if let Some((door, key)) = way.door.and_then(|door| Some((*DOORS.get(door)?, *self.house.doors.get(door)?)))
                && !self.open.contains(door)
            {
                let here = self.at;
                self.obtain(key)?;
                self.go(here)?;
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
