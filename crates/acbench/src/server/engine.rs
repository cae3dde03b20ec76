//! The engine behind the server: all that is asked goes on together, a token at a time.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender};

use generate::{Model, ModelReply, ModelRequest, Session, SessionOptions, TokenLogprob, Tokenizer};

/// What the engine is to do.
pub(super) enum Work {
    /// A reply; `followed`: its tokens are told as they come.
    Reply { request: ModelRequest, followed: bool },
    /// How likely the tokens of a text are, each with so many alternatives.
    Rate { tokens: Vec<u32>, top: usize },
}

/// What the engine tells of a work.
pub(super) enum News {
    /// The reply's tokens so far.
    Tokens(Vec<u32>),
    Reply(Box<ModelReply>),
    Rated(Vec<TokenLogprob>),
    Failed(String),
}

/// Work, and who wants to hear of it.
pub(super) type Job = (Work, Sender<News>);

/// A model and those who wait for its replies.
pub(super) struct Engine<'m> {
    model: &'m Model,
    session: Session<'m>,
    waiting: BTreeMap<usize, (bool, Sender<News>)>,
}

impl<'m> Engine<'m> {
    pub fn new(model: &'m Model, tokenizer: &'m Tokenizer, batch_size: usize) -> Self {
        let options = SessionOptions { batch_size: batch_size.max(1), ..SessionOptions::default() };
        let options = options.within(generate::available());
        Self { model, session: Session::new(model, tokenizer, options), waiting: BTreeMap::new() }
    }

    /// Works until nobody can ask any more.
    pub fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            if self.session.pending() == 0 {
                let Ok(job) = jobs.recv() else { return };
                self.take(job);
            }
            jobs.try_iter().for_each(|job| self.take(job));
            if self.session.pending() > 0 {
                self.step();
            }
        }
    }

    fn take(&mut self, (work, send): Job) {
        match work {
            Work::Reply { request, followed } => {
                self.waiting.insert(self.session.submit(request), (followed, send));
            }
            Work::Rate { tokens, top } => {
                let rated = self.model.text_logprobs(&tokens, top);
                // Whoever asked may have gone.
                drop(send.send(rated.map_or_else(|error| News::Failed(error.to_string()), News::Rated)));
            }
        }
    }

    fn step(&mut self) {
        for (ticket, done) in self.session.step() {
            if let Some((_, send)) = self.waiting.remove(&ticket) {
                let news = done.map_or_else(|error| News::Failed(error.to_string()), |reply| News::Reply(reply.into()));
                drop(send.send(news));
            }
        }
        let mut gone = Vec::new();
        for (&ticket, (_, send)) in self.waiting.iter().filter(|(_, (followed, _))| *followed) {
            let Some(tokens) = self.session.tokens(ticket) else { continue };
            if send.send(News::Tokens(tokens.to_vec())).is_err() {
                gone.push(ticket);
            }
        }
        for ticket in gone {
            self.session.cancel(ticket);
            self.waiting.remove(&ticket);
        }
    }
}
