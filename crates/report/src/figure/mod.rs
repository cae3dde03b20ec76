//! Drawings as SVG, inline in the page or as files of their own, and heat maps as PNG.

mod color;
mod drawing;
mod font;
mod forest;
mod heat;
mod picture;
mod raster;
mod svg;

pub(crate) use color::difference_fill;
pub(crate) use forest::forest;
pub(crate) use heat::{heat_maps, side_by_side};
pub(crate) use picture::pictures;
pub(crate) use svg::{inline, standalone};
