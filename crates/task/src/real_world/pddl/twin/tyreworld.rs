//! Tyreworld: change a wheel with tools from the boot.

use record::Rng;

use super::{Game, Puzzle};

/// The game.
pub const TYREWORLD: Game = Game {
    name: "tyreworld",
    domain: "
(define (domain tyreworld)
  (:requirements :strips :typing)
  (:types thing hub boot - object tool wheel nut - thing)
  (:constants wrench jack pump - tool)
  (:predicates (open ?c - boot) (closed ?c - boot) (have ?x - thing) (in ?x - thing ?c - boot)
    (tight ?n - nut ?h - hub) (loose ?n - nut ?h - hub) (jacked ?h - hub) (grounded ?h - hub)
    (bare ?h - hub) (undone ?h - hub) (on ?w - wheel ?h - hub) (flat ?w - wheel) (inflated ?w - wheel))
  (:action open
    :parameters (?c - boot)
    :precondition (and (closed ?c))
    :effect (and (open ?c) (not (closed ?c))))
  (:action close
    :parameters (?c - boot)
    :precondition (and (open ?c))
    :effect (and (closed ?c) (not (open ?c))))
  (:action fetch
    :parameters (?x - thing ?c - boot)
    :precondition (and (in ?x ?c) (open ?c))
    :effect (and (have ?x) (not (in ?x ?c))))
  (:action stow
    :parameters (?x - thing ?c - boot)
    :precondition (and (have ?x) (open ?c))
    :effect (and (in ?x ?c) (not (have ?x))))
  (:action inflate
    :parameters (?w - wheel)
    :precondition (and (have pump) (have ?w) (flat ?w))
    :effect (and (inflated ?w) (not (flat ?w))))
  (:action loosen
    :parameters (?n - nut ?h - hub)
    :precondition (and (have wrench) (tight ?n ?h) (grounded ?h))
    :effect (and (loose ?n ?h) (not (tight ?n ?h))))
  (:action tighten
    :parameters (?n - nut ?h - hub)
    :precondition (and (have wrench) (loose ?n ?h) (grounded ?h))
    :effect (and (tight ?n ?h) (not (loose ?n ?h))))
  (:action jack-up
    :parameters (?h - hub)
    :precondition (and (have jack) (grounded ?h))
    :effect (and (jacked ?h) (not (grounded ?h)) (not (have jack))))
  (:action jack-down
    :parameters (?h - hub)
    :precondition (and (jacked ?h))
    :effect (and (grounded ?h) (have jack) (not (jacked ?h))))
  (:action undo
    :parameters (?n - nut ?h - hub)
    :precondition (and (have wrench) (loose ?n ?h) (jacked ?h))
    :effect (and (have ?n) (undone ?h) (not (loose ?n ?h))))
  (:action do-up
    :parameters (?n - nut ?h - hub)
    :precondition (and (have wrench) (have ?n) (undone ?h) (jacked ?h))
    :effect (and (loose ?n ?h) (not (have ?n)) (not (undone ?h))))
  (:action remove
    :parameters (?w - wheel ?h - hub)
    :precondition (and (on ?w ?h) (undone ?h) (jacked ?h))
    :effect (and (have ?w) (bare ?h) (not (on ?w ?h))))
  (:action mount
    :parameters (?w - wheel ?h - hub)
    :precondition (and (have ?w) (bare ?h) (undone ?h) (jacked ?h))
    :effect (and (on ?w ?h) (not (have ?w)) (not (bare ?h)))))
",
    about: "You change a wheel of a car with tools from its boot.",
    moves: &[
        ("open", "you open the boot"),
        ("close", "you close the boot"),
        ("fetch", "you take a thing out of the open boot"),
        ("stow", "you put a thing that you have into the open boot"),
        ("inflate", "you inflate a flat wheel that you have; you need the pump"),
        ("loosen", "you loosen the tight nut of a hub on the ground; you need the wrench"),
        ("tighten", "you tighten the loose nut of a hub on the ground; you need the wrench"),
        ("jack-up", "you lift the hub with the jack, which stays under it"),
        ("jack-down", "you lower the hub and have the jack again"),
        ("undo", "you take the loose nut off a lifted hub; you need the wrench"),
        ("do-up", "you put the nut on a lifted hub; you need the wrench"),
        ("remove", "you take the wheel off a lifted hub without its nut"),
        ("mount", "you put a wheel that you have on a lifted hub without wheel and nut"),
    ],
    phrases: &[
        ("open", "{} is open"),
        ("closed", "{} is closed"),
        ("have", "you have {}"),
        ("in", "{} is in {}"),
        ("tight", "{} is tight on {}"),
        ("loose", "{} is loose on {}"),
        ("jacked", "{} is lifted"),
        ("grounded", "{} is on the ground"),
        ("bare", "{} has no wheel"),
        ("undone", "{} has no nut"),
        ("on", "{} is on {}"),
        ("flat", "{} is flat"),
        ("inflated", "{} is inflated"),
    ],
    draw,
};

/// A wheel change of which a part is already done, and of which a part is wanted.
fn draw(rng: &mut Rng) -> Puzzle {
    let done = rng.below(4);
    let open = done > 0 || rng.chance(0.3);
    let mut init = vec![
        format!("{} boot", if open { "open" } else { "closed" }),
        "on old hub".to_owned(),
        "grounded hub".to_owned(),
        "flat spare".to_owned(),
        if rng.chance(0.5) { "flat old" } else { "inflated old" }.to_owned(),
    ];
    for (rank, thing) in ["wrench", "jack", "spare", "pump"].into_iter().enumerate() {
        let out = rank < done && rng.chance(0.8);
        init.push(if out { format!("have {thing}") } else { format!("in {thing} boot") });
    }
    init.push(if rng.chance(0.3) { "loose nut hub" } else { "tight nut hub" }.to_owned());
    let wanted = match rng.below(6) {
        0 => &["inflated spare", "in pump boot"][..],
        1 => &["inflated spare", "loose nut hub", "jacked hub"][..],
        2 => &["on spare hub"][..],
        3 => &["on spare hub", "inflated spare"][..],
        4 => &["bare hub", "in old boot"][..],
        _ => &["on spare hub", "tight nut hub"][..],
    };
    let mut goal: Vec<String> = wanted.iter().map(|&fact| fact.to_owned()).collect();
    if rng.chance(0.3) {
        goal.push("closed boot".to_owned());
    }
    Puzzle { objects: "hub - hub boot - boot nut - nut old spare - wheel".into(), init, goal }
}
