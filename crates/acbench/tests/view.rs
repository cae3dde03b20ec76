//! `acbench view`: a run under way, then its report.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use support::{Checked, acbench, refused, succeeds};

/// A process that ends with the test.
struct Viewer(Child);

impl Drop for Viewer {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The body of what is at an address.
fn get(address: &str) -> Checked<String> {
    let (host, path) = address.trim_start_matches("http://").split_once('/').ok_or("no path")?;
    let mut stream = TcpStream::connect(host)?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    assert!(text.starts_with("HTTP/1.1 200"), "{text:.200}");
    Ok(text.split_once("\r\n\r\n").ok_or("no body")?.1.to_owned())
}

#[test]
fn a_run_is_viewed_before_and_after_it_has_a_report() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("replies.jsonl"), "{\"text\": \"a.b\"}\n{\"variant\": \"other\", \"text\": \"\"}\n")?;
    let ask = ["generate", "--replies", "replies.jsonl", "--tasks", "teval_retrieve", "--limit", "5"];
    succeeds(folder.path(), &[&ask[..], &["--output_path", "out"]].concat())?;
    let mut viewer = Viewer(acbench(folder.path(), &["view", "out"]).stdout(Stdio::piped()).spawn()?);
    let mut address = String::new();
    BufReader::new(viewer.0.stdout.take().ok_or("no output")?).read_line(&mut address)?;
    let address = address.trim();
    let under_way = get(address)?;
    assert!(under_way.contains("The run has no report yet.") && under_way.contains("5 of 5"), "{under_way}");
    for stage in ["score", "analyze", "report"] {
        succeeds(folder.path(), &[stage, "out"])?;
    }
    let page = get(address)?;
    assert!(page.contains("id=\"explorer\"") && page.contains("teval_retrieve"), "{page:.500}");
    assert!(get(&format!("{address}explore/run.js"))?.contains("teval_retrieve"));
    Ok(())
}

#[test]
fn what_cannot_be_viewed_is_refused() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    assert!(refused(folder.path(), &["view", "none"])?.contains("none"));
    Ok(())
}
