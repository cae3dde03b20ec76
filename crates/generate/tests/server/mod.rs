//! A server that answers as it is told, or misbehaves.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// What a server does with a request.
pub enum Does {
    /// Status, further header lines, body.
    Answer(u16, &'static str, Vec<u8>),
    /// Says how long the answer is, and gives less of it.
    Half(Vec<u8>),
    /// Closes the line without a word.
    Reset,
    /// Gives a byte now and then.
    Drip(Vec<u8>),
    /// Says something that is no HTTP.
    Noise,
}

/// What is decided for each request: its number, from 0, and its body.
pub type Decide = Box<dyn Fn(usize, &Value) -> Does + Send + Sync>;

/// A running server.
pub struct Server {
    pub base: String,
    /// The bodies of requests for replies.
    pub asked: Arc<Mutex<Vec<Value>>>,
    /// Whether it only closes lines.
    pub gone: Arc<AtomicBool>,
}

/// A successful answer.
pub fn said(text: &str) -> Vec<u8> {
    let choice = json!({"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}});
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 2});
    json!({"id": "x", "model": "m", "choices": [choice], "usage": usage}).to_string().into_bytes()
}

pub fn fine(text: &str) -> Does {
    Does::Answer(200, "content-type: application/json\r\n", said(text))
}

/// The events of a successful streamed answer: what begins it, two pieces, its end, its tokens.
pub fn pieces(text: &str) -> Vec<String> {
    let half = text.len() / 2;
    let event = |delta: Value, finish: Option<&str>| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        json!({"id": "x", "model": "m", "choices": [choice]}).to_string()
    };
    let usage = json!({"id": "x", "model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}});
    vec![
        event(json!({"role": "assistant", "content": ""}), None),
        event(json!({"content": text[..half]}), None),
        event(json!({"content": text[half..]}), None),
        event(json!({}), Some("stop")),
        usage.to_string(),
        "[DONE]".to_owned(),
    ]
}

/// An answer of some events.
pub fn streamed(events: &[String]) -> Does {
    let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    Does::Answer(200, "content-type: text/event-stream; charset=utf-8\r\n", body.into_bytes())
}

/// What the last message of a request says.
pub fn last(body: &Value) -> &str {
    body["messages"].as_array().and_then(|all| all.last()?["content"].as_str()).unwrap_or_default()
}

impl Server {
    pub fn start(decide: Decide) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let base = format!("http://{}/v1", listener.local_addr()?);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let gone = Arc::new(AtomicBool::new(false));
        let (seen, away, decide) = (Arc::clone(&asked), Arc::clone(&gone), Arc::new(decide));
        thread::spawn(move || {
            for stream in listener.incoming().flatten().filter(|_| !away.load(Ordering::Relaxed)) {
                let (seen, decide) = (Arc::clone(&seen), Arc::clone(&decide));
                thread::spawn(move || talk(stream, &seen, &decide));
            }
        });
        Ok(Self { base, asked, gone })
    }

    pub fn count(&self) -> usize {
        self.asked.lock().map_or(0, |asked| asked.len())
    }
}

/// Answers one request after the other on a line, until one of them ends it.
fn talk(stream: TcpStream, seen: &Mutex<Vec<Value>>, decide: &Decide) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut first = String::new();
        (reader.read_line(&mut first).ok()? > 0).then_some(())?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let does = match first.starts_with("GET") {
            true => Does::Answer(200, "", json!({"data": [{"id": "m"}]}).to_string().into_bytes()),
            false => {
                let body: Value = serde_json::from_slice(&body).ok()?;
                let mut seen = seen.lock().ok()?;
                seen.push(body.clone());
                let number = seen.len() - 1;
                drop(seen);
                decide(number, &body)
            }
        };
        perform(&mut stream, does)?;
    }
}

/// `None` where the line ends with it.
fn perform(stream: &mut TcpStream, does: Does) -> Option<()> {
    let head = |status: u16, more: &str, length: usize| {
        format!("HTTP/1.1 {status} X\r\n{more}content-length: {length}\r\n\r\n").into_bytes()
    };
    match does {
        Does::Answer(status, more, body) => {
            stream.write_all(&[head(status, more, body.len()), body].concat()).ok()?;
            Some(())
        }
        Does::Half(body) => {
            stream.write_all(&[head(200, "", body.len()), body[..body.len() / 2].to_vec()].concat()).ok()?;
            None
        }
        Does::Reset => None,
        Does::Drip(body) => {
            stream.write_all(&head(200, "", body.len())).ok()?;
            for byte in body {
                thread::sleep(Duration::from_millis(100));
                stream.write_all(&[byte]).ok()?;
            }
            Some(())
        }
        Does::Noise => {
            stream.write_all(b"220 mail.example.org ESMTP\r\n\xff\xfe\r\n\r\n").ok()?;
            None
        }
    }
}
