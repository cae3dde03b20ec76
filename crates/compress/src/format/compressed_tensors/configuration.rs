//! The entry `quantization_config` of `config.json` as compressed-tensors has it.

use serde_json::{Value, json};

use crate::grid::Number;
use crate::{ActOrder, GroupSize, Scheme};

/// Which of its formats holds weights of a scheme.
fn format_name(scheme: &Scheme) -> &'static str {
    match (scheme.grid.number, scheme.activations) {
        (Number::Fp8, _) => "float-quantized",
        (Number::Int, true) => "int-quantized",
        (Number::Int, false) => "pack-quantized",
    }
}

/// The entry for weights of a scheme and for a cache of `kv_bits`.
pub(crate) fn compressed_tensors(scheme: Option<&Scheme>, kv_bits: Option<u8>) -> Value {
    let format = scheme.map_or("dense", format_name);
    let groups = scheme.map_or_else(|| json!({}), |scheme| json!({"group_0": group(scheme)}));
    json!({
        "quant_method": "compressed-tensors",
        "format": format,
        "quantization_status": "compressed",
        "config_groups": groups,
        "ignore": ["lm_head"],
        "kv_cache_scheme": kv_bits.map(|bits| arguments(&Rounding { bits, number: "int", strategy: "token", symmetric: false, dynamic: true })),
        "sparsity_config": {},
        "transform_config": {},
        "global_compression_ratio": null,
        "version": "0.19.0",
    })
}

/// Weights and inputs of all linears.
fn group(scheme: &Scheme) -> Value {
    let number = match scheme.grid.number {
        Number::Int => "int",
        Number::Fp8 => "float",
    };
    let (strategy, group_size) = match scheme.group {
        GroupSize::Channel => ("channel", None),
        GroupSize::Columns(size) => ("group", Some(size)),
    };
    let mut weights = arguments(&Rounding {
        bits: scheme.grid.bits,
        number,
        strategy,
        symmetric: scheme.grid.symmetric,
        dynamic: false,
    });
    weights["group_size"] = json!(group_size);
    weights["observer"] = json!(if scheme.grid.mse { "mse" } else { "memoryless_minmax" });
    weights["actorder"] = match scheme.act_order {
        ActOrder::None => Value::Null,
        ActOrder::Static => json!("static"),
        ActOrder::Group => json!("group"),
    };
    let inputs = Rounding { bits: 8, number, strategy: "token", symmetric: true, dynamic: true };
    json!({
        "format": format_name(scheme),
        "targets": ["Linear"],
        "weights": weights,
        "input_activations": scheme.activations.then(|| arguments(&inputs)),
        "output_activations": null,
    })
}

/// How some numbers are rounded.
struct Rounding {
    bits: u8,
    /// `int` or `float`.
    number: &'static str,
    /// Which of them share a scale: `token`, `channel` or `group`.
    strategy: &'static str,
    symmetric: bool,
    /// Whether scales are found while the model runs.
    dynamic: bool,
}

/// The same in the words of compressed-tensors.
fn arguments(rounding: &Rounding) -> Value {
    let &Rounding { bits, number, strategy, symmetric, dynamic } = rounding;
    json!({
        "num_bits": bits,
        "type": number,
        "strategy": strategy,
        "group_size": null,
        "symmetric": symmetric,
        "dynamic": dynamic,
        "actorder": null,
        "block_structure": null,
        "observer": null,
        "observer_kwargs": {},
        "scale_dtype": null,
        "zp_dtype": if symmetric { Value::Null } else { json!("torch.int8") },
    })
}
