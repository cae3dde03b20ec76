//! A list of methods with their settings: `gptq`, `smoothquant+gptq`, `wanda+gptq`.

use std::sync::Arc;

use model::GroupKind;
use serde_json::{Map, Value, json};

use crate::group::{LinearGroup, LinearReport};
use crate::method::{self, Method, MethodInfo, MethodKind, Rtn};
use crate::overrides::{OVERRIDES, Overrides, Width};
use crate::seen::{HessianPart, Needs, Seen};
use crate::settings::{self, SettingInfo, Settings};
use crate::sparsity::zero_masked;
use crate::{CompressError, Grid, GroupSize, Number, Scheme, Sparsity};

/// An expert that saw a smaller share of the calibration tokens than this was not seen (GPTQModel's bound).
const SCARCE: f64 = 0.005;

/// One method of a list.
#[derive(Clone)]
pub struct RecipeStep {
    /// The method's row.
    pub info: &'static MethodInfo,
    /// All its settings.
    pub settings: Settings,
    known: Vec<SettingInfo>,
    method: Arc<dyn Method>,
}

/// What is done to a model: methods in the order in which they are applied.
#[derive(Clone)]
pub struct Recipe {
    steps: Vec<RecipeStep>,
    /// Linears that are treated otherwise.
    overrides: Overrides,
    /// What was chosen for the model at hand.
    note: Option<String>,
}

impl Recipe {
    /// The methods of a list such as `smoothquant+gptq`.
    ///
    /// `given` is an object or null. A setting counts for every method of the list that has it; `gptq.bits`, or an
    /// object under the method's name, for one alone. After `smoothquant`, weights are by default rounded per channel to
    /// 8 bits, and so are activations.
    ///
    /// # Errors
    /// An unknown method, methods that do not go together, an unknown setting, or a value out of range.
    pub fn new(list: &str, given: &Value) -> Result<Self, CompressError> {
        let (infos, known) = methods_of(list)?;
        let (given, overrides) = distribute(list, &infos, &known, given)?;
        let mut steps = Vec::new();
        for ((info, known), given) in infos.into_iter().zip(known).zip(given) {
            let settings = Settings::new(info, &known, &given)?;
            let method = Arc::from((info.build)(&settings)?);
            steps.push(RecipeStep { info, settings, known, method });
        }
        let recipe = Self { steps, overrides, note: None };
        recipe.overrides.check_widths(recipe.widths(), list)?;
        Ok(recipe)
    }

    /// Whether a method of a list has a setting: `bits`, or `gptq.bits` whatever follows the method's name, which is refused
    /// where the list is built.
    ///
    /// # Errors
    /// An unknown method, or methods that do not go together.
    pub fn has_setting(list: &str, name: &str) -> Result<bool, CompressError> {
        let (infos, known) = methods_of(list)?;
        Ok(overrides_all(&infos, name) || !holders(&infos, &known, name).is_empty())
    }

    /// `smoothquant+gptq`
    pub fn name(&self) -> String {
        self.steps.iter().map(|step| step.info.name).collect::<Vec<_>>().join("+")
    }

    /// The methods in order.
    pub fn steps(&self) -> &[RecipeStep] {
        &self.steps
    }

    /// What a person should know of a setting that was chosen for the model at hand.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The same recipe with a note.
    pub(crate) fn noted(self, note: String) -> Self {
        Self { note: Some(note), ..self }
    }

    /// Whether weights are rounded in groups of this size because no size was given.
    pub(crate) fn assumes_group(&self, size: usize) -> bool {
        let rounds =
            |step: &RecipeStep| step.method.scheme().is_some_and(|scheme| scheme.group == GroupSize::Columns(size));
        self.steps.iter().any(|step| rounds(step) && step.settings.assumes("group_size"))
    }

    /// All settings: of one method as they are, of several under their names; and the overrides, where there are any.
    pub fn settings(&self) -> Value {
        let mut all: Map<String, Value> = match &self.steps[..] {
            [step] => step.settings.values().clone(),
            steps => {
                let of = |step: &RecipeStep| (step.info.name.to_owned(), Value::Object(step.settings.values().clone()));
                steps.iter().map(of).collect()
            }
        };
        if !self.overrides.is_empty() {
            all.insert(OVERRIDES.name.to_owned(), self.overrides.value());
        }
        Value::Object(all)
    }

    /// The folder name of a variant: `gptq-w4-g128`, `wanda-0.5`, `smoothquant+gptq-w8-ch-a8`.
    ///
    /// Settings that differ from their defaults follow, except for the amount of calibration text: `gptq-w4-g32-asym`. Overrides
    /// stand at the end as a digest: `gptq-w4-g128-mix1a2b3c`.
    pub fn variant_name(&self) -> String {
        let name = self.steps.iter().map(RecipeStep::variant_name).collect::<Vec<_>>().join("+");
        if self.overrides.is_empty() { name } else { format!("{name}-{}", self.overrides.label()) }
    }

    /// The same recipe for a shorter text: at most so many sequences, of at most so many tokens.
    pub fn shortened(mut self, sequences: usize, length: usize) -> Self {
        for step in &mut self.steps {
            step.settings.lower("sequences", sequences);
            step.settings.lower("length", length);
        }
        self
    }

    /// Whether any method looks at calibration text.
    pub fn calibrates(&self) -> bool {
        self.needs() != Needs::NOTHING
    }

    /// What all methods want to know of a group's inputs.
    pub fn needs(&self) -> Needs {
        self.steps.iter().fold(Needs::NOTHING, |needs, step| needs.and(step.method.needs()))
    }

    /// A whole number that the methods which look at text share, the largest where they differ.
    pub fn count(&self, name: &str) -> Option<usize> {
        self.steps.iter().filter_map(|step| step.settings.value(name).as_u64()).max().map(|count| count as usize)
    }

    /// How weights are quantized at the end, where no override says otherwise.
    pub fn scheme(&self) -> Option<Scheme> {
        self.steps.iter().find_map(|step| step.method.scheme())
    }

    /// How the weights of a linear are quantized at the end.
    pub fn scheme_of(&self, linear: &str) -> Option<Scheme> {
        let scheme = self.scheme()?;
        match self.overrides.of(linear) {
            None => Some(scheme),
            Some(Width::Bits(bits)) => Some(Scheme { grid: Grid { bits, ..scheme.grid }, ..scheme }),
            Some(Width::Dense) => None,
        }
    }

    /// What an override says of a linear.
    pub(crate) fn width(&self, linear: &str) -> Option<Width> {
        self.overrides.of(linear)
    }

    /// That overrides name linears of the model, and each of them once.
    pub(crate) fn check_names(&self, linears: &[&str]) -> Result<(), CompressError> {
        self.overrides.check_names(linears)
    }

    /// Bits that a linear's weights can have instead of the scheme's.
    fn widths(&self) -> &'static [u8] {
        match self.scheme() {
            Some(Scheme { activations: true, grid: Grid { number: Number::Int, .. }, .. }) => &[8],
            Some(Scheme { grid: Grid { number: Number::Int, .. }, .. }) => &settings::WIDTHS,
            _ => &[],
        }
    }

    /// What becomes zero.
    pub fn sparsity(&self) -> Option<Sparsity> {
        self.steps.iter().find_map(|step| step.method.sparsity())
    }

    /// Bits of keys and values in the cache.
    pub fn kv_bits(&self) -> Option<u8> {
        self.steps.iter().find_map(|step| step.method.kv_bits())
    }

    /// Whether any method moves scales between weights and what makes their inputs.
    pub fn folds_any(&self) -> bool {
        self.steps.iter().any(|step| step.info.kind == MethodKind::Folds)
    }

    /// The scales to divide a group's inputs by, where a method wants to.
    pub(crate) fn fold(
        &self,
        group: &mut LinearGroup,
        experts: usize,
        seen: &Seen,
    ) -> Result<Option<Vec<f32>>, CompressError> {
        let Some(step) = self.steps.iter().find(|step| step.method.folds(group.kind, experts)) else { return Ok(None) };
        group.changed(|group| step.method.fold(group, seen, self.scheme().as_ref())).transpose()
    }

    /// Whether the method that decides it compresses group by group.
    pub fn true_sequential(&self) -> bool {
        let looks = |step: &&RecipeStep| step.info.kind != MethodKind::Folds && step.method.needs() != Needs::NOTHING;
        self.steps.iter().filter(looks).any(|step| step.method.true_sequential())
    }

    /// Prunes, then rounds, the linears of a group; one report each.
    pub(crate) fn compress(
        &self,
        group: &mut LinearGroup,
        seen: &mut Seen,
    ) -> Result<Vec<LinearReport>, CompressError> {
        let reports = group.changed(|group| self.change(group, seen)).transpose()?;
        Ok(group.spread(reports.unwrap_or_default()))
    }

    fn change(&self, group: &mut LinearGroup, seen: &mut Seen) -> Result<Vec<LinearReport>, CompressError> {
        let scarce = (seen.tokens as f64) < SCARCE * seen.calibration_tokens as f64;
        if self.needs() != Needs::NOTHING && scarce {
            return Ok(self.without_inputs(group, seen));
        }
        let mut reports = vec![LinearReport::default(); group.linears.len()];
        let order = [MethodKind::Prunes, MethodKind::Folds, MethodKind::Quantizes];
        let steps: Vec<&RecipeStep> =
            order.iter().flat_map(|kind| self.steps.iter().filter(move |step| step.info.kind == *kind)).collect();
        for (at, step) in steps.iter().enumerate() {
            seen.shared = steps[at + 1..].iter().any(|later| later.method.needs().hessian != HessianPart::Nothing);
            let next = step.method.compress(group, seen)?;
            reports = reports.into_iter().zip(next).map(|(before, next)| before.then(next)).collect();
        }
        Ok(reports)
    }

    /// What is done to an expert that hardly any token reached: the smallest weights go, the others are rounded to nearest.
    fn without_inputs(&self, group: &mut LinearGroup, seen: &Seen) -> Vec<LinearReport> {
        let mut done = Vec::new();
        if let Some(sparsity) = self.sparsity() {
            for linear in &mut group.linears {
                let mask = sparsity.smallest_by_row(&linear.weight, |w, _| w.abs());
                zero_masked(&mut linear.weight, &mask);
            }
            done.push("pruned by magnitude");
        }
        if let Some(scheme) = self.scheme() {
            let rtn = Rtn { grid: scheme.grid, group: scheme.group, activations: scheme.activations };
            group.linears.iter_mut().for_each(|linear| rtn.linear(linear));
            done.push("rounded to nearest");
        }
        let done = done.join(", ");
        let warning = format!("saw {} of {} calibration tokens: {done}", seen.tokens, seen.calibration_tokens);
        let report = LinearReport { fallback: Some(done), warning: Some(warning), ..LinearReport::default() };
        vec![report; group.linears.len()]
    }
}

impl RecipeStep {
    fn variant_name(&self) -> String {
        let mut parts = vec![self.info.name.to_owned()];
        let rounds = self.method.scheme();
        for setting in &self.known {
            let value = self.settings.value(setting.name);
            let default = *value == setting.default_value();
            match setting.name {
                "bits" | "group_size" if rounds.is_none() => {}
                "bits" => parts.push(format!("w{value}")),
                "group_size" => parts.push(match rounds.map(|scheme| scheme.group) {
                    Some(GroupSize::Columns(size)) => format!("g{size}"),
                    _ => "ch".to_owned(),
                }),
                "kv_bits" => parts.push(value.to_string()),
                "activation_bits" if *value == json!(8) && self.info.name != "fp8" => parts.push("a8".to_owned()),
                "sparsity" => parts.extend(self.method.sparsity().map(|sparsity| sparsity.to_string())),
                "sequences" | "length" => {}
                _ if default => {}
                "symmetric" => parts.push(if *value == json!(true) { "sym" } else { "asym" }.to_owned()),
                name => parts.push(match value {
                    Value::Bool(true) => name.to_owned(),
                    Value::Bool(false) => format!("no_{name}"),
                    Value::String(text) => format!("{name}_{text}"),
                    other => format!("{name}_{other}"),
                }),
            }
        }
        parts.join("-")
    }

    /// Whether the method wants to move scales of such groups.
    pub fn folds(&self, kind: GroupKind, experts: usize) -> bool {
        self.method.folds(kind, experts)
    }
}

/// The methods of a list, and the settings that each has in it.
fn methods_of(list: &str) -> Result<(Vec<&'static MethodInfo>, Vec<Vec<SettingInfo>>), CompressError> {
    let infos = list.split('+').map(|name| method::method(&settings::plain(name))).collect::<Result<Vec<_>, _>>()?;
    combine(list, &infos)?;
    let rounds = infos.iter().any(|info| info.kind == MethodKind::Quantizes);
    let smooth = infos.iter().any(|info| info.name == "smoothquant");
    let known = infos.iter().map(|info| known(info, rounds, smooth)).collect();
    Ok((infos, known))
}

/// Whether methods go together.
fn combine(list: &str, infos: &[&'static MethodInfo]) -> Result<(), CompressError> {
    let refuse = |why: String| Err(CompressError::Contradiction { recipe: list.to_owned(), why });
    for (at, info) in infos.iter().enumerate() {
        if let Some(before) = infos[..at].iter().find(|before| before.kind == info.kind) {
            let (a, b) = (before.name, info.name);
            return match info.kind {
                _ if a == b => refuse(format!("`{a}` is named twice")),
                MethodKind::Folds => refuse(format!("`{a}` and `{b}` scale the same inputs; choose one")),
                MethodKind::Prunes => refuse(format!("`{a}` and `{b}` both choose what becomes zero; choose one")),
                MethodKind::Quantizes => refuse(format!("`{a}` and `{b}` both round the weights; choose one")),
                MethodKind::Caches => refuse(format!("`{a}` is named twice")),
            };
        }
        let rank = |kind: MethodKind| match kind {
            MethodKind::Folds => 0,
            MethodKind::Prunes => 1,
            MethodKind::Quantizes => 2,
            MethodKind::Caches => 3,
        };
        if let Some(before) = infos[..at].iter().find(|before| rank(before.kind) > rank(info.kind)) {
            let (a, b) = (before.name, info.name);
            return refuse(format!(
                "`{b}` comes before `{a}`: scales first, then zeros, then rounding, then the cache"
            ));
        }
    }
    Ok(())
}

/// The settings that a method has in a list, with the defaults that hold there.
fn known(info: &'static MethodInfo, rounds: bool, smooth: bool) -> Vec<SettingInfo> {
    let alone = if rounds { &[] } else { info.alone };
    let mut known: Vec<SettingInfo> = info.settings.iter().chain(alone).copied().collect();
    if smooth && info.kind == MethodKind::Quantizes {
        for setting in &mut known {
            if let Some(default) = settings::W8A8.iter().find(|other| other.name == setting.name) {
                *setting = setting.by_default(default.default);
            }
        }
    }
    known
}

/// Where a method stands in a list.
fn method_at(infos: &[&'static MethodInfo], name: &str) -> Option<usize> {
    infos.iter().position(|info| info.name == settings::plain(name))
}

/// `bits` of `gptq.bits`, where the list has that method.
fn own_name<'a>(infos: &[&'static MethodInfo], name: &'a str) -> &'a str {
    name.split_once('.').filter(|(method, _)| method_at(infos, method).is_some()).map_or(name, |(_, own)| own)
}

/// The methods that a setting is for: one that is named, as in `gptq.bits` or by its own name alone, else all that have it.
fn holders(infos: &[&'static MethodInfo], known: &[Vec<SettingInfo>], name: &str) -> Vec<usize> {
    let method = name.split_once('.').map_or(name, |(method, _)| method);
    match method_at(infos, method) {
        Some(at) => vec![at],
        None => {
            let has = |settings: &[SettingInfo]| settings.iter().any(|s| s.is_called(&settings::plain(name)));
            (0..known.len()).filter(|&at| has(&known[at])).collect()
        }
    }
}

/// Whether a name means the overrides of a list that has some: `overrides`, or `gptq.overrides`.
fn overrides_all(infos: &[&'static MethodInfo], name: &str) -> bool {
    let overridden = |info: &&MethodInfo| info.kind != MethodKind::Caches;
    let method = name.split_once('.').and_then(|(method, _)| method_at(infos, method));
    settings::plain(own_name(infos, name)) == OVERRIDES.name
        && method.map_or(infos.iter().any(overridden), |at| overridden(&infos[at]))
}

/// Which method each given setting is for, and the overrides, which are for the whole list.
fn distribute(
    list: &str,
    infos: &[&'static MethodInfo],
    known: &[Vec<SettingInfo>],
    given: &Value,
) -> Result<(Vec<Map<String, Value>>, Overrides), CompressError> {
    let mut each = vec![Map::new(); infos.len()];
    let mut overrides = Overrides::default();
    let given = match given {
        Value::Null => return Ok((each, overrides)),
        Value::Object(given) => given,
        other => {
            return Err(CompressError::SettingsNotObject { method: list.to_owned(), value: other.to_string() });
        }
    };
    for (name, value) in given {
        if overrides_all(infos, name) {
            overrides = overrides.and(Overrides::read(value, list)?, list)?;
            continue;
        }
        let wanted = holders(infos, known, name);
        if wanted.is_empty() {
            let mut names: Vec<&str> = known.iter().flatten().map(|setting| setting.name).collect();
            names.extend(overrides_all(infos, OVERRIDES.name).then_some(OVERRIDES.name));
            let known = names.join(", ");
            return Err(CompressError::UnknownSetting { method: list.to_owned(), name: name.clone(), known });
        }
        for at in wanted {
            match value {
                Value::Object(inner) if method_at(infos, name).is_some() => {
                    let mut inner = inner.clone();
                    if infos[at].kind != MethodKind::Caches
                        && let Some(value) = inner.remove(OVERRIDES.name)
                    {
                        overrides = overrides.and(Overrides::read(&value, list)?, list)?;
                    }
                    each[at].extend(inner);
                }
                value => drop(each[at].insert(own_name(infos, name).to_owned(), value.clone())),
            }
        }
    }
    Ok((each, overrides))
}

#[cfg(test)]
#[path = "recipe_tests.rs"]
mod tests;
