//! A model behind OpenAI-compatible servers: vLLM, SGLang, llama.cpp, and those of providers.
//!
//! Requests wait in a queue for workers, threads that do one exchange at a time. An exchange that fails is tried again at the
//! least loaded address, after pauses that grow; a request is given up after [`EndpointOptions::patience`], in a way that a
//! resumed run asks it again. Nothing here decides what a reply is worth: a reply is what one successful answer says.

mod answer;
mod ask;
mod line;
mod stream;
mod traffic;

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use model::Sampling;
use record::{Message, Reply, Rng};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::backend::{Address, Answer, Failure, Key, Ticket};
use crate::{Backend, GenerateError, Request};

use answer::{Answered, THOUGHTS};
use ask::{Asked, asked};
use line::{Line, Outcome};
use traffic::{Ended, Traffic, pause};

/// How a served model is asked.
#[derive(Debug, Clone)]
pub struct EndpointOptions {
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// What the template is given beside the conversation, by name.
    pub template_args: Map<String, Value>,
    /// Tokens that a reply may have for its thoughts beside its own.
    pub thought_tokens: usize,
    /// The most requests under way, at one address and in all.
    pub connections: usize,
    /// How long one exchange may take.
    pub timeout: Duration,
    /// How long a request is tried again and again.
    pub patience: Duration,
    /// What is sent as `Authorization`.
    pub key: Key,
    /// Whether answers are asked for in pieces, as they are written: for what stands between and ends exchanges in which
    /// nothing is said for a while.
    pub stream: bool,
}

impl Default for EndpointOptions {
    fn default() -> Self {
        Self {
            sampling: Sampling::GREEDY,
            template_args: Map::new(),
            thought_tokens: 0,
            connections: 16,
            timeout: Duration::from_secs(600),
            patience: Duration::from_secs(900),
            key: Key::default(),
            stream: false,
        }
    }
}

/// Answers that cannot be read, in a row, after which a request is given up for now.
const UNREADABLE: u32 = 12;
/// How long after an answer a server counts as there.
const LATELY: Duration = Duration::from_secs(60);

/// What workers share.
struct Shared {
    addresses: Vec<Address>,
    options: EndpointOptions,
    line: Line,
    traffic: Traffic,
    queue: Mutex<VecDeque<(Ticket, Request)>>,
    filled: Condvar,
    over: AtomicBool,
    /// Whether anything was ever answered.
    proved: AtomicBool,
    /// When something was last answered.
    answered: Mutex<Option<Instant>>,
    /// Which of [`THOUGHTS`] the server uses.
    thoughts: AtomicUsize,
    /// Fields that the server does not know.
    unknown: Mutex<BTreeSet<&'static str>>,
    /// What each address says that it is, and what a person should know.
    served: Mutex<Vec<String>>,
    notes: Mutex<Vec<String>>,
}

/// A model behind one or more addresses.
pub struct Endpoint {
    shared: Arc<Shared>,
    workers: usize,
    send: Sender<(Ticket, Result<Answer, GenerateError>)>,
    receive: Receiver<(Ticket, Result<Answer, GenerateError>)>,
    waiting: usize,
    next: Ticket,
}

/// What a served model says of itself, to tell it from another.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Fingerprint {
    /// What it goes on with, greedily, after a fixed question.
    pub reply: String,
    /// What the server calls itself: the model, and its fingerprint of the system.
    pub served: String,
}

/// What a server is asked to tell it from another.
const QUESTION: &str =
    "Write the numbers from one to twelve in words, then name three rivers and say what each is known for.";
/// How long its reply is, in tokens.
const QUESTION_TOKENS: usize = 48;

impl Endpoint {
    /// Looks at every address: that a server answers, and that it has the model.
    ///
    /// # Errors
    /// A server that cannot be reached, or that has not the model; sampling settings that make no sense.
    pub fn open(addresses: &[Address], options: EndpointOptions) -> Result<Self, GenerateError> {
        options.sampling.check()?;
        let line = Line::new(&options);
        let addresses = addresses.iter().map(|address| settled(&line, address)).collect::<Result<Vec<_>, _>>()?;
        let traffic = Traffic::new(addresses.len(), options.connections);
        let shared = Shared {
            served: Mutex::new(vec![String::new(); addresses.len()]),
            addresses,
            options,
            line,
            traffic,
            queue: Mutex::default(),
            filled: Condvar::new(),
            over: AtomicBool::new(false),
            proved: AtomicBool::new(false),
            answered: Mutex::default(),
            thoughts: AtomicUsize::new(0),
            unknown: Mutex::default(),
            notes: Mutex::default(),
        };
        let (send, receive) = channel();
        Ok(Self { shared: Arc::new(shared), workers: 0, send, receive, waiting: 0, next: 0 })
    }

    /// The addresses, each with its model.
    pub fn addresses(&self) -> &[Address] {
        &self.shared.addresses
    }

    /// What a person should know, once.
    pub fn notes(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.shared.notes))
    }

    /// Asks each address the same question, greedily: what each of them answers.
    ///
    /// # Errors
    /// A server that does not answer.
    pub fn fingerprint(&self) -> Result<Vec<Fingerprint>, GenerateError> {
        let one = |place: usize| {
            let (reply, served) = self.ask(place, &[Message::user(QUESTION)], QUESTION_TOKENS)?;
            Ok(Fingerprint { reply: reply.reasoning.unwrap_or_default() + &reply.text, served })
        };
        (0..self.shared.addresses.len()).map(one).collect()
    }

    /// Asks one address, by its place, greedily: its reply, and what the server calls itself.
    ///
    /// # Errors
    /// A server that does not answer.
    pub fn ask(&self, place: usize, messages: &[Message], max_tokens: usize) -> Result<(Reply, String), GenerateError> {
        let greedy = EndpointOptions { sampling: Sampling::GREEDY, thought_tokens: 0, ..self.shared.options.clone() };
        let request = Request {
            sample: "fingerprint".to_owned(),
            turn: 0,
            messages: messages.to_vec(),
            tools: Vec::new(),
            max_tokens,
            stop: Vec::new(),
            whole_reply: false,
            seed: 0,
        };
        let (mut tries, begun) = (0, Instant::now());
        loop {
            let why = match self.shared.exchange(place, &request, &greedy) {
                Outcome::Done(answered) => return Ok((answered.reply, answered.served)),
                Outcome::Unknown(_) => continue,
                Outcome::Busy { why, .. } | Outcome::Failed(why) => why,
                Outcome::TooLong(why) | Outcome::Wrong(why) | Outcome::Refused(why) => {
                    return Err(self.shared.fatal(place, why));
                }
            };
            if tries >= UNREADABLE || begun.elapsed() > self.shared.options.patience {
                return Err(self.shared.fatal(place, why));
            }
            thread::sleep(pause(tries, 1.0));
            tries += 1;
        }
    }
}

/// An address whose model is known.
fn settled(line: &Line, address: &Address) -> Result<Address, GenerateError> {
    let wrong = |problem: String| GenerateError::Endpoint { address: address.base.clone(), problem };
    let list = line.get(&format!("{}/models", address.base)).map_err(&wrong)?;
    let models = list.as_ref().and_then(|list| list["data"].as_array()).map(Vec::as_slice).unwrap_or_default();
    let names: Vec<&str> = models.iter().filter_map(|model| model["id"].as_str()).collect();
    let model = match (&address.model, &names[..]) {
        (Some(model), []) => model.clone(),
        (Some(model), names) if names.contains(&model.as_str()) => model.clone(),
        (Some(model), names) => return Err(wrong(format!("it has no model {model}, but {}", names.join(", ")))),
        (None, [one]) => (*one).to_owned(),
        (None, []) => {
            return Err(wrong("it does not say which models it has: put #MODEL behind the address".to_owned()));
        }
        (None, many) => {
            return Err(wrong(format!("it has several models, put one behind the address: #{}", many.join(", #"))));
        }
    };
    Ok(Address { model: Some(model), ..address.clone() })
}

impl Backend for Endpoint {
    fn submit(&mut self, request: Request) -> Result<Ticket, GenerateError> {
        let ticket = self.next;
        self.next += 1;
        self.waiting += 1;
        lock(&self.shared.queue).push_back((ticket, request));
        self.shared.filled.notify_one();
        if self.workers < self.waiting.min(self.shared.options.connections.max(1)) {
            let (shared, send) = (Arc::clone(&self.shared), self.send.clone());
            let worker = thread::Builder::new().name("endpoint".to_owned()).stack_size(1 << 20);
            match worker.spawn(move || shared.work(&send)) {
                Ok(_) => self.workers += 1,
                // Fewer workers do it, too.
                Err(_) if self.workers > 0 => {}
                Err(error) => return Err(self.shared.fatal(0, format!("no thread can be started: {error}"))),
            }
        }
        Ok(ticket)
    }

    fn collect(&mut self) -> Result<Vec<(Ticket, Answer)>, GenerateError> {
        let mut done = Vec::new();
        if self.waiting > 0 {
            // Senders live as long as this does.
            done.extend(self.receive.recv());
        }
        done.extend(self.receive.try_iter());
        self.waiting = self.waiting.saturating_sub(done.len());
        done.into_iter().map(|(ticket, answer)| Ok((ticket, answer?))).collect()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        self.shared.filled.notify_all();
    }
}

impl Shared {
    /// Answers requests until there is nobody who wants to know.
    fn work(&self, send: &Sender<(Ticket, Result<Answer, GenerateError>)>) {
        while let Some((ticket, request)) = self.take() {
            if send.send((ticket, self.answer(ticket, &request))).is_err() {
                return;
            }
        }
    }

    /// The next request; `None` once all is over.
    fn take(&self) -> Option<(Ticket, Request)> {
        let mut queue = lock(&self.queue);
        loop {
            if self.over.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(next) = queue.pop_front() {
                return Some(next);
            }
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Tries a request until it is answered, or for as long as one is patient.
    fn answer(&self, ticket: Ticket, request: &Request) -> Result<Answer, GenerateError> {
        let begun = Instant::now();
        let until = begun + self.options.patience;
        let mut rng = Rng::stream(request.seed, "pause");
        let (mut tries, mut why) = (0, "every address is left alone after failures".to_owned());
        while let Some(place) = self.traffic.enter(until) {
            let outcome = self.exchange(place, request, &self.options);
            self.traffic.leave(place, ended(&outcome));
            match outcome {
                Outcome::Done(answered) => return Ok(Ok(answered.reply)),
                Outcome::Unknown(_) => continue,
                Outcome::TooLong(why) => return Ok(Err(Failure::too_long(why))),
                Outcome::Wrong(why) => return Ok(Err(Failure::lasting(why))),
                Outcome::Refused(why) if !self.proved.load(Ordering::Relaxed) => return Err(self.fatal(place, why)),
                Outcome::Busy { why: said, .. } | Outcome::Failed(said) | Outcome::Refused(said) => {
                    why = format!("{}: {said}", self.base(place));
                }
            }
            tries += 1;
            let rest = pause(tries - 1, rng.uniform());
            let unreadable = tries >= UNREADABLE && self.answers_others();
            if unreadable || Instant::now() + rest >= until || self.over.load(Ordering::Relaxed) {
                break;
            }
            thread::sleep(rest);
        }
        let seconds = begun.elapsed().as_secs();
        // One request's trouble is its own, as long as anybody is there.
        if !self.is_there() {
            let problem =
                format!("nobody has answered for {seconds} s, in {tries} tries of request {ticket}; the last: {why}");
            return Err(GenerateError::Endpoint { address: self.base(0).to_owned(), problem });
        }
        Ok(Err(Failure {
            reason: format!("no answer in {tries} tries and {seconds} s: {why}"),
            again: true,
            too_long: false,
        }))
    }

    /// Whether any server answers at all.
    fn is_there(&self) -> bool {
        self.answers_others() || self.addresses.iter().any(|one| self.line.get(&format!("{}/models", one.base)).is_ok())
    }

    /// Whether a server that does not answer this answers others.
    fn answers_others(&self) -> bool {
        lock(&self.answered).is_some_and(|then| then.elapsed() < LATELY)
    }

    /// One exchange.
    fn exchange(&self, place: usize, request: &Request, options: &EndpointOptions) -> Outcome {
        let Some(address) = self.addresses.get(place) else { return Outcome::Failed("no such address".to_owned()) };
        let thoughts = THOUGHTS[self.thoughts.load(Ordering::Relaxed).min(1)];
        let Asked { path, mut body } = asked(request, options, thoughts);
        body.insert("model".to_owned(), json!(address.model));
        for field in lock(&self.unknown).iter() {
            body.remove(*field);
        }
        let outcome = self.line.ask(&format!("{}/{path}", address.base), &body, &request.tools);
        match &outcome {
            Outcome::Done(answered) => self.note(place, answered),
            Outcome::Unknown(field) if lock(&self.unknown).insert(field) => {
                let note = format!("{} does not know `{field}`, which is left out", address.base);
                lock(&self.notes).push(note);
            }
            _ => {}
        }
        outcome
    }

    /// Remembers what an answer says of the server.
    fn note(&self, place: usize, answered: &Answered) {
        self.proved.store(true, Ordering::Relaxed);
        *lock(&self.answered) = Some(Instant::now());
        if let Some(index) = answered.thoughts.and_then(|name| THOUGHTS.iter().position(|other| *other == name)) {
            self.thoughts.store(index, Ordering::Relaxed);
        }
        let mut served = lock(&self.served);
        let Some(before) = served.get_mut(place) else { return };
        if before != &answered.served {
            let was = std::mem::replace(before, answered.served.clone());
            if !was.is_empty() {
                let note = format!("{} was {was} and is now {}: another model may answer", self.base(place), before);
                lock(&self.notes).push(note);
            }
        }
    }

    fn base(&self, place: usize) -> &str {
        self.addresses.get(place).map_or("", |address| &address.base)
    }

    fn fatal(&self, place: usize, problem: String) -> GenerateError {
        GenerateError::Endpoint { address: self.base(place).to_owned(), problem }
    }
}

fn ended(outcome: &Outcome) -> Ended {
    match outcome {
        Outcome::Busy { wait, .. } => Ended::Busy(*wait),
        Outcome::Failed(_) => Ended::Failed,
        Outcome::Done(_) | Outcome::TooLong(_) | Outcome::Unknown(_) | Outcome::Wrong(_) | Outcome::Refused(_) => {
            Ended::Answered
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
