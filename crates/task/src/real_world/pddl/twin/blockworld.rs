//! Blockworld: one arm stacks blocks.

use record::Rng;

use super::{Game, Puzzle};

/// The game.
pub const BLOCKWORLD: Game = Game {
    name: "blockworld",
    domain: "
(define (domain blockworld)
  (:requirements :strips :typing)
  (:types block)
  (:predicates (holding ?x - block) (hand-empty) (on ?x - block ?y - block) (on-table ?x - block) (clear ?x - block))
  (:action pickup
    :parameters (?x - block)
    :precondition (and (clear ?x) (on-table ?x) (hand-empty))
    :effect (and (holding ?x) (not (clear ?x)) (not (on-table ?x)) (not (hand-empty))))
  (:action putdown
    :parameters (?x - block)
    :precondition (and (holding ?x))
    :effect (and (on-table ?x) (clear ?x) (hand-empty) (not (holding ?x))))
  (:action stack
    :parameters (?x - block ?y - block)
    :precondition (and (holding ?x) (clear ?y))
    :effect (and (on ?x ?y) (clear ?x) (hand-empty) (not (holding ?x)) (not (clear ?y))))
  (:action unstack
    :parameters (?x - block ?y - block)
    :precondition (and (on ?x ?y) (clear ?x) (hand-empty))
    :effect (and (holding ?x) (clear ?y) (not (on ?x ?y)) (not (clear ?x)) (not (hand-empty)))))
",
    about: "A hand stacks blocks on a table. It holds one block at a time.",
    moves: &[
        ("pickup", "the empty hand takes a block that lies on the table with nothing on it"),
        ("putdown", "the hand puts the block that it holds on the table"),
        ("stack", "the hand puts the first block, which it holds, on the second, which has nothing on it"),
        ("unstack", "the empty hand takes the first block, which has nothing on it, off the second"),
    ],
    phrases: &[
        ("holding", "the hand holds {}"),
        ("hand-empty", "the hand is empty"),
        ("on", "{} is on {}"),
        ("on-table", "{} is on the table"),
        ("clear", "{} has nothing on it"),
    ],
    draw,
};

fn draw(rng: &mut Rng) -> Puzzle {
    let count = rng.between(3, 5);
    let blocks = ["red", "blue", "green", "pink", "gray"];
    let mut init = vec!["hand-empty".to_owned()];
    for tower in towers(rng, count) {
        for (level, &block) in tower.iter().enumerate() {
            init.push(match level {
                0 => format!("on-table {}", blocks[block]),
                _ => format!("on {} {}", blocks[block], blocks[tower[level - 1]]),
            });
        }
        if let Some(&top) = tower.last() {
            init.push(format!("clear {}", blocks[top]));
        }
    }
    let mut goal = Vec::new();
    for tower in towers(rng, count) {
        goal.extend(tower.windows(2).map(|pair| format!("on {} {}", blocks[pair[1]], blocks[pair[0]])));
    }
    Puzzle { objects: format!("{} - block", blocks[..count].join(" ")), init, goal }
}

/// The blocks dealt into towers, each from the bottom up.
fn towers(rng: &mut Rng, count: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    for block in rng.choose(count, count) {
        match all.last_mut() {
            Some(tower) if rng.chance(0.6) => tower.push(block),
            _ => all.push(vec![block]),
        }
    }
    all
}
