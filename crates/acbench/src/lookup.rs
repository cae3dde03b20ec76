//! Names as they are typed: tasks, capabilities, methods; the nearest one where there is none of that name.

use compress::{METHODS, MethodInfo};
use record::{Capability, Scoring};
use task::{DEVIATIONS, TASKS, Task};

use crate::Error;

/// The tasks of some names: task names, names of benchmarks of several tasks, capability names, or `all`; in the table's order, each once. Capabilities and
/// `all` do not stand for tasks that are to be [named](task::TaskInfo::named_only).
///
/// # Errors
/// The first name that is neither, with the nearest one that is.
pub fn tasks(names: &[String]) -> Result<Vec<&'static dyn Task>, Error> {
    let names: Vec<String> = names.iter().map(|name| plain(name)).filter(|name| !name.is_empty()).collect();
    let called = |task: &dyn Task, name: &str| {
        task.name() == name
            || benchmark(task) == Some(name)
            || !task.info().named_only && (name == "all" || task.capability().as_str() == name)
    };
    if let Some(name) = names.iter().find(|name| !TASKS.iter().any(|task| called(*task, name))) {
        return Err(unknown("task", name, known_tasks()));
    }
    let mut chosen: Vec<&'static dyn Task> = TASKS.to_vec();
    let names = if names.is_empty() { vec!["all".to_owned()] } else { names };
    chosen.retain(|task| names.iter().any(|name| called(*task, name)));
    Ok(chosen)
}

/// The benchmark of several tasks, whose name stands for all of them: `bfcl`, `teval`.
fn benchmark(task: &dyn Task) -> Option<&'static str> {
    let name = task.info().deviations?.task;
    task.name().strip_prefix(name).is_some_and(|rest| rest.starts_with('_')).then_some(name)
}

/// The task of a name.
///
/// # Errors
/// A name that no task has.
pub fn task(name: &str) -> Result<&'static dyn Task, Error> {
    let found = TASKS.iter().find(|task| task.name() == name);
    found.copied().ok_or_else(|| unknown("task", name, known_tasks()))
}

/// A way of scoring: `corrected`, `paper`, or one of them but for single deviations, `paper+first_value`,
/// `corrected-teval.same_values`.
///
/// # Errors
/// Another text, or a deviation that no task has, with the nearest one.
pub fn scoring(text: &str) -> Result<Scoring, Error> {
    let bad = |problem: String| Error::Flag { flag: "--scoring", value: text.to_owned(), problem };
    let scoring: Scoring = text.trim().parse().map_err(bad)?;
    let known: Vec<(&str, &str)> =
        DEVIATIONS.iter().flat_map(|of| (of.rows)().into_iter().map(|(name, _)| (of.task, name))).collect();
    for named in scoring.named() {
        let (task, name) = named.split_once('.').map_or((None, named), |(task, name)| (Some(task), name));
        if !known.iter().any(|(of, known)| *known == name && task.is_none_or(|task| task == *of)) {
            return Err(unknown("deviation", named, known.iter().map(|(_, name)| *name).collect()));
        }
    }
    Ok(scoring)
}

/// The method of a name.
///
/// # Errors
/// A name that no method has, with the nearest one.
pub fn method(name: &str) -> Result<&'static MethodInfo, Error> {
    let name = plain(name);
    let known = || METHODS.iter().map(|method| method.name).collect();
    METHODS.iter().find(|method| method.name == name).ok_or_else(|| unknown("method", &name, known()))
}

/// A name of a list, in whatever case it was typed.
///
/// # Errors
/// A name that is not in it, with the nearest one.
pub fn one(kind: &'static str, name: &str, known: Vec<&'static str>) -> Result<&'static str, Error> {
    let same = |candidate: &&&str| plain(candidate) == plain(name);
    let found = known.iter().find(same).copied();
    found.ok_or_else(|| unknown(kind, name, known))
}

/// Capabilities, then tasks.
fn known_tasks() -> Vec<&'static str> {
    Capability::ALL.iter().map(|capability| capability.as_str()).chain(TASKS.iter().map(|task| task.name())).collect()
}

/// `Tool-Use` is `tool_use`.
fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace('-', "_")
}

fn unknown(kind: &'static str, name: &str, known: Vec<&'static str>) -> Error {
    let alike = |candidate: &&&str| strsim::normalized_damerau_levenshtein(name, candidate);
    let nearest = known.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)));
    let nearest = nearest.filter(|candidate| alike(candidate) >= 0.5).copied();
    Error::Unknown { kind, name: name.to_owned(), nearest, known }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str]) -> Result<Vec<&'static str>, Error> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(tasks(&names)?.iter().map(|task| task.name()).collect())
    }

    #[test]
    fn tasks_are_chosen_by_task_or_capability_in_the_table_s_order() -> Result<(), Error> {
        let all: Vec<&str> = TASKS.iter().filter(|task| !task.info().named_only).map(|task| task.name()).collect();
        assert_eq!(chosen(&["all"])?, all);
        assert_eq!(chosen(&[])?, all);
        assert_eq!(chosen(&["Real-World", "workflow", "worfbench"])?, ["worfbench", "pddl"]);
        Ok(())
    }

    #[test]
    fn single_deviations_are_known_by_name() -> Result<(), Error> {
        for text in ["corrected", "paper", "paper+first_value", "corrected-teval.no_free_match-all_orders"] {
            assert_eq!(scoring(text)?.to_string().len(), text.len());
        }
        for (text, says) in
            [("best", "neither"), ("paper+fist_value", "first_value"), ("paper+longbench.all_orders", "all_orders")]
        {
            let error = scoring(text).err().map(|error| format!("{error:?}")).unwrap_or_default();
            assert!(error.contains(says), "{text}: {error}");
        }
        Ok(())
    }

    #[test]
    fn an_unknown_name_is_met_with_the_nearest() {
        for (name, near) in [("worfbnch", "worfbench"), ("tooluse", "tool_use"), ("longcontext", "long_context")] {
            let error = chosen(&[name]).err();
            assert!(matches!(&error, Some(Error::Unknown { nearest: Some(found), .. }) if *found == near), "{error:?}");
        }
        assert!(matches!(method("qptg"), Err(Error::Unknown { nearest: Some("gptq"), .. })));
        assert!(matches!(method("zzzzz"), Err(Error::Unknown { nearest: None, .. })));
    }
}
