//! A service whose use is judged by what it brought to light: AgentBoard's rules for academia, weather, movie and todo.

use super::action::{FORMAT_ERROR, Stated};
use super::call::{Called, call, names};
use super::progress::credited;
use super::service::Service;
use crate::python::Value;
use crate::real_world::agent::{Effect, Progress, World};

/// What is to be found out or done.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// In a sentence.
    pub goal: String,
    /// The results that calls have to bring to light, the answer among them.
    pub results: Vec<Value>,
    /// Whether results with a place are equal where the places are near.
    pub places: bool,
    /// What the service's state must be at the end, where that counts.
    pub end: Option<Value>,
}

/// A desk with one tool on it.
pub struct Facts<S> {
    service: S,
    /// What the service's state is, of those that have one.
    state: fn(&S) -> Value,
    wanted: Wanted,
    /// What is shown before the first action.
    opening: &'static str,
    actions: Vec<String>,
    logged: Vec<Value>,
    best: f64,
    finished: bool,
    broken: bool,
}

/// What AgentBoard says before the first action.
pub(super) const OPENING: &str =
    "Once you have finished the goal, please remember to take 'finish' action to end this goal.";
/// And to an agent that asks for weather.
pub(super) const OPENING_PLACES: &str = "If you want to get the latitude and longitude information of a city, you must \
    call \"get_latitude_longitude\", do not generate it by yourself which maybe wrong. Once you have finished the goal, \
    please remember to take 'finish' action to end this goal.";
/// The action that asks for help.
pub(super) const HELP: &str = "check_valid_actions";

/// Why an episode stops where a result tells of a broken connection.
pub(super) const BROKEN: &str = "a result tells of a broken connection";

impl<S: Service> Facts<S> {
    /// A desk before the first action; `state` is only asked where [`Wanted::end`] counts.
    pub fn new(service: S, state: fn(&S) -> Value, wanted: Wanted) -> Self {
        let opening = if wanted.places { OPENING_PLACES } else { OPENING };
        let actions = names(&service);
        Self { service, state, wanted, opening, actions, logged: Vec::new(), best: 0.0, finished: false, broken: false }
    }

    /// With other names for `check_valid_actions` to tell, where any are given.
    pub fn with_actions(mut self, actions: &[String]) -> Self {
        if !actions.is_empty() {
            self.actions = actions.to_vec();
        }
        self
    }

    fn step(&mut self, stated: &Stated) -> Called {
        let mut called = call(&mut self.service, stated, &self.actions);
        self.logged.extend(called.logged.take());
        if !called.raised {
            self.finished = stated.finishes();
            // The reference looks for this word in whatever was observed.
            if !called.observation.contains("Invalid") {
                self.best = self.best.max(self.share());
            }
        }
        self.broken = network_error(&called.observation);
        called
    }

    fn met(&self) -> usize {
        credited(&self.wanted.results, &self.logged, self.wanted.places)
    }

    fn share(&self) -> f64 {
        self.met() as f64 / self.wanted.results.len().max(1) as f64
    }

    fn won(&self) -> bool {
        let ends_well = || self.wanted.end.as_ref().is_none_or(|end| (self.state)(&self.service) == *end);
        self.finished && !self.broken && self.best >= 1.0 && ends_well()
    }
}

impl<S: Service> World for Facts<S> {
    fn goal(&self) -> String {
        self.wanted.goal.clone()
    }

    fn observe(&self) -> String {
        self.opening.to_owned()
    }

    fn help(&self) -> &'static str {
        HELP
    }

    fn over(&self) -> bool {
        self.finished || self.broken
    }

    fn stopped(&self) -> Option<String> {
        self.broken.then(|| BROKEN.to_owned())
    }

    fn act(&mut self, said: &str) -> Effect {
        match Stated::find(said.trim()) {
            None => Effect { observation: FORMAT_ERROR.to_owned(), valid: false, action: Some(String::new()) },
            Some(stated) => {
                let called = self.step(&stated);
                let valid = called.grounded();
                Effect { observation: called.observation, valid, action: Some(stated.remembered()) }
            }
        }
    }

    fn progress(&self) -> Progress {
        let (met, goals) = (self.met(), self.wanted.results.len());
        Progress { best: self.best, now: self.share(), won: self.won(), met, goals }
    }
}

/// Whether an observation tells of a broken connection; AgentBoard ends the episode there.
pub fn network_error(observation: &str) -> bool {
    const ERRORS: [&str; 8] = [
        "ConnectionError",
        "HTTPError",
        "HTTPSError",
        "TimeoutError",
        "SSLError",
        "ProxyError",
        "TooManyRedirects",
        "RequestException",
    ];
    ERRORS.iter().any(|error| observation.contains(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::literal_value;
    use crate::real_world::tools::todo::{Here, Project, Task, Todo};

    fn desk(results: &[&str]) -> Facts<Todo> {
        let task = Task {
            content: "paint".into(),
            description: String::new(),
            due_date: "2031-02-03".into(),
            duration: None,
            duration_unit: None,
            priority: 1,
        };
        let here = Here { current_date: Some("2031-01-01".into()), current_location: None };
        let todo = Todo::new(here, &[Project { name: "House".into(), tasks: vec![task] }]);
        let results = results.iter().filter_map(|text| literal_value(text)).collect();
        Facts::new(todo, Todo::state, Wanted { goal: "g".into(), results, ..Wanted::default() })
    }

    #[test]
    fn results_count_once_they_were_seen_and_finish_ends() {
        let mut desk = desk(&["'2031-01-01'", "'yes'"]);
        let mut act = |said: &str| {
            let effect = desk.act(said);
            (effect.observation, effect.valid, desk.progress().best, desk.over())
        };
        assert_eq!(act("get_user_current_date"), (FORMAT_ERROR.to_owned(), false, 0.0, false));
        assert_eq!(act("fly with Action Input: {}"), ("ERROR | Invalid action: fly.".to_owned(), false, 0.0, false));
        let raised = "ERROR | KeyError('answer')".to_owned();
        assert_eq!(act("finish with Action Input: {}"), (raised, false, 0.0, false));
        assert_eq!(act("get_user_current_date with Action Input: {}"), ("2031-01-01".to_owned(), true, 0.5, false));
        assert_eq!(act("finish with Action Input: {'answer': 'yes'}"), ("yes".to_owned(), true, 1.0, true));
        assert!(desk.progress().won);
    }

    #[test]
    fn a_broken_connection_ends_without_success() {
        let mut desk = desk(&[]);
        // The reference looks for the names of errors in whatever was observed.
        desk.act("delete_task with Action Input: {'task_id': 'HTTPError'}");
        assert!(desk.over() && desk.stopped().is_some() && !desk.progress().won);
    }

    #[test]
    fn the_state_at_the_end_counts_where_it_is_wanted() {
        let play = |deletes: bool| {
            let mut desk = desk(&["'done'"]);
            desk.wanted.end = literal_value(
                "{'projects': [{'order': 1, 'color': 'charcoal', 'name': 'House', 'is_favorite': False}], 'tasks': []}",
            );
            if deletes {
                desk.act("delete_task with Action Input: {'task_id': '6530020001'}");
            }
            desk.act("finish with Action Input: {'answer': 'done'}");
            (desk.progress().best, desk.progress().won)
        };
        assert_eq!((play(true), play(false)), ((1.0, true), (1.0, false)));
    }
}
