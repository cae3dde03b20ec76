//! GPTQ v2, whose zero points are stored as they are; for the rest it is [`gptq`].

use super::{FormatInfo, gptq};

/// The row of the format table.
pub(super) const INFO: FormatInfo = FormatInfo {
    name: "gptq_v2",
    about: "v2",
    fits: gptq::fits_words,
    contents: |weight, _| gptq::contents(weight, false),
    configuration: |mix, _| mix.map(|mix| gptq::configuration(mix, false)),
    ..gptq::INFO
};
