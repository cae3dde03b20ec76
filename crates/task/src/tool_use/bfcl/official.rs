//! Samples of the user's copy of the benchmark.

use std::path::Path;

use record::{Assets, Message, Role, Sample};
use serde_json::{Value as Json, json};

use super::copy::{Copy, KNOWN_VERSION, Row};
use super::functions::{Functions, Prepared, conversations};
use super::memory::{SCENARIOS, id_for};
use super::prompt::{Configuration, Texts, answer_form, before, hinted, more_functions, tools};
use super::sample::{Input, Kind, MemoryInput};
use super::service::Extensions;
use super::{Bfcl, Language, is_unreachable};
use crate::rows::{Rows, deal};
use crate::{BadRows, Calling, Drawn, Task, TaskError};

/// The most tokens of one reply. The reference allows 4096; replies of models that stop are far below.
const MAX_TOKENS: usize = 1024;

/// The asset of the texts of long context.
const LONG: &str = "long_context";

/// Everything that samples are made of.
struct Maker {
    copy: Copy,
    functions: Functions,
    texts: Option<Texts>,
    native: bool,
    long: Option<record::Asset>,
}

/// The samples of a task, its categories in turn.
pub(super) fn samples(
    task: Bfcl,
    folder: &Path,
    (bad_rows, calling): (BadRows, Calling),
    limit: Option<usize>,
) -> Result<Drawn, TaskError> {
    let copy = Copy::open(folder)?;
    let native = calling == Calling::Native && task != Bfcl::FormatSensitivity;
    let texts = Texts::read(&copy)?;
    if texts.is_none() && !native {
        copy.needed("constants/default_prompts.py")?;
    }
    let mut assets = Assets::default();
    let source = Extensions::source(&copy)?.filter(|_| task == Bfcl::MultiTurn);
    let long = source.map(|source| assets.add(LONG, source.into_bytes()));
    let maker = Maker { functions: Functions::read(&copy)?, copy, texts, native, long };
    let mut rows = Rows::new(bad_rows);
    let mut lists = Vec::new();
    for category in task.categories() {
        lists.push(maker.category(task, category, &mut rows)?);
    }
    let mut samples = deal(lists, limit);
    if task == Bfcl::MultiTurn {
        // Prompts of thousands of tokens about the same functions: neighbors that begin alike are read once.
        samples.sort_by_cached_key(|sample| {
            let system = sample.messages.iter().find(|message| message.role == Role::System);
            (json!(sample.tools).to_string(), system.map(|message| message.content.clone()))
        });
    }
    let mut drawn = rows.drawn(samples);
    drawn.assets = assets;
    Ok(drawn)
}

/// The long texts that a sample's asset holds.
pub(super) fn extensions(sample: &Sample, assets: &Assets) -> Result<Extensions, TaskError> {
    let source = assets.text(sample, LONG).map_err(|source| TaskError::without(sample, source))?;
    Extensions::of(&source, Path::new("long_context.py"))
}

/// What a reader of the results must know.
pub(super) fn notes(task: Bfcl, samples: &mut dyn Iterator<Item = Sample>) -> Vec<String> {
    let (mut native, mut lost, mut version, mut relevance) = (false, Vec::new(), None, 0);
    for sample in samples {
        native |= sample.input["native"] == true;
        relevance += usize::from(sample.input["category"] == "live_relevance");
        version = version.or_else(|| sample.tags.get("version").cloned());
        lost.extend(is_unreachable(&sample.id).then_some(sample.id));
    }
    let mut notes = vec![if native {
        "functions are offered as tools of the model's own chat template (--calling native)".to_owned()
    } else {
        "functions are offered in the words of the prompt (--calling prompting)".to_owned()
    }];
    if !lost.is_empty() {
        let names = lost.join(", ");
        notes.push(format!("no reply can win {names}: their gold is unreachable; --skip_bad_rows leaves them out"));
    }
    if let Some(version) = version.as_ref().and_then(Json::as_str).filter(|version| *version != KNOWN_VERSION) {
        notes.push(format!("the copy is version {version}; the numbers known are of {KNOWN_VERSION}"));
    }
    match task {
        Bfcl::Live if version.is_some() => {
            notes.push(format!("live_relevance has {relevance} entries, so that one is worth many points"));
        }
        Bfcl::Memory => notes.push(
            "memory_vector is left out: it needs the sentence embedder all-MiniLM-L6-v2; a sample is a scenario, its \
             value the share of its questions that are answered"
                .to_owned(),
        ),
        _ => {}
    }
    notes
}

impl Maker {
    fn category(&self, task: Bfcl, category: &str, rows: &mut Rows) -> Result<Vec<Sample>, TaskError> {
        if let Some(backend) = category.strip_prefix("memory_") {
            return self.memories(task, backend);
        }
        if category == "format_sensitivity" {
            return self.sensitivity(task, rows);
        }
        let mut samples = Vec::new();
        for row in self.copy.rows(category)? {
            let id = row.id.clone();
            // Kept, unless bad rows are skipped.
            let reachable = if is_unreachable(&id) { self.reachable(&row, rows) } else { Ok(()) };
            if rows.keep(reachable)?.is_none() {
                continue;
            }
            let sample = if category.starts_with("multi_turn") {
                self.talk(task, category, &row)?
            } else {
                self.single(task, category, &row)
            };
            samples.push(sample);
        }
        Ok(samples)
    }

    fn reachable(&self, row: &Row, rows: &Rows) -> Result<(), TaskError> {
        if !rows.skips() {
            return Ok(());
        }
        let problem = "no reply can win it".to_owned();
        Err(TaskError::Format { path: self.copy.path("data"), place: row.id.clone(), problem })
    }

    /// A sample without its question.
    fn frame(&self, task: Bfcl, id: String, category: &str) -> Sample {
        let mut tags = std::collections::BTreeMap::from([("category".to_owned(), json!(category))]);
        if let Some(version) = self.copy.version() {
            tags.insert("version".to_owned(), json!(version));
        }
        Sample {
            id,
            task: task.name().to_owned(),
            messages: Vec::new(),
            examples: 0,
            tools: Vec::new(),
            input: Json::Null,
            assets: Vec::new(),
            gold: Json::Null,
            max_tokens: MAX_TOKENS,
            stop: Vec::new(),
            cluster: None,
            tags,
        }
    }

    /// The system text of prompting before what the entry itself says.
    fn system(&self, configuration: &Configuration, functions: &[Json], own: Option<&str>) -> Option<String> {
        match self.texts.as_ref().filter(|_| !self.native) {
            Some(texts) => Some(before(configuration.system(functions, texts), own)),
            None => own.map(str::to_owned),
        }
    }

    fn single(&self, task: Bfcl, category: &str, row: &Row) -> Sample {
        let prepared = self.functions.of(&row.entry, category, None).functions;
        self.asked(self.frame(task, row.id.clone(), category), category, row, (&prepared, Configuration::default()))
    }

    fn asked(
        &self,
        frame: Sample,
        category: &str,
        row: &Row,
        (functions, configuration): (&[Json], Configuration),
    ) -> Sample {
        let said = messages(&row.entry["question"][0]);
        let (own, said) = match said.split_first() {
            Some((first, rest)) if first.role == Role::System => (Some(first.content.as_str()), rest),
            _ => (None, &said[..]),
        };
        let system = self.system(&configuration, functions, own).map(Message::system);
        let name = if configuration == Configuration::default() { String::new() } else { configuration.name() };
        let input = Input {
            kind: Kind::Single,
            category: category.to_owned(),
            native: self.native,
            configuration: name,
            functions: row.entry["function"].as_array().cloned().unwrap_or_default(),
            ..Input::default()
        };
        Sample {
            messages: system.into_iter().chain(said.iter().cloned()).collect(),
            tools: if self.native { tools(functions) } else { Vec::new() },
            input: json!(input),
            gold: row.truth.clone(),
            ..frame
        }
    }

    /// The chosen entries under each configuration.
    fn sensitivity(&self, task: Bfcl, rows: &mut Rows) -> Result<Vec<Sample>, TaskError> {
        let text = self.copy.needed("data/BFCL_v4_format_sensitivity.json")?;
        let path = self.copy.path("data/BFCL_v4_format_sensitivity.json");
        let chosen: Json = serde_json::from_str(&text).map_err(|error| TaskError::Format {
            path,
            place: format!("line {}", error.line()),
            problem: error.to_string(),
        })?;
        let mut samples = Vec::new();
        for (category, ids) in chosen.as_object().into_iter().flatten() {
            let ids: Vec<&str> = ids.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
            for row in self.copy.rows(category)?.iter().filter(|row| ids.contains(&row.id.as_str())) {
                let reachable = if is_unreachable(&row.id) { self.reachable(row, rows) } else { Ok(()) };
                if rows.keep(reachable)?.is_none() {
                    continue;
                }
                let functions =
                    hinted(&self.functions.of(&row.entry, category, None).functions, Language::of(category));
                for configuration in Configuration::all() {
                    let id = format!("format_sensitivity_{}:{}:{}", samples.len(), configuration.name(), row.id);
                    let mut frame = self.frame(task, id, "format_sensitivity");
                    frame.cluster = Some(row.id.clone());
                    frame.tags.insert("configuration".to_owned(), json!(configuration.name()));
                    let mut sample = self.asked(frame, "format_sensitivity", row, (&functions, configuration));
                    sample.input["configuration"] = json!(configuration.name());
                    samples.push(sample);
                }
            }
        }
        Ok(samples)
    }

    fn talk(&self, task: Bfcl, category: &str, row: &Row) -> Result<Sample, TaskError> {
        let Prepared { functions, held_out } = self.functions.of(&row.entry, category, None);
        let long = category.ends_with("long_context");
        if long && self.long.is_none() {
            self.copy.needed("eval_checker/multi_turn_eval/func_source_code/long_context.py")?;
        }
        let words = |functions: &[Json]| match &self.texts {
            Some(texts) => more_functions(functions, texts, self.native),
            None => "There are more functions now.".to_owned(),
        };
        let added = held_out.into_iter().map(|(turn, functions)| (turn, (words(&functions), tools(&functions))));
        let turns = row.entry["question"].as_array().into_iter().flatten().map(messages).collect();
        let classes = row.entry["involved_classes"].as_array().into_iter().flatten();
        let input = Input {
            kind: Kind::Talk,
            category: category.to_owned(),
            native: self.native,
            turns,
            added: added.collect(),
            classes: classes.filter_map(Json::as_str).map(str::to_owned).collect(),
            scenarios: row.entry["initial_config"].clone(),
            long,
            ..Input::default()
        };
        let system = self.system(&Configuration::default(), &functions, None).map(Message::system);
        let first = input.turns.first().cloned().unwrap_or_default();
        Ok(Sample {
            messages: system.into_iter().chain(first).collect(),
            tools: if self.native { tools(&functions) } else { Vec::new() },
            input: json!(input),
            gold: row.truth.clone(),
            assets: self.long.iter().filter(|_| long).cloned().collect(),
            ..self.frame(task, row.id.clone(), category)
        })
    }

    /// A sample a scenario: its conversations, then its questions.
    fn memories(&self, task: Bfcl, backend: &str) -> Result<Vec<Sample>, TaskError> {
        let category = format!("memory_{backend}");
        let (held, asked) = (conversations(&self.copy)?, self.copy.rows("memory")?);
        let classes = json!({"involved_classes": ["MemoryAPI"]});
        let functions = self.functions.of(&classes, &category, Some(backend)).functions;
        let made = SCENARIOS.into_iter().map(|scenario| {
            let own = |entry: &Json| entry["scenario"] == scenario;
            let questions: Vec<&Row> = asked.iter().filter(|row| own(&row.entry)).collect();
            let texts = self.texts.as_ref();
            let frame = texts.map(|texts| texts.memory(scenario, backend == "rec_sum", "{memory_content}"));
            let memory = MemoryInput {
                backend: backend.to_owned(),
                before: self.system(&Configuration::default(), &functions, None),
                frame: frame.unwrap_or_else(|| "Your memory:\n{memory_content}".to_owned()),
                answer_form: texts.map(answer_form).unwrap_or_default().to_owned(),
                conversations: held
                    .iter()
                    .filter(|entry| own(entry))
                    .map(|entry| entry["question"].as_array().into_iter().flatten().map(messages).collect())
                    .collect(),
                questions: questions
                    .iter()
                    .map(|row| (id_for(&row.id, backend), messages(&row.entry["question"][0])))
                    .collect(),
            };
            let first = memory.conversations.first().and_then(|turns| turns.first()).cloned().unwrap_or_default();
            let input = Input {
                kind: Kind::Memory,
                category: category.clone(),
                native: self.native,
                memory: Some(memory),
                ..Input::default()
            };
            Sample {
                messages: first,
                tools: if self.native { tools(&functions) } else { Vec::new() },
                input: json!(input),
                gold: questions.iter().map(|row| row.truth.clone()).collect(),
                ..self.frame(task, format!("{category}_{scenario}"), &category)
            }
        });
        Ok(made.collect())
    }
}

/// The messages of one turn.
fn messages(turn: &Json) -> Vec<Message> {
    let message = |message: &Json| {
        let role = match message["role"].as_str() {
            Some("system") => Role::System,
            Some("assistant") => Role::Assistant,
            _ => Role::User,
        };
        Message::new(role, message["content"].as_str().unwrap_or_default())
    };
    turn.as_array().into_iter().flatten().map(message).collect()
}
