//! Embeddings of texts, each made once and kept in the run: `embeddings/<digest>.bin`.
//!
//! The file is a line of JSON (`embedder`, `width`, `texts`, `sha256` of what follows), and of each text its length in
//! bytes (u32), the text, and its embedding (`width` f32), little-endian. It is written beside and renamed; one that is
//! damaged or of another embedder is made anew.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, RwLock};

use generate::Encoder;
use record::{ModelSource, run_path};
use serde::{Deserialize, Serialize};
use task::Judge;

use crate::event::{Event, Watch};
use crate::run::Run;
use crate::similarity::judge_name;
use crate::{Error, similarity};

/// Texts that are embedded between two reports of progress.
const PORTION: usize = 1024;
/// Portions after which a kill loses nothing of what is before.
const SAVE_EVERY: usize = 4;

/// A judge that compares texts by the cosine of their embeddings, in f32, below 0 as 0.
///
/// A text that is not known yet is noted, and counts 0 until [`Embedded::embed_missing`] is called: so all texts of a task
/// are embedded together, and a task is scored again until nothing is missing.
pub(crate) struct Embedded {
    source: ModelSource,
    name: String,
    path: PathBuf,
    /// Embeddings of length 1.
    known: RwLock<HashMap<String, Vec<f32>>>,
    missing: Mutex<BTreeSet<String>>,
    encoder: Option<Encoder>,
}

impl Judge for Embedded {
    fn name(&self) -> &str {
        &self.name
    }

    fn similarity(&self, a: &str, b: &str) -> f64 {
        if a == b {
            return 1.0;
        }
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let (Some(a), Some(b)) = (known.get(a), known.get(b)) {
            return f64::from(dot(a, b).clamp(0.0, 1.0));
        }
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.extend([a, b].into_iter().filter(|text| !known.contains_key(*text)).map(str::to_owned));
        0.0
    }
}

impl Embedded {
    /// The judge of an embedder that a run remembers, with what it embedded before. No weight is read yet.
    pub fn new(run: &Run, source: &ModelSource, watch: &mut Watch<'_>) -> Self {
        let path = run_path::embeddings(&run.root, &source.digest);
        let known = match read(&path, &source.digest) {
            Ok(known) => known,
            Err(problem) => {
                watch(Event::Warning(format!("{} is made anew: {problem}", path.display())));
                HashMap::new()
            }
        };
        let known = RwLock::new(known.into_iter().map(|(text, vector)| (text, unit(vector))).collect());
        let (name, missing) = (judge_name(source), Mutex::default());
        Self { source: source.clone(), name, path, known, missing, encoder: None }
    }

    /// Embeds the texts that were asked for and not known, and saves them. Returns how many.
    ///
    /// # Errors
    /// An embedder that is gone, damaged, or no longer the run's; a full disk.
    pub fn embed_missing(&mut self, watch: &mut Watch<'_>) -> Result<usize, Error> {
        let missing = std::mem::take(self.missing.get_mut().unwrap_or_else(PoisonError::into_inner));
        if missing.is_empty() {
            return Ok(0);
        }
        let encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => similarity::open(&self.source)?,
        };
        watch(Event::Begin(format!("{}: embedding", self.name)));
        let texts: Vec<&str> = missing.iter().map(String::as_str).collect();
        for (at, portion) in texts.chunks(PORTION).enumerate() {
            watch(Event::Progress { done: at * PORTION, total: texts.len(), detail: "texts".to_owned() });
            let made = encoder.embed(portion)?;
            let known = self.known.get_mut().unwrap_or_else(PoisonError::into_inner);
            known.extend(
                portion.iter().enumerate().map(|(row, text)| ((*text).to_owned(), unit(made.row(row).to_vec()))),
            );
            if (at + 1) % SAVE_EVERY == 0 || (at + 1) * PORTION >= texts.len() {
                write(&self.path, &self.source.digest, known)?;
            }
        }
        watch(Event::End(format!("{}: {} texts embedded", self.name, texts.len())));
        self.encoder = Some(encoder);
        Ok(texts.len())
    }
}

/// A vector of length 1 in the same direction; zeros stay.
fn unit(mut x: Vec<f32>) -> Vec<f32> {
    let length = dot(&x, &x).sqrt().max(1e-12);
    x.iter_mut().for_each(|x| *x /= length);
    x
}

/// In eight lanes, so that the compiler can use vectors.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        lanes.iter_mut().zip(a.iter().zip(b)).for_each(|(lane, (a, b))| *lane += a * b);
    }
    lanes.iter().sum()
}

#[derive(Serialize, Deserialize)]
struct Header {
    embedder: String,
    width: usize,
    texts: usize,
    sha256: String,
}

fn write(path: &std::path::Path, digest: &str, known: &HashMap<String, Vec<f32>>) -> Result<(), Error> {
    let mut all: Vec<(&String, &Vec<f32>)> = known.iter().collect();
    all.sort_unstable_by_key(|(text, _)| *text);
    let mut body = Vec::new();
    for (text, vector) in &all {
        // Replies are far shorter than 4 GB; a text that is not would only be embedded again.
        let Ok(length) = u32::try_from(text.len()) else { continue };
        body.extend(length.to_le_bytes());
        body.extend(text.as_bytes());
        body.extend(vector.iter().flat_map(|x| x.to_le_bytes()));
    }
    let width = all.first().map_or(0, |(_, vector)| vector.len());
    let header = Header { embedder: digest.to_owned(), width, texts: all.len(), sha256: record::digest(&body) };
    let mut bytes = serde_json::to_vec(&header).unwrap_or_default();
    bytes.push(b'\n');
    bytes.extend(body);
    Ok(record::write_atomic(path, &bytes)?)
}

/// What a file holds; nothing where there is none.
fn read(path: &std::path::Path, digest: &str) -> Result<HashMap<String, Vec<f32>>, String> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => return Err(error.to_string()),
    };
    let line = bytes.iter().position(|&byte| byte == b'\n').ok_or("it has no first line")?;
    let header: Header = serde_json::from_slice(&bytes[..line]).map_err(|error| format!("its first line: {error}"))?;
    let mut rest = &bytes[line + 1..];
    if header.embedder != digest {
        return Err("it is of another embedder".to_owned());
    }
    if record::digest(rest) != header.sha256 {
        return Err("its checksum is wrong".to_owned());
    }
    let mut known = HashMap::new();
    let mut take = |count: usize| rest.split_at_checked(count).map(|(part, after)| (rest = after, part).1);
    for _ in 0..header.texts {
        let short = || "it ends early".to_owned();
        let length = take(4).and_then(|part| part.try_into().ok()).map(u32::from_le_bytes).ok_or_else(short)?;
        let text = std::str::from_utf8(take(length as usize).ok_or_else(short)?).map_err(|error| error.to_string())?;
        let vector = take(header.width.saturating_mul(4)).ok_or_else(short)?;
        let vector = vector.as_chunks::<4>().0.iter().map(|&x| f32::from_le_bytes(x)).collect();
        known.insert(text.to_owned(), vector);
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_damage_is_noticed() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a/b.bin");
        assert!(read(&path, "d")?.is_empty());
        let known: HashMap<String, Vec<f32>> =
            [("", [1.0, 0.0]), ("中\n", [0.6, -0.8])].map(|(text, x)| (text.to_owned(), x.to_vec())).into();
        write(&path, "d", &known)?;
        assert_eq!(read(&path, "d")?, known);
        assert!(read(&path, "e").is_err_and(|problem| problem.contains("another embedder")));
        let whole = std::fs::read(&path)?;
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut])?;
            assert!(read(&path, "d").is_err(), "cut at {cut}");
            let mut flipped = whole.clone();
            flipped[cut] ^= 0x10;
            std::fs::write(&path, flipped)?;
            // Another digit of a number that the header does not need to be right is no damage to the texts.
            assert!(read(&path, "d").is_err() || read(&path, "d")?.len() <= known.len(), "flipped at {cut}");
        }
        Ok(())
    }

    #[test]
    fn vectors_are_made_unit_and_zeros_stay() {
        assert_eq!(unit(vec![3.0, 4.0]), [0.6, 0.8]);
        assert_eq!(unit(vec![0.0; 9]), [0.0; 9]);
        assert_eq!(dot(&[1.0; 11], &[2.0; 11]), 22.0);
    }
}
