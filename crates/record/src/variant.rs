//! Which model a variant is: all that is needed to make or find it again.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::DENSE;

/// One variant of the model, as `run.json` holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct VariantRecord {
    /// Folder name: `dense`, `gptq-w4-g128`.
    pub name: String,
    /// Which model it is.
    #[serde(flatten)]
    pub source: VariantSource,
}

/// Which model a variant is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum VariantSource {
    /// The model of the run as it is.
    Dense,
    /// The model of the run, compressed into the variant's folder.
    Compressed {
        /// The method, or several: `smoothquant+gptq`.
        method: String,
        /// All its settings; of several methods, under their names.
        settings: Value,
        /// The text that it looks at; absent for methods that look at none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calibration: Option<TextOrigin>,
    },
    /// A checkpoint that somebody made before.
    Checkpoint {
        /// Its folder, or its GGUF file.
        path: PathBuf,
        /// SHA-256 over configuration, tokenizer and weights, hexadecimal.
        digest: String,
    },
    /// A model behind OpenAI-compatible servers.
    Endpoint {
        /// Where: `http://host:8000/v1`.
        addresses: Vec<String>,
        /// Its name there.
        model: String,
    },
    /// Replies from a file in place of a model's.
    Scripted {
        /// The file.
        replies: PathBuf,
        /// Its SHA-256, hexadecimal.
        digest: String,
    },
}

/// Where the text comes from that a method is calibrated on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum TextOrigin {
    /// Training prompts of the generated twins.
    Twins,
    /// Text that the dense model writes itself.
    #[serde(rename = "self")]
    Own {
        /// The most tokens of it.
        tokens: usize,
    },
    /// A file.
    File {
        /// The file.
        path: PathBuf,
        /// Its SHA-256, hexadecimal.
        digest: String,
    },
}

impl VariantSource {
    /// Whether its weights are on this machine, for this program to run.
    pub fn is_local(&self) -> bool {
        !matches!(self, Self::Endpoint { .. } | Self::Scripted { .. })
    }
}

impl VariantRecord {
    /// The variant of the dense model.
    pub fn dense() -> Self {
        Self { name: DENSE.to_owned(), source: VariantSource::Dense }
    }
}

/// A variant as files hold it: as it is written today, or as the first runs have it, with the calibration and a
/// file of replies among the method's settings.
#[derive(Deserialize)]
struct Stored {
    name: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    settings: Value,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl TryFrom<Stored> for VariantRecord {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        let Stored { name, method, settings, mut rest } = stored;
        let source = if rest.contains_key("source") {
            rest.extend(method.map(|method| ("method".to_owned(), Value::from(method))));
            rest.insert("settings".to_owned(), settings);
            serde_json::from_value(Value::Object(rest)).map_err(|error| format!("variant {name}: {error}"))?
        } else {
            before(method, settings)
        };
        Ok(Self { name, source })
    }
}

/// A variant as the first runs have it.
fn before(method: Option<String>, mut settings: Value) -> VariantSource {
    let text = |name: &str| settings[name].as_str().unwrap_or_default().to_owned();
    match method {
        None if settings.get("replies").is_some() => {
            VariantSource::Scripted { replies: text("replies").into(), digest: text("digest") }
        }
        None => VariantSource::Dense,
        Some(method) => {
            let calibration = settings.as_object_mut().and_then(|fields| fields.shift_remove("calibration"));
            VariantSource::Compressed { method, settings, calibration: calibration.map(|value| origin(&value)) }
        }
    }
}

/// `twins`, `{"source": "self", "tokens": 4096}`, or `PATH sha256:DIGEST`.
fn origin(value: &Value) -> TextOrigin {
    let file = value.as_str().and_then(|text| text.rsplit_once(" sha256:"));
    match (file, value["tokens"].as_u64()) {
        (Some((path, digest)), _) => TextOrigin::File { path: path.into(), digest: digest.to_owned() },
        (_, Some(tokens)) => TextOrigin::Own { tokens: tokens as usize },
        _ => TextOrigin::Twins,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn all() -> Vec<VariantSource> {
        let compressed = |calibration| VariantSource::Compressed {
            method: "gptq".into(),
            settings: json!({"bits": 4}),
            calibration,
        };
        let file = TextOrigin::File { path: "a sha256:b.txt".into(), digest: "0f".into() };
        vec![
            VariantSource::Dense,
            compressed(None),
            compressed(Some(TextOrigin::Twins)),
            compressed(Some(TextOrigin::Own { tokens: 5 })),
            compressed(Some(file)),
            VariantSource::Checkpoint { path: "x/y.gguf".into(), digest: "0f".into() },
            VariantSource::Endpoint { addresses: vec!["http://a/v1".into()], model: "m".into() },
            VariantSource::Scripted { replies: "r.jsonl".into(), digest: "0f".into() },
        ]
    }

    #[test]
    fn every_source_is_read_as_it_was_written() -> Result<(), serde_json::Error> {
        for source in all() {
            let record = VariantRecord { name: "v".into(), source };
            let text = serde_json::to_string(&record)?;
            assert_eq!(serde_json::from_str::<VariantRecord>(&text)?, record, "{text}");
        }
        Ok(())
    }

    #[test]
    fn variants_of_runs_before_are_read() -> Result<(), serde_json::Error> {
        let settings = |calibration: Value| json!({"name": "v", "method": "gptq", "settings": {"bits": 4, "calibration": calibration}});
        let stored = [
            json!({"name": "v"}),
            json!({"name": "v", "method": "gptq", "settings": {"bits": 4}}),
            settings(json!("twins")),
            settings(json!({"source": "self", "tokens": 5})),
            settings(json!("a sha256:b.txt sha256:0f")),
            json!({"name": "v", "settings": {"replies": "r.jsonl", "digest": "0f"}}),
        ];
        let newer = |source: &VariantSource| {
            matches!(source, VariantSource::Checkpoint { .. } | VariantSource::Endpoint { .. })
        };
        let expected = all().into_iter().filter(|source| !newer(source));
        for (stored, expected) in stored.into_iter().zip(expected) {
            let got: VariantRecord = serde_json::from_value(stored)?;
            assert_eq!(got.source, expected);
        }
        assert!(serde_json::from_value::<VariantRecord>(json!({"name": "v", "source": "telepathy"})).is_err());
        Ok(())
    }
}
