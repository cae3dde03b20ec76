//! What actions do.

use super::deed::{Deed, Role, Verb};
use super::house::{HANDS, House, Kind, WET};
use super::matter::{Matter, State};
use super::text;

/// What an action did, in a sentence; an error says why it did nothing.
pub type Done = Result<String, String>;

impl House {
    /// What is said where a verb has not such objects as it takes: an action of its kind on what is here. (A form in capitals
    /// is what small models then repeat.)
    fn unfit(&self, verb: Verb) -> String {
        let rooms = self.rooms.get(&self.agent).into_iter().flatten();
        let mut left: Vec<&String> = rooms.chain(self.things.keys().filter(|name| self.can_reach(name))).collect();
        let take = |role: &Role| {
            let place = left.iter().position(|name| role.fits(self, name))?;
            Some(left.remove(place).clone())
        };
        let objects: Option<Vec<String>> = verb.row().roles.iter().map(take).collect();
        match objects {
            Some(objects) => format!("name what is here, and nothing else, as in: {}", Deed { verb, objects }),
            None => format!("nothing here is such that you could {}", verb.row().form.to_lowercase()),
        }
    }

    /// Does an action whose objects fit, lets time pass, and says what happened.
    ///
    /// # Errors
    /// An action that cannot be done now: why. Nothing has changed then.
    pub fn act(&mut self, deed: &Deed) -> Done {
        if !deed.fits(self) {
            return Err(self.unfit(deed.verb));
        }
        let before = self.clone();
        let said = match deed.objects.as_slice() {
            [] => self.act_alone(deed.verb),
            [one] => self.act_on(deed.verb, one),
            [one, other] => self.act_with(deed.verb, one, other),
            [wire, a, b, ..] => self.connect(wire, [a, b]),
        }?;
        if matches!(deed.verb, Verb::Look | Verb::Inventory) {
            return Ok(said);
        }
        self.pass_time();
        let seen = self.things.keys().filter(|name| self.can_reach(name));
        let events = seen.filter_map(|name| text::event(&before, self, name));
        Ok(std::iter::once(said).chain(events).collect::<Vec<_>>().join(" "))
    }

    fn act_alone(&self, verb: Verb) -> Done {
        Ok(match verb {
            Verb::Look => text::room(self),
            Verb::Inventory => text::inventory(self),
            _ => "Time passes.".to_owned(),
        })
    }

    fn act_on(&mut self, verb: Verb, name: &str) -> Done {
        match verb {
            Verb::Go => self.go(name),
            Verb::Open | Verb::Close => self.swing(name, verb == Verb::Open),
            Verb::TurnOn | Verb::TurnOff => self.switch(name, verb == Verb::TurnOn),
            Verb::Take => self.take(name),
            Verb::Drop => self.drop_it(name),
            Verb::Fill => self.fill(name),
            Verb::Measure => self.measure(name),
            _ => self.disconnect(name),
        }
    }

    fn act_with(&mut self, verb: Verb, one: &str, other: &str) -> Done {
        match verb {
            Verb::Put => self.put(one, other),
            Verb::Pour => self.pour(one, other),
            _ => self.plant(one, other),
        }
    }

    fn go(&mut self, room: &str) -> Done {
        if !self.rooms.get(&self.agent).is_some_and(|exits| exits.iter().any(|exit| exit == room)) {
            return Err(format!("the {} does not lead to the {room}", self.agent));
        }
        room.clone_into(&mut self.agent);
        Ok(text::room(self))
    }

    fn swing(&mut self, name: &str, open: bool) -> Done {
        self.here(name)?;
        let Some(Kind::Place(place)) = self.things.get_mut(name).map(|thing| &mut thing.kind) else {
            return Err(format!("the {name} has no door"));
        };
        if place.open == Some(open) {
            return Err(format!("the {name} is already {}", if open { "open" } else { "closed" }));
        }
        place.open = Some(open);
        Ok(match open {
            true => format!("You open the {name}. {}", text::inside(self, name)),
            false => format!("You close the {name}."),
        })
    }

    fn switch(&mut self, name: &str, on: bool) -> Done {
        self.here(name)?;
        let state = if on { "on" } else { "off" };
        let Some(Kind::Place(place)) = self.things.get_mut(name).map(|thing| &mut thing.kind) else {
            return Err(format!("the {name} has no switch"));
        };
        if place.on == Some(on) {
            return Err(format!("the {name} is already {state}"));
        }
        place.on = Some(on);
        Ok(format!("You turn {state} the {name}."))
    }

    fn take(&mut self, name: &str) -> Done {
        self.here(name)?;
        if self.holds(name) {
            return Err(format!("you already hold the {name}"));
        }
        self.loose(name)?;
        self.lay(name, HANDS);
        Ok(format!("You take the {name}."))
    }

    fn put(&mut self, name: &str, place: &str) -> Done {
        self.in_hands(name)?;
        self.here(place)?;
        let Some(kind) = self.place(place) else { return Err(format!("nothing can be put in the {place}")) };
        if kind.open == Some(false) {
            return Err(format!("the {place} is closed"));
        }
        let said = format!("You put the {name} {} the {place}.", kind.preposition());
        self.lay(name, place);
        Ok(said)
    }

    fn drop_it(&mut self, name: &str) -> Done {
        self.in_hands(name)?;
        self.lay(name, &self.agent.clone());
        Ok(format!("You put the {name} on the floor."))
    }

    fn fill(&mut self, vessel: &str) -> Done {
        self.in_hands(vessel)?;
        if !self.things.iter().any(|(name, thing)| thing.kind == Kind::Sink && self.can_reach(name)) {
            return Err("there is no sink here".to_owned());
        }
        self.pour_into(vessel, Matter::water())?;
        Ok(format!("You fill the {vessel} with water."))
    }

    /// Puts matter into an empty vessel.
    fn pour_into(&mut self, vessel: &str, matter: Matter) -> Result<(), String> {
        match self.things.get_mut(vessel).map(|thing| &mut thing.kind) {
            Some(Kind::Vessel { holds: Some(matter) }) => Err(format!("there is {} in the {vessel}", matter.name)),
            Some(Kind::Vessel { holds }) => {
                *holds = Some(matter);
                Ok(())
            }
            _ => Err(format!("the {vessel} is no vessel")),
        }
    }

    fn pour(&mut self, vessel: &str, into: &str) -> Done {
        self.in_hands(vessel)?;
        self.here(into)?;
        let Some(matter) = self.held_by(vessel).cloned() else { return Err(format!("the {vessel} is empty")) };
        if matter.state() == State::Solid {
            return Err(format!("the {} in the {vessel} is solid", matter.name));
        }
        if vessel == into {
            return Err("that is the same vessel".to_owned());
        }
        let said = format!("You pour the {} into the {into}.", matter.name);
        match self.things.get_mut(into).map(|thing| &mut thing.kind) {
            Some(Kind::Sink) => {}
            Some(Kind::Pot { wet }) if matter.name == "water" => *wet = WET,
            Some(Kind::Pot { .. }) => return Err(format!("only water is good for the {into}")),
            _ => self.pour_into(into, matter)?,
        }
        if let Some(Kind::Vessel { holds }) = self.things.get_mut(vessel).map(|thing| &mut thing.kind) {
            *holds = None;
        }
        Ok(said)
    }

    fn measure(&mut self, name: &str) -> Done {
        let thermometer = self.things.iter().find(|(_, thing)| thing.kind == Kind::Thermometer);
        match thermometer {
            Some((tool, _)) => self.in_hands(tool)?,
            None => return Err("there is no thermometer".to_owned()),
        }
        self.here(name)?;
        let (what, degrees) = match self.kind(name) {
            Some(Kind::Flask { degrees }) => (name.to_owned(), *degrees),
            _ => match self.held_by(name) {
                Some(matter) => (format!("{} in the {name}", matter.name), matter.degrees),
                None => return Err(format!("the {name} is empty")),
            },
        };
        self.measured.insert(name.to_owned());
        Ok(format!("The thermometer shows that the {what} has {degrees} degrees."))
    }

    fn connect(&mut self, wire: &str, [a, b]: [&str; 2]) -> Done {
        for name in [wire, a, b] {
            self.here(name)?;
        }
        if a == b {
            return Err("a wire joins two different things".to_owned());
        }
        if let Some(Kind::Wire { ends: Some([a, b]) }) = self.kind(wire) {
            return Err(format!("the {wire} already joins the {a} and the {b}"));
        }
        if let Some(full) = [a, b].into_iter().find(|part| self.wires_of(part).count() >= 2) {
            return Err(format!("the {full} already has two wires"));
        }
        let floor = self.agent.clone();
        for name in [wire, a, b] {
            self.lay(name, &floor);
        }
        if let Some(Kind::Wire { ends }) = self.things.get_mut(wire).map(|thing| &mut thing.kind) {
            *ends = Some([a.to_owned(), b.to_owned()]);
        }
        Ok(format!("The {wire} now joins the {a} and the {b}."))
    }

    fn disconnect(&mut self, wire: &str) -> Done {
        self.here(wire)?;
        let joined = match self.things.get_mut(wire).map(|thing| &mut thing.kind) {
            Some(Kind::Wire { ends }) => ends.take(),
            _ => None,
        };
        joined.map_or_else(
            || Err(format!("the {wire} joins nothing")),
            |[a, b]| Ok(format!("You take the {wire} off the {a} and the {b}.")),
        )
    }

    fn plant(&mut self, seed: &str, pot: &str) -> Done {
        self.in_hands(seed)?;
        self.here(pot)?;
        if let Some((other, _)) = self.things_at(pot).next() {
            return Err(format!("the {other} is already in the {pot}"));
        }
        self.lay(seed, pot);
        Ok(format!("You plant the {seed} in the {pot}."))
    }

    fn lay(&mut self, name: &str, place: &str) {
        if let Some(thing) = self.things.get_mut(name) {
            place.clone_into(&mut thing.at);
        }
    }

    fn here(&self, name: &str) -> Result<(), String> {
        if self.can_reach(name) { Ok(()) } else { Err(format!("you see no {name} here")) }
    }

    fn in_hands(&self, name: &str) -> Result<(), String> {
        if self.holds(name) { Ok(()) } else { Err(format!("you do not hold the {name}")) }
    }

    /// That nothing holds a thing where it is.
    fn loose(&self, name: &str) -> Result<(), String> {
        let joined = match self.kind(name) {
            Some(Kind::Wire { ends: Some(_) }) => Some(name),
            _ => self.wires_of(name).map(|(wire, _)| wire).next(),
        };
        if let Some(wire) = joined {
            return Err(format!("the {wire} is connected"));
        }
        match self.things.get(name).and_then(|thing| self.kind(&thing.at)) {
            Some(Kind::Pot { .. }) => Err(format!("the {name} is planted")),
            _ => Ok(()),
        }
    }
}
