//! GGUF files, made key by key and tensor by tensor.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::error::Error;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use model::ModelError;
use record::Rng;

pub type Checked<T> = Result<T, Box<dyn Error>>;

/// Address space that reading may take beyond what the first whole file took; that file has 17 kB. Threads that
/// begin meanwhile, of other tests too, each set 64 to 128 MB aside for what they will allocate.
const LIMIT: usize = 512 << 20;

/// The most address space that this process ever had, in bytes; `None` where the system does not say.
fn peak() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmPeak:"))?;
    line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kilobytes| kilobytes << 10)
}

/// A text with its length.
pub fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

/// A key with its type and value.
pub fn key(name: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [text(name), kind.to_le_bytes().to_vec(), value.to_vec()].concat()
}

/// A list of values of a type.
pub fn list(kind: u32, count: usize, values: Vec<u8>) -> Vec<u8> {
    [kind.to_le_bytes().to_vec(), (count as u64).to_le_bytes().to_vec(), values].concat()
}

/// Name, sizes (innermost first), type and content.
pub type Tensor = (&'static str, Vec<u64>, u32, Vec<u8>);

/// A whole file of some metadata and tensors.
pub fn file(metadata: &[Vec<u8>], tensors: &[Tensor]) -> Vec<u8> {
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3u32.to_le_bytes());
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend((metadata.len() as u64).to_le_bytes());
    bytes.extend(metadata.concat());
    let mut data: Vec<u8> = Vec::new();
    for (name, sizes, kind, content) in tensors {
        bytes.extend(text(name));
        bytes.extend((sizes.len() as u32).to_le_bytes());
        sizes.iter().for_each(|size| bytes.extend(size.to_le_bytes()));
        bytes.extend(kind.to_le_bytes());
        bytes.extend((data.len() as u64).to_le_bytes());
        data.extend(content);
        data.resize(data.len().next_multiple_of(32), 0);
    }
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    bytes.extend(data);
    bytes
}

/// Changes a few bytes, a length, or the file's end. `head`: bytes before the tensors, which are hit most.
fn damage(bytes: &mut Vec<u8>, head: usize, rng: &mut Rng) {
    for _ in 0..1 + rng.below(3) {
        let within = if rng.below(8) == 0 { bytes.len() } else { head.min(bytes.len()) };
        let at = rng.below(within.max(1));
        match rng.below(6) {
            0 => bytes[at] ^= 1 << rng.below(8),
            1 => bytes[at] = rng.below(256) as u8,
            2 => bytes[at..].iter_mut().take(8).for_each(|byte| *byte = 0xFF),
            3 => bytes[at..].iter_mut().take(8).for_each(|byte| *byte = 0),
            4 => bytes.truncate(at.max(1)),
            _ => {
                let piece: Vec<u8> = bytes[at..].iter().copied().take(rng.below(40)).collect();
                bytes.splice(at..at, piece);
            }
        }
    }
}

/// Reads damaged ones of whole files, whose tensors begin at a byte: each is read or an error, within memory.
pub fn damage_all(
    path: &Path,
    files: &[(usize, Vec<u8>)],
    read: &dyn Fn(&Path) -> Result<(), ModelError>,
) -> Checked<()> {
    let seconds = std::env::var("ACBENCH_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let (begun, before, mut seed, mut good) = (Instant::now(), peak(), 0u64, 0);
    while match seconds {
        None => seed < 300,
        Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
    } {
        seed += 1;
        let (head, whole) = &files[seed as usize % files.len()];
        let mut bytes = whole.clone();
        damage(&mut bytes, *head, &mut Rng::new(seed));
        fs::write(path, &bytes)?;
        let result = catch_unwind(AssertUnwindSafe(|| read(path)));
        if let (Some(before), Some(after)) = (before, peak()) {
            assert!(after <= before + LIMIT, "seed {seed}: {} bytes more", after - before);
        }
        match result {
            Err(_) => return Err(format!("seed {seed} panicked").into()),
            Ok(Ok(())) => good += 1,
            Ok(Err(error)) => assert!(!error.to_string().is_empty()),
        }
    }
    println!("{seed} files, {good} of them still readable");
    Ok(())
}
