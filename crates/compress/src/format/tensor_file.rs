//! A safetensors file that is written as its tensors become known.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use model::Dtype;
use serde_json::{Map, Value, json};

use crate::CompressError;

/// A tensor that will be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub dtype: Dtype,
    /// Its sizes, outermost first.
    pub shape: Vec<usize>,
}

impl Plan {
    /// Bytes of the tensor.
    pub fn bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype.bitsize() / 8
    }
}

/// An open file with a place for every planned tensor. A tensor may be written again.
#[derive(Debug)]
pub(crate) struct TensorFile {
    path: PathBuf,
    file: File,
    places: HashMap<String, Range<u64>>,
    /// Tensors not yet written.
    missing: HashSet<String>,
}

impl TensorFile {
    /// Creates the file and writes its header. Large elements come first, as the format's own writer puts them.
    pub fn create(path: &Path, plans: Vec<Plan>) -> Result<Self, CompressError> {
        let (header, places) = layout(plans);
        let open = || -> std::io::Result<File> {
            let mut file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
            file.write_all(&header)?;
            file.set_len(places.values().map(|place| place.end).max().unwrap_or(header.len() as u64))?;
            Ok(file)
        };
        let missing = places.keys().cloned().collect();
        Ok(Self { path: path.to_owned(), file: open().map_err(CompressError::io("write", path))?, places, missing })
    }

    /// Opens a file that [`TensorFile::create`] began with the same plans; `None` where it is another. What is in it counts
    /// as written.
    pub fn reopen(path: &Path, plans: Vec<Plan>) -> Result<Option<Self>, CompressError> {
        let (header, places) = layout(plans);
        let mut begun = Vec::new();
        let mut open = || -> std::io::Result<File> {
            let mut file = File::options().read(true).write(true).open(path)?;
            Read::by_ref(&mut file).take(header.len() as u64).read_to_end(&mut begun)?;
            Ok(file)
        };
        let file = open().map_err(CompressError::io("open", path))?;
        Ok((begun == header).then(|| Self { path: path.to_owned(), file, places, missing: HashSet::new() }))
    }

    /// Writes one tensor, little-endian and row-major, in its place.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), CompressError> {
        let fail = CompressError::io("write", &self.path);
        let place = self.places.get(name).filter(|place| place.end - place.start == bytes.len() as u64);
        let Some(place) = place else {
            return Err(fail(std::io::Error::other(format!("tensor `{name}` has another size than was planned"))));
        };
        self.missing.remove(name);
        self.file.seek(SeekFrom::Start(place.start)).and_then(|_| self.file.write_all(bytes)).map_err(fail)
    }

    /// Makes sure that what was written is on disk.
    pub fn flush(&mut self) -> Result<(), CompressError> {
        self.file.sync_data().map_err(CompressError::io("write", &self.path))
    }

    /// Makes sure that everything is written, and on disk.
    pub fn sync(&mut self) -> Result<(), CompressError> {
        let fail = CompressError::io("write", &self.path);
        if let Some(name) = self.missing.iter().min() {
            return Err(fail(std::io::Error::other(format!("tensor `{name}` was never written"))));
        }
        self.file.sync_all().map_err(fail)
    }
}

/// The header of a file, and where each tensor will lie in it.
fn layout(mut plans: Vec<Plan>) -> (Vec<u8>, HashMap<String, Range<u64>>) {
    plans.sort_by(|a, b| b.dtype.bitsize().cmp(&a.dtype.bitsize()).then(a.name.cmp(&b.name)));
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    let mut end = 0;
    let mut places = HashMap::new();
    for plan in &plans {
        let place = end..end + plan.bytes() as u64;
        end = place.end;
        let entry = json!({"dtype": plan.dtype, "shape": plan.shape, "data_offsets": [place.start, place.end]});
        header.insert(plan.name.clone(), entry);
        places.insert(plan.name.clone(), place);
    }
    let mut text = Value::Object(header).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let first = 8 + text.len() as u64;
    places.values_mut().for_each(|place| *place = place.start + first..place.end + first);
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text);
    (bytes, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_written_in_any_order_are_read_back() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x.safetensors");
        let plan = |name: &str, dtype, shape: &[usize]| Plan { name: name.into(), dtype, shape: shape.to_vec() };
        let plans = vec![plan("a", Dtype::BF16, &[3]), plan("b", Dtype::I64, &[1, 1]), plan("c", Dtype::F32, &[0])];
        let mut file = TensorFile::create(&path, plans.clone())?;
        file.write("a", &[1, 2, 3, 4, 5, 6])?;
        assert!(file.write("a", &[1, 2, 3, 4, 5, 6, 7]).is_err() && file.write("x", &[]).is_err());
        file.write("c", &[])?;
        drop(file);
        assert!(TensorFile::reopen(&path, plans[..2].to_vec())?.is_none());
        let mut file = TensorFile::reopen(&path, plans.clone())?.ok_or("it is the same file")?;
        file.write("b", &[9; 8])?;
        file.sync()?;
        let bytes = std::fs::read(&path)?;
        let read = safetensors::SafeTensors::deserialize(&bytes)?;
        assert_eq!(read.tensor("a")?.data(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(read.tensor("b")?.data(), [9; 8]);
        assert!(TensorFile::create(&path, plans)?.sync().is_err());
        Ok(())
    }
}
