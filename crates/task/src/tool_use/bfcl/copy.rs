//! The user's copy of the benchmark: the wheel of `bfcl-eval` as it is or unpacked, a checkout, or its data alone.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use zip::ZipArchive;

use crate::{Files, TaskError};

/// The version whose numbers are known.
pub const KNOWN_VERSION: &str = "2026.3.23";

/// The most bytes of one file; the largest of the benchmark has 4 MB.
const MAX_BYTES: u64 = 256 << 20;
/// The most files of a wheel; the benchmark's has 293.
const MAX_FILES: usize = 10_000;

/// Where the benchmark comes from.
pub(super) const FILES: Files = Files {
    names: &["bfcl_eval-2026.3.23-py3-none-any.whl"],
    source: "the Python package index (pip download --no-deps bfcl-eval==2026.3.23), or bfcl_eval/ of \
        github.com/ShishirPatil/gorilla, folder berkeley-function-call-leaderboard",
    license: "Apache-2.0",
    put: "name the wheel, the folder that it is unpacked in, or the checkout",
};

/// Folders that may lie between the named one and `data/`.
const INSIDE: [&str; 4] = ["", "bfcl_eval", "berkeley-function-call-leaderboard/bfcl_eval", "site-packages/bfcl_eval"];

enum Place {
    /// The folder of `BFCL_v4_*.json`, and the package's folder, where its texts lie.
    Folder { data: PathBuf, package: Option<PathBuf> },
    /// A wheel and the names of its files.
    Wheel { path: PathBuf, names: Vec<String> },
}

/// A copy of the benchmark.
pub struct Copy {
    place: Place,
}

/// An entry of a category, and what is right.
#[derive(Debug, Clone)]
pub struct Row {
    /// `live_simple_3-1-0`
    pub id: String,
    /// The entry as the file has it.
    pub entry: Json,
    /// Its `ground_truth`; null where the category has none.
    pub truth: Json,
}

/// A row whose entry and answer are still the lines of their files: most of their content is not looked at by who judges.
#[derive(Debug, Clone)]
pub struct RawRow {
    /// `live_simple_3-1-0`
    pub id: String,
    file: String,
    line: usize,
    entry: String,
    truth: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: Json,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    ground_truth: Json,
}

#[derive(Deserialize)]
struct Offered {
    #[serde(default)]
    function: Json,
}

impl Copy {
    /// Finds the benchmark in a folder, or opens a wheel.
    ///
    /// # Errors
    /// Nothing of it is there: where it comes from.
    pub fn open(path: &Path) -> Result<Self, TaskError> {
        let first = "BFCL_v4_simple_python.json";
        if path.is_file() {
            return Self::wheel(path);
        }
        for inside in INSIDE {
            let package = if inside.is_empty() { path.to_owned() } else { path.join(inside) };
            if package.join("data").join(first).is_file() {
                return Ok(Self { place: Place::Folder { data: package.join("data"), package: Some(package) } });
            }
        }
        if path.join(first).is_file() {
            let package = path.parent().filter(|parent| parent.join("constants").is_dir()).map(Path::to_owned);
            return Ok(Self { place: Place::Folder { data: path.to_owned(), package } });
        }
        let wheels = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_wheel = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            name.starts_with("bfcl_eval-") && name.ends_with(".whl")
        };
        match wheels.filter(is_wheel).max() {
            Some(wheel) => Self::wheel(&wheel),
            None => Err(TaskError::Missing { task: "bfcl", path: path.join(first), files: &[FILES] }),
        }
    }

    fn wheel(path: &Path) -> Result<Self, TaskError> {
        let zip = opened(path)?;
        if zip.len() > MAX_FILES {
            return Err(broken(path, "the list of files", format!("{} files, more than {MAX_FILES}", zip.len())));
        }
        let names = zip.file_names().map(|name| name.map(|name| name.into_owned())).collect::<Result<Vec<_>, _>>();
        let names = names.map_err(|error| broken(path, "the list of files", error.to_string()))?;
        let copy = Self { place: Place::Wheel { path: path.to_owned(), names } };
        match copy.has("data/BFCL_v4_simple_python.json") {
            true => Ok(copy),
            false => Err(TaskError::Missing { task: "bfcl", path: path.to_owned(), files: &[FILES] }),
        }
    }

    fn has(&self, name: &str) -> bool {
        match &self.place {
            Place::Folder { .. } => self.path(name).is_file(),
            Place::Wheel { names, .. } => names.iter().any(|other| *other == format!("bfcl_eval/{name}")),
        }
    }

    /// Where a file of the package lies, or would lie.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        match (&self.place, name.strip_prefix("data/")) {
            (Place::Folder { data, .. }, Some(inside)) => data.join(inside),
            (Place::Folder { data, package }, None) => package.as_ref().unwrap_or(data).join(name),
            (Place::Wheel { path, .. }, _) => path.clone(),
        }
    }

    /// The text of a file of the package, `constants/default_prompts.py`; `None` where the copy lacks it.
    ///
    /// # Errors
    /// A file that cannot be read, or is no text.
    pub fn text(&self, name: &str) -> Result<Option<String>, TaskError> {
        if !self.has(name) {
            return Ok(None);
        }
        let path = self.path(name);
        let bytes = match &self.place {
            Place::Folder { .. } => crate::text::read_bytes(&path)?,
            Place::Wheel { path, .. } => unpacked(path, &format!("bfcl_eval/{name}"))?,
        };
        record::text(&bytes).map(|text| Some(text.to_owned())).map_err(|why| crate::text::wrong(&path, why))
    }

    /// The text of a file that the copy must have.
    ///
    /// # Errors
    /// It lacks it: where it comes from.
    pub fn needed(&self, name: &str) -> Result<String, TaskError> {
        let path = || match &self.place {
            Place::Folder { .. } => self.path(name),
            Place::Wheel { path, .. } => path.join("bfcl_eval").join(name),
        };
        let missing = || TaskError::Missing { task: "bfcl", path: path(), files: &[FILES] };
        self.text(name)?.ok_or_else(missing)
    }

    /// The values of a file of JSON lines.
    ///
    /// # Errors
    /// A file that is missing or broken.
    pub fn lines(&self, name: &str) -> Result<Vec<Json>, TaskError> {
        self.each_line(name, |line| serde_json::from_str(line))
    }

    /// The entries of a file of questions, each with its answer; `category` as in the file's name, `memory` for all
    /// backends.
    ///
    /// # Errors
    /// A file that is missing or broken, an entry without id or with another's answer.
    pub fn rows(&self, category: &str) -> Result<Vec<Row>, TaskError> {
        self.raw_rows(category)?.iter().map(|row| self.read(row)).collect()
    }

    /// The same, of which only ids are read.
    ///
    /// # Errors
    /// As [`Copy::rows`].
    pub fn raw_rows(&self, category: &str) -> Result<Vec<RawRow>, TaskError> {
        let name = format!("data/BFCL_v4_{category}.json");
        let answers = format!("data/possible_answer/BFCL_v4_{category}.json");
        let answered = !matches!(category, "irrelevance" | "live_irrelevance" | "live_relevance");
        let mut truths = if answered { self.named(&answers)? } else { Vec::new() }.into_iter();
        let row = |(index, (id, entry)): (usize, (Json, String))| {
            let bad = |problem: &str| broken(&self.path(&name), &format!("line {}", index + 1), problem.to_owned());
            let id = id.as_str().ok_or_else(|| bad("it has no \"id\""))?.to_owned();
            let truth = match truths.next() {
                None if !answered => None,
                Some((of, truth)) if of == *id => Some(truth),
                _ => return Err(bad(&format!("{answers} has no answer to it on the same line"))),
            };
            Ok(RawRow { id, file: name.clone(), line: index + 1, entry, truth })
        };
        self.named(&name)?.into_iter().enumerate().map(row).collect()
    }

    /// Reads a row.
    ///
    /// # Errors
    /// Lines that are too deep to be read.
    pub fn read(&self, row: &RawRow) -> Result<Row, TaskError> {
        Ok(Row { id: row.id.clone(), entry: self.part(row, &row.entry)?, truth: self.truth(row)? })
    }

    /// Reads the answer of a row; null where it has none.
    ///
    /// # Errors
    /// As [`Copy::read`].
    pub fn truth(&self, row: &RawRow) -> Result<Json, TaskError> {
        let truth = row.truth.as_ref().map(|truth| self.part::<Answer>(row, truth)).transpose()?;
        Ok(truth.map_or(Json::Null, |truth| truth.ground_truth))
    }

    /// Reads the functions that the entry of a row offers; null where it offers none.
    ///
    /// # Errors
    /// As [`Copy::read`].
    pub fn functions(&self, row: &RawRow) -> Result<Json, TaskError> {
        Ok(self.part::<Offered>(row, &row.entry)?.function)
    }

    fn part<T: DeserializeOwned>(&self, row: &RawRow, text: &str) -> Result<T, TaskError> {
        serde_json::from_str(text).map_err(|error| self.unread(&row.file, row.line, &error))
    }

    /// The lines of a file, each with its id.
    fn named(&self, name: &str) -> Result<Vec<(Json, String)>, TaskError> {
        self.each_line(name, |line| serde_json::from_str(line).map(|Named { id }| (id, line.to_owned())))
    }

    /// What `read` makes of the lines of a file.
    fn each_line<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<T, serde_json::Error>,
    ) -> Result<Vec<T>, TaskError> {
        let text = self.needed(name)?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines.map(|(index, line)| read(line).map_err(|error| self.unread(name, index + 1, &error))).collect()
    }

    fn unread(&self, name: &str, line: usize, error: &serde_json::Error) -> TaskError {
        broken(&self.path(name), &format!("line {line}"), error.to_string())
    }

    /// The version that the copy says it is; `None` where it does not.
    pub fn version(&self) -> Option<String> {
        let wheel = |name: &str| {
            let version = name.strip_prefix("bfcl_eval-")?.split(['-', '/']).next()?;
            version.trim_end_matches(".dist").trim_end_matches(".dist-info").split(".dist").next().map(str::to_owned)
        };
        match &self.place {
            Place::Wheel { names, .. } => names.iter().find_map(|name| wheel(name)),
            Place::Folder { package, .. } => {
                let beside = fs::read_dir(package.as_ref()?.parent()?).ok()?.flatten();
                beside.map(|entry| entry.file_name().to_string_lossy().into_owned()).find_map(|name| wheel(&name))
            }
        }
    }
}

fn opened(path: &Path) -> Result<ZipArchive<BufReader<File>>, TaskError> {
    let file = File::open(path).map_err(|source| TaskError::Read { path: path.to_owned(), source })?;
    ZipArchive::new(BufReader::new(file)).map_err(|error| {
        broken(path, "the list of files", format!("{error}; the download may be cut off, fetch it again"))
    })
}

fn unpacked(path: &Path, name: &str) -> Result<Vec<u8>, TaskError> {
    let failed = |problem: String| broken(path, name, problem);
    let mut zip = opened(path)?;
    let entry = zip.by_name(name).map_err(|error| failed(error.to_string()))?;
    let mut bytes = Vec::new();
    let read = entry.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| failed(format!("{error}; the download may be damaged, fetch it again")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(failed(format!("it unpacks to more than {} MB", MAX_BYTES >> 20)));
    }
    Ok(bytes)
}

fn broken(path: &Path, place: &str, problem: String) -> TaskError {
    TaskError::Format { path: path.to_owned(), place: place.to_owned(), problem }
}
