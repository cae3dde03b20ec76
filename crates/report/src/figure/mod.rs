//! Drawings as SVG, inline in the page or as files of their own, and heat maps as PNG.

mod color;
mod font;
mod forest;
mod heat;
mod raster;

pub(crate) use color::{difference_color, score_color};
pub(crate) use forest::forest;
pub(crate) use heat::{heat_maps, pictures};
