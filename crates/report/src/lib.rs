//! Placeholder for the `report` stage.
