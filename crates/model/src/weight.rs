//! A weight matrix as it is stored, and how its rows are widened to f32.

use half::{bf16, f16};

use crate::gguf::Quantized;
use crate::{Activation, Bytes, Matrix, Packed, Strips, fp8};

/// A weight `[out, in]`.
#[derive(Debug, Clone)]
pub enum Weight {
    /// Dense f32 in memory.
    F32(Matrix),
    /// Dense f32 as they lie in the file.
    Mapped(Mapped),
    /// Dense 16-bit floats as they lie in the file.
    Half(Half),
    /// Small integers with scales.
    Packed(Packed),
    /// 8-bit floats with scales.
    Fp8(Fp8),
    /// Blocks as they lie in a GGUF file.
    Quantized(Quantized),
    /// Small integers laid out for inputs that are integers too.
    Strips(Strips),
}

/// Dense 32-bit floats as they lie in the file.
#[derive(Debug, Clone)]
pub struct Mapped {
    /// Output channels.
    pub rows: usize,
    /// Input channels.
    pub cols: usize,
    /// Little-endian values, `[rows, cols]`.
    bytes: Bytes,
}

impl Mapped {
    /// `None` where this processor cannot take them for numbers where they lie: at an address that is no multiple of four,
    /// or in another order of bytes.
    pub fn of((rows, cols): (usize, usize), bytes: &Bytes) -> Option<Self> {
        let fits = bytemuck::try_cast_slice::<u8, f32>(bytes).is_ok_and(|values| values.len() == rows * cols);
        (fits && cfg!(target_endian = "little")).then(|| Self { rows, cols, bytes: bytes.clone() })
    }

    /// The values, `[rows, cols]`.
    pub fn values(&self) -> &[f32] {
        // Bytes that are mapped or shared never move.
        bytemuck::cast_slice(&self.bytes)
    }
}

/// 8-bit floats (e4m3) as they lie in the file, with a scale for each block.
#[derive(Debug, Clone)]
pub struct Fp8 {
    /// Output channels.
    pub rows: usize,
    /// Input channels.
    pub cols: usize,
    /// Codes, `[rows, cols]`.
    pub bytes: Bytes,
    /// Output and input channels of a block, at least 1 each: 1 and `cols` where each output channel has its own scale.
    pub block: (usize, usize),
    /// `[ceil(rows / block.0), ceil(cols / block.1)]`
    pub scales: Vec<f32>,
}

impl Fp8 {
    /// Widens one row into `out`, `[cols]`, each number rounded once.
    pub fn widen_row(&self, row: usize, out: &mut [f32]) {
        let (codes, scales) = (self.codes_of(row), self.scales_of(row));
        for ((out, codes), &scale) in out.chunks_mut(self.block.1).zip(codes.chunks(self.block.1)).zip(scales) {
            out.iter_mut().zip(codes).for_each(|(value, &code)| *value = Self::weight(code, scale));
        }
    }

    /// `decode(code) * scale`, as kernels compute it: an f16 has the same bits for the 256th part of a code's number.
    #[inline(always)]
    pub(crate) fn weight(code: u8, scale: f32) -> f32 {
        fp8::decode(code) / 256.0 * (scale * 256.0)
    }

    /// The codes of a row, `[cols]`.
    pub(crate) fn codes_of(&self, row: usize) -> &[u8] {
        &self.bytes[row * self.cols..(row + 1) * self.cols]
    }

    /// The scales of a row's blocks.
    pub(crate) fn scales_of(&self, row: usize) -> &[f32] {
        let across = self.cols.div_ceil(self.block.1);
        &self.scales[row / self.block.0 * across..][..across]
    }
}

/// Which 16-bit float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HalfKind {
    /// 8 bits of exponent.
    Bf16,
    /// 5 bits of exponent.
    F16,
}

/// Dense 16-bit floats as they lie in the file.
#[derive(Debug, Clone)]
pub struct Half {
    /// Which 16-bit float.
    pub kind: HalfKind,
    /// Output channels.
    pub rows: usize,
    /// Input channels.
    pub cols: usize,
    /// Little-endian values, `[rows, cols]`.
    pub bytes: Bytes,
}

impl Half {
    /// The bytes of a row, `[2 * cols]`.
    pub(crate) fn row(&self, row: usize) -> &[u8] {
        &self.bytes[row * self.cols * 2..(row + 1) * self.cols * 2]
    }

    /// Widens one row into `out`, `[cols]`, exactly.
    pub fn widen_row(&self, row: usize, out: &mut [f32]) {
        let pairs = self.row(row).as_chunks::<2>().0;
        match self.kind {
            HalfKind::Bf16 => {
                for (value, &pair) in out.iter_mut().zip(pairs) {
                    *value = f32::from_bits(u32::from(u16::from_le_bytes(pair)) << 16);
                }
            }
            HalfKind::F16 => {
                for (value, &pair) in out.iter_mut().zip(pairs) {
                    *value = f16::from_le_bytes(pair).to_f32();
                }
            }
        }
    }
}

impl Weight {
    /// `(out, in)`
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Weight::F32(matrix) => (matrix.rows, matrix.cols),
            Weight::Mapped(mapped) => (mapped.rows, mapped.cols),
            Weight::Half(half) => (half.rows, half.cols),
            Weight::Packed(packed) => (packed.rows, packed.cols),
            Weight::Fp8(fp8) => (fp8.rows, fp8.cols),
            Weight::Quantized(blocks) => (blocks.rows, blocks.cols),
            Weight::Strips(strips) => (strips.rows, strips.cols),
        }
    }

    /// The values `[out, in]` of a weight that is dense f32, in memory or in the file.
    pub(crate) fn floats(&self) -> Option<&[f32]> {
        match self {
            Weight::F32(matrix) => Some(&matrix.data),
            Weight::Mapped(mapped) => Some(mapped.values()),
            _ => None,
        }
    }

    /// The weight in f32, `[out, in]`: exact for 16-bit floats, rounded once for integers.
    pub fn to_f32(&self) -> Matrix {
        match self {
            Weight::F32(matrix) => matrix.clone(),
            Weight::Mapped(mapped) => Matrix::new(mapped.rows, mapped.cols, mapped.values().to_vec()),
            other => {
                let (rows, cols) = other.shape();
                let mut all = Matrix::zeros(rows, cols);
                (0..rows).for_each(|row| other.widen_row(row, all.row_mut(row)));
                all
            }
        }
    }

    /// Writes one row in f32 into `out`, `[in]`.
    pub fn widen_row(&self, row: usize, out: &mut [f32]) {
        match self {
            Weight::F32(matrix) => out[..matrix.cols].copy_from_slice(matrix.row(row)),
            Weight::Mapped(mapped) => {
                out[..mapped.cols].copy_from_slice(&mapped.values()[row * mapped.cols..][..mapped.cols]);
            }
            Weight::Half(half) => half.widen_row(row, out),
            Weight::Packed(packed) => packed.widen_row(row, out),
            Weight::Fp8(fp8) => fp8.widen_row(row, out),
            Weight::Quantized(blocks) => blocks.widen_row(row, out),
            Weight::Strips(strips) => strips.widen_row(row, out),
        }
    }

    /// Bytes that it takes in memory or in the mapped file.
    pub fn bytes(&self) -> usize {
        match self {
            Weight::F32(matrix) => matrix.data.len() * 4,
            Weight::Mapped(mapped) => mapped.bytes.len(),
            Weight::Half(half) => half.bytes.len(),
            Weight::Packed(packed) => packed.bytes(),
            Weight::Fp8(fp8) => fp8.bytes.len() + fp8.scales.len() * 4,
            Weight::Quantized(blocks) => blocks.bytes.len(),
            Weight::Strips(strips) => strips.bytes(),
        }
    }

    /// How it is stored, for reports: `f32`, `bf16`, `f16`, `int4`, `q4_1`.
    pub fn kind(&self) -> String {
        match self {
            Weight::F32(_) | Weight::Mapped(_) => "f32".to_owned(),
            Weight::Half(half) => match half.kind {
                HalfKind::Bf16 => "bf16".to_owned(),
                HalfKind::F16 => "f16".to_owned(),
            },
            Weight::Packed(Packed { bits, .. }) | Weight::Strips(Strips { bits, .. }) => format!("int{bits}"),
            Weight::Fp8(_) => "fp8".to_owned(),
            Weight::Quantized(blocks) => blocks.kind.suffix().to_owned(),
        }
    }

    /// The same numbers in the form that products with inputs rounded like this are fastest with: blocks of a GGUF file as packed
    /// integers, where they are such, and these in strips where inputs are integers too.
    pub(crate) fn for_products(self, inputs: Option<&Activation>) -> Self {
        let strips = inputs.and_then(Activation::whole_run).and_then(|run| match &self {
            Weight::Packed(packed) => Strips::of(packed, run),
            Weight::Quantized(blocks) => Strips::of_blocks(blocks, run),
            _ => None,
        });
        match (strips, self) {
            (Some(strips), _) => Weight::Strips(strips),
            (None, Weight::Quantized(blocks)) => blocks.packed().map_or(Weight::Quantized(blocks), Weight::Packed),
            (None, other) => other,
        }
    }

    /// A 16-bit weight from f32 values, rounded to nearest even.
    pub fn half(kind: HalfKind, matrix: &Matrix) -> Self {
        let bytes: Vec<u8> = match kind {
            HalfKind::Bf16 => matrix.data.iter().flat_map(|&v| bf16::from_f32(v).to_le_bytes()).collect(),
            HalfKind::F16 => matrix.data.iter().flat_map(|&v| f16::from_f32(v).to_le_bytes()).collect(),
        };
        Weight::Half(Half { kind, rows: matrix.rows, cols: matrix.cols, bytes: bytes.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_of_8_bit_floats_has_its_scale() {
        let bytes: Vec<u8> = [1.0, 2.0, -1.0, 4.0, 1.0, 1.0, 1.0, 1.0, 3.0].map(fp8::encode).to_vec();
        let weight = Fp8 { rows: 3, cols: 3, bytes: bytes.into(), block: (2, 2), scales: vec![1.0, 10.0, 0.5, 2.0] };
        let widened = Weight::Fp8(weight).to_f32();
        assert_eq!(widened.data, [1.0, 2.0, -10.0, 4.0, 1.0, 10.0, 0.5, 0.5, 6.0]);
    }

    #[test]
    fn floats_stay_where_they_lie_unless_that_is_no_place_for_them() {
        let matrix = Matrix::new(2, 3, vec![1.0, -0.5, 3.0, 1e-9, 7.25, 0.0]);
        let mut bytes = vec![0; 4];
        bytes.extend(matrix.data.iter().flat_map(|value| value.to_le_bytes()));
        let whole = Bytes::from(bytes);
        let at = |from: usize, to: usize| Mapped::of((2, 3), &whole.slice(from..to)?);
        let mapped = at(4, 28).map(Weight::Mapped).expect("a place for floats");
        assert_eq!((mapped.shape(), mapped.bytes(), mapped.kind()), ((2, 3), 24, "f32".to_owned()));
        assert_eq!(mapped.to_f32(), matrix);
        let mut row = [0.0; 3];
        mapped.widen_row(1, &mut row);
        assert_eq!(row, matrix.row(1));
        assert!(at(3, 27).is_none() && at(4, 24).is_none());
    }

    #[test]
    fn sixteen_bit_floats_widen_exactly() {
        let matrix = Matrix::new(1, 4, vec![1.0, -0.5, 3.0, 65280.0]);
        assert_eq!(Weight::half(HalfKind::Bf16, &matrix).to_f32(), matrix);
        assert_eq!(Weight::half(HalfKind::F16, &matrix).to_f32(), matrix);
    }
}
