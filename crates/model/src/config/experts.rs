//! How many experts a block has, how wide they are, and how a router chooses from them.

use super::Fields;
use crate::ModelError;

/// The experts of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Experts {
    /// How many there are, without one that sees every row.
    pub count: usize,
    /// How many see a row, from 1 to `count`.
    pub top_k: usize,
    /// Width of the gated product of each.
    pub width: usize,
    /// Width of the gated product of the one that sees every row, where there is one.
    pub shared: Option<usize>,
    /// What becomes of the router's numbers.
    pub scoring: Scoring,
    /// Whether the weights of the chosen are made to sum to 1.
    pub normalize: bool,
    /// What weights are multiplied by at the end.
    pub scale: f32,
    /// Experts are chosen from the best groups of them alone.
    pub groups: Option<ExpertGroups>,
}

/// What becomes of the router's numbers before experts are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scoring {
    /// A softmax over all experts.
    Softmax,
    /// A sigmoid each.
    Sigmoid,
}

/// Experts in groups of equal size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpertGroups {
    /// How many groups there are.
    pub count: usize,
    /// How many of them a row may choose from.
    pub kept: usize,
    /// A group ranks by the sum of so many of its best.
    pub rank_by: usize,
}

impl Experts {
    /// Experts chosen by a softmax, without anything else.
    pub const fn new(count: usize, top_k: usize) -> Self {
        let scoring = Scoring::Softmax;
        Self { count, top_k, width: 0, shared: None, scoring, normalize: false, scale: 1.0, groups: None }
    }

    /// Reads the number of experts from the first field of `names` that is there, and how many see a row; `self` has the
    /// values of absent fields.
    ///
    /// # Errors
    /// A senseless field; more experts for a token than there are.
    pub fn read(self, fields: &Fields<'_>, names: &[&str]) -> Result<Self, ModelError> {
        let name = names.iter().find(|name| fields.get(name).is_some()).unwrap_or(&names[0]);
        let (count, top_k) = (fields.count_or(name, self.count)?, fields.count_or("num_experts_per_tok", self.top_k)?);
        if top_k > count {
            return Err(fields.bad(format!("num_experts_per_tok {top_k} is more than {name} {count}")));
        }
        Ok(Self { count, top_k, ..self })
    }

    /// Groups as `n_group` and `topk_group` say.
    ///
    /// # Errors
    /// Groups of unequal size, or with too few experts.
    pub fn grouped(self, fields: &Fields<'_>, rank_by: usize, default: (usize, usize)) -> Result<Self, ModelError> {
        let (count, kept) = (fields.count_or("n_group", default.0)?, fields.count_or("topk_group", default.1)?);
        let size = self.count / count;
        if !self.count.is_multiple_of(count) || kept > count || self.top_k > kept * size || rank_by > size {
            return Err(fields.bad(format!(
                "{} experts do not fit n_group {count}, topk_group {kept} and num_experts_per_tok {}",
                self.count, self.top_k
            )));
        }
        Ok(Self { groups: Some(ExpertGroups { count, kept, rank_by }), ..self })
    }
}

/// Whether each block has experts: those that `mlp_only_layers` does not name and whose number, from 1, is a multiple of
/// `decoder_sparse_step`.
///
/// # Errors
/// A senseless field.
pub fn sparse_blocks(fields: &Fields<'_>, layers: usize) -> Result<Vec<bool>, ModelError> {
    let step = fields.count_or("decoder_sparse_step", 1)?;
    let numbers = fields.get("mlp_only_layers").map(|value| {
        let numbers = value.as_array().map(|all| all.iter().map(serde_json::Value::as_u64).collect::<Option<Vec<_>>>());
        numbers.flatten().ok_or_else(|| fields.bad("field `mlp_only_layers` should be a list of blocks".to_owned()))
    });
    let dense = numbers.transpose()?.unwrap_or_default();
    Ok((0..layers).map(|layer| !dense.contains(&(layer as u64)) && (layer + 1).is_multiple_of(step)).collect())
}
