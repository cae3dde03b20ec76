//! How byte-level tokenizers cut a text into words before they merge bytes: the patterns behind `tokenizer.ggml.pre`, as the
//! models that they are named after publish them.

use serde_json::{Value as Json, json};

/// What GPT-2 cuts by, of which the tokenizers library has a form of its own.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// Each digit by itself, of which it has one too.
const DIGIT: &str = r"\p{N}";
/// What Qwen2 cuts by.
pub(crate) const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const HAN: &str = "[一-龥ࠀ-一가-퟿]+";
const NO_PUNCTUATION: &str = r" ?[^(\s|.,!?…。，、।۔،)]+";

/// One way to cut texts.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// Values of `tokenizer.ggml.pre`, the one to write first.
    names: &'static [&'static str],
    /// One cut after another; each match of one becomes a word.
    patterns: &'static [&'static str],
    /// Words that are tokens are not cut any more, whatever the merges say.
    pub whole_words: bool,
    /// Texts are brought into Unicode's composed form (NFC) first.
    pub composed: bool,
    /// A begin token is put before a text unless the file says otherwise.
    pub begins: bool,
}

const PLAIN: Words = Words { names: &[], patterns: &[GPT2], whole_words: false, composed: false, begins: false };

const TABLE: &[Words] = &[
    Words { names: &["gpt-2", "gpt2", "mpt", "olmo", "jais", "phi-2", "gigachat", "roberta-bpe"], ..PLAIN },
    Words {
        names: &["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"],
        patterns: &[LLAMA3],
        whole_words: true,
        begins: true,
        ..PLAIN
    },
    Words { names: &["smaug-bpe", "dbrx", "glm4", "chatglm-bpe"], patterns: &[LLAMA3], ..PLAIN },
    Words { names: &["qwen2", "stablelm2", "hunyuan", "megrez"], patterns: &[QWEN2], composed: true, ..PLAIN },
    Words { names: &["deepseek-r1-qwen"], patterns: &[QWEN2], ..PLAIN },
    Words {
        names: &["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"],
        patterns: &[DIGIT, GPT2],
        ..PLAIN
    },
    Words { names: &["tekken"], patterns: &[TEKKEN], whole_words: true, begins: true, ..PLAIN },
    Words { names: &["gpt-4o", "llama4"], patterns: &[GPT4O], ..PLAIN },
    Words { names: &["deepseek-coder"], patterns: &[r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", HAN, DIGIT], ..PLAIN },
    Words {
        names: &["deepseek-llm"],
        patterns: &[
            r"[\r\n]",
            "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+",
            "\\s?[!-/:-~！-／：-～‘-‟　-。]+",
            r"\s+$",
            HAN,
            DIGITS,
        ],
        ..PLAIN
    },
    Words {
        names: &["deepseek-v3", "hunyuan-dense"],
        patterns: &[
            r"\p{N}{1,3}",
            "[一-龥\u{3040}-ゟ゠-ヿ]+",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        ],
        ..PLAIN
    },
    Words { names: &["falcon"], patterns: &[r"[\p{P}\$\+<=>\^~\|`]+", GPT2, "[0-9][0-9][0-9]"], ..PLAIN },
    Words { names: &["bloom", "poro-chat", "gpt3-finnish"], patterns: &[NO_PUNCTUATION], ..PLAIN },
    Words { names: &["viking"], patterns: &[NO_PUNCTUATION, DIGIT], ..PLAIN },
    // What llama.cpp does where a file says nothing of its words.
    Words { names: &["default"], patterns: &[r"[\p{P}\$\+<=>\^~\|]+", GPT2, DIGITS, "[0-9][0-9][0-9]"], ..PLAIN },
];

/// Runs of digits.
const DIGITS: &str = r"\p{N}+";

impl Words {
    /// The way of a value of `tokenizer.ggml.pre`.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|words| words.names.contains(&name))
    }

    /// Every value that is known.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().flat_map(|words| words.names).copied()
    }

    /// What llama.cpp calls the way in which a `tokenizer.json` cuts texts; `None` where it knows no such way.
    pub fn of(tokenizer: &Json) -> Option<(&'static Self, &'static str)> {
        let patterns = patterns(&tokenizer["pre_tokenizer"])?;
        let whole_words = tokenizer["model"]["ignore_merges"] == true;
        let words = TABLE.iter().find(|words| words.patterns == patterns && words.whole_words == whole_words)?;
        Some((words, words.names[0]))
    }

    /// The `pre_tokenizer` of a `tokenizer.json`.
    pub fn pre_tokenizer(&self) -> Json {
        let bytes = |regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": regex});
        let ends_as_gpt2 = self.patterns.last() == Some(&GPT2);
        let cuts = &self.patterns[..self.patterns.len() - usize::from(ends_as_gpt2)];
        let cut = |pattern: &&str| match *pattern {
            DIGIT => json!({"type": "Digits", "individual_digits": true}),
            pattern => json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false}),
        };
        if cuts.is_empty() {
            return bytes(true);
        }
        let all: Vec<Json> = cuts.iter().map(cut).chain([bytes(ends_as_gpt2)]).collect();
        json!({"type": "Sequence", "pretokenizers": all})
    }
}

/// The patterns of a `pre_tokenizer`, one cut after another; `None` where it is of another kind.
fn patterns(pre: &Json) -> Option<Vec<&str>> {
    let steps = match pre["type"].as_str()? {
        "Sequence" => pre["pretokenizers"].as_array()?.as_slice(),
        _ => std::slice::from_ref(pre),
    };
    let (last, cuts) = steps.split_last()?;
    let mut all = Vec::new();
    for cut in cuts {
        match cut["type"].as_str()? {
            "Split" if cut["behavior"] == "Isolated" && cut["invert"] != true => {
                all.push(cut["pattern"]["Regex"].as_str()?)
            }
            "Digits" if cut["individual_digits"] == true => all.push(DIGIT),
            "Digits" => all.push(DIGITS),
            _ => return None,
        }
    }
    if last["type"] != "ByteLevel" || last["add_prefix_space"] == true {
        return None;
    }
    if last["use_regex"] != false {
        all.push(GPT2);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_found_by_what_it_makes() {
        let mut seen = Vec::new();
        for words in TABLE {
            for name in words.names {
                assert!(!seen.contains(name), "{name}");
                assert_eq!(Words::named(name).unwrap().names, words.names);
                seen.push(name);
            }
            let made = json!({
                "pre_tokenizer": words.pre_tokenizer(), "model": {"ignore_merges": words.whole_words},
            });
            let (found, name) = Words::of(&made).unwrap();
            assert_eq!(found.patterns, words.patterns, "{name}");
            assert!(name == words.names[0] || words.names == ["deepseek-r1-qwen"], "{name}");
        }
        assert!(Words::named("spells").is_none());
    }

    #[test]
    fn other_ways_are_not_mistaken() {
        for pre in [
            json!(null),
            json!({"type": "Metaspace"}),
            json!({"type": "ByteLevel", "add_prefix_space": true}),
            json!({"type": "Sequence", "pretokenizers": []}),
            json!({"type": "Sequence", "pretokenizers": [{"type": "Punctuation"}, {"type": "ByteLevel"}]}),
            json!({"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": QWEN2}, "behavior": "Removed"},
                {"type": "ByteLevel", "use_regex": false}]}),
        ] {
            assert!(Words::of(&json!({"pre_tokenizer": pre, "model": {}})).is_none(), "{pre}");
        }
    }
}
