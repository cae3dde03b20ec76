//! Widths of heads, and of the latents that they are made of.

use super::{Defaults, Fields};
use crate::ModelError;

/// The widths of a multi-head latent attention (DeepSeek-V2, 2024): queries, and keys and values, are made of latents, and
/// only some numbers of a query and a key turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latent {
    /// Width of the queries' latent; `None` where queries are made of the stream.
    pub queries: Option<usize>,
    /// Width of the latent of keys and values.
    pub keys_values: usize,
    /// Numbers of a head's query and key that do not turn.
    pub still: usize,
    /// Numbers that do.
    pub turned: usize,
}

impl Latent {
    /// Reads `q_lora_rank` and its like; `null` is none for queries.
    ///
    /// # Errors
    /// A senseless field; fewer key heads than query heads.
    pub(super) fn read(self, fields: &Fields<'_>, heads: usize) -> Result<Self, ModelError> {
        if fields.count_or("num_key_value_heads", heads)? != heads {
            return Err(fields.bad(format!("num_key_value_heads is not num_attention_heads {heads}, as latents ask")));
        }
        let queries = match fields.get("q_lora_rank") {
            None if fields.has("q_lora_rank") => None,
            None => self.queries,
            Some(_) => Some(fields.count("q_lora_rank")?),
        };
        Ok(Self {
            queries,
            keys_values: fields.count_or("kv_lora_rank", self.keys_values)?,
            still: fields.count_or("qk_nope_head_dim", self.still)?,
            turned: fields.count_or("qk_rope_head_dim", self.turned)?,
        })
    }
}

/// Widths of heads.
pub(super) struct HeadSizes {
    pub key: usize,
    pub value: usize,
    pub latent: Option<Latent>,
}

/// The widest head: tables of its rotations are made before any weight is looked at.
const MOST_HEAD: usize = 1 << 16;

impl HeadSizes {
    pub fn read(fields: &Fields<'_>, defaults: &Defaults, (hidden, heads): (usize, usize)) -> Result<Self, ModelError> {
        let sizes = match defaults.latent {
            Some(latent) => {
                let latent = latent.read(fields, heads)?;
                let value = fields.count_or("v_head_dim", defaults.value_dim.unwrap_or((hidden / heads).max(1)))?;
                Self { key: latent.still + latent.turned, value, latent: Some(latent) }
            }
            None => {
                let dim = head_dim(fields, defaults, (hidden, heads))?;
                Self { key: dim, value: dim, latent: None }
            }
        };
        let (widest, turned) = (sizes.key.max(sizes.value), sizes.latent.map_or(sizes.key, |latent| latent.turned));
        if widest > MOST_HEAD {
            return Err(fields.bad(format!("head size {widest} is above {MOST_HEAD}")));
        }
        if !turned.is_multiple_of(2) {
            return Err(fields.bad(format!("head size {turned} is odd")));
        }
        Ok(sizes)
    }
}

fn head_dim(fields: &Fields<'_>, defaults: &Defaults, (hidden, heads): (usize, usize)) -> Result<usize, ModelError> {
    match (fields.get("head_dim"), defaults.head_dim) {
        (None, None) if !hidden.is_multiple_of(heads) => {
            Err(fields.bad(format!("hidden_size {hidden} is not a multiple of num_attention_heads {heads}")))
        }
        (_, default) => fields.count_or("head_dim", default.unwrap_or(hidden / heads)),
    }
}
