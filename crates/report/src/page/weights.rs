//! What compression did to the weights.

use maud::{Markup, html};
use record::{CompressionRecord, LayerRecord, WeightsRecord};

use super::{numbers, table, words};
use crate::Report;
use crate::stored::Stored;
use crate::wording::{bytes, count, counted, percent};

/// Method, settings, bits, zeros and size by variant, with its layers folded away.
pub(super) fn compression(report: &Report) -> Option<Markup> {
    let known: Vec<(&str, &WeightsRecord)> = report.stored().collect();
    if known.is_empty() {
        return None;
    }
    let head = html! {
        (words("Variant")) (words("Method")) (words("Settings")) (numbers("Bits a weight")) (numbers("Whole checkpoint"))
        (numbers("Zeros")) (numbers("Linear layers")) (words("Calibration"))
    };
    let rows = html! { @for (variant, weights) in &known { (row(variant, &Stored::of(weights))) } };
    Some(html! {
        p {
            "Bits include scales and zero points; the whole checkpoint includes what stays uncompressed, such as \
             embeddings."
        }
        (table("Compression by variant", &head, &rows))
        @for (variant, weights) in &known {
            @if let WeightsRecord::Compressed(record) = weights { (layers(variant, record)) }
        }
    })
}

fn row(variant: &str, stored: &Stored) -> Markup {
    html! {
        tr {
            th.mono scope="row" { (variant) }
            td { (stored.method) }
            td.wrap { (stored.settings.join(" · ")) }
            td.n { (format!("{:.2}", stored.bits)) }
            td.n { (format!("{:.2}", stored.checkpoint_bits)) }
            td.n { (percent(stored.sparsity)) "%" }
            td.n { (bytes(stored.bytes)) " " small { "in " (count(stored.linears)) } }
            td { (stored.calibration) }
        }
    }
}

/// The layers of a variant and what was noticed on the way, folded away.
fn layers(variant: &str, record: &CompressionRecord) -> Markup {
    let head = html! {
        (words("Layer")) (numbers("Shape")) (numbers("Bits")) (numbers("Zeros")) (numbers("Relative output error"))
        (numbers("Loss")) (numbers("Damping"))
    };
    let rows = html! { @for layer in &record.layers { (layer_row(layer)) } };
    let warnings = &record.warnings;
    html! {
        @if !record.layers.is_empty() || !warnings.is_empty() {
            details {
                summary {
                    span.mono { (variant) } " " span.soft { "layer by layer" }
                    @if !warnings.is_empty() { " " span.chip.inconclusive { (counted(warnings.len(), "warning")) } }
                }
                div { @for warning in warnings { p { (warning) } } (table(&format!("Layers of {variant}"), &head, &rows)) }
            }
        }
    }
}

fn layer_row(layer: &LayerRecord) -> Markup {
    let optional = |number: Option<f64>| number.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
    html! {
        tr {
            th.mono scope="row" { (layer.name) }
            td.n { (count(layer.out_features)) " \u{d7} " (count(layer.in_features)) }
            td.n { (format!("{:.2}", layer.bits)) }
            td.n { (percent(layer.sparsity)) "%" }
            td.n { (optional(layer.output_error)) }
            td.n { (optional(layer.loss)) }
            td.n { (optional(layer.damping)) }
        }
    }
}
