//! What the calibration text says of the inputs of a group.

use crate::{CompressError, Hessian, Matrix};

/// Rows of inputs that are kept to measure how far the outputs moved.
const SAMPLE: usize = 256;
/// Rows of a sketch.
const SKETCH: usize = 128;

/// What a method wants to know of a group's inputs X `[tokens, in]` over the calibration text. Nothing at all: no text is
/// read and no block is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// Sums over each input channel, [`Channels`].
    pub channels: bool,
    /// `X^T X`, `[in, in]`.
    pub hessian: HessianPart,
    /// A sketch of the inputs, [`Seen::sketch`]; of up to 256 channels, the whole Hessian instead.
    pub sketch: bool,
    /// The inputs themselves.
    pub inputs: bool,
}

/// What of `X^T X` is summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HessianPart {
    /// Nothing.
    #[default]
    Nothing,
    /// Products of channels of the same run of so many: squares along the diagonal.
    Runs(usize),
    /// All.
    Whole,
}

impl HessianPart {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, Self::Nothing) | (Self::Nothing, one) => one,
            (one, other) if one == other => one,
            _ => Self::Whole,
        }
    }
}

impl Needs {
    /// Nothing.
    pub const NOTHING: Self = Self { channels: false, hessian: HessianPart::Nothing, sketch: false, inputs: false };
    /// Sums over each channel.
    pub const CHANNELS: Self = Self { channels: true, ..Self::NOTHING };
    /// The Hessian.
    pub const HESSIAN: Self = Self { hessian: HessianPart::Whole, ..Self::NOTHING };

    /// What two methods want together.
    pub fn and(self, other: Self) -> Self {
        Self {
            channels: self.channels || other.channels,
            hessian: self.hessian.and(other.hessian),
            sketch: self.sketch || other.sketch,
            inputs: self.inputs || other.inputs,
        }
    }

    /// Whether inputs of so many channels are sketched.
    fn sketches(self, size: usize) -> bool {
        self.sketch && size > 2 * SKETCH
    }

    /// The Hessian's columns of so many channels, `None` where none is summed: how many rows each has.
    pub(crate) fn hessian_rows(self, size: usize) -> Option<usize> {
        match self.hessian {
            _ if self.sketch && !self.sketches(size) => Some(size),
            HessianPart::Nothing => None,
            HessianPart::Runs(run) => Some(run.min(size)),
            HessianPart::Whole => Some(size),
        }
    }
}

/// Sums, means and ranges of input channels, `[in]` each.
#[derive(Debug, Clone)]
pub struct Channels {
    squares: Vec<f64>,
    absolutes: Vec<f64>,
    low: Vec<f32>,
    high: Vec<f32>,
    sequences: usize,
    tokens: usize,
}

impl Channels {
    /// Nothing seen of `size` input channels.
    pub fn new(size: usize) -> Self {
        Self {
            squares: vec![0.0; size],
            absolutes: vec![0.0; size],
            low: vec![f32::INFINITY; size],
            high: vec![f32::NEG_INFINITY; size],
            sequences: 0,
            tokens: 0,
        }
    }

    /// Adds the inputs `[tokens, in]` of `sequences` whole sequences.
    pub fn add(&mut self, inputs: &Matrix, sequences: usize) {
        self.sequences += sequences;
        self.tokens += inputs.rows;
        for row in inputs.data.chunks(self.squares.len().max(1)) {
            for (column, &x) in row.iter().enumerate() {
                self.squares[column] += f64::from(x) * f64::from(x);
                self.absolutes[column] += f64::from(x.abs());
                self.low[column] = self.low[column].min(x);
                self.high[column] = self.high[column].max(x);
            }
        }
    }

    /// The mean over sequences of `||x_j||^2`, `[in]` (Wanda's `scaler_row`).
    pub fn mean_squares(&self) -> Vec<f64> {
        self.squares.iter().map(|sum| sum / self.sequences.max(1) as f64).collect()
    }

    /// The mean over tokens of `|x_j|`, `[in]` (AWQ).
    pub fn mean_magnitudes(&self) -> Vec<f32> {
        self.absolutes.iter().map(|sum| (sum / self.tokens.max(1) as f64) as f32).collect()
    }

    /// The largest `|x_j|`, `[in]` (SmoothQuant).
    pub fn largest(&self) -> Vec<f32> {
        self.low.iter().zip(&self.high).map(|(low, high)| high.max(-low).max(0.0)).collect()
    }

    /// `max x_j - min x_j`, `[in]`.
    pub fn ranges(&self) -> Vec<f32> {
        self.low.iter().zip(&self.high).map(|(low, high)| (high - low).max(0.0)).collect()
    }

    fn is_finite(&self) -> bool {
        self.squares.iter().all(|sum| sum.is_finite())
    }

    fn divide(&mut self, scales: &[f32]) {
        for (column, &scale) in scales.iter().enumerate() {
            let wide = f64::from(scale);
            self.squares[column] /= wide * wide;
            self.absolutes[column] /= wide;
            self.low[column] /= scale;
            self.high[column] /= scale;
        }
    }
}

/// What was collected of one group's inputs, as the methods' [`Needs`] asked.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Rows that went in.
    pub tokens: usize,
    /// Rows that all calibration sequences have; an expert sees fewer.
    pub calibration_tokens: usize,
    channels: Option<Channels>,
    hessian: Option<Hessian>,
    inputs: Option<Vec<Matrix>>,
    /// Up to about 256 rows, evenly spread.
    sample: Matrix,
    /// Sums of rows with random signs, `[128, in]`: `S^T S` is about `X^T X`.
    sketch: Matrix,
    /// Whether another method of the list needs the Hessian after this one.
    pub(crate) shared: bool,
}

impl Seen {
    /// An empty collection for inputs of `size` channels, of which `calibration_tokens` rows may come.
    pub fn new(needs: Needs, size: usize, calibration_tokens: usize) -> Self {
        Self {
            tokens: 0,
            calibration_tokens,
            channels: needs.channels.then(|| Channels::new(size)),
            hessian: needs.hessian_rows(size).map(|run| Hessian::of_runs(size, run)),
            inputs: needs.inputs.then(Vec::new),
            sample: Matrix::zeros(0, size),
            sketch: Matrix::zeros(if needs.sketches(size) { SKETCH } else { 0 }, size),
            shared: false,
        }
    }

    /// Nothing at all, for methods that look at nothing.
    pub fn nothing() -> Self {
        Self::new(Needs::NOTHING, 0, 0)
    }

    /// Adds the inputs `[tokens, in]` of `sequences` whole sequences.
    pub fn add(&mut self, inputs: &Matrix, sequences: usize) {
        let stride = self.calibration_tokens.div_ceil(SAMPLE).max(1);
        for row in (0..inputs.rows).filter(|row| (self.tokens + row).is_multiple_of(stride)) {
            self.sample.data.extend_from_slice(inputs.row(row));
            self.sample.rows += 1;
        }
        let sketched = if self.sketch.rows > 0 { inputs.rows } else { 0 };
        for (row, token) in (0..sketched).zip(self.tokens..) {
            let drawn = record::Rng::new(token as u64).below(2 * SKETCH);
            let sign = if drawn.is_multiple_of(2) { 1.0 } else { -1.0 };
            let sums = self.sketch.row_mut(drawn / 2).iter_mut();
            sums.zip(inputs.row(row)).for_each(|(sum, x)| *sum += sign * x);
        }
        self.tokens += inputs.rows;
        if let Some(channels) = &mut self.channels {
            channels.add(inputs, sequences);
        }
        if let Some(hessian) = &mut self.hessian {
            hessian.add(inputs, sequences);
        }
        if let Some(all) = &mut self.inputs {
            all.push(inputs.clone());
        }
    }

    /// What would have been collected had every input been divided by these numbers, `[in]`.
    pub fn divide(&mut self, scales: &[f32]) {
        if let Some(channels) = &mut self.channels {
            channels.divide(scales);
        }
        if let Some(hessian) = &mut self.hessian {
            hessian.divide(scales);
        }
        for inputs in self.inputs.iter_mut().flatten().chain([&mut self.sample, &mut self.sketch]) {
            for row in inputs.data.chunks_mut(scales.len().max(1)) {
                row.iter_mut().zip(scales).for_each(|(x, s)| *x /= s);
            }
        }
    }

    /// Whether all sums are finite; inputs above about 1e18 overflow them.
    pub fn is_finite(&self) -> bool {
        self.channels.as_ref().is_none_or(Channels::is_finite) && self.hessian.as_ref().is_none_or(Hessian::is_finite)
    }

    /// The channels, or an error where the method did not ask for them.
    pub fn channels(&self) -> Result<&Channels, CompressError> {
        self.channels.as_ref().ok_or(CompressError::NotCollected { what: "sums of channels" })
    }

    /// The Hessian, as much of it as the methods asked for, or an error where none did.
    pub fn hessian(&self) -> Result<&Hessian, CompressError> {
        self.hessian.as_ref().ok_or(CompressError::NotCollected { what: "the Hessian" })
    }

    /// The inputs of each batch of sequences, `[tokens, in]`, or an error where the method did not ask for them.
    pub fn inputs(&self) -> Result<&[Matrix], CompressError> {
        self.inputs.as_deref().ok_or(CompressError::NotCollected { what: "the inputs" })
    }

    /// The whole Hessian itself: what is as large as four weights is not held twice.
    pub fn take_hessian(&mut self) -> Result<Hessian, CompressError> {
        let hessian = if self.shared { self.hessian.clone() } else { self.hessian.take() };
        let whole = hessian.filter(|hessian| hessian.is_whole());
        whole.ok_or(CompressError::NotCollected { what: "the Hessian" })
    }

    /// Few rows S `[128, in]` with `S^T S` about `X^T X` over all tokens: each token is added to, or taken off, one of
    /// them (count sketch; Charikar, Chen and Farach-Colton 2002).
    ///
    /// `None` where there are so few channels that [`Seen::hessian`] is whole instead, or the method did not ask for it.
    pub fn sketch(&self) -> Option<&Matrix> {
        (self.sketch.rows > 0).then_some(&self.sketch)
    }

    /// Some rows of the inputs, evenly spread; none where nothing was collected.
    pub fn sample(&self) -> &Matrix {
        &self.sample
    }

    /// Input channels that no token excited; 0 where nothing was collected.
    pub fn dead_channels(&self) -> usize {
        match (&self.hessian, &self.channels) {
            (Some(hessian), _) => hessian.diagonal().iter().filter(|&&d| d == 0.0).count(),
            (_, Some(channels)) => channels.squares.iter().filter(|&&sum| sum == 0.0).count(),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_by_hand_and_divided() -> Result<(), CompressError> {
        let mut seen = Seen::new(Needs { channels: true, inputs: true, ..Needs::HESSIAN }, 2, 3);
        seen.add(&Matrix::new(2, 2, vec![1.0, -4.0, 3.0, 0.0]), 1);
        seen.add(&Matrix::new(1, 2, vec![-2.0, 2.0]), 1);
        let channels = seen.channels()?;
        assert_eq!(channels.mean_squares(), [7.0, 10.0]);
        assert_eq!(channels.mean_magnitudes(), [2.0, 2.0]);
        assert_eq!((channels.largest(), channels.ranges()), (vec![3.0, 4.0], vec![5.0, 6.0]));
        let mut divided = seen.clone();
        divided.divide(&[2.0, 1.0]);
        let mut anew = Seen::new(Needs { channels: true, inputs: true, ..Needs::HESSIAN }, 2, 3);
        anew.add(&Matrix::new(3, 2, vec![0.5, -4.0, 1.5, 0.0, -1.0, 2.0]), 2);
        assert_eq!(divided.channels()?.mean_squares(), anew.channels()?.mean_squares());
        assert_eq!(divided.channels()?.largest(), anew.channels()?.largest());
        assert_eq!(divided.hessian()?.diagonal(), anew.hessian()?.diagonal());
        assert_eq!(divided.sample(), anew.sample());
        Ok(())
    }

    #[test]
    fn the_sample_is_spread_over_the_text() {
        let mut seen = Seen::new(Needs::CHANNELS, 1, 1000);
        for batch in 0..10 {
            seen.add(&Matrix::new(100, 1, (0..100).map(|at| (batch * 100 + at) as f32).collect()), 1);
        }
        let sample = seen.sample();
        assert!(sample.rows <= SAMPLE && sample.rows > 200, "{}", sample.rows);
        assert!(sample.data.windows(2).all(|two| two[1] - two[0] == 4.0));
    }
}
