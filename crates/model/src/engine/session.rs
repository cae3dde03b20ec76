//! Replies to many prompts at once: a row that ends frees its place, and prompts that begin alike share work.

use std::collections::VecDeque;

use rayon::prelude::*;
use record::{Finish, Rng};

use crate::decoder::block_reader;
use crate::decoder::cache::{PAGE, Retained, SequenceCache, bytes_together};
use crate::decoder::model::Advance;
use crate::decoder::rope::Stage;
use crate::engine::logprob::TokenLogprob;
use crate::engine::stop::StopTexts;
use crate::{Matrix, Model, ModelError, Sampling, Tokenizer};

/// One reply that is wanted; by default a greedy one of no tokens.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// The prompt's tokens, at least one.
    pub prompt: Vec<u32>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// The most tokens of the reply.
    pub max_tokens: usize,
    /// What the reply may think before it says something; `None`: a thought counts among `max_tokens`.
    pub thinking: Option<Thinking>,
    /// Texts that end the reply, but not in a thought; they are cut off.
    pub stop: Vec<String>,
    /// Seed of the draws: the same request gives the same reply.
    pub seed: u64,
    /// With how many alternatives it is said how likely the reply's tokens were; `None`: it is not said.
    pub logprobs: Option<usize>,
}

/// Room for a thought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thinking {
    /// Its most tokens; a reply has its own number of tokens after it.
    pub max_tokens: usize,
    /// Whether the prompt has begun it.
    pub begun: bool,
}

/// Where a reply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thought {
    /// At its beginning, which may become one.
    Possible,
    Under,
    Over,
}

/// Tokens after which a reply that has not begun with a thought has none.
const BEGINNING: usize = 16;
/// Tokens that the closing mark of a thought has at most.
const MARK: usize = 12;

/// One finished reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The text, without stop text and special tokens.
    pub text: String,
    /// Its tokens, the stop token included.
    pub tokens: Vec<u32>,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// How likely its tokens were; empty where the request does not ask.
    pub logprobs: Vec<TokenLogprob>,
}

/// How much a session may do at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOptions {
    /// Replies that are made at the same time, at least 1.
    pub batch_size: usize,
    /// Bytes of keys and values of finished sequences that are kept for prompts that begin alike; 0 keeps none.
    pub retained_bytes: usize,
    /// Bytes of keys and values of replies under way: beyond, fewer are made at the same time, but always one.
    pub active_bytes: usize,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { batch_size: 8, retained_bytes: 1 << 30, active_bytes: 4 << 30 }
    }
}

/// A prompt is read anew where fewer tokens than this begin as another one did: a page is copied for them.
const WORTH_SHARING: usize = 8;
/// Weights up to this size stay in the cache: each thread then runs whole sequences of its own.
const SMALL_MODEL: usize = 16 << 20;

/// Replies under way. What a reply says does not depend on the others, nor on what was asked before.
pub struct Session<'m> {
    model: &'m Model,
    tokenizer: &'m Tokenizer,
    options: SessionOptions,
    waiting: VecDeque<(usize, Request)>,
    active: Vec<Row>,
    retained: Retained,
    submitted: usize,
    prefill: Prefill,
}

/// How many prompt tokens were run, and how many were taken over from a sequence that begins alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefill {
    /// Tokens run.
    pub run: usize,
    /// Tokens taken over.
    pub reused: usize,
}

/// A reply under way.
struct Row {
    ticket: usize,
    request: Request,
    cache: SequenceCache,
    tokens: Vec<u32>,
    /// Tokens that it may have by now, and in all.
    limit: usize,
    most: usize,
    thought: Thought,
    /// Its tokens up to the end of its thought.
    thought_tokens: usize,
    rng: Rng,
    stops: StopTexts,
    logprobs: Vec<TokenLogprob>,
    end: Option<Result<Finish, ModelError>>,
}

/// A ticket of [`Session::submit`] and what became of its request.
pub type Done = (usize, Result<Generated, ModelError>);

impl<'m> Session<'m> {
    /// A session without requests.
    pub fn new(model: &'m Model, tokenizer: &'m Tokenizer, options: SessionOptions) -> Self {
        Self {
            model,
            tokenizer,
            options,
            waiting: VecDeque::new(),
            active: Vec::new(),
            retained: Retained::new(options.retained_bytes),
            submitted: 0,
            prefill: Prefill::default(),
        }
    }

    /// Queues a request; the ticket, counted from 0, comes back with its reply.
    pub fn submit(&mut self, request: Request) -> usize {
        self.waiting.push_back((self.submitted, request));
        self.submitted += 1;
        self.submitted - 1
    }

    /// Requests that are queued or under way.
    pub fn pending(&self) -> usize {
        self.waiting.len() + self.active.len()
    }

    /// The tokens so far of a reply under way; `None` before it has begun and when it is done.
    pub fn tokens(&self, ticket: usize) -> Option<&[u32]> {
        self.active.iter().find(|row| row.ticket == ticket).map(|row| &row.tokens[..])
    }

    /// Forgets a request that nobody waits for any more.
    pub fn cancel(&mut self, ticket: usize) {
        self.waiting.retain(|(other, _)| *other != ticket);
        if let Some(index) = self.active.iter().position(|row| row.ticket == ticket) {
            let mut row = self.active.remove(index);
            self.retained.keep(std::mem::take(&mut row.cache));
        }
    }

    /// Places that the next step could fill with new requests.
    pub fn free(&self) -> usize {
        self.options.batch_size.max(1).saturating_sub(self.pending())
    }

    /// Prompt tokens so far.
    pub fn prefill(&self) -> Prefill {
        self.prefill
    }

    /// Admits what fits, makes one token for every reply under way, and gives the replies that ended.
    pub fn step(&mut self) -> Vec<Done> {
        // On one of the threads that products are handed to: any other would be put to sleep and woken for each of them.
        rayon::scope(|_| self.step_here())
    }

    fn step_here(&mut self) -> Vec<Done> {
        let mut done = self.admit();
        self.decode();
        for index in (0..self.active.len()).rev() {
            if let Some(end) = self.active[index].end.take() {
                let mut row = self.active.remove(index);
                self.retained.keep(std::mem::take(&mut row.cache));
                done.push((row.ticket, row.finish(end, self.tokenizer)));
            }
        }
        done.sort_by_key(|(ticket, _)| *ticket);
        done
    }

    /// Replies to all requests, in their order. Nothing else may be under way.
    pub fn generate(&mut self, requests: &[Request]) -> Vec<Result<Generated, ModelError>> {
        let tickets: Vec<usize> = requests.iter().map(|request| self.submit(request.clone())).collect();
        let mut done: Vec<Done> = Vec::with_capacity(requests.len());
        while self.pending() > 0 {
            done.extend(self.step());
        }
        done.sort_by_key(|(ticket, _)| *ticket);
        done.into_iter().filter(|(ticket, _)| tickets.contains(ticket)).map(|(_, result)| result).collect()
    }

    /// Reads the prompts of waiting requests while there are places.
    fn admit(&mut self) -> Vec<Done> {
        let mut refused = Vec::new();
        while self.active.len() < self.options.batch_size.max(1) {
            if !self.waiting.front().is_some_and(|(_, request)| self.fits(request)) {
                break;
            }
            let Some((ticket, request)) = self.waiting.pop_front() else { break };
            match self.start(ticket, request) {
                Ok(row) => self.active.push(row),
                Err(error) => refused.push((ticket, Err(error))),
            }
        }
        refused
    }

    /// Whether there is room for a request beside those under way, with whose prompts it shares what begins alike.
    fn fits(&self, request: &Request) -> bool {
        if self.active.is_empty() {
            return true;
        }
        let (prompt, bytes_of) = (&request.prompt, |tokens| SequenceCache::bytes_of(&self.model.config, tokens));
        let (_, shared) = self.nearest(prompt, self.model.stage(prompt.len()));
        let wanted = room(request, self.model.config.longest()) - shared / PAGE * PAGE;
        let caches = || self.active.iter().map(|row| &row.cache);
        let to_come: usize = caches().map(SequenceCache::to_come).sum();
        bytes_together(caches()).saturating_add(bytes_of(to_come + wanted)) <= self.options.active_bytes
    }

    /// The reply under way that has most of the beginning of a prompt, and how many tokens of it.
    fn nearest(&self, prompt: &[u32], stage: Stage) -> (usize, usize) {
        let lengths = self.active.iter().map(|row| row.cache.common_prefix(prompt, stage)).enumerate();
        lengths.max_by_key(|&(_, length)| length).unwrap_or((0, 0))
    }

    fn start(&mut self, ticket: usize, request: Request) -> Result<Row, ModelError> {
        request.sampling.check()?;
        let context = self.model.config.longest();
        let prompt = &request.prompt;
        if prompt.is_empty() {
            return Err(ModelError::Request { why: "the prompt has no tokens".to_owned() });
        }
        if prompt.len() > context {
            return Err(ModelError::TooLong { tokens: prompt.len(), context });
        }
        if let Some(&token) = prompt.iter().find(|&&token| token as usize >= self.model.config.vocab_size) {
            return Err(block_reader::no_such_token(token, self.model.config.vocab_size));
        }
        let most = room(&request, context) - prompt.len();
        let (thought, limit) = match request.thinking {
            None => (Thought::Over, most),
            Some(Thinking { begun: true, max_tokens }) => (Thought::Under, max_tokens.min(most)),
            Some(_) => (Thought::Possible, request.max_tokens.min(most)),
        };
        let mut cache = self.begin(prompt, prompt.len() + most);
        self.prefill.reused += cache.tokens.len();
        self.prefill.run += prompt.len() - cache.tokens.len();
        let rest = &prompt[cache.tokens.len()..];
        let logits = self.model.advance(&mut [Advance { tokens: rest, cache: &mut cache }])?;
        let (rng, stops) = (Rng::new(request.seed), StopTexts::new(&request.stop));
        let (tokens, thought_tokens, logprobs, end) = (Vec::new(), 0, Vec::new(), None);
        let mut row =
            Row { ticket, request, cache, tokens, limit, most, thought, thought_tokens, rng, stops, logprobs, end };
        row.accept(logits.row(0), self.tokenizer);
        Ok(row)
    }

    /// A cache that holds as much of the beginning of `prompt` as any sequence at hand, but never all of it.
    fn begin(&mut self, prompt: &[u32], capacity: usize) -> SequenceCache {
        let (most, stage) = (prompt.len() - 1, self.model.stage(prompt.len()));
        let active = self.nearest(prompt, stage);
        let (index, length) = self.retained.find(prompt, stage).unwrap_or((0, 0));
        if length >= WORTH_SHARING && length >= active.1 {
            return self.retained.reuse(index, length.min(most), capacity);
        }
        if active.1 >= WORTH_SHARING {
            return self.active[active.0].cache.fork(active.1.min(most), capacity);
        }
        SequenceCache::new(&self.model.config, capacity)
    }

    /// One token for every reply that has not ended.
    fn decode(&mut self) {
        let (model, tokenizer) = (self.model, self.tokenizer);
        let mut rows: Vec<&mut Row> = self.active.iter_mut().filter(|row| row.end.is_none()).collect();
        if rows.is_empty() {
            return;
        }
        let threads = rayon::current_num_threads();
        if threads > 1 && rows.len() > 1 && model.weight_bytes() <= SMALL_MODEL {
            let share = rows.len().div_ceil(threads);
            rows.par_chunks_mut(share).for_each(|rows| decode_rows(model, tokenizer, rows));
        } else {
            decode_rows(model, tokenizer, &mut rows);
        }
    }
}

/// Tokens of a prompt that fits the context, and of the longest reply to it. The last token of a reply is never run, so
/// it needs no place in the context.
fn room(request: &Request, context: usize) -> usize {
    let prompt = request.prompt.len().min(context);
    let thinking = request.thinking.map_or(0, |thinking| thinking.max_tokens);
    prompt + request.max_tokens.saturating_add(thinking).min(context - prompt + 1)
}

fn decode_rows(model: &Model, tokenizer: &Tokenizer, rows: &mut [&mut Row]) {
    let mut parts: Vec<Advance<'_>> = rows
        .iter_mut()
        .map(|row| Advance { tokens: &row.tokens[row.tokens.len() - 1..], cache: &mut row.cache })
        .collect();
    match model.advance(&mut parts) {
        Ok(logits) => rows.iter_mut().enumerate().for_each(|(at, row)| row.accept(Matrix::row(&logits, at), tokenizer)),
        // Sampled ids are below the vocabulary's size, so this cannot be; a row that cannot go on ends.
        Err(error) => {
            let why = error.to_string();
            rows.iter_mut().for_each(|row| row.end = Some(Err(ModelError::Request { why: why.clone() })));
        }
    }
}

impl Row {
    /// Draws the next token and sees whether the reply has ended.
    fn accept(&mut self, logits: &[f32], tokenizer: &Tokenizer) {
        if self.limit == 0 {
            self.end = Some(Ok(Finish::Length));
            return;
        }
        let Some(token) = self.request.sampling.choose(logits, &mut self.rng) else {
            let tokens = self.request.prompt.len() + self.tokens.len();
            self.end = Some(Err(ModelError::Logits { tokens }));
            return;
        };
        self.tokens.push(token);
        self.logprobs.extend(self.request.logprobs.map(|top| TokenLogprob::of(logits, token, top)));
        self.follow(tokenizer);
        let stopped =
            || self.thought != Thought::Under && self.stops.appear(&self.tokens[self.thought_tokens..], tokenizer);
        if tokenizer.eos().contains(&token) || stopped() {
            self.end = Some(Ok(Finish::Stop));
        } else if self.tokens.len() >= self.limit {
            self.end = Some(Ok(Finish::Length));
        }
    }

    /// Sees whether a thought begins or ends, and gives it, or the answer after it, its own number of tokens.
    fn follow(&mut self, tokenizer: &Tokenizer) {
        let Some(thinking) = self.request.thinking else { return };
        let text = |tokens: &[u32]| tokenizer.decode(tokens).unwrap_or_default();
        match self.thought {
            Thought::Over => {}
            Thought::Possible => match record::begins_thought(&text(&self.tokens)) {
                Some(true) => {
                    self.thought = Thought::Under;
                    self.limit = thinking.max_tokens.min(self.most);
                }
                None if self.tokens.len() < BEGINNING => {}
                _ => self.thought = Thought::Over,
            },
            Thought::Under => {
                if record::ends_thought(&text(&self.tokens[self.tokens.len().saturating_sub(MARK)..])) {
                    self.thought = Thought::Over;
                    self.thought_tokens = self.tokens.len();
                    self.limit = self.tokens.len().saturating_add(self.request.max_tokens).min(self.most);
                }
            }
        }
    }

    fn finish(self, end: Result<Finish, ModelError>, tokenizer: &Tokenizer) -> Result<Generated, ModelError> {
        let finish = end?;
        let ended = self.tokens.last().is_some_and(|last| tokenizer.eos().contains(last));
        let said = &self.tokens[..self.tokens.len() - usize::from(ended)];
        let (thought, said) = said.split_at(self.thought_tokens.min(said.len()));
        let (text, stopped) = self.stops.cut(tokenizer.decode(said)?);
        let text = if thought.is_empty() { text } else { tokenizer.decode(thought)? + &text };
        let finish = if stopped { Finish::Stop } else { finish };
        let (tokens, logprobs) = (self.tokens, self.logprobs);
        Ok(Generated { text, tokens, finish, prompt_tokens: self.request.prompt.len(), logprobs })
    }
}

impl Model {
    /// Replies to all requests, in their order, in one session with the default options.
    pub fn generate(&self, requests: &[Request], tokenizer: &Tokenizer) -> Vec<Result<Generated, ModelError>> {
        Session::new(self, tokenizer, SessionOptions::default()).generate(requests)
    }
}
