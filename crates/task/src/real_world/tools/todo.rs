//! A list of things to do in memory, for AgentBoard's todo tool: Todoist's REST API, version 2, is retired (HTTP 410), so
//! that the reference cannot run any more.
//!
//! What the service returns has the fields that AgentBoard leaves of Todoist's objects, in its order. Not known, since the
//! service cannot be asked: where Todoist begins to count `order` (1 here), the color of a new project (`charcoal`, its
//! documented default) and the words with which it refuses.

use serde::{Deserialize, Serialize};

use super::day::read_day;
use super::progress::without;
use super::raised::Raised;
use super::service::{Function, Named, Refused, Service, argument, dict};
use crate::python::{Value, text};

/// A project as AgentBoard's `projects.json` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// Its tasks.
    pub tasks: Vec<Task>,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// What is to be done.
    pub content: String,
    /// More about it.
    #[serde(default)]
    pub description: String,
    /// `2015-06-01`.
    pub due_date: String,
    /// How long it takes.
    #[serde(default)]
    pub duration: Option<i64>,
    /// In what: `minute`, `day`.
    #[serde(default)]
    pub duration_unit: Option<String>,
    /// From 1 (normal) to 4 (urgent).
    #[serde(default = "normal")]
    pub priority: i64,
}

fn normal() -> i64 {
    1
}

/// When and where the user is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Here {
    /// `2015-06-01`.
    pub current_date: Option<String>,
    /// A city.
    pub current_location: Option<String>,
}

impl Here {
    pub(super) fn date(&self) -> Value {
        self.current_date.as_deref().map_or(Value::None, Value::from)
    }

    pub(super) fn location(&self) -> Value {
        self.current_location.as_deref().map_or(Value::None, Value::from)
    }
}

/// The service.
pub struct Todo {
    here: Here,
    projects: Vec<ProjectEntry>,
    tasks: Vec<TaskEntry>,
}

struct ProjectEntry {
    id: String,
    name: String,
    favorite: bool,
}

struct TaskEntry {
    id: String,
    project: String,
    order: usize,
    task: Task,
    completed: bool,
}

const FUNCTIONS: &[Function] = &[
    Function { name: "get_user_current_date", keys: &[] },
    Function { name: "get_user_current_location", keys: &[] },
    Function { name: "get_projects", keys: &[] },
    Function { name: "update_project", keys: &["project_id", "is_favorite"] },
    Function { name: "get_tasks", keys: &["project_id"] },
    Function { name: "get_task_description", keys: &["task_id"] },
    Function { name: "get_task_duration", keys: &["task_id"] },
    Function { name: "complete_task", keys: &["task_id"] },
    Function { name: "update_task", keys: &["task_id", "due_date"] },
    Function { name: "delete_task", keys: &["task_id"] },
];

/// The first identity of a project and of a task.
const FIRST: (u64, u64) = (2_210_640_001, 6_530_020_001);

impl Todo {
    /// The service with these projects, whose ids count up as accounts' do.
    pub fn new(here: Here, projects: &[Project]) -> Self {
        let (mut project, mut task) = FIRST;
        Self::with_ids(here, projects, |of_project| {
            let next = if of_project { &mut project } else { &mut task };
            *next += 1;
            *next - 1
        })
    }

    /// The service with these projects and the ids that are given for a project (true) or task (false) after another.
    pub fn with_ids(here: Here, projects: &[Project], mut next: impl FnMut(bool) -> u64) -> Self {
        let mut all = Self { here, projects: Vec::new(), tasks: Vec::new() };
        for project in projects {
            let id = next(true).to_string();
            for (order, task) in project.tasks.iter().enumerate() {
                let task_id = next(false).to_string();
                let (project, task) = (id.clone(), task.clone());
                all.tasks.push(TaskEntry { id: task_id, project, order: order + 1, task, completed: false });
            }
            all.projects.push(ProjectEntry { id, name: project.name.clone(), favorite: false });
        }
        all
    }

    /// All that is left to do, without identities: `{"projects": [..], "tasks": [..]}`.
    pub fn state(&self) -> Value {
        let projects = (1..).zip(&self.projects).map(|(order, project)| without(&project.shown(order), &["id"]));
        let open = self.projects.iter().flat_map(|project| self.open(&project.id));
        let tasks = open.map(|entry| without(&entry.shown(), &["id"]));
        dict([("projects", Value::List(projects.collect())), ("tasks", Value::List(tasks.collect()))])
    }

    /// The ids of every task's project and its own, project by project.
    pub(super) fn placed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tasks.iter().map(|entry| (entry.project.as_str(), entry.id.as_str()))
    }

    fn open<'a>(&'a self, project: &'a str) -> impl Iterator<Item = &'a TaskEntry> {
        self.tasks.iter().filter(move |entry| entry.project == project && !entry.completed)
    }

    fn task(&mut self, id: &Value) -> Option<&mut TaskEntry> {
        let id = text(id);
        self.tasks.iter_mut().find(|entry| entry.id == id)
    }

    fn tasks_of(&self, project: &Value) -> Result<Value, Refused> {
        let id = text(project);
        let all = matches!(project, Value::None);
        if !all && !self.projects.iter().any(|entry| entry.id == id) {
            return Err(Refused::Told("There is no project with this id.".into()));
        }
        let entries = self.tasks.iter().filter(|entry| !entry.completed && (all || entry.project == id));
        Ok(Value::List(entries.map(TaskEntry::shown).collect()))
    }

    fn favor(&mut self, arguments: &Named) -> Result<Value, Refused> {
        let id = text(argument(arguments, "project_id"));
        let favorite = match text(argument(arguments, "is_favorite")).to_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            "none" => None,
            _ => return Err(Refused::Told("is_favorite is neither true nor false.".into())),
        };
        let entry = (1..).zip(&mut self.projects).find(|(_, entry)| entry.id == id);
        let (order, entry) = entry.ok_or_else(|| Refused::Told("There is no project with this id.".into()))?;
        entry.favorite = favorite.unwrap_or(entry.favorite);
        Ok(message("Update the project successfully.", "project", entry.shown(order)))
    }

    fn complete(&mut self, id: &Value) -> Result<Value, Refused> {
        let entry = self.task(id).ok_or_else(|| no_task(id))?;
        let shown = without(&entry.shown(), &["is_completed"]);
        entry.completed = true;
        Ok(message("Complete task successfully.", "task", shown))
    }

    fn reschedule(&mut self, id: &Value, date: &Value) -> Result<Value, Refused> {
        let none = || Refused::Told("There is no task with this id.".into());
        let entry = self.task(id).ok_or_else(none)?;
        if !matches!(date, Value::None) {
            let date = text(date);
            if read_day(&date).is_none() {
                return Err(Refused::Told("The due date is no date of the form YYYY-MM-DD.".into()));
            }
            entry.task.due_date = date;
        }
        Ok(message("Update the task successfully", "task", entry.shown()))
    }

    fn delete(&mut self, id: &Value) -> Result<Value, Refused> {
        let wanted = text(id);
        let at = self.tasks.iter().position(|entry| entry.id == wanted).ok_or_else(|| no_task(id))?;
        let entry = self.tasks.remove(at);
        Ok(message("Delete the task successfully.", "task", entry.shown()))
    }

    fn detail(&mut self, function: &str, id: &Value) -> Result<Value, Refused> {
        let entry = self.task(id).ok_or_else(|| Refused::Told("There is no task with this id.".into()))?;
        let (id, content) = (Value::from(entry.id.as_str()), Value::from(entry.task.content.as_str()));
        let (name, value) = match function {
            "get_task_description" => ("description", entry.task.description.clone()),
            _ => match (entry.task.duration, &entry.task.duration_unit) {
                (Some(amount), Some(unit)) => ("duration", format!("{amount}({unit})")),
                _ => return Err(Raised::new("TypeError", "'NoneType' object is not subscriptable").into()),
            },
        };
        Ok(dict([("id", id), ("content", content), (name, Value::from(value.as_str()))]))
    }
}

impl ProjectEntry {
    fn shown(&self, order: usize) -> Value {
        dict([
            ("id", Value::from(self.id.as_str())),
            ("order", Value::Int(order.into())),
            ("color", Value::from("charcoal")),
            ("name", Value::from(self.name.as_str())),
            ("is_favorite", Value::Bool(self.favorite)),
        ])
    }
}

impl TaskEntry {
    fn shown(&self) -> Value {
        dict([
            ("id", Value::from(self.id.as_str())),
            ("order", Value::Int(self.order.into())),
            ("content", Value::from(self.task.content.as_str())),
            ("is_completed", Value::Bool(self.completed)),
            ("priority", Value::Int(self.task.priority.into())),
            ("due_date", Value::from(self.task.due_date.as_str())),
        ])
    }
}

fn message(says: &str, kind: &str, value: Value) -> Value {
    dict([("message", Value::from(says)), (kind, value)])
}

fn no_task(id: &Value) -> Refused {
    // AgentBoard's words.
    Refused::Told(format!("Task {} is not exists.", text(id)))
}

impl Service for Todo {
    fn functions(&self) -> &'static [Function] {
        FUNCTIONS
    }

    fn call(&mut self, function: &'static str, arguments: &Named) -> Result<Value, Refused> {
        let id = argument(arguments, "task_id");
        match function {
            "get_user_current_date" => Ok(self.here.date()),
            "get_user_current_location" => Ok(self.here.location()),
            "get_projects" => {
                Ok(Value::List((1..).zip(&self.projects).map(|(order, project)| project.shown(order)).collect()))
            }
            "update_project" => self.favor(arguments),
            "get_tasks" => self.tasks_of(argument(arguments, "project_id")),
            "complete_task" => self.complete(id),
            "update_task" => self.reschedule(id, argument(arguments, "due_date")),
            "delete_task" => self.delete(id),
            detail => self.detail(detail, id),
        }
    }

    /// Without identities, which every account has of its own.
    fn logged(&self, result: &Value) -> Value {
        let bare = |value: &Value| without(value, &["id"]);
        match result {
            Value::List(items) => Value::List(items.iter().map(bare).collect()),
            Value::Dict(_) => match bare(result) {
                Value::Dict(mut pairs) => {
                    for (key, value) in &mut pairs {
                        if *key == Value::from("task") || *key == Value::from("project") {
                            *value = bare(value);
                        }
                    }
                    Value::Dict(pairs)
                }
                other => other,
            },
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::literal_value;

    fn service() -> Todo {
        let task = |content: &str, duration| Task {
            content: content.into(),
            description: "at home".into(),
            due_date: "2031-02-03".into(),
            duration,
            duration_unit: duration.map(|_| "minute".into()),
            priority: 2,
        };
        let projects = [
            Project { name: "House".into(), tasks: vec![task("paint", Some(30)), task("clean", None)] },
            Project { name: "Work".into(), tasks: vec![task("write", Some(1))] },
        ];
        Todo::new(Here::default(), &projects)
    }

    fn said(service: &mut Todo, name: &str, input: &str) -> (String, String) {
        let function = super::super::service::find(service, name).expect("a function");
        let named = service.named(function, &literal_value(input).expect("a literal")).expect("all keys");
        match service.call(function.name, &named) {
            Ok(value) => (value.to_string(), service.logged(&value).to_string()),
            Err(Refused::Told(why)) => (why, String::new()),
            Err(Refused::Raised(raised)) => (raised.to_string(), String::new()),
        }
    }

    #[test]
    fn tasks_are_told_moved_done_and_deleted() {
        let mut todo = service();
        let (all, logged) = said(&mut todo, "get_tasks", "{'project_id': '2210640001'}");
        let first = "{'id': '6530020001', 'order': 1, 'content': 'paint', 'is_completed': False, 'priority': 2, 'due_date': '2031-02-03'}";
        assert!(all.starts_with(&format!("[{first}, {{'id': '6530020002'")), "{all}");
        assert!(logged.starts_with("[{'order': 1, 'content': 'paint'"), "{logged}");
        let (_, logged) = said(&mut todo, "update_task", "{'task_id': 6530020001, 'due_date': '2032-02-29'}");
        assert!(
            logged.contains("{'message': 'Update the task successfully', 'task': {'order': 1,")
                && logged.contains("2032-02-29")
        );
        assert!(
            said(&mut todo, "complete_task", "{'task_id': '6530020002'}").1.contains("'content': 'clean', 'priority'")
        );
        assert_eq!(
            said(&mut todo, "get_task_duration", "{'task_id': '6530020001'}").1,
            "{'content': 'paint', 'duration': '30(minute)'}"
        );
        assert_eq!(
            said(&mut todo, "get_task_duration", "{'task_id': '6530020002'}").0,
            "TypeError('NoneType' object is not subscriptable)"
        );
        said(&mut todo, "delete_task", "{'task_id': '6530020003'}");
        assert_eq!(said(&mut todo, "delete_task", "{'task_id': '6530020003'}").0, "Task 6530020003 is not exists.");
        assert!(
            said(&mut todo, "update_project", "{'project_id': '2210640002', 'is_favorite': 'True'}")
                .1
                .contains("'is_favorite': True")
        );
        let state = todo.state().to_string();
        assert_eq!(state.matches("'content'").count(), 1, "{state}");
        assert!(!state.contains("'id'"));
    }

    #[test]
    fn what_is_no_day_or_not_there_is_told() {
        let mut todo = service();
        for date in ["2031-02-29", "2031-2-3", "tomorrow", "2031-00-10", ""] {
            let (why, logged) =
                said(&mut todo, "update_task", &format!("{{'task_id': '6530020001', 'due_date': '{date}'}}"));
            assert!(why.contains("no date") && logged.is_empty(), "{date}: {why}");
        }
        for (name, input) in [("get_tasks", "{'project_id': 'x'}"), ("get_task_description", "{'task_id': ()}")] {
            assert!(said(&mut todo, name, input).0.starts_with("There is no "), "{name}");
        }
    }
}
