//! A GGUF file that is written as its tensors become known.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use model::Dtype;
use model::gguf::{Kind, MAGIC, file_name};

use super::metadata::{Metadata, text};
use crate::CompressError;
use crate::format::tensor_file::Plan;

/// Every tensor begins at a multiple of it.
const ALIGNMENT: u64 = 32;

/// Where a tensor lies, and what it is given as.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    range: Range<u64>,
    /// The type of the bytes that [`GgufFile::write`] is given.
    given: Dtype,
    /// What they are stored as.
    kind: Kind,
}

/// An open file with a place for every planned tensor. A tensor may be written again.
#[derive(Debug)]
pub(crate) struct GgufFile {
    path: PathBuf,
    file: File,
    places: HashMap<String, Place>,
    /// Tensors not yet written.
    missing: HashSet<String>,
    /// The head that is the embedding, which is not stored twice.
    tied: Option<String>,
}

impl GgufFile {
    /// Creates the file and writes everything before the tensors. Plans are of the Hugging Face folder; vectors are
    /// stored in f32 whatever they are given in.
    pub fn create(path: &Path, metadata: &Metadata, plans: Vec<Plan>) -> Result<Self, CompressError> {
        let Layout { header, places, end, tied } = layout(metadata, plans)?;
        let open = || -> std::io::Result<File> {
            let mut file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
            file.write_all(&header)?;
            file.set_len(end)?;
            Ok(file)
        };
        let missing = places.keys().cloned().collect();
        let file = open().map_err(CompressError::io("write", path))?;
        Ok(Self { path: path.to_owned(), file, places, missing, tied })
    }

    /// Opens a file that [`GgufFile::create`] began with the same metadata and plans; `None` where it is another. What is
    /// in it counts as written.
    pub fn reopen(path: &Path, metadata: &Metadata, plans: Vec<Plan>) -> Result<Option<Self>, CompressError> {
        let Layout { header, places, tied, .. } = layout(metadata, plans)?;
        let mut begun = Vec::new();
        let mut open = || -> std::io::Result<File> {
            let mut file = File::options().read(true).write(true).open(path)?;
            Read::by_ref(&mut file).take(header.len() as u64).read_to_end(&mut begun)?;
            Ok(file)
        };
        let file = open().map_err(CompressError::io("open", path))?;
        let missing = HashSet::new();
        Ok((begun == header).then(|| Self { path: path.to_owned(), file, places, missing, tied }))
    }

    /// Writes one tensor, little-endian and row-major, in its place.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), CompressError> {
        if self.tied.as_deref() == Some(name) {
            return Ok(());
        }
        let fail = CompressError::io("write", &self.path);
        let stored = self.places.get(name).map(|place| (place.range.clone(), convert(place, bytes)));
        let Some((range, stored)) = stored.filter(|(range, bytes)| range.end - range.start == bytes.len() as u64)
        else {
            return Err(fail(std::io::Error::other(format!("tensor `{name}` has another size than was planned"))));
        };
        self.missing.remove(name);
        self.file.seek(SeekFrom::Start(range.start)).and_then(|_| self.file.write_all(&stored)).map_err(fail)
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

/// A tensor's bytes as they are stored.
fn convert<'a>(place: &Place, bytes: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
    let widen = |to: fn([u8; 2]) -> f32| {
        bytes.as_chunks::<2>().0.iter().flat_map(|&two| to(two).to_le_bytes()).collect::<Vec<u8>>().into()
    };
    match (place.given, place.kind) {
        (Dtype::BF16, Kind::F32) => widen(|two| bf16::from_le_bytes(two).to_f32()),
        (Dtype::F16, Kind::F32) => widen(|two| f16::from_le_bytes(two).to_f32()),
        _ => bytes.into(),
    }
}

/// Everything before the tensors, and where each will lie.
struct Layout {
    header: Vec<u8>,
    places: HashMap<String, Place>,
    end: u64,
    tied: Option<String>,
}

fn layout(metadata: &Metadata, plans: Vec<Plan>) -> Result<Layout, CompressError> {
    const HEAD: &str = "lm_head.weight";
    let (mut plans, tied): (Vec<Plan>, Vec<Plan>) =
        plans.into_iter().partition(|plan| !(metadata.tied && plan.name == HEAD));
    plans.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut table, mut offset, mut places) = (Vec::new(), 0u64, HashMap::new());
    for plan in &plans {
        let (name, kind, sizes) = describe(plan)?;
        let values = sizes.iter().product::<usize>();
        let end = offset + (values / kind.block_values() * kind.block_bytes()) as u64;
        table.extend(text(&name));
        table.extend((sizes.len() as u32).to_le_bytes());
        table.extend(sizes.iter().rev().flat_map(|&size| (size as u64).to_le_bytes()));
        table.extend(kind.number().to_le_bytes());
        table.extend(offset.to_le_bytes());
        places.insert(plan.name.clone(), Place { range: offset..end, given: plan.dtype, kind });
        offset = end.next_multiple_of(ALIGNMENT);
    }
    let mut header = MAGIC.to_vec();
    header.extend(3u32.to_le_bytes());
    header.extend((plans.len() as u64).to_le_bytes());
    header.extend(metadata.count.to_le_bytes());
    header.extend(&metadata.bytes);
    header.extend(table);
    header.resize(header.len().next_multiple_of(ALIGNMENT as usize), 0);
    let data = header.len() as u64;
    for place in places.values_mut() {
        place.range = place.range.start + data..place.range.end + data;
    }
    Ok(Layout { header, places, end: data + offset, tied: tied.into_iter().next().map(|plan| plan.name) })
}

/// What a planned tensor is called in the file, its type there, and its sizes, outermost first.
fn describe(plan: &Plan) -> Result<(String, Kind, Vec<usize>), CompressError> {
    let unknown = || {
        let what = format!("tensor `{}` of {:?}", plan.name, plan.dtype);
        let cure = "choose --format compressed-tensors".to_owned();
        CompressError::Format { format: "gguf", what, cure }
    };
    let mut shape = plan.shape.clone();
    let float = |kind| if shape.len() == 1 { Kind::F32 } else { kind };
    let (name, kind) = match plan.dtype {
        Dtype::F32 => (plan.name.clone(), Kind::F32),
        Dtype::F16 => (plan.name.clone(), float(Kind::F16)),
        Dtype::BF16 => (plan.name.clone(), float(Kind::Bf16)),
        Dtype::U8 => {
            let (linear, suffix) = plan.name.rsplit_once('.').ok_or_else(unknown)?;
            let kind = Kind::of_suffix(suffix).ok_or_else(unknown)?;
            if let Some(inner) = shape.last_mut() {
                *inner = *inner / kind.block_bytes() * kind.block_values();
            }
            (format!("{linear}.weight"), kind)
        }
        _ => return Err(unknown()),
    };
    Ok((file_name(&name).ok_or_else(unknown)?, kind, shape))
}
