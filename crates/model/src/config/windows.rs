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
    /// The first, the third and so on below `max_window_layers`, where `use_sliding_window` is true.
    SwitchedEven,
    /// The first, the third and so on, of `sliding_window` tokens; where the field is absent, of this many.
    Alternating(usize),
    /// All but every sixth (`sliding_window_pattern`), of `sliding_window` tokens; where the field is absent, of this many.
    FullEvery(usize),
}

/// Tokens of a window that is switched on without a size, and the first block that has one, as `transformers` takes them.
const SWITCHED: (usize, usize) = (4096, 28);
/// Of how many blocks one has no window.
const PATTERN: usize = 6;

impl Windows {
    /// The settings of each block. `layer_types` wins where it is there.
    ///
    /// # Errors
    /// A senseless field, a kind of attention that is not implemented, windows that have no size.
    pub fn read(self, fields: &Fields<'_>, layers: usize) -> Result<Vec<BlockSettings>, ModelError> {
        if layers > MOST_LAYERS {
            return Err(fields.bad(format!("num_hidden_layers {layers} is above {MOST_LAYERS}")));
        }
        let size = self.size(fields)?;
        if let Some(kinds) = fields.get("layer_types") {
            return listed(fields, kinds, (layers, size));
        }
        let bound = if size.is_some() { first_window(fields)? } else { 0 };
        let pattern = pattern(fields)?;
        let has = |layer: usize| match self {
            Self::Never | Self::Everywhere(_) | Self::Switched => true,
            Self::SwitchedFrom => layer >= bound,
            Self::SwitchedEven => layer.is_multiple_of(2) && layer < bound,
            Self::Alternating(_) => layer.is_multiple_of(2),
            Self::FullEvery(_) => !(layer + 1).is_multiple_of(pattern),
        };
        Ok((0..layers)
            .map(|layer| BlockSettings { window: size.filter(|_| has(layer)), ..BlockSettings::default() })
            .collect())
    }

    /// Tokens of a window, where there are some.
    fn size(self, fields: &Fields<'_>) -> Result<Option<usize>, ModelError> {
        let switched = fields.flag_or("use_sliding_window", false)?;
        let default = match self {
            Self::Never => return Ok(None),
            Self::Switched | Self::SwitchedFrom | Self::SwitchedEven => {
                return if switched { fields.count_or("sliding_window", SWITCHED.0).map(Some) } else { Ok(None) };
            }
            Self::Everywhere(default) => default,
            Self::Alternating(default) | Self::FullEvery(default) => Some(default),
        };
        match fields.get("sliding_window") {
            Some(_) => fields.count("sliding_window").map(Some),
            None if fields.has("sliding_window") => Ok(None),
            None => Ok(default),
        }
    }
}

/// `max_window_layers`, which may be 0.
fn first_window(fields: &Fields<'_>) -> Result<usize, ModelError> {
    match fields.get("max_window_layers") {
        Some(value) if value.as_u64() == Some(0) => Ok(0),
        _ => fields.count_or("max_window_layers", SWITCHED.1),
    }
}

/// `sliding_window_pattern`, as published files and as transformers call it.
fn pattern(fields: &Fields<'_>) -> Result<usize, ModelError> {
    let name = if fields.has("sliding_window_pattern") { "sliding_window_pattern" } else { "_sliding_window_pattern" };
    fields.count_or(name, PATTERN)
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
