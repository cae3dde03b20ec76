//! Text of files that people bring: UTF-8, with or without the byte-order mark that editors of Windows put in front.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::RecordError;

/// What such editors begin a file with.
const MARK: &[u8] = b"\xEF\xBB\xBF";
/// Bytes that are enough to tell UTF-16 without a mark.
const LOOKED_AT: usize = 64;

/// Bytes that are not the text that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct NotText {
    /// Where, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// The bytes without a byte-order mark.
///
/// # Errors
/// UTF-16 and UTF-32, by name.
///
/// ```
/// assert_eq!(record::unmarked(b"\xEF\xBB\xBF[1]").unwrap(), b"[1]");
/// assert!(record::unmarked(b"\xFF\xFE[\0").unwrap_err().problem.contains("UTF-16"));
/// ```
pub fn unmarked(bytes: &[u8]) -> Result<&[u8], NotText> {
    let wide = match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => "UTF-32",
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "UTF-16",
        _ if every_second_is_zero(bytes) => "UTF-16",
        _ => return Ok(bytes.strip_prefix(MARK).unwrap_or(bytes)),
    };
    let problem = format!("it is {wide} text, as some programs of Windows write it; save it as UTF-8");
    Err(NotText { line: 1, problem })
}

/// UTF-16 of letters that ASCII has, without a mark: a text has no zeros otherwise.
fn every_second_is_zero(bytes: &[u8]) -> bool {
    let pairs = bytes[..bytes.len().min(LOOKED_AT)].as_chunks::<2>().0;
    let all = |zero: usize| pairs.iter().all(|pair| pair[zero] == 0 && pair[1 - zero] != 0);
    pairs.len() > 1 && (all(0) || all(1))
}

/// The text of some bytes, without a byte-order mark.
///
/// # Errors
/// What is not UTF-8, with its line.
pub fn text(bytes: &[u8]) -> Result<&str, NotText> {
    let bytes = unmarked(bytes)?;
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        NotText { line, problem: format!("it is not UTF-8 text: {error}") }
    })
}

/// The JSON value in some bytes.
///
/// # Errors
/// What is not JSON, or not of this form, with its line.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, NotText> {
    let bytes = unmarked(bytes)?;
    serde_json::from_slice(bytes).map_err(|error| NotText { line: error.line(), problem: error.to_string() })
}

/// The text of a file, without a byte-order mark.
///
/// # Errors
/// A file that cannot be read, or is no text.
pub fn read_text(path: &Path) -> Result<String, RecordError> {
    let bytes = std::fs::read(path).map_err(|source| RecordError::io("read", path, source))?;
    let text = text(&bytes).map_err(|source| RecordError::Text { path: path.to_owned(), source })?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, mark: bool, little: bool) -> Vec<u8> {
        let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn a_mark_is_dropped_once() {
        assert_eq!(text(b"\xEF\xBB\xBFa\xEF\xBB\xBF"), Ok("a\u{FEFF}"));
        assert_eq!(text(b""), Ok(""));
        assert_eq!(text(b"\xEF\xBB\xBF"), Ok(""));
        assert_eq!(json::<Vec<u8>>(b"\xEF\xBB\xBF[1]"), Ok(vec![1]));
    }

    #[test]
    fn wide_text_is_named_with_or_without_a_mark() {
        for (mark, little) in [(true, true), (true, false), (false, true), (false, false)] {
            let bytes = utf16("{\"text\": \"Zürich\"}\r\n", mark, little);
            let error = json::<serde_json::Value>(&bytes).unwrap_err();
            assert!(error.problem.contains("UTF-16") && error.problem.contains("save it as UTF-8"), "{error}");
        }
        assert!(unmarked(&[0xFF, 0xFE, 0, 0, b'a', 0, 0, 0]).unwrap_err().problem.contains("UTF-32"));
        for fine in [&b"a\0"[..], b"7", "é中".as_bytes(), b"\0\0\0\0"] {
            assert!(text(fine).is_ok(), "{fine:?}");
        }
    }

    #[test]
    fn the_line_of_what_is_wrong_is_named() {
        assert_eq!(text(b"a\nb\n\xFF").unwrap_err().line, 3);
        assert_eq!(json::<Vec<u8>>(b"[1,\n2,\nx]").unwrap_err().line, 3);
    }
}
