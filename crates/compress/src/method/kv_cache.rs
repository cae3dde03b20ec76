//! Quantization of the KV cache: no weight changes; keys and values are rounded when the model runs.

use crate::CompressError;
use crate::group::{LinearGroup, LinearReport};
use crate::method::{Method, MethodInfo, MethodKind};
use crate::seen::{Needs, Seen};
use crate::settings;

/// Keys and values of each token and head as small integers with a scale and a zero point of their own, from when they
/// are put into the cache.
#[derive(Debug, Clone, Copy)]
pub struct KvCache {
    /// Bits of a number, 4 or 8.
    pub bits: u8,
}

/// The row of the method table.
pub(super) const INFO: MethodInfo = MethodInfo {
    name: "kv_cache",
    about: "keys and values as 4- or 8-bit integers while the model runs; weights stay as they are",
    settings: &[settings::KV_BITS],
    alone: &[],
    kind: MethodKind::Caches,
    build: |settings| match settings.value("kv_bits").as_u64() {
        Some(bits @ (4 | 8)) => Ok(Box::new(KvCache { bits: bits as u8 })),
        _ => Err(settings.bad("kv_bits", "4 or 8")),
    },
};

impl Method for KvCache {
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn kv_bits(&self) -> Option<u8> {
        Some(self.bits)
    }

    fn compress(&self, group: &mut LinearGroup, _: &mut Seen) -> Result<Vec<LinearReport>, CompressError> {
        Ok(vec![LinearReport::default(); group.linears.len()])
    }
}
