//! One exchange with a server.

use std::time::Duration;

use serde_json::{Map, Value};
use ureq::Agent;
use ureq::http::{Response, StatusCode, header::HeaderMap};

use super::EndpointOptions;
use super::answer::{self, Answered, complaint, excerpt, is_too_long};
use super::ask::EXTRAS;
use super::stream;
use crate::backend::Key;

/// The largest answer that is read, in bytes.
const LARGEST: u64 = 32 << 20;
/// Bytes of what is read and written at once, of each connection; a head must fit in them.
const BUFFER: usize = 32 << 10;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(20);

/// What came of an exchange.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Done(Box<Answered>),
    /// It has too much to do, and may say for how long.
    Busy {
        wait: Option<Duration>,
        why: String,
    },
    /// What may go well another time.
    Failed(String),
    /// The prompt is too long.
    TooLong(String),
    /// A field that this server does not know.
    Unknown(&'static str),
    /// This request will never be answered.
    Wrong(String),
    /// No request will: the key is not taken, the model is not there, the address is another.
    Refused(String),
}

/// How servers are spoken to.
pub(super) struct Line {
    agent: Agent,
    key: Key,
}

impl Line {
    pub fn new(options: &EndpointOptions) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect could lead anywhere, with the key.
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(CONNECT))
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .max_response_header_size(BUFFER)
            .timeout_global(Some(options.timeout))
            .max_idle_connections(options.connections.max(1))
            .max_idle_connections_per_host(options.connections.max(1))
            .user_agent(concat!("acbench/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), key: options.key.clone() }
    }

    /// Asks for a reply to a request with these tools.
    pub fn ask(&self, url: &str, body: &Map<String, Value>, tools: &[Value]) -> Outcome {
        let Ok(text) = serde_json::to_vec(body) else { return Outcome::Wrong("it cannot be written".to_owned()) };
        let mut request = self.agent.post(url).content_type("application/json");
        if let Some(key) = self.key.header() {
            request = request.header("authorization", key);
        }
        let mut response = match request.send(&text[..]) {
            Ok(response) => response,
            Err(error) => return Outcome::Failed(self.key.hide(&error.to_string())),
        };
        let (status, wait) = (response.status(), retry_after(response.headers()));
        let streamed = response.body().mime_type() == Some("text/event-stream");
        match read(&mut response) {
            Err(error) => Outcome::Failed(self.key.hide(&error.to_string())),
            Ok(answer) if status.is_success() => match answered(&answer, streamed, tools) {
                Ok(answered) => Outcome::Done(Box::new(answered)),
                Err(problem) => Outcome::Failed(format!("its answer cannot be read: {problem}")),
            },
            Ok(answer) => classified(status, wait, &self.key.hide(&complaint(&answer)), body),
        }
    }

    /// Gets a JSON answer; `None` where the server has none at this address.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn get(&self, url: &str) -> Result<Option<Value>, String> {
        let mut request = self.agent.get(url);
        if let Some(key) = self.key.header() {
            request = request.header("authorization", key);
        }
        let mut response = request.call().map_err(|error| self.key.hide(&error.to_string()))?;
        let answer = read(&mut response).map_err(|error| self.key.hide(&error.to_string()))?;
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => Ok(None),
            status if status.is_success() => {
                let json = serde_json::from_slice(&answer);
                json.map(Some).map_err(|error| format!("its answer is no JSON ({error}): {}", excerpt(&answer)))
            }
            status => Err(format!("{}: {}", status.as_u16(), self.key.hide(&complaint(&answer)))),
        }
    }
}

fn answered(body: &[u8], streamed: bool, tools: &[Value]) -> Result<Answered, String> {
    if streamed { answer::of(&stream::joined(body)?, body, tools) } else { answer::read(body, tools) }
}

fn read(response: &mut Response<ureq::Body>) -> Result<Vec<u8>, ureq::Error> {
    response.body_mut().with_config().limit(LARGEST).read_to_vec()
}

/// The seconds of `Retry-After`. A date counts as none: it depends on both clocks.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// What a status that is no success means.
fn classified(status: StatusCode, wait: Option<Duration>, why: &str, body: &Map<String, Value>) -> Outcome {
    let said = format!("{}: {why}", status.as_u16());
    match status.as_u16() {
        429 => Outcome::Busy { wait, why: said },
        503 | 529 if wait.is_some() => Outcome::Busy { wait, why: said },
        // Some servers check fields so late that it is their own error.
        500 if why.contains("validation error") || why.contains("not supported") => refused(said, why, body),
        408 | 409 | 425 | 500.. => Outcome::Failed(said),
        401 | 403 => Outcome::Refused(format!("{said}; a key is taken from ACBENCH_API_KEY or --api_key_file")),
        404 | 405 => Outcome::Refused(said),
        300..400 => Outcome::Refused(format!("{said}; it sends us elsewhere, which is not followed")),
        400 | 413 | 422 if is_too_long(why) => Outcome::TooLong(said),
        400 | 422 => refused(said, why, body),
        _ => Outcome::Wrong(said),
    }
}

/// A request that is not taken: for a field that this server does not know, or for good.
fn refused(said: String, why: &str, body: &Map<String, Value>) -> Outcome {
    let named = |field: &&str| body.contains_key(*field) && why.contains(*field);
    EXTRAS.into_iter().find(named).map_or(Outcome::Wrong(said), Outcome::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_to_come_again() {
        let body = Map::from_iter([("top_k".to_owned(), Value::from(3))]);
        let of = |code: u16, why: &str, wait: Option<u64>| {
            let status = StatusCode::from_u16(code).unwrap_or_default();
            classified(status, wait.map(Duration::from_secs), why, &body)
        };
        assert!(matches!(of(429, "", Some(3)), Outcome::Busy { wait: Some(_), .. }));
        assert!(matches!(of(503, "", Some(3)), Outcome::Busy { .. }));
        for code in [500, 502, 503, 504, 529, 599, 408] {
            assert!(matches!(of(code, "", None), Outcome::Failed(_)), "{code}");
        }
        for code in [301, 307, 401, 403, 404] {
            assert!(matches!(of(code, "", None), Outcome::Refused(_)), "{code}");
        }
        assert!(matches!(of(400, "maximum context length is 5", None), Outcome::TooLong(_)));
        assert_eq!(of(400, "unknown field `top_k`", None), Outcome::Unknown("top_k"));
        assert_eq!(of(500, "1 validation error: ('body', 'top_k')", None), Outcome::Unknown("top_k"));
        assert!(matches!(of(400, "unknown field `min_p`", None), Outcome::Wrong(_)), "it was not sent");
        assert!(matches!(of(418, "", None), Outcome::Wrong(_)));
    }

    #[test]
    fn a_wait_is_a_number_of_seconds() {
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", ureq::http::HeaderValue::from_static(text));
            retry_after(&headers)
        };
        assert_eq!(of(" 1.5 "), Some(Duration::from_millis(1500)));
        for text in ["-1", "NaN", "inf", "1e300", "soon", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
