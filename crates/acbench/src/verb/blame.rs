//! `blame`: which linears of a variant cost most, and a recipe that spares them.

use std::path::Path;

use generate::{BlameJob, Grain, Searched};
use record::{Blame, BlamedPart, CompressionRecord, ProbeText, VariantSource, run_path};
use serde_json::{Map, Value, json};

use crate::event::{Event, Watch};
use crate::run::Run;
use crate::{Error, METHODS};

/// How a variant is searched.
#[derive(Debug, Clone, Copy)]
pub struct BlameOptions {
    /// Groups of linears are put back, not whole blocks.
    pub groups: bool,
    /// Only the worst block is looked for, by halves.
    pub halving: bool,
    /// Texts are read up to about so many tokens.
    pub tokens: usize,
}

/// Puts parts of a variant back to dense, one at a time, and writes `analysis/blame-<variant>.json`. The texts are those of
/// the run's probe.
///
/// # Errors
/// A run that was not probed, a variant that has no weights, a model that cannot be loaded.
pub fn blame(run: &Run, variant: &str, options: BlameOptions, watch: &mut Watch<'_>) -> Result<Blame, Error> {
    let record = run.variant(variant)?;
    let path = run_path::probe_texts(&run.root);
    if !path.is_file() {
        let why = format!("blame reads what the probe read; do `acbench probe {}` first", run.root.display());
        return Err(Error::NoProbe { root: run.root.clone(), why });
    }
    let texts = some(record::read_jsonl(&path)?, options.tokens);
    let dense = run.checkpoint()?;
    let compressed = run.made(record)?.ok_or_else(|| Error::Flag {
        flag: "VARIANT",
        value: record.name.clone(),
        problem: "it has no compressed weights that could be put back".to_owned(),
    })?;
    watch(Event::Begin(format!("{variant}: putting linears back to dense")));
    let grain = if options.groups { Grain::Group } else { Grain::Block };
    let job = BlameJob { texts: &texts, grain, halving: options.halving };
    let mut told = |Searched { done, total, each }| {
        let left = each * total.saturating_sub(done) as f64;
        let detail = format!("{total} passes through a block, about {} in all", lasting(each * total as f64));
        // The first line says what it will take, a later one what is left.
        let detail = if left > 0.0 { detail } else { String::new() };
        watch(Event::Progress { done, total, detail });
    };
    let mut found = generate::blame(&dense, &compressed, job, &mut told)?;
    found.parts.sort_by(|a, b| b.recovered.total_cmp(&a.recovered));
    watch(Event::End(format!("{variant}: {} parts put back", found.parts.len())));
    record::write_json(&run_path::blame(&run.root, variant), &found)?;
    Ok(found)
}

/// `40 s`, `12 min`, `3.5 h`
fn lasting(seconds: f64) -> String {
    match seconds {
        short if short < 90.0 => format!("{short:.0} s"),
        long if long < 5400.0 => format!("{:.0} min", long / 60.0),
        long => format!("{:.1} h", long / 3600.0),
    }
}

/// Texts dealt round over their sources, those with decisions before others, up to so many tokens.
fn some(texts: Vec<ProbeText>, tokens: usize) -> Vec<ProbeText> {
    let mut sources: Vec<(String, Vec<ProbeText>)> = Vec::new();
    for text in texts {
        match sources.iter_mut().find(|(source, _)| *source == text.source) {
            Some((_, all)) => all.push(text),
            None => sources.push((text.source.clone(), vec![text])),
        }
    }
    let rank = |source: &(String, Vec<ProbeText>)| source.1.iter().all(|text| text.decisions.is_empty());
    sources.sort_by_key(rank);
    let longest = sources.iter().map(|(_, all)| all.len()).max().unwrap_or(0);
    let dealt = (0..longest).flat_map(|at| sources.iter().filter_map(move |(_, all)| all.get(at)));
    let mut sum = 0;
    let mut fits = |text: &&ProbeText| {
        let taken = sum == 0 || sum + text.tokens.len() <= tokens;
        sum += if taken { text.tokens.len() } else { 0 };
        taken
    };
    dealt.filter(|text| fits(text)).cloned().collect()
}

/// What a recipe spares, and what that costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Spared {
    /// The parts, the ones that recover most for their size first.
    pub parts: Vec<BlamedPart>,
    /// `8`, or `dense`.
    pub bits: &'static str,
    /// How many bytes the weights grow.
    pub bytes: usize,
    /// How many they have without.
    pub before: usize,
}

/// Writes a recipe for `--method_config`: the variant's settings, and the parts that recover most for their size with 8 bits
/// (or dense, where weights are not rounded), while the compressed linears grow by no more than a share.
///
/// # Errors
/// A variant that was made elsewhere, whose settings nobody knows; a full disk.
pub fn write_recipe(run: &Run, variant: &str, found: &Blame, growth: f64, path: &Path) -> Result<Spared, Error> {
    let record = run.variant(variant)?;
    let VariantSource::Compressed { method, settings, .. } = &record.source else {
        let problem = "it was made elsewhere: only a variant that this program compressed has settings to write";
        return Err(Error::Flag { flag: "--write", value: variant.to_owned(), problem: problem.to_owned() });
    };
    let done: CompressionRecord = record::read_json(&run_path::checkpoint(&run.root, variant).join("compress.json"))?;
    let spared = spare(found, &done, growth, rounds(method) && done.effective_bits < 8.0);
    let mut all = match settings {
        Value::Object(fields) => fields.clone(),
        _ => Map::new(),
    };
    all.retain(|_, value| !value.is_null());
    let linears: Vec<&String> = spared.parts.iter().flat_map(|part| &part.linears).collect();
    if !linears.is_empty() {
        let bits: Value = spared.bits.parse::<u8>().map_or_else(|_| spared.bits.into(), Value::from);
        all.insert("overrides".to_owned(), json!([{"linears": linears, "bits": bits}]));
    }
    let text = toml::to_string_pretty(&all).map_err(|error| Error::Flag {
        flag: "--write",
        value: path.display().to_string(),
        problem: format!("the settings cannot be written as TOML: {error}"),
    })?;
    let head = format!(
        "# {variant}, with the {} parts spared that recover most of KL at decisions for their size: {} more bytes than {}.\n\
         #   acbench evaluate --compression_method {method} --method_config {}\n",
        spared.parts.len(),
        spared.bytes,
        spared.before,
        path.display()
    );
    record::write_atomic(path, (head + &text).as_bytes())?;
    Ok(spared)
}

/// Whether a list of methods rounds weights.
fn rounds(list: &str) -> bool {
    let has_bits = |name: &str| {
        METHODS
            .iter()
            .any(|method| method.name == name && method.all_settings().iter().any(|setting| setting.name == "bits"))
    };
    list.split('+').any(has_bits)
}

fn spare(found: &Blame, done: &CompressionRecord, growth: f64, rounded: bool) -> Spared {
    let weights = |layer: &record::LayerRecord| layer.out_features * layer.in_features;
    let before = done.layers.iter().map(|layer| layer.bits * weights(layer) as f64 / 8.0).sum::<f64>();
    // Scales of 8-bit weights are as many as those of the others.
    let to = if rounded { 8.0 } else { 16.0 };
    let grows = |part: &BlamedPart| {
        let of = |name: &String| done.layers.iter().find(|layer| layer.name == *name);
        let each = |layer: &record::LayerRecord| {
            let scales = if rounded { layer.bits.fract() } else { 0.0 };
            ((to + scales - layer.bits).max(0.0)) * weights(layer) as f64 / 8.0
        };
        part.linears.iter().filter_map(of).map(each).sum::<f64>()
    };
    let single = |part: &&BlamedPart| part.blocks.len() == 1 && part.recovered > 0.0;
    let mut all: Vec<(&BlamedPart, f64)> = found.parts.iter().filter(single).map(|part| (part, grows(part))).collect();
    all.retain(|(_, bytes)| *bytes > 0.0);
    all.sort_by(|a, b| (b.0.recovered / b.1).total_cmp(&(a.0.recovered / a.1)));
    let (mut parts, mut sum) = (Vec::new(), 0.0);
    for (part, bytes) in all {
        if sum + bytes <= growth * before {
            sum += bytes;
            parts.push(part.clone());
        }
    }
    Spared { parts, bits: if rounded { "8" } else { "dense" }, bytes: sum as usize, before: before as usize }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, recovered: f64) -> BlamedPart {
        let linears = vec![name.to_owned()];
        BlamedPart { blocks: 0..1, what: name.to_owned(), linears, weights: 1000, recovered }
    }

    fn layer(name: &str, out_features: usize) -> Value {
        json!({"name": name, "out_features": out_features, "in_features": 100, "bits": 4.25, "sparsity": 0.0})
    }

    #[test]
    fn the_parts_that_recover_most_for_their_size_are_spared() -> Result<(), serde_json::Error> {
        let done: CompressionRecord = serde_json::from_value(json!({
            "method": "gptq", "settings": {}, "base_digest": "", "effective_bits": 4.25, "checkpoint_bits": 5.0,
            "sparsity": 0.0, "layers": [layer("a", 10), layer("b", 100), layer("c", 10), layer("d", 10)],
        }))?;
        let parts = vec![part("b", 0.5), part("a", 0.2), part("c", 0.1), part("d", -0.1)];
        let found = Blame { parts, ..Blame::default() };
        // 130 x 100 weights of 4.25 bits; those of a, c or d take 4 more bits each, 500 bytes.
        let names = |growth| {
            let spared = spare(&found, &done, growth, true);
            (spared.parts.iter().map(|part| part.what.clone()).collect::<Vec<_>>().join(""), spared.bytes)
        };
        assert_eq!(names(0.0), (String::new(), 0));
        assert_eq!(names(0.08), ("a".into(), 500));
        assert_eq!(names(0.2), ("ac".into(), 1000));
        assert_eq!(names(2.0), ("acb".into(), 6000));
        assert_eq!(spare(&found, &done, 0.3, false).bits, "dense");
        Ok(())
    }

    #[test]
    fn texts_are_dealt_round_and_those_with_decisions_come_first() {
        let text = |source: &str, tokens, decides: bool| ProbeText {
            source: source.into(),
            sample: String::new(),
            turn: 0,
            tokens: vec![0; tokens],
            from: 1,
            decisions: vec![record::Decided { decision: record::Decision::End, range: 1..2 }; usize::from(decides)],
        };
        let all = vec![text("f", 5, false), text("a", 10, true), text("a", 10, true), text("b", 30, true)];
        let names = |tokens| some(all.clone(), tokens).iter().map(|text| text.source.clone()).collect::<String>();
        assert_eq!(names(0), "a");
        assert_eq!(names(25), "afa");
        assert_eq!(names(1000), "abfa");
    }
}
