//! compressed-tensors: pack-quantized, int-quantized (W8A8) or float-quantized (FP8). vLLM, SGLang, transformers.

pub(super) mod configuration;
mod pack_quantized;
mod whole_bytes;

use super::{FormatInfo, Misfit, SHARED, whole_bytes};
use crate::{ActOrder, GroupSize, Scheme};

/// The row of the format table.
pub(super) const INFO: FormatInfo = FormatInfo {
    name: "compressed-tensors",
    about: "2 to 8 bits, W8A8, FP8, a rounded cache",
    cache: true,
    scales: |stored| stored,
    fits,
    plans: |name, shape, scheme| match whole_bytes(scheme) {
        true => whole_bytes::plans(name, shape, scheme),
        false => pack_quantized::plans(name, shape, scheme),
    },
    contents: |weight, scheme| match whole_bytes(scheme) {
        true => whole_bytes::contents(weight),
        false => pack_quantized::contents(weight),
    },
    configuration: |mix, kv_bits| {
        (mix.is_some() || kv_bits.is_some()).then(|| configuration::compressed_tensors(mix, kv_bits))
    },
    warning,
    ..SHARED
};

fn fits(_: (usize, usize), scheme: &Scheme) -> Result<(), Misfit> {
    if scheme.activations && scheme.group != GroupSize::Channel {
        return Err(Misfit::new("W8A8 weights in groups", "set group_size=channel"));
    }
    Ok(())
}

fn warning(scheme: &Scheme) -> Option<String> {
    (scheme.act_order == ActOrder::Group).then(|| {
        "act_order=dynamic: compressed-tensors 0.19 and later, and what builds on it, no longer load groups that follow \
         the act-order; --format gptq_v2 holds them, and act_order=static or group_aware needs none"
            .to_owned()
    })
}
