//! What asking takes: the clock, processors and, where the system tells, joules.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use record::{Effort, RecordError, run_path};

/// What was written down of a variant; nothing where nobody did, or where the file is broken: no score depends on it.
pub(crate) fn efforts(root: &Path, variant: &str) -> Vec<Effort> {
    record::read_json(&run_path::efforts(root, variant)).unwrap_or_default()
}

/// Writes down one more.
///
/// # Errors
/// A disk that is full.
pub(crate) fn add(root: &Path, variant: &str, effort: Effort) -> Result<(), RecordError> {
    let mut all = efforts(root, variant);
    all.push(effort);
    record::write_json(&run_path::efforts(root, variant), &all)
}

/// Measures one piece of work after another.
pub(crate) struct Meter {
    energy: Option<Energy>,
    /// Watts of the machine at rest.
    idle: Option<f64>,
    began: Instant,
    cpu: Option<f64>,
}

/// How long the machine is watched at rest.
const REST: Duration = Duration::from_secs(1);

impl Meter {
    /// Measures from now on, after a second of rest where there is a counter of joules.
    pub(crate) fn new() -> Self {
        let mut energy = Energy::open(Path::new("/sys/class/powercap"));
        let idle = energy.as_mut().and_then(|energy| {
            sleep(REST);
            energy.tick();
            energy.take().map(|joules| joules / REST.as_secs_f64())
        });
        Self { energy, idle, began: Instant::now(), cpu: cpu_seconds() }
    }

    /// Begins the next piece.
    pub(crate) fn begin(&mut self) {
        self.tick();
        self.energy.as_mut().map(Energy::take);
        (self.began, self.cpu) = (Instant::now(), cpu_seconds());
    }

    /// Looks at the counter of joules, which begins again from 0 every few minutes to hours.
    pub(crate) fn tick(&mut self) {
        self.energy.iter_mut().for_each(Energy::tick);
    }

    /// What the piece took.
    pub(crate) fn end(&mut self, task: &str, replies: usize, tokens: usize) -> Effort {
        self.tick();
        let seconds = self.began.elapsed().as_secs_f64();
        let energy_j = self.energy.as_mut().and_then(Energy::take);
        Effort {
            task: task.to_owned(),
            seconds,
            cpu_seconds: cpu_seconds().zip(self.cpu).map(|(now, then)| now - then),
            idle_j: energy_j.and(self.idle).map(|watts| watts * seconds),
            energy_j,
            replies,
            tokens,
        }
    }
}

/// The joules of all processor packages, from the kernel's power capping framework (RAPL on Intel and AMD).
struct Energy {
    packages: Vec<Package>,
    joules: f64,
    known: bool,
}

struct Package {
    counter: PathBuf,
    /// Microjoules after which it begins again.
    range: f64,
    last: f64,
}

impl Energy {
    /// `None` where there is no package, or one that may not be read (its counters are root's on many systems).
    fn open(folder: &Path) -> Option<Self> {
        let mut packages = Vec::new();
        for entry in std::fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            let name = std::fs::read_to_string(path.join("name")).unwrap_or_default();
            if name.starts_with("package") {
                let counter = path.join("energy_uj");
                packages.push(Package {
                    last: number(&counter)?,
                    range: number(&path.join("max_energy_range_uj"))?,
                    counter,
                });
            }
        }
        (!packages.is_empty()).then_some(Self { packages, joules: 0.0, known: true })
    }

    fn tick(&mut self) {
        for package in &mut self.packages {
            let Some(now) = number(&package.counter) else {
                self.known = false;
                continue;
            };
            let gone = if now >= package.last { now - package.last } else { now + package.range - package.last };
            self.joules += gone / 1e6;
            package.last = now;
        }
    }

    /// The joules since the last time; `None` where some could not be read.
    fn take(&mut self) -> Option<f64> {
        let joules = std::mem::take(&mut self.joules);
        std::mem::replace(&mut self.known, true).then_some(joules)
    }
}

fn number(path: &Path) -> Option<f64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Processor seconds of this process, user's and system's; `None` where the system has no `/proc`.
fn cpu_seconds() -> Option<f64> {
    /// The kernel tells times in hundredths of a second, whatever its own clock does.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in brackets, may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joules_are_counted_over_the_packages_and_past_the_end_of_their_range() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let write = |package: &str, file: &str, text: &str| {
            let path = folder.path().join(package);
            std::fs::create_dir_all(&path)?;
            std::fs::write(path.join(file), text)
        };
        for (package, name) in
            [("intel-rapl:0", "package-0\n"), ("intel-rapl:1", "package-1\n"), ("intel-rapl:0:0", "core\n")]
        {
            write(package, "name", name)?;
            write(package, "energy_uj", "9000000\n")?;
            write(package, "max_energy_range_uj", "10000000\n")?;
        }
        let mut energy = Energy::open(folder.path()).ok_or_else(|| std::io::Error::other("no packages"))?;
        write("intel-rapl:0", "energy_uj", "9500000\n")?;
        write("intel-rapl:1", "energy_uj", "2000000\n")?;
        energy.tick();
        assert_eq!(energy.take(), Some(0.5 + 3.0));
        energy.tick();
        assert_eq!(energy.take(), Some(0.0));
        std::fs::remove_file(folder.path().join("intel-rapl:1/energy_uj"))?;
        energy.tick();
        assert_eq!(energy.take(), None);
        assert!(Energy::open(folder.path()).is_none() && Energy::open(&folder.path().join("none")).is_none());
        Ok(())
    }

    #[test]
    fn a_piece_of_work_takes_what_it_took() {
        let mut meter = Meter::new();
        meter.begin();
        let until = Instant::now() + Duration::from_millis(60);
        while Instant::now() < until {
            std::hint::black_box(0);
        }
        let effort = meter.end("t", 2, 6);
        assert!(effort.seconds >= 0.06 && effort.tokens_per_second().is_some_and(|rate| rate <= 100.0), "{effort:?}");
        assert!(effort.cpu_seconds.is_none_or(|cpu| cpu >= 0.0));
    }
}
