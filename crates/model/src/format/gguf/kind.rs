//! The types of tensors.

/// Values in a block of the types that this program writes.
pub const BLOCK: usize = 32;

/// A type of tensor that can be read. Names are llama.cpp's; what the bytes of a block mean is in `blocks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(non_camel_case_types, reason = "the names by which everybody knows them")]
#[expect(missing_docs, reason = "the module `blocks` has what each of them is")]
pub enum Kind {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    IQ4_NL,
    IQ4_XS,
    TQ1_0,
    TQ2_0,
    MXFP4,
}

/// What a file says of a type: its number, name, what stands in place of `weight` in the name of a tensor of it, and
/// values and bytes of a block.
struct Row(Kind, u32, &'static str, &'static str, usize, usize);

const TABLE: &[Row] = &[
    Row(Kind::F32, 0, "F32", "weight", 1, 4),
    Row(Kind::F16, 1, "F16", "weight", 1, 2),
    Row(Kind::Bf16, 30, "BF16", "weight", 1, 2),
    Row(Kind::Q4_0, 2, "Q4_0", "q4_0", 32, 18),
    Row(Kind::Q4_1, 3, "Q4_1", "q4_1", 32, 20),
    Row(Kind::Q5_0, 6, "Q5_0", "q5_0", 32, 22),
    Row(Kind::Q5_1, 7, "Q5_1", "q5_1", 32, 24),
    Row(Kind::Q8_0, 8, "Q8_0", "q8_0", 32, 34),
    Row(Kind::Q2_K, 10, "Q2_K", "q2_k", 256, 84),
    Row(Kind::Q3_K, 11, "Q3_K", "q3_k", 256, 110),
    Row(Kind::Q4_K, 12, "Q4_K", "q4_k", 256, 144),
    Row(Kind::Q5_K, 13, "Q5_K", "q5_k", 256, 176),
    Row(Kind::Q6_K, 14, "Q6_K", "q6_k", 256, 210),
    Row(Kind::IQ4_NL, 20, "IQ4_NL", "iq4_nl", 32, 18),
    Row(Kind::IQ4_XS, 23, "IQ4_XS", "iq4_xs", 256, 136),
    Row(Kind::TQ1_0, 34, "TQ1_0", "tq1_0", 256, 54),
    Row(Kind::TQ2_0, 35, "TQ2_0", "tq2_0", 256, 66),
    Row(Kind::MXFP4, 39, "MXFP4", "mxfp4", 32, 17),
];

/// Types that are known by name only; those that llama.cpp has dropped are absent.
const OTHERS: &[(u32, &str)] = &[
    (9, "Q8_1"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (24, "I8"),
    (25, "I16"),
    (26, "I32"),
    (27, "I64"),
    (28, "F64"),
    (29, "IQ1_M"),
];

impl Kind {
    fn row(self) -> &'static Row {
        // The table has a row for each: a test sees to it.
        TABLE.iter().find(|row| row.0 == self).unwrap_or(&TABLE[0])
    }

    /// Every type that can be read.
    pub fn all() -> impl Iterator<Item = Kind> {
        TABLE.iter().map(|row| row.0)
    }

    /// Its number in a file.
    pub fn number(self) -> u32 {
        self.row().1
    }

    /// What llama.cpp calls it.
    pub fn name(self) -> &'static str {
        self.row().2
    }

    /// The type of a number, or the name of one that is not implemented.
    pub(crate) fn find(number: u32) -> Result<Self, String> {
        let known = TABLE.iter().find(|row| row.1 == number);
        known.map(|row| row.0).ok_or_else(|| {
            let name = OTHERS.iter().find(|(other, _)| *other == number);
            name.map_or_else(|| format!("number {number}"), |(_, name)| (*name).to_owned())
        })
    }

    /// Values that are stored together.
    pub fn block_values(self) -> usize {
        self.row().4
    }

    /// Bytes that they take.
    pub fn block_bytes(self) -> usize {
        self.row().5
    }

    /// What stands in place of `weight` in the name of a tensor of blocks: `q4_0`.
    pub fn suffix(self) -> &'static str {
        self.row().3
    }

    /// The type of blocks of a suffix.
    pub fn of_suffix(suffix: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.4 > 1 && row.3 == suffix).map(|row| row.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_one_row() {
        let last = Kind::MXFP4 as usize;
        assert_eq!(TABLE.len(), last + 1);
        for (at, row) in TABLE.iter().enumerate() {
            assert!(TABLE[..at].iter().all(|other| other.0 != row.0 && other.1 != row.1), "{}", row.2);
            assert!(OTHERS.iter().all(|other| other.0 != row.1), "{}", row.2);
            assert_eq!(Kind::find(row.1), Ok(row.0));
        }
        assert_eq!(Kind::of_suffix("q6_k"), Some(Kind::Q6_K));
        assert_eq!(Kind::of_suffix("weight"), None);
    }
}
