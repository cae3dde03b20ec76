//! The settings of methods: what was given, checked and completed by the defaults.

use serde_json::{Map, Value};

use crate::grid::{FloatType, GridRule};
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
    const fn by_default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    fn is_called(&self, name: &str) -> bool {
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
    ..setting("group_size", "128", "inputs that share a scale; `channel` or -1: a whole row")
};
pub(crate) const SYMMETRIC: SettingInfo =
    SettingInfo { aliases: &["sym"], ..setting("symmetric", "true", "zero point fixed in the middle of the grid") };
pub(crate) const ACT_ORDER: SettingInfo = SettingInfo {
    aliases: &["actorder", "desc_act"],
    ..setting("act_order", "true", "round the most excited inputs first")
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
pub(crate) const MSE: SettingInfo = setting("mse", "false", "shrink each range to the one with the least error");
pub(crate) const GRID: SettingInfo = setting(
    "grid",
    "\"corrected\"",
    "`reference`: with the GPTQ code's fault in symmetric groups without negative weights",
);
pub(crate) const TRUE_SEQUENTIAL: SettingInfo =
    setting("true_sequential", "true", "compress q, k, v before the inputs of o are collected, and so on");
/// As in Wanda's own code: the inputs of a block's linears are collected in one pass.
pub(crate) const WANDA_SEQUENTIAL: SettingInfo = TRUE_SEQUENTIAL.by_default("false");
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

/// All settings of a method, each with a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    method: &'static str,
    values: Map<String, Value>,
}

impl Settings {
    pub(crate) fn new(info: &'static MethodInfo, given: &Map<String, Value>) -> Result<Self, CompressError> {
        let mut settings = Self { method: info.name, values: Map::new() };
        let plain = |name: &str| name.trim().to_lowercase().replace('-', "_");
        for name in given.keys() {
            if !info.settings.iter().any(|setting| setting.is_called(&plain(name))) {
                let known: Vec<&str> = info.settings.iter().map(|setting| setting.name).collect();
                return Err(CompressError::UnknownSetting {
                    method: info.name,
                    name: name.clone(),
                    known: known.join(", "),
                });
            }
        }
        for setting in info.settings {
            let mut values = given.iter().filter(|(name, _)| setting.is_called(&plain(name))).map(|(_, value)| value);
            let value = values.next().map_or_else(|| setting.default_value(), from_text);
            settings.values.insert(setting.name.to_owned(), value);
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

    /// Every setting with its value.
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    /// The value of a setting; null where the method has none of that name.
    pub(crate) fn value(&self, name: &str) -> &Value {
        self.values.get(name).unwrap_or(&Value::Null)
    }

    /// The error that this setting has a value that makes no sense.
    pub(crate) fn bad(&self, name: &str, expected: &'static str) -> CompressError {
        let value = self.value(name).to_string();
        CompressError::BadSetting { method: self.method, name: name.to_owned(), value, expected }
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
            _ => return Err(self.bad("grid", "`corrected` or `reference`")),
        };
        let (symmetric, mse) = (self.flag("symmetric")?, self.flag("mse")?);
        Ok(Grid { bits, symmetric, mse, rule, scale_type: FloatType::F32 })
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
