//! The named tensors of a folder's safetensors files, or of one file: mapped, not read.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use safetensors::{Dtype, SafeTensors};

use crate::checkpoint::files::{damaged, not_the_file};
use crate::checkpoint::shards::WEIGHTS;
use crate::format::gguf::{self, Joined, Kind, Quantized};
use crate::strips::most_bytes;
use crate::{Bytes, HalfKind, ModelError, Weight};

/// All tensors by name, and the files that hold them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tensors {
    shards: Vec<(PathBuf, Bytes)>,
    entries: BTreeMap<String, Entry>,
    /// Tensors that an index promises and that are not there, and the file that should hold each.
    pub absent: BTreeMap<String, PathBuf>,
    /// What the reader should know of what was read and what was not.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub shard: usize,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub range: Range<usize>,
    pub change: Change,
}

/// What a file's values are beside those of the tensor.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Change {
    /// The same.
    #[default]
    None,
    /// Rows of so many heads lie in pairs.
    Halves(usize),
    /// Each is one more (f32).
    OneMore,
    /// Inputs come before outputs.
    Transposed,
    /// Rows lie in two places.
    Joined(Box<Joined>),
    /// Runs of 32 4-bit floats, whose scales lie in a shard and a range; the tensor is of bf16, which holds them exactly.
    Mxfp4(usize, Range<usize>),
}

/// One tensor as it lies in its file.
#[derive(Debug, Clone)]
pub struct TensorView {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub dtype: Dtype,
    /// Its sizes, outermost first.
    pub shape: Vec<usize>,
    /// Its values, little-endian and row-major.
    pub bytes: Bytes,
    /// The file that holds it.
    pub file: PathBuf,
}

impl Tensors {
    /// The tensors of one GGUF file.
    pub fn of_file(path: PathBuf, bytes: Bytes, placed: Vec<gguf::Placed>) -> Self {
        let entry = |one: gguf::Placed| {
            let gguf::Placed { name, dtype, shape, range, change } = one;
            (name, Entry { shard: 0, dtype, shape, range, change })
        };
        let entries = placed.into_iter().map(entry).collect();
        Self { shards: vec![(path, bytes)], entries, ..Self::default() }
    }

    /// Adds the tensors of one safetensors file; they count more than those of files before it.
    pub fn add_shard(&mut self, path: PathBuf, bytes: Bytes) -> Result<(), ModelError> {
        if let Some(error) = not_the_file(&path, &bytes) {
            return Err(error);
        }
        let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| {
            let why = format!("it is not a whole safetensors file of {} bytes ({error})", bytes.len());
            damaged(&path, why, "download it again and compare its size and checksum")
        })?;
        let (data, shard) = (header + 8, self.shards.len());
        self.shards.push((path, bytes));
        for (name, info) in metadata.tensors() {
            let range = data + info.data_offsets.0..data + info.data_offsets.1;
            let entry = Entry { shard, dtype: info.dtype, shape: info.shape.clone(), range, change: Change::None };
            if let Some(before) = self.entries.insert(name.clone(), entry) {
                self.note_twin(&name, &before);
            }
        }
        Ok(())
    }

    /// Says that a tensor lies in two files, where it makes a difference.
    fn note_twin(&mut self, name: &str, before: &Entry) {
        let Some(now) = self.entries.get(name) else { return };
        let bytes = |entry: &Entry| self.shards[entry.shard].1.slice(entry.range.clone());
        let same = before.shape == now.shape && bytes(before).as_deref() == bytes(now).as_deref();
        if !same {
            let [before, now] = [before, now].map(|entry| self.shards[entry.shard].0.display());
            self.notes.push(format!("tensor `{name}` lies in {before} and, otherwise, in {now}, which counts"));
        }
    }

    /// Gives a tensor another name, unless there is one of that name.
    pub fn rename(&mut self, name: &str, to: &str) {
        if !self.entries.contains_key(to)
            && let Some(entry) = self.entries.remove(name)
        {
            self.entries.insert(to.to_owned(), entry);
        }
        if let Some(path) = self.absent.remove(name) {
            self.absent.insert(to.to_owned(), path);
        }
    }

    /// Leaves a tensor out.
    pub fn remove(&mut self, name: &str) {
        self.entries.remove(name);
    }

    /// Whether a module has tensors: `lm_head` where there is `lm_head.weight`.
    pub fn has_module(&self, module: &str) -> bool {
        let start = format!("{module}.");
        self.entries.range(start.clone()..).next().is_some_and(|(name, _)| name.starts_with(&start))
    }

    /// The error that a tensor is in no file, and why.
    pub fn lacking(&self, name: &str, why: String) -> ModelError {
        match self.absent.get(name) {
            Some(shard) if !shard.exists() => {
                let cure = "it is a shard that model.safetensors.index.json names; download it";
                ModelError::Missing { path: shard.clone(), cure }
            }
            Some(shard) => {
                let why = "model.safetensors.index.json says that it lies there; download both from one revision";
                ModelError::NoTensor { name: name.to_owned(), path: shard.clone(), why: why.to_owned() }
            }
            None => {
                let path = self.shards.first().map_or_else(|| PathBuf::from(WEIGHTS), |(path, _)| path.clone());
                ModelError::NoTensor { name: name.to_owned(), path, why }
            }
        }
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// One tensor.
    ///
    /// # Errors
    /// [`ModelError::NoTensor`] where there is none of this name.
    pub fn get(&self, name: &str) -> Result<TensorView, ModelError> {
        let none = || self.lacking(name, "no weight file holds it".to_owned());
        let entry = self.entries.get(name).ok_or_else(none)?;
        let (file, whole) = &self.shards[entry.shard];
        let bytes = whole.slice(entry.range.clone()).ok_or_else(none)?;
        let rows = entry.shape.first().copied().unwrap_or(1);
        let bytes = match &entry.change {
            Change::None => bytes,
            Change::Halves(heads) => gguf::halves(&bytes, rows, *heads).into(),
            Change::OneMore => one_less(&bytes).into(),
            Change::Transposed => transposed(&bytes, rows, entry.dtype.bitsize() / 8).into(),
            Change::Joined(joined) => joined.bytes(whole).into(),
            Change::Mxfp4(..) => {
                let blocks = self.blocks(name).ok_or_else(none)?.bytes;
                let (kind, cols) = (Kind::MXFP4, entry.shape.last().copied().unwrap_or(1));
                let wide = Weight::Quantized(Quantized { kind, rows, cols, bytes: blocks }).to_f32();
                match Weight::half(HalfKind::Bf16, &wide) {
                    Weight::Half(half) => half.bytes,
                    _ => bytes,
                }
            }
        };
        Ok(TensorView {
            name: name.to_owned(),
            dtype: entry.dtype,
            shape: entry.shape.clone(),
            bytes,
            file: file.clone(),
        })
    }

    /// The 4-bit floats behind a tensor, where it has some: blocks as a GGUF file holds them.
    pub fn blocks(&self, name: &str) -> Option<TensorView> {
        let entry = self.entries.get(name)?;
        let Change::Mxfp4(shard, range) = &entry.change else { return None };
        let (file, codes) = self.shards.get(entry.shard)?;
        let (codes, scales) = (codes.slice(entry.range.clone())?, self.shards.get(*shard)?.1.slice(range.clone())?);
        let bytes: Vec<u8> = codes.as_chunks::<16>().0.iter().zip(&*scales).flat_map(in_halves).collect();
        let (rows, cols) = (*entry.shape.first()?, *entry.shape.last()?);
        let shape = vec![rows, cols / Kind::MXFP4.block_values() * Kind::MXFP4.block_bytes()];
        Some(TensorView { name: name.to_owned(), dtype: Dtype::U8, shape, bytes: bytes.into(), file: file.clone() })
    }

    /// Bytes of a tensor that are held beside its file once a model is loaded for products: vectors, scales, integers that
    /// are packed otherwise, and what lies otherwise. The rest stays where it lies. `whole`: integers are multiplied by integers, and
    /// laid out for it.
    pub fn held(&self, name: &str, whole: bool) -> usize {
        let Some(Entry { dtype, shape, range, change, .. }) = self.entries.get(name) else { return 0 };
        let (values, suffix) = (shape.iter().product::<usize>(), name.rsplit('.').next().unwrap_or_default());
        let bytes = values * dtype.bitsize() / 8;
        let matrix = shape.len() > 1 && !suffix.contains("scale");
        match (dtype, change) {
            // A run of 32 codes has a scale of 8 bits.
            (_, Change::Mxfp4(..)) => range.len() / 16 * 17,
            (Dtype::BF16 | Dtype::F16, _) if !matrix => 4 * values,
            (Dtype::BF16 | Dtype::F16, Change::None) => 0,
            (Dtype::F32, Change::None) if matrix && range.start.is_multiple_of(4) => 0,
            (Dtype::F32 | Dtype::F64, _) => 4 * values,
            // Packed integers have a scale of 32 bits, blocks one of 16.
            (Dtype::U8, change) => {
                let kind = Kind::of_suffix(suffix);
                let most = |kind: Kind| most_bytes(kind, bytes / kind.block_bytes() * kind.block_values());
                kind.filter(|_| whole).and_then(most).unwrap_or(match kind {
                    Some(kind @ (Kind::Q4_0 | Kind::Q8_0)) => bytes / kind.block_bytes() * (kind.block_bytes() + 2),
                    _ if *change == Change::None => 0,
                    _ => bytes,
                })
            }
            (Dtype::I32, _) if suffix == "weight_packed" && !whole => 0,
            (Dtype::F8_E4M3, _) => 0,
            _ => bytes,
        }
    }

    /// A tensor's place.
    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Puts a tensor in the place of others.
    pub(super) fn insert(&mut self, name: String, entry: Entry) {
        self.entries.insert(name, entry);
    }

    /// The files and their bytes.
    pub fn shards(&self) -> &[(PathBuf, Bytes)] {
        &self.shards
    }
}

/// f32 values, each one less.
fn one_less(bytes: &[u8]) -> Vec<u8> {
    bytes.as_chunks::<4>().0.iter().flat_map(|&four| (f32::from_le_bytes(four) - 1.0).to_le_bytes()).collect()
}

/// A matrix of `rows` rows from one of as many columns, of values of so many bytes.
fn transposed(bytes: &[u8], rows: usize, width: usize) -> Vec<u8> {
    let columns = bytes.len() / (rows * width).max(1);
    let mut all = Vec::with_capacity(bytes.len());
    for row in 0..rows {
        for column in 0..columns {
            all.extend_from_slice(&bytes[(column * rows + row) * width..][..width]);
        }
    }
    all
}

/// A block of a GGUF file: the scale, then number j and j + 16 in byte j; of codes with numbers 2j and 2j + 1 in byte j.
fn in_halves((codes, scale): (&[u8; 16], &u8)) -> [u8; 17] {
    let code = |number: usize| codes[number / 2] >> (number % 2 * 4) & 0xF;
    std::array::from_fn(|at| match at {
        0 => *scale,
        at => code(at - 1) | code(at + 15) << 4,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_of_floats_stay_in_their_file_and_vectors_are_held() {
        let header = r#"{"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
            "b.weight":{"dtype":"F32","shape":[3],"data_offsets":[24,36]},
            "c.weight":{"dtype":"BF16","shape":[2,2],"data_offsets":[36,44]}}"#;
        for pad in 0..4 {
            let header = format!("{header}{}", " ".repeat((pad + 8 - header.len() % 8) % 8));
            let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
            bytes.extend(header.as_bytes());
            bytes.extend([0; 44]);
            let mut tensors = Tensors::default();
            tensors.add_shard("x.safetensors".into(), bytes.into()).expect("a file");
            let held = ["a.weight", "b.weight", "c.weight"].map(|name| tensors.held(name, false));
            assert_eq!(held, [if pad == 0 { 0 } else { 24 }, 12, 0], "{pad} bytes off");
        }
    }

    #[test]
    fn values_are_undone_by_hand() {
        assert_eq!(transposed(&[1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6], 3, 2), [1, 1, 4, 4, 2, 2, 5, 5, 3, 3, 6, 6]);
        assert_eq!(one_less(&1.5f32.to_le_bytes()), 0.5f32.to_le_bytes());
        let mut codes = [0u8; 16];
        codes[0] = 0x21; // numbers 0 and 1
        codes[8] = 0x43; // numbers 16 and 17
        let block = in_halves((&codes, &127));
        assert_eq!((block[0], block[1], block[2]), (127, 0x31, 0x42));
    }
}
