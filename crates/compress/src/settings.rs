//! The settings of methods: what was given, checked and completed by the defaults.

use serde_json::{Map, Value};

use crate::grid::{FloatType, GridRule, Number};
use crate::hessian::FactorFailure;
use crate::method::MethodInfo;
use crate::{CompressError, Grid, GroupSize, Sparsity};

/// One setting of a method.
#[derive(Debug, Clone, Copy)]
pub struct SettingInfo {
    /// Its name.
    pub name: &'static str,
    /// Other names that are understood, as other tools call it.
    pub aliases: &'static [&'static str],
    /// Its default, as JSON text.
    pub default: &'static str,
    /// One line about it.
    pub about: &'static str,
}

impl SettingInfo {
    /// The default as a value.
    pub fn default_value(&self) -> Value {
        serde_json::from_str(self.default).unwrap_or_else(|_| Value::String(self.default.to_owned()))
    }

    /// The same setting with another default.
    pub(crate) const fn by_default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    /// Whether it goes by this name, in lower case and with `_`.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

const fn setting(name: &'static str, default: &'static str, about: &'static str) -> SettingInfo {
    SettingInfo { name, aliases: &[], default, about }
}

pub(crate) const BITS: SettingInfo =
    SettingInfo { aliases: &["w_bits", "wbits"], ..setting("bits", "4", "bits of a weight: 2, 3, 4 or 8") };
pub(crate) const GROUP_SIZE: SettingInfo = SettingInfo {
    aliases: &["groupsize"],
    ..setting(
        "group_size",
        "128",
        "inputs that share a scale, the largest of 128, 64, 32 that divides every width; `channel` or -1: a whole row",
    )
};
pub(crate) const SYMMETRIC: SettingInfo =
    SettingInfo { aliases: &["sym"], ..setting("symmetric", "true", "zero point fixed in the middle of the grid") };
pub(crate) const ACT_ORDER: SettingInfo = SettingInfo {
    aliases: &["actorder", "desc_act"],
    ..setting(
        "act_order",
        "true",
        "round the most excited inputs first: true or `static`, `dynamic` (groups follow, needs g_idx), `group_aware`, false",
    )
};
pub(crate) const STATIC_GROUPS: SettingInfo =
    setting("static_groups", "true", "fit grids before rounding begins; groups stay runs of inputs");
pub(crate) const GROUP_FEEDBACK: SettingInfo = setting(
    "group_feedback",
    "false",
    "fit grids of dynamic groups to weights with the feedback of their block (the reference does not)",
);
pub(crate) const DAMPING: SettingInfo = SettingInfo {
    aliases: &["percdamp", "dampening_frac", "damp_percent"],
    ..setting("damping", "0.01", "share of the mean diagonal added to the Hessian")
};
pub(crate) const FAILURE: SettingInfo = setting(
    "hessian_failure",
    "\"damping\"",
    "where a Hessian cannot be factored: more `damping`, or the `identity` as in llm-compressor (no feedback)",
);
pub(crate) const MSE: SettingInfo = setting("mse", "false", "shrink each range to the one with the least error");
pub(crate) const GRID: SettingInfo = setting(
    "grid",
    "\"corrected\"",
    "`reference`: with the GPTQ code's fault in symmetric groups without negative weights; `awq`: as AWQ and SmoothQuant",
);
pub(crate) const ACTIVATION_BITS: SettingInfo = SettingInfo {
    aliases: &["a_bits", "abits"],
    ..setting(
        "activation_bits",
        "16",
        "8: inputs are rounded too while the model runs, a scale for each token (needs bits=8)",
    )
};
pub(crate) const FP8_ACTIVATIONS: SettingInfo = ACTIVATION_BITS.by_default("8");
pub(crate) const KV_BITS: SettingInfo = SettingInfo {
    aliases: &["bits"],
    ..setting("kv_bits", "8", "bits of a key or value: 4 or 8, a scale and a zero point for each token and head")
};
/// Weights and activations in 8 bits.
pub(crate) const W8A8: &[SettingInfo] = &[
    BITS.by_default("8"),
    GROUP_SIZE.by_default("\"channel\""),
    SYMMETRIC,
    MSE,
    GRID,
    ACTIVATION_BITS.by_default("8"),
];
/// 4-bit weights with zero points, as AWQ's own code has them.
pub(crate) const W4_ASYMMETRIC: &[SettingInfo] =
    &[BITS, GROUP_SIZE, SYMMETRIC.by_default("false"), MSE, GRID, ACTIVATION_BITS];
/// The paper's script: 0.8.
pub(crate) const ALPHA: SettingInfo = SettingInfo {
    aliases: &["smoothing_strength"],
    ..setting("alpha", "0.8", "how much of the activations' outliers moves into the weights")
};
/// The paper's script runs llm-compressor.
pub(crate) const RANGES: SettingInfo = setting(
    "ranges",
    "true",
    "max - min of activations against twice the largest weight, as llm-compressor; false: the largest of both (Xiao et al.)",
);
pub(crate) const SCALING: SettingInfo = SettingInfo {
    aliases: &["duo_scaling"],
    ..setting(
        "scaling",
        "\"both\"",
        "which scales are tried: by `activations`, `duo` (AutoAWQ: never none at all), or `both`; `duo_reference`: with its fault \
         on CPUs",
    )
};
pub(crate) const STEPS: SettingInfo =
    SettingInfo { aliases: &["n_grid"], ..setting("steps", "20", "steps of the scales' exponent") };
pub(crate) const CLIP: SettingInfo = SettingInfo {
    aliases: &["apply_clip", "weight_clip"],
    ..setting("clip", "true", "clip the range of each group where that brings the outputs nearer")
};
/// Bits of a method that rounds only where asked.
pub(crate) const NO_BITS: SettingInfo = SettingInfo {
    aliases: BITS.aliases,
    ..setting("bits", "16", "16: weights that stay are not rounded; 2, 3, 4 or 8: in the same pass")
};
pub(crate) const TRUE_SEQUENTIAL: SettingInfo =
    setting("true_sequential", "true", "compress q, k, v before the inputs of o are collected, and so on");
/// As in the code of Wanda and SparseGPT: the inputs of a block's linears are collected in one pass.
pub(crate) const REFERENCE_SEQUENTIAL: SettingInfo = TRUE_SEQUENTIAL.by_default("false");
pub(crate) const SPARSITY: SettingInfo =
    setting("sparsity", "0.5", "share of weights to drop, or n:m: the n smallest of every m inputs");
pub(crate) const VARIANT: SettingInfo = SettingInfo {
    aliases: &["use_variant"],
    ..setting("variant", "false", "rows lose equal shares of their score, not equal numbers of weights")
};
pub(crate) const SEQUENCES: SettingInfo =
    SettingInfo { aliases: &["nsamples"], ..setting("sequences", "128", "calibration sequences") };
pub(crate) const LENGTH: SettingInfo = SettingInfo {
    aliases: &["seqlen"],
    ..setting("length", "2048", "tokens of a calibration sequence; at most the model's context is used")
};

pub(crate) const AWQ_LENGTH: SettingInfo = LENGTH.by_default("512");

/// What the setting `act_order` says.
#[derive(Clone, Copy)]
pub(crate) struct ColumnOrder {
    /// Whether the most excited inputs come first.
    pub by_activity: bool,
    /// Whether they do so inside groups and among groups, which stay runs of inputs.
    pub group_aware: bool,
    /// Whether groups are static, where it says.
    pub static_groups: Option<bool>,
}

/// Bits of a weight that is a whole number.
pub(crate) const WIDTHS: [u8; 4] = [2, 3, 4, 8];

/// All settings of a method, each with a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    method: &'static str,
    values: Map<String, Value>,
    /// Those that were not given.
    assumed: Vec<&'static str>,
}

impl Settings {
    /// The settings `known` of a method, from what was given and, for the others, from the defaults.
    pub(crate) fn new(
        info: &'static MethodInfo,
        known: &[SettingInfo],
        given: &Map<String, Value>,
    ) -> Result<Self, CompressError> {
        let mut settings = Self { method: info.name, values: Map::new(), assumed: Vec::new() };
        for name in given.keys() {
            if !known.iter().any(|setting| setting.is_called(&plain(name))) {
                let known: Vec<&str> = known.iter().map(|setting| setting.name).collect();
                let known = known.join(", ");
                return Err(CompressError::UnknownSetting { method: info.name.into(), name: name.clone(), known });
            }
        }
        for setting in known {
            let mut values = given.iter().filter(|(name, _)| setting.is_called(&plain(name))).map(|(_, value)| value);
            let value = values.next().map(from_text);
            settings.assumed.extend(value.is_none().then_some(setting.name));
            settings.values.insert(setting.name.to_owned(), value.unwrap_or_else(|| setting.default_value()));
            if values.next().is_some() {
                return Err(settings.bad(setting.name, "given once: it has more than one name"));
            }
        }
        for name in ["sequences", "length"] {
            if settings.values.contains_key(name) {
                settings.count(name)?;
            }
        }
        Ok(settings)
    }

    /// Lowers a number to a bound; nothing happens where the method has no such setting.
    pub(crate) fn lower(&mut self, name: &str, most: usize) {
        if let Some(value) = self.values.get_mut(name)
            && let Some(count) = value.as_u64()
        {
            *value = Value::from(count.min(most as u64));
        }
    }

    /// Every setting with its value.
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    /// Whether a setting was not given.
    pub(crate) fn assumes(&self, name: &str) -> bool {
        self.assumed.contains(&name)
    }

    /// The value of a setting; null where the method has none of that name.
    pub(crate) fn value(&self, name: &str) -> &Value {
        self.values.get(name).unwrap_or(&Value::Null)
    }

    /// The error that this setting has a value that makes no sense.
    pub(crate) fn bad(&self, name: &str, expected: &'static str) -> CompressError {
        let value = self.value(name).to_string();
        CompressError::BadSetting { method: self.method.to_owned(), name: name.to_owned(), value, expected }
    }

    /// A yes or no.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, CompressError> {
        self.value(name).as_bool().ok_or_else(|| self.bad(name, "true or false"))
    }

    /// A whole number from 1 on.
    pub(crate) fn count(&self, name: &str) -> Result<usize, CompressError> {
        let count = self.value(name).as_u64().filter(|count| (1..1 << 32).contains(count));
        count.map(|count| count as usize).ok_or_else(|| self.bad(name, "a whole number from 1 on"))
    }

    /// A number in [0, 1].
    pub(crate) fn share(&self, name: &str) -> Result<f64, CompressError> {
        let share = self.value(name).as_f64().filter(|share| (0.0..=1.0).contains(share));
        share.ok_or_else(|| self.bad(name, "a number between 0 and 1"))
    }

    /// The grid that `bits`, `symmetric`, `mse` and `grid` describe.
    pub(crate) fn grid(&self) -> Result<Grid, CompressError> {
        let bits = match self.value("bits").as_u64() {
            Some(bits @ (2 | 3 | 4 | 8)) => bits as u8,
            _ => return Err(self.bad("bits", "2, 3, 4 or 8")),
        };
        let rule = match self.value("grid").as_str() {
            Some("corrected") => GridRule::Corrected,
            Some("reference") => GridRule::Reference,
            Some("awq") => GridRule::Awq,
            _ => return Err(self.bad("grid", "`corrected`, `reference` or `awq`")),
        };
        let (symmetric, mse) = (self.flag("symmetric")?, self.flag("mse")?);
        Ok(Grid { bits, number: Number::Int, symmetric, mse, rule, scale_type: FloatType::F32 })
    }

    /// Whether `activation_bits` asks for rounded inputs, and whether weights of this grid go with them.
    pub(crate) fn activations(&self, grid: &Grid) -> Result<bool, CompressError> {
        match self.value("activation_bits").as_u64() {
            Some(16) => Ok(false),
            Some(8) if grid.bits == 8 && grid.symmetric => Ok(true),
            Some(8) => Err(self.bad("activation_bits", "16 unless bits is 8 and symmetric is true (W8A8)")),
            _ => Err(self.bad("activation_bits", "8 or 16")),
        }
    }

    /// The setting `act_order`.
    pub(crate) fn act_order(&self) -> Result<ColumnOrder, CompressError> {
        let by_inputs = ColumnOrder { by_activity: false, group_aware: false, static_groups: None };
        let by_activity = ColumnOrder { by_activity: true, ..by_inputs };
        match self.value("act_order") {
            Value::Bool(true) => Ok(by_activity),
            Value::Bool(false) => Ok(by_inputs),
            Value::String(text) => match text.as_str() {
                "off" | "none" => Ok(by_inputs),
                "static" | "weight" => Ok(ColumnOrder { static_groups: Some(true), ..by_activity }),
                "dynamic" | "group" => Ok(ColumnOrder { static_groups: Some(false), ..by_activity }),
                "group_aware" | "gar" => Ok(ColumnOrder { group_aware: true, ..by_activity }),
                _ => Err(self.bad("act_order", "true, false, `static`, `dynamic` or `group_aware`")),
            },
            _ => Err(self.bad("act_order", "true, false, `static`, `dynamic` or `group_aware`")),
        }
    }

    /// The setting `hessian_failure`.
    pub(crate) fn failure(&self) -> Result<FactorFailure, CompressError> {
        match self.value("hessian_failure").as_str() {
            Some("damping") => Ok(FactorFailure::Escalate),
            Some("identity") => Ok(FactorFailure::Identity),
            _ => Err(self.bad("hessian_failure", "`damping` or `identity`")),
        }
    }

    /// The setting `group_size`.
    pub(crate) fn group_size(&self) -> Result<GroupSize, CompressError> {
        match self.value("group_size") {
            Value::String(text) if text == "channel" => Ok(GroupSize::Channel),
            value if value.as_i64() == Some(-1) => Ok(GroupSize::Channel),
            value => match value.as_u64() {
                Some(size @ 1..=1_048_576) => Ok(GroupSize::Columns(size as usize)),
                _ => Err(self.bad("group_size", "a whole number from 1 on, or `channel`")),
            },
        }
    }

    /// The setting `sparsity`.
    pub(crate) fn sparsity(&self) -> Result<Sparsity, CompressError> {
        let text = match self.value("sparsity") {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Sparsity::parse(&text).ok_or_else(|| self.bad("sparsity", "a share between 0 and 1, or n:m such as 2:4"))
    }
}

/// `Group-Size` is `group_size`.
pub(crate) fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace('-', "_")
}

/// A command line gives every value as text: `"4"` means 4.
fn from_text(value: &Value) -> Value {
    match value {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(number @ (Value::Number(_) | Value::Bool(_))) => number,
            _ => value.clone(),
        },
        other => other.clone(),
    }
}
