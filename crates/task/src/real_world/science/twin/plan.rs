//! Who knows everything about a house reaches any goal that is drawn for it.

use std::collections::{BTreeMap, VecDeque};

use super::deed::{Deed, Verb};
use super::fact::{Fact, Quest};
use super::house::{House, Kind};
use super::matter::State;
use super::physics::Stage;

/// Most actions of a plan, and most times that something is tried.
const MOST: usize = 40;

/// Actions that reach the goal; `None` where none were found.
pub fn plan(house: &House, quest: &Quest) -> Option<Vec<Deed>> {
    let mut planner = Planner { house: house.clone(), quest, deeds: Vec::new(), reached: quest.is_reached(house) };
    for fact in quest.facts() {
        planner.achieve(fact)?;
    }
    planner.reached.then_some(planner.deeds)
}

struct Planner<'a> {
    house: House,
    quest: &'a Quest,
    deeds: Vec<Deed>,
    /// Nothing more is to be done.
    reached: bool,
}

impl Planner<'_> {
    fn act(&mut self, verb: Verb, objects: &[&str]) -> Option<()> {
        if self.reached {
            return Some(());
        }
        let deed = Deed::new(verb, objects);
        self.house.act(&deed).ok()?;
        self.deeds.push(deed);
        self.reached = self.quest.is_reached(&self.house);
        (self.deeds.len() <= MOST).then_some(())
    }

    fn achieve(&mut self, fact: &Fact) -> Option<()> {
        if fact.holds(&self.house) {
            return Some(());
        }
        match fact {
            Fact::In { place, .. } if matches!(self.house.kind(place), Some(Kind::Pot { .. })) => Some(()),
            Fact::In { thing, place } => self.bring(thing, place),
            Fact::Filled { matter } if matter == "water" => self.draw_water().map(|_| ()),
            Fact::Filled { .. } => None,
            // Done on the way to the goal.
            Fact::Treated { .. } | Fact::Joined { .. } => Some(()),
            Fact::Is { matter, state } => self.bring_to(matter, *state),
            Fact::Measured { thing } => {
                let tool = self.named(|_, kind| *kind == Kind::Thermometer)?;
                self.fetch(&tool)?;
                self.reach(thing)?;
                self.act(Verb::Measure, &[thing])
            }
            Fact::Tested { rod } => self.close_ring(Some(rod)),
            Fact::Lit { .. } => self.close_ring(None),
            Fact::Grown { seed, stage } => self.grow(seed, *stage),
        }
    }

    /// The first thing of a kind.
    fn named(&self, which: impl Fn(&str, &Kind) -> bool) -> Option<String> {
        self.house.things.iter().find(|(name, thing)| which(name, &thing.kind)).map(|(name, _)| name.clone())
    }

    /// The nearest thing of a kind.
    fn nearest(&self, which: impl Fn(&str, &Kind) -> bool) -> Option<String> {
        let fits = self.house.things.iter().filter(|(name, thing)| which(name, &thing.kind));
        let far = |name: &str| Some(way(&self.house, self.house.room_of(name)?)?.len());
        let near = fits.filter_map(|(name, _)| Some((far(name)?, name))).min();
        near.map(|(_, name)| name.clone())
    }

    fn go(&mut self, room: &str) -> Option<()> {
        way(&self.house, room)?.iter().try_for_each(|room| self.act(Verb::Go, &[room]))
    }

    /// Goes where a thing is, and opens what hides it.
    fn reach(&mut self, name: &str) -> Option<()> {
        let room = self.house.room_of(name)?.to_owned();
        self.go(&room)?;
        while let Some(closed) = self.house.hidden_by(name).map(str::to_owned) {
            self.act(Verb::Open, &[&closed])?;
            if self.reached {
                break;
            }
        }
        Some(())
    }

    fn fetch(&mut self, name: &str) -> Option<()> {
        if self.house.holds(name) {
            return Some(());
        }
        self.reach(name)?;
        let wires: Vec<String> = self.house.wires_of(name).map(|(wire, _)| wire.to_owned()).collect();
        for wire in wires {
            self.act(Verb::Disconnect, &[&wire])?;
        }
        self.act(Verb::Take, &[name])
    }

    fn bring(&mut self, thing: &str, place: &str) -> Option<()> {
        self.fetch(thing)?;
        self.reach(place)?;
        if self.house.place(place)?.open == Some(false) {
            self.act(Verb::Open, &[place])?;
        }
        self.act(Verb::Put, &[thing, place])
    }

    /// A vessel in the hands that is filled with water.
    fn draw_water(&mut self) -> Option<String> {
        let vessel = self.nearest(|_, kind| matches!(kind, Kind::Vessel { holds: None }))?;
        self.fetch(&vessel)?;
        let sink = self.nearest(|_, kind| *kind == Kind::Sink)?;
        self.reach(&sink)?;
        self.act(Verb::Fill, &[&vessel])?;
        Some(vessel)
    }

    /// Heats or cools a substance until it has a state.
    fn bring_to(&mut self, matter: &str, state: State) -> Option<()> {
        let vessel = self.house.vessels_of(matter).next().map(str::to_owned)?;
        let held = self.house.held_by(&vessel)?.clone();
        let does = |kind: &Kind, door: bool| {
            matches!(kind, Kind::Place(place) if (door || place.open.is_none())
                && place.degrees.is_some_and(|to| held.state_at(to) == state))
        };
        let device = self.nearest(|_, kind| does(kind, false)).or_else(|| self.nearest(|_, kind| does(kind, true)))?;
        self.bring(&vessel, &device)?;
        let place = *self.house.place(&device)?;
        if place.on == Some(false) {
            self.act(Verb::TurnOn, &[&device])?;
        }
        if place.open.is_some() {
            self.act(Verb::Close, &[&device])?;
        }
        let is = Fact::Is { matter: matter.to_owned(), state };
        self.wait_for(&is)
    }

    fn wait_for(&mut self, fact: &Fact) -> Option<()> {
        while !self.reached && !fact.holds(&self.house) {
            self.act(Verb::Wait, &[])?;
        }
        Some(())
    }

    /// Joins battery and lamp, and a rod between them, in a ring, where the lamp is.
    fn close_ring(&mut self, rod: Option<&str>) -> Option<()> {
        let battery = self.nearest(|_, kind| *kind == Kind::Battery)?;
        let lamp = self.nearest(|_, kind| *kind == Kind::Lamp)?;
        let room = self.house.room_of(&lamp)?.to_owned();
        let parts: Vec<&str> = [Some(battery.as_str()), rod, Some(lamp.as_str())].into_iter().flatten().collect();
        let next = parts.iter().cycle().skip(1);
        let mut joints: Vec<(&str, &str)> = parts.iter().copied().zip(next.copied()).collect();
        if rod.is_some() {
            joints.retain(|(a, b)| !self.house.wires_of(a).any(|(_, end)| end == *b));
        }
        parts.iter().try_for_each(|part| self.gather(part, &room))?;
        let mut wires: Vec<String> = Vec::new();
        for _ in &joints {
            let free = |name: &str, kind: &Kind| {
                matches!(kind, Kind::Wire { ends: None }) && !wires.iter().any(|wire| wire == name)
            };
            let wire = self.nearest(free)?;
            self.gather(&wire, &room)?;
            wires.push(wire);
        }
        self.reach(&lamp)?;
        wires.iter().zip(joints).try_for_each(|(wire, (a, b))| self.act(Verb::Connect, &[wire, a, b]))
    }

    /// Takes along what is not yet in a room, or hidden there.
    fn gather(&mut self, name: &str, room: &str) -> Option<()> {
        let there = self.house.room_of(name) == Some(room) && self.house.hidden_by(name).is_none();
        if there { Some(()) } else { self.fetch(name) }
    }

    fn grow(&mut self, seed: &str, stage: Stage) -> Option<()> {
        let at = self.house.things.get(seed).map(|thing| thing.at.clone());
        let planted = at.filter(|at| matches!(self.house.kind(at), Some(Kind::Pot { .. })));
        let pot = planted.or_else(|| self.sow(seed))?;
        let grown = Fact::Grown { seed: seed.to_owned(), stage };
        while !self.reached && !grown.holds(&self.house) {
            if matches!(self.house.kind(&pot), Some(Kind::Pot { wet: 0 })) {
                let vessel = self.draw_water()?;
                self.reach(&pot)?;
                self.act(Verb::Pour, &[&vessel, &pot])?;
            } else {
                self.act(Verb::Wait, &[])?;
            }
        }
        Some(())
    }

    /// Plants a seed in a pot and waters it: the pot.
    fn sow(&mut self, seed: &str) -> Option<String> {
        self.fetch(seed)?;
        let empty =
            |name: &str, kind: &Kind| matches!(kind, Kind::Pot { .. }) && self.house.things_at(name).next().is_none();
        let pot = self.nearest(empty)?;
        let vessel = self.draw_water()?;
        self.reach(&pot)?;
        self.act(Verb::Plant, &[seed, &pot])?;
        self.act(Verb::Pour, &[&vessel, &pot])?;
        Some(pot)
    }
}

/// The rooms on a shortest way from the agent to a room.
fn way(house: &House, to: &str) -> Option<Vec<String>> {
    let mut from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([house.agent.as_str()]);
    while let Some(room) = open.pop_front() {
        if room == to {
            let back = std::iter::successors(Some(to), |room| from.get(room).copied());
            let mut way: Vec<String> = back.take_while(|room| *room != house.agent).map(str::to_owned).collect();
            way.reverse();
            return Some(way);
        }
        for exit in house.rooms.get(room).into_iter().flatten() {
            if *exit != house.agent && !from.contains_key(exit.as_str()) {
                from.insert(exit, room);
                open.push_back(exit);
            }
        }
    }
    None
}
