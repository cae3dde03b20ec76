//! What is asked of an evaluation: the flags, resolved.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use compress::MethodInfo;
use generate::Sampling;
use record::Scoring;
use serde_json::{Map, Value};
use task::Task;

use crate::{Error, names};

/// Everything that decides what an evaluation finds.
#[derive(Clone)]
pub struct Question {
    /// The model's folder; absent: the bundled model.
    pub model: Option<PathBuf>,
    /// The compression methods.
    pub methods: Vec<MethodChoice>,
    /// The tasks.
    pub tasks: Vec<&'static dyn Task>,
    /// Folders with official data, by task name; the others are generated.
    pub data: BTreeMap<&'static str, PathBuf>,
    /// The most samples of a task; absent: the task's own number.
    pub limit: Option<usize>,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// How replies are scored.
    pub scoring: Scoring,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Whether the checkpoint's chat template renders prompts.
    pub chat_template: bool,
    /// Verdict margin, a share.
    pub margin: f64,
    /// The calibration text; absent: training prompts of the twins.
    pub calibration: Option<PathBuf>,
    /// A file of replies that stands in for the model.
    pub replies: Option<PathBuf>,
}

/// A compression method with the settings that were given.
#[derive(Clone)]
pub struct MethodChoice {
    /// The method.
    pub info: &'static MethodInfo,
    /// All its settings, defaults included.
    pub settings: Value,
    /// The variant's folder name.
    pub variant: String,
}

/// The methods of some names, each with those of the settings (`name=value`) that it has.
///
/// `gptq.bits=3` is for `gptq` alone; `bits=3` for every method that has such a setting.
///
/// # Errors
/// An unknown method, a setting that none of the methods has, or a value that makes no sense.
pub fn methods(names: &[String], settings: &[String]) -> Result<Vec<MethodChoice>, Error> {
    let mut infos: Vec<&'static MethodInfo> = Vec::new();
    for name in names.iter().filter(|name| !name.trim().is_empty()) {
        let info = names::method(name)?;
        if !infos.iter().any(|known| known.name == info.name) {
            infos.push(info);
        }
    }
    let mut given: Vec<Map<String, Value>> = vec![Map::new(); infos.len()];
    for setting in settings.iter().filter(|setting| !setting.trim().is_empty()) {
        place(setting, &infos, &mut given)?;
    }
    let chosen = infos.into_iter().zip(given).map(|(info, given)| {
        let given = Value::Object(given);
        let settings = Value::Object(info.resolve(&given)?.values().clone());
        Ok(MethodChoice { info, variant: compress::variant_name(info.name, &given)?, settings })
    });
    chosen.collect()
}

/// Gives one `name=value` to the methods that have it.
fn place(setting: &str, infos: &[&'static MethodInfo], given: &mut [Map<String, Value>]) -> Result<(), Error> {
    let bad = |problem: String| Error::Flag { flag: "--method_args", value: setting.to_owned(), problem };
    let (name, value) = setting.split_once('=').ok_or_else(|| bad("it should be NAME=VALUE, as in bits=3".into()))?;
    let (only, name) = match name.split_once('.') {
        Some((method, name)) => (Some(names::method(method)?.name), name),
        None => (None, name),
    };
    let mut placed = false;
    for (info, given) in infos.iter().zip(given) {
        let one = Value::Object(Map::from_iter([(name.to_owned(), Value::from(value))]));
        let wanted = only.is_none_or(|only| only == info.name);
        match info.resolve(&one) {
            Err(compress::CompressError::UnknownSetting { .. }) if only.is_none() => {}
            // Whether values go together is seen once all are there.
            _ if wanted => {
                given.insert(name.to_owned(), Value::from(value));
                placed = true;
            }
            _ => {}
        }
    }
    if placed {
        return Ok(());
    }
    let known: Vec<String> = infos
        .iter()
        .map(|info| {
            let names: Vec<&str> = info.settings.iter().map(|setting| setting.name).collect();
            format!("{} has {}", info.name, names.join(", "))
        })
        .collect();
    Err(bad(match known.is_empty() {
        true => "it needs a --compression_method that it belongs to".into(),
        false => format!("no method asked for has such a setting; {}", known.join("; ")),
    }))
}

/// Folders of official data: `TASK=FOLDER` each, or one `FOLDER` where one task is asked.
///
/// # Errors
/// An unknown task, a task that is not asked, or a folder that is not there.
pub fn data(given: &[String], tasks: &[&'static dyn Task]) -> Result<BTreeMap<&'static str, PathBuf>, Error> {
    let mut folders = BTreeMap::new();
    for text in given {
        let bad = |problem: String| Error::Flag { flag: "--data", value: text.clone(), problem };
        let (wanted, folder) = match text.split_once('=') {
            Some((name, folder)) => (names::tasks(&[name.to_owned()])?, folder),
            None => (tasks.to_vec(), text.as_str()),
        };
        let [task] = wanted[..] else {
            return Err(bad("say which task it is for: --data TASK=FOLDER".into()));
        };
        if !tasks.iter().any(|asked| asked.name() == task.name()) {
            return Err(bad(format!("{} is not among the --tasks asked for", task.name())));
        }
        if !Path::new(folder).is_dir() {
            return Err(bad("there is no such folder".into()));
        }
        folders.insert(task.name(), std::path::absolute(folder).unwrap_or_else(|_| PathBuf::from(folder)));
    }
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants(names: &[&str], settings: &[&str]) -> Result<Vec<String>, Error> {
        let own = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        Ok(methods(&own(names), &own(settings))?.into_iter().map(|choice| choice.variant).collect())
    }

    #[test]
    fn settings_reach_the_methods_that_have_them() -> Result<(), Error> {
        assert_eq!(variants(&["gptq", "wanda"], &[])?, ["gptq-w4-g128", "wanda-0.5"]);
        let both = variants(&["gptq", "rtn", "wanda"], &["bits=3", "rtn.group-size=64", "sparsity=2:4"])?;
        assert_eq!(both, ["gptq-w3-g128", "rtn-w3-g64", "wanda-2of4"]);
        assert_eq!(variants(&["GPTQ", "gptq", ""], &[""])?, ["gptq-w4-g128"]);
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
            (&[], "bits=3", "--compression_method"),
        ] {
            let error = variants(names, &[setting]).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(says), "{setting}: {error}");
        }
    }

    #[test]
    fn a_folder_without_a_task_is_for_the_only_one() -> Result<(), Error> {
        let one = names::tasks(&["workflow".into()])?;
        let all = names::tasks(&[])?;
        assert_eq!(data(&["/".into()], &one)?.keys().collect::<Vec<_>>(), [&"worfbench"]);
        assert_eq!(data(&["pddl=/".into()], &all)?.keys().collect::<Vec<_>>(), [&"pddl"]);
        assert!(data(&["/".into()], &all).is_err());
        assert!(data(&["pddl=/".into()], &one).is_err());
        assert!(data(&["/no/such/folder".into()], &one).is_err());
        Ok(())
    }
}
