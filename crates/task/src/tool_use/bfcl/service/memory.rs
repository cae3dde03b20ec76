//! The memories of the agentic part: keys and values, or one text.

use super::values::{error, find, keys, object, remove, said, set, whole, words_of};
use super::{Answer, Given, Service};
use crate::python::{Layout, Value, compared, dumps, split, text};

/// Which memory a model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tool_use::bfcl) enum Backend {
    /// Keys and values, short ones at hand and long ones in an archive.
    KeyValue,
    /// One text.
    Summary,
}

impl Backend {
    pub(in crate::tool_use::bfcl) const ALL: [(&'static str, Self); 2] =
        [("kv", Self::KeyValue), ("rec_sum", Self::Summary)];
}

const KEY_VALUE: &[(&str, &str)] = &[
    ("core_memory_add", "key, value"),
    ("core_memory_remove", "key"),
    ("core_memory_replace", "key, value"),
    ("core_memory_clear", ""),
    ("core_memory_retrieve", "key"),
    ("core_memory_list_keys", ""),
    ("core_memory_key_search", "query, k=5"),
    ("core_memory_retrieve_all", ""),
    ("archival_memory_add", "key, value"),
    ("archival_memory_remove", "key"),
    ("archival_memory_replace", "key, value"),
    ("archival_memory_clear", ""),
    ("archival_memory_retrieve", "key"),
    ("archival_memory_list_keys", ""),
    ("archival_memory_key_search", "query, k=5"),
];

const SUMMARY: &[(&str, &str)] = &[
    ("memory_append", "text"),
    ("memory_update", "text"),
    ("memory_clear", ""),
    ("memory_replace", "old_text, new_text"),
    ("memory_retrieve", ""),
];

/// The most characters of a memory that is one text.
const MOST_TEXT: usize = 10_000;

/// A memory.
#[derive(Debug, Clone)]
pub(in crate::tool_use::bfcl) enum MemoryService {
    KeyValue { core: Value, archive: Value },
    Summary(String),
}

impl MemoryService {
    /// An empty memory, or that of a snapshot.
    pub(in crate::tool_use::bfcl) fn new(backend: Backend, snapshot: Option<&Value>) -> Self {
        let part = |key: &str| snapshot.and_then(|snapshot| snapshot.get(key));
        match backend {
            Backend::KeyValue => {
                let table = |key: &str| part(key).cloned().unwrap_or_else(|| Value::Dict(Vec::new()));
                Self::KeyValue { core: table("core_memory"), archive: table("archival_memory") }
            }
            Backend::Summary => Self::Summary(part("memory").map(text).unwrap_or_default()),
        }
    }

    /// What is stored of it.
    pub(in crate::tool_use::bfcl) fn snapshot(&self) -> Value {
        match self {
            Self::KeyValue { core, archive } => {
                object([("core_memory", core.clone()), ("archival_memory", archive.clone())])
            }
            Self::Summary(words) => said("memory", words),
        }
    }

    /// What a model is shown of it before it begins; `None` where it is empty.
    pub(in crate::tool_use::bfcl) fn context(&self) -> Option<String> {
        match self {
            Self::KeyValue { core, .. } if core.truthy() => dumps(core, Layout { indent: Some(4), sorted: false }),
            Self::Summary(words) if !words.is_empty() => Some(words.clone()),
            _ => None,
        }
    }

    /// How many entries it holds and how many it may: at hand, in the archive.
    pub(in crate::tool_use::bfcl) fn fill(&self) -> [(usize, usize); 2] {
        match self {
            Self::KeyValue { core, archive } => [(keys(core).len(), 7), (keys(archive).len(), 50)],
            Self::Summary(words) => [(words.chars().count(), MOST_TEXT), (0, 0)],
        }
    }
}

/// One of the two tables: its sizes and the words that it says.
struct Table<'m> {
    entries: &'m mut Value,
    core: bool,
}

impl Table<'_> {
    fn call(&mut self, action: &str, given: &Given) -> Answer {
        match action {
            "add" => Ok(self.add(&given[0], &given[1])),
            "remove" => Ok(match remove(self.entries, &given[0]) {
                true => said("status", "Key removed."),
                false => error("Key not found."),
            }),
            "replace" => Ok(self.replace(&given[0], &given[1])),
            "clear" => {
                *self.entries = Value::Dict(Vec::new());
                Ok(said("status", if self.core { "Short term memory cleared." } else { "Long term memory cleared." }))
            }
            "retrieve" => Ok(match find(self.entries, &given[0]) {
                Some(value) => object([("value", value.clone())]),
                None => error("Key not found."),
            }),
            "list_keys" => Ok(object([("keys", Value::List(keys(self.entries)))])),
            "retrieve_all" => Ok(self.entries.clone()),
            _ => self.search(&given[0], &given[1]),
        }
    }

    fn longest(&self) -> usize {
        if self.core { 300 } else { 2000 }
    }

    fn too_long(&self, value: &str) -> Option<Value> {
        let most = self.longest();
        let why = format!("Entry is too long. Please shorten the entry to less than {most} characters.");
        (value.chars().count() > most).then(|| error(why))
    }

    fn add(&mut self, key: &Value, value: &Value) -> Value {
        let (key, value) = (text(key), text(value));
        let (most, name) = if self.core { (7, "Core") } else { (50, "Long term") };
        if keys(self.entries).len() >= most {
            return error(format!("{name} memory is full. Please clear some entries."));
        }
        if let Some(refused) = self.too_long(&value) {
            return refused;
        }
        if !snake_case(&key) {
            return error("Key must be in snake_case format and cannot contain spaces.");
        }
        if find(self.entries, &words_of(&key)).is_some() {
            return error("Key name must be unique.");
        }
        set(self.entries, words_of(&key), words_of(&value));
        said("status", if self.core { "Key-value pair added." } else { "Key added." })
    }

    fn replace(&mut self, key: &Value, value: &Value) -> Value {
        let (key, value) = (words_of(text(key)), text(value));
        if find(self.entries, &key).is_none() {
            return error("Key not found.");
        }
        if let Some(refused) = self.too_long(&value) {
            return refused;
        }
        set(self.entries, key, words_of(value));
        said("status", "Key replaced.")
    }

    /// BM25+ (Lv and Zhai 2011) of the query over the keys, each a document of the words between its underscores.
    fn search(&self, query: &Value, count: &Value) -> Answer {
        let words = |of: &str| split(&of.replace('_', " ").to_lowercase()).map(str::to_owned).collect::<Vec<_>>();
        let keys = keys(self.entries);
        if keys.is_empty() {
            return Err("division by zero".to_owned());
        }
        let Value::Text(_) = query else {
            return Err(format!("'{}' object has no attribute 'replace'", query.type_name()));
        };
        let documents: Vec<Vec<String>> = keys.iter().map(|key| words(&text(key))).collect();
        let mean = documents.iter().map(Vec::len).sum::<usize>() as f64 / documents.len() as f64;
        let mut scores = vec![0.0; documents.len()];
        for word in words(&text(query)) {
            let having = documents.iter().filter(|document| document.contains(&word)).count();
            if having == 0 {
                continue;
            }
            let rarity = ((documents.len() + 1) as f64 / having as f64).ln();
            for (score, document) in scores.iter_mut().zip(&documents) {
                let times = document.iter().filter(|other| **other == word).count() as f64;
                let length = 1.0 - 0.75 + 0.75 * document.len() as f64 / mean;
                *score += rarity * (1.0 + times * 2.5 / (1.5 * length + times));
            }
        }
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let Some(kept) = sliced(order.len(), count) else {
            return Err("slice indices must be integers or None or have an __index__ method".to_owned());
        };
        let row = |at: &usize| Value::List(vec![Value::Float(scores[*at]), keys[*at].clone()]);
        Ok(object([("ranked_results", Value::List(order[..kept].iter().map(row).collect()))]))
    }
}

/// How many items `[:count]` keeps.
fn sliced(length: usize, count: &Value) -> Option<usize> {
    if *count == Value::None {
        return Some(length);
    }
    let negative = compared(count, "<", &whole(0)).ok()?;
    let size = usize::try_from(count.whole()?.magnitude()).unwrap_or(usize::MAX);
    Some(if negative { length.saturating_sub(size) } else { size.min(length) })
}

/// Lower-case words with underscores between them; a last line end passes.
fn snake_case(key: &str) -> bool {
    let key = key.strip_suffix('\n').unwrap_or(key);
    let word = |(index, part): (usize, &str)| {
        let letters = |c: char| c.is_ascii_lowercase() || index > 0 && c.is_ascii_digit();
        !part.is_empty() && part.chars().all(letters)
    };
    key.split('_').enumerate().all(word)
}

fn summary(memory: &mut String, method: &str, given: &Given) -> Answer {
    let too_long = |words: &str, when: &str| {
        let why = format!(
            "Entry will be too long after {when}. Please shorten the entry to less than {MOST_TEXT} characters."
        );
        (words.chars().count() > MOST_TEXT).then(|| error(why))
    };
    let done = |status: &str| Ok(said("status", status));
    match method {
        "memory_append" => {
            let joined = memory.clone() + &text(&given[0]);
            if let Some(refused) = too_long(&joined, "appending") {
                return Ok(refused);
            }
            *memory = joined;
            done("Memory appended.")
        }
        "memory_update" => {
            let new = text(&given[0]);
            if let Some(refused) = too_long(&new, "updating") {
                return Ok(refused);
            }
            *memory = new;
            done("Memory updated.")
        }
        "memory_clear" => {
            memory.clear();
            done("Short term memory cleared.")
        }
        "memory_replace" => {
            let (old, new) = (text(&given[0]), text(&given[1]));
            if !memory.contains(&old) {
                return Ok(error(format!("Text '{old}' not found in memory.")));
            }
            if let Some(refused) = too_long(&new, "replacing") {
                return Ok(refused);
            }
            let times = memory.matches(old.as_str()).count();
            if memory.len() + times * new.len() > 1 << 20 {
                return Err("the text would be too long".to_owned());
            }
            *memory = memory.replace(&old, &new);
            done("Memory updated.")
        }
        _ if memory.is_empty() => Ok(error("Memory is empty.")),
        _ => Ok(object([("memory_content", Value::from(memory.as_str()))])),
    }
}

impl Service for MemoryService {
    fn class(&self) -> &'static str {
        match self {
            Self::KeyValue { .. } => "MemoryAPI_kv",
            Self::Summary(_) => "MemoryAPI_rec_sum",
        }
    }

    fn methods(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::KeyValue { .. } => KEY_VALUE,
            Self::Summary(_) => SUMMARY,
        }
    }

    fn call(&mut self, method: &str, given: &Given) -> Answer {
        match self {
            Self::Summary(memory) => summary(memory, method, given),
            Self::KeyValue { core, archive } => match method.strip_prefix("core_memory_") {
                Some(action) => Table { entries: core, core: true }.call(action, given),
                None => {
                    let action = method.strip_prefix("archival_memory_").unwrap_or_default();
                    Table { entries: archive, core: false }.call(action, given)
                }
            },
        }
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        vec![("snapshot", self.snapshot())]
    }
}
