use super::*;
use crate::method::METHODS;

fn name(list: &str, given: Value) -> Result<String, CompressError> {
    Ok(Recipe::new(list, &given)?.variant_name())
}

#[test]
fn the_table_has_unique_names_and_valid_defaults() -> Result<(), CompressError> {
    let mut names: Vec<&str> = METHODS.iter().map(|method| method.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), METHODS.len());
    for info in METHODS {
        let recipe = Recipe::new(info.name, &Value::Null)?;
        let known = info.all_settings().into_iter().filter(|setting| setting.name != OVERRIDES.name).count();
        assert_eq!(recipe.settings().as_object().map(Map::len), Some(known));
        assert_eq!(Recipe::new(info.name, &recipe.settings())?.settings(), recipe.settings());
        assert!(!info.about.is_empty() && info.all_settings().iter().all(|setting| !setting.about.is_empty()));
    }
    Ok(())
}

#[test]
fn variants_are_named_after_what_matters() -> Result<(), CompressError> {
    for (method, given, expected) in [
        ("gptq", json!(null), "gptq-w4-g128"),
        ("rtn", json!({"w_bits": 2}), "rtn-w2-g128"),
        ("rtn", json!({"bits": "8", "group_size": -1, "activation_bits": 8}), "rtn-w8-ch-a8"),
        ("wanda", json!({}), "wanda-0.5"),
        ("wanda", json!({"sparsity": "2:4"}), "wanda-2of4"),
        ("magnitude", json!({"sparsity": 0.7}), "magnitude-0.7"),
        ("sparsegpt", json!({"sparsity": "4:8"}), "sparsegpt-4of8"),
        ("sparsegpt", json!({"bits": 4}), "sparsegpt-0.5-w4-g128"),
        ("awq", json!({}), "awq-w4-g128"),
        ("smoothquant", json!({}), "smoothquant-w8-ch-a8"),
        ("SmoothQuant+gptq", json!({"alpha": 0.5}), "smoothquant-alpha_0.5+gptq-w8-ch-a8"),
        ("awq+gptq", json!({"bits": 3, "awq.clip": false}), "awq-no_clip+gptq-w3-g128"),
        ("wanda+gptq", json!({"gptq": {"bits": 3}, "sparsity": "2:4"}), "wanda-2of4+gptq-w3-g128"),
        ("gptq+kv-cache", json!({"kv_bits": 4}), "gptq-w4-g128+kv_cache-4"),
        ("fp8", json!({}), "fp8"),
        ("gptq", json!({"act_order": "group_aware"}), "gptq-w4-g128-act_order_group_aware"),
        (
            "gptq",
            json!({"sym": false, "act_order": false, "percdamp": 0.05, "sequences": 3}),
            "gptq-w4-g128-asym-no_act_order-damping_0.05",
        ),
    ] {
        assert_eq!(name(method, given)?, expected);
    }
    Ok(())
}

#[test]
fn after_smoothquant_weights_and_activations_are_rounded_to_8_bits() -> Result<(), CompressError> {
    for list in ["smoothquant", "smoothquant+gptq", "smoothquant+rtn"] {
        let scheme = Recipe::new(list, &Value::Null)?.scheme();
        assert!(scheme.is_some_and(|s| s.grid.bits == 8 && s.activations && s.group == GroupSize::Channel), "{list}");
    }
    let weights = Recipe::new("smoothquant+gptq", &json!({"bits": 4, "activation_bits": 16}))?.scheme();
    assert!(weights.is_some_and(|scheme| scheme.grid.bits == 4 && !scheme.activations));
    Ok(())
}

#[test]
fn what_makes_no_sense_is_named_and_the_known_listed() {
    for (method, given, says) in [
        ("gptq", json!({"bitz": 4}), "bits"),
        ("gptq", json!({"bits": 5}), "2, 3, 4 or 8"),
        ("gptq", json!({"bits": 4, "w_bits": 3}), "given once"),
        ("gptq", json!({"group_size": 0}), "channel"),
        ("gptq", json!({"damping": -1}), "damping"),
        ("gptq", json!({"symmetric": "maybe"}), "true or false"),
        ("gptq", json!({"group_feedback": true}), "static_groups"),
        ("gptq", json!({"act_order": "sideways"}), "group_aware"),
        ("gptq", json!({"activation_bits": 8}), "W8A8"),
        ("gptq", json!({"hessian_failure": "abort"}), "identity"),
        ("gptq", json!({"length": 0}), "length"),
        ("gptq", json!([4]), "object"),
        ("wanda", json!({"sparsity": 1.0}), "2:4"),
        ("wanda", json!({"sparsity": "4:2"}), "2:4"),
        ("wanda", json!({"sparsity": "2:4", "variant": true}), "variant"),
        ("awq", json!({"scaling": "x"}), "duo"),
        ("kv_cache", json!({"bits": 3}), "4 or 8"),
        ("wnada", json!({}), "wanda"),
        ("gptq+rtn", json!({}), "both round"),
        ("wanda+magnitude", json!({}), "both choose"),
        ("awq+smoothquant", json!({}), "scale the same inputs"),
        ("gptq+wanda", json!({}), "comes before"),
        ("gptq+gptq", json!({}), "named twice"),
        ("wanda+gptq", json!({"alpha": 1}), "alpha"),
        ("", json!({}), "no compression method"),
    ] {
        let error = name(method, given.clone()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(says), "{method} {given}: {error}");
    }
}
