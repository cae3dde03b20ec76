//! DeepSeek-V2 and V3 (DeepSeek-AI 2024): multi-head latent attention, and experts of which some see every row; in V3 chosen
//! by sigmoids in groups.

use super::llama::LLAMA;
use super::{
    Architecture, BlockNames, Cut, DENSE, DOWN, EXPERTS_DOWN, EXPERTS_GATE_UP, GATE_UP, GroupNames, LinearName, OUTPUT,
    Owner, RouterNames, group, linear, owned,
};
use crate::config::{Defaults, Experts, Fields, Latent, Scoring, Windows};
use crate::decoder::rope::growth;
use crate::{Config, GroupKind, ModelError, Part, RopeScaling};

/// `model_type: deepseek_v2`
pub const DEEPSEEK_V2: Architecture = Architecture {
    model_type: "deepseek_v2",
    own: OWN,
    config: config2,
    inner: |config, layer| names(config, layer, [&SPARSE, &SPARSE_QUERIES]),
    ..LLAMA
};

/// `model_type: deepseek_v3`
pub const DEEPSEEK_V3: Architecture = Architecture {
    model_type: "deepseek_v3",
    own: OWN,
    config: config3,
    inner: |config, layer| names(config, layer, [&CORRECTED, &CORRECTED_QUERIES]),
    ..LLAMA
};

const OWN: &[&str] = &["kv_lora_rank", "rope_interleave", "n_routed_experts", "n_shared_experts", "moe_layer_freq"];

/// A dense block whose queries are made of the stream.
pub(super) const LATENT: BlockNames = BlockNames {
    latent_norms: [None, Some(KEYS_VALUES_NORM)],
    groups: &[FROM_STREAM, KEYS_VALUES, OUTPUT, GATE_UP, DOWN],
    ..DENSE
};
/// A dense block whose queries have a latent.
pub(super) const LATENT_QUERIES: BlockNames = BlockNames {
    latent_norms: [Some("self_attn.q_a_layernorm.weight"), Some(KEYS_VALUES_NORM)],
    groups: &[LATENTS, QUERIES, KEYS_VALUES, OUTPUT, GATE_UP, DOWN],
    ..DENSE
};
const SPARSE: BlockNames = BlockNames {
    router: Some(RouterNames::plain("mlp.gate")),
    groups: &[FROM_STREAM, KEYS_VALUES, OUTPUT, EXPERTS_GATE_UP, EXPERTS_DOWN, SHARED_GATE_UP, SHARED_DOWN],
    ..LATENT
};
const SPARSE_QUERIES: BlockNames = BlockNames {
    router: SPARSE.router,
    groups: &[LATENTS, QUERIES, KEYS_VALUES, OUTPUT, EXPERTS_GATE_UP, EXPERTS_DOWN, SHARED_GATE_UP, SHARED_DOWN],
    ..LATENT_QUERIES
};
const CORRECTED: BlockNames = BlockNames { router: CORRECTION, ..SPARSE };
const CORRECTED_QUERIES: BlockNames = BlockNames { router: CORRECTION, ..SPARSE_QUERIES };

const KEYS_VALUES_NORM: &str = "self_attn.kv_a_layernorm.weight";
const KEYS_VALUES_LATENT: LinearName = linear("self_attn.kv_a_proj_with_mqa", &[Part::KeyValueLatent, Part::TurnedKey]);
const FROM_STREAM: GroupNames =
    group(GroupKind::Qkv, &[linear("self_attn.q_proj", &[Part::Query]), KEYS_VALUES_LATENT]);
const LATENTS: GroupNames =
    group(GroupKind::Qkv, &[linear("self_attn.q_a_proj", &[Part::QueryLatent]), KEYS_VALUES_LATENT]);
const QUERIES: GroupNames = group(GroupKind::Queries, &[linear("self_attn.q_b_proj", &[Part::Query])]);
const KEYS_VALUES: GroupNames =
    group(GroupKind::KeysValues, &[linear("self_attn.kv_b_proj", &[Part::Key, Part::Value]).cut(Cut::ByHead)]);
const SHARED_GATE_UP: GroupNames = owned(
    Owner::Shared,
    GroupKind::GateUp,
    &[linear("mlp.shared_experts.gate_proj", &[Part::Gate]), linear("mlp.shared_experts.up_proj", &[Part::Up])],
);
const SHARED_DOWN: GroupNames =
    owned(Owner::Shared, GroupKind::Down, &[linear("mlp.shared_experts.down_proj", &[Part::Down])]);
const CORRECTION: Option<RouterNames> =
    Some(RouterNames { gate: "mlp.gate", correction: Some("mlp.gate.e_score_correction_bias"), shared_gate: None });

fn names(config: &Config, layer: usize, [stream, queries]: [&'static BlockNames; 2]) -> &'static BlockNames {
    let latent = config.latent.is_some_and(|latent| latent.queries.is_some());
    match (config.blocks[layer].sparse, latent) {
        (false, false) => &LATENT,
        (false, true) => &LATENT_QUERIES,
        (true, false) => stream,
        (true, true) => queries,
    }
}

/// What transformers takes where a field is absent.
const DEFAULTS2: Defaults = Defaults {
    eos: Some(1),
    latent: Some(Latent { queries: Some(1536), keys_values: 512, still: 128, turned: 64 }),
    value_dim: Some(128),
    ..Defaults::LLAMA
};
const DEFAULTS3: Defaults = Defaults {
    vocab_size: 129_280,
    hidden_size: 7168,
    intermediate_size: 18_432,
    layers: 61,
    heads: 128,
    positions: 4096,
    ..DEFAULTS2
};

fn config2(fields: &Fields<'_>) -> Result<Config, ModelError> {
    expect(fields, "scoring_func", &["softmax"])?;
    expect(fields, "topk_method", &["greedy", "group_limited_greedy"])?;
    // transformers does not look at norm_topk_prob here.
    let plain = Experts { width: fields.count_or("moe_intermediate_size", 1407)?, ..Experts::new(64, 6) };
    let experts = plain.read(fields, &["n_routed_experts"])?;
    let experts = match fields.get("topk_method").and_then(serde_json::Value::as_str) {
        Some("group_limited_greedy") => experts.grouped(fields, 1, (1, 1))?,
        _ => experts,
    };
    let config = with_latents(fields, &DEFAULTS2)?;
    with_experts(fields, config, Experts { scale: scale(fields, 1.0)?, ..experts }, (2, 0))
}

fn config3(fields: &Fields<'_>) -> Result<Config, ModelError> {
    expect(fields, "scoring_func", &["sigmoid"])?;
    expect(fields, "topk_method", &["noaux_tc"])?;
    let width = fields.count_or("moe_intermediate_size", 2048)?;
    let normalize = fields.flag_or("norm_topk_prob", true)?;
    let scale = scale(fields, 2.5)?;
    let plain = Experts { scoring: Scoring::Sigmoid, normalize, width, scale, ..Experts::new(256, 8) };
    let experts = plain.read(fields, &["n_routed_experts"])?.grouped(fields, 2, (8, 4))?;
    let mut config = with_latents(fields, &DEFAULTS3)?;
    config.rope.pairs = fields.flag_or("rope_interleave", true)?;
    with_experts(fields, config, experts, (1, 3))
}

/// Numbers turn with their neighbors; a longer context scales scores.
fn with_latents(fields: &Fields<'_>, defaults: &Defaults) -> Result<Config, ModelError> {
    let mut config = Config::plain(fields, defaults, Windows::Never)?.with_biases(fields)?;
    if config.mlp_bias {
        return Err(fields.unsupported("`mlp_bias`".to_owned(), "use a checkpoint without, as DeepSeek's own are"));
    }
    config.rope.pairs = true;
    let inner = match fields.inner("rope_scaling")? {
        Some(inner) if !inner.is_empty() => Some(inner),
        _ => fields.inner("rope_parameters")?,
    };
    let Some(inner) = inner.filter(|_| config.rope.scaling != RopeScaling::None) else { return Ok(config) };
    let by = growth(inner.number_or("factor", 1.0)?, inner.number_or("mscale_all_dim", 0.0)?) as f32;
    Ok(config.with_blocks(|block| block.score_scale *= by * by))
}

/// Experts in all blocks but the first; `defaults`: how many see every row, and blocks without.
fn with_experts(
    fields: &Fields<'_>,
    config: Config,
    experts: Experts,
    defaults: (usize, usize),
) -> Result<Config, ModelError> {
    if fields.count_or("moe_layer_freq", 1)? != 1 {
        return Err(fields.unsupported(
            "experts in some of the later blocks (`moe_layer_freq`)".to_owned(),
            "use a checkpoint with experts in all of them, as DeepSeek's own are",
        ));
    }
    let whole = |name: &str, default: usize| match fields.get(name) {
        Some(value) if value.as_u64() == Some(0) => Ok(0),
        _ => fields.count_or(name, default),
    };
    // `null` is no expert that sees every row.
    let none = fields.has("n_shared_experts") && fields.get("n_shared_experts").is_none();
    let shared = if none { 0 } else { whole("n_shared_experts", defaults.0)? };
    let shared = (shared > 0).then(|| experts.width * shared);
    if shared.is_some_and(|width| width >= 1 << 31) {
        return Err(fields.bad("n_shared_experts x moe_intermediate_size is out of range".to_owned()));
    }
    let dense = whole("first_k_dense_replace", defaults.1)?;
    let sparse: Vec<bool> = (0..config.layers).map(|layer| layer >= dense).collect();
    Ok(config.with_experts(Experts { shared, ..experts }, &sparse))
}

fn scale(fields: &Fields<'_>, default: f64) -> Result<f32, ModelError> {
    let scale = fields.number_or("routed_scaling_factor", default)?;
    if scale > 0.0 && scale < 1e6 {
        return Ok(scale as f32);
    }
    Err(fields.bad(format!("routed_scaling_factor {scale} is out of range")))
}

fn expect(fields: &Fields<'_>, name: &str, known: &[&str]) -> Result<(), ModelError> {
    if fields.get(name).is_none() || known.contains(&fields.text(name)?) {
        return Ok(());
    }
    let cure = format!("{} can be run in this architecture", known.join(" and "));
    Err(fields.unsupported(format!("`{name}` `{}`", fields.text(name)?), &cure))
}
