//! Which tokens stand around a text that no chat template renders.

use serde_json::Value;

use crate::config::Fields;

/// The classes of tokenizers that, in transformers 4, put their begin and end tokens around a text themselves, whatever
/// `tokenizer.json` says; and whether they begin a text where `add_bos_token` is absent.
const OWN: &[(&str, bool)] = &[
    ("LlamaTokenizer", true),
    ("CodeLlamaTokenizer", true),
    ("GemmaTokenizer", true),
    ("CohereTokenizer", true),
    ("GPTNeoXTokenizer", false),
];

/// The class of a tokenizer that does not name it, by `model_type`.
const BY_MODEL: &[(&str, &str)] = &[
    ("llama", "LlamaTokenizer"),
    ("mistral", "LlamaTokenizer"),
    ("mixtral", "LlamaTokenizer"),
    ("gemma", "GemmaTokenizer"),
];

/// The tokens around a text: what transformers 4 put there when today's published numbers were made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surround {
    /// Before it.
    pub before: Vec<String>,
    /// After it.
    pub after: Vec<String>,
}

impl Surround {
    /// By the tokenizer's class, `add_bos_token` and `add_eos_token`; `None` where `tokenizer.json` alone decides.
    /// `special` is the spelling of a special token that is in the vocabulary.
    pub(crate) fn of(
        settings: &Fields<'_>,
        model_type: Option<&str>,
        special: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let named = settings.get("tokenizer_class").and_then(Value::as_str);
        let by_model = || BY_MODEL.iter().find(|(model, _)| Some(*model) == model_type).map(|(_, class)| *class);
        let class = named.map(|class| class.strip_suffix("Fast").unwrap_or(class)).or_else(by_model)?;
        let &(_, begins) = OWN.iter().find(|(own, _)| *own == class)?;
        let flag = |name: &str, default: bool| settings.get(name).and_then(Value::as_bool).unwrap_or(default);
        // Where a token that should be added is not in the vocabulary, transformers fails: tokenizer.json is nearer.
        let token = |name: &str, added: bool| match added {
            true => special(name).map(|token| vec![token]),
            false => Some(Vec::new()),
        };
        let before = token("bos_token", flag("add_bos_token", begins))?;
        Some(Self { before, after: token("eos_token", flag("add_eos_token", false))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_class_and_its_flags_decide() -> Result<(), crate::ModelError> {
        let one = |settings: Value, model_type: &str| -> Result<Option<(usize, usize)>, crate::ModelError> {
            let fields = Fields::new(&settings, "tokenizer_config.json".as_ref())?;
            let special = |name: &str| (settings["no_bos"].is_null() || name != "bos_token").then(|| name.to_owned());
            let around = Surround::of(&fields, Some(model_type), special);
            Ok(around.map(|around| (around.before.len(), around.after.len())))
        };
        let class = |class: &str| json!({"tokenizer_class": class});
        assert_eq!(one(class("LlamaTokenizer"), "qwen2")?, Some((1, 0)));
        assert_eq!(one(class("GemmaTokenizerFast"), "")?, Some((1, 0)));
        assert_eq!(one(class("GPTNeoXTokenizerFast"), "")?, Some((0, 0)));
        assert_eq!(one(class("PreTrainedTokenizerFast"), "llama")?, None);
        assert_eq!(one(class("Qwen2Tokenizer"), "qwen2")?, None);
        assert_eq!(one(json!({}), "mistral")?, Some((1, 0)));
        assert_eq!(one(json!({}), "qwen2")?, None);
        let flags = |bos: bool, eos: bool| json!({"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": bos, "add_eos_token": eos});
        assert_eq!(one(flags(false, false), "")?, Some((0, 0)));
        assert_eq!(one(flags(true, true), "")?, Some((1, 1)));
        assert_eq!(one(json!({"tokenizer_class": "LlamaTokenizerFast", "no_bos": 1}), "")?, None);
        Ok(())
    }
}
