//! What is asked of the hub: the list of a revision's files, and the files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use ureq::config::RedirectAuthHeaders;
use ureq::http::Response;
use ureq::{Agent, Body};

use super::cache::{Cached, Download, Listed, Refused, is_commit};
use super::id::{HubId, is_path};
use crate::Error;
use crate::event::{Event, Watch};

const ENDPOINT: &str = "https://huggingface.co";
/// The longest list of files that is read, in bytes.
const LONGEST_LIST: u64 = 64 << 20;
/// How long a hub that is asked whether it is there may take.
const SOON: Duration = Duration::from_secs(2);
const NO_SERVER: &str = "the server cannot be reached";

/// Files of a model's top folder that are fetched, beside `*.safetensors` and `config*.json`.
const FILES: &[&str] = &[
    "model.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "generation_config.json",
    "chat_template.jinja",
    "chat_template.json",
    "modules.json",
    "sentence_bert_config.json",
];

/// Endings of the files of a data set that are fetched with its folder: nothing that can run.
const DATA: [&str; 6] = ["json", "jsonl", "csv", "txt", "pddl", "zip"];

/// Why a model without safetensors is refused.
const PICKLES: &str = "it has weights only as pickles, which can run programs and are never read; take a repository or a \
                       revision (@refs/pr/N) with model.safetensors, or convert it with transformers' save_pretrained";

/// A hub, and what is kept of it.
pub(super) struct Hub {
    pub endpoint: String,
    pub token: Option<String>,
    pub cache: PathBuf,
    pub offline: bool,
}

/// Kinds of repositories: what their folders in the cache begin with, and what stands before their names in addresses.
#[derive(Clone, Copy)]
struct RepositoryKind {
    folder: &'static str,
    address: &'static str,
}

const MODEL: RepositoryKind = RepositoryKind { folder: "models", address: "" };
const DATA_SET: RepositoryKind = RepositoryKind { folder: "datasets", address: "datasets/" };

/// The files of a commit.
struct Listing {
    commit: String,
    files: Vec<Listed>,
}

/// Why an answer did not come: nobody answered, or who answered refused.
enum Failed {
    Silent(String),
    Answered(String),
}

impl Hub {
    /// As the environment says.
    pub fn from_env() -> Self {
        let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let home = || std::env::home_dir().unwrap_or_default();
        let caches = || var("XDG_CACHE_HOME").map_or_else(|| home().join(".cache"), PathBuf::from);
        let own = var("HF_HOME").map_or_else(|| caches().join("huggingface"), PathBuf::from);
        let token_file = var("HF_TOKEN_PATH").map_or_else(|| own.join("token"), PathBuf::from);
        let stored = || record::read_text(&token_file).ok().map(|token| token.trim().to_owned());
        let on = |value: String| ["1", "true", "yes", "on"].contains(&value.to_lowercase().as_str());
        Self {
            endpoint: var("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned()).trim_end_matches('/').to_owned(),
            token: var("HF_TOKEN").or_else(stored).filter(|token| !token.is_empty()),
            cache: var("HF_HUB_CACHE").map_or_else(|| own.join("hub"), PathBuf::from),
            offline: var("HF_HUB_OFFLINE").is_some_and(on),
        }
    }

    /// The folder of a model, downloaded as far as it is not in the cache.
    pub fn model(&self, id: &HubId, watch: &mut Watch<'_>) -> Result<PathBuf, Error> {
        let choose = |files: Vec<Listed>| {
            let pickles = files.iter().any(|file| file.path.ends_with(".bin") || file.path.ends_with(".pt"));
            let wanted: Vec<Listed> = files.into_iter().filter(|file| is_wanted(&file.path)).collect();
            match wanted.iter().any(|file| file.path.ends_with(".safetensors")) {
                true => Ok(wanted),
                false if pickles => Err(PICKLES.to_owned()),
                false => Err("it has no *.safetensors".to_owned()),
            }
        };
        self.snapshot(MODEL, id, choose, |_| true, watch)
    }

    /// One file of a data set, downloaded unless it is in the cache.
    pub fn dataset_file(&self, id: &HubId, path: &str, watch: &mut Watch<'_>) -> Result<PathBuf, Error> {
        if !is_path(path) {
            let problem = "the path may not leave the data set".to_owned();
            return Err(Error::Hub { id: id.to_string(), tried: path.to_owned(), problem });
        }
        let choose = |files: Vec<Listed>| match files.into_iter().find(|file| file.path == path) {
            Some(file) => Ok(vec![file]),
            None => Err(format!("it has no file {path}")),
        };
        Ok(self.snapshot(DATA_SET, id, choose, |folder| folder.join(path).is_file(), watch)?.join(path))
    }

    /// One file of a data set, where it is in the cache.
    pub fn cached_file(&self, id: &HubId, path: &str) -> Option<PathBuf> {
        self.cached(DATA_SET, id).snapshot(&id.revision).map(|folder| folder.join(path)).filter(|path| path.is_file())
    }

    /// Whether the hub answers at all, and soon.
    pub fn answers(&self) -> bool {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(SOON));
        let agent: Agent = config.build().into();
        !self.offline && agent.head(&self.endpoint).call().is_ok()
    }

    /// The folder of a data set, or the one in it that `path` names (or holds the file that `path` names), with what
    /// can be read of it downloaded unless it is in the cache.
    pub fn dataset_folder(&self, id: &HubId, path: &str, watch: &mut Watch<'_>) -> Result<PathBuf, Error> {
        let choose = |files: Vec<Listed>| {
            let inside = |file: &str| {
                file.strip_prefix(path).is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with('/'))
            };
            let wanted: Vec<Listed> =
                files.into_iter().filter(|file| is_data(&file.path) && inside(&file.path)).collect();
            match wanted.is_empty() {
                false => Ok(wanted),
                true => Err(format!("it has no {} under /{path}", DATA.map(|ending| format!("*.{ending}")).join(", "))),
            }
        };
        let snapshot = self.snapshot(DATA_SET, id, choose, |folder| folder.join(path).exists(), watch)?;
        let named = snapshot.join(path);
        Ok(if named.is_file() { named.parent().map_or(snapshot, Path::to_owned) } else { named })
    }

    /// The folder of a revision in the cache, with those of its listed files downloaded that `choose` takes, or says why
    /// it takes none. Where nobody answers it is what the cache has, if that is `enough`.
    fn snapshot(
        &self,
        kind: RepositoryKind,
        id: &HubId,
        choose: impl FnOnce(Vec<Listed>) -> Result<Vec<Listed>, String>,
        enough: impl FnOnce(&Path) -> bool,
        watch: &mut Watch<'_>,
    ) -> Result<PathBuf, Error> {
        let (cached, address) = (self.cached(kind, id), self.list_address(kind, id));
        let Listing { commit, files } = match self.list(&address) {
            Ok(listed) => listed,
            Err(failed) => {
                let known = cached.snapshot(&id.revision).filter(|folder| enough(folder));
                return self.without_answer((id, &address), failed, known, watch);
            }
        };
        let wanted = choose(files).map_err(|problem| Error::Hub { id: id.to_string(), tried: address, problem })?;
        self.fetch(kind, id, &commit, &wanted, watch)?;
        Ok(cached.folder(&commit))
    }

    fn cached(&self, kind: RepositoryKind, id: &HubId) -> Cached {
        Cached { root: self.cache.join(id.cache_folder(kind.folder)) }
    }

    fn list_address(&self, kind: RepositoryKind, id: &HubId) -> String {
        let revision = quoted(&id.revision, true);
        format!("{}/api/{}/{}/revision/{revision}?blobs=true", self.endpoint, kind.folder, id.repository)
    }

    /// What is in the cache where nobody answers; a refusal stays one.
    fn without_answer(
        &self,
        (id, address): (&HubId, &str),
        failed: Failed,
        known: Option<PathBuf>,
        watch: &mut Watch<'_>,
    ) -> Result<PathBuf, Error> {
        let problem = match (failed, known) {
            (Failed::Silent(_), Some(known)) if self.offline => return Ok(known),
            (Failed::Silent(problem), Some(known)) => {
                watch(Event::Warning(format!("{problem}: {id} is taken from the cache, {}", known.display())));
                return Ok(known);
            }
            (Failed::Silent(problem), None) => {
                format!("{problem}, and it is not in the cache {}", self.cache.display())
            }
            (Failed::Answered(problem), _) => problem,
        };
        Err(Error::Hub { id: id.to_string(), tried: address.to_owned(), problem })
    }

    /// The commit of a revision, and its files.
    fn list(&self, address: &str) -> Result<Listing, Failed> {
        if self.offline {
            return Err(Failed::Silent("HF_HUB_OFFLINE is set".to_owned()));
        }
        let answer = self.get(address)?.into_body().into_with_config().limit(LONGEST_LIST).read_to_vec();
        let answer = answer.map_err(|error| Failed::Silent(format!("its answer broke off: {error}")))?;
        let bad = |problem: &str| Failed::Answered(format!("its answer is not the hub's: {problem}"));
        let value: Value = serde_json::from_slice(&answer).map_err(|error| bad(&error.to_string()))?;
        let commit =
            value["sha"].as_str().filter(|commit| is_commit(commit)).ok_or_else(|| bad("it names no commit"))?;
        let files = value["siblings"].as_array().ok_or_else(|| bad("it lists no files"))?;
        Ok(Listing { commit: commit.to_owned(), files: files.iter().filter_map(listed).collect() })
    }

    fn fetch(
        &self,
        kind: RepositoryKind,
        id: &HubId,
        commit: &str,
        files: &[Listed],
        watch: &mut Watch<'_>,
    ) -> Result<(), Error> {
        let cached = self.cached(kind, id);
        let wanted: Vec<&Listed> = files.iter().filter(|file| !cached.has(commit, file)).collect();
        let total: u64 = wanted.iter().filter_map(|file| file.size).sum();
        let mut before = 0;
        for (at, file) in wanted.iter().enumerate() {
            if at == 0 {
                watch(Event::Begin(format!("{id}: downloading")));
            }
            let path = quoted(&file.path, false);
            let address = format!("{}/{}{}/resolve/{commit}/{path}", self.endpoint, kind.address, id.repository);
            let refused = |problem: String| Error::Hub { id: id.to_string(), tried: address.clone(), problem };
            let answer = self.get(&address).map_err(|failed| match failed {
                Failed::Silent(problem) | Failed::Answered(problem) => refused(problem),
            })?;
            let length = answer.body().content_length();
            let mut body = answer.into_body().into_reader();
            let mut told = |size: u64| {
                let megabytes = |bytes: u64| (bytes / 1_000_000) as usize;
                let (done, total) = (megabytes(before + size), megabytes(total.max(before + size)));
                watch(Event::Progress { done, total, detail: format!("MB {}", file.path) });
            };
            cached
                .keep(commit, file, Download { body: &mut body, length }, &mut told)
                .map_err(|why| kept_error(why, refused))?;
            before += file.size.unwrap_or(0);
        }
        if !wanted.is_empty() {
            watch(Event::End(format!("{id}: {} files downloaded, commit {commit}", wanted.len())));
        }
        let refused = |problem: String| Error::Hub { id: id.to_string(), tried: self.endpoint.clone(), problem };
        // Last, so that a revision in the cache has its files.
        cached.remember(&id.revision, commit).map_err(|why| kept_error(why, refused))
    }

    fn get(&self, address: &str) -> Result<Response<Body>, Failed> {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(15)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .user_agent(concat!("acbench/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        let mut request = agent.get(address);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.call().map_err(|error| Failed::Silent(format!("{NO_SERVER} ({error})")))?;
        let token = match &self.token {
            Some(_) => "the token in HF_TOKEN has no right to it, or its terms are not accepted yet on its page",
            None => "private and gated repositories need a token in HF_TOKEN, and their terms accepted on their page",
        };
        match answer.status().as_u16() {
            200 => Ok(answer),
            status @ (401 | 403) => Err(Failed::Answered(format!("it answers {status}: there is none, or {token}"))),
            404 => Err(Failed::Answered(format!("it answers 404: no such repository, revision or file; or {token}"))),
            status @ 500.. => Err(Failed::Silent(format!("it answers {status}"))),
            status => Err(Failed::Answered(format!("it answers {status}"))),
        }
    }
}

fn kept_error(why: Refused, refused: impl FnOnce(String) -> Error) -> Error {
    match why {
        Refused::Body(problem) => refused(problem),
        Refused::Disk(path, source) => record::RecordError::io("write", &path, source).into(),
    }
}

/// One line of the hub's list; none where its path leaves the repository.
fn listed(value: &Value) -> Option<Listed> {
    let digits = |value: &Value| {
        value
            .as_str()
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()) && text.len() >= 32)
            .map(str::to_owned)
    };
    let path = value["rfilename"].as_str().filter(|path| is_path(path))?;
    let large = &value["lfs"];
    Some(Listed {
        path: path.to_owned(),
        size: value["size"].as_u64().or_else(|| large["size"].as_u64()),
        sha256: digits(&large["sha256"]),
        blob: digits(&value["blobId"]),
    })
}

/// Whether a file of a model is fetched.
fn is_wanted(path: &str) -> bool {
    match path.split_once('/') {
        None => {
            FILES.contains(&path)
                || path.ends_with(".safetensors")
                || path.starts_with("config") && path.ends_with(".json")
        }
        // The settings of sentence-transformers' modules: `1_Pooling/config.json`.
        Some((folder, file)) => folder.starts_with(|c: char| c.is_ascii_digit()) && file == "config.json",
    }
}

/// Whether a file is fetched with a folder of a data set.
fn is_data(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| DATA.contains(&ending))
}

/// A path for an address; `whole` quotes slashes too.
fn quoted(path: &str, whole: bool) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) || byte == b'/' && !whole;
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
