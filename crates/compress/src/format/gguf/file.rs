//! A GGUF file that is written as its tensors become known.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use model::Dtype;
use model::gguf::{self, FilePlace, Kind, MAGIC};

use super::metadata::{Metadata, text};
use super::taken::Taken;
use crate::CompressError;
use crate::format::tensor_file::Plan;

/// Every tensor begins at a multiple of it.
const ALIGNMENT: u64 = 32;

/// Where each tensor of the folder lies, which may be in several of the file.
type Places = HashMap<String, Vec<Place>>;

/// Where a tensor lies, and what it is given as.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    range: Range<u64>,
    /// The type of the bytes that [`GgufFile::write`] is given.
    given: Dtype,
    /// What they are stored as.
    kind: Kind,
    /// Rows, and heads whose rows lie in pairs.
    pairs: Option<(usize, usize)>,
    /// Values are one more (f32).
    one_more: bool,
    /// What is taken of the bytes.
    taken: Taken,
}

/// An open file with a place for every planned tensor. A tensor may be written again.
#[derive(Debug)]
pub(crate) struct GgufFile {
    path: PathBuf,
    file: File,
    places: Places,
    /// Tensors not yet written.
    missing: HashSet<String>,
    /// The head that is the embedding, which is not stored twice.
    tied: Option<String>,
}

impl GgufFile {
    /// Creates the file and writes everything before the tensors. Plans are of the Hugging Face folder; vectors are
    /// stored in f32 whatever they are given in.
    pub fn create(path: &Path, metadata: &Metadata, plans: Vec<Plan>) -> Result<Self, CompressError> {
        let Layout { header, places, settings, end, tied } = layout(metadata, plans)?;
        let open = || -> std::io::Result<File> {
            let mut file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
            file.write_all(&header)?;
            file.set_len(end)?;
            for (start, bytes) in &settings {
                file.seek(SeekFrom::Start(*start))?;
                file.write_all(bytes)?;
            }
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
        let unplanned = || std::io::Error::other(format!("tensor `{name}` has another size than was planned"));
        let Some(places) = self.places.get(name) else { return Err(fail(unplanned())) };
        let file = &mut self.file;
        let mut write = |place: &Place| {
            let stored = convert(place, bytes);
            if place.range.end - place.range.start != stored.len() as u64 {
                return Err(unplanned());
            }
            file.seek(SeekFrom::Start(place.range.start)).and_then(|_| file.write_all(&stored))
        };
        places.iter().try_for_each(&mut write).map_err(fail)?;
        self.missing.remove(name);
        Ok(())
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
fn convert<'a>(place: &Place, bytes: &'a [u8]) -> Cow<'a, [u8]> {
    let taken = place.taken.of(bytes);
    let widen = |to: fn([u8; 2]) -> f32| {
        taken.as_chunks::<2>().0.iter().flat_map(|&two| to(two).to_le_bytes()).collect::<Vec<u8>>().into()
    };
    let stored: Cow<[u8]> = match (place.given, place.kind) {
        (Dtype::BF16, Kind::F32) => widen(|two| bf16::from_le_bytes(two).to_f32()),
        (Dtype::F16, Kind::F32) => widen(|two| f16::from_le_bytes(two).to_f32()),
        _ => taken,
    };
    let more = |four: &[u8; 4]| (f32::from_le_bytes(*four) + 1.0).to_le_bytes();
    match place.pairs {
        Some((rows, heads)) => gguf::pairs(&stored, rows, heads).into(),
        None if place.one_more => stored.as_chunks::<4>().0.iter().flat_map(more).collect::<Vec<u8>>().into(),
        None => stored,
    }
}

/// Everything before the tensors, and where each will lie.
struct Layout {
    header: Vec<u8>,
    places: Places,
    /// Tensors that are settings: where they lie, and what they hold.
    settings: Vec<(u64, Vec<u8>)>,
    end: u64,
    tied: Option<String>,
}

/// A row of the table of tensors.
struct Row {
    name: String,
    kind: Kind,
    /// Outermost first.
    sizes: Vec<usize>,
    offset: u64,
}

fn layout(metadata: &Metadata, plans: Vec<Plan>) -> Result<Layout, CompressError> {
    const HEAD: &str = "lm_head.weight";
    let (plans, tied): (Vec<Plan>, Vec<Plan>) =
        plans.into_iter().partition(|plan| !(metadata.tied && plan.name == HEAD));
    let (mut rows, mut offset, mut places, mut settings) = (Vec::new(), 0u64, Places::new(), Vec::new());
    for (name, values) in &metadata.vectors {
        rows.push(Row { name: name.clone(), kind: Kind::F32, sizes: vec![values.len()], offset });
        settings.push((offset, values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>()));
        offset = (offset + values.len() as u64 * 4).next_multiple_of(ALIGNMENT);
    }
    for (name, parts) in tensors(metadata, plans)? {
        let (kind, mut sizes) = (parts[0].kind, parts[0].sizes.clone());
        let start = offset;
        for part in &parts {
            let end = offset + (sizes.iter().product::<usize>() / kind.block_values() * kind.block_bytes()) as u64;
            let pairs = metadata.paired_heads(&name).map(|heads| (sizes[0], heads));
            let one_more = metadata.norms_one_more(&name);
            let (given, taken) = (part.plan.dtype, part.taken);
            let place = Place { range: offset..end, given, kind, pairs, one_more, taken };
            places.entry(part.plan.name.clone()).or_default().push(place);
            offset = end;
        }
        if parts[0].expert.is_some() {
            sizes.insert(0, parts.len());
        }
        rows.push(Row { name, kind, sizes, offset: start });
        offset = offset.next_multiple_of(ALIGNMENT);
    }
    let header = header(metadata, &rows);
    let data = header.len() as u64;
    for place in places.values_mut().flatten() {
        place.range = place.range.start + data..place.range.end + data;
    }
    settings.iter_mut().for_each(|(start, _)| *start += data);
    let tied = tied.into_iter().next().map(|plan| plan.name);
    Ok(Layout { header, places, settings, end: data + offset, tied })
}

/// Metadata and the table of tensors, up to the first tensor.
fn header(metadata: &Metadata, rows: &[Row]) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend(3u32.to_le_bytes());
    header.extend((rows.len() as u64).to_le_bytes());
    header.extend(metadata.count.to_le_bytes());
    header.extend(&metadata.bytes);
    for row in rows {
        header.extend(text(&row.name));
        header.extend((row.sizes.len() as u32).to_le_bytes());
        header.extend(row.sizes.iter().rev().flat_map(|&size| (size as u64).to_le_bytes()));
        header.extend(row.kind.number().to_le_bytes());
        header.extend(row.offset.to_le_bytes());
    }
    header.resize(header.len().next_multiple_of(ALIGNMENT as usize), 0);
    header
}

/// What a planned tensor is in the file.
struct Part {
    plan: Plan,
    kind: Kind,
    /// Outermost first.
    sizes: Vec<usize>,
    /// Which expert it belongs to, where experts lie in one tensor.
    expert: Option<usize>,
    /// What it has of the planned tensor.
    taken: Taken,
}

/// The tensors of the file, sorted by name, with their parts in the order of experts.
fn tensors(metadata: &Metadata, plans: Vec<Plan>) -> Result<BTreeMap<String, Vec<Part>>, CompressError> {
    let mut all: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    for plan in plans {
        let (places, kind, shape) = describe(metadata, &plan)?;
        for FilePlace { name, expert, share } in places {
            let (taken, sizes) = Taken::new(share, &shape, metadata.split).ok_or_else(|| unknown(&plan))?;
            let (kind, sizes) = stored((&name, kind), sizes);
            all.entry(name).or_default().push(Part { plan: plan.clone(), kind, sizes, expert, taken });
        }
    }
    for parts in all.values_mut() {
        parts.sort_by_key(|part| part.expert);
        let alike = |part: &Part| part.kind == parts[0].kind && part.sizes == parts[0].sizes;
        let odd =
            parts.iter().zip(0..).find(|&(part, at)| !alike(part) || part.expert.is_some_and(|expert| expert != at));
        if let Some((part, _)) = odd.filter(|_| parts[0].expert.is_some()) {
            return Err(unknown(&part.plan));
        }
    }
    Ok(all)
}

fn unknown(plan: &Plan) -> CompressError {
    let what = format!("tensor `{}` of {:?}", plan.name, plan.dtype);
    let cure = "choose --format compressed-tensors".to_owned();
    CompressError::Format { format: "gguf", what, cure }
}

/// Where a planned tensor lies in the file, its type, and its sizes, outermost first.
fn describe(metadata: &Metadata, plan: &Plan) -> Result<(Vec<FilePlace>, Kind, Vec<usize>), CompressError> {
    let mut shape = plan.shape.clone();
    let (name, kind) = match plan.dtype {
        Dtype::F32 => (plan.name.clone(), Kind::F32),
        Dtype::F16 => (plan.name.clone(), Kind::F16),
        Dtype::BF16 => (plan.name.clone(), Kind::Bf16),
        Dtype::U8 => {
            let (linear, suffix) = plan.name.rsplit_once('.').ok_or_else(|| unknown(plan))?;
            let kind = Kind::of_suffix(suffix).ok_or_else(|| unknown(plan))?;
            if let Some(inner) = shape.last_mut() {
                *inner = *inner / kind.block_bytes() * kind.block_values();
            }
            (format!("{linear}.weight"), kind)
        }
        _ => return Err(unknown(plan)),
    };
    let places = metadata.family.file_places(&name, metadata.split.is_some());
    if places.is_empty() { Err(unknown(plan)) } else { Ok((places, kind, shape)) }
}

/// The type and the sizes in the file of a tensor of it.
fn stored((name, kind): (&str, Kind), mut sizes: Vec<usize>) -> (Kind, Vec<usize>) {
    if name.ends_with("ffn_gate_inp_shexp.weight") {
        // A matrix of one row is a vector there.
        sizes.retain(|&size| size != 1);
    }
    // llama.cpp has vectors and routers in f32.
    let wide = sizes.len() == 1 || name.contains("ffn_gate_inp") && kind.block_values() == 1;
    (if wide { Kind::F32 } else { kind }, sizes)
}
