//! GPTQModel's `dynamic`: settings of single modules. Its keys are patterns of module names after `+:`, `-:` or nothing; the
//! first that matches counts. After `-:` a module is not quantized, else its settings take the place of the common ones.

use serde_json::Value;

use super::super::pattern::Pattern;
use super::Grid;
use crate::ModelError;

/// The rules of a checkpoint, in the order of the file.
pub(super) struct Dynamic(Vec<(Pattern, Option<Grid>)>);

impl Dynamic {
    /// Reads the rules; `common` is what they differ from.
    pub fn read(value: &Value, common: Grid, unsupported: &dyn Fn(String) -> ModelError) -> Result<Self, ModelError> {
        let rules = match value.get("dynamic") {
            None | Some(Value::Null) => return Ok(Self(Vec::new())),
            Some(rules) => rules.as_object().ok_or_else(|| unsupported("a `dynamic` that is no object".to_owned()))?,
        };
        let rule = |(key, settings): (&String, &Value)| {
            let (pattern, quantized) = match key.strip_prefix("-:") {
                Some(pattern) => (pattern, false),
                None => (key.strip_prefix("+:").unwrap_or(key), true),
            };
            let pattern = Pattern::new(pattern).map_err(|why| unsupported(format!("{why} of `dynamic`")))?;
            let grid = if quantized { Some(common.changed(settings, unsupported)?) } else { None };
            Ok((pattern, grid))
        };
        rules.iter().map(rule).collect::<Result<_, _>>().map(Self)
    }

    /// What the first rule that names this module says: its grid, `None` where it is not quantized.
    pub fn of(&self, name: &str) -> Option<Option<Grid>> {
        self.0.iter().find(|(pattern, _)| pattern.matches(name)).map(|&(_, grid)| grid)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_rule_that_matches_counts() {
        let common = Grid { bits: 4, group_size: 32 };
        let refuse = |what| ModelError::Unsupported { path: "config.json".into(), what, cure: String::new() };
        let read = |rules: Value| Dynamic::read(&json!({ "dynamic": rules }), common, &refuse);
        let rules = read(json!({
            r"-:.*\.1\.mlp\.down_proj": {},
            r"+:.*\.mlp\..*": {"bits": 8},
            r".*q_proj": {"group_size": -1, "desc_act": true},
        }))
        .unwrap();
        assert_eq!(rules.of("model.layers.1.mlp.down_proj"), Some(None));
        assert_eq!(rules.of("model.layers.0.mlp.down_proj"), Some(Some(Grid { bits: 8, group_size: 32 })));
        assert_eq!(rules.of("model.layers.0.self_attn.q_proj"), Some(Some(Grid { bits: 4, group_size: -1 })));
        assert_eq!(rules.of("model.layers.0.self_attn.k_proj"), None);
        for (rules, says) in [
            (json!({"+:(": {}}), "the pattern `(`"),
            (json!({"a": {"bits": 5}}), "5"),
            (json!([1]), "no object"),
            (json!({"a": 4}), "settings of `dynamic`"),
        ] {
            assert!(read(rules).is_err_and(|error| error.to_string().contains(says)), "{says}");
        }
    }
}
