//! A server that answers every request with the same words after a while: what a harness costs by itself.
//!
//! `mock MILLISECONDS` prints its address, and answers until it is killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const MODELS: &str = r#"{"object": "list", "data": [{"id": "m", "object": "model"}]}"#;
const REPLY: &str = r#"{"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "I do not know."}}], "usage": {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105}}"#;

fn main() -> std::io::Result<()> {
    let wait = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(0);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}/v1", listener.local_addr()?);
    for stream in listener.incoming().flatten() {
        let thread = std::thread::Builder::new().stack_size(128 << 10);
        thread.spawn(move || talk(&stream, Duration::from_millis(wait)))?;
    }
    Ok(())
}

/// Answers until the client goes away.
fn talk(mut stream: &TcpStream, wait: Duration) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut body = Vec::new();
    loop {
        let (mut length, mut asks, mut line) = (0, false, String::new());
        loop {
            line.clear();
            (reader.read_line(&mut line).ok()? > 0).then_some(())?;
            asks |= line.starts_with("POST ");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body).ok()?;
        if asks {
            std::thread::sleep(wait);
        }
        let answer = if asks { REPLY } else { MODELS };
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", answer.len());
        stream.write_all(&[head.as_bytes(), answer.as_bytes()].concat()).ok()?;
    }
}
