//! Worked examples before a question.

use record::{Message, Rng, Role, Sample};

use crate::Tokens;

/// Tokens that a chat template puts around a message, at most as a rule.
pub(crate) const FRAME: usize = 8;

/// The random numbers of an example: they depend on the run's seed and on what is asked, so that all questions of a kind
/// share their examples, and with them the work of reading them.
pub(crate) fn stream(seed: u64, what: &str, place: usize) -> Rng {
    Rng::stream(seed, &format!("{what}-example-{place}"))
}

/// Puts examples between a sample's instructions and its question: each is a question, without its instructions, and the
/// right reply.
pub(crate) fn show(sample: &mut Sample, examples: impl IntoIterator<Item = (Sample, String)>) {
    let turns = |(example, answer): (Sample, String)| {
        let asked = example.messages.into_iter().filter(|message| message.role != Role::System);
        asked.chain([Message::assistant(answer)])
    };
    insert(sample, examples.into_iter().flat_map(turns).collect());
}

/// Puts the turns of examples there.
pub(crate) fn insert(sample: &mut Sample, turns: Vec<Message>) {
    let at = sample.messages.iter().take_while(|message| message.role == Role::System).count();
    sample.examples += turns.len();
    sample.messages.splice(at..at, turns);
}

/// About how many tokens an example takes of a prompt.
pub(crate) fn size(example: &Sample, answer: &str, tokens: &dyn Tokens) -> usize {
    let asked = example.messages.iter().filter(|message| message.role != Role::System);
    let texts = asked.map(|message| message.content.as_str()).chain([answer]);
    texts.map(|text| tokens.encode(text).len() + FRAME).sum()
}
