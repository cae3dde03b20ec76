//! `recommend`: which variant of a run to use.

use std::path::Path;

use record::{Analysis, Constraints, Effort, Recommendation, VariantFacts, VariantRecord, VariantSource, run_path};
use serde_json::Value;

use crate::Error;
use crate::effort::efforts;
use crate::run::{PICO, Run, open_checkpoint};

/// Chooses among the variants of a run by size, speed and what they lose.
///
/// # Errors
/// A run without analysis, or scores that are broken.
pub fn recommend(run: &Run, asked: Constraints) -> Result<Recommendation, Error> {
    let mut analysis: Analysis = record::read_json(&run_path::analysis(&run.root))?;
    // Analyses of before have no decision over several tasks.
    if analysis.overall.is_empty() && !analysis.paired.is_empty() {
        analysis = analyze::analyze(&run.record, &run.scores()?, &task::COLUMNS)?;
    }
    let facts: Vec<VariantFacts> = run.record.variants.iter().map(|variant| facts(run, variant)).collect();
    Ok(analyze::recommend(&analysis, &facts, asked))
}

/// What the files of a variant say of it.
fn facts(run: &Run, VariantRecord { name, source }: &VariantRecord) -> VariantFacts {
    let stored =
        |folder: Option<&Path>| open_checkpoint(folder).ok().map(|checkpoint| checkpoint.weight_bytes() as u64);
    let model = Path::new(&run.record.model.name);
    let (bytes, pattern) = match source {
        VariantSource::Dense => (stored((model != Path::new(PICO)).then_some(model)), None),
        VariantSource::Compressed { settings, .. } => {
            (stored(Some(&run_path::checkpoint(&run.root, name))), pattern(settings))
        }
        VariantSource::Checkpoint { .. } => {
            let found = record::read_json::<record::CheckpointRecord>(&run_path::weights(&run.root, name));
            (found.ok().map(|found| found.bytes as u64), None)
        }
        VariantSource::Endpoint { .. } | VariantSource::Scripted { .. } => (None, None),
    };
    let effort = Effort::sum(&efforts(&run.root, name));
    VariantFacts {
        variant: name.clone(),
        bytes,
        speed: effort.as_ref().and_then(Effort::tokens_per_second),
        joules: effort.as_ref().and_then(Effort::joules_per_token),
        pattern,
    }
}

/// The n:m pattern among the settings of a method, or of one of several.
fn pattern(settings: &Value) -> Option<String> {
    let fields = settings.as_object()?;
    let own = fields.get("sparsity").and_then(Value::as_str).filter(|text| text.contains(':'));
    own.map(str::to_owned).or_else(|| fields.values().find_map(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patterns_are_found_among_the_settings_of_several_methods() {
        assert_eq!(pattern(&json!({"wanda": {"sparsity": "2:4"}, "gptq": {"bits": 4}})).as_deref(), Some("2:4"));
        assert_eq!(pattern(&json!({"sparsity": 0.5})), None);
    }
}
