//! The hub of a program that was built without it.

use std::path::PathBuf;

use super::HubId;
use crate::Error;
use crate::event::Watch;

/// Refuses everything.
pub(super) struct Hub;

impl Hub {
    pub fn from_env() -> Self {
        Self
    }

    pub fn model(&self, id: &HubId, _: &mut Watch<'_>) -> Result<PathBuf, Error> {
        Err(without(id))
    }

    pub fn dataset_file(&self, id: &HubId, _: &str, _: &mut Watch<'_>) -> Result<PathBuf, Error> {
        Err(without(id))
    }

    pub fn cached_file(&self, _: &HubId, _: &str) -> Option<PathBuf> {
        None
    }

    pub fn answers(&self) -> bool {
        false
    }

    pub fn dataset_folder(&self, id: &HubId, _: &str, _: &mut Watch<'_>) -> Result<PathBuf, Error> {
        Err(without(id))
    }
}

fn without(id: &HubId) -> Error {
    let problem = "this program was built without the feature `hub`".to_owned();
    Error::Hub { id: id.to_string(), tried: "nothing".to_owned(), problem }
}
