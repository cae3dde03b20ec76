//! What a walk will take of memory, before it begins.

use model::arch::{LinearShape, linears};
use model::{Checkpoint, Config, GroupKind};

use crate::recipe::Recipe;
use crate::states::TOKENS;
use crate::{CompressError, Needs};

/// The program and its tables, where the system does not say what they take.
const PROGRAM: u64 = 32 << 20;
/// Pages of the program and of small files.
const FILE_PAGES: u64 = 8 << 20;
/// What allocators and the library's products keep beside what is counted here.
const SLACK: u64 = 4 << 20;
/// Bytes that a token of calibration text takes while the text is made or cut.
const TEXT: u64 = 160;
/// What goes into the last linears of a block is kept up to this many bytes, and beyond where half of the budget does.
const KEPT_BYTES: u64 = 256 << 20;

/// The expected peak of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Bytes in memory at the fullest moment, with the pages of mapped files that are in use then.
    pub peak: u64,
    /// Bytes of the calibration activations that are kept from block to block.
    pub activations: u64,
    /// Whether those lie in a file.
    pub spills: bool,
    /// Whether what goes into the last linears of a block is kept while they are compressed, and not made twice.
    pub keeps: bool,
    /// Bytes at the fullest moment with the activations in a file: no budget below does.
    pub least: u64,
}

/// Sizes of the largest block, in weights.
#[derive(Default)]
struct BlockSizes {
    /// All linears.
    weights: u64,
    /// The largest linear.
    largest: u64,
    /// Input widths of the groups, those of each expert too.
    groups: Vec<(GroupKind, u64)>,
}

impl BlockSizes {
    fn of(config: &Config) -> Self {
        let all: Vec<LinearShape> = linears(config).collect();
        let blocks = all.chunk_by(|a, b| a.block == b.block).map(Self::of_block);
        blocks.max_by_key(|block| block.weights).unwrap_or_default()
    }

    fn of_block(linears: &[LinearShape]) -> Self {
        let size = |linear: &LinearShape| (linear.shape.0 * linear.shape.1) as u64;
        let groups = linears.chunk_by(|a, b| a.group == b.group);
        Self {
            weights: linears.iter().map(size).sum(),
            largest: linears.iter().map(size).max().unwrap_or(0),
            groups: groups.map(|group| (group[0].group.kind, group[0].shape.1 as u64)).collect(),
        }
    }

    /// The widest input of the groups of a kind.
    fn inputs(&self, kind: GroupKind) -> u64 {
        self.groups.iter().filter(|group| group.0 == kind).map(|group| group.1).max().unwrap_or(0)
    }
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
        // Looked at once, and forgotten.
        let opening = stored * embedding;
        // A block as the file has it, and widened.
        let loading = (stored + 4) * block.weights + 4 * block.largest;
        // A weight at work: its copy in processing order, its levels twice, the numbers they stand for, and what is written.
        let work = block.largest * (4 + 2 + 4 + 2);
        let walking = match looks {
            true => 4 * block.weights + sums(recipe, &block) + work.max(forward(config, &block, size)),
            false => 4 * block.weights + work,
        };
        let text = if looks { TEXT * tokens } else { 0 };
        let least = (base + text + opening.max(loading.max(walking))).max(peak().unwrap_or(0));
        // What goes into the next linear of all tokens.
        let aside = |kind| if recipe.true_sequential() { 4 * tokens * block.inputs(kind) } else { 0 };
        let (attention, last) = (aside(GroupKind::Output), aside(GroupKind::Down));
        let with = |aside: u64| if looks { 4 * tokens * config.hidden_size as u64 + aside } else { 0 };
        let roomy = budget.is_some_and(|budget| least + with(attention.max(last)) <= budget / 2);
        let keeps = last <= KEPT_BYTES || roomy;
        let activations = with(if keeps { attention.max(last) } else { attention });
        let spills = activations > 0 && budget.is_some_and(|budget| least + activations > budget);
        let peak = if spills { least } else { least + activations };
        Self { peak, activations, spills, keeps: keeps && !spills, least }
    }

    /// That what this process can have does ([`room`]), where nobody said what to stay within.
    ///
    /// # Errors
    /// [`CompressError::Memory`] where it does not.
    pub fn fits(self, room: Option<u64>) -> Result<(), CompressError> {
        match room {
            Some(room) if self.least > room => Err(CompressError::Memory { room, least: self.least }),
            _ => Ok(()),
        }
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

/// Hessians in 64 bits, of one group or of all, and the factor of one inverse in 32.
fn sums(recipe: &Recipe, block: &BlockSizes) -> u64 {
    let needs = recipe.needs();
    let sums = |&(_, width): &(GroupKind, u64)| needs.hessian_rows(width as usize).unwrap_or(0) as u64 * width;
    let all = || block.groups.iter().map(sums);
    let widest = all().max().unwrap_or(0);
    if recipe.true_sequential() && !recipe.folds_any() {
        return 12 * widest;
    }
    8 * all().sum::<u64>() + 4 * widest
}

/// What a few sequences make on their way through a block; allocators keep as much again of what was freed.
fn forward(config: &Config, block: &BlockSizes, text: TextSize) -> u64 {
    let rows = text.tokens().min(TOKENS.max(text.length)) as u64;
    let (hidden, inter) = (config.hidden_size as u64, block.inputs(GroupKind::Down));
    let heads = (config.heads * config.head_dim + config.kv_heads * (config.head_dim + config.value_dim)) as u64;
    2 * 4 * rows * (2 * hidden + (2 * inter).max(2 * heads))
}

/// Bytes of a weight in the file.
fn stored_bytes(checkpoint: &Checkpoint) -> u64 {
    let names = checkpoint.tensor_names().filter(|name| name.ends_with(".weight"));
    let widest = names.filter_map(|name| checkpoint.tensor(name).ok()).max_by_key(|tensor| tensor.bytes.len());
    widest.map_or(4, |tensor| (tensor.dtype.bitsize() as u64).div_ceil(8))
}

/// Bytes that this process can have: what it holds or held before, and what is left; `None` where the system does not say.
pub fn room() -> Option<u64> {
    let left = model::available()?;
    Some((held().unwrap_or(0) + left).max(peak().unwrap_or(0)))
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
