//! What a tensor of the file takes of one of the folder, where that lies in several.

use std::borrow::Cow;

use model::gguf::Share;

use super::metadata::Split;

/// What is taken of a tensor's bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Taken {
    All,
    /// Every other row of so many, from this one on.
    EveryOther {
        rows: usize,
        from: usize,
    },
    /// The rows of keys, turned: of a linear of so many inputs.
    Keys(Split, usize),
    /// The rows of values.
    Values(Split),
}

impl Taken {
    /// A share of a tensor of this shape, and the shape of it, outermost first; `None` where it cannot be shared so.
    pub fn new(share: Option<Share>, shape: &[usize], split: Option<Split>) -> Option<(Self, Vec<usize>)> {
        match (share, shape, split) {
            (None, ..) => Some((Self::All, shape.to_vec())),
            (Some(share @ (Share::EvenRows | Share::OddRows)), &[rows, ..], _) if rows.is_multiple_of(2) => {
                let mut half = shape.to_vec();
                half[0] /= 2;
                Some((Self::EveryOther { rows, from: usize::from(share == Share::OddRows) }, half))
            }
            (Some(share), &[rows, cols], Some(split)) if rows == split.heads * (split.key + split.value) => {
                Some(match share {
                    Share::Keys => (Self::Keys(split, cols), vec![split.heads, cols, split.key]),
                    _ => (Self::Values(split), vec![split.heads, split.value, cols]),
                })
            }
            _ => None,
        }
    }

    /// Those bytes.
    pub fn of(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        let made: Vec<u8> = match self {
            Self::All => return bytes.into(),
            Self::EveryOther { rows, from } => {
                let rows = bytes.chunks_exact((bytes.len() / rows.max(1)).max(1));
                rows.skip(from).step_by(2).flatten().copied().collect()
            }
            Self::Keys(split, cols) => {
                let row = split.row_bytes(bytes);
                let width = row / cols.max(1);
                let turned = |head: &[u8]| -> Vec<u8> {
                    let numbers = (0..cols).flat_map(|col| (0..split.key).map(move |at| at * row + col * width));
                    numbers.flat_map(|at| head[at..at + width].to_vec()).collect()
                };
                split.heads_of(bytes).flat_map(turned).collect()
            }
            Self::Values(split) => {
                let row = split.row_bytes(bytes);
                split.heads_of(bytes).flat_map(|head| &head[split.key * row..]).copied().collect()
            }
        };
        made.into()
    }
}

impl Split {
    /// Bytes of a row of the whole.
    fn row_bytes(self, bytes: &[u8]) -> usize {
        bytes.len() / (self.heads * (self.key + self.value)).max(1)
    }

    /// The bytes of each head.
    fn heads_of(self, bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
        bytes.chunks_exact((bytes.len() / self.heads.max(1)).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_by_hand() -> Result<(), &'static str> {
        let bytes: Vec<u8> = (0..12).collect();
        // Six rows of two bytes.
        let (odd, shape) = Taken::new(Some(Share::OddRows), &[6, 1], None).ok_or("odd rows")?;
        assert_eq!((shape, &*odd.of(&bytes)), (vec![3, 1], &[2, 3, 6, 7, 10, 11][..]));
        assert!(Taken::new(Some(Share::EvenRows), &[5], None).is_none());
        // Two heads of two keys and one value, of two inputs of a byte each.
        let split = Some(Split { heads: 2, key: 2, value: 1 });
        let (keys, shape) = Taken::new(Some(Share::Keys), &[6, 2], split).ok_or("keys")?;
        assert_eq!((shape, &*keys.of(&bytes)), (vec![2, 2, 2], &[0, 2, 1, 3, 6, 8, 7, 9][..]));
        let (values, shape) = Taken::new(Some(Share::Values), &[6, 2], split).ok_or("values")?;
        assert_eq!((shape, &*values.of(&bytes)), (vec![2, 1, 2], &[4, 5, 10, 11][..]));
        Ok(())
    }
}
