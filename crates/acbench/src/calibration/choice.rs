//! Which text methods are calibrated on: as it is asked, and as a run records it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use generate::Checkpoint;
use serde_json::{Value, json};

use crate::Error;
use crate::calibration::own;
use crate::run::file_digest;

/// The text as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalibrationChoice {
    /// Of the bundled model, the twins' prompts; of any other, English text of the hub where that is at hand, else text
    /// that the model writes itself.
    Auto {
        /// The file of the hub, where it could be had.
        english: Option<PathBuf>,
    },
    /// Training prompts of the generated twins.
    Twins,
    /// Text that the dense model writes itself.
    Own {
        /// Tokens in all; absent: as many as suit the model's size.
        tokens: Option<usize>,
    },
    /// A file.
    File(PathBuf),
}

impl FromStr for CalibrationChoice {
    type Err = String;

    /// `auto`, `twins`, `self`, `self:TOKENS`, or else a file.
    fn from_str(text: &str) -> Result<Self, String> {
        let tokens = |count: &str| count.parse().ok().filter(|count| *count > 0);
        match (text, text.strip_prefix("self:")) {
            ("auto", _) => Ok(Self::Auto { english: None }),
            ("twins", _) => Ok(Self::Twins),
            ("self", _) => Ok(Self::Own { tokens: None }),
            (_, Some(count)) => match tokens(count) {
                Some(count) => Ok(Self::Own { tokens: Some(count) }),
                None => Err(format!("self:{count} should be self:TOKENS, a whole number from 1 on")),
            },
            _ => Ok(Self::File(PathBuf::from(text))),
        }
    }
}

/// The text as a run records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Calibration {
    /// Training prompts of the generated twins.
    Twins,
    /// Text that the dense model writes itself.
    Own {
        /// The most tokens of it.
        tokens: usize,
    },
    /// A file, by its SHA-256.
    File {
        /// The file.
        path: PathBuf,
        /// Its digest, hexadecimal.
        digest: String,
    },
}

impl Calibration {
    /// What a choice comes to for a model, the first; then what an earlier run of the same question may have taken in its
    /// place, because the hub could not be reached, or because it is older than the choice.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn of(choice: &CalibrationChoice, checkpoint: &Checkpoint) -> Result<Vec<Self>, Error> {
        let own = |tokens: &Option<usize>| Self::Own { tokens: tokens.unwrap_or_else(|| own::budget(checkpoint)) };
        Ok(match choice {
            CalibrationChoice::Twins => vec![Self::Twins],
            CalibrationChoice::Own { tokens } => vec![own(tokens)],
            CalibrationChoice::File(path) => vec![Self::file(path)?],
            CalibrationChoice::Auto { .. } if is_bundled(checkpoint) => vec![Self::Twins],
            CalibrationChoice::Auto { english } => {
                let english = english.as_deref().map(Self::file).transpose()?;
                english.into_iter().chain([own(&None), Self::Twins]).collect()
            }
        })
    }

    fn file(path: &Path) -> Result<Self, Error> {
        Ok(Self::File { path: path.to_owned(), digest: file_digest(path)? })
    }

    /// As it stands among the settings of a variant.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Twins => Value::from("twins"),
            Self::Own { tokens } => json!({ "source": "self", "tokens": tokens }),
            Self::File { path, digest } => Value::from(format!("{} sha256:{digest}", path.display())),
        }
    }

    /// What [`Calibration::to_value`] wrote; what is not understood is the twins, as runs without the setting had them.
    pub fn from_value(value: &Value) -> Self {
        let file = value.as_str().and_then(|text| text.split_once(" sha256:"));
        let own = value.get("tokens").and_then(Value::as_u64);
        match (file, own) {
            (Some((path, digest)), _) => Self::File { path: PathBuf::from(path), digest: digest.to_owned() },
            (_, Some(tokens)) => Self::Own { tokens: tokens as usize },
            _ => Self::Twins,
        }
    }

    /// That a file is still the one that was recorded.
    ///
    /// # Errors
    /// [`Error::Changed`] where it is another, or one that cannot be read.
    pub fn check(&self) -> Result<(), Error> {
        let Self::File { path, digest } = self else { return Ok(()) };
        let got = file_digest(path)?;
        if got == *digest {
            return Ok(());
        }
        Err(Error::Changed { what: path.display().to_string(), expected: digest.clone(), got })
    }
}

/// Whether it is the model in the binary.
fn is_bundled(checkpoint: &Checkpoint) -> bool {
    checkpoint.folder().is_none() && !checkpoint.is_gguf()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_a_word_or_a_file() {
        let parse = |text: &str| text.parse::<CalibrationChoice>();
        assert_eq!(parse("twins"), Ok(CalibrationChoice::Twins));
        assert_eq!(parse("self"), Ok(CalibrationChoice::Own { tokens: None }));
        assert_eq!(parse("self:4096"), Ok(CalibrationChoice::Own { tokens: Some(4096) }));
        assert_eq!(parse("auto"), Ok(CalibrationChoice::Auto { english: None }));
        assert_eq!(parse("./self"), Ok(CalibrationChoice::File("./self".into())));
        assert!(parse("self:many").is_err() && parse("self:0").is_err());
    }

    #[test]
    fn what_is_recorded_is_read_back_and_the_bundled_model_keeps_its_twins() -> Result<(), Error> {
        let file = Calibration::File { path: "a b.txt".into(), digest: "0f".into() };
        for one in [Calibration::Twins, Calibration::Own { tokens: 5 }, file] {
            assert_eq!(Calibration::from_value(&one.to_value()), one);
        }
        let pico = Checkpoint::bundled()?;
        assert_eq!(Calibration::of(&CalibrationChoice::Auto { english: None }, &pico)?, [Calibration::Twins]);
        Ok(())
    }
}
