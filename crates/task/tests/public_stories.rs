//! The public test stories for Z-machines, CZECH (Amir Karger) and Praxix (Andrew Plotkin), where the user has them:
//! `ACBENCH_ZTESTS` names the folder of `czech.z3`, `czech.z5`, .., `praxix.z5`. `tools/story/public.sh` makes it.

use std::fs;
use std::path::PathBuf;

use task::real_world::zmachine::{Machine, Story};

struct Played {
    name: String,
    machine: Machine,
    said: String,
}

/// The stories in the folder whose names begin so, and what each prints before it waits or ends.
fn played(name: &str) -> Result<Vec<Played>, Box<dyn std::error::Error>> {
    let Some(folder) = std::env::var_os("ACBENCH_ZTESTS").map(PathBuf::from) else {
        println!("{name}: skipped, ACBENCH_ZTESTS names no folder");
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for ending in ["z3", "z4", "z5", "z8"] {
        let path = folder.join(format!("{name}.{ending}"));
        if path.is_file() {
            let mut machine = Machine::new(&Story::read(fs::read(&path)?)?, 1);
            let said = machine.run()?;
            all.push(Played { name: format!("{name}.{ending}"), machine, said });
        }
    }
    if all.is_empty() {
        println!("{name}: skipped, {} has none", folder.display());
    }
    Ok(all)
}

#[test]
fn czech_finds_no_failure() -> Result<(), Box<dyn std::error::Error>> {
    for Played { name, said, .. } in played("czech")? {
        let counts = said.lines().find(|line| line.starts_with("Passed: ")).unwrap_or_default();
        println!("{name}: {counts}");
        assert!(counts.contains(", Failed: 0,") && said.contains("Performed "), "{name}: {said}");
        assert!(!said.contains("ERROR") && said.contains("print_char (abcd): abcd\n"), "{name}: {said}");
        assert!(
            said.contains("print_num (0, 1, -1, 32767,-32768, -1): 0, 1, -1, 32767, -32768, -1\n"),
            "{name}: {said}"
        );
    }
    Ok(())
}

#[test]
fn praxix_passes_all_tests() -> Result<(), Box<dyn std::error::Error>> {
    for Played { name, mut machine, .. } in played("praxix")? {
        let said = machine.enter("all")?;
        println!("{name}: {}", said.lines().rev().find(|line| line.contains("passed")).unwrap_or_default());
        assert!(said.contains("All tests passed.") && !said.contains("FAIL"), "{name}: {said}");
    }
    Ok(())
}
