//! What a walk will take of memory, before it begins.

use model::{Checkpoint, Config};

use crate::recipe::Recipe;
use crate::states::TOKENS;
use crate::walk::KEPT_BYTES;
use crate::{CompressError, Needs};

/// The program and its tables, where the system does not say what they take.
const PROGRAM: u64 = 32 << 20;
/// Pages of the program and of small files.
const FILE_PAGES: u64 = 8 << 20;
/// What allocators and the library's products keep beside what is counted here.
const SLACK: u64 = 4 << 20;
/// Bytes that a token of calibration text takes while the text is made or cut.
const TEXT: u64 = 160;

/// The expected peak of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes in memory at the fullest moment, with the pages of mapped files that are in use then.
    pub peak: u64,
    /// Bytes of the calibration activations that are kept from block to block.
    pub activations: u64,
    /// Whether those lie in a file.
    pub spills: bool,
    /// Bytes at the fullest moment with the activations in a file: no budget below does.
    pub least: u64,
}

/// Sizes of a block, in weights.
struct BlockSizes {
    /// All linears.
    weights: u64,
    /// The largest linear.
    largest: u64,
    /// Input widths of the groups, each once: q, k, v; o; gate and up; down.
    groups: [u64; 4],
}

impl BlockSizes {
    fn of(config: &Config) -> Self {
        let (hidden, inter) = (config.hidden_size as u64, config.intermediate_size as u64);
        let (queries, keys) = ((config.heads * config.head_dim) as u64, (config.kv_heads * config.head_dim) as u64);
        let attention = hidden * (2 * queries + 2 * keys);
        let weights = attention + 3 * hidden * inter * experts(config);
        Self { weights, largest: hidden * queries.max(inter), groups: [hidden, queries, hidden, inter] }
    }
}

fn experts(config: &Config) -> u64 {
    config.experts.map_or(1, |experts| experts.count as u64)
}

/// Calibration text by its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextSize {
    /// Sequences.
    pub sequences: usize,
    /// Tokens in each.
    pub length: usize,
}

impl TextSize {
    /// What a list of methods takes of a text, for a model.
    pub fn of(recipe: &Recipe, config: &Config) -> Self {
        let count = |name| recipe.count(name).unwrap_or(1);
        Self { sequences: count("sequences"), length: count("length").min(config.max_positions) }
    }

    /// Tokens in all.
    pub fn tokens(self) -> usize {
        self.sequences.saturating_mul(self.length)
    }
}

impl Estimate {
    /// The estimate for compressing a model that is not loaded yet, on text of some size, from what the process holds now;
    /// activations are spilled where the peak would exceed the budget (bytes).
    pub fn new(checkpoint: &Checkpoint, recipe: &Recipe, size: TextSize, budget: Option<u64>) -> Self {
        let config = checkpoint.config();
        let block = BlockSizes::of(config);
        let tokens = size.tokens() as u64;
        let looks = recipe.needs() != Needs::NOTHING;
        let stored = stored_bytes(checkpoint);
        let embedding = (config.vocab_size * config.hidden_size) as u64;
        let base = held().unwrap_or(PROGRAM) + SLACK + FILE_PAGES;
        // The embedding is a matrix of its own where it is stored in 32 bits; else it stays in the file.
        let table = if stored == 4 { 4 * embedding } else { 0 };
        let opening = table + stored * embedding;
        // A block as the file has it, and widened.
        let loading = (stored + 4) * block.weights + 4 * block.largest;
        // A weight at work: its copy in processing order, its levels twice, the numbers they stand for, and what is written.
        let work = block.largest * (4 + 2 + 4 + 2);
        let walking = match looks {
            true => 4 * block.weights + sums(recipe, &block, config) + work.max(forward(config, size)),
            false => 4 * block.weights + work,
        };
        let aside = if recipe.true_sequential() { kept(&block, tokens) } else { 0 };
        let activations = if looks { 4 * tokens * block.groups[0] + aside } else { 0 };
        let text = if looks { TEXT * tokens } else { 0 };
        let least = (base + text + opening.max(table + loading.max(walking))).max(peak().unwrap_or(0));
        let spills = activations > 0 && budget.is_some_and(|budget| least + activations > budget);
        Self { peak: if spills { least } else { least + activations }, activations, spills, least }
    }

    /// That a budget (bytes) does.
    ///
    /// # Errors
    /// [`CompressError::Budget`] where it does not, with one that does.
    pub fn within(self, budget: Option<u64>) -> Result<(), CompressError> {
        match budget {
            Some(budget) if self.least > budget => Err(CompressError::Budget { budget, least: self.least }),
            _ => Ok(()),
        }
    }
}

/// What goes into the next linear of all tokens: the attention's output, or the inputs of the last linear where those are
/// few.
fn kept(block: &BlockSizes, tokens: u64) -> u64 {
    let (attention, last) = (4 * tokens * block.groups[1], 4 * tokens * block.groups[3]);
    if last <= KEPT_BYTES as u64 { attention.max(last) } else { attention }
}

/// Hessians in 64 bits, of one group or of all, and the factor of one inverse in 32.
fn sums(recipe: &Recipe, block: &BlockSizes, config: &Config) -> u64 {
    if !recipe.needs().hessian {
        return 0;
    }
    let square = |width: u64| width * width;
    let widest = block.groups.iter().copied().map(square).max().unwrap_or(0);
    if recipe.true_sequential() && !recipe.folds_any() {
        return 12 * widest;
    }
    let [qkv, output, gate_up, down] = block.groups.map(square);
    8 * (qkv + output + (gate_up + down) * experts(config)) + 4 * widest
}

/// What a few sequences make on their way through a block; allocators keep as much again of what was freed.
fn forward(config: &Config, text: TextSize) -> u64 {
    let rows = text.tokens().min(TOKENS.max(text.length)) as u64;
    let (hidden, inter) = (config.hidden_size as u64, config.intermediate_size as u64);
    let heads = ((config.heads + 2 * config.kv_heads) * config.head_dim) as u64;
    2 * 4 * rows * (2 * hidden + (2 * inter).max(2 * heads))
}

/// Bytes of a weight in the file.
fn stored_bytes(checkpoint: &Checkpoint) -> u64 {
    let names = checkpoint.tensor_names().filter(|name| name.ends_with(".weight"));
    let widest = names.filter_map(|name| checkpoint.tensor(name).ok()).max_by_key(|tensor| tensor.bytes.len());
    widest.map_or(4, |tensor| (tensor.dtype.bitsize() as u64).div_ceil(8))
}

/// The largest amount of memory that this process has held so far, in bytes; `None` where the system does not say.
pub fn peak() -> Option<u64> {
    status("VmHWM:")
}

/// What this process holds now, without pages of files.
fn held() -> Option<u64> {
    status("RssAnon:")
}

fn status(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
