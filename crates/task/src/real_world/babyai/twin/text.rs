//! The twin's words: goals, and what is in sight.

use super::super::grid::Kind;
use super::super::mission::{Action, Mission, Order, Part, Side, Things};
use super::super::sight::{Sight, Sighting};
use super::deed::Name;

/// How an episode begins: `Goal: first open the red door, then go to the blue ball. ..`
pub fn opening(mission: &Mission, actions: usize, sight: &Sight) -> String {
    format!("Goal: {}. You have {actions} actions.\n{}", goal(mission), told(sight))
}

/// A mission in the twin's words.
pub fn goal(mission: &Mission) -> String {
    let first = part(&mission.first);
    match &mission.second {
        None => first,
        Some((Order::Then, second)) => format!("first {first}; then {}", part(second)),
        Some((Order::After, second)) => format!("{first}, but before that {}", part(second)),
    }
}

fn part(part: &Part) -> String {
    let first = action(&part.action);
    match &part.and {
        None => first,
        Some(second) => format!("{first} and {}, in any order", action(second)),
    }
}

fn action(action: &Action) -> String {
    match action {
        Action::GoTo(all) => format!("walk up to {}", things(all)),
        Action::Open(doors) => format!("open {}", things(doors)),
        Action::PickUp(all) => format!("pick up {}", things(all)),
        Action::PutNext(moved, fixed) => format!("put {} down next to {}", things(moved), things(fixed)),
    }
}

fn things(all: &Things) -> String {
    let side = match all.side {
        None => "",
        Some(Side::Front) => " that is ahead of you now",
        Some(Side::Behind) => " that is behind you now",
        Some(Side::Left) => " that is to your left now",
        Some(Side::Right) => " that is to your right now",
    };
    let name = match (all.color, all.kind) {
        (Some(color), Some(kind)) => format!("the {} {kind}", color.as_str()),
        (Some(color), None) => format!("something {}", color.as_str()),
        (None, kind) => format!("the {}", kind.unwrap_or("thing")),
    };
    format!("{name}{side}")
}

/// What is in sight: `You see a red ball 2 steps ahead and 1 to the left. .. You carry nothing.`
pub fn told(sight: &Sight) -> String {
    let things: Vec<String> = sight.objects().map(thing).collect();
    let mut text = match things.is_empty() {
        true => "You see nothing but walls.".to_owned(),
        false => format!("You see {}.", things.join("; ")),
    };
    let wall = sight.things.iter().find(|thing| thing.right == 0 && thing.look.kind == Kind::Wall);
    match wall.map(|wall| wall.ahead) {
        Some(1) => text.push_str(" You face a wall."),
        Some(ahead) => text.push_str(&format!(" The wall ahead is {ahead} steps away.")),
        None => {}
    }
    match sight.carrying {
        Some(look) => text.push_str(&format!(" You carry the {}.", Name::of(look))),
        None => text.push_str(" You carry nothing."),
    }
    text
}

fn thing(thing: &Sighting) -> String {
    let name = Name::of(thing.look);
    let name = match thing.look.kind {
        Kind::Door(state) if state.as_str() == "open" => format!("an open {name}"),
        Kind::Door(state) => format!("a {} {name}", state.as_str()),
        _ => format!("a {name}"),
    };
    let side = if thing.right < 0 { "left" } else { "right" };
    let steps = |count: i32| format!("{count} step{}", if count == 1 { "" } else { "s" });
    match (thing.ahead, thing.right.abs()) {
        (1, 0) => format!("{name} right before you"),
        (ahead, 0) => format!("{name} {} ahead", steps(ahead)),
        (0, right) => format!("{name} {} to the {side}", steps(right)),
        (ahead, right) => format!("{name} {} ahead and {right} to the {side}", steps(ahead)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::simulator::tests::world;
    use super::super::super::view::View;
    use super::*;

    #[test]
    fn what_is_seen_and_wanted_is_told_in_plain_words() -> Result<(), String> {
        let world = world(&["# # # # #", ". ball:red . door:blue:locked #", ". . key:grey # #"], 0, 1)?;
        let sight = Sight::of(&world, &View::of(&world));
        let seen = "You see a red ball right before you; a locked blue door 3 steps ahead; \
                    a grey key 2 steps ahead and 1 to the right. You carry nothing.";
        assert_eq!(told(&sight), seen);
        let mission = "pick up the ball after you open the door on your left and go to the yellow object".parse()?;
        let goal = "pick up the ball, but before that open the door that is to your left now and walk up to something \
                    yellow, in any order";
        assert_eq!(opening(&mission, 9, &sight), format!("Goal: {goal}. You have 9 actions.\n{seen}"));
        Ok(())
    }
}
