//! What a sentence-transformers folder says of itself: the encoder, how many tokens it sees, pooling, normalization.

use std::path::Path;

use serde_json::Value;

use crate::ModelError;
use crate::checkpoint::files::{DOWNLOAD, Files, damaged};
use crate::config::Fields;

pub(crate) const CONFIG: &str = "config.json";
pub(crate) const MODULES: &str = "modules.json";
pub(crate) const LENGTH: &str = "sentence_bert_config.json";
const PROMPTS: &str = "config_sentence_transformers.json";
const TOKENIZER_SETTINGS: &str = "tokenizer_config.json";
const KNOWN: [&str; 2] = ["bert", "mpnet"];

/// Which architecture, and what is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Positions from 0, and a token type that is added.
    Bert { types: usize },
    /// Positions from 2, and a bias of each head by the distance of two tokens.
    Mpnet,
}

/// How token vectors become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pooling {
    Mean,
    First,
    Largest,
}

/// The settings of an encoder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub kind: Kind,
    pub vocab_size: usize,
    pub hidden: usize,
    pub intermediate: usize,
    pub layers: usize,
    pub heads: usize,
    pub eps: f32,
    /// Rows of the table of positions.
    pub positions: usize,
    /// The most tokens of a text, those around it included.
    pub most_tokens: usize,
    /// Whether texts are put in lower case before they are read.
    pub lower: bool,
    pub pooling: Pooling,
    pub normalize: bool,
}

impl Settings {
    /// Reads `config.json`, `modules.json`, the pooling's `config.json` and `sentence_bert_config.json`. A folder without
    /// `modules.json` is a bare transformer: its tokens' mean is taken, as sentence-transformers does.
    pub fn read(files: &Files) -> Result<Self, ModelError> {
        let (value, path) = (files.json(CONFIG, DOWNLOAD)?, files.path(CONFIG));
        let fields = Fields::new(&value, &path)?;
        let mut settings = encoder(&fields, &path)?;
        for module in modules(files)? {
            match module.kind.as_str() {
                "Pooling" => settings.pooling = pooling(files, &module.folder)?,
                "Normalize" => settings.normalize = true,
                "Transformer" if module.folder.is_empty() => {}
                _ => {
                    return Err(ModelError::Unsupported {
                        path: files.path(MODULES),
                        what: format!("a module {} in `{}`", module.kind, module.folder),
                        cure: "a Transformer in the folder itself, Pooling and Normalize are".to_owned(),
                    });
                }
            }
        }
        settings.read_length(files)?;
        no_prompt(files)?;
        Ok(settings)
    }

    /// How many tokens of a text are seen: `max_seq_length`, else what tokenizer and positions allow.
    fn read_length(&mut self, files: &Files) -> Result<(), ModelError> {
        let room = self.positions - self.first_position();
        self.most_tokens = room;
        if let Some(value) = optional(files, LENGTH)? {
            let path = files.path(LENGTH);
            let fields = Fields::new(&value, &path)?;
            self.lower = fields.flag_or("do_lower_case", false)?;
            if fields.get("max_seq_length").is_some() {
                self.most_tokens = fields.count("max_seq_length")?.min(room);
                return Ok(());
            }
        }
        let tokenizer = optional(files, TOKENIZER_SETTINGS)?;
        // transformers writes 1e30 where there is no limit.
        let limit = tokenizer.and_then(|value| value.get("model_max_length")?.as_f64()).filter(|&limit| limit >= 1.0);
        self.most_tokens = limit.map_or(room, |limit| room.min(limit as usize));
        Ok(())
    }

    /// The row of the position table that the first token takes.
    pub fn first_position(&self) -> usize {
        match self.kind {
            Kind::Bert { .. } => 0,
            Kind::Mpnet => 2,
        }
    }
}

/// The encoder's own settings; mean pooling until the modules say otherwise.
fn encoder(fields: &Fields<'_>, path: &Path) -> Result<Settings, ModelError> {
    let kind = match fields.text("model_type")? {
        "bert" => Kind::Bert { types: fields.count_or("type_vocab_size", 2)? },
        "mpnet" => Kind::Mpnet,
        name => {
            return Err(ModelError::Architecture { path: path.into(), name: name.into(), known: KNOWN.to_vec() });
        }
    };
    only(fields, "hidden_act", "gelu")?;
    only(fields, "position_embedding_type", "absolute")?;
    let (hidden, heads) = (fields.count("hidden_size")?, fields.count("num_attention_heads")?);
    if !hidden.is_multiple_of(heads) {
        return Err(fields.bad(format!("hidden_size {hidden} is not a multiple of num_attention_heads {heads}")));
    }
    let eps = fields.number_or("layer_norm_eps", 1e-12)?;
    if !(0.0..1.0).contains(&eps) {
        return Err(fields.bad("layer_norm_eps is out of range".to_owned()));
    }
    let positions = fields.count("max_position_embeddings")?;
    if positions < 8 {
        return Err(fields.bad(format!("max_position_embeddings {positions} has no room for a text")));
    }
    Ok(Settings {
        kind,
        vocab_size: fields.count("vocab_size")?,
        hidden,
        intermediate: fields.count("intermediate_size")?,
        layers: fields.count("num_hidden_layers")?,
        heads,
        eps: eps as f32,
        positions,
        most_tokens: positions,
        lower: false,
        pooling: Pooling::Mean,
        normalize: false,
    })
}

/// That a field, where it is there, has the one value that is implemented.
fn only(fields: &Fields<'_>, name: &str, value: &str) -> Result<(), ModelError> {
    match fields.get(name).map(|found| found.as_str().unwrap_or_default()) {
        Some(found) if found != value => Err(fields.unsupported(
            format!("`{name}` {found}"),
            &format!("encoders with {value} run; take one of those as embedder"),
        )),
        _ => Ok(()),
    }
}

/// One line of `modules.json`.
struct Module {
    /// The last part of its type: `Pooling`.
    kind: String,
    /// Its folder; empty for the folder itself.
    folder: String,
}

fn modules(files: &Files) -> Result<Vec<Module>, ModelError> {
    let Some(value) = optional(files, MODULES)? else { return Ok(Vec::new()) };
    let bad = |why: &str| damaged(&files.path(MODULES), why, DOWNLOAD);
    let one = |module: &Value| {
        let text = |name: &str| module.get(name).and_then(Value::as_str);
        let (Some(kind), Some(folder)) = (text("type"), text("path")) else {
            return Err(bad("a module has no texts `type` and `path`"));
        };
        // A path that leaves the folder is never followed.
        if folder.contains(['/', '\\', ':']) || folder.contains("..") {
            return Err(bad("a module's `path` is no plain folder name"));
        }
        Ok(Module { kind: kind.rsplit('.').next().unwrap_or_default().to_owned(), folder: folder.to_owned() })
    };
    value.as_array().ok_or_else(|| bad("it is no list"))?.iter().map(one).collect()
}

/// Which pooling: by its name, or by the one flag that is set.
fn pooling(files: &Files, folder: &str) -> Result<Pooling, ModelError> {
    let name = pooling_file(folder);
    let (value, path) = (files.json(&name, DOWNLOAD)?, files.path(&name));
    let fields = Fields::new(&value, &path)?;
    let mut modes: Vec<String> = match fields.get("pooling_mode") {
        Some(Value::String(mode)) => vec![mode.clone()],
        Some(Value::Array(all)) => all.iter().map(|mode| mode.as_str().unwrap_or("?").to_owned()).collect(),
        _ => Vec::new(),
    };
    if let (true, Some(map)) = (modes.is_empty(), value.as_object()) {
        let set = |(name, on): (&String, &Value)| {
            let mode = name.strip_prefix("pooling_mode_").filter(|_| on.as_bool() == Some(true));
            mode.map(|mode| mode.trim_end_matches("_tokens").trim_end_matches("_token").to_owned())
        };
        modes = map.iter().filter_map(set).collect();
    }
    match &modes.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["mean"] => Ok(Pooling::Mean),
        ["cls"] => Ok(Pooling::First),
        ["max"] => Ok(Pooling::Largest),
        other => Err(fields.unsupported(format!("pooling {other:?}"), "one of mean, cls and max is")),
    }
}

/// The pooling's settings in its folder.
fn pooling_file(folder: &str) -> String {
    if folder.is_empty() { "pooling_config.json".to_owned() } else { format!("{folder}/config.json") }
}

/// A prompt that is put before every text is not implemented; the models in use have none.
fn no_prompt(files: &Files) -> Result<(), ModelError> {
    let Some(value) = optional(files, PROMPTS)? else { return Ok(()) };
    match value.get("default_prompt_name").and_then(Value::as_str) {
        None => Ok(()),
        Some(name) => Err(ModelError::Unsupported {
            path: files.path(PROMPTS),
            what: format!("the prompt `{name}` before every text"),
            cure: "take an embedder without a default prompt".to_owned(),
        }),
    }
}

/// A JSON file that may be absent.
fn optional(files: &Files, name: &str) -> Result<Option<Value>, ModelError> {
    files.find(name)?.map(|_| files.json(name, DOWNLOAD)).transpose()
}
