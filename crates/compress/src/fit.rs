//! Settings that fit the model at hand.

use std::collections::BTreeSet;

use model::Config;
use model::arch::linears;
use serde_json::{Map, Value, json};

use crate::recipe::Recipe;
use crate::{CompressError, GroupSize, Sparsity};

/// Sizes of groups that are chosen where none is given, the first that fits.
const DEFAULTS: [usize; 3] = [128, 64, 32];
/// Sizes that are offered where the one asked for does not fit.
const OFFERED: [usize; 6] = [256, 128, 64, 32, 16, 8];

/// Input widths of the linears of a decoder's blocks, smallest first, each once.
pub fn widths(config: &Config) -> Vec<usize> {
    linears(config).map(|linear| linear.shape.1).collect::<BTreeSet<_>>().into_iter().collect()
}

impl Recipe {
    /// As [`Recipe::new`], for a model whose linears have inputs of these widths ([`widths`]): `group_size`, where it is
    /// not given and would be 128, is the largest of 128, 64 and 32 that divides all of them. A size that is given counts.
    ///
    /// # Errors
    /// As [`Recipe::new`]; a group size or a pattern that does not divide a width.
    pub fn fitted(list: &str, given: &Value, widths: &[usize]) -> Result<Self, CompressError> {
        let recipe = Self::new(list, given)?;
        let fitting = DEFAULTS.into_iter().find(|&size| divides(size, widths));
        match fitting.filter(|&size| size != DEFAULTS[0] && recipe.assumes_group(DEFAULTS[0])) {
            None => recipe.divides(widths).map(|()| recipe),
            Some(size) => {
                let mut given = given.as_object().cloned().unwrap_or_else(Map::new);
                given.insert("group_size".to_owned(), json!(size));
                let note = format!("group_size={size}: {} does not divide inputs of {}", DEFAULTS[0], list_of(widths));
                Self::new(list, &Value::Object(given)).map(|recipe| recipe.noted(note))
            }
        }
    }

    /// That the group size and the pattern divide all widths.
    fn divides(&self, widths: &[usize]) -> Result<(), CompressError> {
        let unfit =
            |what: String, cure: String| Err(CompressError::Indivisible { widths: list_of(widths), what, cure });
        if let Some(GroupSize::Columns(size)) = self.scheme().map(|scheme| scheme.group)
            && !divides(size, widths)
        {
            let fitting = OFFERED.into_iter().filter(|&size| divides(size, widths)).map(|size| size.to_string());
            let fitting: Vec<String> = fitting.chain(["channel".to_owned()]).collect();
            let cure = match &fitting[..] {
                [only] => format!("set group_size={only}: a scale for each row"),
                several => format!("set group_size to one of {}", several.join(", ")),
            };
            return unfit(format!("group_size {size}"), cure);
        }
        if let Some(Sparsity::NofM { n, m }) = self.sparsity()
            && !divides(m, widths)
        {
            return unfit(
                format!("the pattern {n}:{m}"),
                "choose another pattern, or an unstructured share".to_owned(),
            );
        }
        Ok(())
    }
}

fn divides(size: usize, widths: &[usize]) -> bool {
    widths.iter().all(|width| width.is_multiple_of(size.max(1)))
}

/// `576 and 1536`
fn list_of(widths: &[usize]) -> String {
    widths.iter().map(usize::to_string).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_group_divides_every_width_and_a_given_one_stays() -> Result<(), CompressError> {
        let name = |list: &str, given: Value, widths: &[usize]| {
            Ok::<_, CompressError>(Recipe::fitted(list, &given, widths)?.variant_name())
        };
        for (widths, expected) in [
            (&[128, 384][..], "gptq-w4-g128"),
            (&[576, 1536], "gptq-w4-g64"),
            (&[96, 256], "gptq-w4-g32"),
            (&[], "gptq-w4-g128"),
        ] {
            assert_eq!(name("gptq", Value::Null, widths)?, expected);
        }
        let small = [576, 1536];
        assert_eq!(name("awq+gptq", json!({"gptq": {"bits": 3}}), &small)?, "awq+gptq-w3-g64");
        assert_eq!(name("sparsegpt", json!({"bits": 4}), &small)?, "sparsegpt-0.5-w4-g64");
        assert_eq!(name("smoothquant+gptq", Value::Null, &small)?, "smoothquant+gptq-w8-ch-a8");
        assert_eq!(name("gptq", json!({"groupsize": 32}), &small)?, "gptq-w4-g32");
        // What rounds nothing keeps its settings as they were recorded before.
        assert_eq!(Recipe::fitted("sparsegpt", &Value::Null, &small)?.settings()["group_size"], 128);
        let note = Recipe::fitted("rtn", &Value::Null, &small)?.note().map(str::to_owned).unwrap_or_default();
        assert!(note.contains("group_size=64") && note.contains("576 and 1536"), "{note}");
        let chosen = Recipe::fitted("rtn", &Value::Null, &small)?.settings();
        assert_eq!(Recipe::fitted("rtn", &chosen, &small)?.settings(), chosen);
        Ok(())
    }

    #[test]
    fn what_does_not_divide_is_refused_with_the_widths_and_what_fits() {
        for (list, given, widths, says) in [
            ("gptq", json!({"group_size": 128}), &[576, 1536][..], "576 and 1536 inputs"),
            ("gptq", json!({"group_size": 128}), &[576, 1536], "one of 64, 32, 16, 8, channel"),
            ("gptq", json!({"gptq.group_size": 128}), &[576], "one of 64"),
            ("rtn", json!({}), &[80], "one of 16, 8, channel"),
            ("awq", json!({}), &[100, 52], "set group_size=channel"),
            ("wanda", json!({"sparsity": "2:8"}), &[100], "pattern 2:8"),
        ] {
            let error = Recipe::fitted(list, &given, widths).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(says), "{list} {given}: {error}");
        }
    }
}
