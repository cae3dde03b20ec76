//! A server on this machine that plays the hub.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Answers by path: status, what it says of the length, body.
type Answers = HashMap<String, (u16, usize, Vec<u8>)>;

struct Server {
    endpoint: String,
    asked: Arc<Mutex<Vec<String>>>,
}

/// The request line and the headers, then the answer.
fn answer(stream: TcpStream, answers: &Answers, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    let headers: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let path = first.split(' ').nth(1)?.to_owned();
    let token = headers.iter().find(|line| line.to_lowercase().starts_with("authorization"));
    asked.lock().ok()?.push(format!("{path} {}", token.map_or("", String::as_str)));
    let missing = (404, 0, Vec::new());
    let (status, length, body) = answers.get(path.split('?').next()?).unwrap_or(&missing);
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n").ok()?;
    stream.write_all(body).ok()
}

fn serve(answers: Answers) -> std::io::Result<Server> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            answer(stream, &answers, &seen);
        }
    });
    Ok(Server { endpoint, asked })
}

fn whole(body: &[u8]) -> (u16, usize, Vec<u8>) {
    (200, body.len(), body.to_vec())
}

/// A repository `o/m` with a model, and files that must not be fetched.
fn model(weights: &[u8]) -> Answers {
    let files = json!({"sha": COMMIT, "siblings": [
        {"rfilename": "config.json", "size": 2, "blobId": "a".repeat(40)},
        {"rfilename": "1_Pooling/config.json", "size": 3, "blobId": "b".repeat(40)},
        {"rfilename": "model.safetensors", "size": 7, "lfs": {"sha256": record::digest(b"weights"), "size": 7}},
        {"rfilename": "pytorch_model.bin", "size": 1},
        {"rfilename": "onnx/model.safetensors", "size": 1},
        {"rfilename": "modeling_own.py", "size": 1},
        {"rfilename": "../../evil.safetensors", "size": 1},
    ]});
    let at = |path: &str| format!("/o/m/resolve/{COMMIT}/{path}");
    HashMap::from([
        ("/api/models/o/m/revision/main".to_owned(), whole(files.to_string().as_bytes())),
        (at("config.json"), whole(b"{}")),
        (at("1_Pooling/config.json"), whole(b"{ }")),
        (at("model.safetensors"), (200, 7, weights.to_vec())),
    ])
}

fn hub(endpoint: &str, cache: &std::path::Path) -> Hub {
    Hub { endpoint: endpoint.to_owned(), token: Some("t0k".to_owned()), cache: cache.to_owned(), offline: false }
}

fn id(text: &str) -> HubId {
    HubId::parse(text).expect("a name of the hub")
}

type Checked = Result<(), Box<dyn std::error::Error>>;

#[test]
fn a_model_is_fetched_once_and_only_what_is_harmless() -> Checked {
    let cache = tempfile::tempdir()?;
    let server = serve(model(b"weights"))?;
    let hub = hub(&server.endpoint, cache.path());
    let folder = hub.model(&id("o/m"), &mut |_| ())?;
    assert!(folder.ends_with(format!("models--o--m/snapshots/{COMMIT}")));
    assert_eq!(std::fs::read(folder.join("model.safetensors"))?, b"weights");
    assert_eq!(std::fs::read(folder.join("1_Pooling/config.json"))?, b"{ }");
    assert_eq!(std::fs::read_to_string(cache.path().join("models--o--m/refs/main"))?, COMMIT);
    let mut names: Vec<_> =
        std::fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>()?;
    names.sort();
    assert_eq!(names, ["1_Pooling", "config.json", "model.safetensors"]);
    let count = || server.asked.lock().map(|asked| asked.len()).unwrap_or_default();
    assert_eq!(count(), 4);
    assert!(server.asked.lock().is_ok_and(|asked| asked.iter().all(|one| one.contains("Bearer t0k"))));
    // The second time only the list is asked for; without a server, nothing.
    assert_eq!(hub.model(&id("o/m"), &mut |_| ())?, folder);
    assert_eq!(count(), 5);
    let mut warned = Vec::new();
    let gone = Hub { endpoint: "http://127.0.0.1:9".to_owned(), ..self::hub("", cache.path()) };
    assert_eq!(gone.model(&id("o/m"), &mut |event| warned.push(event))?, folder);
    assert!(matches!(&warned[..], [Event::Warning(text)] if text.contains("cannot be reached")), "{warned:?}");
    let offline = Hub { offline: true, ..gone };
    assert_eq!(offline.model(&id("o/m"), &mut |_| ())?, folder);
    Ok(())
}

#[test]
fn what_goes_wrong_is_said_and_nothing_half_is_kept() -> Checked {
    let listing = |status| HashMap::from([("/api/models/o/m/revision/main".to_owned(), (status, 0, Vec::new()))]);
    let pickles = json!({"sha": COMMIT, "siblings": [{"rfilename": "pytorch_model.bin"}]}).to_string();
    let at = "/api/models/o/m/revision/main".to_owned();
    for (answers, says) in [
        (HashMap::new(), "404"),
        (listing(401), "HF_TOKEN"),
        (listing(503), "answers 503, and it is not in the cache"),
        (model(b"weig"), "model.safetensors"),
        (model(b"wEights"), "SHA-256"),
        (HashMap::from([(at.clone(), whole(b"<html>"))]), "not the hub's"),
        (HashMap::from([(at.clone(), whole(b"{\"sha\": \"../..\"}"))]), "names no commit"),
        (HashMap::from([(at, whole(pickles.as_bytes()))]), "pickles"),
    ] {
        let cache = tempfile::tempdir()?;
        let server = serve(answers)?;
        let error = hub(&server.endpoint, cache.path()).model(&id("o/m"), &mut |_| ()).err().ok_or(says)?;
        let (text, help) = (error.to_string(), error.help().unwrap_or_default());
        assert!(text.contains(says) && text.contains(&server.endpoint), "{says}: {text}");
        assert!(help.contains("hf download o/m --local-dir"), "{help}");
        let kept = cache.path().join(format!("models--o--m/snapshots/{COMMIT}/model.safetensors"));
        assert!(!kept.exists() && !cache.path().join("models--o--m/refs/main").exists(), "{says}");
        let left = std::fs::read_dir(cache.path().join("models--o--m/blobs")).into_iter().flatten().flatten();
        assert!(left.into_iter().all(|entry| !entry.file_name().to_string_lossy().contains("incomplete")), "{says}");
    }
    let cache = tempfile::tempdir()?;
    let error = hub("http://127.0.0.1:9", cache.path()).model(&id("o/m"), &mut |_| ()).err().ok_or("none")?;
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    let offline = Hub { offline: true, ..hub("http://127.0.0.1:9", cache.path()) };
    let error = offline.model(&id("o/m"), &mut |_| ()).err().ok_or("none")?;
    assert!(error.to_string().contains("HF_HUB_OFFLINE is set"), "{error}");
    Ok(())
}

#[test]
fn a_file_of_a_data_set_is_fetched_by_its_path() -> Checked {
    let cache = tempfile::tempdir()?;
    let files = json!({"sha": COMMIT, "siblings": [{"rfilename": "a b/c.jsonl"}, {"rfilename": "d.txt"}]});
    let server = serve(HashMap::from([
        ("/api/datasets/o/d/revision/v1%2Fx".to_owned(), whole(files.to_string().as_bytes())),
        (format!("/datasets/o/d/resolve/{COMMIT}/a%20b/c.jsonl"), whole(b"{}\n")),
    ]))?;
    let hub = hub(&server.endpoint, cache.path());
    let revision = id("o/d@v1/x");
    let file = hub.dataset_file(&revision, "a b/c.jsonl", &mut |_| ())?;
    assert_eq!(std::fs::read(&file)?, b"{}\n");
    let offline = Hub { offline: true, ..self::hub("", cache.path()) };
    assert_eq!(offline.dataset_file(&revision, "a b/c.jsonl", &mut |_| ())?, file);
    for (path, says) in [("../x", "may not leave"), ("none", "no file none"), ("d.txt", "404")] {
        let error = hub.dataset_file(&revision, path, &mut |_| ()).err().ok_or(says)?;
        assert!(error.to_string().contains(says), "{error}");
    }
    Ok(())
}

#[test]
fn of_a_folder_of_a_data_set_what_can_be_read_is_fetched() -> Checked {
    let cache = tempfile::tempdir()?;
    let names = ["data.zip", "LongBench.py", "README.md", "a/x.json", "a/y.csv", "a/run.sh", "ab/z.json"];
    let siblings: Vec<_> = names.iter().map(|name| json!({"rfilename": name, "size": 2})).collect();
    let mut answers = HashMap::from([(
        "/api/datasets/o/d/revision/main".to_owned(),
        whole(json!({"sha": COMMIT, "siblings": siblings}).to_string().as_bytes()),
    )]);
    answers.extend(names.iter().map(|name| (format!("/datasets/o/d/resolve/{COMMIT}/{name}"), whole(b"{}"))));
    let server = serve(answers)?;
    let hub = hub(&server.endpoint, cache.path());
    let kept = |folder: &std::path::Path| names.map(|name| folder.join(name).is_file());
    let inner = hub.dataset_folder(&id("o/d"), "a", &mut |_| ())?;
    let folder = cache.path().join(format!("datasets--o--d/snapshots/{COMMIT}"));
    assert_eq!(inner, folder.join("a"));
    assert_eq!(kept(&folder), [false, false, false, true, true, false, false]);
    // A file stands for the folder that it lies in.
    assert_eq!(hub.dataset_folder(&id("o/d"), "data.zip", &mut |_| ())?, folder);
    assert_eq!(kept(&folder), [true, false, false, true, true, false, false]);
    assert_eq!(hub.dataset_folder(&id("o/d"), "", &mut |_| ())?, folder);
    assert_eq!(kept(&folder), [true, false, false, true, true, false, true]);
    let offline = Hub { offline: true, ..self::hub("", cache.path()) };
    assert_eq!(offline.dataset_folder(&id("o/d"), "a", &mut |_| ())?, inner);
    assert!(offline.dataset_folder(&id("o/d"), "none", &mut |_| ()).is_err());
    let error = hub.dataset_folder(&id("o/d"), "README.md", &mut |_| ()).err().ok_or("none")?;
    assert!(error.to_string().contains("it has no *.json"), "{error}");
    Ok(())
}
