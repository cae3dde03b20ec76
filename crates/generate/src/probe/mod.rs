//! Teacher-forced probes: every variant reads the same texts, and of each prediction a few numbers are kept.
//!
//! Whole logits are never stored, and held only for a few positions at a time. What a compressed variant predicts is
//! compared with the dense model over the whole vocabulary all the same: the dense model's last hidden states are kept, and
//! its head makes logits of them again.
//!
//! A text is on disk before the next one is read, and so is a block's weights, so that a killed probe goes on.

mod blame;
mod file;
mod position;
mod spectrum;

use std::fs;
use std::path::{Path, PathBuf};

use model::{Block, Checkpoint, Head, Matrix, Model};
use rayon::prelude::*;
use record::{Positions, ProbeText, RecordError, Spectrum, SpectrumOf};

use crate::GenerateError;
pub use blame::{BlameJob, Grain, Searched, blame};
use file::{File, Tensors};
use position::{DenseSide, look};

/// How many of the likeliest tokens are kept.
pub const TOP: usize = 64;
/// Bytes of logits that are held at a time, of each model.
const LOGITS: usize = 96 << 20;

/// What a variant is to read, and where the answers go.
pub struct ProbeJob<'a> {
    /// The texts.
    pub texts: &'a [ProbeText],
    /// Says what was asked: what another digest wrote in the folder is written anew.
    pub digest: &'a str,
    /// The variant's folder of probes.
    pub folder: &'a Path,
    /// The dense model and its folder of probes, which are there; absent of the dense model itself.
    pub dense: Option<(&'a Checkpoint, &'a Path)>,
    /// How many positions the spectra of hidden states and logits are of.
    pub sampled: usize,
    /// Whether the spectra of weights are wanted.
    pub weights: bool,
}

/// What is kept of one text.
struct Read {
    positions: Positions,
    /// The hidden states that the head read, `[positions, hidden]`.
    last: Matrix,
    /// The residual stream at the sampled positions, layer after layer, `[layers * sampled, hidden]`.
    sampled: Matrix,
}

fn positions_file(folder: &Path) -> PathBuf {
    folder.join("positions.safetensors")
}

fn spectra_file(folder: &Path) -> PathBuf {
    folder.join("spectra.safetensors")
}

/// Whether a folder holds all that a digest asks for.
///
/// # Errors
/// A file that is broken.
pub fn probed(folder: &Path, digest: &str) -> Result<bool, GenerateError> {
    for path in [positions_file(folder), spectra_file(folder)] {
        let Some(bytes) = file::bytes(&path)? else { return Ok(false) };
        if File::of(&path, &bytes, digest)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The positions and spectra of a folder; `None` where they are not those of a digest.
///
/// # Errors
/// A file that is broken.
pub fn read_probes(folder: &Path, digest: &str) -> Result<Option<(Positions, Vec<Spectrum>)>, GenerateError> {
    let (first, second) = (positions_file(folder), spectra_file(folder));
    let (Some(positions), Some(spectra)) = (file::bytes(&first)?, file::bytes(&second)?) else { return Ok(None) };
    let (positions, spectra) = (File::of(&first, &positions, digest)?, File::of(&second, &spectra, digest)?);
    let (Some(positions), Some(spectra)) = (positions, spectra) else { return Ok(None) };
    Ok(Some((positions.positions()?, spectra.spectra()?)))
}

/// Lets a variant read all texts, from wherever an earlier call was killed. `watch` hears how many of how many steps are
/// done: texts, then blocks of weights.
///
/// # Errors
/// A checkpoint that cannot be loaded, logits that are no numbers, a vocabulary of another size than the dense model's, a
/// full disk.
pub fn probe(
    checkpoint: &Checkpoint,
    job: &ProbeJob<'_>,
    watch: &mut dyn FnMut(usize, usize),
) -> Result<(), GenerateError> {
    let parts = job.folder.join("parts");
    let model = Model::load(checkpoint)?;
    let blocks = if job.weights { model.blocks.len() } else { 0 };
    let total = job.texts.len() + blocks;
    let reader = Reader::new(checkpoint, &model, job)?;
    for at in 0..job.texts.len() {
        watch(at, total);
        let path = parts.join(format!("{at}.safetensors"));
        if !is_whole(&path, job.digest)? {
            let read = reader.read(at)?;
            let mut tensors = Tensors::default();
            tensors.positions(&read.positions);
            tensors.matrix("last", &read.last);
            tensors.matrix("sampled", &read.sampled);
            tensors.write(&path, job.digest)?;
        }
    }
    for (layer, block) in model.blocks.iter().enumerate().take(blocks) {
        watch(job.texts.len() + layer, total);
        let path = parts.join(format!("weights.{layer}.safetensors"));
        if !is_whole(&path, job.digest)? {
            let mut tensors = Tensors::default();
            weights(block)?.iter().for_each(|spectrum| tensors.spectrum(spectrum));
            tensors.write(&path, job.digest)?;
        }
    }
    reader.merge(&parts, blocks)?;
    fs::remove_dir_all(&parts).map_err(|source| RecordError::io("remove", &parts, source))?;
    watch(total, total);
    Ok(())
}

/// Whether a part is there. One that is broken, or of something else, is made again.
fn is_whole(path: &Path, digest: &str) -> Result<bool, GenerateError> {
    Ok(file::bytes(path)?.is_some_and(|bytes| matches!(File::of(path, &bytes, digest), Ok(Some(_)))))
}

/// Spectra of a block's weights.
fn weights(block: &Block) -> Result<Vec<Spectrum>, GenerateError> {
    let linears = block.linears();
    let of = |linear: &&model::Linear| {
        let singular = spectrum::of_matrix(linear.weight.to_f32())
            .ok_or_else(|| GenerateError::NoNumbers { what: format!("weight {}", linear.name) })?;
        Ok(Spectrum { of: SpectrumOf::Weight(linear.name.clone()), singular, covariance: Vec::new() })
    };
    linears.par_iter().map(of).collect()
}

/// A variant that reads, and the dense model's predictions beside it.
struct Reader<'a> {
    model: &'a Model,
    job: &'a ProbeJob<'a>,
    dense: Option<Dense>,
    /// `[texts + 1]` The number of the first position of each text.
    starts: Vec<usize>,
}

/// What the dense model predicted.
struct Dense {
    head: Head,
    positions: Positions,
    last: Matrix,
}

impl<'a> Reader<'a> {
    fn new(checkpoint: &Checkpoint, model: &'a Model, job: &'a ProbeJob<'a>) -> Result<Self, GenerateError> {
        let counts = job.texts.iter().scan(0, |sum, text| {
            *sum += text.positions();
            Some(*sum)
        });
        let starts: Vec<usize> = std::iter::once(0).chain(counts).collect();
        let dense = match job.dense {
            Some((dense, folder)) => {
                let theirs = (dense.config().vocab_size, checkpoint.config().vocab_size);
                if theirs.0 != theirs.1 {
                    return Err(GenerateError::Vocabulary { dense: theirs.0, variant: theirs.1 });
                }
                let path = positions_file(folder);
                let bytes = file::bytes(&path)?.unwrap_or_default();
                let file = File::of(&path, &bytes, job.digest)?;
                let other = || GenerateError::Probe { path: path.clone(), why: "it is of other texts".to_owned() };
                let file = file.ok_or_else(other)?;
                let (positions, last) = (file.positions()?, file.matrix("last")?);
                if positions.len() != starts[job.texts.len()] || last.rows != positions.len() {
                    return Err(other());
                }
                Some(Dense { head: Head::load(dense)?, positions, last })
            }
            None => None,
        };
        Ok(Self { model, job, dense, starts })
    }

    /// How many positions there are.
    fn count(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Whether spectra look at a position: `sampled` of all, evenly spread.
    fn is_sampled(&self, position: usize) -> bool {
        let (all, wanted) = (self.count().max(1), self.job.sampled.min(self.count()));
        position * wanted / all != (position + 1) * wanted / all
    }

    fn read(&self, at: usize) -> Result<Read, GenerateError> {
        let text = &self.job.texts[at];
        let first = text.from.max(1);
        let rows = first - 1..text.tokens.len().max(first) - 1;
        let sampled: Vec<usize> =
            rows.clone().filter(|row| self.is_sampled(self.starts[at] + row + 1 - first)).collect();
        let hidden = self.model.config.hidden_size;
        let mut seen = Vec::new();
        let mut see = |state: &Matrix| sampled.iter().for_each(|&row| seen.extend_from_slice(state.row(row)));
        let end = self.model.read(&text.tokens, &mut |_, state| see(state))?;
        let last = end.slice_rows(rows);
        see(&self.model.last_norm(&end));
        let sampled = Matrix::new(seen.len() / hidden.max(1), hidden, seen);
        Ok(Read { positions: self.predictions(at, &last)?, last, sampled })
    }

    /// What is kept of the predictions that the head makes of hidden states.
    fn predictions(&self, at: usize, last: &Matrix) -> Result<Positions, GenerateError> {
        let text = &self.job.texts[at];
        let first = text.from.max(1);
        let step = (LOGITS / (4 * self.model.config.vocab_size.max(1))).max(1);
        let mut all = Positions { top: TOP.min(self.model.config.vocab_size), ..Positions::default() };
        for from in (0..last.rows).step_by(step) {
            let rows = from..last.rows.min(from + step);
            let logits = self.model.head(&last.slice_rows(rows.clone()));
            let chosen = &text.tokens[first + rows.start..first + rows.end];
            let there = self.starts[at] + rows.start..self.starts[at] + rows.end;
            let theirs = self.dense.as_ref().map(|dense| dense.head.logits(&dense.last.slice_rows(there.clone())));
            let side = self.dense.as_ref().zip(theirs.as_ref()).map(|(dense, logits)| DenseSide {
                logits,
                log_sum_exp: &dense.positions.log_sum_exp[there.clone()],
                ids: &dense.positions.ids[there.start * dense.positions.top..there.end * dense.positions.top],
            });
            let mut part = look(&logits, chosen, TOP, side.as_ref()).ok_or_else(|| GenerateError::NoNumbers {
                what: format!("logits of {} {}", text.source, text.sample),
            })?;
            part.text = vec![at as u32; rows.len()];
            part.token = (first + rows.start..first + rows.end).map(|token| token as u32).collect();
            all.extend(part);
        }
        Ok(all)
    }

    /// Makes the two files of all parts.
    fn merge(&self, parts: &Path, blocks: usize) -> Result<(), GenerateError> {
        let (mut positions, mut last, mut sampled) = (Positions::default(), Vec::new(), Vec::new());
        for at in 0..self.job.texts.len() {
            self.part(&parts.join(format!("{at}.safetensors")), &mut |file| {
                positions.extend(file.positions()?);
                last.extend(file.matrix("last")?.data);
                sampled.push(file.matrix("sampled")?);
                Ok(())
            })?;
        }
        let last = Matrix::new(positions.len(), self.model.config.hidden_size, last);
        let mut spectra = self.spectra(&sampled, &last)?;
        for layer in 0..blocks {
            self.part(&parts.join(format!("weights.{layer}.safetensors")), &mut |file| {
                spectra.extend(file.spectra()?);
                Ok(())
            })?;
        }
        let mut tensors = Tensors::default();
        spectra.iter().for_each(|spectrum| tensors.spectrum(spectrum));
        tensors.write(&spectra_file(self.job.folder), self.job.digest)?;
        let mut tensors = Tensors::default();
        tensors.positions(&positions);
        // Compressed variants are compared with what the dense model's head makes of these.
        if self.dense.is_none() {
            tensors.matrix("last", &last);
        }
        tensors.write(&positions_file(self.job.folder), self.job.digest)
    }

    fn part(&self, path: &Path, take: &mut dyn FnMut(&File) -> Result<(), GenerateError>) -> Result<(), GenerateError> {
        let bytes = file::bytes(path)?.unwrap_or_default();
        let gone =
            || GenerateError::Probe { path: path.to_owned(), why: "it was changed while it was read".to_owned() };
        take(&File::of(path, &bytes, self.job.digest)?.ok_or_else(gone)?)
    }

    /// Spectra of hidden states and logits at the sampled positions.
    fn spectra(&self, sampled: &[Matrix], last: &Matrix) -> Result<Vec<Spectrum>, GenerateError> {
        let layers = self.model.blocks.len() + 1;
        let mut all = Vec::new();
        for layer in 0..layers {
            let rows = sampled.iter().flat_map(|part| {
                let each = part.rows / layers;
                part.slice_rows(layer * each..(layer + 1) * each).data
            });
            all.push(spectra_of(SpectrumOf::Hidden(layer), &rows_of(rows.collect(), self.model.config.hidden_size))?);
        }
        let rows = (0..last.rows).filter(|&row| self.is_sampled(row)).flat_map(|row| last.row(row).to_vec());
        let logits = self.model.head(&rows_of(rows.collect(), last.cols));
        all.push(spectra_of(SpectrumOf::Logits, &logits)?);
        Ok(all)
    }
}

fn rows_of(data: Vec<f32>, cols: usize) -> Matrix {
    Matrix::new(data.len() / cols.max(1), cols, data)
}

/// Both spectra of a matrix `[positions, width]`: its singular values, and the eigenvalues of the covariance of its rows,
/// centered by column and then of length 1 (times the number of rows). They come from the `[positions, positions]` Gram
/// matrix, whose eigenvalues other than 0 are those of the `[width, width]` one.
///
/// # Errors
/// Values that are infinite or not numbers.
pub fn spectra_of(of: SpectrumOf, matrix: &Matrix) -> Result<Spectrum, GenerateError> {
    let gram = spectrum::gram(matrix);
    let both = spectrum::singular_values(&gram).zip(spectrum::eigenvalues(&spectrum::covariance(&gram)));
    let (singular, covariance) = both.ok_or_else(|| GenerateError::NoNumbers { what: format!("{of:?}") })?;
    Ok(Spectrum { of, singular, covariance })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn matrix(value: &Value) -> Option<Matrix> {
        let rows: Vec<Vec<f32>> = serde_json::from_value(value.clone()).ok()?;
        Some(Matrix::new(rows.len(), rows.first()?.len(), rows.concat()))
    }

    fn numbers(value: &Value) -> Vec<f64> {
        serde_json::from_value(value.clone()).unwrap_or_default()
    }

    fn near(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= tolerance * b.abs().max(1.0);
        assert!(got.len() == want.len() && got.iter().zip(want).all(close), "{what}: {got:?} {want:?}");
    }

    fn erank(values: &[f64]) -> f64 {
        let sum: f64 = values.iter().sum();
        let entropy = values.iter().map(|value| value / sum).filter(|share| *share > 0.0);
        entropy.map(|share| -share * share.ln()).sum::<f64>().exp()
    }

    /// The reference has logits of four decimals as f64; the engine's are f32, whose rounding is 6e-8 of a logit.
    #[test]
    fn golden_logits_of_the_engine_give_what_numpy_gives() -> Result<(), Box<dyn std::error::Error>> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/analysis.json");
        if !path.is_file() {
            eprintln!("skipped: {} is not there", path.display());
            return Ok(());
        }
        let golden: Value = serde_json::from_slice(&fs::read(&path)?)?;
        for case in golden["cases"].as_array().ok_or("no cases")? {
            let (dense, other) = (matrix(&case["dense"]).ok_or("dense")?, matrix(&case["compressed"]).ok_or("other")?);
            let chosen: Vec<u32> = serde_json::from_value(case["targets"].clone())?;
            let first = look(&dense, &chosen, TOP, None).ok_or("numbers")?;
            let side = DenseSide { logits: &dense, log_sum_exp: &first.log_sum_exp, ids: &first.ids };
            let second = look(&other, &chosen, TOP, Some(&side)).ok_or("numbers")?;
            let expected = &case["expected"];
            for (name, seen, logits) in [("dense", &first, &dense), ("compressed", &second, &other)] {
                let energy: Vec<f64> = seen.log_sum_exp.iter().map(|sum| -sum).collect();
                near(&energy, &numbers(&expected[name]["energy_t1"]), 1e-6, "energy");
                let nll = seen.log_sum_exp.iter().zip(&seen.chosen).map(|(sum, &logit)| sum - f64::from(logit));
                near(&nll.collect::<Vec<_>>(), &numbers(&expected[name]["nll"]), 1e-6, "nll");
                let spectrum = spectra_of(SpectrumOf::Logits, logits)?;
                let rank = expected[name]["erank_singular_values"].as_f64().ok_or("erank")?;
                near(&[erank(&spectrum.singular)], &[rank], 1e-6, "erank of singular values");
                let rank = expected[name]["erank_covariance"].as_f64().ok_or("erank")?;
                near(&[erank(&spectrum.covariance)], &[rank], 1e-6, "erank of the covariance");
            }
            let beside = second.beside.ok_or("beside")?;
            near(&beside.kl, &numbers(&expected["kl"]), 1e-5, "kl");
            near(&beside.acceptance, &numbers(&expected["expected_acceptance_rate"]), 1e-6, "acceptance");
        }
        Ok(())
    }
}
