//! Which functions an entry gives to the model, and the order of the memory entries.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::copy::Copy;
use super::decode::Language;
use super::memory::{depends_on, id_for};
use super::prompt::hinted;
use super::service::CLASSES;
use crate::TaskError;

/// The documents of all services.
pub struct Functions {
    services: BTreeMap<String, Vec<Json>>,
}

/// The functions of an entry.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// Those that are known from the start, with the hint about the language.
    pub functions: Vec<Json>,
    /// Those that are added at the beginning of a turn, by its number, as the files have them.
    pub held_out: BTreeMap<usize, Vec<Json>>,
}

impl Functions {
    /// Reads the documents of the services.
    ///
    /// # Errors
    /// A file that is missing or broken.
    pub fn read(copy: &Copy) -> Result<Self, TaskError> {
        let memories = [("MemoryAPI_kv", "memory_kv"), ("MemoryAPI_rec_sum", "memory_rec_sum")];
        let read = |(class, file): (&str, &str)| {
            Ok((class.to_owned(), copy.lines(&format!("data/multi_turn_func_doc/{file}.json"))?))
        };
        Ok(Self { services: CLASSES.into_iter().chain(memories).map(read).collect::<Result<_, TaskError>>()? })
    }

    /// The functions of an entry of a category; `backend` is that of a memory.
    pub fn of(&self, entry: &Json, category: &str, backend: Option<&str>) -> Prepared {
        let mut functions = match entry["involved_classes"].as_array() {
            None => entry["function"].as_array().cloned().unwrap_or_default(),
            Some(classes) => {
                let names = classes.iter().filter_map(Json::as_str).map(|class| match backend {
                    Some(backend) => format!("{class}_{backend}"),
                    None => class.to_owned(),
                });
                names.filter_map(|name| self.services.get(&name)).flatten().cloned().collect()
            }
        };
        let mut held_out = BTreeMap::new();
        for (turn, names) in entry["missed_function"].as_object().into_iter().flatten() {
            let take = |name: &Json| {
                let at = functions.iter().position(|function| function["name"] == *name)?;
                Some(functions.remove(at))
            };
            let taken: Vec<Json> = names.as_array().into_iter().flatten().filter_map(take).collect();
            held_out.insert(turn.parse().unwrap_or(usize::MAX), taken);
        }
        Prepared { functions: hinted(&functions, Language::of(category)), held_out }
    }
}

/// The ids of a backend's conversations and questions in the order in which they run, and what each depends on.
///
/// # Errors
/// A file that is missing or broken.
pub fn memory_order(copy: &Copy, backend: &str) -> Result<Vec<(String, Vec<String>)>, TaskError> {
    let id = |entry: &Json| id_for(entry["id"].as_str().unwrap_or_default(), backend);
    let conversations: Vec<String> = conversations(copy)?.iter().map(id).collect();
    let questions = copy.rows("memory")?.into_iter().map(|row| id_for(&row.id, backend));
    let all = conversations.iter().cloned().chain(questions);
    Ok(all.map(|id| (id.clone(), depends_on(&id, &conversations))).collect())
}

/// The conversations that fill the memories, in the order of their numbers.
pub(super) fn conversations(copy: &Copy) -> Result<Vec<Json>, TaskError> {
    let mut all = Vec::new();
    for scenario in super::memory::SCENARIOS {
        all.extend(copy.lines(&format!("data/memory_prereq_conversation/memory_{scenario}.json"))?);
    }
    let number = |entry: &Json| {
        let id = entry["id"].as_str().unwrap_or_default().split('-').next().unwrap_or_default();
        id.rsplit('_').next().and_then(|number| number.parse::<usize>().ok()).unwrap_or(usize::MAX)
    };
    all.sort_by_key(number);
    Ok(all)
}
