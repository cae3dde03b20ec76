//! The types of tensors.

/// Values in a block of a quantized type.
pub const BLOCK: usize = 32;

/// A type of tensor that can be read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 32-bit floating point.
    F32,
    /// IEEE half precision.
    F16,
    /// bfloat16.
    Bf16,
    /// Blocks of a scale d (f16) and 16 bytes: weight = `d * (q - 8)`; value i is the low half of byte i, value i + 16 the
    /// high half.
    Q4_0,
    /// Blocks of a scale d and an offset m (f16 each) and 16 bytes as in `Q4_0`: weight = `d * q + m`.
    Q4_1,
    /// Blocks of a scale d (f16) and 32 signed bytes: weight = `d * q`.
    Q8_0,
}

/// Numbers, names as llama.cpp has them; those that it has dropped are absent.
const NAMES: &[(u32, &str)] = &[
    (6, "Q5_0"),
    (7, "Q5_1"),
    (9, "Q8_1"),
    (10, "Q2_K"),
    (11, "Q3_K"),
    (12, "Q4_K"),
    (13, "Q5_K"),
    (14, "Q6_K"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (20, "IQ4_NL"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (24, "I8"),
    (25, "I16"),
    (26, "I32"),
    (27, "I64"),
    (28, "F64"),
    (29, "IQ1_M"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (39, "MXFP4"),
];

impl Kind {
    const ALL: [Kind; 6] = [Kind::F32, Kind::F16, Kind::Bf16, Kind::Q4_0, Kind::Q4_1, Kind::Q8_0];

    /// Its number in a file.
    pub fn number(self) -> u32 {
        match self {
            Kind::F32 => 0,
            Kind::F16 => 1,
            Kind::Q4_0 => 2,
            Kind::Q4_1 => 3,
            Kind::Q8_0 => 8,
            Kind::Bf16 => 30,
        }
    }

    /// The type of a number, or the name of one that is not implemented.
    pub(crate) fn find(number: u32) -> Result<Self, String> {
        let known = Kind::ALL.into_iter().find(|kind| kind.number() == number);
        known.ok_or_else(|| {
            let name = NAMES.iter().find(|(other, _)| *other == number);
            name.map_or_else(|| format!("number {number}"), |(_, name)| (*name).to_owned())
        })
    }

    /// Values that are stored together.
    pub fn block_values(self) -> usize {
        match self {
            Kind::F32 | Kind::F16 | Kind::Bf16 => 1,
            Kind::Q4_0 | Kind::Q4_1 | Kind::Q8_0 => BLOCK,
        }
    }

    /// Bytes that they take.
    pub fn block_bytes(self) -> usize {
        match self {
            Kind::F32 => 4,
            Kind::F16 | Kind::Bf16 => 2,
            Kind::Q4_0 => 2 + BLOCK / 2,
            Kind::Q4_1 => 4 + BLOCK / 2,
            Kind::Q8_0 => 2 + BLOCK,
        }
    }

    /// What stands in place of `weight` in the name of a tensor of blocks: `q4_0`.
    pub fn suffix(self) -> &'static str {
        match self {
            Kind::F32 | Kind::F16 | Kind::Bf16 => "weight",
            Kind::Q4_0 => "q4_0",
            Kind::Q4_1 => "q4_1",
            Kind::Q8_0 => "q8_0",
        }
    }

    /// The type of blocks of a suffix.
    pub fn of_suffix(suffix: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.block_values() > 1 && kind.suffix() == suffix)
    }
}
