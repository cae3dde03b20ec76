//! What compression did to the weights.

use record::CompressionRecord;

use super::table;
use crate::Report;
use crate::wording::{bytes, count, escaped, percent, settings};

/// Method, settings, bits, zeros and size by variant, with its layers folded away.
pub(super) fn compression(report: &Report) -> String {
    let known: Vec<(&str, &CompressionRecord)> = report
        .compressed()
        .filter_map(|variant| report.compressions.get(variant).map(|record| (variant, record)))
        .collect();
    if known.is_empty() {
        return String::new();
    }
    let rows: String = known.iter().map(|(variant, record)| row(variant, record)).collect();
    let layers: String = known.iter().map(|(variant, record)| layers(variant, record)).collect();
    let head = "<th scope=\"col\">Variant</th><th scope=\"col\">Method</th><th scope=\"col\">Settings</th>\
                <th scope=\"col\" class=\"n\">Bits a weight</th><th scope=\"col\" class=\"n\">Whole checkpoint</th>\
                <th scope=\"col\" class=\"n\">Zeros</th><th scope=\"col\" class=\"n\">Compressed layers</th>\
                <th scope=\"col\">Calibration</th>";
    format!(
        "<p>Bits include scales and zero points; the whole checkpoint includes what stays uncompressed, such as \
         embeddings.</p>{}{layers}",
        table("Compression by variant", head, &rows)
    )
}

fn row(variant: &str, record: &CompressionRecord) -> String {
    let size: f64 =
        record.layers.iter().map(|layer| layer.bits * layer.out_features as f64 * layer.in_features as f64 / 8.0).sum();
    let calibration = record.calibration.as_ref().map_or_else(
        || "none needed".to_owned(),
        |text| format!("{}: {} \u{d7} {} tokens", text.source, count(text.sequences), count(text.length)),
    );
    format!(
        "<tr><th scope=\"row\" class=\"mono\">{}</th><td>{}</td><td class=\"wrap\">{}</td><td class=\"n\">{:.2}</td>\
         <td class=\"n\">{:.2}</td><td class=\"n\">{}%</td><td class=\"n\">{} <small>in {}</small></td><td>{}</td></tr>",
        escaped(variant),
        escaped(&record.method),
        escaped(&settings(&record.settings).join(" · ")),
        record.effective_bits,
        record.checkpoint_bits,
        percent(record.sparsity),
        bytes(size),
        count(record.layers.len()),
        escaped(&calibration),
    )
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
