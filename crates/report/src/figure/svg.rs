//! Heat maps as SVG.

use maud::{Markup, PreEscaped, html};

use super::drawing::{Anchor, Area, Drawing, Mark, Role, Text};
use super::heat::HeatMap;
use crate::wording::legible;

/// A map for the page, which brings the style.
pub(crate) fn inline(map: &HeatMap) -> Markup {
    let Drawing { width, height, marks } = map.drawing();
    html! {
        svg.heat viewBox=(view_box(width, height)) width=(width) height=(height) role="img" aria-label=(map.about()) {
            @for mark in &marks { (drawn(mark)) }
        }
    }
}

/// A map as a file of its own, light or dark as the reader's screen is.
pub(crate) fn standalone(map: &HeatMap) -> String {
    let Drawing { width, height, marks } = map.drawing();
    let file = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(view_box(width, height)) width=(width) height=(height) role="img" {
            title { (map.task) ": " (map.title()) }
            style { (PreEscaped(STYLE)) }
            rect.paper width=(width) height=(height) {}
            @for mark in &marks { (drawn(mark)) }
        }
        "\n"
    };
    legible(&file.into_string())
}

fn view_box(width: f64, height: f64) -> String {
    format!("0 0 {width} {height}")
}

/// One mark; cells in words too, for those who hover or listen.
fn drawn(mark: &Mark) -> Markup {
    match mark {
        Mark::Text(text) => label(text),
        Mark::Cell { area: Area { x, y, width, height }, about, fill, number } => html! {
            g {
                title { (about) }
                rect x=(x) y=(y) width=(width) height=(height) rx="3" fill=(fill.hex()) {}
                (label(number))
            }
        },
        Mark::Empty { area: Area { x, y, width, height }, about } => html! {
            rect.empty x=(x) y=(y) width=(width) height=(height) rx="3" { title { (about) } }
        },
        Mark::Swatch { area: Area { x, y, width, height }, fill } => html! {
            rect x=(x) y=(y) width=(width) height=(height) fill=(fill.hex()) {}
        },
        Mark::Limit { x, top, bottom } => html! { path.limit d={ "M" (x) " " (top) "V" (bottom) } {} },
    }
}

fn label(label: &Text) -> Markup {
    let Text { text, at: (x, y), .. } = label;
    let turned = (label.anchor == Anchor::Upward).then(|| format!("rotate(-90 {x} {y})"));
    html! { text class=(class(label)) x=(x) y=(y) transform=[turned] { (text) } }
}

/// A text's classes in both styles, the page's and that of a file of its own.
fn class(text: &Text) -> String {
    let role = match text.role {
        Role::Title => "title",
        Role::Tick | Role::Limit => "tick",
        Role::Axis => "axis",
        Role::Number { light: true } => return "value light".to_owned(),
        Role::Number { light: false } => return "value ink".to_owned(),
    };
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle | Anchor::Upward => " mid",
        Anchor::End => " end",
    };
    format!("{role}{anchor}")
}

/// The style of a file of its own; the page has the same classes.
const STYLE: &str = "text{font:11px system-ui,sans-serif;fill:#3d4450}.title{font-size:13px;font-weight:600}\
.mid{text-anchor:middle}.end{text-anchor:end}.value{font-size:12px;text-anchor:middle;font-variant-numeric:tabular-nums}\
.light{fill:#fff}.ink{fill:#14181f}.empty{fill:none;stroke:#9aa2ae;stroke-dasharray:3 3}.paper{fill:#fff}\
.limit{fill:none;stroke:#c2410c;stroke-width:1.5;stroke-dasharray:5 3}\
@media (prefers-color-scheme:dark){text{fill:#b9c1cd}.light{fill:#fff}.ink{fill:#14181f}.paper{fill:#14181f}}";
