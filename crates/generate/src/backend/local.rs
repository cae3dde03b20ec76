//! A model in this process.

use std::collections::BTreeMap;

use model::{Chat, Clock, Model, Sampling, Session, SessionOptions, Thinking, Tokenizer};
use record::{Reply, opened_by};
use serde_json::{Map, Value};

use crate::backend::{Answer, Failure, Ticket};
use crate::{Backend, GenerateError, Request};

/// How a model in this process is asked.
#[derive(Debug, Clone)]
pub struct LocalOptions {
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Whether the checkpoint's chat template renders the conversations; plain text where it has none.
    pub chat_template: bool,
    /// What the template is given beside the conversation, by name.
    pub template_args: Map<String, Value>,
    /// The time that the template prints.
    pub clock: Clock,
    /// The most tokens of a thought beside those of the reply; `None`: it counts among them.
    pub max_thinking_tokens: Option<usize>,
    /// Replies that are made at the same time, at least 1.
    pub batch_size: usize,
}

/// A model in this process. Conversations that begin alike share the work on their beginning.
pub struct Local<'m> {
    session: Session<'m>,
    tokenizer: &'m Tokenizer,
    options: LocalOptions,
    /// The most tokens of a prompt and its reply.
    context: usize,
    /// The session's tickets of requests under way.
    under_way: BTreeMap<usize, UnderWay>,
    /// Requests that never reached the session.
    refused: Vec<(Ticket, Answer)>,
    next: Ticket,
}

/// A request under way: its ticket, and the mark with which its prompt begins a thought.
type UnderWay = (Ticket, Option<String>);

impl<'m> Local<'m> {
    /// A model ready to reply.
    ///
    /// # Errors
    /// Sampling settings that make no sense.
    pub fn new(model: &'m Model, tokenizer: &'m Tokenizer, options: LocalOptions) -> Result<Self, GenerateError> {
        options.sampling.check()?;
        let places = SessionOptions { batch_size: options.batch_size.max(1), ..SessionOptions::default() };
        let session = Session::new(model, tokenizer, places.within(model::available()));
        let context = model.config.longest();
        Ok(Self { session, tokenizer, options, context, under_way: BTreeMap::new(), refused: Vec::new(), next: 0 })
    }
}

impl Backend for Local<'_> {
    fn submit(&mut self, request: Request) -> Result<Ticket, GenerateError> {
        let ticket = self.next;
        self.next += 1;
        let (messages, tools) = (&request.messages, &request.tools);
        let LocalOptions { template_args: args, clock, .. } = &self.options;
        let conversation = Chat { messages, tools, args, clock: *clock };
        let written = self.tokenizer.write(&conversation, self.options.chat_template);
        match written
            .and_then(|written| Ok((self.tokenizer.ids(&written)?, opened_by(&written.text).map(str::to_owned))))
        {
            Ok((prompt, _)) if request.whole_reply && prompt.len() + request.max_tokens > self.context => {
                let (tokens, context) = (prompt.len(), self.context);
                let reason = format!(
                    "prompt of {tokens} tokens leaves no room for {} more in the context of {context}",
                    request.max_tokens
                );
                self.refused.push((ticket, Err(Failure::too_long(reason))));
            }
            Ok((prompt, opened)) => {
                let begun = opened.is_some();
                let room = |max_tokens| Thinking { max_tokens, begun };
                let inside = self.session.submit(model::Request {
                    prompt,
                    sampling: self.options.sampling,
                    max_tokens: request.max_tokens,
                    thinking: self.options.max_thinking_tokens.map(room),
                    stop: request.stop,
                    seed: request.seed,
                    logprobs: None,
                });
                self.under_way.insert(inside, (ticket, opened));
            }
            // What the template refuses, or the tokenizer cannot spell, is this sample's failure alone.
            Err(error) => self.refused.push((ticket, Err(Failure::lasting(error)))),
        }
        Ok(ticket)
    }

    fn collect(&mut self) -> Result<Vec<(Ticket, Answer)>, GenerateError> {
        let mut done = std::mem::take(&mut self.refused);
        while done.is_empty() && self.session.pending() > 0 {
            for (inside, generated) in self.session.step() {
                let Some((ticket, opened)) = self.under_way.remove(&inside) else { continue };
                let count = |text: &str| self.tokenizer.encode(text, false).map_or(0, |ids| ids.len());
                let answer = generated.map_err(Failure::lasting).map(|generated| {
                    // What the prompt began is the reply's beginning.
                    let text = opened.unwrap_or_default() + &generated.text;
                    let (prompt, tokens) = (generated.prompt_tokens, generated.tokens.len());
                    Reply::said(text, prompt, tokens, generated.finish).apart(count)
                });
                done.push((ticket, answer));
            }
        }
        Ok(done)
    }
}
