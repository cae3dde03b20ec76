//! Which blocks look through a sliding window.

use serde_json::Value;

use super::{BlockSettings, Fields};
use crate::ModelError;

/// The most blocks of a decoder: a list of their settings is made before any weight is looked at.
const MOST_LAYERS: usize = 1 << 16;

/// Which blocks of an architecture have windows where no `layer_types` says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Windows {
    /// None, whatever `sliding_window` says.
    Never,
    /// All, of `sliding_window` tokens; where the field is absent, of this many. `null` is no window.
    Everywhere(Option<usize>),
    /// All, where `use_sliding_window` is true.
    Switched,
    /// Those from `max_window_layers` on, where `use_sliding_window` is true.
    SwitchedFrom,
}

/// Tokens of a window that is switched on without a size, and the first block that has one, as `transformers` takes them.
const SWITCHED: (usize, usize) = (4096, 28);

impl Windows {
    /// The settings of each block. `layer_types` wins where it is there.
    ///
    /// # Errors
    /// A senseless field, a kind of attention that is not implemented, windows that have no size.
    pub fn read(self, fields: &Fields<'_>, layers: usize) -> Result<Vec<BlockSettings>, ModelError> {
        if layers > MOST_LAYERS {
            return Err(fields.bad(format!("num_hidden_layers {layers} is above {MOST_LAYERS}")));
        }
        let switched = fields.flag_or("use_sliding_window", false)?;
        let (size, first) = match self {
            Self::Never => (None, 0),
            Self::Everywhere(default) if !fields.has("sliding_window") => (default, 0),
            Self::Everywhere(_) => (optional(fields)?, 0),
            Self::Switched | Self::SwitchedFrom if !switched => (None, 0),
            Self::Switched => (Some(fields.count_or("sliding_window", SWITCHED.0)?), 0),
            Self::SwitchedFrom => (Some(fields.count_or("sliding_window", SWITCHED.0)?), first_window(fields)?),
        };
        match fields.get("layer_types") {
            Some(kinds) => listed(fields, kinds, (layers, size)),
            None => Ok((0..layers)
                .map(|layer| BlockSettings { window: size.filter(|_| layer >= first), ..BlockSettings::default() })
                .collect()),
        }
    }
}

fn optional(fields: &Fields<'_>) -> Result<Option<usize>, ModelError> {
    fields.get("sliding_window").map(|_| fields.count("sliding_window")).transpose()
}

/// `max_window_layers`, which may be 0.
fn first_window(fields: &Fields<'_>) -> Result<usize, ModelError> {
    match fields.get("max_window_layers") {
        Some(value) if value.as_u64() == Some(0) => Ok(0),
        _ => fields.count_or("max_window_layers", SWITCHED.1),
    }
}

/// The blocks' settings by `layer_types`.
fn listed(
    fields: &Fields<'_>,
    kinds: &Value,
    (layers, size): (usize, Option<usize>),
) -> Result<Vec<BlockSettings>, ModelError> {
    let kinds = kinds.as_array().ok_or_else(|| fields.bad("field `layer_types` should be a list".to_owned()))?;
    if kinds.len() != layers {
        let why = format!("layer_types has {} entries, but num_hidden_layers is {layers}", kinds.len());
        return Err(fields.bad(why));
    }
    let block = |kind: &Value| {
        match (kind.as_str(), size) {
        (Some("full_attention"), _) => Ok(BlockSettings::default()),
        (Some("sliding_attention"), Some(size)) => Ok(BlockSettings { window: Some(size), ..BlockSettings::default() }),
        (Some("sliding_attention"), None) => Err(fields.bad(
            "layer_types asks for `sliding_attention`, but sliding_window is null, use_sliding_window is false, or the \
             architecture has no windows"
                .to_owned(),
        )),
        _ => Err(fields.unsupported(
            format!("blocks of kind {kind} (`layer_types`)"),
            "full_attention and sliding_attention are implemented",
        )),
    }
    };
    kinds.iter().map(block).collect()
}
