//! Workers that share runs on a folder: whatever happens to them, the scores are those of one process, byte by byte.
#![cfg(unix)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use record::{Rng, RunRecord, TranscriptLine, Transcripts, run_path};
use serde_json::{Value, json};
use support::{Checked, acbench, json as json_of, refused, succeeds};
use tempfile::TempDir;

/// `ACBENCH_KILL_WORKERS` says how many workers are killed.
const KILLS: usize = 3;

/// Episodes, long prompts and short ones; a variant that is compressed first; two runs.
fn plan(root: &str) -> String {
    format!(
        "output_path = \"{root}\"\n[each]\ntasks = [\"worfbench\", \"teval_instruct\", \"needle\", \"pddl\"]\nlimit = 4\n\
         compression_method = \"rtn\"\nmethod_args = \"bits=3\"\nbatch_size = 3\n[matrix]\nseed = [0, 1]\n"
    )
}

/// A new folder, and two ways to it: through the two mounts of one file system that `ACBENCH_SHARED=A:B` names, else one.
fn shared() -> Checked<(TempDir, [PathBuf; 2])> {
    let Ok(mounts) = std::env::var("ACBENCH_SHARED") else {
        let folder = tempfile::tempdir()?;
        let here = folder.path().to_owned();
        return Ok((folder, [here.clone(), here]));
    };
    let (one, two) = mounts.split_once(':').ok_or("ACBENCH_SHARED=A:B names two mounts")?;
    let folder = tempfile::tempdir_in(one)?;
    let there = Path::new(two).join(folder.path().file_name().ok_or("no name")?);
    let here = folder.path().to_owned();
    Ok((folder, [here, there]))
}

/// Makes the runs of a sweep.
fn prepare(here: &Path, root: &str, plan: &str) -> Checked<PathBuf> {
    let file = format!("{root}.toml");
    fs::write(here.join(&file), plan)?;
    succeeds(here, &["run", &file, "--prepare"])?;
    Ok(here.join(root))
}

/// The bytes of every score file and analysis of a sweep.
fn results(sweep: &Path) -> Checked<BTreeMap<PathBuf, Vec<u8>>> {
    let mut all = BTreeMap::new();
    for run in folders(sweep)? {
        for variant in folders(&run)? {
            for entry in fs::read_dir(variant.join("scores")).into_iter().flatten() {
                let path = entry?.path();
                all.insert(path.strip_prefix(sweep)?.to_owned(), fs::read(&path)?);
            }
        }
        if let Ok(bytes) = fs::read(run_path::analysis(&run)) {
            all.insert(run_path::analysis(&run).strip_prefix(sweep)?.to_owned(), bytes);
        }
    }
    Ok(all)
}

fn folders(of: &Path) -> Checked<Vec<PathBuf>> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(of)?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    all.sort();
    Ok(all)
}

/// What one process finds of the sweep, and how long it takes.
struct Whole {
    results: BTreeMap<PathBuf, Vec<u8>>,
    replies: usize,
    took: Duration,
}

fn whole() -> Checked<&'static Whole> {
    static WHOLE: OnceLock<Whole> = OnceLock::new();
    static FIRST: Mutex<()> = Mutex::new(());
    let _one = FIRST.lock();
    if let Some(known) = WHOLE.get() {
        return Ok(known);
    }
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("whole.toml"), plan("whole"))?;
    let began = Instant::now();
    succeeds(folder.path(), &["run", "whole.toml"])?;
    let (sweep, took) = (folder.path().join("whole"), began.elapsed());
    let found = Whole { results: results(&sweep)?, replies: replies(&sweep)?.all.len(), took };
    assert_eq!(found.results.len(), 2 * (2 * 4 + 1));
    Ok(WHOLE.get_or_init(|| found))
}

/// What lies in the transcripts of a sweep.
#[derive(Default)]
struct Replies {
    /// Transcript, sample and turn of each reply.
    all: BTreeSet<(PathBuf, String, usize)>,
    /// Lines of replies.
    lines: usize,
    /// Samples that have ended.
    ended: usize,
}

fn replies(sweep: &Path) -> Checked<Replies> {
    let mut found = Replies::default();
    for run in folders(sweep)?.into_iter().filter(|run| run_path::run(run).is_file()) {
        let record: RunRecord = record::read_json(&run_path::run(&run))?;
        let pairs = record.variants.iter().flat_map(|variant| record.tasks.iter().map(move |task| (variant, task)));
        for (variant, task) in pairs {
            let files = run_path::transcript_files(&run, &variant.name, &task.task);
            found.ended += Transcripts::open(&files)?.ended();
            for file in files {
                for line in record::read_torn_jsonl::<TranscriptLine>(&file)? {
                    if let TranscriptLine::Reply { sample, turn, .. } = line {
                        found.lines += 1;
                        found.all.insert((run_path::transcripts(&run, &variant.name, &task.task), sample, turn));
                    }
                }
            }
        }
    }
    Ok(found)
}

/// A worker that ends with the test.
struct Worker(Child);

impl Worker {
    fn begin(here: &Path, args: &[&str]) -> Checked<Self> {
        let mut command = acbench(here, &[&["worker"], args].concat());
        Ok(Self(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?))
    }

    fn signal(&self, name: &str) -> Checked<()> {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status()?;
        assert!(sent.success(), "kill -{name}");
        Ok(())
    }

    /// Its exit code and what it said.
    fn end(mut self) -> Checked<(Option<i32>, String)> {
        let mut said = String::new();
        if let Some(stream) = self.0.stderr.as_mut() {
            std::io::Read::read_to_string(stream, &mut said)?;
        }
        Ok((self.0.wait()?.code(), said))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill().and_then(|()| self.0.wait()));
    }
}

/// Waits until something holds, and not for ever.
fn until(what: &str, mut holds: impl FnMut() -> Checked<bool>) -> Checked<()> {
    let began = Instant::now();
    while !holds()? {
        assert!(began.elapsed() < Duration::from_secs(300), "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

#[test]
fn two_workers_find_what_one_process_finds() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let sweep = prepare(here, "shared", &plan("shared"))?;
    let args = ["shared", "--shard_size", "2", "--batch_size", "3", "--lease_timeout", "6"];
    let (one, two) = (Worker::begin(here, &args)?, Worker::begin(here, &args)?);
    for worker in [one, two] {
        let (code, said) = worker.end()?;
        assert_eq!(code, Some(0), "{said}");
    }
    let whole = whole()?;
    assert_eq!(results(&sweep)?, whole.results);
    let found = replies(&sweep)?;
    assert_eq!((found.all.len(), found.lines), (whole.replies, whole.replies), "every reply once");
    let status = json_of(here, &["status", "shared", "--json"])?;
    assert_eq!((&status["done"], &status["total"]), (&json!(64), &json!(64)));
    assert!(status["runs"].as_array().is_some_and(|runs| runs.iter().all(|run| run["reported"] == true)), "{status}");
    assert!(succeeds(here, &["status", "shared"])?.ends_with("64 of 64 samples\n"));
    // One process goes on with what workers began, and finds nothing to do.
    succeeds(here, &["generate", "shared/seed-0"])?;
    assert_eq!(replies(&sweep)?.lines, whole.replies);
    Ok(())
}

#[test]
fn workers_killed_at_any_moment_are_replaced_and_the_scores_are_the_same() -> Checked<()> {
    let whole = whole()?;
    let wanted = std::env::var("ACBENCH_KILL_WORKERS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let (_folder, places) = shared()?;
    let here = &places[0];
    // Between two hosts a sign of life takes longer.
    let timeout = if places[0] == places[1] { "1" } else { "4" };
    let args = |name: &str| -> Vec<String> {
        [name, "--shard_size", "3", "--batch_size", "3", "--lease_timeout", timeout]
            .iter()
            .map(|&arg| arg.to_owned())
            .collect()
    };
    let mut rng = Rng::new(7);
    let (mut kills, mut sweeps, mut twice) = (0, 0, 0);
    while kills < wanted || sweeps == 0 {
        let name = format!("sweep-{sweeps}");
        let sweep = prepare(here, &name, &plan(&name))?;
        let args = args(&name);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut workers = vec![Worker::begin(&places[0], &args)?, Worker::begin(&places[1], &args)?];
        let mut before = 0;
        while !workers.is_empty() {
            // Of a few kills a sweep, most are in the middle of work.
            std::thread::sleep(whole.took.mul_f64(rng.uniform() / 2.0));
            let at = rng.below(workers.len());
            let worker = workers.swap_remove(at);
            if kills < wanted {
                worker.signal("KILL")?;
                drop(worker);
                kills += 1;
                let ended = replies(&sweep)?.ended;
                assert!(ended >= before, "samples that had ended were lost: {before}, then {ended}");
                before = ended;
                workers.push(Worker::begin(&places[kills % 2], &args)?);
            } else {
                let (code, said) = worker.end()?;
                assert_eq!(code, Some(0), "{said}");
            }
            if kills < wanted && folders(&sweep)?.iter().all(|run| run_path::report(run).join("index.html").is_file()) {
                break;
            }
        }
        for worker in workers {
            let (code, said) = worker.end()?;
            assert_eq!(code, Some(0), "{said}");
        }
        assert!(results(&sweep)? == whole.results, "sweep {sweeps}: other scores");
        let found = replies(&sweep)?;
        assert_eq!((found.all.len(), found.ended), (whole.replies, 64), "sweep {sweeps}");
        twice += found.lines - found.all.len();
        sweeps += 1;
        fs::remove_dir_all(&sweep)?;
    }
    println!(
        "{kills} workers killed in {sweeps} sweeps of {} replies: scores byte-identical, no reply lost, none counted \
         twice; {twice} lines copied from a worker that was killed, or asked for again",
        whole.replies
    );
    Ok(())
}

/// A plan of one run that is long enough to be interrupted.
fn long(root: &str) -> String {
    format!("output_path = \"{root}\"\n[each]\ntasks = [\"pddl\"]\nlimit = 12\nseed = 3\n")
}

/// The lines of the transcripts of the only run.
fn lines(run: &Path) -> usize {
    let files = run_path::transcript_files(run, "dense", "pddl");
    files.iter().filter_map(|file| fs::read(file).ok()).flatten().filter(|byte| *byte == b'\n').count()
}

#[test]
fn a_worker_that_was_stopped_and_wakes_up_after_its_lease_was_taken_writes_nothing_more() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let run = prepare(here, "stalled", &long("stalled"))?.join("run");
    let args = ["stalled", "--shard_size", "12", "--batch_size", "2", "--lease_timeout", "1"];
    let stalled = Worker::begin(here, &args)?;
    until("a reply of the first worker", || Ok(lines(&run) > 0))?;
    stalled.signal("STOP")?;
    let (code, said) = Worker::begin(here, &args)?.end()?;
    assert_eq!(code, Some(0), "{said}");
    let files = |run: &Path| -> Checked<BTreeMap<PathBuf, Vec<u8>>> {
        let files = run_path::transcript_files(run, "dense", "pddl");
        files.into_iter().map(|file| Ok((file.clone(), fs::read(file)?))).collect()
    };
    let (before, scores) = (files(&run)?, results(&here.join("stalled"))?);
    assert_eq!(before.len(), 2, "a file for each lease");
    stalled.signal("CONT")?;
    let (code, said) = stalled.end()?;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("has taken it over; nothing more is written"), "{said}");
    assert!(files(&run)? == before && results(&here.join("stalled"))? == scores);
    // The replies of the first were gone on with.
    let all = replies(&here.join("stalled"))?.all;
    fs::write(here.join("alone.toml"), long("alone"))?;
    succeeds(here, &["run", "alone.toml"])?;
    assert_eq!(replies(&here.join("alone"))?.all.len(), all.len());
    assert_eq!(results(&here.join("alone"))?, scores);
    Ok(())
}

#[test]
fn a_worker_that_is_told_to_end_gives_its_work_back() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let run = prepare(here, "told", &long("told"))?.join("run");
    let args = ["told", "--shard_size", "12", "--batch_size", "2"];
    let told = Worker::begin(here, &args)?;
    until("a reply", || Ok(lines(&run) > 0))?;
    told.signal("USR1")?;
    let (code, said) = told.end()?;
    assert_eq!(code, Some(75), "{said}");
    assert!(run_path::leases(&run).join("generate.dense.pddl.00000.1.free").is_file());
    let before = lines(&run);
    // Nobody has to wait for a time-out.
    let began = Instant::now();
    let (code, said) = Worker::begin(here, &args)?.end()?;
    assert_eq!(code, Some(0), "{said}");
    assert!(began.elapsed() < Duration::from_secs(60) && lines(&run) > before);
    fs::write(here.join("alone.toml"), long("alone"))?;
    succeeds(here, &["run", "alone.toml"])?;
    assert_eq!(results(&here.join("alone"))?, results(&here.join("told"))?);
    Ok(())
}

#[test]
fn the_lease_of_a_worker_elsewhere_is_respected_until_it_is_silent() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    fs::write(here.join("plan.toml"), long("far"))?;
    succeeds(here, &["submit", "plan.toml", "--executor", "slurm", "--dry_run", "--shard_size", "4"])?;
    let run = here.join("far/run");
    let lease = run_path::leases(&run).join("generate.dense.pddl.00001.1.lease");
    fs::rename(run_path::leases(&run).join("generate.dense.pddl.00001.0.free"), &lease)?;
    let held = |timeout: u64| {
        json!({"host": "elsewhere", "pid": 7, "token": "0123456789abcdef", "timeout_s": timeout}).to_string()
    };
    fs::write(&lease, held(3600))?;
    let worker = Worker::begin(here, &["far", "--lease_timeout", "1"])?;
    let done = |run: &Path| {
        Ok(run_path::leases(run).join("generate.dense.pddl.00002.1.done").is_file()
            && run_path::leases(run).join("generate.dense.pddl.00000.1.done").is_file())
    };
    until("the shards that are free", || done(&run))?;
    std::thread::sleep(Duration::from_secs(2));
    assert!(lease.is_file() && !run_path::shard(&run, "dense", "pddl", (1, 2)).exists());
    let status: Value = json_of(here, &["status", "far", "--json"])?;
    let shown = &status["runs"][0]["workers"][0];
    assert_eq!(
        (&shown["host"], &shown["gone"], &status["done"]),
        (&json!("elsewhere"), &json!(false), &json!(8)),
        "{status}"
    );
    // Nor does a process that shares nothing begin beside it.
    let said = refused(here, &["generate", "far/run"])?;
    assert!(said.contains("at work in"), "{said}");
    fs::write(&lease, held(1))?;
    let (code, said) = worker.end()?;
    assert_eq!(code, Some(0), "{said}");
    assert!(run_path::report(&run).join("index.html").is_file());
    Ok(())
}

#[test]
fn what_cannot_be_is_said_at_once() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let run = prepare(here, "wrong", &long("wrong"))?.join("run");
    assert!(refused(here, &["worker", "none"])?.contains("none"));
    fs::create_dir(here.join("empty"))?;
    assert!(refused(here, &["worker", "empty"])?.contains("holds no run"));
    assert!(refused(here, &["status", "empty"])?.contains("--prepare"));
    // Work that waits for what this worker was told to leave, and nobody does.
    let said = refused(here, &["worker", "wrong", "--stage", "score", "--lease_timeout", "1"])?;
    assert!(said.contains("wait for others that nobody does"), "{said}");
    fs::remove_dir_all(run_path::leases(&run))?;
    // A folder that cannot be written: to root everything can.
    fs::write(run_path::leases(&run), "in the way")?;
    let said = refused(here, &["worker", "wrong"])?;
    assert!(said.contains("leases"), "{said}");
    fs::remove_file(run_path::leases(&run))?;
    let writable = |yes: &str| Command::new("chmod").args([yes, &run.to_string_lossy()]).status();
    writable("a-w")?;
    if fs::write(run.join("try"), "").is_err() {
        let said = refused(here, &["worker", "wrong"])?;
        assert!(said.contains("cannot create") && said.contains("denied"), "{said}");
    } else {
        println!("skipped: this user may write everywhere");
    }
    writable("u+w")?;
    Ok(())
}

#[test]
fn a_plan_becomes_scripts_and_a_manifest() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    fs::write(here.join("plan.toml"), plan("it's here"))?;
    let slurm =
        ["submit", "plan.toml", "--executor", "slurm", "--workers", "3", "--sbatch=--partition=a b", "--dry_run"];
    let said = succeeds(here, &slurm)?;
    assert!(said.ends_with("submit.sh\n"), "{said}");
    let submit = here.join("it's here/submit");
    for script in ["submit.sh", "worker.sh"] {
        assert!(Command::new("bash").arg("-n").arg(submit.join(script)).status()?.success(), "{script}");
    }
    let text = fs::read_to_string(submit.join("submit.sh"))?;
    // Two variants to compress, three workers that generate, one that scores.
    for part in [
        "--array=0-1",
        "--array=0-2",
        "afterany:${generate%%;*}",
        "'--partition=a b'",
        r"it'\''s here/submit/worker.sh",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let text = fs::read_to_string(submit.join("worker.sh"))?;
    assert!(text.contains(r"it'\''s here' '--batch_size=3'") && text.contains("--requeue"), "{text}");
    let kubernetes = ["submit", "plan.toml", "--executor", "kubernetes", "--image", "acbench:1", "--claim", "runs"];
    assert!(succeeds(here, &kubernetes)?.contains("kubectl create -f"));
    assert!(fs::read_to_string(submit.join("job.yaml"))?.contains("completionMode: Indexed"));
    assert!(refused(here, &[&kubernetes[..], &["--sbatch=--time=1"]].concat())?.contains("--sbatch"));
    fs::write(
        here.join("plan.toml"),
        plan("other").replace("batch_size = 3\n", "").replace("seed = [0, 1]", "batch_size = [1, 2]"),
    )?;
    assert!(refused(here, &slurm)?.contains("same speed"));
    Ok(())
}
