//! One token alone.

use tokenizers::DecoderWrapper;

use super::tokenizer::Tokenizer;

impl Tokenizer {
    /// The bytes that a token stands for; for a special token, those of its name. A token may be a part of a letter: then
    /// the bytes are no text. `None` of an id that stands for nothing.
    pub fn token_bytes(&self, id: u32) -> Option<Vec<u8>> {
        let name = self.inner().id_to_token(id)?;
        if self.inner().get_added_tokens_decoder().contains_key(&id) {
            return Some(name.into_bytes());
        }
        if matches!(self.inner().get_decoder(), Some(DecoderWrapper::ByteLevel(_))) {
            return Some(name.chars().flat_map(byte_level).collect());
        }
        // SentencePiece has bytes that it cannot write as `<0x0A>`, and a mark for a space.
        let byte = name.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
        match byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => Some(vec![byte]),
            None => Some(name.replace('\u{2581}', " ").into_bytes()),
        }
    }
}

/// The byte that a letter of a byte-level vocabulary stands for: printable bytes for themselves, all others, in order, for the
/// letters from 256 on. (Radford et al. 2019.) Other letters are themselves.
fn byte_level(letter: char) -> Vec<u8> {
    let is_itself = |code: u32| matches!(code, 33..=126 | 161..=172 | 174..=255);
    let code = u32::from(letter);
    let byte = match code {
        _ if is_itself(code) => Some(code),
        256.. => (0..=255).filter(|&byte| !is_itself(byte)).nth((code - 256) as usize),
        _ => None,
    };
    byte.and_then(|byte| u8::try_from(byte).ok()).map_or_else(|| letter.to_string().into_bytes(), |byte| vec![byte])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checkpoint, ModelError};

    #[test]
    fn letters_of_byte_level_vocabularies_are_all_bytes_once() {
        let printable = (33..=126).chain(161..=172).chain(174..=255);
        let letters = printable.chain(256..324).filter_map(char::from_u32);
        let mut bytes: Vec<u8> = letters.flat_map(byte_level).collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
        assert_eq!((byte_level('Ġ'), byte_level('Ċ')), (vec![b' '], vec![b'\n']));
    }

    #[test]
    fn the_bytes_of_a_text_are_those_of_its_tokens() -> Result<(), ModelError> {
        let checkpoint = Checkpoint::bundled()?;
        let tokenizer = checkpoint.tokenizer()?;
        let text = "Tools: naïve 東京 🦀\n\t{\"a\": 1}";
        let bytes: Vec<u8> =
            tokenizer.encode(text, false)?.into_iter().filter_map(|id| tokenizer.token_bytes(id)).flatten().collect();
        assert_eq!(String::from_utf8_lossy(&bytes).trim_start(), text);
        assert_eq!(tokenizer.token_bytes(u32::MAX), None);
        Ok(())
    }
}
