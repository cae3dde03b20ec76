//! Texts that end a reply, also where they are split over tokens.

use crate::Tokenizer;

/// The stop texts of one request.
#[derive(Debug, Clone)]
pub(crate) struct StopTexts {
    texts: Vec<String>,
    /// Tokens from the end that can hold a whole stop text: a token that prints has a byte or more.
    window: usize,
}

/// Tokens beyond the longest stop text that are looked at: some print nothing, or part of a character.
const MARGIN: usize = 16;

impl StopTexts {
    /// Empty texts are left out.
    pub fn new(texts: &[String]) -> Self {
        let texts: Vec<String> = texts.iter().filter(|text| !text.is_empty()).cloned().collect();
        let window = texts.iter().map(String::len).max().unwrap_or(0) + MARGIN;
        Self { texts, window }
    }

    /// Whether one of the texts appears near the end of these tokens.
    pub fn appear(&self, tokens: &[u32], tokenizer: &Tokenizer) -> bool {
        if self.texts.is_empty() {
            return false;
        }
        let tail = &tokens[tokens.len().saturating_sub(self.window)..];
        tokenizer.decode(tail).is_ok_and(|text| self.texts.iter().any(|stop| text.contains(stop.as_str())))
    }

    /// The text before the first stop text, and whether there was one.
    pub fn cut(&self, mut text: String) -> (String, bool) {
        match self.texts.iter().filter_map(|stop| text.find(stop.as_str())).min() {
            Some(at) => {
                text.truncate(at);
                (text, true)
            }
            None => (text, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StopTexts;

    #[test]
    fn the_first_stop_text_cuts() {
        let stops = StopTexts::new(&["\n\n".into(), "END".into(), String::new()]);
        assert_eq!(stops.cut("a END b\n\n".into()), ("a ".into(), true));
        assert_eq!(stops.cut("é".into()), ("é".into(), false));
    }
}
