//! Replies from a file: for tests, and for judging what another program's model has answered.

use std::collections::BTreeMap;
use std::path::Path;

use record::{Finish, Reply, read_jsonl};
use serde::Deserialize;

use crate::backend::{Answer, Failure, Ticket};
use crate::{Backend, GenerateError, Request};

/// One line of a file of replies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// Whose replies these are; `dense` where absent.
    #[serde(default = "dense")]
    variant: String,
    /// The sample; absent: the reply to everything that has no line of its own.
    #[serde(default)]
    sample: Option<String>,
    /// Which turn of the sample, from 0; absent: every turn that has no line of its own.
    #[serde(default)]
    turn: Option<usize>,
    /// What is replied.
    text: String,
}

fn dense() -> String {
    record::DENSE.to_owned()
}

/// Replies that are known beforehand, from a JSON lines file:
///
/// ```json
/// {"sample": "pddl-0001", "turn": 2, "text": "look"}
/// {"sample": "pddl-0001", "text": "any other turn of that sample"}
/// {"variant": "gptq", "text": "anything else that the variant gptq is asked"}
/// ```
#[derive(Debug, Clone, Default)]
pub struct Scripted {
    replies: BTreeMap<(Option<String>, Option<usize>), String>,
    done: Vec<(Ticket, Answer)>,
    next: Ticket,
}

impl Scripted {
    /// Reads the replies of every variant in a file.
    ///
    /// # Errors
    /// A file that cannot be read, or the line that is not a reply.
    pub fn read(path: &Path) -> Result<BTreeMap<String, Self>, GenerateError> {
        let mut all: BTreeMap<String, Self> = BTreeMap::new();
        for line in read_jsonl::<Line>(path)? {
            all.entry(line.variant).or_default().replies.entry((line.sample, line.turn)).or_insert(line.text);
        }
        Ok(all)
    }

    fn find(&self, sample: &str, turn: usize) -> Option<&str> {
        let own = Some(sample.to_owned());
        [(own.clone(), Some(turn)), (own, None), (None, Some(turn)), (None, None)]
            .iter()
            .find_map(|key| self.replies.get(key))
            .map(String::as_str)
    }
}

impl Backend for Scripted {
    fn submit(&mut self, request: Request) -> Result<Ticket, GenerateError> {
        let words = |text: &str| text.split_whitespace().count();
        let answer = match self.find(&request.sample, request.turn) {
            Some(text) => {
                let prompt = request.messages.iter().map(|message| words(&message.content)).sum();
                Ok(Reply::said(text, prompt, words(text), Finish::Stop).apart(words))
            }
            None => Err(Failure::lasting(format!("no scripted reply to turn {} of {}", request.turn, request.sample))),
        };
        let ticket = self.next;
        self.next += 1;
        self.done.push((ticket, answer));
        Ok(ticket)
    }

    fn collect(&mut self) -> Result<Vec<(Ticket, Answer)>, GenerateError> {
        Ok(std::mem::take(&mut self.done))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(sample: &str, turn: usize) -> Request {
        Request {
            sample: sample.into(),
            turn,
            messages: vec![],
            tools: vec![],
            max_tokens: 8,
            stop: vec![],
            whole_reply: true,
            seed: 0,
        }
    }

    #[test]
    fn the_most_specific_line_answers() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("replies.jsonl");
        let lines = [
            r#"{"text": "any"}"#,
            r#"{"sample": "a", "text": "a, any turn"}"#,
            r#"{"sample": "a", "turn": 1, "text": "a, turn 1"}"#,
            r#"{"variant": "gptq", "sample": "a", "text": "other"}"#,
        ];
        std::fs::write(&path, lines.join("\n") + "\n")?;
        let mut all = Scripted::read(&path)?;
        let dense = all.get_mut("dense").ok_or("no dense")?;
        for (sample, turn) in [("a", 0), ("a", 1), ("b", 1)] {
            dense.submit(request(sample, turn))?;
        }
        let texts: Vec<_> = dense.collect()?.into_iter().map(|(_, reply)| reply.map(|reply| reply.text)).collect();
        assert_eq!(texts, [Ok("a, any turn".into()), Ok("a, turn 1".into()), Ok("any".into())]);
        let other = all.get_mut("gptq").ok_or("no gptq")?;
        other.submit(request("b", 3))?;
        assert_eq!(other.collect()?[0].1, Err(Failure::lasting("no scripted reply to turn 3 of b")));
        assert!(other.collect()?.is_empty());
        Ok(())
    }

    #[test]
    fn a_line_with_an_unknown_field_is_named() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("replies.jsonl");
        std::fs::write(&path, "{\"text\": \"x\"}\n{\"txt\": \"x\"}\n")?;
        let error = Scripted::read(&path).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("replies.jsonl line 2"), "{error}");
        Ok(())
    }
}
