//! SHA-256 in hexadecimal, for saying what a run looked at.

use sha2::{Digest as _, Sha256};

/// A SHA-256 that is fed in pieces.
#[derive(Debug, Clone, Default)]
pub struct Digest(Sha256);

impl Digest {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes so far, 64 lower-case hexadecimal digits.
    pub fn hex(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// SHA-256 of some bytes, 64 lower-case hexadecimal digits.
///
/// ```
/// assert!(record::digest(b"").starts_with("e3b0c44298fc1c14"));
/// ```
pub fn digest(bytes: &[u8]) -> String {
    let mut all = Digest::default();
    all.update(bytes);
    all.hex()
}
