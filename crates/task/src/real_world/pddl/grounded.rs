//! A STRIPS world: facts, grounded actions, and what applying one does.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::domain::{Atom, Domain, Fact, Problem, Schema, Term};
use super::expression::PddlError;

/// The most grounded actions a world may have.
const MAX_GROUNDINGS: usize = 200_000;
/// The most partial choices of arguments that are tried to find them.
const MAX_TRIED: usize = 2_000_000;
/// The most parameters an action may have.
const MAX_PARAMETERS: usize = 32;

/// An action with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroundAction {
    /// The action: `pick`.
    pub name: String,
    /// Object names: `ball1`, `rooma`, `left`.
    pub args: Vec<String>,
}

impl fmt::Display for GroundAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.args.iter().try_for_each(|arg| write!(f, " {arg}"))
    }
}

/// What is true: a set of fact ids, one bit each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State(Box<[u64]>);

impl State {
    fn empty(facts: usize) -> Self {
        Self(vec![0; facts.div_ceil(64)].into_boxed_slice())
    }

    /// Whether the fact of this id is true.
    pub fn holds(&self, fact: usize) -> bool {
        self.0.get(fact / 64).is_some_and(|word| word >> (fact % 64) & 1 == 1)
    }

    fn add(&mut self, fact: usize) {
        self.0[fact / 64] |= 1 << (fact % 64);
    }

    fn delete(&mut self, fact: usize) {
        self.0[fact / 64] &= !(1 << (fact % 64));
    }

    /// The ids of the facts that are true, ascending.
    fn ids(&self) -> impl Iterator<Item = usize> + '_ {
        self.0
            .iter()
            .enumerate()
            .flat_map(|(at, &word)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit))
    }
}

/// A grounded action as fact ids.
#[derive(Debug)]
struct Rule {
    preconditions: Vec<usize>,
    adds: Vec<usize>,
    deletes: Vec<usize>,
}

/// One instance of a game, grounded.
#[derive(Debug)]
pub struct GroundedProblem {
    domain: Domain,
    problem: Problem,
    facts: Vec<Fact>,
    /// The facts that some action changes, by id.
    fluent: Vec<bool>,
    actions: Vec<GroundAction>,
    rules: Vec<Rule>,
    /// How many of `actions` have pairwise distinct arguments; they come first.
    distinct: usize,
    by_text: HashMap<GroundAction, usize>,
    initial: State,
    goal: Vec<usize>,
}

impl GroundedProblem {
    /// Grounds a problem: every action with every type-correct choice of arguments whose conditions on facts that
    /// never change hold. Sorted by action name, then arguments; those that name an object twice come after all
    /// others and are never offered, but a text may name them.
    ///
    /// # Errors
    /// A problem too large to ground.
    pub fn new(domain: Domain, problem: Problem) -> Result<Self, PddlError> {
        let mut actions = Grounder::new(&domain, &problem).ground()?;
        actions.sort_by_cached_key(|(action, _)| (repeats(&action.args), action.clone()));
        let distinct = actions.iter().filter(|(action, _)| !repeats(&action.args)).count();
        let mut facts = Facts::default();
        let initial: Vec<usize> = problem.init.iter().map(|fact| facts.id(fact.clone())).collect();
        let goal = problem.goal.iter().map(|fact| facts.id(fact.clone())).collect();
        let mut rules = Vec::with_capacity(actions.len());
        for (action, schema) in &actions {
            let mut ids = |atoms: &[Atom]| atoms.iter().map(|atom| facts.id(fact(atom, &action.args))).collect();
            rules.push(Rule {
                preconditions: ids(&schema.preconditions),
                adds: ids(&schema.adds),
                deletes: ids(&schema.deletes),
            });
        }
        let changing = changing(&domain);
        let fluent = facts.all.iter().map(|fact| changing.contains(fact.predicate.as_str())).collect();
        let mut start = State::empty(facts.all.len());
        initial.into_iter().for_each(|id| start.add(id));
        let actions: Vec<GroundAction> = actions.into_iter().map(|(action, _)| action).collect();
        let by_text = actions.iter().cloned().enumerate().map(|(index, action)| (action, index)).collect();
        Ok(Self { domain, problem, facts: facts.all, fluent, actions, rules, distinct, by_text, initial: start, goal })
    }

    /// The rules of the game.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The instance.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The state at the start.
    pub fn initial(&self) -> State {
        self.initial.clone()
    }

    /// The grounded actions with pairwise distinct arguments, sorted by name, then arguments.
    pub fn actions(&self) -> &[GroundAction] {
        &self.actions[..self.distinct]
    }

    /// The grounded action of an index that this world gave out.
    pub fn action(&self, index: usize) -> Option<&GroundAction> {
        self.actions.get(index)
    }

    /// The action that `name` with these arguments is, if its arguments fit.
    pub fn find(&self, name: &str, args: &[String]) -> Option<usize> {
        self.by_text.get(&GroundAction { name: name.to_owned(), args: args.to_vec() }).copied()
    }

    /// The action of a text as [`GroundAction`] displays it: `pick ball1 rooma left`.
    pub fn action_by_text(&self, text: &str) -> Option<usize> {
        let mut words = text.split_whitespace().map(str::to_owned);
        let name = words.next()?;
        self.find(&name, &words.collect::<Vec<_>>())
    }

    /// Whether an action can be done; false for an index that this world did not give out.
    pub fn can(&self, state: &State, action: usize) -> bool {
        self.rules.get(action).is_some_and(|rule| rule.preconditions.iter().all(|&fact| state.holds(fact)))
    }

    /// The actions that can be done, ascending; only those with pairwise distinct arguments.
    pub fn applicable(&self, state: &State) -> Vec<usize> {
        (0..self.distinct).filter(|&action| self.can(state, action)).collect()
    }

    /// The state after an action: deletes first, then adds. The same state where the action cannot be done.
    pub fn apply(&self, state: &State, action: usize) -> State {
        let mut next = state.clone();
        if self.can(state, action) {
            self.rules[action].deletes.iter().for_each(|&fact| next.delete(fact));
            self.rules[action].adds.iter().for_each(|&fact| next.add(fact));
        }
        next
    }

    /// The conditions of an action that do not hold; `None` where there is no such action of so many objects of these
    /// kinds.
    pub fn lacking(&self, state: &State, name: &str, args: &[String]) -> Option<Vec<Fact>> {
        let schema = self.domain.actions.iter().find(|action| action.name == name)?;
        let fits = |(arg, wanted): (&String, &String)| {
            let kind = self.problem.objects.iter().find(|(object, _)| object == arg).map(|(_, kind)| kind);
            kind.is_some_and(|kind| self.domain.is_a(kind, wanted))
        };
        if args.len() != schema.parameters.len() || !args.iter().zip(&schema.parameters).all(fits) {
            return None;
        }
        let needed = schema.preconditions.iter().map(|atom| fact(atom, args));
        let holds = |fact: &Fact| self.facts(state).any(|other| other == fact);
        Some(needed.filter(|fact| !holds(fact)).collect())
    }

    /// How many goals hold, and how many there are.
    pub fn goal_count(&self, state: &State) -> (usize, usize) {
        (self.goal.iter().filter(|&&fact| state.holds(fact)).count(), self.goal.len())
    }

    /// Whether every goal holds.
    pub fn solved(&self, state: &State) -> bool {
        self.goal.iter().all(|&fact| state.holds(fact))
    }

    /// The facts that are true.
    pub fn facts<'a>(&'a self, state: &'a State) -> impl Iterator<Item = &'a Fact> {
        state.ids().filter_map(|id| self.facts.get(id))
    }

    /// The facts that are true and that some action could change.
    pub fn fluents<'a>(&'a self, state: &'a State) -> impl Iterator<Item = &'a Fact> {
        state.ids().filter(|&id| self.fluent.get(id) == Some(&true)).filter_map(|id| self.facts.get(id))
    }

    /// The facts that are true in `after` and not in `before`.
    pub fn newly<'a>(&'a self, before: &'a State, after: &'a State) -> impl Iterator<Item = &'a Fact> {
        after.ids().filter(|&id| !before.holds(id)).filter_map(|id| self.facts.get(id))
    }
}

fn repeats(args: &[String]) -> bool {
    args.iter().enumerate().any(|(index, arg)| args[..index].contains(arg))
}

/// The predicates that some action adds or deletes.
fn changing(domain: &Domain) -> HashSet<&str> {
    let effects = domain.actions.iter().flat_map(|action| action.adds.iter().chain(&action.deletes));
    effects.map(|atom| atom.predicate.as_str()).collect()
}

fn fact(atom: &Atom, args: &[String]) -> Fact {
    let name = |term: &Term| match term {
        Term::Parameter(index) => args[*index].clone(),
        Term::Constant(name) => name.clone(),
    };
    Fact { predicate: atom.predicate.clone(), args: atom.terms.iter().map(name).collect() }
}

/// Facts by id, numbered as they are met.
#[derive(Default)]
struct Facts {
    all: Vec<Fact>,
    ids: HashMap<Fact, usize>,
}

impl Facts {
    fn id(&mut self, fact: Fact) -> usize {
        *self.ids.entry(fact).or_insert_with_key(|fact| {
            self.all.push(fact.clone());
            self.all.len() - 1
        })
    }
}

/// Chooses arguments one after the other and gives up a choice as soon as a fact that never changes contradicts it.
struct Grounder<'a> {
    domain: &'a Domain,
    problem: &'a Problem,
    init: HashSet<&'a Fact>,
    changing: HashSet<&'a str>,
    tried: usize,
    found: Vec<(GroundAction, &'a Schema)>,
}

impl<'a> Grounder<'a> {
    fn new(domain: &'a Domain, problem: &'a Problem) -> Self {
        let init = problem.init.iter().collect();
        Self { domain, problem, init, changing: changing(domain), tried: 0, found: Vec::new() }
    }

    fn ground(mut self) -> Result<Vec<(GroundAction, &'a Schema)>, PddlError> {
        for schema in &self.domain.actions {
            if schema.parameters.len() > MAX_PARAMETERS {
                return Err(PddlError::TooLarge { what: "parameters of an action", limit: MAX_PARAMETERS });
            }
            self.choose(schema, &mut Vec::new())?;
        }
        Ok(self.found)
    }

    fn choose(&mut self, schema: &'a Schema, args: &mut Vec<String>) -> Result<(), PddlError> {
        self.tried += 1;
        if self.tried > MAX_TRIED {
            return Err(PddlError::TooLarge { what: "choices of arguments", limit: MAX_TRIED });
        }
        if !self.possible(schema, args) {
            return Ok(());
        }
        let Some(wanted) = schema.parameters.get(args.len()) else {
            if self.found.len() == MAX_GROUNDINGS {
                return Err(PddlError::TooLarge { what: "grounded actions", limit: MAX_GROUNDINGS });
            }
            self.found.push((GroundAction { name: schema.name.clone(), args: args.clone() }, schema));
            return Ok(());
        };
        for (name, kind) in &self.problem.objects {
            if self.domain.is_a(kind, wanted) {
                args.push(name.clone());
                let deeper = self.choose(schema, args);
                args.pop();
                deeper?;
            }
        }
        Ok(())
    }

    /// Whether the conditions that the last choice completes, on facts that never change, hold.
    fn possible(&self, schema: &Schema, args: &[String]) -> bool {
        let known = |term: &Term| !matches!(term, Term::Parameter(index) if *index >= args.len());
        schema
            .preconditions
            .iter()
            .filter(|atom| !self.changing.contains(atom.predicate.as_str()) && atom.terms.iter().all(known))
            .all(|atom| self.init.contains(&fact(atom, args)))
    }
}
