//! Drawings as SVG: inline in the page, or as files of their own.

mod color;
mod forest;
mod heat;

pub(crate) use color::{difference_color, score_color};
pub(crate) use forest::forest;
pub(crate) use heat::heat_maps;
