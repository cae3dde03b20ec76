//! Models behind servers, good ones and bad ones: no reply is lost, none counts twice, and none is made up.
#![cfg(feature = "endpoint")]

mod server;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use generate::{
    Address, Answer, Backend, Conversation, Endpoint, EndpointOptions, Failure, GenerateError, Job, Key, Leave,
    Request, Sampling, run,
};
use record::{Ask, Message, Rng, Sample, Transcripts, Turn};
use serde_json::{Value, json};
use server::{Does, Server, fine, last, pieces, said, streamed};

type Checked<T> = Result<T, Box<dyn std::error::Error>>;

fn request(text: &str) -> Request {
    Request {
        sample: text.into(),
        turn: 0,
        messages: vec![Message::user(text)],
        tools: vec![],
        max_tokens: 8,
        stop: vec![],
        whole_reply: true,
        seed: 1,
    }
}

fn options() -> EndpointOptions {
    EndpointOptions {
        connections: 8,
        timeout: Duration::from_millis(1500),
        patience: Duration::from_secs(30),
        ..EndpointOptions::default()
    }
}

fn open(server: &Server, options: EndpointOptions) -> Result<Endpoint, GenerateError> {
    Endpoint::open(&[Address { base: server.base.clone(), model: None }], options)
}

/// Asks one thing.
fn ask(endpoint: &mut Endpoint, text: &str) -> Result<Answer, GenerateError> {
    endpoint.submit(request(text))?;
    Ok(endpoint.collect()?.remove(0).1)
}

fn text(answer: Answer) -> Result<String, Failure> {
    answer.map(|reply| reply.text)
}

#[test]
fn a_reply_is_what_the_server_said_of_the_model_it_has() -> Checked<()> {
    let server = Server::start(Box::new(|_, body| fine(&format!("you said {}", last(body)))))?;
    let mut endpoint = open(&server, options())?;
    assert_eq!(endpoint.addresses()[0].model.as_deref(), Some("m"));
    let reply = ask(&mut endpoint, "hi")?.map_err(|failure| failure.reason)?;
    assert_eq!((reply.text.as_str(), reply.prompt_tokens, reply.completion_tokens), ("you said hi", 3, 2));
    let asked = server.asked.lock().map_err(|_| "poisoned")?[0].clone();
    assert_eq!((&asked["model"], &asked["temperature"], &asked["max_tokens"]), (&json!("m"), &json!(0.0), &json!(8)));
    let other = Address { base: server.base.clone(), model: Some("n".into()) };
    let error = Endpoint::open(&[other], options()).err().ok_or("no error")?.to_string();
    assert!(error.contains("it has no model n, but m"), "{error}");
    Ok(())
}

/// What a server can do wrong.
type Fault = (&'static str, fn() -> Does);

/// All of it, which it may do right the next time.
fn faults() -> Vec<Fault> {
    let html = || Does::Answer(200, "", b"<html>Bad Gateway</html>".to_vec());
    vec![
        ("reset", || Does::Reset),
        ("noise", || Does::Noise),
        ("half", || Does::Half(said("half an answer"))),
        ("drip", || Does::Drip(said("slow"))),
        ("busy", || Does::Answer(429, "", vec![])),
        ("busy for a moment", || Does::Answer(429, "retry-after: 0.1\r\n", b"{}".to_vec())),
        ("error", || Does::Answer(500, "", b"{\"error\": {\"message\": \"CUDA out of memory\"}}".to_vec())),
        ("away", || Does::Answer(503, "", b"upstream".to_vec())),
        ("html", html),
        ("no choices", || Does::Answer(200, "", b"{\"choices\": []}".to_vec())),
        ("bytes", || Does::Answer(200, "", b"{\"choices\": [{\"message\": {\"content\": \"\xff\xfe\"}}]}".to_vec())),
        ("compressed", || Does::Answer(200, "content-encoding: gzip\r\n", vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0])),
        ("nothing", || Does::Answer(200, "", vec![])),
    ]
}

#[test]
fn each_fault_is_survived_and_the_reply_is_the_first_good_one() -> Checked<()> {
    for (name, fault) in faults() {
        let server = Server::start(Box::new(move |number, _| if number < 2 { fault() } else { fine("at last") }))?;
        let mut endpoint = open(&server, options())?;
        assert_eq!(text(ask(&mut endpoint, "hi")?), Ok("at last".into()), "{name}");
        assert_eq!(server.count(), 3, "{name}");
    }
    Ok(())
}

#[test]
fn a_streamed_reply_is_the_whole_one_and_a_damaged_stream_is_none() -> Checked<()> {
    let damages: [fn(&mut Vec<String>); 7] = [
        // Cut off in the middle, by one who says that this was all.
        |events| events.truncate(2),
        |events| events.swap(2, 3),
        // Pieces that come again.
        |events| events.extend_from_within(1..2),
        |events| *events = [&events[..2], &vec![events[1].clone(); 9], &events[2..]].concat(),
        |events| events[1] = "{\"id\": \"y\", \"choices\": []}".to_owned(),
        |events| events[2] = "{\"error\": {\"message\": \"out of memory\"}}".to_owned(),
        |events| events[1] = "<html>".to_owned(),
    ];
    let stream = EndpointOptions { stream: true, ..options() };
    for (index, damage) in damages.into_iter().enumerate() {
        let decide = move |number: usize, _: &Value| {
            let mut events = pieces("all of it");
            if number == 0 {
                damage(&mut events);
            }
            streamed(&events)
        };
        let server = Server::start(Box::new(decide))?;
        let mut endpoint = open(&server, stream.clone())?;
        let reply = ask(&mut endpoint, "hi")?.map_err(|failure| failure.reason)?;
        assert_eq!((reply.text.as_str(), reply.prompt_tokens, reply.completion_tokens), ("all of it", 3, 2));
        assert_eq!(server.count(), 2, "damage {index} is seen");
        let asked = server.asked.lock().map_err(|_| "poisoned")?[0].clone();
        assert_eq!((&asked["stream"], &asked["stream_options"]), (&json!(true), &json!({"include_usage": true})));
    }
    let whole = Server::start(Box::new(|_, _| fine("whole all the same")))?;
    let mut endpoint = open(&whole, stream)?;
    assert_eq!(text(ask(&mut endpoint, "hi")?), Ok("whole all the same".into()));
    Ok(())
}

#[test]
fn a_reply_without_end_is_not_read_without_end() -> Checked<()> {
    let endless = |number: usize, _: &Value| match number {
        // What a gzip bomb says it is: small, and then it is not looked into.
        0 => Does::Answer(200, "content-encoding: gzip\r\n", said("packed")[..20].to_vec()),
        1 => Does::Answer(200, "", vec![b' '; 33 << 20]),
        _ => fine("short"),
    };
    let server = Server::start(Box::new(endless))?;
    let mut endpoint = open(&server, EndpointOptions { timeout: Duration::from_secs(20), ..options() })?;
    assert_eq!(text(ask(&mut endpoint, "hi")?), Ok("short".into()));
    Ok(())
}

/// A conversation of two turns: the second repeats the first reply.
struct Twice(String, usize);

impl Conversation for Twice {
    fn next(&mut self, reply: Option<&str>) -> Turn {
        self.1 += 1;
        let text = match (self.1, reply) {
            (1, _) => self.0.clone(),
            (2, Some(reply)) => format!("then {reply}"),
            _ => return Turn::Done(Value::Null),
        };
        Turn::Ask(Ask { messages: vec![Message::user(text)], tools: vec![], max_tokens: 8, stop: vec![] })
    }
}

fn sample(id: usize) -> Sample {
    let fields = json!({"id": format!("s{id}"), "task": "t", "messages": [{"role": "user", "content": format!("q{id}")}],
        "input": null, "gold": null, "max_tokens": 8, "stop": []});
    serde_json::from_value(fields).expect("a sample")
}

#[test]
fn whole_runs_through_any_mix_of_faults_have_every_reply_once() -> Checked<()> {
    let samples: Vec<Sample> = (0..25).map(sample).collect();
    let seeds = std::env::var("ACBENCH_FAULT_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(2);
    for seed in 0..seeds {
        let decide = move |number: usize, body: &Value| {
            let mut rng = Rng::stream(seed, &number.to_string());
            // Slow ones take all of the time-out, so that there are few of them.
            let all = faults();
            let fault = rng.chance(0.3).then(|| &all[rng.below(all.len())]);
            match fault.filter(|(name, _)| *name != "drip" || rng.chance(0.2)) {
                Some((_, fault)) => fault(),
                None => fine(&format!("re {}", last(body))),
            }
        };
        let server = Server::start(Box::new(decide))?;
        let folder = tempfile::tempdir()?;
        let transcript = folder.path().join("t.jsonl");
        let job = Job {
            samples: &samples,
            transcript: &transcript,
            batch_size: 8,
            seed,
            earlier: &[],
            leave: &|| Leave::Never,
        };
        let mut endpoint = open(&server, options())?;
        let open = |sample: &Sample| -> Result<Box<dyn Conversation>, Box<dyn std::error::Error + Send + Sync>> {
            Ok(Box::new(Twice(sample.messages[0].content.clone(), 0)))
        };
        // On a busy machine half a minute can be too short for a request; such a sample is asked by the next run.
        let (mut replies, mut again) = (0, 0);
        loop {
            let end = run(&job, &open, &mut endpoint, &mut |_| ())?;
            assert_eq!(end.done, 25, "seed {seed}");
            replies += end.replies;
            again += end.failed;
            if end.failed == 0 {
                break;
            }
            assert!(again < 5, "seed {seed}: {again} samples got no reply in time");
        }
        assert_eq!(replies, 50, "seed {seed}: every reply once");
        println!("seed {seed}: 50 replies, {again} samples asked again");
        let ended = record::read_text(&transcript)?;
        ended.lines().filter(|line| line.contains("no answer in")).for_each(|line| println!("  {line}"));
        let mut all = Transcripts::open(std::slice::from_ref(&transcript))?;
        for (index, sample) in samples.iter().enumerate() {
            let texts: Vec<String> = all.get(&sample.id)?.steps.into_iter().map(|step| step.reply.text).collect();
            assert_eq!(texts, [format!("re q{index}"), format!("re then re q{index}")], "seed {seed}");
        }
        let lines = record::read_text(&transcript)?.lines().count();
        assert_eq!(lines, 75 + again, "a line a reply and a line an end");
    }
    Ok(())
}

#[test]
fn a_prompt_that_is_too_long_and_a_field_that_is_unknown_are_told_apart() -> Checked<()> {
    let decide = |_: usize, body: &Value| {
        let complain = |text: &str| Does::Answer(400, "", json!({"error": {"message": text}}).to_string().into_bytes());
        match (body.get("min_p"), last(body)) {
            (Some(_), _) => complain("Unrecognized request argument supplied: min_p"),
            (None, "long") => complain("This model's maximum context length is 128 tokens"),
            (None, "odd") => complain("messages must alternate"),
            _ => fine("ok"),
        }
    };
    let server = Server::start(Box::new(decide))?;
    let mut endpoint = open(&server, options())?;
    assert_eq!(text(ask(&mut endpoint, "hi")?), Ok("ok".into()));
    let notes = endpoint.notes();
    assert!(notes.len() == 1 && notes[0].contains("does not know `min_p`"), "{notes:?}");
    let failure = ask(&mut endpoint, "long")?.err().ok_or("answered")?;
    assert!(failure.too_long && !failure.again);
    let failure = ask(&mut endpoint, "odd")?.err().ok_or("answered")?;
    assert!(!failure.too_long && !failure.again && failure.reason.contains("must alternate"), "{failure:?}");
    Ok(())
}

#[test]
fn what_no_request_can_change_stops_the_run_and_never_shows_the_key() -> Checked<()> {
    for (status, more) in [(401, ""), (404, ""), (302, "location: http://127.0.0.1:9/v1\r\n")] {
        let echo = move |_: usize, _: &Value| Does::Answer(status, more, b"{\"error\": \"you said s3cret\"}".to_vec());
        let server = Server::start(Box::new(echo))?;
        let mut endpoint = open(&server, EndpointOptions { key: Key::new(Some("s3cret")), ..options() })?;
        let error = ask(&mut endpoint, "hi").err().ok_or("answered")?.to_string();
        assert!(error.contains(&status.to_string()) && !error.contains("s3cret"), "{error}");
    }
    let nobody = Address { base: "http://127.0.0.1:9/v1".into(), model: Some("m".into()) };
    let error = Endpoint::open(&[nobody], options()).err().ok_or("opened")?.to_string();
    assert!(error.starts_with("http://127.0.0.1:9/v1: "), "{error}");
    Ok(())
}

#[test]
fn a_server_that_is_gone_ends_the_run_and_one_bad_request_does_not() -> Checked<()> {
    let decide = |_: usize, body: &Value| if last(body) == "bad" { Does::Reset } else { fine("ok") };
    let server = Server::start(Box::new(decide))?;
    let short = EndpointOptions { patience: Duration::from_secs(2), ..options() };
    let mut endpoint = open(&server, short.clone())?;
    endpoint.submit(request("bad"))?;
    let mut failure = None;
    while failure.is_none() {
        // Others are answered all the while.
        endpoint.submit(request("good"))?;
        std::thread::sleep(Duration::from_millis(50));
        failure = endpoint.collect()?.into_iter().find_map(|(_, answer)| answer.err());
    }
    assert!(failure.is_some_and(|failure| failure.again), "it may be asked again");
    let gone = Server::start(Box::new(|_, _| Does::Reset))?;
    let mut endpoint = open(&gone, short)?;
    gone.gone.store(true, std::sync::atomic::Ordering::Relaxed);
    let begun = Instant::now();
    let error = ask(&mut endpoint, "hi").err().ok_or("answered")?.to_string();
    assert!(error.contains("nobody has answered for") && begun.elapsed() < Duration::from_secs(20), "{error}");
    Ok(())
}

#[test]
fn of_several_addresses_those_that_work_do_the_work() -> Checked<()> {
    let good = Server::start(Box::new(|_, body| fine(last(body))))?;
    let bad = Server::start(Box::new(|_, _| Does::Answer(500, "", vec![])))?;
    let addresses = [&bad, &good].map(|server| Address { base: server.base.clone(), model: None });
    let mut endpoint = Endpoint::open(&addresses, options())?;
    let mut open = BTreeMap::new();
    for index in 0..60 {
        open.insert(endpoint.submit(request(&format!("q{index}")))?, format!("q{index}"));
    }
    while !open.is_empty() {
        for (ticket, answer) in endpoint.collect()? {
            assert_eq!(text(answer).ok(), open.remove(&ticket));
        }
    }
    assert_eq!(good.count(), 60);
    assert!(bad.count() < 30, "{} requests to a server that fails", bad.count());
    Ok(())
}

#[test]
fn a_model_that_is_swapped_is_noticed() -> Checked<()> {
    let decide = |number: usize, _: &Value| {
        let body = String::from_utf8(said("x")).unwrap_or_default();
        Does::Answer(200, "", body.replace("\"m\"", if number < 2 { "\"m\"" } else { "\"m2\"" }).into_bytes())
    };
    let server = Server::start(Box::new(decide))?;
    let mut endpoint = open(&server, EndpointOptions { sampling: Sampling::GREEDY, ..options() })?;
    let first = endpoint.fingerprint()?;
    ask(&mut endpoint, "hi")?.map_err(|failure| failure.reason)?;
    assert!(endpoint.notes().is_empty());
    let second = endpoint.fingerprint()?;
    assert_ne!(first, second);
    let notes = endpoint.notes();
    assert!(notes.len() == 1 && notes[0].contains("was m and is now m2"), "{notes:?}");
    Ok(())
}
