//! What architectures and tensors are called in a GGUF file and in a Hugging Face folder.

/// Names outside the blocks: file, folder.
const OUTER: &[(&str, &str)] = &[
    ("token_embd.weight", "model.embed_tokens.weight"),
    ("output_norm.weight", "model.norm.weight"),
    ("output.weight", "lm_head.weight"),
];

/// Names inside a block, without `.weight` or `.bias`: file, folder.
type Inner = &'static [(&'static str, &'static str)];

const DENSE: Inner = &[
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

const GEMMA_NORMS: Inner = &[
    ("post_attention_norm", "post_attention_layernorm"),
    ("ffn_norm", "pre_feedforward_layernorm"),
    ("post_ffw_norm", "post_feedforward_layernorm"),
];

/// Norms of what attention and the feed-forward part give.
const OLMO2_NORMS: Inner =
    &[("post_attention_norm", "post_attention_layernorm"), ("post_ffw_norm", "post_feedforward_layernorm")];

const FUSED: Inner = &[("attn_qkv", "self_attn.qkv_proj"), ("ffn_up", "mlp.gate_up_proj")];

/// Experts lie in one tensor, `[experts, out, in]`; `{expert}` stands for their numbers.
const QWEN_EXPERTS: Inner = &[
    ("ffn_gate_inp", "mlp.gate"),
    ("ffn_gate_exps", "mlp.experts.{expert}.gate_proj"),
    ("ffn_up_exps", "mlp.experts.{expert}.up_proj"),
    ("ffn_down_exps", "mlp.experts.{expert}.down_proj"),
];

/// One more expert, which sees every row.
const SHARED_EXPERT: Inner = &[
    ("ffn_gate_inp_shexp", "mlp.shared_expert_gate"),
    ("ffn_gate_shexp", "mlp.shared_expert.gate_proj"),
    ("ffn_up_shexp", "mlp.shared_expert.up_proj"),
    ("ffn_down_shexp", "mlp.shared_expert.down_proj"),
];

const MIXTRAL_EXPERTS: Inner = &[
    ("ffn_gate_inp", "block_sparse_moe.gate"),
    ("ffn_gate_exps", "block_sparse_moe.experts.{expert}.w1"),
    ("ffn_up_exps", "block_sparse_moe.experts.{expert}.w3"),
    ("ffn_down_exps", "block_sparse_moe.experts.{expert}.w2"),
];

/// An architecture as both call it.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// `general.architecture`
    pub name: &'static str,
    /// `model_type`
    pub model_type: &'static str,
    /// `architectures` of `config.json`.
    pub class: &'static str,
    /// Whether rows of q and k lie in pairs: row 2i of a head is row i of the folder, row 2i + 1 its row i + d/2.
    pub pairs: bool,
    /// Whether norms are one more than in the folder.
    pub norms_one_more: bool,
    /// Keys that others must not have.
    pub keys: &'static [&'static str],
    /// Its names that are not those of nearly all.
    own: Inner,
    /// The names of its experts.
    experts: Inner,
}

const LLAMA: Family = Family {
    name: "llama",
    model_type: "llama",
    class: "LlamaForCausalLM",
    pairs: true,
    norms_one_more: false,
    keys: &[],
    own: &[],
    experts: &[],
};
const QWEN2: Family = Family { name: "qwen2", model_type: "qwen2", class: "Qwen2ForCausalLM", pairs: false, ..LLAMA };
const GEMMA: Family =
    Family { name: "gemma", model_type: "gemma", class: "GemmaForCausalLM", norms_one_more: true, ..QWEN2 };

const FAMILIES: &[Family] = &[
    LLAMA,
    Family { model_type: "mistral", class: "MistralForCausalLM", ..LLAMA },
    Family { model_type: "mixtral", class: "MixtralForCausalLM", experts: MIXTRAL_EXPERTS, ..LLAMA },
    QWEN2,
    Family { name: "qwen3", model_type: "qwen3", class: "Qwen3ForCausalLM", ..QWEN2 },
    Family { name: "qwen3moe", model_type: "qwen3_moe", class: "Qwen3MoeForCausalLM", experts: QWEN_EXPERTS, ..QWEN2 },
    Family {
        name: "qwen2moe",
        model_type: "qwen2_moe",
        class: "Qwen2MoeForCausalLM",
        own: SHARED_EXPERT,
        experts: QWEN_EXPERTS,
        ..QWEN2
    },
    Family { name: "smollm3", model_type: "smollm3", class: "SmolLM3ForCausalLM", ..LLAMA },
    Family { name: "olmo2", model_type: "olmo2", class: "Olmo2ForCausalLM", own: OLMO2_NORMS, ..QWEN2 },
    Family {
        name: "granite",
        model_type: "granite",
        class: "GraniteForCausalLM",
        keys: &["attention.scale", "embedding_scale", "residual_scale", "logit_scale"],
        ..LLAMA
    },
    Family { name: "phi3", model_type: "phi3", class: "Phi3ForCausalLM", own: FUSED, ..QWEN2 },
    GEMMA,
    Family {
        name: "gemma2",
        model_type: "gemma2",
        class: "Gemma2ForCausalLM",
        keys: &["attn_logit_softcapping", "final_logit_softcapping"],
        own: GEMMA_NORMS,
        ..GEMMA
    },
    Family {
        name: "gemma3",
        model_type: "gemma3_text",
        class: "Gemma3ForCausalLM",
        keys: &["final_logit_softcapping"],
        own: GEMMA_NORMS,
        ..GEMMA
    },
];

/// Where a tensor of a folder lies in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlace {
    /// The tensor of the file.
    pub name: String,
    /// Which expert's part of it, where experts lie in one.
    pub expert: Option<usize>,
}

impl Family {
    /// The family of a `model_type`, where files of it can be read and written.
    pub fn of_model(model_type: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.model_type == model_type)
    }

    /// The family of a file: of `general.architecture`, and what else tells Llama, Mistral and Mixtral apart.
    pub(super) fn of_file(name: &str, experts: bool, window: bool) -> Option<&'static Self> {
        Self::of_model(match (name, experts, window) {
            ("llama", true, _) => "mixtral",
            ("llama", false, true) => "mistral",
            ("qwen3moe", ..) => "qwen3_moe",
            ("qwen2moe", ..) => "qwen2_moe",
            // Its queries, keys and values are cut apart there, and the rest is Llama's.
            ("internlm2", ..) => "llama",
            ("gemma3", ..) => "gemma3_text",
            (other, ..) => other,
        })
    }

    /// The values of `general.architecture` that can be read.
    pub fn names() -> Vec<&'static str> {
        let mut names: Vec<&str> = FAMILIES.iter().map(|family| family.name).chain(["internlm2"]).collect();
        names.dedup();
        names
    }

    /// The folder's name of a file's tensor, with `{expert}` in place of an expert's number where experts lie in one.
    ///
    /// ```
    /// let qwen2 = model::gguf::Family::of_model("qwen2").unwrap();
    /// assert_eq!(qwen2.folder_name("blk.3.attn_q.bias").unwrap(), "model.layers.3.self_attn.q_proj.bias");
    /// ```
    pub fn folder_name(&self, name: &str) -> Option<String> {
        if let Some((_, folder)) = OUTER.iter().find(|(file, _)| *file == name) {
            return Some((*folder).to_owned());
        }
        let (layer, rest) = name.strip_prefix("blk.")?.split_once('.')?;
        let layer = number(layer)?;
        let (part, what) = rest.rsplit_once('.')?;
        let folder = self.inner(part)?;
        matches!(what, "weight" | "bias").then(|| format!("model.layers.{layer}.{folder}.{what}"))
    }

    /// Where a folder's tensor lies in a file.
    ///
    /// ```
    /// let qwen3 = model::gguf::Family::of_model("qwen3_moe").unwrap();
    /// let place = qwen3.file_place("model.layers.3.self_attn.q_proj.bias").unwrap();
    /// assert_eq!((place.name.as_str(), place.expert), ("blk.3.attn_q.bias", None));
    /// let place = qwen3.file_place("model.layers.0.mlp.experts.7.up_proj.weight").unwrap();
    /// assert_eq!((place.name.as_str(), place.expert), ("blk.0.ffn_up_exps.weight", Some(7)));
    /// ```
    pub fn file_place(&self, name: &str) -> Option<FilePlace> {
        if let Some((file, _)) = OUTER.iter().find(|(_, folder)| *folder == name) {
            return Some(FilePlace { name: (*file).to_owned(), expert: None });
        }
        let (layer, rest) = name.strip_prefix("model.layers.")?.split_once('.')?;
        let layer = number(layer)?;
        let (part, what) = rest.rsplit_once('.')?;
        let (part, expert) =
            match part.split_once("experts.").and_then(|(before, rest)| Some((before, rest.split_once('.')?))) {
                Some((before, (expert, after))) => {
                    (format!("{before}experts.{{expert}}.{after}"), Some(number(expert)? as usize))
                }
                None => (part.to_owned(), None),
            };
        let (file, _) = self.table().find(|(_, folder)| *folder == part)?;
        matches!(what, "weight" | "bias").then(|| FilePlace { name: format!("blk.{layer}.{file}.{what}"), expert })
    }

    /// Names inside a block; the first that fits counts.
    fn table(&self) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
        let usual = DENSE.iter().filter(|(_, folder)| self.own.iter().all(|(_, own)| own != folder));
        self.own.iter().chain(usual).chain(self.experts)
    }

    fn inner(&self, part: &str) -> Option<String> {
        if let Some((_, folder)) = self.table().find(|(file, _)| *file == part) {
            return Some((*folder).to_owned());
        }
        // Files of 2023 have each expert in a tensor of its own: `ffn_gate.3`.
        let (part, expert) = part.rsplit_once('.')?;
        let (part, expert) = (format!("{part}_exps"), number(expert)?);
        let (_, folder) = self.experts.iter().find(|(file, _)| *file == part)?;
        Some(folder.replace("{expert}", &expert.to_string()))
    }
}

/// A whole number written in the one usual way, so that no two names mean the same tensor.
fn number(text: &str) -> Option<u32> {
    text.parse::<u32>().ok().filter(|number| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_there_and_back() {
        for family in FAMILIES {
            assert!(crate::arch::find(family.model_type).is_some(), "{}", family.model_type);
            let first = |at: usize| family.table().take(at).all(|(file, _)| *file != family.table().nth(at).unwrap().0);
            let names = family.table().enumerate().filter(|(at, _)| first(*at)).map(|(_, names)| names);
            for (file, _) in names {
                let file = format!("blk.12.{file}.weight");
                let folder = family.folder_name(&file).unwrap();
                let place = family.file_place(&folder.replace("{expert}", "5")).unwrap();
                assert_eq!((place.name, place.expert), (file, folder.contains("{expert}").then_some(5)));
            }
        }
        assert_eq!(Family::of_model("llama").unwrap().folder_name("blk.0.ffn_gate_exps.weight"), None);
        let mixtral = Family::of_file("llama", true, false).unwrap();
        assert_eq!(
            mixtral.folder_name("blk.0.ffn_down.7.weight").unwrap(),
            "model.layers.0.block_sparse_moe.experts.7.w2.weight"
        );
        for odd in
            ["blk.01.attn_q.weight", "blk.0.attn_q.scale", "blk.0.attn_x.weight", "output", "blk.0.ffn_up.x.weight"]
        {
            assert_eq!(mixtral.folder_name(odd), None, "{odd}");
        }
    }
}
