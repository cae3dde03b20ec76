//! What is asked of an evaluation: the flags, resolved.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use compress::Recipe;
use generate::{Checkpoint, Sampling};
use record::{Activations, AgentStyle, Scoring};
use serde_json::{Map, Value};
use task::{Asking, BadRows, Calling, Task};

use crate::event::Watch;
use crate::run::open_checkpoint;
use crate::served::asked_model;
use crate::{CalibrationChoice, Error, ReadyMade, Served, Similarities, hub, lookup};

/// Everything that decides what an evaluation finds.
#[derive(Clone)]
pub struct RunSpec {
    /// The model's folder; absent: the bundled model.
    pub model: Option<PathBuf>,
    /// The compression methods.
    pub methods: Vec<Recipe>,
    /// Checkpoints that somebody made before, to compare with the model.
    pub checkpoints: Vec<ReadyMade>,
    /// Variants behind servers; one named `dense` takes the model's place.
    pub served: Vec<Served>,
    /// The tasks.
    pub tasks: Vec<&'static dyn Task>,
    /// Folders with official data, by task name; the others are generated.
    pub data: BTreeMap<&'static str, DataFolders>,
    /// What to do with rows of official data that cannot be used.
    pub bad_rows: BadRows,
    /// The most samples of a task; absent: the task's own number.
    pub limit: Option<usize>,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// How replies are scored.
    pub scoring: Scoring,
    /// How texts are compared.
    pub similarities: Similarities,
    /// How often each sample is asked.
    pub epochs: usize,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// How inputs of linears are rounded.
    pub activations: Activations,
    /// Whether the checkpoint's chat template renders prompts.
    pub chat_template: bool,
    /// What the chat template is given beside the conversation, by name.
    pub template_args: Map<String, Value>,
    /// Worked examples before each question of generated tasks; absent: two, and none for the bundled model, which was
    /// trained without.
    pub num_fewshot: Option<usize>,
    /// How long the long texts of generated tasks are.
    pub max_seq_length: SeqLength,
    /// Whether the chat template lets the model think; absent: as it does by itself.
    pub thinking: Option<bool>,
    /// How functions are offered to the model, in tasks that can do both; absent: as tools of its chat template where that
    /// has a place for them, else in words.
    pub calling: Option<Calling>,
    /// The most tokens of a thought, beside the task's own limit of the reply.
    pub max_thinking_tokens: usize,
    /// The most tokens of a reply, where its task allows more.
    pub max_reply_tokens: Option<usize>,
    /// How agents in environments reply.
    pub agent: AgentStyle,
    /// Verdict margin, a share.
    pub margin: f64,
    /// The calibration text.
    pub calibration: CalibrationChoice,
    /// A file of replies that stands in for the model.
    pub replies: Option<PathBuf>,
}

/// How long the long texts of generated tasks are, reply included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SeqLength {
    /// 4,096 tokens, or the model's context where that is less; 1,024 for the bundled model, which was trained so.
    #[default]
    Usual,
    /// The model's whole context.
    Full,
    /// So many tokens.
    Tokens(usize),
}

/// The shortest length that leaves room for a text beside the question.
const SHORTEST: usize = 512;
/// The bundled model has read no longer texts.
const PICO_LENGTH: usize = Asking::BARE.window;

impl FromStr for SeqLength {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "full" => Ok(Self::Full),
            number => match number.parse() {
                Ok(tokens) if tokens >= SHORTEST => Ok(Self::Tokens(tokens)),
                _ => Err(format!("`full`, or a number of tokens from {SHORTEST} on")),
            },
        }
    }
}

impl RunSpec {
    /// The model; where servers have it and nothing is done with its weights, these may be missing.
    ///
    /// # Errors
    /// A model that cannot be read, or none for servers.
    pub fn checkpoint(&self) -> Result<Checkpoint, Error> {
        let weighed = !self.methods.is_empty() || !self.checkpoints.is_empty();
        if weighed { open_checkpoint(self.model.as_deref()) } else { asked_model(self.model.as_deref(), &self.served) }
    }

    /// How the instances of generated tasks are asked of a model of this context.
    ///
    /// # Errors
    /// A length beyond the context.
    pub fn asking(&self, context: usize) -> Result<Asking, Error> {
        let usual =
            if self.model.is_some() { Asking::default() } else { Asking { window: PICO_LENGTH, ..Asking::BARE } };
        let window = match self.max_seq_length {
            SeqLength::Usual => usual.window.min(context),
            SeqLength::Full => context,
            SeqLength::Tokens(tokens) if tokens <= context => tokens,
            SeqLength::Tokens(tokens) => {
                let problem = format!("the model's context is {context} tokens; `full` takes all of them");
                return Err(Error::Flag { flag: "--max_seq_length", value: tokens.to_string(), problem });
            }
        };
        Ok(Asking { shots: self.num_fewshot.unwrap_or(usual.shots), window })
    }
}

/// Where a task's official data lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFolders {
    /// The folder.
    pub folder: PathBuf,
    /// Where the rows lie, if not there.
    pub rows: Option<PathBuf>,
}

/// The methods of some names, each with those of the settings (`name=value`) that it has.
///
/// `gptq.bits=3` is for `gptq` alone; `bits=3` for every method that has such a setting. Later settings count. `widths` are
/// those of the model's linears ([`crate::widths`]): the size of groups fits them where none is given.
///
/// # Errors
/// An unknown method, a setting that none of the methods has, or a value that makes no sense.
pub fn methods(names: &[String], settings: &[String], widths: &[usize]) -> Result<Vec<Recipe>, Error> {
    let mut lists: Vec<String> = Vec::new();
    for name in names.iter().filter(|name| !name.trim().is_empty()) {
        let parts = name.split('+').map(|part| Ok(lookup::method(part)?.name)).collect::<Result<Vec<_>, Error>>()?;
        let list = parts.join("+");
        Recipe::new(&list, &Value::Null)?;
        if !lists.contains(&list) {
            lists.push(list);
        }
    }
    let mut given: Vec<Map<String, Value>> = vec![Map::new(); lists.len()];
    for setting in settings.iter().filter(|setting| !setting.trim().is_empty()) {
        give(setting, &lists, &mut given)?;
    }
    let fitted = |(list, given): (String, _)| Ok(Recipe::fitted(&list, &Value::Object(given), widths)?);
    lists.into_iter().zip(given).map(fitted).collect()
}

/// Gives one `name=value` to the lists that have it. Whether the values go together is seen once all are there.
fn give(setting: &str, lists: &[String], given: &mut [Map<String, Value>]) -> Result<(), Error> {
    let bad = |problem: String| Error::Flag { flag: "--method_args", value: setting.to_owned(), problem };
    let (name, value) = setting.split_once('=').ok_or_else(|| bad("it should be NAME=VALUE, as in bits=3".into()))?;
    if let Some((method, _)) = name.split_once('.') {
        lookup::method(method)?;
    }
    let mut anywhere = false;
    for (list, given) in lists.iter().zip(given) {
        if Recipe::has_setting(list, name)? {
            given.insert(name.to_owned(), Value::from(value));
            anywhere = true;
        }
    }
    if anywhere {
        return Ok(());
    }
    let has = |list: &String| {
        let parts = list.split('+').filter_map(|part| lookup::method(part).ok());
        let names: Vec<&str> = parts.flat_map(|info| info.all_settings()).map(|setting| setting.name).collect();
        format!("{list} has {}", names.join(", "))
    };
    let known: Vec<String> = lists.iter().map(has).collect();
    Err(bad(match known.is_empty() {
        true => "it needs a --compression_method that it belongs to".into(),
        false => format!("no method asked for has such a setting; {}", known.join("; ")),
    }))
}

/// The settings of a TOML file as `name=value`: at the top for every method that has them, or in a table `[gptq]` for one.
/// Lists, as tables `[[overrides]]` make one, become JSON.
///
/// # Errors
/// A file that cannot be read or is no TOML.
pub fn settings_file(path: &Path) -> Result<Vec<String>, Error> {
    let bad = |problem: String| Error::Flag { flag: "--method_config", value: path.display().to_string(), problem };
    let text = record::read_text(path).map_err(|error| bad(error.to_string()))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| bad(error.to_string()))?;
    let mut all = Vec::new();
    for (name, value) in &table {
        match value {
            toml::Value::Table(inner) if name != "overrides" => {
                all.extend(inner.iter().map(|(key, value)| format!("{name}.{key}={}", plain(value))))
            }
            value => all.push(format!("{name}={}", plain(value))),
        }
    }
    Ok(all)
}

/// A value as it would be typed.
fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(_) | toml::Value::Table(_) => {
            serde_json::to_string(value).unwrap_or_else(|_| value.to_string())
        }
        other => other.to_string(),
    }
}

/// `bits=3,overrides=[{"linears": ["a", "b"], "bits": 8}]` cut at the commas between settings: those outside brackets.
pub fn cut_settings(text: &str) -> Vec<String> {
    let (mut all, mut depth, mut quoted, mut escaped) = (vec![String::new()], 0usize, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                all.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = all.last_mut() {
            last.push(c);
        }
    }
    all
}

/// Folders of official data: `TASK=FOLDER` each (the name of a benchmark stands for all its tasks that are asked), or one `FOLDER` where one task is asked. A folder may be one of the hub,
/// `hub:owner/dataset[@revision][/path]`; it is downloaded unless it is in the cache. A second folder of a task is where
/// its rows lie, in tasks that have their rows from elsewhere.
///
/// # Errors
/// An unknown task, a task that is not asked, a folder too many, or one that is not there.
pub fn data(
    given: &[String],
    tasks: &[&'static dyn Task],
    watch: &mut Watch<'_>,
) -> Result<BTreeMap<&'static str, DataFolders>, Error> {
    let mut folders: BTreeMap<&'static str, DataFolders> = BTreeMap::new();
    for text in given {
        let bad = |problem: String| Error::Flag { flag: "--data", value: text.clone(), problem };
        let (wanted, folder) = match text.split_once('=') {
            Some((name, folder)) => (lookup::tasks(&[name.to_owned()])?, folder),
            None => (tasks.to_vec(), text.as_str()),
        };
        let same = wanted.iter().all(|task| task.info().official == wanted[0].info().official);
        if wanted.len() != 1 && !same {
            return Err(bad("say which task it is for: --data TASK=FOLDER".into()));
        }
        let asked = |task: &&&'static dyn Task| tasks.iter().any(|asked| asked.name() == task.name());
        let chosen: Vec<&'static dyn Task> = wanted.iter().filter(asked).copied().collect();
        if chosen.is_empty() {
            let name = wanted.first().map_or("it", |task| task.name());
            return Err(bad(format!("{name} is not among the --tasks asked for")));
        }
        let folder = hub::data_folder(folder, watch)?;
        if !folder.exists() {
            return Err(bad("there is no such folder".into()));
        }
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        for task in chosen {
            give_folder(&mut folders, task, &folder).map_err(bad)?;
        }
    }
    Ok(folders)
}

fn give_folder(
    folders: &mut BTreeMap<&'static str, DataFolders>,
    task: &'static dyn Task,
    folder: &Path,
) -> Result<(), String> {
    match folders.entry(task.name()) {
        Entry::Vacant(place) => drop(place.insert(DataFolders { folder: folder.to_owned(), rows: None })),
        Entry::Occupied(place) if task.apart() && place.get().rows.is_none() => {
            place.into_mut().rows = Some(folder.to_owned())
        }
        Entry::Occupied(_) => return Err(format!("{} has a folder already", task.name())),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants(names: &[&str], settings: &[&str]) -> Result<Vec<String>, Error> {
        let own = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        Ok(methods(&own(names), &own(settings), &[])?.into_iter().map(|recipe| recipe.variant_name()).collect())
    }

    #[test]
    fn settings_reach_the_methods_that_have_them() -> Result<(), Error> {
        assert_eq!(variants(&["gptq", "wanda"], &[])?, ["gptq-w4-g128", "wanda-0.5"]);
        let both = variants(&["gptq", "rtn", "wanda"], &["bits=3", "rtn.group-size=64", "sparsity=2:4"])?;
        assert_eq!(both, ["gptq-w3-g128", "rtn-w3-g64", "wanda-2of4"]);
        assert_eq!(variants(&["GPTQ", "gptq", ""], &[""])?, ["gptq-w4-g128"]);
        let lists = variants(&["smoothquant+gptq", "wanda+gptq", "kv-cache"], &["gptq.bits=8", "wanda.sparsity=2:4"])?;
        assert_eq!(lists, ["smoothquant+gptq-w8-ch-a8", "wanda-2of4+gptq-w8-g128", "kv_cache-8"]);
        Ok(())
    }

    #[test]
    fn settings_are_cut_between_them_and_not_inside_them() {
        for (text, parts) in [
            ("bits=3,symmetric=false", &["bits=3", "symmetric=false"][..]),
            ("", &[""]),
            (
                r#"overrides=[{"linears":["a,]","b\"],"],"bits":8}],bits=4"#,
                &[r#"overrides=[{"linears":["a,]","b\"],"],"bits":8}]"#, "bits=4"],
            ),
            ("a=[1,2", &["a=[1,2"]),
            ("a=1],b=2", &["a=1]", "b=2"]),
        ] {
            assert_eq!(cut_settings(text), parts);
        }
    }

    #[test]
    fn overrides_reach_every_method_that_can_have_them() -> Result<(), Error> {
        let given = r#"overrides=[{"linears": ["a"], "bits": "dense"}]"#;
        let names = variants(&["gptq", "wanda", "awq+gptq", "gptq+kv_cache"], &[given])?;
        assert!(names.iter().all(|name| name.contains("-mix")), "{names:?}");
        let own = format!("gptq.{given}");
        let names = variants(&["gptq", "wanda"], &[own.as_str()])?;
        assert!(names[0].starts_with("gptq-w4-g128-mix") && names[1] == "wanda-0.5", "{names:?}");
        for (method, given, says) in [
            ("kv_cache", given.to_owned(), "kv_cache has kv_bits"),
            ("kv_cache", format!("kv_cache.{given}"), "no setting"),
            ("wanda", given.replace("\"dense\"", "8"), "takes \"dense\""),
            ("fp8", given.replace("\"dense\"", "8"), "takes \"dense\""),
            ("smoothquant+gptq", given.replace("\"dense\"", "4"), "takes 8, \"dense\""),
            ("gptq", given.replace("dense", "sparse"), "override 1"),
            ("gptq", "overrides={}".to_owned(), "JSON list"),
        ] {
            let error = variants(&[method], &[given.as_str()]).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(says), "{method} {given}: {error}");
        }
        Ok(())
    }

    #[test]
    fn a_settings_file_is_read_and_a_broken_one_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, "bits = 3\nsymmetric = false\n[wanda]\nsparsity = \"2:4\"\n")?;
        assert_eq!(settings_file(&path)?, ["bits=3", "symmetric=false", "wanda.sparsity=2:4"]);
        let mixed =
            "[[overrides]]\nlinears = [\"a.*\"]\nbits = 8\n[[gptq.overrides]]\nlinears = [\"b\"]\nbits = \"dense\"\n";
        std::fs::write(&path, mixed)?;
        let (all, one) = (r#"[{"bits":8,"linears":["a.*"]}]"#, r#"[{"bits":"dense","linears":["b"]}]"#);
        assert_eq!(settings_file(&path)?, [format!("gptq.overrides={one}"), format!("overrides={all}")]);
        std::fs::write(&path, "[overrides]\nbits = 8\n")?;
        assert_eq!(settings_file(&path)?, [r#"overrides={"bits":8}"#]);
        std::fs::write(&path, "bits = ")?;
        let error = settings_file(&path).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("--method_config") && error.contains("settings.toml"), "{error}");
        assert!(settings_file(&folder.path().join("none")).is_err());
        Ok(())
    }

    #[test]
    fn settings_that_fit_nothing_are_refused_by_name() {
        for (names, setting, says) in [
            (&["gptq"][..], "bits", "NAME=VALUE"),
            (&["gptq"], "bitz=3", "bits"),
            (&["gptq"], "wanda.sparsity=0.5", "no method"),
            (&["wanda"], "bits=3", "sparsity"),
            (&["gptq"], "bits=99", "2, 3, 4 or 8"),
            (&["gptq"], "gptq.sparsity=0.5", "no setting"),
            (&["gptq+rtn"], "bits=4", "both round"),
            (&["gptq+wnda"], "bits=4", "wnda"),
            (&[], "bits=3", "--compression_method"),
        ] {
            let error = variants(names, &[setting]).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(says), "{setting}: {error}");
        }
    }

    #[test]
    fn a_folder_without_a_task_is_for_the_only_one() -> Result<(), Error> {
        let one = lookup::tasks(&["workflow".into()])?;
        let all = lookup::tasks(&[])?;
        let data = |given: &[&str], tasks: &[&'static dyn Task]| {
            super::data(&given.iter().map(|&text| text.to_owned()).collect::<Vec<_>>(), tasks, &mut |_| ())
        };
        assert_eq!(data(&["/"], &one)?.keys().collect::<Vec<_>>(), [&"worfbench"]);
        assert_eq!(data(&["pddl=/"], &all)?.keys().collect::<Vec<_>>(), [&"pddl"]);
        assert!(data(&["/"], &all).is_err());
        assert!(data(&["pddl=/"], &one).is_err());
        assert!(data(&["/no/such/folder"], &one).is_err());
        assert!(data(&["pddl=/", "pddl=/tmp"], &all).is_err());
        let apart = data(&["longbench=/", "longbench=/tmp"], &all)?;
        assert_eq!(apart["longbench"], DataFolders { folder: "/".into(), rows: Some("/tmp".into()) });
        assert!(data(&["longbench=/", "longbench=/tmp", "longbench=/"], &all).is_err());
        let error = data(&["pddl=hub:../x"], &all).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("hub:OWNER/DATASET"), "{error}");
        Ok(())
    }
}
