//! Models behind servers, from the command line: a run through our own server is the run in one process.
#![cfg(feature = "endpoint")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use support::{Checked, refused, run, succeeds};

/// A server that ends with the test.
struct Serving(Child, String);

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill().and_then(|()| self.0.wait()));
    }
}

/// Begins `acbench serve` and waits for its address.
fn serve(folder: &Path, args: &[&str], key: Option<&str>) -> Checked<Serving> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acbench"));
    command.current_dir(folder).arg("serve").args(args).args(["--port", "0"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).env_remove("ACBENCH_API_KEY");
    if let Some(key) = key {
        command.env("ACBENCH_API_KEY", key);
    }
    let mut child = command.spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    Ok(Serving(child, line.trim().to_owned()))
}

/// The bundled model's files without its weights.
fn described(folder: &Path) -> Checked<()> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/pico");
    std::fs::create_dir_all(folder)?;
    for entry in std::fs::read_dir(from)?.flatten() {
        let name = entry.file_name();
        if !name.to_string_lossy().contains("safetensors") {
            std::fs::copy(entry.path(), folder.join(name))?;
        }
    }
    Ok(())
}

fn transcript(folder: &Path, run: &str, variant: &str, task: &str) -> Checked<Vec<Value>> {
    let text = std::fs::read_to_string(folder.join(format!("{run}/{variant}/transcripts/{task}.jsonl")))?;
    let mut lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    lines.sort_by_key(|line| (line["sample"].to_string(), line["turn"].as_u64().unwrap_or(u64::MAX)));
    Ok(lines)
}

const ASK: [&str; 11] = [
    "--tasks",
    "teval_retrieve",
    "pddl",
    "--limit",
    "3",
    "--num_fewshot",
    "0",
    "--max_seq_length",
    "1024",
    "--scoring",
    "corrected",
];

#[test]
fn a_run_through_our_server_is_the_run_in_one_process() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    described(&folder.path().join("pico"))?;
    succeeds(folder.path(), &[&["evaluate"], &ASK[..], &["--output_path", "here"]].concat())?;
    let server = serve(folder.path(), &["--no_key"], None)?;
    let variants = [format!("dense={}", server.1), format!("again={}", server.1)];
    let asked = ["evaluate", "--model_name", "pico", "--variant", &variants[0], &variants[1], "--output_path", "there"];
    let output = run(folder.path(), &[&asked[..], &ASK[..]].concat())?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("again: it answers a fixed question word for word as dense does"), "{said}");
    for task in ["teval_retrieve", "pddl"] {
        let here = transcript(folder.path(), "here", "dense", task)?;
        assert_eq!(here, transcript(folder.path(), "there", "dense", task)?, "{task}");
        assert_eq!(here, transcript(folder.path(), "there", "again", task)?, "{task}");
    }
    let streamed =
        ["generate", "--model_name", "pico", "--variant", &variants[0], "--stream", "--output_path", "streamed"];
    succeeds(folder.path(), &[&streamed[..], &ASK[..]].concat())?;
    for task in ["teval_retrieve", "pddl"] {
        let whole = transcript(folder.path(), "there", "dense", task)?;
        assert_eq!(transcript(folder.path(), "streamed", "dense", task)?, whole, "{task} in pieces");
    }
    let record: Value = serde_json::from_str(&std::fs::read_to_string(folder.path().join("there/run.json"))?)?;
    assert_eq!(
        (&record["variants"][0]["source"], &record["variants"][0]["model"]),
        (&json!("endpoint"), &json!("pico"))
    );
    let report = std::fs::read_to_string(folder.path().join("there/report/report.md"))?;
    let page = std::fs::read_to_string(folder.path().join("there/report/index.html"))?;
    assert!(page.contains("word for word as dense does"), "the page warns");
    assert!(report.contains("again"));
    // What is done is not asked again, whoever serves.
    drop(server);
    succeeds(folder.path(), &["generate", "there"])?;
    Ok(())
}

#[test]
fn workers_that_ask_a_server_together_find_what_one_process_finds() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    described(&folder.path().join("pico"))?;
    succeeds(folder.path(), &[&["evaluate"], &ASK[..], &["--output_path", "here"]].concat())?;
    let server = serve(folder.path(), &["--no_key"], None)?;
    let plan = format!(
        "output_path = \"shared\"\n[each]\nmodel_name = \"pico\"\nvariant = [\"dense={}\"]\n\
         tasks = [\"teval_retrieve\", \"pddl\"]\nlimit = 3\nnum_fewshot = 0\nmax_seq_length = 1024\n\
         scoring = \"corrected\"\n[matrix]\nseed = [0]\n",
        server.1
    );
    std::fs::write(folder.path().join("plan.toml"), plan)?;
    succeeds(folder.path(), &["run", "plan.toml", "--prepare"])?;
    let worker = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_acbench"));
        command.current_dir(folder.path()).args(["worker", "shared", "--shard_size", "1", "--lease_timeout", "6"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()
    };
    for worker in [worker()?, worker()?] {
        let output = worker.wait_with_output()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for task in ["teval_retrieve", "pddl"] {
        let scores = |run: &str| std::fs::read(folder.path().join(format!("{run}/dense/scores/{task}.jsonl")));
        assert_eq!(scores("shared/seed-0")?, scores("here")?, "{task}");
    }
    Ok(())
}

#[test]
fn a_server_wants_its_key_and_nobody_writes_it_down() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    described(&folder.path().join("pico"))?;
    let server = serve(folder.path(), &[], Some("s3cret-key"))?;
    let variant = format!("dense={}", server.1);
    let asked = ["generate", "--model_name", "pico", "--variant", &variant, "--output_path", "out"];
    let asked = [&asked[..], &["--tasks", "teval_retrieve", "--limit", "1"]].concat();
    let said = refused(folder.path(), &asked)?;
    assert!(said.contains("401"), "{said}");
    std::fs::write(folder.path().join("key"), "s3cret-key\n")?;
    succeeds(folder.path(), &[&asked[..], &["--api_key_file", "key"]].concat())?;
    let mut folders = vec![folder.path().join("out")];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next)?.flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => {
                    assert!(!String::from_utf8_lossy(&std::fs::read(&path)?).contains("s3cret"), "{}", path.display())
                }
            }
        }
    }
    Ok(())
}

/// Asks a server; status and body.
fn post(address: &str, path: &str, body: &Value) -> Checked<(u16, String)> {
    let (base, _) = address.split_once('#').ok_or("no model")?;
    let url = format!("{base}/{path}");
    let (host, rest) = url.trim_start_matches("http://").split_once('/').ok_or("no path")?;
    let mut stream = TcpStream::connect(host)?;
    let body = body.to_string();
    let head =
        format!("POST /{rest} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no body")?;
    let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
    Ok((status, body.to_owned()))
}

fn asked(address: &str, path: &str, body: &Value) -> Checked<Value> {
    let (status, body) = post(address, path, body)?;
    assert_eq!(status, 200, "{body}");
    Ok(serde_json::from_str(&body)?)
}

#[test]
fn a_streamed_reply_is_the_whole_one_in_pieces() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let server = serve(folder.path(), &["--no_key"], None)?;
    let question = json!([{"role": "user", "content": "Plan: book a table, then send an invitation."}]);
    for (path, field, asks) in [
        ("chat/completions", "delta", ("messages", question)),
        ("completions", "text", ("prompt", json!("Once upon a time"))),
    ] {
        let whole = json!({asks.0: asks.1, "max_tokens": 40, "temperature": 0});
        let mut streamed = whole.clone();
        streamed["stream"] = json!(true);
        streamed["stream_options"] = json!({"include_usage": true});
        let whole = asked(&server.1, path, &whole)?;
        let (status, text) = post(&server.1, path, &streamed)?;
        assert_eq!(status, 200);
        let events: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        assert_eq!(events.last(), Some(&"[DONE]"));
        let events: Vec<Value> =
            events[..events.len() - 1].iter().map(|event| serde_json::from_str(event)).collect::<Result<_, _>>()?;
        let choices: Vec<&Value> = events.iter().map(|event| &event["choices"][0]).collect();
        let said = choices.iter().filter_map(|choice| match field {
            "text" => choice["text"].as_str(),
            _ => choice["delta"]["content"].as_str(),
        });
        let expected =
            if field == "text" { &whole["choices"][0]["text"] } else { &whole["choices"][0]["message"]["content"] };
        assert_eq!(&json!(said.collect::<String>()), expected);
        assert!(path == "chat/completions" || events.len() > 20, "it comes piece by piece: {text}");
        let ends: Vec<&Value> =
            choices.iter().map(|choice| &choice["finish_reason"]).filter(|end| !end.is_null()).collect();
        assert_eq!(ends, [&whole["choices"][0]["finish_reason"]]);
        assert_eq!(events.last().map(|last| &last["usage"]), Some(&whole["usage"]));
        assert!(events.iter().all(|event| event["id"] == events[0]["id"]), "{text}");
    }
    Ok(())
}

#[test]
fn probabilities_of_a_prompt_and_of_a_reply_are_those_of_one_text() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let server = serve(folder.path(), &["--no_key"], None)?;
    let ask = |body: &Value| asked(&server.1, "completions", body).map(|answer| answer["choices"].clone());
    let reply = ask(&json!({"prompt": "Send the letter to", "max_tokens": 8, "temperature": 0, "logprobs": 3}))?;
    let text = reply[0]["text"].as_str().ok_or("no text")?;
    let told = reply[0]["logprobs"]["token_logprobs"].as_array().ok_or("no logprobs")?;
    let alternatives = reply[0]["logprobs"]["top_logprobs"][0].as_object().ok_or("no alternatives")?;
    assert!(alternatives.len() >= 3, "{alternatives:?}");
    let most = alternatives.values().filter_map(Value::as_f64).fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(told[0].as_f64(), Some(most), "greedily the likeliest is taken");
    // The same text as a prompt has the same probabilities.
    let tokens: Vec<&str> =
        reply[0]["logprobs"]["tokens"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(tokens.concat(), text);
    let again = ask(
        &json!({"prompt": [format!("Send the letter to{text}"), "Send"], "max_tokens": 0, "echo": true, "logprobs": 0}),
    )?;
    let echoed = again[0]["logprobs"]["token_logprobs"].as_array().ok_or("no logprobs")?;
    assert_eq!(echoed[0], Value::Null, "nothing stands before the first");
    let names = again[0]["logprobs"]["tokens"].as_array().ok_or("no tokens")?;
    if names[names.len() - tokens.len()..].iter().filter_map(Value::as_str).eq(tokens.iter().copied()) {
        for (a, b) in told.iter().zip(&echoed[echoed.len() - told.len()..]) {
            let (a, b) = (a.as_f64().ok_or("no number")?, b.as_f64().ok_or("no number")?);
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }
    assert_eq!((again.as_array().map(Vec::len), &again[1]["index"]), (Some(2), &json!(1)));
    let ids = ask(&json!({"prompt": [5, 6, 7], "max_tokens": 1, "echo": true, "logprobs": 1, "temperature": 0}))?;
    assert_eq!(ids[0]["logprobs"]["tokens"].as_array().map(Vec::len), Some(4), "{ids}");
    for (body, wanted) in [
        (json!({"prompt": [99_999_999], "max_tokens": 1}), "token"),
        (json!({"prompt": "a", "max_tokens": 1, "logprobs": 99}), "alternatives"),
        (json!({"prompt": "a", "max_tokens": 1, "logprobs": 1, "stream": true}), "`stream`"),
        (json!({"prompt": "a", "max_tokens": 0}), "room"),
    ] {
        let (status, said) = post(&server.1, "completions", &body)?;
        assert!(status == 400 && said.contains(wanted), "{status} {said}");
    }
    Ok(())
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_is_done() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    described(&folder.path().join("pico"))?;
    let ask = |more: &[&str]| {
        refused(folder.path(), &[&["generate", "--tasks", "pddl", "--output_path", "out"], more].concat())
    };
    let said = ask(&["--variant", "dense=http://127.0.0.1:9/v1#m"])?;
    assert!(said.contains("--model_name names its folder"), "{said}");
    let said = ask(&["--model_name", "pico", "--variant", "dense=http://127.0.0.1:9/v1#m"])?;
    assert!(said.contains("http://127.0.0.1:9/v1: "), "{said}");
    let said = ask(&["--model_name", "pico", "--variant", "dense=http://me:s3cret@127.0.0.1:9/v1"])?;
    assert!(said.contains("ACBENCH_API_KEY") && !said.contains("s3cret"), "{said}");
    let said = ask(&["--model_name", "pico", "--variant", "gptq=http://127.0.0.1:9/v1"])?;
    assert!(said.contains("safetensors"), "the dense model needs its weights: {said}");
    assert!(!folder.path().join("out").exists());
    Ok(())
}

/// A server of a model that calls the first tool each time, whose parser loses every second call. Its address.
fn losing_server() -> Checked<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}/v1#m", listener.local_addr()?);
    std::thread::spawn(move || {
        let mut asked = 0;
        for stream in listener.incoming().flatten() {
            // Whoever asked may have gone.
            drop(answer_with_calls(stream, &mut asked));
        }
    });
    Ok(address)
}

fn answer_with_calls(mut stream: TcpStream, asked: &mut usize) -> Checked<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 0 && line.trim() != "" {
        let said = line.to_ascii_lowercase();
        length = said.strip_prefix("content-length:").map_or(Ok(length), |number| number.trim().parse())?;
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let wanted: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answer = match wanted["tools"][0]["function"]["name"].as_str() {
        None if length == 0 => json!({"data": [{"id": "m"}]}),
        None => json!({"choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}]}),
        Some(name) => {
            *asked += 1;
            let raw = format!("<tool_call>{}</tool_call>", json!({"name": name, "arguments": {}}));
            let call = json!([{"function": {"name": name, "arguments": "{}"}}]);
            let calls = if asked.is_multiple_of(2) { Value::Null } else { call };
            let logprobs = json!({"content": [{"token": raw, "logprob": -0.1, "bytes": raw.as_bytes()}]});
            json!({"choices": [{"message": {"content": null, "tool_calls": calls}, "logprobs": logprobs, "finish_reason": "stop"}]})
        }
    };
    let answer = answer.to_string();
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", answer.len());
    Ok(stream.write_all((head + &answer).as_bytes())?)
}

#[test]
fn calls_that_a_server_loses_are_counted_and_kept() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    described(&folder.path().join("m"))?;
    let path = folder.path().join("m/tokenizer_config.json");
    let mut settings: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
    let template = settings["chat_template"].as_str().ok_or("no template")?;
    settings["chat_template"] = json!(format!("{{% if tools %}}{{{{ tools | tojson }}}}{{% endif %}}{template}"));
    std::fs::write(&path, settings.to_string())?;
    let variant = format!("dense={}", losing_server()?);
    let asked = ["evaluate", "--model_name", "m", "--variant", &variant, "--tasks", "bfcl_simple", "--limit", "6"];
    let output = run(folder.path(), &[&asked[..], &["--batch_size", "1", "--output_path", "out"]].concat())?;
    let said = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("its server lost 3 of 6 calls that the model wrote"), "{said}");
    let replies = transcript(folder.path(), "out", "dense", "bfcl_simple")?;
    let served: Vec<&Value> =
        replies.iter().map(|line| &line["reply"]["served_calls"]).filter(|one| !one.is_null()).collect();
    assert_eq!(served.len(), 6);
    assert_eq!(
        served.iter().filter(|one| one["raw"].as_str().is_some_and(|raw| raw.contains("<tool_call>"))).count(),
        3
    );
    Ok(())
}

#[test]
fn a_server_is_held_against_the_variant_that_it_should_be() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let asked = [
        "generate",
        "--tasks",
        "teval_retrieve",
        "--limit",
        "1",
        "--compression_method",
        "magnitude",
        "--output_path",
        "r",
    ];
    succeeds(folder.path(), &[&asked[..], &["--method_args", "sparsity=0.8"]].concat())?;
    let record: Value = serde_json::from_str(&std::fs::read_to_string(folder.path().join("r/run.json"))?)?;
    let name = record["variants"][1]["name"].as_str().ok_or("no variant")?.to_owned();
    let server = serve(folder.path(), &["r", "--variant", &name, "--no_key"], None)?;
    let right = succeeds(folder.path(), &["serve", "r", "--variant", &name, "--check", &server.1])?;
    assert!(right.contains(&format!("it is {name}: template, tokenizer and weights agree")), "{right}");
    let wrong = run(folder.path(), &["serve", "r", "--check", &server.1, "--json"])?;
    assert_eq!(wrong.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&wrong.stdout)?;
    assert!(found["problems"][0].as_str().is_some_and(|said| said.contains("its weights are others")), "{found}");
    drop(server);
    let dense = serve(folder.path(), &["r", "--no_key"], None)?;
    let wrong = run(folder.path(), &["serve", "r", "--variant", &name, "--check", &dense.1])?;
    let said = String::from_utf8(wrong.stdout)?;
    assert!(wrong.status.code() == Some(1) && said.contains("rather the dense model"), "{said}");
    let said = refused(folder.path(), &["serve", "--check", "http://me:s3cret@127.0.0.1:9/v1"])?;
    assert!(!said.contains("s3cret"), "{said}");
    Ok(())
}

#[test]
fn commands_of_other_servers_are_printed() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    succeeds(
        folder.path(),
        &["generate", "--tasks", "teval_retrieve", "--limit", "1", "--compression_method", "rtn", "--output_path", "r"],
    )?;
    let output = succeeds(folder.path(), &["serve", "r", "--print", "vllm"])?;
    assert!(output.contains("# dense: the bundled model") && output.contains("vllm serve /"), "{output}");
    assert!(output.contains("acbench evaluate --model_name pico --variant rtn-"), "{output}");
    assert!(refused(folder.path(), &["serve", "--print", "vllm"])?.contains("run"), "no run");
    Ok(())
}
