//! The server of a report: what it gives to whom.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use report::Server;

type Checked<T> = Result<T, Box<dyn std::error::Error>>;

/// Status line and body of the answer to some bytes.
fn ask(port: u16, request: &str) -> Checked<(String, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(request.as_bytes())?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or("no head")?;
    Ok((head.lines().next().unwrap_or_default().to_owned(), body.to_owned()))
}

/// A folder with a page, a file of samples, a file that is none of its business beside it, and a link to that one.
fn folder(root: &Path) -> Checked<()> {
    fs::create_dir_all(root.join("report/explore/t0"))?;
    fs::write(root.join("report/index.html"), "the page")?;
    fs::write(root.join("report/explore/t0/v0-0.js"), "acb")?;
    fs::write(root.join("report/.hidden"), "secret")?;
    fs::write(root.join("secret.txt"), "secret")?;
    #[cfg(unix)]
    std::os::unix::fs::symlink(root.join("secret.txt"), root.join("report/link.txt"))?;
    Ok(())
}

#[test]
fn only_who_knows_the_address_gets_only_what_is_in_the_folder() -> Checked<()> {
    let root = tempfile::tempdir()?;
    folder(root.path())?;
    let server: &'static Server = Box::leak(Box::new(Server::bind(&root.path().join("report"), 0)?));
    std::thread::spawn(|| server.run(&|| None));
    let address = server.address();
    let (port, token) = address.trim_start_matches("http://127.0.0.1:").split_once('/').ok_or("no token")?;
    let (port, token): (u16, &str) = (port.parse()?, token.trim_end_matches('/'));
    assert_eq!(token.len(), 32);
    let get = |path: &str| ask(port, &format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"));
    assert_eq!(get(&format!("/{token}/"))?.1, "the page");
    assert_eq!(get(&format!("/{token}/index.html?x#y"))?.1, "the page");
    assert_eq!(get(&format!("/{token}/explore/t0/v0-0.js"))?.1, "acb");
    let not_found = [
        "/".to_owned(),
        "/index.html".to_owned(),
        "/0123456789abcdef0123456789abcdef/".to_owned(),
        format!("/{token}/../secret.txt"),
        format!("/{token}/..%2fsecret.txt"),
        format!("/{token}/explore/../../secret.txt"),
        format!("/{token}/explore/..\\..\\secret.txt"),
        format!("/{token}//etc/passwd"),
        format!("/{token}/.hidden"),
        format!("/{token}/explore"),
        format!("/{token}/none.js"),
        #[cfg(unix)]
        format!("/{token}/link.txt"),
    ];
    for path in not_found {
        let (status, body) = get(&path)?;
        assert_eq!((status.as_str(), body.contains("secret")), ("HTTP/1.1 404 Not Found", false), "{path}");
    }
    let bad = [
        format!("GET /{token}/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
        format!("GET /{token}/ HTTP/1.1\r\n\r\n"),
        format!("GET /{token}/ HTTP/1.1\r\nHost: localhost:{port}\r\nHost: evil.example\r\n\r\n"),
        format!("GET /{token}/ HTTP/1.1\r\nHost: localhost:{port}\r\nX: {}\r\n\r\n", "x".repeat(20_000)),
        format!("GET /{token}/ HTTP/1.1\r\nHost: localhost:{port}"),
        format!("GET /{token}/\r\nHost: localhost:{port}\r\n\r\n"),
    ];
    for request in bad {
        // A head that is too long may be cut off before the answer is read.
        let status =
            ask(port, &request).map(|(status, _)| status).unwrap_or_else(|_| "HTTP/1.1 400 Bad Request".into());
        assert_eq!(status, "HTTP/1.1 400 Bad Request", "{request:.200}");
    }
    let post = ask(port, &format!("POST /{token}/ HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"))?;
    assert_eq!(post.0, "HTTP/1.1 405 Method Not Allowed");
    let head = ask(port, &format!("HEAD /{token}/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"))?;
    assert_eq!(head, ("HTTP/1.1 200 OK".into(), String::new()));
    // Bytes that are no request, and nothing at all, harm nobody.
    drop(ask(port, "\u{0}\u{1}\u{2}\r\n\r\n"));
    drop(TcpStream::connect(("127.0.0.1", port))?);
    assert_eq!(get(&format!("/{token}/"))?.1, "the page");
    assert!(Server::bind(root.path(), port).is_err(), "a port that is taken");
    Ok(())
}

#[test]
fn what_is_to_be_shown_instead_is_shown() -> Checked<()> {
    let root = tempfile::tempdir()?;
    folder(root.path())?;
    let server: &'static Server = Box::leak(Box::new(Server::bind(&root.path().join("report"), 0)?));
    std::thread::spawn(|| server.run(&|| Some("not yet".to_owned())));
    let address = server.address();
    let path = address.trim_start_matches("http://");
    let (host, path) = path.split_once('/').ok_or("no path")?;
    let port: u16 = host.rsplit(':').next().unwrap_or_default().parse()?;
    assert_eq!(ask(port, &format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))?.1, "not yet");
    assert_eq!(ask(port, &format!("GET /{path}explore/t0/v0-0.js HTTP/1.1\r\nHost: {host}\r\n\r\n"))?.1, "acb");
    Ok(())
}
