//! Barman: fill shot glasses, and mix cocktails in a shaker.

use record::Rng;

use super::{Game, Puzzle};

/// The game.
pub const BARMAN: Game = Game {
    name: "barman",
    domain: "
(define (domain barman)
  (:requirements :strips :typing)
  (:types hand drink vessel - object juice cocktail - drink shot shaker - vessel)
  (:predicates (holds ?h - hand ?v - vessel) (free ?h - hand) (on-bar ?v - vessel) (clean ?s - shot)
    (empty ?v - vessel) (contains ?v - vessel ?d - drink)
    (first ?c - cocktail ?j - juice) (second ?c - cocktail ?j - juice))
  (:action grasp
    :parameters (?h - hand ?v - vessel)
    :precondition (and (free ?h) (on-bar ?v))
    :effect (and (holds ?h ?v) (not (free ?h)) (not (on-bar ?v))))
  (:action leave
    :parameters (?h - hand ?v - vessel)
    :precondition (and (holds ?h ?v))
    :effect (and (free ?h) (on-bar ?v) (not (holds ?h ?v))))
  (:action fill
    :parameters (?h - hand ?s - shot ?j - juice)
    :precondition (and (holds ?h ?s) (empty ?s) (clean ?s))
    :effect (and (contains ?s ?j) (not (empty ?s)) (not (clean ?s))))
  (:action wash
    :parameters (?h - hand ?s - shot)
    :precondition (and (holds ?h ?s) (empty ?s))
    :effect (and (clean ?s)))
  (:action pour
    :parameters (?h - hand ?s - shot ?j - juice ?k - shaker)
    :precondition (and (holds ?h ?s) (contains ?s ?j))
    :effect (and (contains ?k ?j) (empty ?s) (not (contains ?s ?j)) (not (empty ?k))))
  (:action shake
    :parameters (?h - hand ?k - shaker ?c - cocktail ?i - juice ?j - juice)
    :precondition (and (holds ?h ?k) (contains ?k ?i) (contains ?k ?j) (first ?c ?i) (second ?c ?j))
    :effect (and (contains ?k ?c) (not (contains ?k ?i)) (not (contains ?k ?j))))
  (:action serve
    :parameters (?h - hand ?k - shaker ?c - cocktail ?s - shot)
    :precondition (and (holds ?h ?k) (contains ?k ?c) (empty ?s) (clean ?s))
    :effect (and (contains ?s ?c) (not (empty ?s)) (not (clean ?s)))))
",
    about: "A barman with two hands fills glasses with juice and mixes cocktails of two juices in a shaker.",
    moves: &[
        ("grasp", "a free hand takes a glass or the shaker from the bar"),
        ("leave", "the hand puts the glass or the shaker that it holds on the bar"),
        ("fill", "juice goes into an empty and clean glass that the hand holds"),
        ("wash", "an empty glass that the hand holds becomes clean"),
        ("pour", "the juice of the glass that the hand holds goes into the shaker"),
        ("shake", "the shaker that the hand holds makes a cocktail of its two juices, the first one named first"),
        ("serve", "the cocktail of the shaker that the hand holds goes into an empty and clean glass"),
    ],
    phrases: &[
        ("holds", "the hand {} holds {}"),
        ("free", "the hand {} is free"),
        ("on-bar", "{} is on the bar"),
        ("clean", "{} is clean"),
        ("empty", "{} is empty"),
        ("contains", "{} contains {}"),
        ("first", "the first juice of {} is {}"),
        ("second", "the second juice of {} is {}"),
    ],
    draw,
};

fn draw(rng: &mut Rng) -> Puzzle {
    let juices = ["apple", "cherry", "lemon"];
    let shots = rng.between(2, 3);
    let pair = rng.choose(juices.len(), 2);
    let mut init = vec![
        "free left".to_owned(),
        "free right".to_owned(),
        "on-bar shaker".to_owned(),
        "empty shaker".to_owned(),
        format!("first fizz {}", juices[pair[0]]),
        format!("second fizz {}", juices[pair[1]]),
    ];
    let mixed = rng.chance(0.5);
    let mut goal = Vec::new();
    for shot in 1..=shots {
        init.extend([format!("on-bar shot{shot}"), format!("clean shot{shot}"), format!("empty shot{shot}")]);
        if shot == 1 && mixed {
            goal.push("contains shot1 fizz".to_owned());
        } else if !mixed || rng.chance(0.3) {
            goal.push(format!("contains shot{shot} {}", juices[rng.below(juices.len())]));
        }
    }
    let glasses: Vec<String> = (1..=shots).map(|k| format!("shot{k}")).collect();
    let objects = format!(
        "left right - hand {} - shot shaker - shaker {} - juice fizz - cocktail",
        glasses.join(" "),
        juices.join(" ")
    );
    Puzzle { objects, init, goal }
}
