//! Where cells are: `B12` is row 12 of the second column.

use super::super::raised::Raised;

/// A cell's place, both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The row.
    pub row: usize,
    /// The column.
    pub column: usize,
}

/// A rectangle of cells, both corners included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Top left.
    pub first: Place,
    /// Bottom right.
    pub last: Place,
}

/// Columns that a label may name: three letters.
const MOST_LETTERS: usize = 3;

impl Place {
    /// Reads `B12`; letters of either case.
    ///
    /// # Errors
    /// What gspread raises for other labels.
    pub fn read(label: &str) -> Result<Self, Raised> {
        let wrong = || Raised::new("IncorrectCellLabel", label);
        let letters = label.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (letters, digits) = label.split_at(letters);
        let row: usize = digits.parse().map_err(|_| wrong())?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        if !plain || letters.is_empty() || letters.len() > MOST_LETTERS {
            return Err(wrong());
        }
        let column = letters.bytes().fold(0, |sum, byte| sum * 26 + usize::from(byte.to_ascii_uppercase() - b'A') + 1);
        Ok(Self { row: row - 1, column: column - 1 })
    }

    /// `B12`.
    pub fn label(self) -> String {
        let mut letters = Vec::new();
        let mut left = self.column + 1;
        while left > 0 {
            letters.push(char::from(b'A' + u8::try_from((left - 1) % 26).unwrap_or_default()));
            left = (left - 1) / 26;
        }
        format!("{}{}", letters.iter().rev().collect::<String>(), self.row + 1)
    }
}

impl Area {
    /// The rectangle between two cells, whichever corners they are.
    pub fn between(a: Place, b: Place) -> Self {
        Self {
            first: Place { row: a.row.min(b.row), column: a.column.min(b.column) },
            last: Place { row: a.row.max(b.row), column: a.column.max(b.column) },
        }
    }

    /// Whether a cell lies in it.
    pub fn contains(&self, place: Place) -> bool {
        (self.first.row..=self.last.row).contains(&place.row)
            && (self.first.column..=self.last.column).contains(&place.column)
    }

    /// How many cells it has.
    pub fn size(&self) -> usize {
        (self.last.row - self.first.row + 1).saturating_mul(self.last.column - self.first.column + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_and_written() {
        for (label, row, column) in [("A1", 0, 0), ("Z3", 2, 25), ("AA10", 9, 26), ("XFD1048576", 1_048_575, 16_383)] {
            let place = Place { row, column };
            assert_eq!((Place::read(label), place.label().as_str()), (Ok(place), label));
        }
        assert_eq!(Place::read("b2"), Ok(Place { row: 1, column: 1 }));
        for label in ["", "A", "1", "A0", "A01", "1A", "A1:B2", "A+1", "ABCD1", "A99999999999999999999999", "é1"] {
            assert_eq!(Place::read(label).err().map(|raised| raised.kind), Some("IncorrectCellLabel"), "{label}");
        }
    }
}
