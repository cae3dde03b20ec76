//! A desk with a sheet on it, judged by its cells: AgentBoard's rules.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value as Json, json};

use super::super::action::{FORMAT_ERROR, Stated};
use super::super::call::{Called, call, list};
use super::super::facts::{BROKEN, HELP, OPENING, network_error};
use super::super::progress::{Rows, sheet_match};
use super::super::service::{Function, Service};
use super::functions::{Sheets, listed};
use crate::pattern;
use crate::python::Value;
use crate::real_world::agent::{Effect, Progress, World};

/// The name of the sheet that a goal speaks of: `"Sheet7"`, in quotes.
///
/// ```
/// assert_eq!(task::real_world::tools::sheet_name("In \"Sheet12\", sort"), Some("Sheet12".to_owned()));
/// assert_eq!(task::real_world::tools::sheet_name("In Sheet12, sort"), None);
/// ```
pub fn sheet_name(goal: &str) -> Option<String> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| pattern(r#""(Sheet\d{1,2})""#));
    Some(NAME.captures(goal)?[1].to_owned())
}

/// The desk.
pub struct SheetDesk {
    sheets: Sheets,
    goal: String,
    gold: Rows,
    /// The name of the sheet that was opened, and what that showed.
    name: String,
    opened: String,
    actions: Vec<String>,
    /// The share of right cells before the first action, over the smallest rectangle that holds both sheets.
    start: f64,
    /// The largest share after an action, over the rectangle that both have.
    best: f64,
    /// And over the one that holds both.
    whole: f64,
    finished: bool,
    broken: bool,
}

impl SheetDesk {
    /// Opens the sheet that the goal names.
    pub fn new(mut sheets: Sheets, goal: String, gold: Rows) -> Self {
        let name = sheet_name(&goal).unwrap_or_else(|| "None".to_owned());
        let open = Function { name: "open_sheet", keys: &["name"] };
        // What is not there stays closed, and every action is told so.
        let _ = sheets.call(open.name, &vec![("name", Value::from(name.as_str()))]);
        let values = sheets.open().map(super::Grid::values);
        let shown = values.as_ref().map_or(Value::from("l"), listed);
        let opened = format!("You are now in {name}\n{}", crate::python::text(&shown));
        let start = values.map_or(0.0, |values| sheet_match(&values, &gold, true));
        let actions = sheets.functions().iter().map(|function| function.name.to_owned()).collect();
        Self { sheets, goal, gold, name, opened, actions, start, best: 0.0, whole: 0.0, finished: false, broken: false }
    }

    /// With other names to tell an agent that uses one that is none, where any are given.
    pub fn with_actions(mut self, actions: &[String]) -> Self {
        if !actions.is_empty() {
            self.actions = actions.to_vec();
        }
        self
    }

    fn share(&self, whole: bool) -> f64 {
        self.sheets.open().map_or(0.0, |grid| sheet_match(&grid.values(), &self.gold, whole))
    }

    fn step(&mut self, stated: &Stated) -> Called {
        let mut called = call_sheet(&mut self.sheets, stated);
        if called.observation.starts_with("ERROR | Invalid action: ") {
            called.observation.push_str(&format!(" Please choose another valid action from {}", list(&self.actions)));
        }
        self.finished = !called.raised && stated.sent().to_lowercase().contains("finish");
        if !called.observation.contains("Invalid") {
            self.best = self.best.max(self.share(false));
            self.whole = self.whole.max(self.share(true));
        }
        self.broken = network_error(&called.observation);
        called
    }
}

/// Every other tool can be asked for its actions; this one knows no such action.
fn call_sheet(sheets: &mut Sheets, stated: &Stated) -> Called {
    match stated.read() {
        Ok((name, _)) if name == HELP => {
            Called { observation: format!("ERROR | Invalid action: {name}."), logged: None, raised: false }
        }
        _ => call(sheets, stated, &[]),
    }
}

impl World for SheetDesk {
    fn goal(&self) -> String {
        self.goal.clone()
    }

    fn observe(&self) -> String {
        OPENING.to_owned()
    }

    fn began(&self) -> Vec<(&'static str, String)> {
        let action = format!("open_sheet with Action Input: {{'name': '{}'}}", self.name);
        vec![("Observation", self.observe()), ("Action", action), ("Observation", self.opened.clone())]
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
                Effect { valid: called.grounded(), observation: called.observation, action: Some(stated.remembered()) }
            }
        }
    }

    fn progress(&self) -> Progress {
        let cells = |rows: &Rows| rows.iter().map(Vec::len).sum::<usize>();
        let goals = cells(&self.gold);
        let now = self.share(false);
        let met = (now * goals as f64).round() as usize;
        let won = self.finished && !self.broken && self.best >= 1.0;
        Progress { best: self.best, now: 0.0, won, met: met.min(goals), goals }
    }

    fn more(&self) -> Json {
        json!({"whole": self.whole, "whole_at_start": self.start})
    }
}
