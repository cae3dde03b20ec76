//! The capabilities are rooms of their own: none uses another, and what they share uses none of them. Only the crate's
//! root, with its table of tasks, knows them all.

use std::error::Error;
use std::fs;
use std::path::Path;

use record::Capability;
use regex::Regex;

/// All source files below a folder, as path and code without comments.
fn code(folder: &Path, all: &mut Vec<(String, String)>) -> Result<(), Box<dyn Error>> {
    let comment = Regex::new(r"(?m)^\s*//.*$")?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => code(&path, all)?,
            false => {
                let text = fs::read_to_string(&path)?;
                all.push((path.to_string_lossy().replace('\\', "/"), comment.replace_all(&text, "").into_owned()));
            }
        }
    }
    Ok(())
}

/// The modules at the root that a text names: `crate::a`, `crate::{a::B, c}`, `super::super::d`.
fn named(text: &str) -> Result<Vec<String>, regex::Error> {
    let path = Regex::new(r"\b(?:crate::|(?:super::)+)(?:([a-z_]\w*)|\{([^;]*)\};)")?;
    let first = Regex::new(r"(?:^|,)\s*([a-z_]\w*)")?;
    let mut all = Vec::new();
    for found in path.captures_iter(text) {
        all.extend(found.get(1).map(|one| one.as_str().to_owned()));
        let group = found.get(2).map_or("", |group| group.as_str());
        all.extend(first.captures_iter(group).map(|one| one[1].to_owned()));
    }
    Ok(all)
}

#[test]
fn no_capability_uses_another_and_what_they_share_uses_none() -> Result<(), Box<dyn Error>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // The rooms are named like the capabilities.
    let rooms = Capability::ALL.map(Capability::as_str);
    let mut files = Vec::new();
    code(&source, &mut files)?;
    assert!(rooms.iter().all(|room| source.join(room).is_dir()));
    for (path, text) in files.iter().filter(|(path, _)| !path.ends_with("src/lib.rs")) {
        let used = named(text)?;
        let foreign =
            used.iter().find(|name| rooms.contains(&name.as_str()) && !path.contains(&format!("/src/{name}/")));
        assert_eq!(foreign, None, "{path}");
    }
    Ok(())
}

#[test]
fn every_way_to_name_a_module_is_seen() -> Result<(), regex::Error> {
    let text = "use crate::a::B;\nuse crate::{Task, b, c::{D, e}};\nlet x = super::super::f::g();";
    assert_eq!(named(text)?, ["a", "b", "c", "e", "f"]);
    Ok(())
}
