//! A model of this machine as an OpenAI-compatible server: for other harnesses, and for tests. Replies are those of an
//! evaluation in this process, for the same prompt, sampling and seed.
//!
//! ```text
//! GET  /v1/models              GET /health
//! POST /v1/chat/completions    {"messages": [..], "tools": [..], "temperature": .., "max_tokens": .., "seed": ..}
//! POST /v1/completions         {"prompt": "..", ..}
//! ```

mod http;
mod wanted;

use std::io::BufReader;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime};

use generate::{Chat, Checkpoint, Clock, Model, ModelRequest, Sampling, Session, SessionOptions, Tokenizer};
use record::{Finish, Reply, opened_by};
use serde_json::{Map, Value, json};

use crate::Error;
use http::{Unread, Wish};
use wanted::Wanted;

/// Connections at a time.
const MOST_CONNECTIONS: usize = 512;
/// How long a client may be silent in the middle of a request, and between two.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a model is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Where it listens; a loopback address unless others shall reach it.
    pub host: IpAddr,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// The name of the model.
    pub name: String,
    /// What clients must send as `Authorization: Bearer`; `None`: nothing.
    pub key: Option<String>,
    /// Replies that are made at the same time.
    pub batch_size: usize,
}

/// The key of a server: what the environment says, which clients of this program send, else a new one.
pub fn server_key() -> String {
    let given = std::env::var(crate::served::KEY).ok().map(|key| key.trim().to_owned());
    given.filter(|key| !key.is_empty()).unwrap_or_else(report::token)
}

/// A served model.
pub struct ModelServer {
    listener: TcpListener,
    address: SocketAddr,
    options: ServeOptions,
    checkpoint: Checkpoint,
    model: Model,
    open: AtomicUsize,
}

/// A request for the engine, and where its reply goes.
type Job = (ModelRequest, Sender<Result<generate::ModelReply, String>>);

/// What is answered: a status, and JSON.
type Answer = (u16, Value);

impl ModelServer {
    /// Loads a model and listens.
    ///
    /// # Errors
    /// A model that cannot be loaded, a port that is taken.
    pub fn bind(checkpoint: Checkpoint, options: ServeOptions) -> Result<Self, Error> {
        checkpoint.tokenizer()?;
        let model = Model::load(&checkpoint)?;
        let refused = |source: std::io::Error| Error::Flag {
            flag: "--port",
            value: options.port.to_string(),
            problem: format!("{}: {source}", options.host),
        };
        let listener = TcpListener::bind((options.host, options.port)).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address, options, checkpoint, model, open: AtomicUsize::new(0) })
    }

    /// Where it is: `http://127.0.0.1:8000/v1`.
    pub fn address(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Answers until the process ends.
    ///
    /// # Errors
    /// A checkpoint that cannot be read, a listener that the system closed.
    pub fn run(&self) -> Result<(), Error> {
        let usual = Sampling::recommended(&self.checkpoint).unwrap_or(Sampling::GREEDY);
        let desk = Desk { server: self, tokenizer: self.checkpoint.tokenizer()?, usual };
        let (send, receive) = channel::<Job>();
        std::thread::scope(|scope| {
            scope.spawn(|| self.work(desk.tokenizer, receive));
            for stream in self.listener.incoming() {
                let stream = match stream {
                    Ok(stream) => stream,
                    // One that was given up before it was taken.
                    Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => continue,
                    Err(error) => {
                        drop(send);
                        return Err(Error::Server(error.to_string()));
                    }
                };
                if self.open.fetch_add(1, Ordering::Relaxed) >= MOST_CONNECTIONS {
                    self.open.fetch_sub(1, Ordering::Relaxed);
                    continue;
                }
                let (desk, send) = (&desk, send.clone());
                scope.spawn(move || {
                    // Nobody is left to tell where a client went away.
                    drop(desk.converse(&stream, &send));
                    self.open.fetch_sub(1, Ordering::Relaxed);
                });
            }
            Ok(())
        })
    }

    /// The engine: all that is asked goes on together, a token at a time.
    fn work(&self, tokenizer: &Tokenizer, jobs: Receiver<Job>) {
        let batch_size = self.options.batch_size.max(1);
        let mut session =
            Session::new(&self.model, tokenizer, SessionOptions { batch_size, ..SessionOptions::default() });
        let mut waiting = std::collections::BTreeMap::new();
        loop {
            if session.pending() == 0 {
                let Ok((request, reply)) = jobs.recv() else { return };
                waiting.insert(session.submit(request), reply);
            }
            for (request, reply) in jobs.try_iter() {
                waiting.insert(session.submit(request), reply);
            }
            for (ticket, done) in session.step() {
                if let Some(reply) = waiting.remove(&ticket) {
                    // The client may have gone.
                    drop(reply.send(done.map_err(|error| error.to_string())));
                }
            }
        }
    }
}

/// Where requests become prompts, and replies answers.
struct Desk<'a> {
    server: &'a ModelServer,
    tokenizer: &'a Tokenizer,
    /// How tokens are drawn where a request does not say it.
    usual: Sampling,
}

impl Desk<'_> {
    /// One request after the other, as long as the client wants.
    fn converse(&self, stream: &TcpStream, send: &Sender<Job>) -> std::io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        loop {
            let wish = match http::read(&mut reader) {
                Ok(wish) => wish,
                Err(Unread::Gone) => return Ok(()),
                Err(Unread::Bad(status, why)) => return http::answer(stream, status, &problem(why), true),
            };
            let (status, body) = self.answer(&wish, send);
            http::answer(stream, status, &body, wish.last)?;
            if wish.last {
                return Ok(());
            }
        }
    }

    fn answer(&self, wish: &Wish, send: &Sender<Job>) -> Answer {
        let options = &self.server.options;
        if let Some(why) = self.stranger(&wish.hosts) {
            return (400, problem(&why));
        }
        if options.key.is_some() && options.key != wish.key {
            return (401, problem("the key of this server is to be sent as Authorization: Bearer"));
        }
        let replied = match (wish.method.as_str(), wish.path.as_str()) {
            ("GET", "/health") => return (200, json!({"status": "ok"})),
            ("GET", "/v1/models") => {
                let context = self.server.model.config.longest();
                let model =
                    json!({"id": options.name, "object": "model", "owned_by": "acbench", "max_model_len": context});
                return (200, json!({"object": "list", "data": [model]}));
            }
            ("POST", "/v1/chat/completions") => self.reply(&wish.body, true, send),
            ("POST", "/v1/completions") => self.reply(&wish.body, false, send),
            _ => return (404, problem("this server has /v1/models, /v1/chat/completions and /v1/completions")),
        };
        replied.map_or_else(|(status, why)| (status, problem(&why)), |body| (200, body))
    }

    /// Why a request was meant for somebody else: a page of another host in a browser of this machine must not get here.
    fn stranger(&self, hosts: &[String]) -> Option<String> {
        if !self.server.options.host.is_loopback() {
            return None;
        }
        let port = self.server.address.port();
        let ours = [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")];
        match hosts {
            [host] if ours.contains(host) => None,
            _ => Some(format!("this server is {}", self.server.address)),
        }
    }

    /// A reply to a conversation, or to a text.
    fn reply(&self, body: &[u8], chat: bool, send: &Sender<Job>) -> Result<Value, (u16, String)> {
        let bad = |why: String| (400, why);
        let wanted = Wanted::read(body).map_err(bad)?;
        let name = &self.server.options.name;
        if let Some(other) = wanted.model.as_ref().filter(|model| *model != name) {
            return Err((404, format!("this server has no model {other}, but {name}")));
        }
        let (prompt, opened) = self.prompt(&wanted, chat).map_err(bad)?;
        let context = self.server.model.config.longest();
        let room = context.saturating_sub(prompt.len());
        let most = wanted.most().unwrap_or(room);
        if most == 0 || most > room {
            let tokens = prompt.len();
            let why =
                format!("the context length is {context} tokens: {tokens} of the prompt leave no room for {most} more");
            return Err(bad(why));
        }
        let request = ModelRequest {
            prompt,
            sampling: wanted.sampling(self.usual).map_err(bad)?,
            max_tokens: most,
            thinking: None,
            stop: wanted.stop(),
            seed: wanted.seed.unwrap_or(0),
        };
        let (answer, done) = channel();
        let stopped = |_| (503, "the server ends".to_owned());
        send.send((request, answer)).map_err(|_| stopped(()))?;
        let generated = done.recv().map_err(|_| stopped(()))?.map_err(bad)?;
        Ok(self.written(generated, opened, chat))
    }

    /// The tokens of a prompt, and the mark with which it begins a thought.
    fn prompt(&self, wanted: &Wanted, chat: bool) -> Result<(Vec<u32>, Option<String>), String> {
        let (none, tools) = (Map::new(), wanted.tools.clone().unwrap_or_default());
        let raw;
        let messages = match (chat, &wanted.prompt) {
            (true, _) if wanted.messages.is_empty() => return Err("there are no `messages`".to_owned()),
            (true, _) => &wanted.messages,
            (false, Some(text)) => {
                raw = vec![record::Message::raw(text.as_str())];
                &raw
            }
            (false, None) => return Err("there is no `prompt` that is one text".to_owned()),
        };
        let args = wanted.chat_template_kwargs.as_ref().unwrap_or(&none);
        let conversation = Chat { messages, tools: &tools, args, clock: Clock::now() };
        let written = self.tokenizer.write(&conversation, true).map_err(|error| error.to_string())?;
        let ids = self.tokenizer.ids(&written).map_err(|error| error.to_string())?;
        Ok((ids, opened_by(&written.text).filter(|_| chat).map(str::to_owned)))
    }

    fn written(&self, generated: generate::ModelReply, opened: Option<String>, chat: bool) -> Value {
        let count = |text: &str| self.tokenizer.encode(text, false).map_or(0, |ids| ids.len());
        let (prompt, tokens) = (generated.prompt_tokens, generated.tokens.len());
        let text = opened.unwrap_or_default() + &generated.text;
        let reply = Reply::said(text, prompt, tokens, generated.finish);
        let reply = if chat { reply.apart(count) } else { reply };
        let finish = match reply.finish {
            Finish::Stop => "stop",
            Finish::Length => "length",
        };
        let mut choice = json!({"index": 0, "finish_reason": finish});
        if chat {
            choice["message"] = json!({"role": "assistant", "content": reply.text});
            if let Some(thought) = &reply.reasoning {
                choice["message"]["reasoning_content"] = json!(thought);
            }
        } else {
            choice["text"] = json!(reply.text);
        }
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        json!({
            "id": format!("acbench-{since}"),
            "object": if chat { "chat.completion" } else { "text_completion" },
            "created": since,
            "model": self.server.options.name,
            "choices": [choice],
            "usage": {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens,
                "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens}},
        })
    }
}

fn problem(why: &str) -> Value {
    json!({"error": {"message": why, "type": "invalid_request_error"}})
}
