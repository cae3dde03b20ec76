//! What architectures and tensors are called in a GGUF file and in a Hugging Face folder.

use super::tables::*;

/// What a tensor of the file is of a linear of the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Share {
    /// Its rows 0, 2, 4, ..: `[out / 2, in]`.
    EvenRows,
    /// Its rows 1, 3, 5, ..: `[out / 2, in]`.
    OddRows,
    /// Of each head the rows that make its key, transposed: `[heads, in, key]`.
    Keys,
    /// Of each head the rows that make its value: `[heads, value, in]`.
    Values,
}

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
    own: &'static [Inner],
    /// The names of its experts.
    experts: Inner,
    /// Whole names inside a block, of tensors whose names end otherwise there: file, folder.
    vectors: Inner,
    /// Tensors that are parts of the folder's.
    shares: Shares,
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
    vectors: &[],
    shares: &[],
};
const QWEN2: Family = Family { name: "qwen2", model_type: "qwen2", class: "Qwen2ForCausalLM", pairs: false, ..LLAMA };
const GEMMA: Family =
    Family { name: "gemma", model_type: "gemma", class: "GemmaForCausalLM", norms_one_more: true, ..QWEN2 };

const DEEPSEEK_V2: Family = Family {
    name: "deepseek2",
    model_type: "deepseek_v2",
    class: "DeepseekV2ForCausalLM",
    keys: &[
        "expert_shared_count",
        "expert_group_count",
        "expert_weights_scale",
        "expert_gating_func",
        "leading_dense_block_count",
        "nextn_predict_layers",
    ],
    own: &[LATENTS, SHARED_EXPERTS],
    experts: QWEN_EXPERTS,
    shares: KEYS_VALUES,
    ..QWEN2
};

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
        own: &[SHARED_EXPERT],
        experts: QWEN_EXPERTS,
        ..QWEN2
    },
    Family { name: "smollm3", model_type: "smollm3", class: "SmolLM3ForCausalLM", ..LLAMA },
    Family { name: "olmo2", model_type: "olmo2", class: "Olmo2ForCausalLM", own: &[OLMO2_NORMS], ..QWEN2 },
    Family {
        name: "granite",
        model_type: "granite",
        class: "GraniteForCausalLM",
        keys: &["attention.scale", "embedding_scale", "residual_scale", "logit_scale"],
        ..LLAMA
    },
    Family { name: "phi3", model_type: "phi3", class: "Phi3ForCausalLM", own: &[FUSED], ..QWEN2 },
    GEMMA,
    Family {
        name: "gemma2",
        model_type: "gemma2",
        class: "Gemma2ForCausalLM",
        keys: &["attn_logit_softcapping", "final_logit_softcapping"],
        own: &[GEMMA_NORMS],
        ..GEMMA
    },
    Family {
        name: "gemma3",
        model_type: "gemma3_text",
        class: "Gemma3ForCausalLM",
        keys: &["final_logit_softcapping"],
        own: &[GEMMA_NORMS],
        ..GEMMA
    },
    Family {
        name: "gpt-oss",
        model_type: "gpt_oss",
        class: "GptOssForCausalLM",
        own: &[GPT_OSS_NORM],
        experts: GPT_OSS_EXPERTS,
        vectors: &[("attn_sinks.weight", "self_attn.sinks")],
        shares: GATE_UP,
        ..QWEN2
    },
    Family { name: "minicpm3", model_type: "minicpm3", class: "MiniCPM3ForCausalLM", own: &[LATENTS], ..QWEN2 },
    DEEPSEEK_V2,
    Family {
        model_type: "deepseek_v3",
        class: "DeepseekV3ForCausalLM",
        vectors: &[("exp_probs_b.bias", "mlp.gate.e_score_correction_bias")],
        ..DEEPSEEK_V2
    },
];

/// What tells architectures of one name in a file apart.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Traits {
    pub experts: bool,
    pub window: bool,
    /// Experts are scored by sigmoids.
    pub sigmoid: bool,
}

/// Where a tensor of a folder lies in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlace {
    /// The tensor of the file.
    pub name: String,
    /// Which expert's part of it, where experts lie in one.
    pub expert: Option<usize>,
    /// What of the folder's tensor it is; `None` is all.
    pub share: Option<Share>,
}

impl Family {
    /// The family of a `model_type`, where files of it can be read and written.
    pub fn of_model(model_type: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.model_type == model_type)
    }

    /// The family of a file: of `general.architecture`, and what else there is to tell some apart by.
    pub(super) fn of_file(name: &str, traits: Traits) -> Option<&'static Self> {
        Self::of_model(match name {
            "llama" if traits.experts => "mixtral",
            "llama" if traits.window => "mistral",
            "qwen3moe" => "qwen3_moe",
            "qwen2moe" => "qwen2_moe",
            // Its queries, keys and values are cut apart there, and the rest is Llama's.
            "internlm2" => "llama",
            "gemma3" => "gemma3_text",
            "gpt-oss" => "gpt_oss",
            "deepseek2" if traits.sigmoid => "deepseek_v3",
            "deepseek2" => "deepseek_v2",
            other => other,
        })
    }

    /// Whether keys and values are made of a latent.
    pub(super) fn latents(&self) -> bool {
        self.own.contains(&LATENTS)
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
        if let Some((_, folder)) = self.vectors.iter().find(|(file, _)| *file == rest) {
            return Some(format!("model.layers.{layer}.{folder}"));
        }
        let (part, what) = rest.rsplit_once('.')?;
        let folder = self.inner(part)?;
        matches!(what, "weight" | "bias").then(|| format!("model.layers.{layer}.{folder}.{what}"))
    }

    /// The folder's tensor that a file's is a part of, with `{expert}` as in [`Family::folder_name`], and which part.
    pub(super) fn share(&self, name: &str) -> Option<(String, Share)> {
        let (layer, rest) = name.strip_prefix("blk.")?.split_once('.')?;
        let (layer, (part, what)) = (number(layer)?, rest.rsplit_once('.')?);
        let (_, folder, share) = self.shares.iter().find(|(file, ..)| *file == part)?;
        matches!(what, "weight" | "bias").then(|| (format!("model.layers.{layer}.{folder}.{what}"), *share))
    }

    /// Where a folder's tensor lies in a file; nowhere where files have no such tensor. Keys and values of latents may lie
    /// together or, `split`, apart.
    ///
    /// ```
    /// let qwen3 = model::gguf::Family::of_model("qwen3_moe").unwrap();
    /// let places = qwen3.file_places("model.layers.3.self_attn.q_proj.bias", false);
    /// assert_eq!((places[0].name.as_str(), places[0].expert), ("blk.3.attn_q.bias", None));
    /// let places = qwen3.file_places("model.layers.0.mlp.experts.7.up_proj.weight", false);
    /// assert_eq!((places[0].name.as_str(), places[0].expert), ("blk.0.ffn_up_exps.weight", Some(7)));
    /// let deepseek = model::gguf::Family::of_model("deepseek_v3").unwrap();
    /// let places = deepseek.file_places("model.layers.0.self_attn.kv_b_proj.weight", true);
    /// assert_eq!((places[0].name.as_str(), places[1].name.as_str()), ("blk.0.attn_k_b.weight", "blk.0.attn_v_b.weight"));
    /// ```
    pub fn file_places(&self, name: &str, split: bool) -> Vec<FilePlace> {
        if let Some((file, _)) = OUTER.iter().find(|(_, folder)| *folder == name) {
            return vec![FilePlace { name: (*file).to_owned(), expert: None, share: None }];
        }
        self.inner_places(name, split).unwrap_or_default()
    }

    fn inner_places(&self, name: &str, split: bool) -> Option<Vec<FilePlace>> {
        let (layer, rest) = name.strip_prefix("model.layers.")?.split_once('.')?;
        let layer = number(layer)?;
        if let Some((file, _)) = self.vectors.iter().find(|(_, folder)| *folder == rest) {
            return Some(vec![FilePlace { name: format!("blk.{layer}.{file}"), expert: None, share: None }]);
        }
        let (part, what) = rest.rsplit_once('.').filter(|(_, what)| matches!(*what, "weight" | "bias"))?;
        let (part, expert) =
            match part.split_once("experts.").and_then(|(before, rest)| Some((before, rest.split_once('.')?))) {
                Some((before, (expert, after))) => {
                    (format!("{before}experts.{{expert}}.{after}"), Some(number(expert)? as usize))
                }
                None => (part.to_owned(), None),
            };
        let place = |file: &str, share| FilePlace { name: format!("blk.{layer}.{file}.{what}"), expert, share };
        match self.table().find(|(_, folder)| *folder == part) {
            Some((file, _)) if !(split && self.shares.iter().any(|(_, folder, _)| *folder == part)) => {
                Some(vec![place(file, None)])
            }
            _ => {
                let shares = self.shares.iter().filter(|(_, folder, _)| *folder == part);
                Some(shares.map(|(file, _, share)| place(file, Some(*share))).collect())
            }
        }
    }

    /// Names inside a block; the first that fits counts.
    fn table(&self) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
        let own = || self.own.iter().copied().flatten();
        let usual = DENSE.iter().filter(move |(_, folder)| own().all(|(_, own)| own != folder));
        own().chain(usual).chain(self.experts)
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
                let places = family.file_places(&folder.replace("{expert}", "5"), false);
                let expert = folder.contains("{expert}").then_some(5);
                assert_eq!(places, [FilePlace { name: file, expert, share: None }]);
            }
            for (file, folder) in family.vectors {
                let (file, folder) = (format!("blk.3.{file}"), format!("model.layers.3.{folder}"));
                assert_eq!(family.folder_name(&file).as_ref(), Some(&folder));
                assert_eq!(family.file_places(&folder, true)[0].name, file);
            }
            for (file, _, share) in family.shares {
                let file = format!("blk.12.{file}.weight");
                let (folder, found) = family.share(&file).unwrap();
                assert_eq!((found, family.folder_name(&file)), (*share, None));
                let places = family.file_places(&folder.replace("{expert}", "5"), true);
                assert!(places.iter().any(|place| place.name == file && place.share == Some(*share)), "{places:?}");
            }
        }
        assert_eq!(Family::of_model("llama").unwrap().folder_name("blk.0.ffn_gate_exps.weight"), None);
        let mixtral = Family::of_file("llama", Traits { experts: true, ..Traits::default() }).unwrap();
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
