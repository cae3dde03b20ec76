//! Placeholder for the `compress` stage.
