//! The hidden states of the calibration sequences: in memory, or spilled to a file where memory is short.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use model::{BlockReader, Sequences};

use crate::{CompressError, Matrix};

/// Tokens that run through a block at once; bounds the memory of its activations.
pub(crate) const TOKENS: usize = 2048;

/// Calibration sequences that run through a block together.
pub(crate) struct Batch {
    /// Where its rows stand.
    pub sequences: Sequences,
    /// Number of sequences.
    pub count: usize,
    /// Number of the first of them.
    pub first: usize,
    /// Rows of each, in order.
    pub lengths: Vec<usize>,
    /// `[tokens, hidden]`: the residual stream, as far as it is.
    states: Kept,
    /// What goes into the next linear, where that is known: `[tokens, in]`.
    aside: Kept,
}

/// A matrix in memory or in the file.
enum Kept {
    Nothing,
    Memory(Matrix),
    Spilled { at: u64, rows: usize, cols: usize },
}

/// All batches.
pub(crate) struct States {
    pub batches: Vec<Batch>,
    spill: Option<Spill>,
}

/// A file without a name of its own: it goes with the process.
struct Spill {
    path: PathBuf,
    file: File,
    end: u64,
}

impl States {
    /// No sequences at all, for methods that look at nothing.
    pub fn nothing() -> Self {
        Self { batches: Vec::new(), spill: None }
    }

    /// The embeddings of sequences; `spill` names a folder for a file that holds states instead of memory.
    pub fn embed(model: &BlockReader, sequences: &[Vec<u32>], spill: Option<&Path>) -> Result<Self, CompressError> {
        let longest = sequences.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let together = (TOKENS / longest).max(1);
        let mut states = Self { batches: Vec::new(), spill: spill.map(Spill::create).transpose()? };
        for (at, some) in sequences.chunks(together).enumerate() {
            let lengths: Vec<usize> = some.iter().map(Vec::len).collect();
            let batch = Batch {
                sequences: Sequences::whole(&lengths),
                count: some.len(),
                first: at * together,
                lengths,
                states: Kept::Nothing,
                aside: Kept::Nothing,
            };
            states.batches.push(batch);
            states.put(at, model.embed(&some.concat())?)?;
        }
        Ok(states)
    }

    /// The states of a batch; they are gone until they are put back.
    pub fn take(&mut self, batch: usize) -> Result<Matrix, CompressError> {
        let kept = std::mem::replace(&mut self.batches[batch].states, Kept::Nothing);
        let (matrix, place) = self.read(kept)?;
        self.batches[batch].states = place;
        Ok(matrix)
    }

    /// Puts the states of a batch back.
    pub fn put(&mut self, batch: usize, states: Matrix) -> Result<(), CompressError> {
        let old = std::mem::replace(&mut self.batches[batch].states, Kept::Nothing);
        self.batches[batch].states = self.keep(old, states)?;
        Ok(())
    }

    /// What was put aside for a batch, once; empty where nothing was.
    pub fn take_aside(&mut self, batch: usize) -> Result<Matrix, CompressError> {
        let kept = std::mem::replace(&mut self.batches[batch].aside, Kept::Nothing);
        let (matrix, place) = self.read(kept)?;
        self.batches[batch].aside = place;
        Ok(matrix)
    }

    /// Puts what goes into the next linear aside.
    pub fn put_aside(&mut self, batch: usize, inputs: Matrix) -> Result<(), CompressError> {
        let old = std::mem::replace(&mut self.batches[batch].aside, Kept::Nothing);
        self.batches[batch].aside = self.keep(old, inputs)?;
        Ok(())
    }

    /// Reads what is kept, and gives its place in the file to be used again.
    fn read(&mut self, kept: Kept) -> Result<(Matrix, Kept), CompressError> {
        match (kept, &mut self.spill) {
            (Kept::Memory(matrix), _) => Ok((matrix, Kept::Nothing)),
            (Kept::Spilled { at, rows, cols }, Some(spill)) => {
                Ok((spill.read(at, rows, cols)?, Kept::Spilled { at, rows: 0, cols }))
            }
            _ => Ok((Matrix::default(), Kept::Nothing)),
        }
    }

    fn keep(&mut self, old: Kept, matrix: Matrix) -> Result<Kept, CompressError> {
        let Some(spill) = &mut self.spill else { return Ok(Kept::Memory(matrix)) };
        let at = match old {
            Kept::Spilled { at, cols, .. } if cols == matrix.cols => at,
            _ => spill.end,
        };
        spill.write(at, &matrix)?;
        Ok(Kept::Spilled { at, rows: matrix.rows, cols: matrix.cols })
    }
}

impl Spill {
    fn create(folder: &Path) -> Result<Self, CompressError> {
        let path = folder.join("activations.tmp");
        let fail = CompressError::io("create", &path);
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path).map_err(fail)?;
        // Where the system lets go of names of open files, a killed process leaves nothing behind.
        #[cfg(unix)]
        std::fs::remove_file(&path).map_err(CompressError::io("unlink", &path))?;
        Ok(Self { path, file, end: 0 })
    }

    fn write(&mut self, at: u64, matrix: &Matrix) -> Result<(), CompressError> {
        let bytes: Vec<u8> = matrix.data.iter().flat_map(|value| value.to_le_bytes()).collect();
        let fail = CompressError::io("spill activations to", &self.path);
        self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.write_all(&bytes)).map_err(fail)?;
        self.end = self.end.max(at + bytes.len() as u64);
        Ok(())
    }

    fn read(&mut self, at: u64, rows: usize, cols: usize) -> Result<Matrix, CompressError> {
        let mut bytes = vec![0; rows * cols * 4];
        let fail = CompressError::io("read activations back from", &self.path);
        self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.read_exact(&mut bytes)).map_err(fail)?;
        let data = bytes.as_chunks::<4>().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
        Ok(Matrix::new(rows, cols, data))
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        #[cfg(not(unix))]
        drop(std::fs::remove_file(&self.path));
    }
}
