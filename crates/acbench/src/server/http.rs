//! As much of HTTP/1.1 as an OpenAI-compatible server needs.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

/// Bytes of a request's head, and of its body.
const MOST_HEAD: u64 = 32 << 10;
const MOST_BODY: usize = 32 << 20;

/// What somebody wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub method: String,
    /// Without what follows `?`.
    pub path: String,
    /// Each `Host` that it names.
    pub hosts: Vec<String>,
    /// What stands behind `Authorization: Bearer`.
    pub key: Option<String>,
    pub body: Vec<u8>,
    /// Whether the line is closed after the answer.
    pub last: bool,
}

/// Why a request is not one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// Nobody is there any more.
    Gone,
    /// What is to be answered.
    Bad(u16, &'static str),
}

impl From<io::Error> for Unread {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// Reads the next request of a connection.
pub(super) fn read(from: &mut BufReader<impl Read>) -> Result<Wish, Unread> {
    let mut head = from.by_ref().take(MOST_HEAD);
    let first = line(&mut head)?.ok_or(Unread::Gone)?;
    let mut words = first.split(' ');
    let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
        return Err(Unread::Bad(400, "this is no HTTP request"));
    };
    if !version.starts_with("HTTP/1.") {
        return Err(Unread::Bad(505, "this server speaks HTTP/1.1"));
    }
    let path = target.split(['?', '#']).next().unwrap_or_default().to_owned();
    let last = version == "HTTP/1.0";
    let mut wish = Wish { method: method.to_owned(), path, hosts: Vec::new(), key: None, body: Vec::new(), last };
    let mut length = 0;
    loop {
        let line = line(&mut head)?.ok_or(Unread::Bad(431, "the head of the request is too long"))?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or(Unread::Bad(400, "a header has no colon"))?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "host" => wish.hosts.push(value.to_owned()),
            "authorization" => wish.key = value.strip_prefix("Bearer ").map(|key| key.trim().to_owned()),
            "connection" => wish.last |= value.eq_ignore_ascii_case("close"),
            "transfer-encoding" => return Err(Unread::Bad(411, "the length of the body is to be said")),
            "content-encoding" => return Err(Unread::Bad(415, "the body is to be sent as it is")),
            "content-length" => {
                length = value.parse().map_err(|_| Unread::Bad(400, "Content-Length is no number"))?;
            }
            _ => {}
        }
    }
    if length > MOST_BODY {
        return Err(Unread::Bad(413, "the body is too long"));
    }
    from.take(length as u64).read_to_end(&mut wish.body)?;
    if wish.body.len() < length { Err(Unread::Gone) } else { Ok(wish) }
}

/// A line without its end; `None` where there is none.
fn line(from: &mut impl BufRead) -> Result<Option<String>, Unread> {
    let mut bytes = Vec::new();
    from.read_until(b'\n', &mut bytes)?;
    if bytes.pop() != Some(b'\n') {
        return Ok(None);
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).map(Some).map_err(|_| Unread::Bad(400, "the head of the request is no text"))
}

/// Answers with JSON.
pub(super) fn answer(mut to: &TcpStream, status: u16, body: &Value, last: bool) -> io::Result<()> {
    let reason = match status {
        200 => "OK",
        401 => "Unauthorized",
        404 => "Not Found",
        _ => "Error",
    };
    let (body, line) = (body.to_string(), if last { "close" } else { "keep-alive" });
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: {line}\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n",
        body.len()
    );
    to.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
    to.flush()
}

/// Events that follow each other on an open line.
pub(super) struct Events<'s> {
    to: &'s TcpStream,
}

/// Begins an answer of server-sent events, in chunks.
pub(super) fn events(mut to: &TcpStream, last: bool) -> io::Result<Events<'_>> {
    let line = if last { "close" } else { "keep-alive" };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: {line}\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n"
    );
    to.write_all(head.as_bytes())?;
    Ok(Events { to })
}

impl Events<'_> {
    /// Sends an event of one line.
    pub fn send(&mut self, data: &str) -> io::Result<()> {
        let event = format!("data: {data}\n\n");
        self.to.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes())?;
        self.to.flush()
    }

    /// Ends the answer.
    pub fn end(self) -> io::Result<()> {
        let mut to = self.to;
        to.write_all(b"0\r\n\r\n")?;
        to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &[u8]) -> Result<Wish, Unread> {
        read(&mut BufReader::new(text))
    }

    #[test]
    fn a_request_is_read_with_its_body() {
        let text =
            b"POST /v1/x?y=1 HTTP/1.1\r\nHost: a:1\r\nAUTHORIZATION: Bearer k \r\ncontent-length: 3\r\n\r\nabcdef";
        let wish = of(text).expect("a request");
        assert_eq!((wish.method.as_str(), wish.path.as_str(), &wish.body[..]), ("POST", "/v1/x", &b"abc"[..]));
        assert_eq!((wish.hosts, wish.key.as_deref(), wish.last), (vec!["a:1".to_owned()], Some("k"), false));
        assert!(of(b"GET / HTTP/1.0\r\n\r\n").is_ok_and(|wish| wish.last));
    }

    #[test]
    fn what_is_none_is_refused() {
        let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(40_000));
        let cases: [(&[u8], u16); 7] = [
            (b"hello\r\n\r\n", 400),
            (b"GET / HTTP/2\r\n\r\n", 505),
            (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", 413),
            (b"GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", 411),
            (long.as_bytes(), 431),
        ];
        for (text, status) in cases {
            assert!(matches!(of(text), Err(Unread::Bad(got, _)) if got == status), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(of(b"GET / HTTP/1.1\r\ncontent-length: 5\r\n\r\nab"), Err(Unread::Gone));
        assert_eq!(of(b""), Err(Unread::Gone));
    }
}
