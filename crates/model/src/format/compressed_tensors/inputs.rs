//! How the inputs of linears are rounded, as `input_activations` says.

use serde_json::Value;

use crate::ModelError;

/// How inputs are rounded.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Inputs {
    AsTheyAre,
    /// Whole numbers, each token by itself.
    Int8,
    /// e4m3, each token by itself.
    Fp8,
    /// In runs of this many inputs.
    Fp8Groups(usize),
    /// By the tensor `input_scale`.
    StaticFp8,
}

impl Inputs {
    /// Reads `input_activations` of a group.
    pub fn read(value: &Value, unsupported: &dyn Fn(String) -> ModelError) -> Result<Self, ModelError> {
        if value.is_null() {
            return Ok(Self::AsTheyAre);
        }
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or("");
        let bits = value.get("num_bits").and_then(Value::as_u64);
        let dynamic = value.get("dynamic").and_then(Value::as_bool).unwrap_or(false);
        let symmetric = value.get("symmetric").and_then(Value::as_bool).unwrap_or(true);
        let size = value.get("group_size").and_then(Value::as_u64).filter(|&size| size > 0).map(|size| size as usize);
        match (text("type"), text("strategy"), dynamic, size) {
            ("int", "token", true, _) if bits == Some(8) && symmetric => Ok(Self::Int8),
            ("float", "token", true, _) if bits == Some(8) => Ok(Self::Fp8),
            ("float", "group", true, Some(size)) if bits == Some(8) => Ok(Self::Fp8Groups(size)),
            ("float", "tensor", false, _) if bits == Some(8) => Ok(Self::StaticFp8),
            (kind, strategy, ..) => {
                let how = if dynamic { "dynamic" } else { "static" };
                Err(unsupported(format!(
                    "`input_activations` of {bits:?} bits, type `{kind}`, strategy `{strategy}`, {how}"
                )))
            }
        }
    }
}
