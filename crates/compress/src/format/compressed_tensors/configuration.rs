//! The entry `quantization_config` of `config.json` as compressed-tensors has it.

use serde_json::{Value, json};

use crate::format::Mix;
use crate::grid::Number;
use crate::{ActOrder, Grid, GroupSize, Scheme};

/// Which of its formats holds weights of a scheme.
fn format_name(scheme: &Scheme) -> &'static str {
    match (scheme.grid.number, scheme.activations) {
        (Number::Fp8, _) => "float-quantized",
        (Number::Int, true) => "int-quantized",
        (Number::Int, false) => "pack-quantized",
    }
}

/// The entry for quantized linears and for a cache of `kv_bits`.
pub(crate) fn compressed_tensors(mix: Option<&Mix>, kv_bits: Option<u8>) -> Value {
    let format = mix.map_or("dense", |mix| format_name(&mix.scheme));
    let groups = mix.map_or_else(|| json!({}), groups);
    let ignored: Vec<&str> = match mix {
        None => vec!["lm_head"],
        Some(mix) => mix.kept.iter().map(String::as_str).chain(mix.dense.iter().copied()).collect(),
    };
    json!({
        "quant_method": "compressed-tensors",
        "format": format,
        "quantization_status": "compressed",
        "config_groups": groups,
        "ignore": ignored,
        "kv_cache_scheme": kv_bits.map(|bits| arguments(&Rounding { bits, number: "int", strategy: "token", symmetric: false, dynamic: true })),
        "sparsity_config": {},
        "transform_config": {},
        "global_compression_ratio": null,
        "version": "0.19.0",
    })
}

/// A group of settings for each width; where there are several, each names its linears.
fn groups(mix: &Mix) -> Value {
    let one = mix.widths.len() == 1;
    let of = |(at, (&bits, names)): (usize, (&u8, &Vec<&str>))| {
        let scheme = Scheme { grid: Grid { bits, ..mix.scheme.grid }, ..mix.scheme };
        (format!("group_{at}"), group(&scheme, if one { &["Linear"][..] } else { names }))
    };
    Value::Object(mix.widths.iter().enumerate().map(of).collect())
}

/// Weights and inputs of some linears.
fn group(scheme: &Scheme, targets: &[&str]) -> Value {
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
        "targets": targets,
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
