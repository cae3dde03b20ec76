//! Placeholder for the `analyze` stage.
