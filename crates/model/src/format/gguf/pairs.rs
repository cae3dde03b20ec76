//! Rows of q and k of architectures whose rotated numbers lie in pairs in a file, and in halves in a folder.

/// Rows of a file as the folder has them; each of `heads` heads takes an equal share of `bytes`, `rows` of them in all.
///
/// ```
/// assert_eq!(model::gguf::halves(&[0, 2, 1, 3], 4, 1), [0, 1, 2, 3]);
/// ```
pub fn halves(bytes: &[u8], rows: usize, heads: usize) -> Vec<u8> {
    moved(bytes, rows, heads, |at, half| if at < half { 2 * at } else { 2 * (at - half) + 1 })
}

/// Rows of a folder as the file has them: what undoes [`halves`].
pub fn pairs(bytes: &[u8], rows: usize, heads: usize) -> Vec<u8> {
    moved(bytes, rows, heads, |at, half| at / 2 + at % 2 * half)
}

/// Row `at` of each head is taken from row `from(at, half)`.
fn moved(bytes: &[u8], rows: usize, heads: usize, from: impl Fn(usize, usize) -> usize) -> Vec<u8> {
    let (width, half) = (bytes.len() / rows.max(1), rows / heads.max(1) / 2);
    let mut all = Vec::with_capacity(bytes.len());
    for head in bytes.chunks_exact((2 * half * width).max(1)) {
        for at in 0..2 * half {
            all.extend_from_slice(&head[from(at, half) * width..][..width]);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_move_within_their_heads_and_back() {
        let bytes: Vec<u8> = (0..24).collect();
        // Two heads of four rows of three bytes.
        let moved = halves(&bytes, 8, 2);
        assert_eq!(moved[..12], [0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11]);
        assert_eq!(moved[12], 12);
        assert_eq!(pairs(&moved, 8, 2), bytes);
    }
}
