//! The engine's process: started without a shell, ended when it is no longer needed.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::{EngineError, short};

/// How the program that answers calls is told to end when we do; the second is how later versions of it call this.
const GATEWAYS: [&str; 2] = ["--die-on-broken-pipe", "--die-on-exit"];
/// What is read of a program's first line.
const FIRST_LINE: u64 = 4096;

/// How Java is started. The engine goes through sets by the hashes of what is in them, and Java's hashes of objects differ from
/// process to process unless they are fixed; with them fixed the engine does the same each time.
const SETTINGS: [&str; 4] =
    ["-XX:+IgnoreUnrecognizedVMOptions", "-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=2", "-Xmx1g"];

/// A running engine. It is killed when this is dropped, and ends by itself when this program does.
pub(super) struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// Starts the engine of a jar, and says at which port it listens.
    pub fn start(java: &Path, jar: &Path, limit: Duration) -> Result<(Self, u16), EngineError> {
        let mut last = None;
        for gateway in GATEWAYS {
            match Self::listen(java, jar, gateway, limit) {
                Err(error @ EngineError::Port { .. }) => last = Some(error),
                done => return done,
            }
        }
        Err(last.unwrap_or(EngineError::Port { said: String::new() }))
    }

    fn listen(java: &Path, jar: &Path, gateway: &str, limit: Duration) -> Result<(Self, u16), EngineError> {
        let mut command = Command::new(java);
        command.args(SETTINGS).arg("-cp").arg(jar).args(["py4j.GatewayServer", gateway, "0"]);
        command.current_dir(std::env::temp_dir());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let start = |source| EngineError::Start { program: java.display().to_string(), source };
        let mut process = Self(command.spawn().map_err(start)?);
        let said = process.first_line(limit)?;
        let port = said.trim().parse().map_err(|_| EngineError::Port { said: short(&said) })?;
        Ok((process, port))
    }

    /// The first line that it says. What it says later is read and thrown away, so that it never waits for a reader.
    fn first_line(&mut self, limit: Duration) -> Result<String, EngineError> {
        let Some(output) = self.0.stdout.take() else { return Err(EngineError::Port { said: String::new() }) };
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            let _ = output.by_ref().take(FIRST_LINE).read_until(b'\n', &mut line);
            let _ = send.send(String::from_utf8_lossy(&line).into_owned());
            let _ = std::io::copy(&mut output, &mut std::io::sink());
        });
        let late = || EngineError::Late { what: "at its start".to_owned(), seconds: limit.as_secs() };
        receive.recv_timeout(limit).map_err(|_| late())
    }
}

/// Where Java is: in `JAVA_HOME`, else wherever `java` is found.
pub fn java() -> PathBuf {
    let home = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin").join("java"));
    home.filter(|java| java.is_file()).unwrap_or_else(|| PathBuf::from("java"))
}

/// What a Java says of its version; `None` where there is none, or one that says nothing in time.
pub fn java_version(java: &Path) -> Option<String> {
    let mut command = Command::new(java);
    command.arg("-version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = Process(command.spawn().ok()?);
    process.0.stdout = None;
    let said = process.0.stderr.take()?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = said.take(FIRST_LINE).read_to_string(&mut text);
        let _ = send.send(text);
    });
    let text = receive.recv_timeout(VERSION_LIMIT).ok()?;
    text.lines().find(|line| line.contains("version")).map(str::to_owned)
}

/// How long a Java may take to say its version.
const VERSION_LIMIT: Duration = Duration::from_secs(60);

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    /// A program in the place of Java.
    fn start(script: &str) -> Result<String, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let java = folder.path().join("java");
        std::fs::write(&java, format!("#!/bin/sh\n{script}\n"))?;
        std::fs::set_permissions(&java, std::fs::Permissions::from_mode(0o755))?;
        match Process::start(&java, Path::new("none.jar"), Duration::from_millis(700)) {
            Ok((_, port)) => Ok(port.to_string()),
            Err(error) => Ok(error.to_string()),
        }
    }

    #[test]
    fn what_a_program_says_first_is_its_port() -> Result<(), Box<dyn std::error::Error>> {
        assert_eq!(start("echo 4711; exec sleep 100")?, "4711");
        let later = "case \"$*\" in *--die-on-exit*) echo 12;; *) echo usage: port;; esac";
        assert_eq!(start(later)?, "12");
        assert!(start("echo '# no memory'")?.contains("but \"# no memory"));
        assert!(start("exit 3")?.contains("did not say at which port"));
        Ok(())
    }

    #[test]
    fn who_hangs_or_floods_at_the_start_is_ended() -> Result<(), Box<dyn std::error::Error>> {
        let begun = Instant::now();
        assert!(start("exec sleep 100")?.contains("did not answer at its start within"));
        assert!(start("exec cat /dev/zero")?.contains("but \"\\0\\0"));
        assert!(begun.elapsed() < Duration::from_secs(60));
        let nowhere = Process::start(Path::new("/no/java"), Path::new("x"), Duration::from_secs(1));
        assert!(nowhere.err().is_some_and(|error| error.to_string().contains("/no/java cannot be started")));
        assert_eq!(java_version(Path::new("/no/java")), None);
        Ok(())
    }
}
