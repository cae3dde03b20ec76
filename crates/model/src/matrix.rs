//! The one shape of activations and dense weights: rows of f32.

/// A dense row-major matrix. As activations, a row is a token; as a weight, a row is an output channel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// The values, row after row, `rows * cols` of them.
    pub data: Vec<f32>,
}

impl Matrix {
    /// A matrix over values that are already row-major.
    ///
    /// ```
    /// let m = model::Matrix::new(2, 2, vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(m.row(1), [3.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// Where the number of values is not `rows * cols`: a mistake of the caller, never of a file.
    pub fn new(rows: usize, cols: usize, data: Vec<f32>) -> Self {
        assert_eq!(data.len(), rows * cols, "a {rows} x {cols} matrix needs {} values", rows * cols);
        Self { rows, cols, data }
    }

    /// All zeros.
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self { rows, cols, data: vec![0.0; rows * cols] }
    }

    /// One row, `[cols]`.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.cols..(row + 1) * self.cols]
    }

    /// One row, `[cols]`, to change.
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.data[row * self.cols..(row + 1) * self.cols]
    }

    /// A copy of some columns.
    pub fn slice_cols(&self, range: std::ops::Range<usize>) -> Matrix {
        let mut columns = Matrix::zeros(self.rows, range.len());
        for row in 0..self.rows {
            columns.row_mut(row).copy_from_slice(&self.row(row)[range.clone()]);
        }
        columns
    }

    /// Some rows one after another, copied: `[range, cols]`.
    pub fn slice_rows(&self, range: std::ops::Range<usize>) -> Matrix {
        let data = self.data[range.start * self.cols..range.end * self.cols].to_vec();
        Matrix { rows: range.len(), cols: self.cols, data }
    }

    /// Rows one by one, `[rows, cols]`.
    pub(crate) fn gather(&self, rows: &[usize]) -> Matrix {
        let mut gathered = Matrix::zeros(rows.len(), self.cols);
        rows.iter().enumerate().for_each(|(at, &row)| gathered.row_mut(at).copy_from_slice(self.row(row)));
        gathered
    }

    /// Adds another matrix of the same shape.
    pub fn add(&mut self, other: &Matrix) {
        debug_assert_eq!((self.rows, self.cols), (other.rows, other.cols));
        self.data.iter_mut().zip(&other.data).for_each(|(a, b)| *a += b);
    }
}

/// The memory of matrices that are needed no more, for others. Given back to the system instead, the pages of large ones
/// are made anew each time.
#[derive(Debug, Default)]
pub struct Spare {
    free: Vec<Vec<f32>>,
    /// Matrices that were taken and not given back.
    taken: usize,
}

impl Spare {
    /// A matrix to be written over: its values are what was there before, or zeros. Where none is large enough, a new one
    /// stands for the largest.
    pub fn take(&mut self, rows: usize, cols: usize) -> Matrix {
        let size = rows * cols;
        self.taken += 1;
        self.free.sort_by_key(Vec::capacity);
        let at = self.free.partition_point(|data| data.capacity() < size);
        if at < self.free.len() {
            let mut data = self.free.remove(at);
            data.resize(size, 0.0);
            return Matrix { rows, cols, data };
        }
        self.free.pop();
        Matrix::zeros(rows, cols)
    }

    /// Keeps what a matrix holds, in place of one that was taken.
    pub fn give(&mut self, matrix: Matrix) {
        if self.taken > 0 {
            self.taken -= 1;
            self.free.push(matrix.data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_taken_again_and_no_more_than_was_taken_is_kept() {
        let mut spare = Spare::default();
        spare.give(Matrix::zeros(9, 9));
        let large = spare.take(4, 4);
        let at = large.data.as_ptr();
        spare.give(large);
        let small = spare.take(2, 3);
        assert_eq!((small.rows, small.cols, small.data.len(), small.data.as_ptr()), (2, 3, 6, at));
        spare.give(small);
        assert_eq!(spare.take(5, 5), Matrix::zeros(5, 5));
        assert_eq!(spare.free.len(), 0, "the larger one stands for it");
    }
}
