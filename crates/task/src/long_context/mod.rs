//! Long context: find a fact in a long text (needle in a haystack).

mod needle;
pub mod twin;

pub use needle::Needle;
pub use twin::generate as generate_twin;
