//! How texts are compared, where a task needs it: by spelling, or by an embedder for all texts and one for Chinese.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use generate::{Encoder, label};
use record::{ModelSource, RunRecord, Sample, TaskSource};
use task::{Judge, Lexical};

use crate::Error;
use crate::embedding::Embedded;
use crate::event::{Event, Watch};
use crate::run::Run;

/// The key of the embedder for all texts that have none of their own.
const ALL: &str = "en";
/// Chinese: the value of a sample's tag `language`, and the key of its embedder.
const CHINESE: &str = "zh";
/// The tag that holds a sample's language.
const LANGUAGE: &str = "language";

/// How texts are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Similarity {
    /// By their words and letters: no model is needed.
    Lexical,
    /// By the cosine of their embeddings; the folder of a sentence-transformers model.
    Embedder(PathBuf),
}

/// What was said of it; what was not said stays as it is, and begins as lexical.
#[derive(Debug, Clone, Default)]
pub struct Similarities {
    /// For all texts.
    pub all: Option<Similarity>,
    /// For samples whose language is Chinese.
    pub chinese: Option<Similarity>,
}

impl Similarities {
    /// Opens the embedders that are named and puts them in place. Each is named by its folder, made absolute.
    pub(crate) fn apply(&self, embedders: &mut BTreeMap<String, ModelSource>) -> Result<(), Error> {
        for (language, said) in [(ALL, &self.all), (CHINESE, &self.chinese)] {
            match said {
                None => {}
                Some(Similarity::Lexical) => drop(embedders.remove(language)),
                Some(Similarity::Embedder(folder)) => {
                    let digest = Encoder::open(folder)?.digest().to_owned();
                    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
                    embedders.insert(
                        language.to_owned(),
                        ModelSource { name: folder.display().to_string(), digest, context: None },
                    );
                }
            }
        }
        Ok(())
    }
}

/// Opens the embedder that a run remembers.
///
/// # Errors
/// One that is gone, damaged, or has become another.
pub(crate) fn open(source: &ModelSource) -> Result<Encoder, Error> {
    let encoder = Encoder::open(Path::new(&source.name))?;
    Error::same_digest(format!("the embedder {}", source.name), &source.digest, encoder.digest())?;
    Ok(encoder)
}

/// `all-mpnet-base-v2@0123456789ab`
pub(crate) fn judge_name(source: &ModelSource) -> String {
    let digest = source.digest.get(..12).unwrap_or(&source.digest);
    format!("{}@{digest}", label(Path::new(&source.name)))
}

/// What is recorded of a task: the judge of its samples, or of each language where they differ.
pub(crate) fn judges_name(embedders: &BTreeMap<String, ModelSource>, (chinese, all): (usize, usize)) -> String {
    let name = |language: &str| {
        let source = embedders.get(language).or_else(|| embedders.get(ALL));
        source.map_or_else(|| Lexical.name().to_owned(), judge_name)
    };
    match (chinese, name(ALL), name(CHINESE)) {
        (0, every, _) => every,
        (count, _, own) if count == all => own,
        (_, every, own) if every == own => every,
        (_, every, own) => format!("{every}; {CHINESE}: {own}"),
    }
}

pub(crate) fn is_chinese(sample: &Sample) -> bool {
    sample.tags.get(LANGUAGE).and_then(|language| language.as_str()) == Some(CHINESE)
}

/// The judges of a run, by language.
pub(crate) struct Judges(BTreeMap<String, Embedded>);

impl Judges {
    pub fn new(run: &Run, watch: &mut Watch<'_>) -> Self {
        let all = run.record.embedders.get(ALL).map(|source| &source.digest);
        // One embedder for all languages is one judge, with one file.
        let own = |(language, source): &(&String, &ModelSource)| *language == ALL || Some(&source.digest) != all;
        let sources = run.record.embedders.iter().filter(own);
        Self(sources.map(|(language, source)| (language.clone(), Embedded::new(run, source, watch))).collect())
    }

    /// The judge of a sample.
    pub fn of(&self, sample: &Sample) -> &dyn Judge {
        let own = if is_chinese(sample) { self.0.get(CHINESE) } else { None };
        match own.or_else(|| self.0.get(ALL)) {
            Some(embedded) => embedded,
            None => &Lexical,
        }
    }

    /// Embeds what the judges were asked for and do not know. Returns whether there was anything.
    pub fn embed_missing(&mut self, watch: &mut Watch<'_>) -> Result<bool, Error> {
        let mut any = false;
        for judge in self.0.values_mut() {
            any |= judge.embed_missing(watch)? > 0;
        }
        Ok(any)
    }
}

/// Writes the judge of each task that has one into the record.
pub(crate) fn name_judges(run: &mut Run) -> Result<(), Error> {
    let mut tasks = run.record.tasks.clone();
    for task in tasks.iter_mut().filter(|task| task.judge.is_some()) {
        let mut chinese = 0;
        for sample in run.samples(task)? {
            chinese += usize::from(is_chinese(&sample?));
        }
        task.judge = Some(judges_name(&run.record.embedders, (chinese, task.samples)));
    }
    run.record.tasks = tasks;
    Ok(())
}

/// Says where scores cannot be compared with published ones because of how texts are compared.
pub(crate) fn warn(record: &RunRecord, watch: &mut Watch<'_>) {
    let official = |task: &&TaskSource| task.source != "generated" && task.judge.as_deref() == Some(Lexical.name());
    let names: Vec<&str> = record.tasks.iter().filter(official).map(|task| task.task.as_str()).collect();
    if !names.is_empty() {
        watch(Event::Warning(format!(
            "{} compares texts by spelling, so its scores cannot be compared with published ones. With the embedder of the \
             paper: `hf download sentence-transformers/all-mpnet-base-v2 --local-dir DIR`, then `acbench score RUN \
             --embedder DIR`; no reply is asked for again",
            names.join(", ")
        )));
    }
}

/// Says where Chinese is compared by an embedder for English.
pub(crate) fn warn_of_chinese(record: &RunRecord, watch: &mut Watch<'_>) {
    if record.embedders.contains_key(ALL) && !record.embedders.contains_key(CHINESE) {
        watch(Event::Warning(
            "Chinese texts are compared by the embedder for English; the benchmark uses thenlper/gte-large-zh: give its \
             folder with --embedder_zh"
                .to_owned(),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn::DrawnLines;

    #[test]
    fn the_name_says_which_embedder_judged_which_language() {
        let source =
            |name: &str| ModelSource { name: name.to_owned(), digest: "0123456789abcdef".to_owned(), context: None };
        let sample = |language: &str| Sample {
            tags: [(LANGUAGE.to_owned(), language.into())].into(),
            ..task::workflow::twin::generate(0, task::Split::Test, task::Asking::BARE, Some(1)).next().unwrap()
        };
        let counts = |languages: &[&str]| {
            let mut drawn = DrawnLines::default();
            languages.iter().for_each(|language| drawn.push(&sample(language)).unwrap());
            (drawn.chinese, drawn.count)
        };
        let (en, zh, both) = (counts(&["en"]), counts(&["zh"]), counts(&["en", "zh"]));
        let mut embedders = BTreeMap::new();
        assert_eq!(judges_name(&embedders, both), "lexical");
        embedders.insert(CHINESE.to_owned(), source("/m/gte"));
        assert_eq!(judges_name(&embedders, zh), "gte@0123456789ab");
        assert_eq!(judges_name(&embedders, both), "lexical; zh: gte@0123456789ab");
        embedders.insert(ALL.to_owned(), source("/m/mpnet"));
        assert_eq!(judges_name(&embedders, en), "mpnet@0123456789ab");
        embedders.remove(CHINESE);
        assert_eq!(judges_name(&embedders, both), "mpnet@0123456789ab");
    }
}
