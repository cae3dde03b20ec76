//! Projects and tasks: orders that change a list of things to do.

use record::Rng;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::day::{day_text, read_day};
use super::super::todo::{Here, Project, Task, Todo};
use super::names::Names;
use super::scene::{Call, Level, Machine, Manual, Puzzle, Scene};
use crate::python::Value;

/// What there is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lists {
    /// What the ids are drawn from: they cannot be known before they are seen.
    seed: u64,
    here: Here,
    projects: Vec<Project>,
}

/// What is said of the tools.
pub const MANUAL: Manual = Manual {
    about: "The tools keep the user's projects and the tasks of each. Days are written like 2031-05-09; a priority is a \
        number from 1 to 4.",
    tools: &[
        ("get_user_current_date", "what day it is"),
        ("get_user_current_location", "where the user is"),
        ("get_projects", "all projects, each with its id"),
        ("update_project", "makes a project a favorite (true) or not (false)"),
        ("get_tasks", "the open tasks of a project, each with its id, its priority and the day when it is due"),
        ("get_task_description", "more about a task"),
        ("get_task_duration", "how long a task takes"),
        ("complete_task", "marks a task as done"),
        ("update_task", "moves a task to another day"),
        ("delete_task", "deletes a task"),
    ],
};

impl Machine for Todo {
    fn state(&self) -> Value {
        Todo::state(self)
    }
}

impl Lists {
    fn draw(rng: &mut Rng, names: &mut Names) -> Self {
        let today = 20_000 + rng.below(8000) as i64;
        let count = rng.between(3, 4);
        let projects = (0..count).map(|_| project(rng, names, today)).collect();
        let here = Here { current_date: Some(day_text(today)), current_location: Some(names.town(rng)) };
        Self { seed: rng.next_u64() >> 12, here, projects }
    }

    pub(super) fn machine(&self) -> Todo {
        let count = self.projects.iter().map(|project| project.tasks.len() + 1).sum();
        let mut rng = Rng::new(self.seed);
        // Each lies in a thousand of its own.
        let mut ids = rng.choose(9000, count).into_iter();
        Todo::with_ids(self.here.clone(), &self.projects, |_| {
            let thousand = ids.next().unwrap_or_default() + 1000;
            (thousand * 1000 + rng.below(1000)) as u64
        })
    }

    /// Project and task of every one, with their ids.
    fn entries(&self) -> Vec<Entry<'_>> {
        let todo = self.machine();
        let mut ids = todo.placed();
        let with = |project| move |task| (project, task);
        let all = self.projects.iter().flat_map(|project| project.tasks.iter().map(with(project)));
        let entry = |(project, task)| {
            let (project_id, id) = ids.next()?;
            Some(Entry { project, task, project_id: project_id.to_owned(), id: id.to_owned() })
        };
        all.filter_map(entry).collect()
    }
}

fn project(rng: &mut Rng, names: &mut Names, today: i64) -> Project {
    let count = rng.between(4, 6);
    let tasks = (0..count)
        .map(|_| Task {
            content: names.errand(rng),
            description: format!("Ask {} about it", names.person(rng)),
            due_date: day_text(today + rng.below(60) as i64),
            duration: Some(rng.between(1, 18) as i64 * 5),
            duration_unit: Some("minute".into()),
            priority: rng.between(1, 4) as i64,
        })
        .collect();
    Project { name: names.project(rng), tasks }
}

/// A task where it stands.
struct Entry<'a> {
    project: &'a Project,
    task: &'a Task,
    project_id: String,
    id: String,
}

impl Entry<'_> {
    fn change(&self, tool: &str) -> Call {
        Call::new(tool, [("task_id", json!(self.id))])
    }

    fn due(&self, day: &str) -> Call {
        Call::new("update_task", [("task_id", json!(self.id)), ("due_date", json!(day))])
    }
}

/// An order; `None` where the one that was drawn changes nothing, or too much.
pub fn draw(rng: &mut Rng, names: &mut Names, level: Level) -> Option<Puzzle> {
    let lists = Lists::draw(rng, names);
    let kinds: &[Order] = match level {
        Level::Easy => &[complete, postpone, delete, favor],
        Level::Hard => &[delete_early, complete_urgent, postpone_long, complete_first],
    };
    let (goal, mut calls) = rng.pick(kinds)?(&lists, rng)?;
    calls.push(Call::new("finish", []));
    Some(Puzzle { scene: Scene::Lists(lists), goal, calls })
}

type Order = fn(&Lists, &mut Rng) -> Option<(String, Vec<Call>)>;

/// The calls that show the tasks of a project.
fn opened(project_id: &str) -> Vec<Call> {
    vec![Call::new("get_projects", []), Call::new("get_tasks", [("project_id", json!(project_id))])]
}

/// A day after all that are drawn.
fn later(lists: &Lists, rng: &mut Rng) -> Option<String> {
    let today = read_day(lists.here.current_date.as_deref()?)?;
    Some(day_text(today + 61 + rng.below(40) as i64))
}

fn one(lists: &Lists, rng: &mut Rng, change: impl Fn(&Entry) -> (String, Call)) -> Option<(String, Vec<Call>)> {
    let entries = lists.entries();
    let entry = rng.pick(&entries)?;
    let (goal, call) = change(entry);
    let goal = goal.replace("TASK", &entry.task.content).replace("PROJECT", &entry.project.name);
    Some((goal, [opened(&entry.project_id), vec![call]].concat()))
}

fn complete(lists: &Lists, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let goal = "Mark the task \"TASK\" of the project \"PROJECT\" as done.";
    one(lists, rng, |entry| (goal.to_owned(), entry.change("complete_task")))
}

fn delete(lists: &Lists, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let goal = "Delete the task \"TASK\" of the project \"PROJECT\".";
    one(lists, rng, |entry| (goal.to_owned(), entry.change("delete_task")))
}

fn postpone(lists: &Lists, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let day = later(lists, rng)?;
    one(lists, rng, |entry| (format!("Move the task \"TASK\" of the project \"PROJECT\" to {day}."), entry.due(&day)))
}

fn favor(lists: &Lists, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let entries = lists.entries();
    let entry = rng.pick(&entries)?;
    let call = Call::new("update_project", [("project_id", json!(entry.project_id)), ("is_favorite", json!(true))]);
    let goal = format!("Make the project \"{}\" a favorite.", entry.project.name);
    Some((goal, vec![Call::new("get_projects", []), call]))
}

/// The tasks of a project that was drawn, and those of them that are meant: some, not all, three at most.
fn some(
    lists: &Lists,
    rng: &mut Rng,
    meant: impl Fn(&Task) -> bool,
    change: impl Fn(&Entry) -> Call,
) -> Option<(String, Vec<Call>)> {
    let name = &rng.pick(&lists.projects)?.name;
    let entries = lists.entries();
    let (mine, others): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().filter(|entry| entry.project.name == *name).partition(|entry| meant(entry.task));
    if !(2..=3).contains(&mine.len()) || others.is_empty() {
        return None;
    }
    let calls = opened(&mine.first()?.project_id).into_iter().chain(mine.iter().map(|entry| change(entry)));
    Some((name.clone(), calls.collect()))
}

fn delete_early(lists: &Lists, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let today = read_day(lists.here.current_date.as_deref()?)?;
    let day = day_text(today + rng.between(10, 40) as i64);
    let (name, calls) = some(lists, rng, |task| task.due_date < day, |entry| entry.change("delete_task"))?;
    Some((format!("Delete every task of the project \"{name}\" that is due before {day}."), calls))
}

fn complete_urgent(lists: &Lists, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let priority = rng.between(1, 4) as i64;
    let (name, calls) = some(lists, rng, |task| task.priority == priority, |entry| entry.change("complete_task"))?;
    Some((format!("Mark every task of the project \"{name}\" whose priority is {priority} as done."), calls))
}

fn postpone_long(lists: &Lists, rng: &mut Rng) -> Option<(String, Vec<Call>)> {
    let (minutes, day) = (rng.between(6, 14) as i64 * 5, later(lists, rng)?);
    let long = |task: &Task| task.duration.is_some_and(|duration| duration > minutes);
    let (name, calls) = some(lists, rng, long, |entry| entry.due(&day))?;
    let goal = format!("Move every task of the project \"{name}\" that takes more than {minutes} minutes to {day}.");
    let entries = lists.entries();
    let looked =
        entries.iter().filter(|entry| entry.project.name == name).map(|entry| entry.change("get_task_duration"));
    let (open, change) = calls.split_at(2);
    Some((goal, open.iter().cloned().chain(looked).chain(change.iter().cloned()).collect()))
}

fn complete_first(lists: &Lists, _: &mut Rng) -> Option<(String, Vec<Call>)> {
    let entries = lists.entries();
    let first = entries.iter().min_by_key(|entry| &entry.task.due_date)?;
    if entries.iter().filter(|entry| entry.task.due_date == first.task.due_date).count() > 1 {
        return None;
    }
    let mut calls = vec![Call::new("get_projects", [])];
    let mut ids: Vec<&str> = entries.iter().map(|entry| entry.project_id.as_str()).collect();
    ids.dedup();
    calls.extend(ids.iter().map(|id| Call::new("get_tasks", [("project_id", json!(id))])));
    calls.push(first.change("complete_task"));
    let names: Vec<String> = lists.projects.iter().map(|project| format!("\"{}\"", project.name)).collect();
    Some((format!("Of all tasks of the projects {}, mark the one that is due first as done.", names.join(", ")), calls))
}
