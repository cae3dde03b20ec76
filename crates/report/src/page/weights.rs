//! What compression did to the weights.

use record::{CheckpointRecord, CompressionRecord, LayerRecord, WeightsRecord};

use super::table;
use crate::Report;
use crate::wording::{bytes, count, escaped, linears, percent, settings};

/// Method, settings, bits, zeros and size by variant, with its layers folded away.
pub(super) fn compression(report: &Report) -> String {
    let known: Vec<(&str, &WeightsRecord)> =
        report.compressed().filter_map(|variant| report.weights.get(variant).map(|record| (variant, record))).collect();
    if known.is_empty() {
        return String::new();
    }
    let rows: String = known.iter().map(|(variant, record)| row(variant, record)).collect();
    let layers: String = known
        .iter()
        .filter_map(|(variant, record)| match record {
            WeightsRecord::Compressed(record) => Some(layers(variant, record)),
            WeightsRecord::Found(_) => None,
        })
        .collect();
    let head = "<th scope=\"col\">Variant</th><th scope=\"col\">Method</th><th scope=\"col\">Settings</th>\
                <th scope=\"col\" class=\"n\">Bits a weight</th><th scope=\"col\" class=\"n\">Whole checkpoint</th>\
                <th scope=\"col\" class=\"n\">Zeros</th><th scope=\"col\" class=\"n\">Linear layers</th>\
                <th scope=\"col\">Calibration</th>";
    format!(
        "<p>Bits include scales and zero points; the whole checkpoint includes what stays uncompressed, such as \
         embeddings.</p>{}{layers}",
        table("Compression by variant", head, &rows)
    )
}

fn row(variant: &str, record: &WeightsRecord) -> String {
    let row = match record {
        WeightsRecord::Compressed(record) => compressed(record),
        WeightsRecord::Found(record) => found(record),
    };
    format!(
        "<tr><th scope=\"row\" class=\"mono\">{}</th><td>{}</td><td class=\"wrap\">{}</td><td class=\"n\">{:.2}</td>\
         <td class=\"n\">{:.2}</td><td class=\"n\">{}%</td><td class=\"n\">{} <small>in {}</small></td><td>{}</td></tr>",
        escaped(variant),
        escaped(&row.method),
        escaped(&row.settings.join(" · ")),
        row.bits.0,
        row.bits.1,
        percent(row.sparsity),
        bytes(row.bytes),
        count(row.layers),
        escaped(&row.calibration),
    )
}

/// What a row says of a variant.
struct Row {
    method: String,
    settings: Vec<String>,
    /// Of a weight of the linears, and of the whole checkpoint.
    bits: (f64, f64),
    sparsity: f64,
    bytes: f64,
    layers: usize,
    calibration: String,
}

fn compressed(record: &CompressionRecord) -> Row {
    let size = |layer: &LayerRecord| layer.bits * layer.out_features as f64 * layer.in_features as f64 / 8.0;
    Row {
        method: record.method.clone(),
        settings: settings(&record.settings),
        bits: (record.effective_bits, record.checkpoint_bits),
        sparsity: record.sparsity,
        bytes: record.layers.iter().map(size).sum(),
        layers: record.layers.len(),
        calibration: record.calibration.as_ref().map_or_else(
            || "none needed".to_owned(),
            |text| format!("{}: {} \u{d7} {} tokens", text.source, count(text.sequences), count(text.length)),
        ),
    }
}

/// A checkpoint says how its weights are stored, not how they were found.
fn found(record: &CheckpointRecord) -> Row {
    Row {
        method: format!("ready-made, {}", record.format),
        settings: linears(record),
        bits: (record.linear_bits, record.checkpoint_bits),
        sparsity: record.sparsity,
        bytes: record.bytes as f64,
        layers: record.linears.values().sum(),
        calibration: "not known".to_owned(),
    }
}

fn layers(variant: &str, record: &CompressionRecord) -> String {
    if record.layers.is_empty() && record.warnings.is_empty() {
        return String::new();
    }
    let warnings: String = record.warnings.iter().map(|text| format!("<p>{}</p>", escaped(text))).collect();
    let optional = |number: Option<f64>| number.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
    let rows: String = record
        .layers
        .iter()
        .map(|layer| {
            format!(
                "<tr><th scope=\"row\" class=\"mono\">{}</th><td class=\"n\">{} \u{d7} {}</td><td class=\"n\">{:.2}</td>\
                 <td class=\"n\">{}%</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                escaped(&layer.name),
                count(layer.out_features),
                count(layer.in_features),
                layer.bits,
                percent(layer.sparsity),
                optional(layer.output_error),
                optional(layer.loss),
                optional(layer.damping),
            )
        })
        .collect();
    let head = "<th scope=\"col\">Layer</th><th scope=\"col\" class=\"n\">Shape</th><th scope=\"col\" class=\"n\">Bits</th>\
                <th scope=\"col\" class=\"n\">Zeros</th><th scope=\"col\" class=\"n\">Relative output error</th>\
                <th scope=\"col\" class=\"n\">Loss</th><th scope=\"col\" class=\"n\">Damping</th>";
    let warned = match record.warnings.len() {
        0 => String::new(),
        n => format!(" <span class=\"chip inconclusive\">{}</span>", crate::wording::counted(n, "warning")),
    };
    format!(
        "<details><summary><span class=\"mono\">{}</span> <span class=\"soft\">layer by layer</span>{warned}</summary>\
         <div>{warnings}{}</div></details>",
        escaped(variant),
        table(&format!("Layers of {variant}"), head, &rows)
    )
}
