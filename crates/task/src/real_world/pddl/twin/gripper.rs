//! Gripper: a robot with two arms carries balls between rooms.

use record::Rng;

use super::{Game, Puzzle};

/// The game.
pub const GRIPPER: Game = Game {
    name: "gripper",
    domain: "
(define (domain gripper)
  (:requirements :strips :typing)
  (:types room ball arm)
  (:predicates (robot ?r - room) (in ?b - ball ?r - room) (holds ?a - arm ?b - ball) (free ?a - arm))
  (:action move
    :parameters (?from - room ?to - room)
    :precondition (and (robot ?from))
    :effect (and (robot ?to) (not (robot ?from))))
  (:action pick
    :parameters (?b - ball ?r - room ?a - arm)
    :precondition (and (in ?b ?r) (robot ?r) (free ?a))
    :effect (and (holds ?a ?b) (not (in ?b ?r)) (not (free ?a))))
  (:action drop
    :parameters (?b - ball ?r - room ?a - arm)
    :precondition (and (holds ?a ?b) (robot ?r))
    :effect (and (in ?b ?r) (free ?a) (not (holds ?a ?b)))))
",
    about: "A robot with two arms carries balls from room to room.",
    moves: &[
        ("move", "the robot goes from the first room, where it is, to the second"),
        ("pick", "the robot takes a ball of the room where it is with an arm that is free"),
        ("drop", "the robot puts down a ball that the arm holds, in the room where it is"),
    ],
    phrases: &[
        ("robot", "the robot is in {}"),
        ("in", "{} is in {}"),
        ("holds", "the arm {} holds {}"),
        ("free", "the arm {} is free"),
    ],
    draw,
};

fn draw(rng: &mut Rng) -> Puzzle {
    let rooms = ["kitchen", "hall", "attic"];
    let rooms = &rooms[..rng.between(2, 3)];
    let count = rng.between(2, 4);
    let room = |rng: &mut Rng| rooms[rng.below(rooms.len())];
    let mut init = vec![format!("robot {}", room(rng)), "free left".into(), "free right".into()];
    let mut goal = Vec::new();
    for ball in 1..=count {
        let from = room(rng);
        init.push(format!("in ball{ball} {from}"));
        let to = room(rng);
        if to != from || rng.chance(0.3) {
            goal.push(format!("in ball{ball} {to}"));
        }
    }
    let balls: Vec<String> = (1..=count).map(|k| format!("ball{k}")).collect();
    let objects = format!("{} - room {} - ball left right - arm", rooms.join(" "), balls.join(" "));
    Puzzle { objects, init, goal }
}
