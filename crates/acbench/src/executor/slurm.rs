//! Slurm: the script of a worker, and the one that submits arrays of them.

use std::path::Path;

use crate::verb::{STOPPED_CODE, Submission, path_text};

/// A text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The script of a worker of one stage, which is its argument. A minute before its time is over Slurm sends USR1: the worker
/// ends after the replies in flight and gives its lease back, and the job goes back to the queue. A node that dies sends it back
/// by itself.
pub(crate) fn worker(wanted: &Submission) -> String {
    let (program, folder) = (path_text(&wanted.program), path_text(&wanted.folder));
    let words = ["worker".to_owned(), folder].into_iter().chain(wanted.flags.iter().cloned());
    let words: Vec<String> = [program].into_iter().chain(words).map(|word| quoted(&word)).collect();
    format!(
        r#"#!/bin/bash
#SBATCH --requeue
#SBATCH --signal=B:USR1@60
#SBATCH --open-mode=append
set -u
if [ -n "${{SLURM_CPUS_PER_TASK:-}}" ]; then export RAYON_NUM_THREADS="$SLURM_CPUS_PER_TASK"; fi
{command} --stage "$1" &
worker=$!
requeue=no
trap 'requeue=yes; kill -USR1 "$worker" 2>/dev/null' USR1
trap 'requeue=no; kill -TERM "$worker" 2>/dev/null' TERM
wait "$worker"
code=$?
# A signal ends the wait, and the worker only later.
while [ "$code" -gt 128 ] && kill -0 "$worker" 2>/dev/null; do
    wait "$worker"
    code=$?
done
if [ "$code" -gt 128 ]; then
    wait "$worker"
    code=$?
fi
if [ "$code" -eq {STOPPED_CODE} ] && [ "$requeue" = yes ]; then scontrol requeue "$SLURM_JOB_ID"; fi
exit "$code"
"#,
        command = words.join(" "),
    )
}

/// The script that submits the stages, each after the one before: `compressors` workers that compress, `workers` that
/// generate, one that scores. It prints their jobs. A stage begins whatever became of the one before: what it waits for in vain
/// it says.
pub(crate) fn submit(worker: &Path, workers: usize, compressors: usize, flags: &[String]) -> String {
    let logs = worker.with_file_name("").to_string_lossy().trim_end_matches('/').replace('%', "%%");
    let flags: String = flags.iter().map(|flag| format!(" {}", quoted(flag))).collect();
    let worker = quoted(&path_text(worker));
    let job = |stage: &str, after: Option<&str>, array: Option<usize>| {
        let log = quoted(&format!("{logs}/{}", if array.is_some() { "%x-%A_%a.log" } else { "%x-%j.log" }));
        let after = after.map_or_else(String::new, |after| format!(" --dependency=\"afterany:${{{after}%%;*}}\""));
        let array = array.map_or_else(String::new, |count| format!(" --array=0-{}", count.saturating_sub(1)));
        format!(
            "{stage}=$(sbatch --parsable --job-name=acbench-{stage}{array}{after} --output={log}{flags} {worker} {stage})\n\
             echo \"{stage} ${stage}\"\n"
        )
    };
    let compress = (compressors > 0).then(|| job("compress", None, Some(compressors)));
    let after = compress.is_some().then_some("compress");
    format!(
        "#!/bin/sh\nset -eu\n{}{}{}",
        compress.unwrap_or_default(),
        job("generate", after, Some(workers)),
        job("score", Some("generate"), None),
    )
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    type Checked = Result<(), Box<dyn std::error::Error>>;

    /// A program in place of another.
    fn fake(folder: &Path, name: &str, shell: &str, does: &str) -> Checked {
        let path = folder.join(name);
        std::fs::write(&path, format!("#!/bin/{shell}\n{does}\n"))?;
        Command::new("chmod").arg("+x").arg(&path).status()?;
        Ok(())
    }

    const HOSTILE: &str = "a 'b' $(touch pwned) `touch pwned` \"c\"; touch pwned\n&& touch pwned #%j";

    #[test]
    fn what_is_named_reaches_programs_as_it_is_and_no_shell() -> Checked {
        let folder = tempfile::tempdir()?;
        let here = folder.path();
        // Programs in place of Slurm's and ours, which write down what they are given.
        for (name, does) in [("sbatch", "echo '17;cluster'"), ("acbench", "exit 75"), ("scontrol", "")] {
            let said = format!("for word in \"$@\"; do printf '<%s>' \"$word\" >> {name}.said; done\n{does}");
            fake(here, name, "sh", &said)?;
        }
        let wanted = Submission {
            folder: here.join(HOSTILE),
            program: here.join("acbench"),
            workers: 3,
            flags: vec!["--api_key_file".into(), HOSTILE.into()],
            shard_size: 8,
        };
        std::fs::write(here.join("worker.sh"), worker(&wanted))?;
        let script = submit(&here.join(HOSTILE).join("worker.sh"), 3, 2, &[format!("--comment={HOSTILE}")]);
        std::fs::write(here.join("submit.sh"), script)?;
        let path = format!("{}:{}", here.display(), std::env::var("PATH")?);
        let run = |args: &[&str]| {
            Command::new("bash").args(args).env("PATH", &path).env("SLURM_JOB_ID", "17").current_dir(here).output()
        };
        let output = run(&["submit.sh"])?;
        assert_eq!(String::from_utf8(output.stdout)?, "compress 17;cluster\ngenerate 17;cluster\nscore 17;cluster\n");
        let said = std::fs::read_to_string(here.join("sbatch.said"))?;
        let place = here.display();
        let log = HOSTILE.replace('%', "%%");
        for word in [
            format!("<--comment={HOSTILE}><{place}/{HOSTILE}/worker.sh><compress>"),
            format!("<--array=0-1><--output={place}/{log}/%x-%A_%a.log>"),
            format!("<--array=0-2><--dependency=afterany:17><--output={place}/{log}/%x-%A_%a.log>"),
            format!("<--job-name=acbench-score><--dependency=afterany:17><--output={place}/{log}/%x-%j.log>"),
        ] {
            assert!(said.contains(&word), "{word} is not in {said}");
        }
        assert_eq!(run(&["worker.sh", "generate"])?.status.code(), Some(75));
        let said = std::fs::read_to_string(here.join("acbench.said"))?;
        assert_eq!(said, format!("<worker><{place}/{HOSTILE}><--api_key_file><{HOSTILE}><--stage><generate>"));
        assert!(!here.join("pwned").exists() && !here.join("scontrol.said").exists());
        Ok(())
    }

    #[test]
    fn a_worker_whose_time_is_over_goes_back_to_the_queue_and_one_that_is_canceled_does_not() -> Checked {
        for (signal, requeued) in [("USR1", true), ("TERM", false)] {
            let folder = tempfile::tempdir()?;
            let here = folder.path();
            let does = format!("trap 'sleep 0.3; exit 75' {signal}\ntouch ready\nwhile :; do sleep 0.05; done");
            fake(here, "acbench", "bash", &does)?;
            fake(here, "scontrol", "bash", "echo \"$@\" > requeued")?;
            let (folder, program) = (here.to_owned(), here.join("acbench"));
            let wanted = Submission { folder, program, workers: 1, flags: Vec::new(), shard_size: 8 };
            std::fs::write(here.join("worker.sh"), worker(&wanted))?;
            let path = format!("{}:{}", here.display(), std::env::var("PATH")?);
            let mut job = Command::new("bash");
            job.args(["worker.sh", "generate"]).env("PATH", path).env("SLURM_JOB_ID", "17").current_dir(here);
            let mut job = job.spawn()?;
            while !here.join("ready").exists() {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            Command::new("kill").args([&format!("-{signal}"), &job.id().to_string()]).status()?;
            assert_eq!(job.wait()?.code(), Some(75), "{signal}");
            let said = std::fs::read_to_string(here.join("requeued")).ok();
            assert_eq!(said.as_deref(), requeued.then_some("requeue 17\n"), "{signal}");
        }
        Ok(())
    }
}
