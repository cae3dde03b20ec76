//! Probes on disk, as safetensors: names and shapes are those of [`Positions`] and [`Spectrum`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

use model::Matrix;
use record::{BesideDense, Positions, RecordError, Spectrum, SpectrumOf};
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, View};

use crate::GenerateError;

/// Tensors by name, on their way to a file or back.
#[derive(Default)]
pub(super) struct Tensors(Vec<(String, Values)>);

struct Values {
    kind: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for &Values {
    fn dtype(&self) -> Dtype {
        self.kind
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// A number that files hold.
trait Number: Sized {
    const KIND: Dtype;
    fn write(&self, bytes: &mut Vec<u8>);
    fn read(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! number {
    ($($kind:ident $of:ty),*) => {$(
        impl Number for $of {
            const KIND: Dtype = Dtype::$kind;
            fn write(&self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
            fn read(bytes: &[u8]) -> Vec<Self> {
                let (whole, _) = bytes.as_chunks();
                whole.iter().map(|number| Self::from_le_bytes(*number)).collect()
            }
        }
    )*};
}
number!(U32 u32, F32 f32, F64 f64);

impl Tensors {
    fn push<N: Number>(&mut self, name: impl Into<String>, shape: &[usize], numbers: &[N]) {
        let mut bytes = Vec::with_capacity(size_of_val(numbers));
        numbers.iter().for_each(|number| number.write(&mut bytes));
        self.0.push((name.into(), Values { kind: N::KIND, shape: shape.to_vec(), bytes }));
    }

    /// Adds a matrix.
    pub fn matrix(&mut self, name: impl Into<String>, matrix: &Matrix) {
        self.push(name, &[matrix.rows, matrix.cols], &matrix.data);
    }

    /// Adds positions.
    pub fn positions(&mut self, all: &Positions) {
        let (n, top) = (all.len(), all.top);
        self.push("text", &[n], &all.text);
        self.push("token", &[n], &all.token);
        self.push("ids", &[n, top], &all.ids);
        self.push("logits", &[n, top], &all.logits);
        self.push("log_sum_exp", &[n], &all.log_sum_exp);
        self.push("rest", &[n], &all.rest);
        self.push("chosen", &[n], &all.chosen);
        self.push("rank", &[n], &all.rank);
        if let Some(beside) = &all.beside {
            self.push("dense.logits", &[n, top], &beside.logits);
            self.push("dense.kl", &[n], &beside.kl);
            self.push("dense.acceptance", &[n], &beside.acceptance);
        }
    }

    /// Adds a spectrum.
    pub fn spectrum(&mut self, spectrum: &Spectrum) {
        let name = name(&spectrum.of);
        self.push(format!("singular.{name}"), &[spectrum.singular.len()], &spectrum.singular);
        if !spectrum.covariance.is_empty() {
            self.push(format!("covariance.{name}"), &[spectrum.covariance.len()], &spectrum.covariance);
        }
    }

    /// Writes the file, never half of it. `digest` says what it was made of.
    pub fn write(&self, path: &Path, digest: &str) -> Result<(), GenerateError> {
        let metadata = HashMap::from([("made_of".to_owned(), digest.to_owned())]);
        let named = self.0.iter().map(|(name, values)| (name.as_str(), values));
        let bytes = safetensors::serialize(named, Some(metadata)).map_err(broken(path))?;
        Ok(record::write_atomic(path, &bytes)?)
    }
}

/// `hidden.3`, `logits`, `weight.NAME`
fn name(of: &SpectrumOf) -> String {
    match of {
        SpectrumOf::Hidden(layer) => format!("hidden.{layer}"),
        SpectrumOf::Logits => "logits".to_owned(),
        SpectrumOf::Weight(name) => format!("weight.{name}"),
    }
}

fn named(name: &str) -> Option<SpectrumOf> {
    match name.split_once('.') {
        None if name == "logits" => Some(SpectrumOf::Logits),
        Some(("hidden", layer)) => layer.parse().ok().map(SpectrumOf::Hidden),
        Some(("weight", name)) => Some(SpectrumOf::Weight(name.to_owned())),
        _ => None,
    }
}

fn broken(path: &Path) -> impl Fn(SafeTensorError) -> GenerateError + '_ {
    |error| GenerateError::Probe { path: path.to_owned(), why: error.to_string() }
}

/// A file that was read, and what it holds.
pub(super) struct File<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
}

/// The bytes of a file and what they were made of; `None` where there is no such file.
pub(super) fn bytes(path: &Path) -> Result<Option<Vec<u8>>, GenerateError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(RecordError::io("read", path, error).into()),
    }
}

impl<'a> File<'a> {
    /// Reads what was written; `digest` is what it has to be made of.
    pub fn of(path: &'a Path, bytes: &'a [u8], digest: &str) -> Result<Option<Self>, GenerateError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(broken(path))?;
        let made_of = metadata.metadata().as_ref().and_then(|texts| texts.get("made_of"));
        let tensors = SafeTensors::deserialize(bytes).map_err(broken(path))?;
        Ok((made_of.map(String::as_str) == Some(digest)).then_some(Self { path, tensors }))
    }

    fn numbers<N: Number>(&self, name: &str, shape: &[usize]) -> Result<Vec<N>, GenerateError> {
        let tensor = self.tensors.tensor(name).map_err(broken(self.path))?;
        if tensor.dtype() != N::KIND || tensor.shape() != shape {
            let why = format!("`{name}` is {:?} {:?}, not {:?} {shape:?}", tensor.dtype(), tensor.shape(), N::KIND);
            return Err(GenerateError::Probe { path: self.path.to_owned(), why });
        }
        Ok(N::read(tensor.data()))
    }

    fn shape(&self, name: &str) -> Result<Vec<usize>, GenerateError> {
        Ok(self.tensors.tensor(name).map_err(broken(self.path))?.shape().to_vec())
    }

    /// A matrix.
    pub fn matrix(&self, name: &str) -> Result<Matrix, GenerateError> {
        let shape = self.shape(name)?;
        let &[rows, cols] = &shape[..] else {
            let why = format!("`{name}` is {shape:?}, no matrix");
            return Err(GenerateError::Probe { path: self.path.to_owned(), why });
        };
        Ok(Matrix::new(rows, cols, self.numbers(name, &shape)?))
    }

    /// Positions.
    pub fn positions(&self) -> Result<Positions, GenerateError> {
        let shape = self.shape("ids")?;
        let &[n, top] = &shape[..] else {
            let why = format!("`ids` is {shape:?}, no matrix");
            return Err(GenerateError::Probe { path: self.path.to_owned(), why });
        };
        let beside = match self.tensors.names().contains(&"dense.kl") {
            true => Some(BesideDense {
                logits: self.numbers("dense.logits", &shape)?,
                kl: self.numbers("dense.kl", &[n])?,
                acceptance: self.numbers("dense.acceptance", &[n])?,
            }),
            false => None,
        };
        Ok(Positions {
            top,
            text: self.numbers("text", &[n])?,
            token: self.numbers("token", &[n])?,
            ids: self.numbers("ids", &shape)?,
            logits: self.numbers("logits", &shape)?,
            log_sum_exp: self.numbers("log_sum_exp", &[n])?,
            rest: self.numbers("rest", &[n])?,
            chosen: self.numbers("chosen", &[n])?,
            rank: self.numbers("rank", &[n])?,
            beside,
        })
    }

    /// All spectra, those of hidden states first.
    pub fn spectra(&self) -> Result<Vec<Spectrum>, GenerateError> {
        let mut all = Vec::new();
        for name in self.tensors.names() {
            let Some((short, of)) = name.strip_prefix("singular.").and_then(|short| Some((short, named(short)?)))
            else {
                continue;
            };
            let covariance = format!("covariance.{short}");
            let covariance = match self.tensors.names().contains(&covariance.as_str()) {
                true => self.numbers(&covariance, &self.shape(&covariance)?)?,
                false => Vec::new(),
            };
            all.push(Spectrum { of, singular: self.numbers(name, &self.shape(name)?)?, covariance });
        }
        all.sort_by(|a, b| a.of.cmp(&b.of));
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_broken_is_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x.safetensors");
        let beside = BesideDense { logits: vec![1.0, -2.0], kl: vec![0.25], acceptance: vec![0.5] };
        let positions = Positions {
            top: 2,
            text: vec![3],
            token: vec![9],
            ids: vec![7, 8],
            logits: vec![1.5, 0.5],
            log_sum_exp: vec![2.0],
            rest: vec![0.125],
            chosen: vec![0.5],
            rank: vec![1],
            beside: Some(beside),
        };
        let of =
            [SpectrumOf::Hidden(2), SpectrumOf::Hidden(11), SpectrumOf::Logits, SpectrumOf::Weight("a.0.b".into())];
        let spectra = of.map(|of| Spectrum {
            covariance: if of == SpectrumOf::Logits { vec![0.5] } else { Vec::new() },
            of,
            singular: vec![2.0, 1.0],
        });
        let mut tensors = Tensors::default();
        tensors.positions(&positions);
        spectra.iter().for_each(|spectrum| tensors.spectrum(spectrum));
        tensors.matrix("final", &Matrix::new(1, 2, vec![1.0, 2.0]));
        tensors.write(&path, "abc")?;
        let all = bytes(&path)?.unwrap_or_default();
        let file = File::of(&path, &all, "abc")?.ok_or("made of something else")?;
        assert_eq!(file.positions()?, positions);
        assert_eq!(file.spectra()?, spectra);
        assert_eq!(file.matrix("final")?.row(0), [1.0, 2.0]);
        assert!(File::of(&path, &all, "other")?.is_none());
        for cut in [0, 3, 8, 40, all.len() - 1] {
            let error = File::of(&path, &all[..cut], "abc").err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains("x.safetensors"), "{cut}: {error}");
        }
        assert!(bytes(&folder.path().join("none"))?.is_none());
        Ok(())
    }
}
