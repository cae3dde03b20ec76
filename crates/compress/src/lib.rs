//! Compression of a checkpoint: (model, calibration text) -> changed weights -> a checkpoint again.
//!
//! - [`method`]: the methods, each the mathematics on the linears of one group; [`METHODS`] lists them.
//! - [`Walk`]: the only walk over layers, which collects what a method needs and puts its weights in place.
//! - [`compress`]: the verb; writes compressed-tensors (quantized) or dense safetensors (pruned).
//!
//! ```no_run
//! use compress::{CalibrationSource, CalibrationText, Job, compress};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let checkpoint = model::Checkpoint::open("Qwen2.5-0.5B-Instruct".as_ref())?;
//! let text = CalibrationText::Text(std::fs::read_to_string("calibration.txt")?);
//! let calibration = CalibrationSource { origin: "calibration.txt".into(), text, seed: 0 };
//! let settings = serde_json::json!({"bits": 4, "group_size": 128});
//! let (method, out) = ("gptq", "gptq-w4-g128".as_ref());
//! let job = Job { method, settings: &settings, calibration: Some(&calibration), out };
//! let record = compress(&checkpoint, &job, &mut |at| println!("{} of {}: {}", at.block + 1, at.blocks, at.layer))?;
//! println!("{} bits", record.effective_bits);
//! # Ok(())
//! # }
//! ```

mod calibration;
mod error;
mod format;
mod grid;
mod group;
mod hessian;
pub mod method;
mod quantized;
mod run;
mod settings;
mod sparsity;
mod walk;

pub use calibration::{Calibration, CalibrationSource, CalibrationText};
pub use error::CompressError;
pub use grid::{FloatType, Grid, GridRule, Step};
pub use group::{ActivationNorms, LinearGroup, Needs, Report, Seen, Target};
pub use hessian::{Factor, Hessian};
pub use method::{METHODS, Method, MethodInfo, variant_name};
pub use model::Matrix;
pub use quantized::{ActOrder, GroupSize, QuantizedWeight, Scheme};
pub use run::{Job, compress};
pub use settings::{SettingInfo, Settings};
pub use sparsity::{Sparsity, zero_masked, zero_share};
pub use walk::{Progress, Sink, Walk};
