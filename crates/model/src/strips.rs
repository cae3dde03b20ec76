//! Packed integers laid out for products with inputs that are integers too: sixteen output channels side by side.
//!
//! A strip is sixteen neighboring rows. A line of it, 64 bytes, holds four bytes of each: of four bits, columns `8 i + j` in the
//! low and `8 i + 4 + j` in the high half of byte `j`; of eight bits, columns `4 i + j`. So one instruction multiplies four
//! columns of sixteen rows by the same four inputs, and no sum goes across a register. Integers are held as levels from 0 on.
//! The bytes are as many as before where integers have 4 or 8 bits; those of 3 bits take 4, of 5 and 6 bits 8.

use std::ops::Range;

use half::f16;
use rayon::prelude::*;

use crate::Packed;
use crate::gguf::{Kind, Quantized};

/// Rows of a strip.
pub(crate) const ROWS: usize = 16;
/// Inputs that runs and groups are multiples of.
pub(crate) const UNIT: usize = 16;
/// The most input channels: sums of products of bytes fit in 32 bits.
const MOST: usize = 1 << 16;

/// Bytes of sixteen rows, at the beginning of a line of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Line(pub [u8; 64]);

/// Scales, in 16 bits where these hold every one of them.
#[derive(Debug, Clone)]
enum Scales {
    Half(Vec<f16>),
    Full(Vec<f32>),
}

/// The scales of one strip, sixteen a group.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ScalesOf<'a> {
    Half(&'a [[f16; ROWS]]),
    Full(&'a [[f32; ROWS]]),
}

impl ScalesOf<'_> {
    /// One of them.
    pub fn get(self, group: usize, place: usize) -> f32 {
        match self {
            Self::Half(all) => all[group][place].to_f32(),
            Self::Full(all) => all[group][place],
        }
    }
}

impl Scales {
    fn of(all: Vec<f32>) -> Self {
        let half: Vec<f16> = all.iter().map(|&scale| f16::from_f32(scale)).collect();
        let same = |(half, full): (&f16, &f32)| half.to_f32().to_bits() == full.to_bits();
        if half.iter().zip(&all).all(same) { Self::Half(half) } else { Self::Full(all) }
    }

    /// Those of some groups of strips.
    fn part(&self, range: Range<usize>) -> ScalesOf<'_> {
        match self {
            Self::Half(all) => ScalesOf::Half(&all.as_chunks().0[range]),
            Self::Full(all) => ScalesOf::Full(&all.as_chunks().0[range]),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Half(all) => size_of_val(&all[..]),
            Self::Full(all) => size_of_val(&all[..]),
        }
    }
}

/// A weight `[rows, cols]` of small integers in strips: `w = (level - middle) * scale + offset`.
#[derive(Debug, Clone)]
pub struct Strips {
    /// Output channels.
    pub rows: usize,
    /// Input channels.
    pub cols: usize,
    /// Bits of an integer, 4 or 8.
    pub bits: u32,
    /// Columns of a group, a multiple of 16; `cols` where a row is one group.
    pub(crate) group: usize,
    /// `[strips, cols * bits / 32]`
    lines: Vec<Line>,
    /// `[strips, groups, 16]`
    scales: Scales,
    /// `[strips, groups, 16]`; `None` where nothing is added.
    offsets: Option<Scales>,
    /// The level that stands for zero, where `middles` has no others.
    middle: i32,
    /// `[strips, groups, 16]`
    middles: Option<Vec<i32>>,
}

/// What of a strip a kernel reads.
#[derive(Clone, Copy)]
pub(crate) struct Strip<'a> {
    /// `[cols * bits / 32]`
    pub lines: &'a [Line],
    /// Of each group.
    pub scales: ScalesOf<'a>,
    /// Of each group, where there are some.
    pub offsets: Option<ScalesOf<'a>>,
    /// The level that stands for zero, where `middles` has no others.
    pub middle: i32,
    /// Of each group, where they differ.
    pub middles: Option<&'a [[i32; ROWS]]>,
}

impl Strips {
    /// The same numbers laid out for inputs that are rounded in runs of `run` (more than `cols`: each row by itself). `None` where
    /// that is not possible: another number of bits, groups that are no runs of columns, or runs and groups that cross.
    pub(crate) fn of(packed: &Packed, run: usize) -> Option<Self> {
        let (rows, cols, grid) = (packed.rows, packed.cols, &packed.grid);
        let group = if grid.groups == 1 { cols } else { grid.group_size };
        let plain = matches!(packed.bits, 4 | 8) && !grid.half && grid.group_of.is_none();
        if !plain || !fits(cols, group, run) {
            return None;
        }
        let width = packed.row_words() * 4;
        let (lines, _) = lay_out((rows, cols, packed.bits), |row, put| {
            let bytes = &packed.words[row * width..(row + 1) * width];
            bytes.as_chunks::<4>().0.iter().for_each(|&four| put(columns_apart(four, packed.bits)));
        });
        let middle = 1 << (packed.bits - 1);
        let middles = grid.zeros.as_ref().map(|zeros| {
            let middles: Vec<i32> = zeros.iter().map(|&zero| middle + i32::from(zero)).collect();
            across(&middles, rows, grid.groups)
        });
        let scales = Scales::of(across(&grid.scales, rows, grid.groups));
        Some(Self { rows, cols, bits: packed.bits, group, lines, scales, offsets: None, middle, middles })
    }

    /// The same of blocks of a GGUF file; `None` also of kinds that are no integers of that few bits.
    pub(crate) fn of_blocks(blocks: &Quantized, run: usize) -> Option<Self> {
        let (rows, cols) = (blocks.rows, blocks.cols);
        let Form { bits, middle, group, offsets } = Form::of(blocks.kind)?;
        if !fits(cols, group, run) {
            return None;
        }
        let (lines, grids) = lay_out((rows, cols, bits), |row, put| {
            let mut numbers = vec![(0, 0.0, 0.0); cols];
            blocks.numbers(row, &mut numbers);
            let levels: Vec<u8> = numbers.iter().map(|&(q, ..)| (i32::from(q) + middle) as u8).collect();
            if bits == 8 {
                levels.as_chunks().0.iter().for_each(|&four| put(four));
            } else {
                levels.as_chunks::<8>().0.iter().for_each(|l| put(std::array::from_fn(|j| l[j] | l[4 + j] << 4)));
            }
            numbers.into_iter().step_by(group).map(|(_, scale, offset)| (scale, offset)).collect::<Vec<_>>()
        });
        let (scale, offset): (Vec<f32>, Vec<f32>) = grids.into_iter().flatten().unzip();
        let held = |all: &[f32]| Scales::of(across(all, rows, cols / group));
        let offsets = offsets.then(|| held(&offset));
        Some(Self { rows, cols, bits, group, lines, scales: held(&scale), offsets, middle, middles: None })
    }

    /// Strip `at`.
    pub(crate) fn strip(&self, at: usize) -> Strip<'_> {
        let (lines, groups) = (self.lines_in_one(), self.cols.div_ceil(self.group.max(1)));
        let range = at * groups..(at + 1) * groups;
        Strip {
            lines: &self.lines[at * lines..(at + 1) * lines],
            scales: self.scales.part(range.clone()),
            offsets: self.offsets.as_ref().map(|offsets| offsets.part(range.clone())),
            middle: self.middle,
            middles: self.middles.as_ref().map(|all| &all.as_chunks().0[range]),
        }
    }

    /// Whether inputs may be rounded in runs of so many.
    pub(crate) fn takes(&self, run: usize) -> bool {
        fits(self.cols, self.group, run)
    }

    /// Whether something is added to the numbers of a group.
    pub(crate) fn has_offsets(&self) -> bool {
        self.offsets.is_some()
    }

    /// Lines of a strip.
    pub(crate) fn lines_in_one(&self) -> usize {
        self.cols * self.bits as usize / 32
    }

    /// Widens one row into `out`, `[cols]`: `(level - middle) * scale + offset`, each rounded as often as that says.
    pub fn widen_row(&self, row: usize, out: &mut [f32]) {
        let (strip, place) = (self.strip(row / ROWS), row % ROWS);
        for (line, out) in strip.lines.iter().zip(out.chunks_exact_mut(32 / self.bits as usize)) {
            let four = &line.0[place * 4..place * 4 + 4];
            match out.as_chunks_mut::<4>().0 {
                [low, high] => {
                    low.iter_mut().zip(four).for_each(|(out, &byte)| *out = f32::from(byte & 15));
                    high.iter_mut().zip(four).for_each(|(out, &byte)| *out = f32::from(byte >> 4));
                }
                runs => runs.as_flattened_mut().iter_mut().zip(four).for_each(|(out, &byte)| *out = f32::from(byte)),
            }
        }
        for (group, run) in out[..self.cols].chunks_mut(self.group.max(1)).enumerate() {
            let middle = strip.middles.map_or(self.middle, |middles| middles[group][place]) as f32;
            let scale = strip.scales.get(group, place);
            run.iter_mut().for_each(|value| *value = (*value - middle) * scale);
            if let Some(offsets) = strip.offsets {
                let offset = offsets.get(group, place);
                run.iter_mut().for_each(|value| *value += offset);
            }
        }
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        let scales = self.scales.bytes() + self.offsets.as_ref().map_or(0, Scales::bytes);
        size_of_val(&self.lines[..]) + scales + self.middles.as_ref().map_or(0, |middles| size_of_val(&middles[..]))
    }
}

/// How the integers of a kind of block are held.
struct Form {
    bits: u32,
    /// The level of zero.
    middle: i32,
    /// Numbers of a group.
    group: usize,
    /// Whether something is added.
    offsets: bool,
}

impl Form {
    /// `None` of kinds whose numbers are looked up in a table, or would take twice the bytes and more.
    fn of(kind: Kind) -> Option<Self> {
        let form = |bits, middle, group, offsets| Some(Self { bits, middle, group, offsets });
        match kind {
            Kind::Q4_0 => form(4, 8, 32, false),
            Kind::Q4_1 | Kind::Q4_K => form(4, 0, 32, true),
            Kind::Q3_K => form(4, 8, 16, false),
            Kind::Q5_0 | Kind::Q8_0 => form(8, 128, 32, false),
            Kind::Q5_1 | Kind::Q5_K => form(8, 128, 32, true),
            Kind::Q6_K => form(8, 128, 16, false),
            Kind::Q2_K | Kind::IQ4_NL | Kind::IQ4_XS | Kind::TQ1_0 | Kind::TQ2_0 | Kind::MXFP4 => None,
            Kind::F32 | Kind::F16 | Kind::Bf16 => None,
        }
    }
}

/// The most bytes that blocks of this kind take in strips, as many values as these; `None` where they are not laid out.
pub(crate) fn most_bytes(kind: Kind, values: usize) -> Option<usize> {
    Form::of(kind).map(|Form { bits, group, offsets, .. }| {
        values * bits as usize / 8 + values / group * if offsets { 8 } else { 4 }
    })
}

/// Whether columns, groups and runs are whole units, and every group lies within a run or the other way around.
fn fits(cols: usize, group: usize, run: usize) -> bool {
    let run = run.min(cols);
    let even = |size: usize| size == cols || size > 0 && size.is_multiple_of(UNIT);
    let nested = || run == cols || group == cols || group.is_multiple_of(run) || run.is_multiple_of(group);
    cols.is_multiple_of(UNIT) && cols <= MOST && even(group) && even(run) && nested()
}

/// Lines of all strips. `row` hands out the four bytes of a row in each line, in order; what it gives of each row comes beside.
fn lay_out<T: Send>(
    (rows, cols, bits): (usize, usize, u32),
    row: impl Fn(usize, &mut dyn FnMut([u8; 4])) -> T + Sync,
) -> (Vec<Line>, Vec<T>) {
    let count = cols * bits as usize / 32;
    let mut lines = vec![Line([0; 64]); rows.div_ceil(ROWS) * count];
    let row = &row;
    let of_strip = |(strip, lines): (usize, &mut [Line])| {
        let of_row = |(place, at): (usize, usize)| {
            let mut lines = lines.iter_mut();
            row(at, &mut |four| {
                if let Some(line) = lines.next() {
                    line.0[place * 4..place * 4 + 4].copy_from_slice(&four);
                }
            })
        };
        (strip * ROWS..rows.min((strip + 1) * ROWS)).enumerate().map(of_row).collect::<Vec<T>>()
    };
    let of_rows = lines.par_chunks_mut(count.max(1)).enumerate().flat_map_iter(of_strip).collect();
    (lines, of_rows)
}

/// Four bytes of neighboring columns as a line holds them.
fn columns_apart(four: [u8; 4], bits: u32) -> [u8; 4] {
    if bits == 8 {
        return four;
    }
    let level = |column: usize| four[column / 2] >> (column % 2 * 4) & 15;
    std::array::from_fn(|j| level(j) | level(4 + j) << 4)
}

/// `[rows, groups]` as `[strips, groups, 16]`; zeros beyond the last row.
fn across<T: Copy + Default>(all: &[T], rows: usize, groups: usize) -> Vec<T> {
    let mut out = vec![T::default(); rows.div_ceil(ROWS) * groups * ROWS];
    for (row, values) in all.chunks_exact(groups.max(1)).enumerate() {
        for (group, &value) in values.iter().enumerate() {
            out[(row / ROWS * groups + group) * ROWS + row % ROWS] = value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::Grid;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn strips_hold_the_same_numbers(
            wide: bool, rows in 1usize..40, units in 1usize..9, group in prop::sample::select(vec![16usize, 32, 64, 1000]), zeros: bool,
            run in prop::sample::select(vec![32usize, 64, usize::MAX]), seed: u64,
        ) {
            let mut rng = record::Rng::new(seed);
            let (bits, cols) = (if wide { 8 } else { 4 }, units * 32);
            let (groups, middle) = (cols.div_ceil(group), 1i32 << (bits - 1));
            let integers: Vec<i8> = (0..rows * cols).map(|_| (rng.below(1 << bits) as i32 - middle) as i8).collect();
            let zeros = zeros.then(|| (0..rows * groups).map(|_| rng.below(15) as i8 - 7).collect());
            // Of some, 16 bits hold every one.
            let scale = |scale: f32| if run == 64 { scale } else { f16::from_f32(scale).to_f32() };
            let scales = (0..rows * groups).map(|_| scale(rng.uniform() as f32)).collect();
            let grid = Grid { groups, group_size: group, scales, zeros, half: false, group_of: None };
            let packed = Packed::new(rows, cols, bits, &integers, grid);
            let strips = Strips::of(&packed, run).expect("runs and groups that do not cross");
            prop_assert!(matches!(strips.scales, Scales::Half(_)) || run == 64);
            prop_assert_eq!(crate::Weight::Strips(strips).to_f32(), packed.to_f32());
        }
    }

    #[test]
    fn strips_hold_the_numbers_of_blocks() {
        let mut held = 0;
        for kind in Kind::all().filter(|kind| kind.block_values() > 1) {
            let mut rng = record::Rng::new(3);
            let (rows, cols) = (18, 2 * kind.block_values());
            let mut bytes: Vec<u8> = (0..rows * 2 * kind.block_bytes()).map(|_| rng.below(256) as u8).collect();
            // Scales and offsets that are numbers.
            bytes.iter_mut().for_each(|byte| *byte &= 0xBF);
            let blocks = Quantized { kind, rows, cols, bytes: bytes.into() };
            if let Some(strips) = Strips::of_blocks(&blocks, kind.block_values()) {
                assert!(most_bytes(kind, 32 * cols).is_some_and(|most| strips.bytes() <= most), "{}", kind.name());
                let (ours, theirs) =
                    (crate::Weight::Strips(strips).to_f32(), crate::Weight::Quantized(blocks).to_f32());
                assert_eq!(ours, theirs, "{}", kind.name());
                held += 1;
            }
        }
        assert_eq!(held, 9);
    }

    #[test]
    fn what_crosses_is_not_laid_out() {
        let packed = |bits, cols: usize, group_size: usize| {
            let groups = cols.div_ceil(group_size);
            let scales = vec![1.0; groups];
            let grid = Grid { groups, group_size, scales, zeros: None, half: false, group_of: None };
            Packed::new(1, cols, bits, &vec![0; cols], grid)
        };
        for (of, run) in [
            (packed(3, 64, 32), 32),
            (packed(4, 40, 40), 32),
            (packed(4, 64, 8), 32),
            (packed(4, 192, 64), 96),
            (packed(4, 64, 64), 0),
            (packed(8, 131_072, 32), 32),
        ] {
            assert!(Strips::of(&of, run).is_none(), "{} bits, {} columns, runs of {run}", of.bits, of.cols);
        }
        assert!(Strips::of(&packed(4, 192, 96), 32).is_some());
    }
}
