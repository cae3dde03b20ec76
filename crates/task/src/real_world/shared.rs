//! What the samples of a task share, as JSON.

use record::{Assets, Sample};
use serde::de::DeserializeOwned;

use crate::TaskError;

/// A sample's asset of this name.
///
/// # Errors
/// One that is missing, or that is something else.
pub(super) fn shared<T: DeserializeOwned>(sample: &Sample, assets: &Assets, name: &str) -> Result<T, TaskError> {
    let bytes = assets.bytes(sample, name).map_err(|source| TaskError::without(sample, source))?;
    serde_json::from_slice(&bytes).map_err(|error| TaskError::unusable(sample, format!("{name}: {error}")))
}
