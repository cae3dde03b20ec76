//! Shortest plans, breadth first.

use std::collections::{HashMap, VecDeque};

use super::grounded::{GroundedProblem, State};

impl GroundedProblem {
    /// A shortest plan from a state to the goal, as action indices; empty where the goal holds already.
    /// Among plans of one length the order of the groundings decides, so the answer never changes.
    /// `None` where there is no plan, or none was found among the first `max_states` states.
    pub fn plan(&self, from: &State, max_states: usize) -> Option<Vec<usize>> {
        if self.solved(from) {
            return Some(Vec::new());
        }
        // Every state seen, with how it was reached: the index of the state before it and the action.
        let mut reached: Vec<Option<(usize, usize)>> = vec![None];
        let mut seen: HashMap<State, usize> = HashMap::from([(from.clone(), 0)]);
        let mut open = VecDeque::from([(from.clone(), 0)]);
        while let Some((state, index)) = open.pop_front() {
            for action in self.applicable(&state) {
                let next = self.apply(&state, action);
                if seen.contains_key(&next) {
                    continue;
                }
                if self.solved(&next) {
                    return Some(path(&reached, index, action));
                }
                if reached.len() >= max_states {
                    return None;
                }
                let id = reached.len();
                reached.push(Some((index, action)));
                seen.insert(next.clone(), id);
                open.push_back((next, id));
            }
        }
        None
    }
}

/// The actions that lead to the state `index`, then `last`.
fn path(reached: &[Option<(usize, usize)>], mut index: usize, last: usize) -> Vec<usize> {
    let mut actions = vec![last];
    while let Some((before, action)) = reached[index] {
        actions.push(action);
        index = before;
    }
    actions.reverse();
    actions
}

#[cfg(test)]
mod tests {
    use super::super::{Domain, GroundedProblem, PddlError, Problem};

    const DOMAIN: &str =
        "(define (domain path) (:types place) (:predicates (at ?p - place) (road ?a - place?b - place))
        (:action go :parameters (?a ?b - place) :precondition (and (at ?a) (road ?a ?b))
         :effect (and (at ?b) (not (at ?a)))))";

    fn world(roads: &[(usize, usize)], goal: usize) -> Result<GroundedProblem, PddlError> {
        let roads: Vec<String> = roads.iter().map(|(a, b)| format!("(road p{a} p{b})")).collect();
        let problem = format!(
            "(define (problem x) (:domain path) (:objects p0 p1 p2 p3 p4 - place)
             (:init (at p0) {}) (:goal (at p{goal})))",
            roads.join(" ")
        );
        let domain = Domain::parse(DOMAIN)?;
        let problem = Problem::parse(&problem, &domain)?;
        GroundedProblem::new(domain, problem)
    }

    fn names(world: &GroundedProblem, plan: &[usize]) -> Vec<String> {
        plan.iter().filter_map(|&action| world.action(action)).map(ToString::to_string).collect()
    }

    #[test]
    fn a_plan_is_shortest_and_the_order_of_actions_breaks_ties() -> Result<(), PddlError> {
        let world = world(&[(0, 1), (1, 3), (0, 2), (2, 3), (3, 4), (1, 2), (2, 4)], 4)?;
        let plan = world.plan(&world.initial(), 100).unwrap_or_default();
        assert_eq!(names(&world, &plan), ["go p0 p2", "go p2 p4"]);
        let tied = self::world(&[(0, 2), (2, 3), (0, 1), (1, 3)], 3)?;
        let plan = tied.plan(&tied.initial(), 100).unwrap_or_default();
        assert_eq!(names(&tied, &plan), ["go p0 p1", "go p1 p3"]);
        Ok(())
    }

    #[test]
    fn no_plan_and_no_need_of_one_are_told_apart() -> Result<(), PddlError> {
        let world = world(&[(0, 1)], 4)?;
        assert_eq!(world.plan(&world.initial(), 100), None);
        let here = self::world(&[(0, 1)], 0)?;
        assert_eq!(here.plan(&here.initial(), 100), Some(Vec::new()));
        let far = self::world(&[(0, 1), (1, 2), (2, 3), (3, 4)], 4)?;
        assert_eq!(far.plan(&far.initial(), 2), None);
        Ok(())
    }

    #[test]
    fn a_world_offers_what_can_be_done() -> Result<(), PddlError> {
        let world = world(&[(0, 1), (0, 0), (1, 2)], 2)?;
        let start = world.initial();
        let offered: Vec<String> = names(&world, &world.applicable(&start));
        assert_eq!(offered, ["go p0 p1"], "roads that are not there and a road to itself are not offered");
        let looped = world.action_by_text("go p0 p0");
        assert!(looped.is_some_and(|action| world.can(&start, action)), "but a text may name it");
        let next = world.apply(&start, world.applicable(&start)[0]);
        assert_eq!(world.fluents(&next).map(ToString::to_string).collect::<Vec<_>>(), ["at p1"]);
        assert_eq!(world.goal_count(&next), (0, 1));
        Ok(())
    }
}
