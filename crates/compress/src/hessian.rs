//! What the calibration inputs say about a linear: the Hessian of its squared output error, and its inverse's factor.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use crate::{Matrix, triangle};

/// Tokens whose products are summed in f32 before they are added to the f64 sum.
const TOKENS: usize = 1024;
/// Columns of the Hessian that one task works on. Fixed, so that the result does not depend on the threads. Half of a panel's
/// first square is computed for nothing; the inputs are packed anew for each panel, which counts where they are many.
const PANELS: [usize; 2] = [64, 128];
/// From this many columns on panels are the wider ones.
const WIDE: usize = 2048;
/// Where a factorization without damping fails, damping starts here (share of the mean diagonal).
const FIRST_DAMPING: f64 = 1e-4;
/// Past this damping the Hessian is taken to be its diagonal.
const LAST_DAMPING: f64 = 10.0;

/// `H = 2/n X^T X` over the calibration inputs X `[tokens, in]` of n sequences.
///
/// Products of 1,024 tokens are formed in f32 and summed in f64, so that the error does not grow with the
/// calibration text. The result does not depend on the number of threads.
#[derive(Debug, Clone)]
pub struct Hessian {
    size: usize,
    /// How many channels' products with each other are summed: of all, or of neighbors.
    run: usize,
    /// `X^T X`, column-major, of each column the rows of its run; only the lower triangle is kept up.
    sum: Vec<f64>,
    sequences: usize,
}

/// The factor of the inverse Hessian that GPTQ and SparseGPT walk along.
#[derive(Debug, Clone)]
pub struct Factor {
    /// Upper triangular U `[in, in]` with `U^T U = H^-1`, in processing order, row-major.
    pub upper: Matrix,
    /// The order in which columns are processed: position -> column.
    pub order: Vec<usize>,
    /// By column: no calibration token excited it.
    pub dead: Vec<bool>,
    /// Share of the mean diagonal that was added to the diagonal.
    pub damping: f64,
    /// Condition of the damped Hessian, from below: the squared ratio of the outermost pivots.
    pub condition: f64,
    /// Whether even large damping failed, so that only the diagonal was used (no error feedback).
    pub diagonal_only: bool,
}

impl Hessian {
    /// An empty sum over `size` input channels.
    pub fn new(size: usize) -> Self {
        Self::of_runs(size, size)
    }

    /// An empty sum that takes only products of channels within the same run of so many: the squares along the diagonal.
    pub fn of_runs(size: usize, run: usize) -> Self {
        let run = run.clamp(1, size.max(1));
        Self { size, run, sum: vec![0.0; size * run], sequences: 0 }
    }

    /// Whether products of all channels are there.
    pub fn is_whole(&self) -> bool {
        self.run >= self.size
    }

    /// Where the product of two channels of one run lies.
    fn place(&self, i: usize, j: usize) -> usize {
        i.min(j) * self.run + i.max(j) % self.run
    }

    /// Input channels.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Adds the inputs `[tokens, in]` of `sequences` whole sequences. `inputs.cols` must be [`Hessian::size`].
    pub fn add(&mut self, inputs: &Matrix, sequences: usize) {
        assert_eq!(inputs.cols, self.size, "inputs of another width");
        self.sequences += sequences;
        let Self { size, run, .. } = *self;
        let panel = PANELS[usize::from(run >= WIDE)];
        if size == 0 {
            return;
        }
        for tokens in inputs.data.chunks(TOKENS * size) {
            let x = MatRef::from_row_major_slice(tokens, tokens.len() / size, size);
            self.sum.par_chunks_mut(run * run).enumerate().for_each(|(at, sum)| {
                let x = x.get(.., at * run..at * run + sum.len() / run);
                let panels = sum.par_chunks_mut(panel * run).enumerate();
                panels.for_each_init(Vec::new, |product, (at, sum)| add_panel(x, at * panel, sum, run, product));
            });
        }
    }

    /// Whether every sum is finite. A NaN or an infinity in any input shows on the diagonal.
    pub fn is_finite(&self) -> bool {
        (0..self.size).all(|j| self.sum[self.place(j, j)].is_finite())
    }

    /// `H_jj`, `[in]`.
    pub fn diagonal(&self) -> Vec<f64> {
        (0..self.size).map(|j| self.scale() * self.sum[self.place(j, j)]).collect()
    }

    fn scale(&self) -> f64 {
        2.0 / self.sequences.max(1) as f64
    }

    /// `sum over tokens of ||D x||^2` for a difference of weights D `[out, in]`: what the layer's output moved.
    ///
    /// # Panics
    /// Where the Hessian is not whole.
    pub fn output_energy(&self, difference: &Matrix) -> f64 {
        assert!(self.is_whole(), "all products of channels");
        let size = self.size;
        let rows: Vec<f64> = difference
            .data
            .par_chunks(size.max(1))
            .map(|row| {
                (0..size)
                    .map(|j| {
                        let below: f64 = (j + 1..size).map(|i| self.sum[j * size + i] * f64::from(row[i])).sum();
                        f64::from(row[j]) * (2.0 * below + self.sum[j * size + j] * f64::from(row[j]))
                    })
                    .sum()
            })
            .collect();
        rows.into_iter().sum::<f64>().max(0.0)
    }

    /// What would have been summed had every input been divided by these numbers, `[in]`.
    pub fn divide(&mut self, scales: &[f32]) {
        let run = self.run;
        self.sum.par_chunks_mut(run).enumerate().for_each(|(j, column)| {
            for (h, &scale) in column.iter_mut().zip(&scales[j / run * run..]) {
                *h /= f64::from(scale) * f64::from(scales[j]);
            }
        });
    }

    /// `X^T X` of a run of channels, `[run, run]`, row-major. Their products must be there.
    pub(crate) fn part(&self, run: Range<usize>) -> Vec<f32> {
        let at = |i: usize, j: usize| self.sum[self.place(i, j)] as f32;
        run.clone().flat_map(|i| run.clone().map(move |j| at(i, j))).collect()
    }

    /// Factors the inverse of a copy; see [`Hessian::into_factor`].
    pub fn factor(&self, damping: f64, by_activity: bool) -> Factor {
        let order = Order { by_activity, group: None };
        self.clone().into_factor(damping, order, FactorFailure::Escalate)
    }

    /// Factors the inverse, with columns in the order asked for, in the Hessian's own memory.
    ///
    /// Dead channels get `H_jj = 1`. `damping * mean(diagonal)` is added to the diagonal, and ten times as much after
    /// each failure; past ten times the mean, only the diagonal is used. It never fails.
    ///
    /// # Panics
    /// Where the Hessian is not whole.
    pub fn into_factor(mut self, damping: f64, order: Order, failure: FactorFailure) -> Factor {
        assert!(self.is_whole(), "all products of channels");
        let mut diagonal = self.diagonal();
        let dead: Vec<bool> = diagonal.iter().map(|&d| d == 0.0).collect();
        for (d, _) in diagonal.iter_mut().zip(&dead).filter(|(_, dead)| **dead) {
            *d = 1.0;
        }
        let mean = diagonal.iter().sum::<f64>() / self.size.max(1) as f64;
        let order = order.of(&diagonal);
        self.rearrange(&order);
        let size = self.size;
        let ordered: Vec<f64> = order.iter().rev().map(|&column| diagonal[column]).collect();
        let mut share = damping.max(0.0);
        while share <= LAST_DAMPING {
            for (j, d) in ordered.iter().enumerate() {
                self.sum[j * size + j] = d + share * mean;
            }
            if let Some(condition) = triangle::invert_factor(&mut self.sum, size)
                && let Some(upper) = self.upper()
            {
                return Factor { upper, order, dead, damping: share, condition, diagonal_only: false };
            }
            if failure == FactorFailure::Identity {
                let upper = Matrix::new(size, size, (0..size * size).map(|at| unit(at % (size + 1))).collect());
                return Factor { upper, order, dead, damping: share, condition: f64::INFINITY, diagonal_only: true };
            }
            self.restore();
            share = (share * 10.0).max(FIRST_DAMPING);
        }
        let share = damping.max(FIRST_DAMPING);
        let mut upper = Matrix { rows: size, cols: size, data: vec![0.0; size * size] };
        for (position, &column) in order.iter().enumerate() {
            let h = (diagonal[column] + share * mean).max(f64::MIN_POSITIVE);
            upper.data[position * size + position] = (h.sqrt().recip() as f32).clamp(f32::MIN_POSITIVE, f32::MAX);
        }
        Factor { upper, order, dead, damping: share, condition: f64::INFINITY, diagonal_only: true }
    }

    /// Puts the last processed column first, scaled, and copies the lower triangle to the upper one, which
    /// factorizations leave alone: `H = R R^T` with R upper triangular is a Cholesky factorization from the last column
    /// to the first; then `U = R^-1` has `U^T U = H^-1`, and no inverse of H is ever formed.
    fn rearrange(&mut self, order: &[usize]) {
        let (size, scale) = (self.size, self.scale());
        for j in 0..size {
            for i in j + 1..size {
                let h = self.sum[j * size + i] * scale;
                self.sum[j * size + i] = h;
                self.sum[i * size + j] = h;
            }
        }
        let from: Vec<usize> = order.iter().rev().copied().collect();
        // Columns change places along the cycles of the order, one column aside; then rows, column by column.
        let mut moved = vec![false; size];
        for start in 0..size {
            if moved[start] || from[start] == start {
                continue;
            }
            let aside = self.sum[start * size..(start + 1) * size].to_vec();
            let mut at = start;
            loop {
                moved[at] = true;
                let source = from[at];
                if source == start {
                    self.sum[at * size..(at + 1) * size].copy_from_slice(&aside);
                    break;
                }
                self.sum.copy_within(source * size..(source + 1) * size, at * size);
                at = source;
            }
        }
        self.sum.par_chunks_mut(size.max(1)).for_each_init(Vec::new, |old, column| {
            old.clear();
            old.extend_from_slice(column);
            column.iter_mut().zip(&from).for_each(|(h, &from)| *h = old[from]);
        });
    }

    /// The lower triangle again from the upper one.
    fn restore(&mut self) {
        let size = self.size;
        for j in 0..size {
            for i in j + 1..size {
                self.sum[j * size + i] = self.sum[i * size + j];
            }
        }
    }

    /// The inverted factor from last to first, as U from first to last; `None` where it is not usable in 32 bits.
    fn upper(&self) -> Option<Matrix> {
        let size = self.size;
        let mut upper = Matrix { rows: size, cols: size, data: vec![0.0; size * size] };
        upper.data.par_chunks_mut(size.max(1)).enumerate().for_each(|(i, row)| {
            for (j, u) in row.iter_mut().enumerate().skip(i) {
                *u = self.sum[(size - 1 - j) * size + size - 1 - i] as f32;
            }
        });
        let usable = (0..size).all(|j| upper.data[j * size + j] > 0.0) && upper.data.iter().all(|u| u.is_finite());
        usable.then_some(upper)
    }
}

/// Adds the products of tokens x `[tokens, run]` for the columns of a run from `first` on; `product` is for what is added.
fn add_panel(x: MatRef<'_, f32>, first: usize, sum: &mut [f64], run: usize, product: &mut Vec<f32>) {
    let (left, right) = (x.get(.., first..), x.get(.., first..first + sum.len() / run));
    let (rows, columns) = (left.ncols(), right.ncols());
    product.resize(product.len().max(rows * columns), 0.0);
    let product = &mut product[..rows * columns];
    let target = MatMut::from_column_major_slice_mut(product, rows, columns);
    matmul(target, Accum::Replace, left.transpose(), right, 1.0, Par::Seq);
    for (sum, product) in sum.chunks_mut(run).zip(product.chunks(rows)) {
        sum[first..].iter_mut().zip(product).for_each(|(sum, &new)| *sum += f64::from(new));
    }
}

/// 1 where an index is 0.
fn unit(at: usize) -> f32 {
    f32::from(u8::from(at == 0))
}

/// What is done with a Hessian that cannot be factored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorFailure {
    /// More damping, and at the end its diagonal.
    Escalate,
    /// The identity takes its place, as in llm-compressor: rounding to nearest, or pruning by magnitude.
    Identity,
}

/// In which order columns are processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// In falling order of the diagonal.
    pub by_activity: bool,
    /// Runs of this many columns stay together: sorted inside, and by their largest diagonal among each other.
    pub group: Option<usize>,
}

impl Order {
    /// The order of the inputs.
    pub const INPUTS: Self = Self { by_activity: false, group: None };

    /// Position -> column.
    fn of(self, diagonal: &[f64]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..diagonal.len()).collect();
        let falling = |&a: &usize, &b: &usize| diagonal[b].total_cmp(&diagonal[a]);
        match (self.by_activity, self.group) {
            (false, _) => {}
            (true, None) => order.sort_by(falling),
            (true, Some(size)) => {
                let mut groups: Vec<&mut [usize]> = order.chunks_mut(size.max(1)).collect();
                groups.iter_mut().for_each(|group| group.sort_by(falling));
                groups.sort_by(|a, b| falling(&a[0], &b[0]));
                return groups.into_iter().flat_map(|group| group.to_vec()).collect();
            }
        }
        order
    }
}

/// `target[r, from..] -= errors[r, ..] U[first.., from..]` for all rows r: the errors of a block of columns
/// `first..first + count` reach the columns after it.
///
/// `target` is `[rows, in]`, `errors` `[rows, count]`, both row-major.
pub(crate) fn spread(target: &mut [f32], errors: &[f32], upper: &Matrix, block: Range<usize>) {
    let (size, count) = (upper.cols, block.len());
    if block.end >= size || errors.is_empty() {
        return;
    }
    let rows = errors.len() / count;
    let target = MatMut::from_row_major_slice_mut(target, rows, size).get_mut(.., block.end..);
    let upper = MatRef::from_row_major_slice(&upper.data, size, size).get(block.clone(), block.end..);
    matmul(target, Accum::Add, MatRef::from_row_major_slice(errors, rows, count), upper, -1.0, Par::Seq);
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Hessian {
        /// `H_ij` from the lower triangle.
        fn at(&self, i: usize, j: usize) -> f64 {
            self.scale() * self.sum[self.place(i, j)]
        }
    }

    fn inputs(rows: usize, cols: usize) -> Matrix {
        let mut rng = record::Rng::new(5);
        Matrix { rows, cols, data: (0..rows * cols).map(|_| rng.uniform() as f32 - 0.4).collect() }
    }

    #[test]
    fn the_factor_inverts_the_hessian_in_both_orders() {
        let x = inputs(300, 150);
        let mut hessian = Hessian::new(150);
        hessian.add(&x, 3);
        for by_activity in [false, true] {
            let factor = hessian.factor(0.01, by_activity);
            let mean = hessian.diagonal().iter().sum::<f64>() / 150.0;
            for a in [0, 70, 149] {
                // H (U^T U) = I, one row.
                for b in [0, 70, 149] {
                    let product: f64 = (0..150)
                        .map(|k| {
                            let h =
                                hessian.at(factor.order[a], factor.order[k]) + if a == k { 0.01 * mean } else { 0.0 };
                            let inverse: f64 = (0..150)
                                .map(|i| f64::from(factor.upper.data[i * 150 + k] * factor.upper.data[i * 150 + b]))
                                .sum();
                            h * inverse
                        })
                        .sum();
                    assert!((product - f64::from(u8::from(a == b))).abs() < 1e-3, "{a} {b}: {product}");
                }
            }
        }
    }

    #[test]
    fn a_singular_hessian_is_damped_and_a_broken_one_becomes_its_diagonal() {
        let mut hessian = Hessian::new(4);
        hessian.add(&Matrix { rows: 1, cols: 4, data: vec![1.0, 1.0, 1.0, 0.0] }, 1);
        let factor = hessian.factor(0.0, false);
        assert!(factor.damping > 0.0 && !factor.diagonal_only);
        assert_eq!(factor.dead, [false, false, false, true]);
        hessian.sum[1] = 1e30;
        let factor = hessian.factor(0.01, true);
        assert!(factor.diagonal_only);
        assert!((0..4).all(|j| factor.upper.data[j * 5] > 0.0));
    }

    #[test]
    fn output_energy_is_what_the_outputs_moved() {
        let x = inputs(40, 6);
        let mut hessian = Hessian::new(6);
        hessian.add(&x, 1);
        let d = inputs(3, 6);
        let direct: f64 = x
            .data
            .chunks(6)
            .flat_map(|x| {
                d.data.chunks(6).map(move |d| d.iter().zip(x).map(|(a, b)| f64::from(a * b)).sum::<f64>().powi(2))
            })
            .sum();
        assert!((hessian.output_energy(&d) / direct - 1.0).abs() < 1e-5);
    }

    #[test]
    fn runs_are_squares_of_the_whole() {
        let x = inputs(600, 300);
        let (mut whole, mut runs) = (Hessian::new(300), Hessian::of_runs(300, 128));
        for hessian in [&mut whole, &mut runs] {
            hessian.add(&x, 2);
            hessian.divide(&(0..300).map(|at| 1.0 + at as f32 / 100.0).collect::<Vec<_>>());
        }
        assert!(whole.is_whole() && !runs.is_whole() && runs.is_finite());
        let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-6;
        assert!(whole.diagonal().into_iter().zip(runs.diagonal()).all(|(a, b)| near(a, b)));
        for run in [0..128, 128..256, 256..300] {
            let pairs = whole.part(run.clone()).into_iter().zip(runs.part(run));
            assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-3));
        }
    }

    #[test]
    fn the_sum_does_not_depend_on_the_number_of_threads() -> Result<(), rayon::ThreadPoolBuildError> {
        let x = inputs(700, 300);
        let sum = |threads| {
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().map(|pool| {
                pool.install(|| {
                    let mut hessian = Hessian::new(300);
                    hessian.add(&x, 1);
                    hessian.sum
                })
            })
        };
        assert_eq!(sum(1)?, sum(3)?);
        Ok(())
    }
}
