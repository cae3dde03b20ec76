//! The golden games of AgentBoard.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use task::real_world::{Domain, Game, GroundedProblem, Problem, Templates};

pub fn data() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"))
}

/// The templates of a golden folder, which say what facts and actions are called.
pub fn templates(folder: &Path) -> Result<Templates, Box<dyn Error>> {
    let map: Value = serde_json::from_str(&fs::read_to_string(folder.join("agentboard_pddl_templates.json"))?)?;
    let map: BTreeMap<String, String> = serde_json::from_value(map["map"].clone())?;
    Ok(Templates::new(map))
}

/// The game of a golden case.
pub fn open(case: &Value, templates: &Templates) -> Result<Game, Box<dyn Error>> {
    let name = case["game"].as_str().unwrap_or_default();
    let folder = data().join("agentboard_pddl");
    let domain = Domain::parse(&fs::read_to_string(folder.join(format!("{name}.pddl")))?)?;
    let file = folder.join(name).join(case["problem_file"].as_str().unwrap_or_default());
    let problem = Problem::parse(&fs::read_to_string(file)?, &domain)?;
    Ok(Game::new(GroundedProblem::new(domain, problem)?, name, templates.clone()))
}
