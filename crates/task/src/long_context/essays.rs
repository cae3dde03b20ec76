//! The haystack's text: the essays of a folder, or generated.

use std::fs;
use std::path::{Path, PathBuf};

use record::Rng;

use crate::rows::Rows;
use crate::text::read_bytes;
use crate::{Files, TaskError, Tokens};

use super::twin::filler;

/// Where essays come from.
pub(super) const FILES: &[Files] = &[Files {
    names: &["the Paul Graham essays as *.txt"],
    source: "the folder PaulGrahamEssays of the Needle in a Haystack repository \
             (github.com/gkamradt/LLMTest_NeedleInAHaystack)",
    license: "the code MIT, the essays are their author's",
    put: "put them there, or any long texts of your own; or a needle.json with {\"haystack\": \"generated\"}",
}];

/// A haystack in a model's tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Haystack {
    /// At least as many as were asked for.
    pub ids: Vec<u32>,
    /// Whether the tokenizer gives the text back that it was given.
    pub round_trips: bool,
}

/// The essays of a folder: its `*.txt` files joined in the order of their names, repeated as a whole until they have
/// `length` tokens. (The reference takes them in whatever order the file system lists them, so its text differs from
/// machine to machine.) A byte order mark is left out.
///
/// # Errors
/// No such file, one that cannot be read or is no UTF-8 (unless bad rows are left out), or no text in any.
pub(super) fn essays(
    folder: &Path,
    length: usize,
    tokens: &dyn Tokens,
    rows: &mut Rows,
) -> Result<Haystack, TaskError> {
    let mut once = String::new();
    for file in files(folder)? {
        let bytes = read_bytes(&file)?;
        let text = record::text(&bytes).map_err(|why| TaskError::Format {
            path: file,
            place: format!("line {}", why.line),
            problem: format!(
                "{why}; convert the file (iconv -f LATIN1 -t UTF-8 from Latin letters, -f UTF-16 from Windows' own) or \
                 leave it out (--skip_bad_rows)"
            ),
        });
        if let Some(text) = rows.keep(text)? {
            once.push_str(text);
        }
    }
    let problem = |problem: &str| TaskError::Format {
        path: folder.to_owned(),
        place: "*.txt".into(),
        problem: problem.to_owned(),
    };
    if once.trim().is_empty() {
        return Err(problem("the haystack's files hold no text"));
    }
    repeated(&once, length, tokens).ok_or_else(|| problem("the model's tokenizer has no tokens for this text"))
}

/// The `*.txt` files of a folder by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, TaskError> {
    let missing = || TaskError::Missing { task: "needle", path: folder.join("*.txt"), files: FILES };
    let read = |source| TaskError::Read { path: folder.to_owned(), source };
    if !folder.is_dir() {
        return Err(missing());
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() { Err(missing()) } else { Ok(files) }
}

/// A text repeated until it has `length` tokens; `None` where repeating does not help.
fn repeated(once: &str, length: usize, tokens: &dyn Tokens) -> Option<Haystack> {
    let mut ids = tokens.encode(once);
    let round_trips = tokens.decode(&ids) == once;
    let mut times = 1;
    while ids.len() < length {
        // Joined pieces may have fewer tokens than apart: then again with more. No text has less than a token in 64 bytes.
        times = (length / (ids.len() / times).max(1) + 2).max(2 * times);
        if times.saturating_mul(once.len()) > length.saturating_mul(64).max(4 * once.len()) {
            return None;
        }
        ids = tokens.encode(&once.repeat(times));
    }
    (!ids.is_empty()).then_some(Haystack { ids, round_trips })
}

/// A haystack of plain sentences, made from a seed, of at least `length` tokens. `None` for a tokenizer that has none for
/// them.
pub fn generated(seed: u64, length: usize, tokens: &dyn Tokens) -> Option<Haystack> {
    let mut rng = Rng::stream(seed, "needle-haystack");
    let (mut text, mut count) = (String::new(), 0);
    // A part's tokens may join with those of the next: a little more than asked for.
    while count < length + length / 16 + 64 {
        let part: String = (0..64).map(|_| filler(&mut rng) + " ").collect();
        count += match tokens.encode(&part).len() {
            0 => return None,
            tokens => tokens,
        };
        text.push_str(&part);
    }
    let ids = tokens.encode(text.trim_end());
    let round_trips = tokens.decode(&ids) == text.trim_end();
    (ids.len() >= length).then_some(Haystack { ids, round_trips })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BadRows, Words};

    /// A tokenizer without tokens.
    struct Nothing;

    impl Tokens for Nothing {
        fn encode(&self, _: &str) -> Vec<u32> {
            Vec::new()
        }

        fn decode(&self, _: &[u32]) -> String {
            String::new()
        }
    }

    fn read(folder: &Path, bad: BadRows, tokens: &dyn Tokens) -> Result<Haystack, TaskError> {
        essays(folder, 50, tokens, &mut Rows::new(bad))
    }

    #[test]
    fn missing_empty_and_broken_files_are_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let message = |folder: &Path, tokens: &dyn Tokens| {
            read(folder, BadRows::Refuse, tokens).err().map(|e| e.to_string()).unwrap_or_default()
        };
        assert!(message(folder.path(), &Words).contains("*.txt"));
        assert!(message(&folder.path().join("none"), &Words).contains("PaulGrahamEssays"));
        fs::write(folder.path().join("b.txt"), " \n")?;
        assert!(message(folder.path(), &Words).contains("no text"));
        fs::write(folder.path().join("c.txt"), "\u{FEFF}One. Two.")?;
        assert!(message(folder.path(), &Nothing).contains("no tokens"));
        assert!(read(folder.path(), BadRows::Refuse, &Words)?.ids.len() >= 50);
        fs::write(folder.path().join("a.txt"), [b'a', 0xFF, b' ', b'b'])?;
        let said = message(folder.path(), &Words);
        assert!(said.contains("a.txt line 1") && said.contains("--skip_bad_rows"), "{said}");
        let mut rows = Rows::new(BadRows::Skip);
        essays(folder.path(), 50, &Words, &mut rows)?;
        assert_eq!(rows.drawn(Vec::new()).skipped.len(), 1);
        Ok(())
    }

    #[test]
    fn a_generated_haystack_is_as_long_as_asked_up_to_a_million_tokens() {
        for length in [1, 20_000, 1_000_000] {
            let long = generated(1, length, &Words).map(|haystack| haystack.ids.len()).unwrap_or_default();
            assert!((length..length + length / 8 + 1000).contains(&long), "{length}: {long}");
        }
        assert_eq!(generated(1, 10, &Nothing), None);
        assert_eq!(repeated("x", 10, &Nothing), None);
    }
}
