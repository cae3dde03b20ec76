//! Compression of a checkpoint: (model, calibration text) -> changed weights -> a checkpoint again.
//!
//! - [`method`]: the methods, each the mathematics on the linears of one group; [`METHODS`] lists them.
//! - [`Recipe`]: a list of methods with their settings.
//! - `walk`: the only walk over layers, which collects what a method needs and puts its weights in place.
//! - [`compress`]: the verb; writes a checkpoint in one of the [`FORMATS`].
//!
//! ```no_run
//! use compress::{CalibrationSource, CalibrationText, Job, Recipe, compress, widths};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let checkpoint = model::Checkpoint::open("Qwen2.5-0.5B-Instruct".as_ref())?;
//! let text = CalibrationText::Text(std::fs::read_to_string("calibration.txt")?);
//! let calibration = CalibrationSource { origin: "calibration.txt".into(), text, seed: 0 };
//! let settings = serde_json::json!({"bits": 4, "group_size": 128});
//! let job = Job {
//!     recipe: &Recipe::fitted("gptq", &settings, &widths(checkpoint.config()))?,
//!     calibration: Some(&calibration),
//!     format: None,
//!     ram_budget: Some(8 << 30),
//!     out: "gptq-w4-g128".as_ref(),
//! };
//! let record = compress(&checkpoint, &job, &mut |at| println!("{at:?}"))?;
//! println!("{} bits", record.effective_bits);
//! # Ok(())
//! # }
//! ```

mod calibration;
mod error;
mod fit;
mod fold;
mod format;
mod forward;
mod grid;
mod group;
mod hessian;
mod inspect;
mod matmul;
mod memory;
pub mod method;
mod overrides;
mod quantized;
mod recipe;
mod run;
mod seen;
mod settings;
mod sparsity;
mod states;
mod triangle;
mod walk;

pub use calibration::{Calibration, CalibrationSource, CalibrationText};
pub use error::CompressError;
pub use fit::widths;
pub use format::gguf::export_gguf;
pub use format::{FORMATS, Format, FormatInfo};
pub use grid::{FloatType, Grid, GridRule, Number, Step};
pub use group::{LinearGroup, LinearReport, Target};
pub use hessian::{Factor, FactorFailure, Hessian, Order};
pub use inspect::{Inspection, inspect};
pub use memory::{Estimate, TextSize, peak, room};
pub use method::{METHODS, Method, MethodInfo, MethodKind};
pub use model::Matrix;
pub use model::gguf::{Kind as GgufKind, Summary as GgufSummary};
pub use overrides::Width;
pub use quantized::{ActOrder, GroupSize, QuantizedWeight, Scheme};
pub use recipe::Recipe;
pub use run::{Job, Progress, check, compress};
pub use seen::{Channels, HessianPart, Needs, Seen};
pub use settings::{SettingInfo, Settings};
pub use sparsity::{Sparsity, zero_masked};
