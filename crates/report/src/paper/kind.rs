//! Which of the paper's rows have the compression of a variant.

use record::VariantSource;
use serde_json::Value;

/// A compression as the paper's tables tell it apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    /// As methods are named here; `dense` where nothing was done.
    pub method: String,
    /// Bits of a weight; absent for pruning.
    pub bits: Option<u64>,
    /// Whether zeros lie in a pattern of n in m.
    pub pattern: bool,
}

/// How the tables begin the names of methods, and how they are named here.
const NAMES: [(&str, &str); 10] = [
    ("base", "dense"),
    ("fp16", "dense"),
    ("distilled", "dense"),
    ("fp8", "fp8"),
    ("gptq", "gptq"),
    ("awq", "awq"),
    ("smoothq", "smoothquant"),
    ("mag", "magnitude"),
    ("sparsegpt", "sparsegpt"),
    ("wanda", "wanda"),
];

impl Kind {
    /// That of a row: `GPTQ(INT4)`, `Mag(2:4)`, `Base`. What says no width has 4 bits, as the paper's text has it.
    pub(super) fn printed(label: &str) -> Self {
        let label = label.to_lowercase();
        let named = NAMES.iter().find(|(begin, _)| label.starts_with(begin));
        // Distilled models are named in this column of Table 8: `DS-Qwen-7B-FP16`.
        let method = named.map_or("dense", |(_, name)| name).to_owned();
        let bits = match method.as_str() {
            "gptq" | "awq" if !label.contains('8') => Some(4),
            "gptq" | "awq" | "smoothquant" | "fp8" => Some(8),
            _ => None,
        };
        Self { method, bits, pattern: label.contains("2:4") }
    }

    /// That of a variant, if the run knows it. A method that makes another's work easier counts as the last one.
    pub(super) fn made(source: &VariantSource) -> Option<Self> {
        match source {
            VariantSource::Dense => Some(Self { method: "dense".to_owned(), bits: None, pattern: false }),
            VariantSource::Compressed { method, settings, .. } => {
                let last = method.rsplit('+').next().unwrap_or(method);
                let own = settings.get(last).unwrap_or(settings);
                let bits = own.get("bits").and_then(Value::as_u64).filter(|bits| *bits < 16);
                let pattern = own.get("sparsity").and_then(Value::as_str).is_some_and(|text| text.contains(':'));
                let bits = if last == "fp8" { Some(8) } else { bits };
                Some(Self { method: last.to_owned(), bits, pattern })
            }
            VariantSource::Checkpoint { .. } | VariantSource::Endpoint { .. } | VariantSource::Scripted { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(method: &str, settings: Value) -> Option<Kind> {
        Kind::made(&VariantSource::Compressed { method: method.to_owned(), settings, calibration: None })
    }

    #[test]
    fn variants_and_rows_of_one_compression_meet() {
        let pairs = [
            ("GPTQ", "gptq", json!({"bits": 4, "group_size": 128})),
            ("GPTQ(W8)", "gptq", json!({"bits": 8})),
            ("AWQ(INT4)", "awq", json!({"bits": 4})),
            ("SmoothQ(W8A8)", "smoothquant", json!({"bits": 8})),
            ("FP8", "fp8", json!({"activation_bits": 8})),
            ("Mag(un)", "magnitude", json!({"sparsity": 0.5})),
            ("SparseGPT(2:4)", "sparsegpt", json!({"sparsity": "2:4", "bits": 16})),
            ("GPTQ(INT4)", "smoothquant+gptq", json!({"smoothquant": {"bits": 8}, "gptq": {"bits": 4}})),
        ];
        for (label, method, settings) in pairs {
            assert_eq!(Some(Kind::printed(label)), made(method, settings), "{label}");
        }
        for label in ["Base", "FP16", "DS-Qwen-7B-FP16", "Distilled"] {
            assert_eq!(Some(Kind::printed(label)), Kind::made(&VariantSource::Dense), "{label}");
        }
        assert_ne!(Some(Kind::printed("GPTQ")), made("gptq", json!({"bits": 3})));
        assert_ne!(Kind::printed("Wanda(2:4)"), Kind::printed("Wanda(Un)"));
    }
}
