//! What tensors are called in a GGUF file and in a Hugging Face folder.

/// Names outside the blocks: file, folder.
const OUTER: &[(&str, &str)] = &[
    ("token_embd.weight", "model.embed_tokens.weight"),
    ("output_norm.weight", "model.norm.weight"),
    ("output.weight", "lm_head.weight"),
];

/// Names inside a block, without `.weight` or `.bias`: file, folder.
const INNER: &[(&str, &str)] = &[
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

/// `general.architecture` of a `model_type`, where files of it can be read and written.
///
/// Not `llama`: its files hold the rows of q and k in another order than the folder.
pub fn architecture(model_type: &str) -> Option<&'static str> {
    (model_type == "qwen2").then_some("qwen2")
}

/// The folder's name of a file's tensor.
///
/// ```
/// assert_eq!(model::gguf::folder_name("blk.3.attn_q.bias").unwrap(), "model.layers.3.self_attn.q_proj.bias");
/// ```
pub fn folder_name(name: &str) -> Option<String> {
    if let Some((_, folder)) = OUTER.iter().find(|(file, _)| *file == name) {
        return Some((*folder).to_owned());
    }
    let (layer, rest) = name.strip_prefix("blk.")?.split_once('.')?;
    let layer = number(layer)?;
    let (part, what) = rest.rsplit_once('.')?;
    let (_, folder) = INNER.iter().find(|(file, _)| *file == part)?;
    matches!(what, "weight" | "bias").then(|| format!("model.layers.{layer}.{folder}.{what}"))
}

/// The file's name of a folder's tensor.
///
/// ```
/// assert_eq!(model::gguf::file_name("model.layers.3.self_attn.q_proj.bias").unwrap(), "blk.3.attn_q.bias");
/// ```
pub fn file_name(name: &str) -> Option<String> {
    if let Some((file, _)) = OUTER.iter().find(|(_, folder)| *folder == name) {
        return Some((*file).to_owned());
    }
    let (layer, rest) = name.strip_prefix("model.layers.")?.split_once('.')?;
    let layer = number(layer)?;
    let (part, what) = rest.rsplit_once('.')?;
    let (file, _) = INNER.iter().find(|(_, folder)| *folder == part)?;
    matches!(what, "weight" | "bias").then(|| format!("blk.{layer}.{file}.{what}"))
}

/// A whole number written in the one usual way, so that no two names mean the same tensor.
fn number(text: &str) -> Option<u32> {
    text.parse::<u32>().ok().filter(|number| number.to_string() == text)
}
