//! Long context: find a fact in a long text (needle in a haystack).

mod twin;

pub use twin::generate as generate_twin;
