//! A reply as it comes: the pieces of its text that nothing later can take back.

use generate::Tokenizer;
use record::{Reply, Spoken};
use serde_json::{Map, Value, json};

/// Letters of the longest mark around a thought; what may become one is held back.
const MARK: usize = 24;

/// What was sent of a reply.
pub(super) struct Stream<'t> {
    tokenizer: &'t Tokenizer,
    /// The mark with which the prompt begins a thought.
    opened: String,
    chat: bool,
    /// Letters that are held back, as they may become a text that ends the reply, or a mark.
    held: usize,
    sent: [String; 2],
}

impl<'t> Stream<'t> {
    pub fn new(tokenizer: &'t Tokenizer, opened: Option<&str>, chat: bool, stop: &[String]) -> Self {
        let longest = stop.iter().map(|text| text.chars().count()).max().unwrap_or(0);
        let held = longest.max(if chat { MARK } else { 0 });
        Self { tokenizer, opened: opened.unwrap_or_default().to_owned(), chat, held, sent: Default::default() }
    }

    /// What can be sent now that these are the tokens of the reply.
    pub fn piece(&mut self, tokens: &[u32]) -> Option<Value> {
        let said = self.tokenizer.decode(tokens).ok()?;
        // A letter may still lack a part.
        let said = self.opened.clone() + said.trim_end_matches('\u{FFFD}');
        let [thought, text] = self.parts(&said);
        // What is still growing may end in the beginning of a mark.
        if text.is_empty() { self.grown(self.sure(&thought), "") } else { self.grown(&thought, self.sure(&text)) }
    }

    /// A text without the letters that are held back.
    fn sure<'a>(&self, text: &'a str) -> &'a str {
        let kept = text.chars().count().saturating_sub(self.held);
        text.char_indices().nth(kept).map_or(text, |(at, _)| &text[..at])
    }

    /// What is left when the reply is done.
    pub fn rest(&mut self, reply: &Reply) -> Option<Value> {
        self.grown(reply.reasoning.as_deref().unwrap_or_default(), &reply.text)
    }

    /// Thought and text of what was said so far. Of a text that has not ended neither is trimmed at its end.
    fn parts(&self, said: &str) -> [String; 2] {
        if !self.chat {
            return [String::new(), said.to_owned()];
        }
        let Spoken { reasoning, content, .. } = Spoken::of(said);
        [reasoning.unwrap_or_default(), content].map(|text| text.trim_end().to_owned())
    }

    /// What a thought and a text have more than was sent; nothing where they go on otherwise.
    fn grown(&mut self, thought: &str, text: &str) -> Option<Value> {
        let mut delta = Map::new();
        let names = ["reasoning_content", if self.chat { "content" } else { "text" }];
        for ((sent, now), name) in self.sent.iter_mut().zip([thought, text]).zip(names) {
            if let Some(more) = now.strip_prefix(sent.as_str()).filter(|more| !more.is_empty()) {
                delta.insert(name.to_owned(), json!(more));
                sent.push_str(more);
            }
        }
        (!delta.is_empty()).then(|| Value::Object(delta))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generate::{Checkpoint, ModelError};
    use record::Finish;

    fn streamed(text: &str, opened: Option<&str>, stop: &[String]) -> Result<[String; 2], ModelError> {
        let checkpoint = Checkpoint::bundled()?;
        let tokenizer = checkpoint.tokenizer()?;
        let tokens = tokenizer.encode(text, false)?;
        let mut stream = Stream::new(tokenizer, opened, true, stop);
        let mut pieces: Vec<Value> = (1..=tokens.len()).filter_map(|count| stream.piece(&tokens[..count])).collect();
        let whole = opened.unwrap_or_default().to_owned() + &tokenizer.decode(&tokens)?;
        let reply = Reply::said(whole, 1, tokens.len(), Finish::Stop).apart(|_| 0);
        assert!(pieces.len() > 1 || tokens.len() < 10, "{text}: it comes in pieces");
        pieces.extend(stream.rest(&reply));
        let joined = |name: &str| pieces.iter().filter_map(|piece| piece[name].as_str()).collect::<String>();
        let all = [joined("reasoning_content"), joined("content")];
        assert_eq!(all, [reply.reasoning.unwrap_or_default(), reply.text], "{text}");
        Ok(all)
    }

    #[test]
    fn pieces_make_the_whole_reply() -> Result<(), ModelError> {
        let long = "One, two, three. naïve 🦀 ".repeat(6);
        assert_eq!(streamed(&long, None, &[])?[1].trim(), long.trim());
        let thought = format!("<think>\n{long}\n</think>\n\n{long}");
        let both = streamed(&thought, None, &["###".to_owned()])?;
        assert!(both.iter().all(|part| part.trim() == long.trim()), "{both:?}");
        let begun = streamed(&thought["<think>".len()..], Some("<think>"), &[])?;
        assert_eq!(begun[0].trim(), long.trim());
        streamed("Hi", None, &[])?;
        Ok(())
    }
}
