//! A run that is killed at any moment goes on where it stopped and finds the same.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use record::Rng;
use support::{Checked, acbench};

/// `ACBENCH_KILL_RUNS` says how many runs are killed.
const RUNS: usize = 3;

/// One task a capability: episodes, long prompts and short ones.
const TASKS: &str = "worfbench,teval_instruct,needle,pddl";

fn ask(output: &str) -> Vec<&str> {
    let mut args = vec!["evaluate", "--tasks", TASKS, "--compression_method", "rtn", "--method_args", "bits=3"];
    args.extend(["--limit", "6", "--batch_size", "3", output]);
    args
}

/// The bytes of every score file of a run.
fn scores(run: &Path) -> Checked<BTreeMap<String, Vec<u8>>> {
    let mut all = BTreeMap::new();
    for variant in ["dense", "rtn-w3-g128"] {
        for entry in fs::read_dir(run.join(variant).join("scores"))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            all.insert(format!("{variant}/{name}"), fs::read(&path)?);
        }
    }
    Ok(all)
}

/// Lines in the transcripts of a run.
fn lines(run: &Path) -> Checked<usize> {
    let mut count = 0;
    for variant in ["dense", "rtn-w3-g128"] {
        let Ok(entries) = fs::read_dir(run.join(variant).join("transcripts")) else { continue };
        for entry in entries {
            count += fs::read(entry?.path())?.iter().filter(|&&byte| byte == b'\n').count();
        }
    }
    Ok(count)
}

#[test]
fn killed_runs_resume_to_the_same_scores() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let began = Instant::now();
    assert!(acbench(here, &ask("--output_path=whole")).output()?.status.success());
    let took = began.elapsed();
    let (whole, all) = (scores(&here.join("whole"))?, lines(&here.join("whole"))?);
    assert_eq!(whole.len(), 2 * TASKS.split(',').count());
    let runs = std::env::var("ACBENCH_KILL_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(RUNS);
    let mut rng = Rng::new(5);
    let mut kills = 0;
    for index in 0..runs {
        let name = format!("killed-{index}");
        let output = format!("--output_path={name}");
        let mut before = 0;
        loop {
            let mut child = acbench(here, &ask(&output)).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
            std::thread::sleep(Duration::from_secs_f64(took.as_secs_f64() * rng.uniform()));
            if child.try_wait()?.is_some_and(|status| status.success()) {
                break;
            }
            child.kill()?; // SIGKILL
            child.wait()?;
            kills += 1;
            let after = lines(&here.join(&name))?;
            assert!(after + 1 >= before, "finished replies were lost: {before} lines, then {after}");
            before = after;
        }
        assert_eq!(scores(&here.join(&name))?, whole, "run {index}");
        // What was on disk was not asked for again: no line stands twice.
        assert_eq!(lines(&here.join(&name))?, all, "run {index}");
    }
    println!("{runs} runs, killed {kills} times");
    Ok(())
}

/// All files of a folder, by name.
fn files(folder: &Path) -> Checked<BTreeMap<String, Vec<u8>>> {
    let entries = fs::read_dir(folder)?.map(|entry| {
        let path = entry?.path();
        Ok((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), fs::read(&path)?))
    });
    entries.collect()
}

#[test]
fn a_killed_compression_goes_on_to_the_same_bytes() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let ask = |out: &str| {
        let settings = ["--method_args", "sequences=24,length=256"];
        let args = [&["compress", "--compression_method", "awq+gptq"], &settings[..], &["--output_path", out]].concat();
        acbench(here, &args)
    };
    let began = Instant::now();
    assert!(ask("whole").output()?.status.success());
    let took = began.elapsed();
    let whole = files(&here.join("whole"))?;
    let mut rng = Rng::new(6);
    let (mut kills, mut resumed) = (0, false);
    for index in 0..RUNS {
        let name = format!("killed-{index}");
        loop {
            let mut child = ask(&name).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
            std::thread::sleep(Duration::from_secs_f64(took.as_secs_f64() * rng.uniform()));
            if child.try_wait()?.is_none() {
                child.kill()?; // SIGKILL
                kills += 1;
            }
            let output = child.wait_with_output()?;
            resumed |= String::from_utf8_lossy(&output.stderr).contains("going on after");
            // Nothing stands at its place until all of it does: killed after that, it had ended.
            if output.status.success() || here.join(&name).exists() {
                break;
            }
        }
        assert!(files(&here.join(&name))? == whole, "run {index}: other bytes");
    }
    println!("{RUNS} compressions, killed {kills} times");
    assert!(kills == 0 || resumed || kills < 3, "none of {kills} killed compressions went on");
    Ok(())
}
