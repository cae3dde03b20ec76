//! A file's metadata and table of tensors, with every length checked against the file's size.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::kind::Kind;
use crate::ModelError;
use crate::checkpoint::files::damaged;

/// What to do about a damaged file.
const CURE: &str = "download or convert it again and compare its size and checksum";
/// Where tensors begin unless `general.alignment` says otherwise.
const ALIGNMENT: u64 = 32;

/// A value of the metadata. Texts and lists borrow from the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Whole(i128),
    Number(f64),
    Flag(bool),
    Text(&'a str),
    /// A list of whole numbers or flags.
    Wholes(Vec<i64>),
    /// A list of floating-point numbers.
    Numbers(Vec<f32>),
    Texts(Vec<&'a str>),
}

/// A row of the table of tensors.
#[derive(Debug)]
pub(super) struct Tensor<'a> {
    pub name: &'a str,
    /// Innermost first.
    pub sizes: Vec<usize>,
    pub kind: Kind,
    /// Where its values lie in the file.
    pub range: Range<usize>,
}

/// A parsed file.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub path: PathBuf,
    /// All of it.
    pub bytes: &'a [u8],
    pub metadata: HashMap<&'a str, Value<'a>>,
    pub tensors: Vec<Tensor<'a>>,
}

impl<'a> File<'a> {
    /// The tensor of a name.
    pub fn tensor(&self, name: &str) -> Option<&Tensor<'a>> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// The error that the file is wrong.
    pub fn damaged(&self, why: impl Into<String>) -> ModelError {
        damaged(&self.path, why, CURE)
    }

    /// The error that the file asks for something that is not there.
    pub fn unsupported(&self, what: String, cure: &str) -> ModelError {
        ModelError::Unsupported { path: self.path.clone(), what, cure: cure.to_owned() }
    }
}

/// Reads everything but the tensors' values.
pub(super) fn parse<'a>(bytes: &'a [u8], path: &'a Path) -> Result<File<'a>, ModelError> {
    let mut cursor = Cursor { bytes, at: 0, path };
    if cursor.take(4, "the magic")? != super::MAGIC {
        return Err(cursor.damaged("it does not begin with `GGUF`"));
    }
    match cursor.u32("the version")? {
        2 | 3 => {}
        other => {
            let what =
                if other.swap_bytes() <= 3 { "big-endian numbers".to_owned() } else { format!("version {other}") };
            return Err(cursor.unsupported(format!("GGUF with {what}"), "convert the model again"));
        }
    }
    let (tensors, pairs) = (cursor.u64("the number of tensors")?, cursor.u64("the number of keys")?);
    let mut metadata = HashMap::new();
    for _ in 0..pairs {
        let key = cursor.text("a key")?;
        let kind = cursor.u32(key)?;
        let value = cursor.value(kind, key)?;
        if metadata.insert(key, value).is_some() {
            return Err(cursor.damaged(format!("it has key `{key}` twice")));
        }
    }
    let alignment = match metadata.get("general.alignment") {
        None => ALIGNMENT,
        Some(Value::Whole(size)) if (1..=1 << 20).contains(size) && size.count_ones() == 1 => *size as u64,
        Some(other) => return Err(cursor.damaged(format!("`general.alignment` is {other:?}, no power of two"))),
    };
    let mut rows = Vec::new();
    for _ in 0..tensors {
        rows.push(cursor.row(alignment)?);
    }
    let data = (cursor.at as u64).next_multiple_of(alignment);
    let tensors = rows.into_iter().map(|row| row.place(data, &cursor)).collect::<Result<Vec<_>, _>>()?;
    check_disjoint(&tensors, &cursor)?;
    Ok(File { path: path.to_owned(), bytes, metadata, tensors })
}

/// That no two tensors share a name or a byte.
fn check_disjoint(tensors: &[Tensor<'_>], cursor: &Cursor<'_>) -> Result<(), ModelError> {
    let mut names = HashSet::new();
    if let Some(twice) = tensors.iter().find(|tensor| !names.insert(tensor.name)) {
        return Err(cursor.damaged(format!("it has tensor `{}` twice", twice.name)));
    }
    let mut order: Vec<&Tensor> = tensors.iter().collect();
    order.sort_by_key(|tensor| tensor.range.start);
    match order.windows(2).find(|two| two[0].range.end > two[1].range.start) {
        Some(two) => Err(cursor.damaged(format!("tensors `{}` and `{}` overlap", two[0].name, two[1].name))),
        None => Ok(()),
    }
}

/// A tensor whose place is not yet known to be in the file.
struct Row<'a> {
    name: &'a str,
    sizes: Vec<usize>,
    kind: Kind,
    offset: u64,
    bytes: u64,
}

impl<'a> Row<'a> {
    fn place(self, data: u64, cursor: &Cursor<'_>) -> Result<Tensor<'a>, ModelError> {
        let start = data.checked_add(self.offset);
        let end = start.and_then(|start| start.checked_add(self.bytes));
        match (start, end) {
            (Some(start), Some(end)) if end <= cursor.bytes.len() as u64 => {
                Ok(Tensor { name: self.name, sizes: self.sizes, kind: self.kind, range: start as usize..end as usize })
            }
            _ => Err(cursor.damaged(format!("tensor `{}` ends after the file", self.name))),
        }
    }
}

/// A position in a file.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    path: &'a Path,
}

impl<'a> Cursor<'a> {
    fn damaged(&self, why: impl Into<String>) -> ModelError {
        damaged(self.path, why, CURE)
    }

    fn unsupported(&self, what: String, cure: &str) -> ModelError {
        ModelError::Unsupported { path: self.path.to_owned(), what, cure: cure.to_owned() }
    }

    /// The next `count` bytes; `what` is the key or tensor that they belong to.
    fn take(&mut self, count: u64, what: &str) -> Result<&'a [u8], ModelError> {
        let left = &self.bytes[self.at..];
        let Some(taken) = usize::try_from(count).ok().and_then(|count| left.get(..count)) else {
            let why =
                format!("it ends inside of {what}: {count} bytes should follow byte {}, {} do", self.at, left.len());
            return Err(self.damaged(why));
        };
        self.at += taken.len();
        Ok(taken)
    }

    fn u32(&mut self, what: &str) -> Result<u32, ModelError> {
        let bytes = self.take(4, what)?;
        Ok(bytes.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte)))
    }

    fn u64(&mut self, what: &str) -> Result<u64, ModelError> {
        let bytes = self.take(8, what)?;
        Ok(bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    fn text(&mut self, what: &str) -> Result<&'a str, ModelError> {
        let length = self.u64(what)?;
        let bytes = self.take(length, what)?;
        std::str::from_utf8(bytes).map_err(|error| self.damaged(format!("{what} is not UTF-8 text: {error}")))
    }

    /// A value of a type.
    fn value(&mut self, kind: u32, key: &str) -> Result<Value<'a>, ModelError> {
        match kind {
            8 => Ok(Value::Text(self.text(key)?)),
            9 => self.list(key),
            _ => {
                let width =
                    width(kind).ok_or_else(|| self.damaged(format!("`{key}` has type {kind}, which there is not")))?;
                let bytes = self.take(width as u64, key)?;
                scalar(kind, bytes).ok_or_else(|| self.damaged(format!("`{key}` is neither true nor false")))
            }
        }
    }

    fn list(&mut self, key: &str) -> Result<Value<'a>, ModelError> {
        let (kind, count) = (self.u32(key)?, self.u64(key)?);
        match kind {
            8 => {
                // Each text has a length of 8 bytes, so the list is never longer than the file.
                if count > (self.bytes.len() - self.at) as u64 / 8 {
                    return Err(
                        self.damaged(format!("`{key}` has {count} texts, more than the rest of the file holds"))
                    );
                }
                (0..count).map(|_| self.text(key)).collect::<Result<_, _>>().map(Value::Texts)
            }
            9 => Err(self.unsupported(format!("key `{key}`, a list of lists"), "convert the model again")),
            _ => {
                let width =
                    width(kind).ok_or_else(|| self.damaged(format!("`{key}` has type {kind}, which there is not")))?;
                let bytes = self.take(count.saturating_mul(width as u64), key)?;
                if kind == 6 {
                    let four = bytes.as_chunks::<4>().0;
                    return Ok(Value::Numbers(four.iter().map(|&four| f32::from_le_bytes(four)).collect()));
                }
                if kind == 12 {
                    let eight = bytes.as_chunks::<8>().0;
                    return Ok(Value::Numbers(eight.iter().map(|&eight| f64::from_le_bytes(eight) as f32).collect()));
                }
                let whole = |one: &[u8]| match scalar(kind, one) {
                    Some(Value::Whole(whole)) => i64::try_from(whole).ok(),
                    Some(Value::Flag(flag)) => Some(i64::from(flag)),
                    _ => None,
                };
                let all: Option<Vec<i64>> = bytes.chunks_exact(width).map(whole).collect();
                all.map(Value::Wholes).ok_or_else(|| self.damaged(format!("`{key}` has a number out of range")))
            }
        }
    }

    /// A row of the table of tensors.
    fn row(&mut self, alignment: u64) -> Result<Row<'a>, ModelError> {
        let name = self.text("a tensor's name")?;
        let dimensions = self.u32(name)?;
        if !(1..=4).contains(&dimensions) {
            return Err(self.damaged(format!("tensor `{name}` has {dimensions} dimensions")));
        }
        let sizes = (0..dimensions).map(|_| self.u64(name)).collect::<Result<Vec<_>, _>>()?;
        let kind = Kind::find(self.u32(name)?).map_err(|kind| {
            let cure = "convert it to Q4_K, Q8_0, BF16 or any other of the types that can be read with llama-quantize";
            self.unsupported(format!("tensor `{name}` of type {kind}"), cure)
        })?;
        let offset = self.u64(name)?;
        let values = sizes.iter().try_fold(1u64, |all, &size| all.checked_mul(size));
        let bytes = values.and_then(|all| (all / kind.block_values() as u64).checked_mul(kind.block_bytes() as u64));
        let Some(bytes) = bytes.filter(|&bytes| bytes > 0 && bytes < 1 << 62) else {
            return Err(self.damaged(format!("tensor `{name}` has sizes {sizes:?}")));
        };
        if !sizes[0].is_multiple_of(kind.block_values() as u64) {
            return Err(self.damaged(format!("tensor `{name}` has rows of {}, no whole blocks", sizes[0])));
        }
        if !offset.is_multiple_of(alignment) {
            return Err(self.damaged(format!("tensor `{name}` lies at {offset}, no multiple of {alignment}")));
        }
        // Sizes are at most the number of values, which is at most 2^62.
        let sizes = sizes.into_iter().map(|size| size as usize).collect();
        Ok(Row { name, sizes, kind, offset, bytes })
    }
}

/// Bytes of a value of a type that has a fixed size.
fn width(kind: u32) -> Option<usize> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

/// A number or flag, of as many bytes as its type has; `None` for a flag that is neither 0 nor 1.
fn scalar<'a>(kind: u32, bytes: &[u8]) -> Option<Value<'a>> {
    let bits = bytes.iter().rev().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
    Some(match kind {
        1 => Value::Whole(i128::from(bits as i8)),
        3 => Value::Whole(i128::from(bits as i16)),
        5 => Value::Whole(i128::from(bits as i32)),
        11 => Value::Whole(i128::from(bits as i64)),
        // The shortest decimal of an f32: 1e-6, as the folder had it, not 9.99999997e-7.
        6 => Value::Number(f32::from_bits(bits as u32).to_string().parse().unwrap_or(f64::NAN)),
        12 => Value::Number(f64::from_bits(bits)),
        7 if bits > 1 => return None,
        7 => Value::Flag(bits == 1),
        _ => Value::Whole(i128::from(bits)),
    })
}
