//! A report over HTTP, for this machine alone: loopback, under an address that nobody can guess.
//!
//! A page on the disk needs no server. This is for a run that is still going, and for browsers that open no files.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Bytes of a request's head.
const MOST_HEAD: u64 = 16_384;
/// Connections at a time; a browser opens six.
const MOST_CONNECTIONS: usize = 64;
/// How long a browser may keep us waiting.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves the files of one folder.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    token: String,
    folder: PathBuf,
    open: AtomicUsize,
}

/// What a browser gets.
struct Answer {
    status: &'static str,
    kind: &'static str,
    body: Vec<u8>,
}

/// A word that nobody can guess.
pub fn token() -> String {
    let random = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", random(), random())
}

impl Server {
    /// Listens on the loopback address; port 0 takes a free one.
    ///
    /// # Errors
    /// A port that is taken, or not allowed.
    pub fn bind(folder: &Path, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, token: token(), folder: folder.to_owned(), open: AtomicUsize::new(0) })
    }

    /// Where the page is: `http://127.0.0.1:4711/3f..9a/`.
    pub fn address(&self) -> String {
        format!("http://{}/{}/", self.address, self.token)
    }

    /// Answers until the process ends. `instead` is asked before the page is given; what it returns is shown in its place.
    ///
    /// # Errors
    /// A listener that the system closed.
    pub fn run(&self, instead: &(impl Fn() -> Option<String> + Sync)) -> io::Result<()> {
        std::thread::scope(|scope| {
            for stream in self.listener.incoming() {
                let stream = match stream {
                    Ok(stream) => stream,
                    // One that was given up before it was taken.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                    Err(error) => return Err(error),
                };
                if self.open.fetch_add(1, Ordering::Relaxed) >= MOST_CONNECTIONS {
                    self.open.fetch_sub(1, Ordering::Relaxed);
                    continue;
                }
                scope.spawn(move || {
                    // Nobody is left to tell where a browser went away.
                    drop(self.converse(&stream, instead));
                    self.open.fetch_sub(1, Ordering::Relaxed);
                });
            }
            Ok(())
        })
    }

    /// One request and its answer.
    fn converse(&self, stream: &TcpStream, instead: &impl Fn() -> Option<String>) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut lines = BufReader::new(stream.take(MOST_HEAD)).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let (mut hosts, mut whole) = (Vec::new(), false);
        for line in lines {
            let line = line?;
            if line.is_empty() {
                whole = true;
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("host")
            {
                hosts.push(value.trim().to_owned());
            }
        }
        let answer = match (whole, &hosts[..]) {
            (true, [host]) if self.is_ours(host) => self.answer(&first, instead),
            _ => Answer::none("400 Bad Request"),
        };
        answer.send(stream, first.starts_with("HEAD "))
    }

    /// Whether a request was meant for this server: a name of somebody else's that leads here is not ours.
    fn is_ours(&self, host: &str) -> bool {
        let port = self.address.port();
        [format!("127.0.0.1:{port}"), format!("localhost:{port}")].iter().any(|own| own == host)
    }

    fn answer(&self, request: &str, instead: &impl Fn() -> Option<String>) -> Answer {
        let mut words = request.split(' ');
        let (method, target, version) = (words.next(), words.next().unwrap_or_default(), words.next());
        if !version.is_some_and(|version| version.starts_with("HTTP/1.")) {
            return Answer::none("400 Bad Request");
        }
        if !matches!(method, Some("GET" | "HEAD")) {
            return Answer::none("405 Method Not Allowed");
        }
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let Some(name) = path.strip_prefix(&format!("/{}/", self.token)) else { return Answer::none("404 Not Found") };
        if matches!(name, "" | "index.html") {
            if let Some(page) = instead() {
                return Answer { status: "200 OK", kind: "text/html; charset=utf-8", body: page.into_bytes() };
            }
            return self.file("index.html");
        }
        self.file(name)
    }

    /// A file of the folder, by a name of plain letters; none that a link leads out of it to.
    fn file(&self, name: &str) -> Answer {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain);
        if !name.split('/').all(is_plain) {
            return Answer::none("404 Not Found");
        }
        let read = || -> io::Result<Vec<u8>> {
            let (folder, path) = (self.folder.canonicalize()?, self.folder.join(name).canonicalize()?);
            match path.starts_with(folder) {
                true => fs::read(path),
                false => Err(io::ErrorKind::NotFound.into()),
            }
        };
        match read() {
            Ok(body) => Answer { status: "200 OK", kind: kind(name), body },
            Err(_) => Answer::none("404 Not Found"),
        }
    }
}

impl Answer {
    /// A status and its own text.
    fn none(status: &'static str) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body: format!("{status}\n").into_bytes() }
    }

    fn send(&self, mut stream: &TcpStream, head: bool) -> io::Result<()> {
        write!(
            stream,
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n\
             Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n\r\n",
            self.status,
            self.kind,
            self.body.len()
        )?;
        if !head {
            stream.write_all(&self.body)?;
        }
        stream.flush()
    }
}

/// The type of a file by its name.
fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("csv") => "text/csv; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    }
}
