//! Rotary positions, as `config.json` has them.

use serde_json::{Map, Value as Json, json};

use super::kind::Kind;
use super::latent;
use super::names::Family;
use super::parse::Value;
use super::settings::Keys;
use crate::ModelError;

/// What LongRoPE divides frequencies by: up to the original context, and beyond it.
const LONG_ROPE: [&str; 2] = ["rope_factors_short.weight", "rope_factors_long.weight"];

/// Adds the base, the share of a head that turns, and how frequencies are scaled.
pub(super) fn add(
    config: &mut Map<String, Json>,
    keys: Keys<'_, '_>,
    (family, head): (&Family, i128),
) -> Result<(), ModelError> {
    let theta = keys.number("rope.freq_base").filter(|&base| base != 0.0).unwrap_or(10_000.0);
    config.insert("rope_theta".into(), json!(theta));
    let turned = keys.whole("rope.dimension_count").unwrap_or(head);
    if !(0 < turned && turned <= head) {
        return Err(keys.bad("rope.dimension_count", &format!("is {turned} of a head of {head} numbers")));
    }
    if turned != head && family.pairs {
        let what = format!("heads of {head} numbers of which {turned} turn (`{}.rope.dimension_count`)", keys.name);
        return Err(keys.file.unsupported(what, "use a model whose heads turn as a whole"));
    }
    if turned != head {
        // A little more, so that the product with the head is not rounded down to one less.
        config.insert("partial_rotary_factor".into(), json!((turned as f64 + 0.25) / head as f64));
    }
    let scaling = scaling(keys, family)?;
    config.insert("rope_scaling".into(), scaling);
    Ok(())
}

fn scaling(keys: Keys<'_, '_>, family: &Family) -> Result<Json, ModelError> {
    // The older of two ways to write a factor.
    let factor = keys.number("rope.scaling.factor").or_else(|| keys.number("rope.scale_linear"));
    let factor = factor.filter(|&factor| factor != 0.0);
    let factors = |name: &str| values(keys, name);
    if let Some(factors) = factors("rope_freqs.weight")? {
        return Ok(json!({"rope_type": "factors", "factors": factors}));
    }
    let kind = match keys.get("rope.scaling.type") {
        Some(Value::Text(kind)) => *kind,
        Some(_) => return Err(keys.bad("rope.scaling.type", "is no text")),
        None if LONG_ROPE.iter().any(|name| keys.file.tensor(name).is_some()) => "longrope",
        None if factor.is_some() => "linear",
        None => "none",
    };
    if family.name == "deepseek2" && !matches!(kind, "none" | "yarn") {
        let what = format!("`{}.rope.scaling.type` `{kind}`", keys.name);
        return Err(keys.file.unsupported(what, "in this architecture none and yarn can be read"));
    }
    let original = keys.whole("rope.scaling.original_context_length").and_then(|size| i64::try_from(size).ok());
    let mut scaling = Map::new();
    scaling.insert("rope_type".into(), json!(kind));
    let attention = keys.number("rope.scaling.attn_factor");
    match kind {
        "none" => return Ok(Json::Null),
        "linear" if factor.is_none() => return Ok(Json::Null),
        "linear" => {}
        "yarn" => {
            for (key, field) in [("yarn_beta_fast", "beta_fast"), ("yarn_beta_slow", "beta_slow")] {
                if let Some(value) = keys.number(&format!("rope.scaling.{key}")) {
                    scaling.insert(field.into(), json!(value));
                }
            }
            if keys.number("rope.scaling.yarn_ext_factor").is_some_and(|how| how >= 0.0 && how != 1.0) {
                let what = format!("`{}.rope.scaling.yarn_ext_factor`", keys.name);
                return Err(keys.file.unsupported(what, "use a model that mixes frequencies as YaRN's paper does"));
            }
            if family.name == "deepseek2" {
                latent::deepseek_yarn(&mut scaling, keys, factor);
            } else if let (Some(attention), Some(factor)) = (attention.filter(|&own| own != 1.0), factor) {
                // llama.cpp multiplies what it is given by what the paper recommends.
                scaling.insert("attention_factor".into(), json!(attention * (0.1 * factor.ln() + 1.0)));
            }
        }
        "longrope" => {
            let (Some(short), Some(long)) = (factors(LONG_ROPE[0])?, factors(LONG_ROPE[1])?) else {
                return Err(keys
                    .file
                    .damaged("it has LongRoPE and no tensors `rope_factors_long`, `rope_factors_short`"));
            };
            scaling.insert("short_factor".into(), json!(short));
            scaling.insert("long_factor".into(), json!(long));
            scaling.extend(attention.map(|own| ("attention_factor".to_owned(), json!(own))));
        }
        other => {
            let what = format!("`{}.rope.scaling.type` `{other}`", keys.name);
            return Err(keys.file.unsupported(what, "none, linear, yarn and longrope can be read"));
        }
    }
    scaling.extend(factor.map(|factor| ("factor".to_owned(), json!(factor))));
    scaling.extend(original.map(|original| ("original_max_position_embeddings".to_owned(), json!(original))));
    Ok(Json::Object(scaling))
}

/// The numbers of an f32 vector.
fn values(keys: Keys<'_, '_>, name: &str) -> Result<Option<Vec<f32>>, ModelError> {
    let Some(tensor) = keys.file.tensor(name) else { return Ok(None) };
    let bytes = keys.file.bytes.get(tensor.range.clone()).filter(|_| tensor.kind == Kind::F32);
    let bytes =
        bytes.ok_or_else(|| keys.file.damaged(format!("tensor `{name}` is of {}, not F32", tensor.kind.name())))?;
    let all: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
    match all.iter().find(|value| !(value.is_finite() && **value > 0.0)) {
        Some(value) => {
            Err(keys.file.damaged(format!("tensor `{name}` holds {value}, by which no frequency is divided")))
        }
        None => Ok(Some(all)),
    }
}
