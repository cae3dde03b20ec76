//! `serve --check`: is what a server serves the variant that one thinks it is?

use std::collections::BTreeSet;

use generate::{Address, Chat, Checkpoint, Clock, Endpoint, EndpointOptions, Model, TokenLogprob, Tokenizer};
use record::{DENSE, Message, Reply, Role};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Error;
use crate::event::{Event, Watch};
use crate::run::Run;
use crate::served::ServerOptions;

/// What a server is asked, turn by turn of a conversation: a system message first, or none where it is empty.
const QUESTIONS: [(&str, &[&str]); 6] = [
    ("", &["Write the numbers from one to twelve in words, then name three rivers."]),
    ("You answer in one short sentence.", &["Why does bread rise?"]),
    ("", &["Give me a JSON object with the keys name, city and age, of a person you make up."]),
    ("", &["I have 17 apples and give 5 away.", "Then you have 12 apples.", "And if I buy 8 more? Say how you count."]),
    ("", &["Translate to French, then to German: the train leaves at seven, on the second track."]),
    ("You write code.", &["A function that reverses a list, in Python, without explanation."]),
];
/// How long each reply may be, in tokens.
const TOKENS: usize = 48;
/// The share of tokens that must be the ones that the weights here would have said next. Kernels of other programs round
/// otherwise, and part from ours where two tokens are nearly as likely.
const ALIKE: f64 = 0.9;

/// How one question was answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckedReply {
    /// The last thing that was said to it.
    pub question: String,
    /// What the server said.
    pub reply: String,
    /// Tokens of the prompt as the checkpoint's template and tokenizer make them, and as the server counts them.
    pub prompt_tokens: (usize, usize),
    /// Tokens of the reply that do not repeat a pair of it.
    pub tokens: usize,
    /// Those of them that the variant's weights here would have said next.
    pub alike: usize,
    /// Those that the dense model would have said next, where the variant is another.
    pub dense_alike: Option<usize>,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServerCheck {
    /// Where the server is.
    pub address: String,
    /// What it calls itself.
    pub served: String,
    /// Its replies.
    pub replies: Vec<CheckedReply>,
    /// What is wrong; empty where nothing is.
    pub problems: Vec<String>,
}

impl ServerCheck {
    /// What was found, in lines; `variant` is what it should be.
    pub fn text(&self, variant: &str) -> String {
        let mut lines = vec![format!("{} calls itself {}", self.address, self.served)];
        for reply in &self.replies {
            let (here, there) = reply.prompt_tokens;
            let dense = reply.dense_alike.map(|dense| format!(", dense {dense}")).unwrap_or_default();
            lines.push(format!(
                "  prompt {here} tokens here, {there} there; {} of {} tokens of its reply are {variant}'s{dense}: {:?}",
                reply.alike, reply.tokens, reply.question,
            ));
        }
        match &self.problems[..] {
            [] => lines.push(format!("it is {variant}: template, tokenizer and weights agree")),
            problems => lines.extend(problems.iter().map(|problem| format!("problem: {problem}"))),
        }
        lines.join("\n") + "\n"
    }
}

/// Holds a server against a variant of a run, or a model: the tokens of its prompts (its template and tokenizer), and how
/// many of the tokens of its greedy replies the weights here would have said, too.
///
/// # Errors
/// A server that does not answer, weights that cannot be read.
pub fn check_server(
    (run, variant): (Option<&Run>, &str),
    checkpoint: &Checkpoint,
    address: &Address,
    how: &ServerOptions,
    watch: &mut Watch<'_>,
) -> Result<ServerCheck, Error> {
    let ServerOptions { timeout, key, stream } = how.clone();
    let template_args = Map::from_iter([("enable_thinking".to_owned(), Value::Bool(false))]);
    let options =
        EndpointOptions { timeout, key, stream, template_args: template_args.clone(), ..EndpointOptions::default() };
    let endpoint = Endpoint::open(std::slice::from_ref(address), options)?;
    watch(Event::Begin(format!("asking {}", address.base)));
    let asked: Vec<Vec<Message>> = QUESTIONS.iter().map(|&(system, turns)| conversation(system, turns)).collect();
    let answered = asked.iter().map(|messages| endpoint.ask(0, messages, TOKENS)).collect::<Result<Vec<_>, _>>()?;
    watch(Event::End(format!("{} questions asked", answered.len())));
    let own = likely(checkpoint, &template_args, &asked, &answered)?;
    let dense = match run.filter(|_| variant != DENSE) {
        Some(run) => Some(likely(
            &run.checkpoint()?.with_activations(run.record.activations),
            &template_args,
            &asked,
            &answered,
        )?),
        None => None,
    };
    let replies =
        asked.iter().zip(&answered).zip(&own).enumerate().map(|(at, ((messages, (reply, _)), own))| CheckedReply {
            question: messages.last().map(|message| message.content.clone()).unwrap_or_default(),
            reply: reply.text.clone(),
            prompt_tokens: (own.prompt_tokens, reply.prompt_tokens),
            tokens: own.tokens,
            alike: own.alike,
            dense_alike: dense.as_ref().map(|dense| dense[at].alike),
        });
    let replies: Vec<CheckedReply> = replies.collect();
    let problems = problems(&replies, variant);
    let served = answered.into_iter().next().map(|(_, served)| served).unwrap_or_default();
    Ok(ServerCheck { address: address.base.clone(), served, replies, problems })
}

fn conversation(system: &str, turns: &[&str]) -> Vec<Message> {
    let system = (!system.is_empty()).then(|| Message::system(system));
    let roles = [Role::User, Role::Assistant].into_iter().cycle();
    system.into_iter().chain(turns.iter().zip(roles).map(|(text, role)| Message::new(role, *text))).collect()
}

/// How a reply looks to weights.
struct Likely {
    prompt_tokens: usize,
    tokens: usize,
    alike: usize,
}

fn likely(
    checkpoint: &Checkpoint,
    args: &Map<String, Value>,
    asked: &[Vec<Message>],
    answered: &[(Reply, String)],
) -> Result<Vec<Likely>, Error> {
    let tokenizer: &Tokenizer = checkpoint.tokenizer()?;
    let model = Model::load(checkpoint)?;
    let one = |(messages, (reply, _)): (&Vec<Message>, &(Reply, String))| {
        let conversation = Chat { messages, tools: &[], args, clock: Clock::now() };
        let mut tokens = tokenizer.ask(&conversation, true)?;
        let prompt_tokens = tokens.len();
        tokens.extend(tokenizer.encode(&reply.text, false)?);
        let told = model.text_logprobs(&tokens, 1)?;
        let said = &told[(prompt_tokens - 1).min(told.len())..];
        // What repeats itself is foreseen by any model.
        let mut pairs = BTreeSet::new();
        let new =
            said.iter().zip(&tokens[prompt_tokens - 1..]).filter(|(one, before)| pairs.insert((**before, one.token)));
        let new: Vec<&TokenLogprob> = new.map(|(one, _)| one).collect();
        let alike = new.iter().filter(|one| one.top.first().is_some_and(|top| top.0 == one.token)).count();
        Ok(Likely { prompt_tokens, tokens: new.len(), alike })
    };
    asked.iter().zip(answered).map(one).collect::<Result<_, generate::ModelError>>().map_err(Error::from)
}

fn problems(replies: &[CheckedReply], variant: &str) -> Vec<String> {
    let mut found = Vec::new();
    // A server that does not count says 0.
    let other = |reply: &&CheckedReply| reply.prompt_tokens.1 != 0 && reply.prompt_tokens.0 != reply.prompt_tokens.1;
    if let Some(first) = replies.iter().find(other) {
        let (here, there) = first.prompt_tokens;
        found.push(format!(
            "its prompts are others: {} of {} differ in length, {:?} has {there} tokens there and {here} by the checkpoint's \
             template and tokenizer",
            replies.iter().filter(other).count(),
            replies.len(),
            first.question,
        ));
    }
    let sum = |of: fn(&CheckedReply) -> usize| replies.iter().map(of).sum::<usize>();
    let (tokens, alike) = (sum(|reply| reply.tokens), sum(|reply| reply.alike));
    if tokens == 0 {
        found.push("it said nothing to any question".to_owned());
    } else if (alike as f64) < ALIKE * tokens as f64 {
        found.push(format!(
            "its weights are others: {alike} of {tokens} tokens that it says are those that {variant} would have said next"
        ));
    }
    let dense: Option<usize> = replies.iter().map(|reply| reply.dense_alike).sum();
    if let Some(dense) = dense.filter(|&dense| dense > alike) {
        found.push(format!(
            "it is rather the dense model than {variant}: {dense} of {tokens} tokens that it says are the dense model's next, \
             {alike} are {variant}'s"
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_template_other_weights_and_the_dense_model_are_told_apart() {
        let reply = |prompt_tokens, alike, dense_alike| CheckedReply {
            question: "q".into(),
            reply: "r".into(),
            prompt_tokens,
            tokens: 48,
            alike,
            dense_alike,
        };
        assert!(problems(&[reply((9, 9), 47, Some(40)), reply((8, 0), 48, Some(30))], "gptq").is_empty());
        for (replies, wanted) in [
            (reply((9, 10), 48, None), "its prompts are others: 1 of 1"),
            (reply((9, 9), 40, None), "its weights are others: 40 of 48"),
            (reply((9, 9), 45, Some(48)), "rather the dense model than gptq"),
            (CheckedReply { tokens: 0, ..reply((9, 9), 0, None) }, "it said nothing"),
        ] {
            let found = problems(&[replies], "gptq").join("; ");
            assert!(found.contains(wanted), "{found}");
        }
    }
}
