//! A model of this machine as an OpenAI-compatible server: for other harnesses, and for tests. Replies are those of an
//! evaluation in this process, for the same prompt, sampling and seed.
//!
//! ```text
//! GET  /v1/models              GET /health
//! POST /v1/chat/completions    {"messages": [..], "tools": [..], "temperature": .., "max_tokens": .., "seed": .., "stream": ..}
//! POST /v1/completions         {"prompt": "..", "echo": .., "logprobs": ..}
//! ```

mod desk;
mod engine;
mod http;
mod stream;
mod wanted;
mod written;

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use generate::{Checkpoint, Model, Sampling};

use crate::Error;
use desk::Desk;
use engine::{Engine, Job};

/// Connections at a time.
const MOST_CONNECTIONS: usize = 512;

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
        let engine = Engine::new(&self.model, desk.tokenizer, self.options.batch_size);
        std::thread::scope(|scope| {
            scope.spawn(move || engine.run(&receive));
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

    /// Why a request was meant for somebody else: a page of another host in a browser of this machine must not get here.
    fn stranger(&self, hosts: &[String]) -> Option<String> {
        if !self.options.host.is_loopback() {
            return None;
        }
        let port = self.address.port();
        let ours = [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")];
        match hosts {
            [host] if ours.contains(host) => None,
            _ => Some(format!("this server is {}", self.address)),
        }
    }
}
