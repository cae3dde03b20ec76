//! `compare`: two logs, item by item.

use std::collections::{BTreeMap, HashMap, HashSet};

use analyze::Question;
use record::{Compared, Comparison, Difference, Epochs, NotComparable, Outcome, Score, SideSummary};

use crate::Error;
use crate::logs::{Facts, Item, Log, Series};

/// Compares the log B with the log A on the items that both have, by task, metric and filter. What cannot be compared is
/// named with the reason, and has no number.
///
/// # Errors
/// A log that cannot be read ([`crate::logs::open`]), or a margin that is no share.
pub fn compare(a: &Log, b: &Log, margin: f64) -> Result<Comparison, Error> {
    if !(0.0..=1.0).contains(&margin) {
        return Err(analyze::AnalyzeError::BadMargin { margin }.into());
    }
    let mut all = Comparison {
        margin,
        a: a.name.clone(),
        b: b.name.clone(),
        compared: Vec::new(),
        not_comparable: Vec::new(),
        warnings: warnings(a, b),
    };
    if a.name.source != b.name.source {
        let why =
            format!("A is a log of {}, B of {}: they ask and judge in different ways", a.name.source, b.name.source);
        all.not_comparable.push(NotComparable { name: "everything".to_owned(), why });
        return Ok(all);
    }
    all.not_comparable.extend(unusable(a, b));
    let named = |series: &Series| (series.task.clone(), series.metric.clone(), series.filter.clone());
    let theirs: HashMap<_, &Series> = b.series.iter().map(|series| (named(series), series)).collect();
    let seed = a.seed.unwrap_or_else(|| seed(a, b));
    for ours in &a.series {
        let refused: HashSet<&str> = all.not_comparable.iter().map(|one| one.name.as_str()).collect();
        if refused.contains(ours.name().as_str()) || refused.contains(ours.task.as_str()) {
            continue;
        }
        let other = theirs.get(&named(ours)).copied().ok_or_else(|| "B has no such scores".to_owned());
        match other.and_then(|other| Pair::of(ours, other)) {
            Ok(pair) => match pair.compare((a, b), Question { margin, seed }) {
                Ok(compared) => all.compared.push(compared),
                Err(why) => all.not_comparable.push(NotComparable { name: ours.name(), why }),
            },
            Err(why) => all.not_comparable.push(NotComparable { name: ours.name(), why }),
        }
    }
    let ours: HashSet<_> = a.series.iter().map(named).collect();
    for series in b.series.iter().filter(|series| !ours.contains(&named(series))) {
        let refused = all.not_comparable.iter().any(|one| one.name == series.name() || one.name == series.task);
        if !refused {
            let why = "A has no such scores".to_owned();
            all.not_comparable.push(NotComparable { name: series.name(), why });
        }
    }
    let p: Vec<f64> = all.compared.iter().map(|compared| compared.paired.p).collect();
    for (compared, adjusted) in all.compared.iter_mut().zip(analyze::statistic::holm(&p)) {
        compared.p_holm = adjusted;
    }
    Ok(all)
}

/// The seed of the resampling: what is compared, in the order of the sides.
fn seed(a: &Log, b: &Log) -> u64 {
    let mut text = String::new();
    for log in [a, b] {
        text.push_str(&log.name.model);
        for series in &log.series {
            text.push_str(&series.name());
            series.items.iter().for_each(|item| text.push_str(&item.key));
        }
    }
    analyze::seed_from(&text)
}

/// What either log cannot say, each once.
fn unusable(a: &Log, b: &Log) -> Vec<NotComparable> {
    let mut all: Vec<NotComparable> = Vec::new();
    for (side, log) in [("A", a), ("B", b)] {
        for one in &log.unusable {
            let why = format!("{side}: {}", one.why);
            match all.iter_mut().find(|known| known.name == one.name) {
                Some(known) if known.why.ends_with(&one.why) => known.why = format!("A and B: {}", one.why),
                Some(known) => known.why = format!("{}; {why}", known.why),
                None => all.push(NotComparable { name: one.name.clone(), why }),
            }
        }
    }
    all
}

/// What differs between the logs as wholes.
fn warnings(a: &Log, b: &Log) -> Vec<String> {
    let mut all: Vec<String> = a.notes.iter().chain(&b.notes).cloned().collect();
    if a.name.source == b.name.source {
        all.extend(differing(&a.settings, &b.settings, true));
    }
    if a.name.path == b.name.path {
        all.push("A and B are the same log".to_owned());
    }
    all
}

/// One sentence for each fact that differs; `one_sided`: also for those that only one side has.
fn differing(a: &Facts, b: &Facts, one_sided: bool) -> Vec<String> {
    let names: BTreeMap<&String, ()> = a.keys().chain(b.keys()).map(|name| (name, ())).collect();
    let told = |value: Option<&String>| value.map_or_else(|| "none".to_owned(), |value| clipped(value));
    names
        .into_keys()
        .filter(|name| a.get(*name) != b.get(*name))
        .filter(|name| one_sided || a.contains_key(*name) && b.contains_key(*name))
        .map(|name| format!("{name}: A has {}, B has {}", told(a.get(name)), told(b.get(name))))
        .collect()
}

fn clipped(text: &str) -> String {
    let flat: Vec<&str> = text.split_whitespace().collect();
    let flat = flat.join(" ");
    if flat.chars().count() <= 60 { flat } else { format!("{}…", flat.chars().take(60).collect::<String>()) }
}

/// Two series of the same name, and which of their items belong together.
struct Pair<'a> {
    a: &'a Series,
    b: &'a Series,
    /// Items that both have, in A's order.
    both: Vec<(&'a Item, &'a Item)>,
    only_a: Vec<String>,
    only_b: Vec<String>,
    warnings: Vec<String>,
}

impl<'a> Pair<'a> {
    /// Pairs two series, or says why they are not comparable.
    fn of(a: &'a Series, b: &'a Series) -> Result<Self, String> {
        let other = differing(&a.must, &b.must, false);
        if !other.is_empty() {
            return Err(other.join("; "));
        }
        let by_key: HashMap<&str, &Item> = b.items.iter().map(|item| (item.key.as_str(), item)).collect();
        let keys: HashSet<&str> = a.items.iter().map(|item| item.key.as_str()).collect();
        let both: Vec<_> = a.items.iter().filter_map(|item| Some((item, *by_key.get(item.key.as_str())?))).collect();
        let label = |item: &Item| item.label.clone();
        let only_a: Vec<String> =
            a.items.iter().filter(|item| !by_key.contains_key(item.key.as_str())).map(label).collect();
        let only_b: Vec<String> = b.items.iter().filter(|item| !keys.contains(item.key.as_str())).map(label).collect();
        if both.is_empty() {
            return Err("the two were asked other items: none is in both".to_owned());
        }
        if !only_a.is_empty() && !only_b.is_empty() {
            return Err(format!(
                "the two were asked other items: {} only in A, {} only in B, {} in both",
                only_a.len(),
                only_b.len(),
                both.len()
            ));
        }
        let changed = both.iter().find(|(a, b)| a.digest.is_some() && b.digest.is_some() && a.digest != b.digest);
        if let Some((item, _)) = changed {
            return Err(format!("{} is not the same in both: another question or another right answer", item.label));
        }
        let mut warnings = prompts(a, b, &both)?;
        warnings.extend(differing(&a.settings, &b.settings, true));
        for (side, other, only) in [("A", "B", &only_a), ("B", "A", &only_b)] {
            if !only.is_empty() {
                warnings.push(format!(
                    "{} items are only in {side}; the {} of {other} are compared",
                    only.len(),
                    both.len()
                ));
            }
        }
        Ok(Self { a, b, both, only_a, only_b, warnings })
    }

    /// The numbers, or why there are none.
    fn compare(self, (a, b): (&Log, &Log), question: Question) -> Result<Compared, String> {
        in_range(self.a, "A")?;
        in_range(self.b, "B")?;
        let name = if a.seed.is_some() { own_name(b, self.a) } else { self.a.name() };
        let differ = |wrong: bool| -> Result<Difference, String> {
            let scores = |side: fn(&(&'a Item, &'a Item)) -> &'a Item| -> Vec<Score> {
                self.both.iter().map(|pair| score(side(pair), &pair.0.key, wrong)).collect()
            };
            let (first, second) = (scores(|pair| pair.0), scores(|pair| pair.1));
            analyze::difference(&name, ("A", "B"), (&first, &second), question).map_err(|error| error.to_string())
        };
        let paired = differ(false)?;
        if paired.n == 0 {
            return Err("no item has a score in both".to_owned());
        }
        let errors_wrong = if paired.left_out > 0 { Some(differ(true)?) } else { None };
        let failed = |side: fn(&(&'a Item, &'a Item)) -> &'a Item| -> Vec<(String, String)> {
            let why = |item: &Item| Some((item.label.clone(), item.value.as_ref().err()?.clone()));
            self.both.iter().filter_map(|pair| why(side(pair))).collect()
        };
        Ok(Compared {
            task: self.a.task.clone(),
            metric: self.a.metric.clone(),
            filter: self.a.filter.clone(),
            a: summary(self.a),
            b: summary(self.b),
            p_holm: paired.p,
            epochs: epochs(&self.both),
            failed_a: failed(|pair| pair.0),
            failed_b: failed(|pair| pair.1),
            paired,
            errors_wrong,
            only_a: self.only_a,
            only_b: self.only_b,
            warnings: self.warnings,
        })
    }
}

/// The stream of random numbers that `analyze` takes for a variant of a run.
fn own_name(b: &Log, series: &Series) -> String {
    let variant = b.name.path.rsplit_once(':').map_or("", |(_, variant)| variant);
    format!("{variant}/{}", series.task)
}

/// Prompts may differ where something explains it, as another chat template does.
fn prompts(a: &Series, b: &Series, both: &[(&Item, &Item)]) -> Result<Vec<String>, String> {
    let differ = |(a, b): &&(&Item, &Item)| a.prompt.is_some() && b.prompt.is_some() && a.prompt != b.prompt;
    let count = both.iter().filter(differ).count();
    if count == 0 {
        return Ok(Vec::new());
    }
    let why = differing(&a.prompts_by, &b.prompts_by, false);
    if why.is_empty() {
        return Err(format!("{count} of {} prompts differ, and no template or instruction explains it", both.len()));
    }
    Ok(vec![format!("{count} of {} prompts differ ({}): what is measured is that too", both.len(), why.join("; "))])
}

/// A margin in points needs scores from 0 to 1.
fn in_range(series: &Series, side: &str) -> Result<(), String> {
    let values = || series.items.iter().filter_map(|item| item.value.as_ref().ok().copied());
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    if low < 0.0 || high > 1.0 {
        return Err(format!(
            "its scores in {side} go from {low} to {high}; a margin in points needs scores from 0 to 1"
        ));
    }
    Ok(())
}

fn score(item: &Item, key: &str, wrong: bool) -> Score {
    let outcome = match &item.value {
        Err(reason) if !wrong => Outcome::failed(reason.as_str()),
        _ => Outcome::Finished,
    };
    Score {
        sample: key.to_owned(),
        outcome,
        value: *item.value.as_ref().unwrap_or(&0.0),
        metrics: BTreeMap::new(),
        reason: String::new(),
        fault: None,
        cluster: item.cluster.clone(),
        tags: BTreeMap::new(),
    }
}

fn summary(series: &Series) -> SideSummary {
    let values: Vec<f64> = series.items.iter().filter_map(|item| item.value.as_ref().ok().copied()).collect();
    SideSummary { n: values.len(), failed: series.items.len() - values.len(), mean: analyze::statistic::mean(&values) }
}

/// Means over the epochs of each item, of the pairs that both finished; `None` where no item has several.
fn epochs(both: &[(&Item, &Item)]) -> Option<Epochs> {
    if both.iter().all(|(item, _)| item.epoch == 1) {
        return None;
    }
    let mut by_item: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for (a, b) in both {
        if let (Ok(first), Ok(second)) = (&a.value, &b.value) {
            let cluster = a.cluster.as_deref().unwrap_or(&a.key);
            by_item.entry(cluster).or_default().push((*first, *second));
        }
    }
    let means: Vec<(f64, f64)> = by_item
        .values()
        .map(|values| values.iter().copied().unzip())
        .map(|(a, b): (Vec<f64>, Vec<f64>)| (analyze::statistic::mean(&a), analyze::statistic::mean(&b)))
        .collect();
    let (a, b): (Vec<f64>, Vec<f64>) = means.iter().copied().unzip();
    let count = |holds: fn(f64) -> bool| means.iter().filter(|(a, b)| holds(b - a)).count();
    Some(Epochs {
        n: means.len(),
        a: analyze::statistic::mean(&a),
        b: analyze::statistic::mean(&b),
        a_higher: count(|d| d < -1e-9),
        equal: count(|d| d.abs() <= 1e-9),
        b_higher: count(|d| d > 1e-9),
    })
}
