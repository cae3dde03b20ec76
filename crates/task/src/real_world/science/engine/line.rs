//! A socket on which each line out is answered by one line, within a time and a size.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::EngineError;

/// How much is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long the engine may take to start, in all.
    pub start: Duration,
    /// How long one call may take.
    pub call: Duration,
    /// How long an answer may be, in bytes.
    pub bytes: usize,
}

impl Default for Limits {
    /// Minutes where the engine takes seconds, and 16 MiB where it says some hundred KiB.
    fn default() -> Self {
        Self { start: Duration::from_secs(180), call: Duration::from_secs(120), bytes: 16 << 20 }
    }
}

/// A connection to a program of this machine.
pub struct Line {
    stream: TcpStream,
    limits: Limits,
}

impl Line {
    /// Connects to a port.
    ///
    /// # Errors
    /// Nothing listens there, or nothing that takes a connection in time.
    pub fn connect(port: u16, limits: Limits) -> Result<Self, EngineError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&address, limits.call)
            .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
            .map_err(|_| EngineError::Died { what: "a connection".to_owned() })?;
        Ok(Self { stream, limits })
    }

    /// Says something, and gives the line that answers it, without its end. `what` names it in errors.
    ///
    /// # Errors
    /// No answer in time, a connection that ends, an answer that is too long.
    pub fn ask(&mut self, said: &str, what: &str) -> Result<String, EngineError> {
        let until = Instant::now() + self.limits.call;
        let fail = |error: std::io::Error| self.failed(&error, what);
        let mut stream = &self.stream;
        stream.set_write_timeout(Some(self.limits.call)).map_err(fail)?;
        stream.write_all(said.as_bytes()).map_err(fail)?;
        let (mut answer, mut part) = (Vec::new(), vec![0; 1 << 16]);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.late(what));
            }
            stream.set_read_timeout(Some(left)).map_err(fail)?;
            let read = stream.read(&mut part).map_err(fail)?;
            if read == 0 {
                return Err(EngineError::Died { what: what.to_owned() });
            }
            answer.extend(part.iter().take(read));
            if answer.last() == Some(&b'\n') {
                answer.pop();
                return Ok(String::from_utf8_lossy(&answer).into_owned());
            }
            if answer.len() > self.limits.bytes {
                return Err(EngineError::Flood { what: what.to_owned(), bytes: self.limits.bytes });
            }
        }
    }

    fn late(&self, what: &str) -> EngineError {
        EngineError::Late { what: what.to_owned(), seconds: self.limits.call.as_secs() }
    }

    fn failed(&self, error: &std::io::Error, what: &str) -> EngineError {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => self.late(what),
            _ => EngineError::Died { what: what.to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A program that does something with each connection.
    fn program(does: fn(TcpStream)) -> Result<u16, std::io::Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        std::thread::spawn(move || listener.incoming().flatten().for_each(does));
        Ok(port)
    }

    fn ask(does: fn(TcpStream)) -> Result<String, Box<dyn std::error::Error>> {
        let limits = Limits { call: Duration::from_millis(300), bytes: 1 << 18, ..Limits::default() };
        Ok(Line::connect(program(does)?, limits)?.ask("hello\n", "a greeting")?)
    }

    fn problem(does: fn(TcpStream)) -> String {
        ask(does).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn an_answer_is_a_line() -> Result<(), Box<dyn std::error::Error>> {
        let answer = |mut stream: TcpStream| {
            let mut said = [0; 6];
            let _ = stream
                .read_exact(&mut said)
                .and_then(|()| stream.write_all(b"!ys"))
                .and_then(|()| stream.write_all(&said));
        };
        assert_eq!(ask(answer)?, "!yshello");
        Ok(())
    }

    #[test]
    fn who_hangs_dies_or_floods_is_named() {
        assert!(problem(std::mem::forget).contains("did not answer a greeting within"));
        assert!(problem(drop).contains("ended while it was asked for a greeting"));
        let flood = |mut stream: TcpStream| while stream.write_all(&[b'a'; 4096]).is_ok() {};
        assert!(problem(flood).contains("answered a greeting with more than 262144 bytes"), "{}", problem(flood));
        let slow = |mut stream: TcpStream| {
            while stream.write_all(b"a").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        assert!(problem(slow).contains("did not answer a greeting within"), "{}", problem(slow));
    }
}
