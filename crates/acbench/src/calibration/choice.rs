//! Which text methods are calibrated on: what is asked, and what it comes to for a model.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use generate::Checkpoint;
use record::TextOrigin;

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

impl CalibrationChoice {
    /// What the choice comes to for a model, the first; then what an earlier run of the same spec may have taken in its
    /// place, because the hub could not be reached, or because it is older than the choice.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn origins(&self, checkpoint: &Checkpoint) -> Result<Vec<TextOrigin>, Error> {
        let own =
            |tokens: &Option<usize>| TextOrigin::Own { tokens: tokens.unwrap_or_else(|| own::budget(checkpoint)) };
        let file = |path: &Path| Ok::<_, Error>(TextOrigin::File { path: path.to_owned(), digest: file_digest(path)? });
        Ok(match self {
            Self::Twins => vec![TextOrigin::Twins],
            Self::Own { tokens } => vec![own(tokens)],
            Self::File(path) => vec![file(path)?],
            Self::Auto { .. } if is_bundled(checkpoint) => vec![TextOrigin::Twins],
            Self::Auto { english } => {
                let english = english.as_deref().map(file).transpose()?;
                english.into_iter().chain([own(&None), TextOrigin::Twins]).collect()
            }
        })
    }
}

/// That a file is still the one that was recorded.
///
/// # Errors
/// [`Error::Changed`] where it is another, or one that cannot be read.
pub(crate) fn check(origin: &TextOrigin) -> Result<(), Error> {
    let TextOrigin::File { path, digest } = origin else { return Ok(()) };
    Error::same_digest(path.display(), digest, &file_digest(path)?)
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
    fn the_bundled_model_has_its_twins() -> Result<(), Error> {
        let pico = Checkpoint::bundled()?;
        assert_eq!(CalibrationChoice::Auto { english: None }.origins(&pico)?, [TextOrigin::Twins]);
        Ok(())
    }
}
