//! The oracle: does a list of chores one after the other, each by the fewest deeds that a search finds.

use std::collections::{HashSet, VecDeque};

use super::super::grid::{Door, Facing, Kind};
use super::super::simulator::Simulator;
use super::deed::{Deed, Name};
use super::scene::{Scene, run};

/// Stands that are looked at for one chore.
const MOST_STANDS: usize = 150;

/// The deeds that do all chores; `None` where one was not found.
pub fn solve(world: &Simulator, chores: &[Deed]) -> Option<Vec<Deed>> {
    let (mut world, mut plan) = (world.clone(), Vec::new());
    for chore in chores {
        let (deeds, after) = reach(world, chore)?;
        plan.extend(deeds);
        world = after;
    }
    Some(plan)
}

/// Breadth first over turns and walks, until the chore can be done.
fn reach(world: Simulator, chore: &Deed) -> Option<(Vec<Deed>, Simulator)> {
    if matches!(chore, Deed::GoTo(_)) && is_done(chore, &world) {
        return Some((Vec::new(), world));
    }
    let mut seen = HashSet::from([(world.at, world.facing)]);
    let mut open = VecDeque::from([(world, Vec::new())]);
    while let Some((world, plan)) = open.pop_front() {
        let scene = Scene::of(&world);
        if let Some(after) = after(&scene, &world, chore).filter(|after| is_done(chore, after)) {
            return Some(([plan, vec![chore.clone()]].concat(), after));
        }
        let names = scene.sight.objects().map(|thing| Deed::GoTo(Name::of(thing.look)));
        let walks = [Deed::TurnLeft, Deed::TurnRight, Deed::Walk(1), Deed::Walk(3)];
        for deed in walks.into_iter().chain(names) {
            let Some(next) = after(&scene, &world, &deed) else { continue };
            if seen.len() < MOST_STANDS && seen.insert((next.at, next.facing)) {
                open.push_back((next, [&plan[..], &[deed]].concat()));
            }
        }
    }
    None
}

fn after(scene: &Scene<'_>, world: &Simulator, deed: &Deed) -> Option<Simulator> {
    let moves = scene.moves(deed).ok()?;
    let mut world = world.clone();
    run(&mut world, &moves);
    Some(world)
}

/// Whether the world is as a chore should leave it.
fn is_done(chore: &Deed, world: &Simulator) -> bool {
    let look = |place| world.grid.look(place);
    let fits = |place, name: &Name| look(place).is_some_and(|look| name.fits(look));
    let front = world.front();
    let around = || Facing::ALL.map(|facing| front.ahead(facing, 1));
    match chore {
        Deed::TurnLeft | Deed::TurnRight | Deed::Walk(_) => true,
        Deed::GoTo(name) => fits(front, name),
        Deed::PickUp(name) => world.carrying.is_some_and(|thing| name.fits(thing.look)),
        Deed::Open(name) => fits(front, name) && look(front).is_some_and(|look| look.kind == Kind::Door(Door::Open)),
        Deed::GoThrough(name) => fits(world.at.ahead(world.facing, -1), name),
        // What lies before a door would be in the way.
        Deed::Drop => {
            let door = |place| look(place).is_some_and(|look| matches!(look.kind, Kind::Door(_)));
            world.carrying.is_none() && !around().into_iter().any(door)
        }
        Deed::DropNextTo(name) => world.carrying.is_none() && around().iter().any(|place| fits(*place, name)),
    }
}
