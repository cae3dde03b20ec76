//! What a model takes of memory while it replies, before it is loaded, and what there is.

use std::path::{Path, PathBuf};

use crate::decoder::cache::SequenceCache;
use crate::decoder::model::CHUNK;
use crate::{Checkpoint, ModelError, SessionOptions, arch};

/// The program, its tables, the tokenizer.
const PROGRAM: u64 = 64 << 20;

/// What a model takes of memory while it replies, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryNeed {
    /// Weight files. They are mapped: the system takes pages back where it lacks memory, and reads them again when they are
    /// looked at, which is slow.
    pub mapped: u64,
    /// Weights that are held beside the files, in the form that products are fastest with.
    pub held: u64,
    /// Keys and values of one token.
    pub token: u64,
    /// The most keys and values of replies under way.
    pub under_way: u64,
    /// The most keys and values that are kept for prompts that begin alike.
    pub kept: u64,
    /// What is computed on the way through the model, and the program itself.
    pub work: u64,
}

impl MemoryNeed {
    /// For a model that is not loaded yet.
    pub fn of(checkpoint: &Checkpoint, options: &SessionOptions) -> Self {
        let config = checkpoint.config();
        let whole = SequenceCache::bytes_of(config, config.max_positions);
        let under_way = whole.saturating_mul(options.batch_size).min(options.active_bytes.max(whole));
        let widest = arch::linears(config).map(|linear| linear.shape.0.max(linear.shape.1)).max().unwrap_or(0);
        // The stream and its sums, what goes into a linear and what comes out; gate and up are two.
        let flow = CHUNK * (4 * config.hidden_size + 3 * widest);
        let logits = options.batch_size * config.vocab_size;
        Self {
            mapped: checkpoint.weight_bytes() as u64,
            held: checkpoint.held_bytes() as u64,
            token: SequenceCache::bytes_of(config, 1) as u64,
            under_way: under_way as u64,
            kept: options.retained_bytes as u64,
            work: PROGRAM + 4 * (flow + logits) as u64,
        }
    }

    /// With less than this it cannot run; what is mapped does not count.
    pub fn least(&self) -> u64 {
        self.held + self.work
    }

    /// More than this it never takes, pages of files included.
    pub fn most(&self) -> u64 {
        self.mapped + self.held + self.under_way + self.kept + self.work
    }

    /// That there is enough to begin with. `available`: bytes; absent where the system does not say.
    ///
    /// # Errors
    /// [`ModelError::Memory`] where it cannot run.
    pub fn check(&self, available: Option<u64>) -> Result<(), ModelError> {
        match available {
            Some(available) if available < self.least() => Err(ModelError::Memory { least: self.least(), available }),
            _ => Ok(()),
        }
    }
}

impl SessionOptions {
    /// The same, with no more keys and values than there is memory for: fewer replies are made at the same time then. What
    /// they say does not change. `available`: bytes; absent where the system does not say.
    #[must_use]
    pub fn within(self, available: Option<u64>) -> Self {
        let available = available.map_or(usize::MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        Self {
            active_bytes: self.active_bytes.min(available / 2),
            retained_bytes: self.retained_bytes.min(available / 8),
            ..self
        }
    }
}

/// Bytes that this process can still take: what the system has, and what the control groups of this process leave it (a
/// container's limit, a job's). `None` where the system does not say.
pub fn available() -> Option<u64> {
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    let system = field(&read(Path::new("/proc/meminfo"))?, "MemAvailable:").map(|kilobytes| kilobytes * 1024);
    let groups = read(Path::new("/proc/self/cgroup")).unwrap_or_default();
    groups.lines().filter_map(folder).filter_map(|(folder, names)| left(&folder, names, &read)).chain(system).min()
}

/// Where a control group says how much memory it may take, how much it takes, and how much of that is pages of files.
type Names = (&'static str, &'static str, &'static str);

/// The folder of a line of `/proc/self/cgroup` that is about memory, and the names of its files.
fn folder(line: &str) -> Option<(PathBuf, Names)> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let (root, names) = match controllers {
        "" => ("/sys/fs/cgroup", ("memory.max", "memory.current", "file")),
        "memory" => ("/sys/fs/cgroup/memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache")),
        _ => return None,
    };
    Some((Path::new(root).join(path.trim_start_matches('/')), names))
}

/// What a control group and those around it leave.
fn left(folder: &Path, (limit, used, files): Names, read: &dyn Fn(&Path) -> Option<String>) -> Option<u64> {
    let number = |path: PathBuf| read(&path)?.trim().parse::<u64>().ok();
    let of = |folder: &Path| {
        let (limit, used) = (number(folder.join(limit))?, number(folder.join(used))?);
        let files = read(&folder.join("memory.stat")).and_then(|text| field(&text, files)).unwrap_or(0);
        Some(limit.saturating_sub(used.saturating_sub(files)))
    };
    folder.ancestors().take_while(|folder| folder.starts_with("/sys/fs/cgroup")).filter_map(of).min()
}

/// The number of a line that begins with this word.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().map(str::split_whitespace);
    let mut words = lines.find_map(|mut words| (words.next() == Some(name)).then_some(words))?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_of_the_groups_around_a_process_counts() {
        let files = [
            ("/sys/fs/cgroup/memory.max", "max\n"),
            ("/sys/fs/cgroup/memory.current", "5000\n"),
            ("/sys/fs/cgroup/job/memory.max", "1000\n"),
            ("/sys/fs/cgroup/job/memory.current", "900\n"),
            ("/sys/fs/cgroup/job/memory.stat", "anon 500\nfile 400\nfile_mapped 7\n"),
            ("/sys/fs/cgroup/job/step/memory.max", "800\n"),
            ("/sys/fs/cgroup/job/step/memory.current", "50\n"),
        ];
        let read = |path: &Path| files.iter().find(|(name, _)| Path::new(name) == path).map(|one| one.1.to_owned());
        let left = |line: &str| folder(line).and_then(|(folder, names)| left(&folder, names, &read));
        assert_eq!(left("0::/job/step"), Some(500));
        assert_eq!(left("0::/job"), Some(500));
        assert_eq!(left("0::/"), None, "no limit");
        assert_eq!(left("4:memory:/elsewhere"), None);
        assert_eq!(left("3:cpuset:/job"), None);
    }

    #[test]
    fn too_little_memory_is_an_error_and_less_memory_makes_fewer_replies_at_a_time() -> Result<(), ModelError> {
        let checkpoint = Checkpoint::bundled()?;
        let need = MemoryNeed::of(&checkpoint, &SessionOptions::default());
        assert!(need.least() < need.most() && need.held < need.mapped, "{need:?}");
        need.check(None)?;
        need.check(Some(need.least()))?;
        let told = need.check(Some(10 << 20)).map_err(|error| error.to_string()).unwrap_err();
        assert!(told.contains("10 MB"), "{told}");
        let options = SessionOptions::default();
        assert_eq!(options.within(None), options);
        assert_eq!(options.within(Some(1 << 20)).active_bytes, 1 << 19);
        Ok(())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_system_says_what_there_is() {
        assert!(available().is_some_and(|bytes| bytes > 1 << 20));
    }
}
