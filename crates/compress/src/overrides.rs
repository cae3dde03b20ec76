//! Mixed precision: linears that get another width than the recipe says, or are left as they are.

use serde_json::{Map, Value, json};

use crate::CompressError;
use crate::settings::SettingInfo;

/// The setting, of every method that rounds or prunes weights.
pub(crate) const OVERRIDES: SettingInfo = SettingInfo {
    name: "overrides",
    aliases: &[],
    default: "[]",
    about: "linears with a width of their own: `[{\"linears\": [\"model.layers.0.mlp.*\"], \"bits\": 8}]`; `\"dense\"`: \
            neither rounded nor pruned",
};

/// What is done to a linear instead of what the recipe says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Its weights have so many bits.
    Bits(u8),
    /// It is left as it is: neither rounded nor pruned. Scales are still moved into it where it shares its input.
    Dense,
}

/// Some linears and their width.
#[derive(Debug, Clone, PartialEq)]
struct Override {
    /// Names without `.weight`; `*` stands for any text.
    linears: Vec<String>,
    width: Width,
}

/// All overrides of a recipe, in the order in which they were given.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Overrides(Vec<Override>);

impl Overrides {
    /// Reads a list of objects with `linears` and `bits`, or its JSON text. `method` is for messages.
    pub fn read(value: &Value, method: &str) -> Result<Self, CompressError> {
        let parsed = value.as_str().map(|text| serde_json::from_str(text).unwrap_or_default());
        let Some(all) = parsed.as_ref().unwrap_or(value).as_array() else {
            return Err(CompressError::BadSetting {
                method: method.to_owned(),
                name: OVERRIDES.name.to_owned(),
                value: value.to_string(),
                expected: "a JSON list of objects with `linears` and `bits` (in TOML a table [[overrides]] for each)",
            });
        };
        let each = all.iter().enumerate().map(|(at, one)| {
            Override::read(one).map_err(|problem| CompressError::Override { number: at + 1, problem })
        });
        each.collect::<Result<_, _>>().map(Self)
    }

    /// These or those: where both are there, two settings say it.
    pub fn and(self, other: Self, method: &str) -> Result<Self, CompressError> {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => Ok(other),
            (_, true) => Ok(self),
            (false, false) => Err(CompressError::BadSetting {
                method: method.to_owned(),
                name: OVERRIDES.name.to_owned(),
                value: other.value().to_string(),
                expected: "given once: for all methods, or for one",
            }),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same as a value that [`Overrides::read`] takes.
    pub fn value(&self) -> Value {
        let bits = |width: Width| match width {
            Width::Bits(bits) => json!(bits),
            Width::Dense => json!("dense"),
        };
        self.0.iter().map(|one| json!({"linears": one.linears, "bits": bits(one.width)})).collect()
    }

    /// What tells variants with other overrides apart in a folder's name: `mix1a2b3c`.
    pub fn label(&self) -> String {
        let digest = record::digest(self.value().to_string().as_bytes());
        format!("mix{}", &digest[..6])
    }

    /// The width of a linear, where an override names it.
    pub fn of(&self, linear: &str) -> Option<Width> {
        self.0.iter().find(|one| one.names(linear)).map(|one| one.width)
    }

    /// That every width is one of these, or dense.
    pub fn check_widths(&self, known: &[u8], method: &str) -> Result<(), CompressError> {
        for (at, one) in self.0.iter().enumerate() {
            if let Width::Bits(bits) = one.width
                && !known.contains(&bits)
            {
                let known: String = known.iter().map(|bits| format!("{bits}, ")).collect();
                let problem = format!(
                    "`{}` cannot have bits = {bits}; with these settings {method} takes {known}\"dense\"",
                    one.linears.join("`, `")
                );
                return Err(CompressError::Override { number: at + 1, problem });
            }
        }
        Ok(())
    }

    /// That every name is that of a linear of the model, and no linear is named by two overrides.
    pub fn check_names(&self, linears: &[&str]) -> Result<(), CompressError> {
        for (at, one) in self.0.iter().enumerate() {
            let fail = |problem| Err(CompressError::Override { number: at + 1, problem });
            if let Some(name) = one.linears.iter().find(|name| !linears.iter().any(|linear| is_like(name, linear))) {
                let first = linears.first().copied().unwrap_or_default();
                let last = linears.last().copied().unwrap_or_default();
                return fail(format!(
                    "`{name}` is none of the linears that are compressed, `{first}` to `{last}`; `*` stands for any text"
                ));
            }
            for linear in linears.iter().filter(|linear| one.names(linear)) {
                if let Some(before) = self.0[..at].iter().position(|before| before.names(linear)) {
                    return fail(format!("`{linear}` is in override {} too; leave it in one of them", before + 1));
                }
            }
        }
        Ok(())
    }
}

impl Override {
    /// Reads one; what is wrong with it otherwise.
    fn read(value: &Value) -> Result<Self, String> {
        let fields = value.as_object().ok_or_else(|| format!("{value} is no object with `linears` and `bits`"))?;
        if let Some(name) = fields.keys().find(|name| !["linears", "bits"].contains(&name.as_str())) {
            return Err(format!("there is no `{name}`; an override has `linears` and `bits`"));
        }
        Ok(Self { linears: linears(fields)?, width: width(fields)? })
    }

    fn names(&self, linear: &str) -> bool {
        self.linears.iter().any(|name| is_like(name, linear))
    }
}

fn linears(fields: &Map<String, Value>) -> Result<Vec<String>, String> {
    let given = fields.get("linears").unwrap_or(&Value::Null);
    let names = given.as_array().filter(|names| !names.is_empty());
    let names = names.and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
    names
        .ok_or_else(|| format!("`linears` must be a list of names, as [\"model.layers.0.mlp.down_proj\"], not {given}"))
}

fn width(fields: &Map<String, Value>) -> Result<Width, String> {
    let given = fields.get("bits").unwrap_or(&Value::Null);
    match (given.as_u64().and_then(|bits| u8::try_from(bits).ok()), given.as_str()) {
        (Some(bits), _) => Ok(Width::Bits(bits)),
        (_, Some("dense")) => Ok(Width::Dense),
        _ => Err(format!("`bits` must be a number of bits, or \"dense\", not {given}")),
    }
}

/// Whether a name is as a pattern says, in which `*` stands for any text.
fn is_like(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, like) in [
            ("a.b", "a.b", true),
            ("a.b", "a.bc", false),
            ("a.*", "a.b.c", true),
            ("*.c", "a.b.c", true),
            ("*", "", true),
            ("a*b*c", "a.b.b.c", true),
            ("a*b*c", "a.c", false),
            ("ab*bc", "abc", false),
            ("a.*.d", "a.b.c", false),
            ("", "a", false),
        ] {
            assert_eq!(is_like(pattern, name), like, "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_read_is_written_again_and_names_the_variant() -> Result<(), CompressError> {
        let given = json!([{"linears": ["a.*", "b"], "bits": 8}, {"linears": ["c"], "bits": "dense"}]);
        let all = Overrides::read(&given, "gptq")?;
        assert_eq!(all.value(), given);
        assert_eq!(Overrides::read(&json!(given.to_string()), "gptq")?, all);
        let widths = ["a.b", "c", "d"].map(|name| all.of(name));
        assert_eq!(widths, [Some(Width::Bits(8)), Some(Width::Dense), None]);
        let other = Overrides::read(&json!([{"linears": ["c"], "bits": "dense"}]), "gptq")?;
        assert!(all.label().len() == 9 && all.label() != other.label());
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |given: Value| {
            let all = Overrides::read(&given, "gptq")?;
            all.check_widths(&[2, 3, 4, 8], "gptq")?;
            all.check_names(&["m.0.q", "m.0.k", "m.1.q"])
        };
        let one = |linears: Value, bits: Value| json!([{"linears": linears, "bits": bits}]);
        for (given, says) in [
            (json!({"linears": ["m.0.q"], "bits": 8}), "[[overrides]]"),
            (json!("[{]"), "JSON list"),
            (json!(["m.0.q"]), "override 1: \"m.0.q\" is no object"),
            (json!([{"linears": ["m.0.q"], "bits": 8, "group": 4}]), "override 1: there is no `group`"),
            (one(json!([]), json!(8)), "list of names"),
            (one(json!(["m.0.q", 4]), json!(8)), "list of names"),
            (json!([{"bits": 8}]), "list of names"),
            (json!([{"linears": ["m.0.q"]}]), "\"dense\", not null"),
            (one(json!(["m.0.q"]), json!("8")), "number of bits"),
            (one(json!(["m.0.q"]), json!(-1)), "number of bits"),
            (
                one(json!(["m.0.q"]), json!(5)),
                "`m.0.q` cannot have bits = 5; with these settings gptq takes 2, 3, 4, 8",
            ),
            (one(json!(["m.0.*", "m.2.*"]), json!(8)), "override 1: `m.2.*` is none of the linears"),
            (
                json!([{"linears": ["m.0.*"], "bits": 8}, {"linears": ["m.1.q", "*.k"], "bits": "dense"}]),
                "override 2: `m.0.k` is in override 1 too",
            ),
        ] {
            let error = check(given.clone()).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(says), "{given}: {error}");
        }
    }
}
