//! The compression methods: one file each, and one row each in [`METHODS`].

mod gptq;
mod magnitude;
mod rtn;
mod wanda;

pub use gptq::Gptq;
pub use magnitude::Magnitude;
pub use rtn::Rtn;
pub use wanda::Wanda;

use serde_json::{Map, Value};

use crate::group::{LinearGroup, Needs, Report, Seen};
use crate::settings::{SettingInfo, Settings};
use crate::{CompressError, GroupSize, Scheme, Sparsity};

/// A compression method: mathematics on the linears of one group.
pub trait Method: Sync {
    /// What it wants to know of the group's inputs.
    fn needs(&self) -> Needs;

    /// Changes the weights of the group; one report for each linear, in their order.
    fn compress(&self, group: &mut LinearGroup, seen: &Seen) -> Result<Vec<Report>, CompressError>;

    /// How the weights are quantized, for methods that quantize.
    fn scheme(&self) -> Option<Scheme> {
        None
    }

    /// What becomes zero, for methods that prune.
    fn sparsity(&self) -> Option<Sparsity> {
        None
    }

    /// Whether each group of a block is compressed before the inputs of the next group are collected. Otherwise the
    /// inputs of all groups are those of the dense block (after compressed earlier blocks).
    fn true_sequential(&self) -> bool {
        true
    }
}

/// A row of the method table.
pub struct MethodInfo {
    /// The name on the command line.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Its settings, in the order they are shown.
    pub settings: &'static [SettingInfo],
    /// Builds the method.
    pub(crate) build: fn(&Settings) -> Result<Box<dyn Method>, CompressError>,
}

/// All methods, in the order they are listed.
pub const METHODS: &[MethodInfo] = &[gptq::INFO, wanda::INFO, rtn::INFO, magnitude::INFO];

/// The method of that name.
pub fn method(name: &str) -> Result<&'static MethodInfo, CompressError> {
    METHODS.iter().find(|method| method.name == name).ok_or_else(|| {
        let known: Vec<&str> = METHODS.iter().map(|method| method.name).collect();
        CompressError::UnknownMethod { name: name.to_owned(), known: known.join(", ") }
    })
}

impl MethodInfo {
    /// Every setting with its default.
    pub fn defaults(&self) -> Value {
        Value::Object(self.settings.iter().map(|setting| (setting.name.to_owned(), setting.default_value())).collect())
    }

    /// All settings: those given, by name or alias, and the defaults of the others.
    ///
    /// `given` is an object or null. An unknown name, a name given twice or a value out of range is an error.
    pub fn resolve(&'static self, given: &Value) -> Result<Settings, CompressError> {
        let none = Map::new();
        let given = match given {
            Value::Null => &none,
            Value::Object(given) => given,
            other => {
                return Err(CompressError::SettingsNotObject { method: self.name, value: other.to_string() });
            }
        };
        let settings = Settings::new(self, given)?;
        (self.build)(&settings)?;
        Ok(settings)
    }

    /// The method with these settings.
    pub fn build(&self, settings: &Settings) -> Result<Box<dyn Method>, CompressError> {
        (self.build)(settings)
    }
}

/// The folder name of a variant: `gptq-w4-g128`, `wanda-0.5`, `magnitude-2of4`.
///
/// Settings that differ from their defaults follow, except for the amount of calibration text: `gptq-w4-g32-asym`.
pub fn variant_name(name: &str, given: &Value) -> Result<String, CompressError> {
    let info = method(name)?;
    let settings = info.resolve(given)?;
    let method = info.build(&settings)?;
    let mut parts = vec![name.to_owned()];
    for setting in info.settings {
        let value = settings.value(setting.name);
        match setting.name {
            "bits" => parts.push(format!("w{value}")),
            "group_size" => parts.push(match method.scheme().map(|scheme| scheme.group) {
                Some(GroupSize::Columns(size)) => format!("g{size}"),
                _ => "ch".to_owned(),
            }),
            "sparsity" => parts.extend(method.sparsity().map(|sparsity| sparsity.to_string())),
            "sequences" | "length" => {}
            _ if *value == setting.default_value() => {}
            "symmetric" => parts.push("asym".to_owned()),
            name => parts.push(match value {
                Value::Bool(true) => name.to_owned(),
                Value::Bool(false) => format!("no_{name}"),
                Value::String(text) => format!("{name}_{text}"),
                other => format!("{name}_{other}"),
            }),
        }
    }
    Ok(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_has_unique_names_and_valid_defaults() -> Result<(), CompressError> {
        let mut names: Vec<&str> = METHODS.iter().map(|method| method.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), METHODS.len());
        for info in METHODS {
            assert_eq!(Value::Object(info.resolve(&Value::Null)?.values().clone()), info.defaults());
            assert!(!info.about.is_empty() && info.settings.iter().all(|setting| !setting.about.is_empty()));
        }
        Ok(())
    }

    #[test]
    fn variants_are_named_after_what_matters() -> Result<(), CompressError> {
        for (method, given, name) in [
            ("gptq", json!(null), "gptq-w4-g128"),
            ("rtn", json!({"w_bits": 2}), "rtn-w2-g128"),
            ("rtn", json!({"bits": "8", "group_size": -1}), "rtn-w8-ch"),
            ("wanda", json!({}), "wanda-0.5"),
            ("wanda", json!({"sparsity": "2:4"}), "wanda-2of4"),
            ("magnitude", json!({"sparsity": 0.7}), "magnitude-0.7"),
            (
                "gptq",
                json!({"sym": false, "act_order": false, "percdamp": 0.05, "sequences": 3}),
                "gptq-w4-g128-asym-no_act_order-damping_0.05",
            ),
        ] {
            assert_eq!(variant_name(method, &given)?, name);
        }
        Ok(())
    }

    #[test]
    fn bad_settings_are_named_and_the_known_ones_listed() {
        for (method, given, says) in [
            ("gptq", json!({"bitz": 4}), "bits"),
            ("gptq", json!({"bits": 5}), "2, 3, 4 or 8"),
            ("gptq", json!({"bits": 4, "w_bits": 3}), "given once"),
            ("gptq", json!({"group_size": 0}), "channel"),
            ("gptq", json!({"damping": -1}), "damping"),
            ("gptq", json!({"symmetric": "maybe"}), "true or false"),
            ("gptq", json!({"group_feedback": true}), "static_groups"),
            ("gptq", json!({"length": 0}), "length"),
            ("gptq", json!([4]), "object"),
            ("wanda", json!({"sparsity": 1.0}), "2:4"),
            ("wanda", json!({"sparsity": "4:2"}), "2:4"),
            ("wanda", json!({"sparsity": "2:4", "variant": true}), "variant"),
            ("wnada", json!({}), "wanda"),
        ] {
            let error = variant_name(method, &given).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(says), "{method} {given}: {error}");
        }
    }
}
