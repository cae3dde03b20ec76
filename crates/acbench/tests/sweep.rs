//! Many evaluations from one file.

mod support;

use std::fs;

use serde_json::json;
use support::{Checked, json as json_of, refused, run, succeeds};

const PLAN: &str = "output_path = \"sweep\"
[each]
tasks = [\"teval_retrieve\"]
limit = 1
[matrix]
compression_method = [\"rtn\", \"magnitude\"]
seed = [0, 1]
";

#[test]
fn every_combination_is_evaluated_and_goes_on_where_it_stopped() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("plan.toml"), PLAN)?;
    let planned = succeeds(folder.path(), &["run", "plan.toml", "--dry_run"])?;
    assert_eq!(planned.lines().count(), 4);
    assert!(!folder.path().join("sweep").exists(), "a dry run leaves nothing");
    let ends = json_of(folder.path(), &["run", "plan.toml", "--json"])?;
    let runs = ends.as_array().ok_or("no list")?;
    assert_eq!(runs.len(), 4);
    assert_eq!(runs[3], json!({"run": "sweep/magnitude_seed-1", "failed": 0, "stopped": null}));
    for run in runs {
        let place = folder.path().join(run["run"].as_str().ok_or("no run")?);
        assert!(place.join("report/index.html").is_file(), "{}", place.display());
    }
    let page = folder.path().join("sweep/rtn_seed-0/rtn-w4-g128/transcripts/teval_retrieve.jsonl");
    let before = fs::metadata(&page)?.modified()?;
    succeeds(folder.path(), &["run", "plan.toml"])?;
    assert_eq!(fs::metadata(&page)?.modified()?, before, "what is done is not done again");
    Ok(())
}

#[test]
fn a_run_that_stops_does_not_stop_the_others_and_a_wrong_flag_stops_all_before_the_first() -> Checked<()> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("plan.toml"), PLAN)?;
    // A folder that cannot be written.
    fs::create_dir_all(folder.path().join("sweep/rtn_seed-1"))?;
    fs::write(folder.path().join("sweep/rtn_seed-1/dense"), "in the way")?;
    let output = run(folder.path(), &["run", "plan.toml"])?;
    let said = String::from_utf8(output.stdout)?;
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("sweep/rtn_seed-1: stopped: ") && said.contains("sweep/magnitude_seed-1: done"), "{said}");
    fs::write(folder.path().join("wrong.toml"), PLAN.replace("limit", "limits"))?;
    let said = refused(folder.path(), &["run", "wrong.toml"])?;
    assert!(said.contains("rtn_seed-0") && said.contains("--limits"), "{said}");
    fs::write(folder.path().join("wrong.toml"), PLAN.replace("magnitude", "magic"))?;
    assert!(refused(folder.path(), &["run", "wrong.toml", "--dry_run"])?.contains("magic"));
    Ok(())
}
