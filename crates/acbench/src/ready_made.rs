//! Checkpoints that somebody made before, beside the model that they were made from.

use std::path::{Path, PathBuf};

use generate::Checkpoint;
use record::{DENSE, VariantRecord, VariantSource};

use crate::event::Watch;
use crate::run::open_checkpoint;
use crate::served::is_served;
use crate::{Error, hub};

/// Folders of a run that are no variant's.
const TAKEN: [&str; 5] = ["tasks", "analysis", "report", "calibration", "embeddings"];

/// A checkpoint that somebody made before, to compare with the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyMade {
    /// The variant's name.
    pub name: String,
    /// Its folder, or its GGUF file.
    pub path: PathBuf,
}

/// The checkpoints of `NAME=PATH` each, where it is no address; a path may be `OWNER/NAME[@REVISION]` of the hub, which is downloaded.
///
/// # Errors
/// Something else than `NAME=PATH`, a name that cannot be a folder's or is given twice, or a model that cannot be had.
pub fn ready_made(given: &[String], watch: &mut Watch<'_>) -> Result<Vec<ReadyMade>, Error> {
    let mut all: Vec<ReadyMade> = Vec::new();
    for text in given.iter().filter(|text| !is_served(text)) {
        let (name, path) = named(text)?;
        let bad = |problem: &str| Error::Flag { flag: "--variant", value: text.clone(), problem: problem.to_owned() };
        if name == DENSE {
            return Err(bad("the dense model is named by --model_name; only a server can take its place"));
        }
        if all.iter().any(|other| other.name == name) {
            return Err(bad("the name is given twice"));
        }
        let path = hub::model_folder(Path::new(path), watch)?;
        all.push(ReadyMade { name: name.to_owned(), path: std::path::absolute(&path).unwrap_or(path) });
    }
    Ok(all)
}

/// The two halves of `NAME=PLACE`, and that a folder can have such a name.
///
/// # Errors
/// Something else, or a name that cannot be a folder's.
pub(crate) fn named(text: &str) -> Result<(&str, &str), Error> {
    let bad = |problem: &str| Error::Flag { flag: "--variant", value: text.to_owned(), problem: problem.to_owned() };
    let (name, place) =
        text.split_once('=').filter(|(name, place)| !name.is_empty() && !place.is_empty()).ok_or_else(|| {
            bad("it should be NAME=PATH, as in q4_k_m=./model-q4_k_m.gguf, or NAME=http://HOST:PORT/v1#MODEL")
        })?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    if !name.chars().all(plain) || name.starts_with('.') || name.len() > 80 {
        return Err(bad("a name has letters, digits, `-`, `_`, `+` and `.`, and begins with none of these dots"));
    }
    if TAKEN.contains(&name) {
        return Err(bad("a run has a folder of this name already; choose another"));
    }
    Ok((name, place))
}

impl ReadyMade {
    /// The variant, once it is known that it can be asked what the model is asked; and what a person should know of it.
    ///
    /// # Errors
    /// A checkpoint that cannot be read, or one of other tokens.
    pub(crate) fn variant(&self, dense: &Checkpoint) -> Result<(VariantRecord, Vec<String>), Error> {
        let checkpoint = open_checkpoint(Some(&self.path))?;
        let notes = self.compare(dense, &checkpoint)?;
        let source = VariantSource::Checkpoint { path: self.path.clone(), digest: checkpoint.digest()? };
        Ok((VariantRecord { name: self.name.clone(), source }, notes))
    }

    /// Prompts are the dense model's, token by token, so that replies differ by the weights alone.
    fn compare(&self, dense: &Checkpoint, other: &Checkpoint) -> Result<Vec<String>, Error> {
        let bad = |problem: String| Error::OtherTokens { variant: self.name.clone(), problem };
        let (tokenizer, rows) = (dense.tokenizer()?, other.config().vocab_size);
        if rows < tokenizer.vocab_size().min(dense.config().vocab_size) {
            return Err(bad(format!("its embedding has {rows} rows, the model {} tokens", tokenizer.vocab_size())));
        }
        let mut notes = Vec::new();
        let name = &self.name;
        match other.tokenizer() {
            // Weights may come without one.
            Err(error) => {
                notes.push(format!("{name} is asked in the dense model's tokens, its own are not known: {error}"))
            }
            Ok(own) => {
                if let Some((id, here, there)) = tokenizer.first_difference(own) {
                    let there = there.map_or_else(|| "none".to_owned(), |token| format!("`{token}`"));
                    return Err(bad(format!("token {id} is `{here}` in the model and {there} in {name}")));
                }
                if !tokenizer.same_templates(own) {
                    notes.push(format!("{name} has another chat template; it is asked with the dense model's"));
                }
            }
        }
        let (longest, most) = (other.config().longest(), dense.config().longest());
        if longest < most {
            notes.push(format!("{name} can look at {longest} tokens, the dense model at {most}; longer samples fail"));
        }
        Ok(notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folders_and_paths_are_kept() {
        let read = |given: &[&str]| {
            ready_made(&given.iter().map(|&text| text.to_owned()).collect::<Vec<_>>(), &mut |_| ())
                .map_err(|error| error.to_string())
        };
        let all = read(&["q4=/a/b.gguf", "own+awq=/c=d"]).unwrap_or_default();
        assert_eq!(all[0], ReadyMade { name: "q4".into(), path: "/a/b.gguf".into() });
        assert_eq!(all[1], ReadyMade { name: "own+awq".into(), path: "/c=d".into() });
        for bad in ["q4", "=x", "q4=", "a/b=x", "..=x", "dense=x", "report=x", "a b=x"] {
            assert!(read(&[bad]).is_err_and(|error| error.contains("--variant")), "{bad}");
        }
        assert!(read(&["a=/x", "a=/y"]).is_err_and(|error| error.contains("twice")));
    }
}
