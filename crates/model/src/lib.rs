//! Checkpoint folder to logits: tensors, tokenizer, chat template, one config-driven decoder, KV cache, kernels, sampling.
//!
//! ```no_run
//! use model::{Checkpoint, Model, Request, Sampling};
//! # fn main() -> Result<(), model::ModelError> {
//! let checkpoint = Checkpoint::open("Qwen2.5-0.5B-Instruct".as_ref())?;
//! let tokenizer = checkpoint.tokenizer()?;
//! let model = Model::load(&checkpoint)?;
//! let prompt = tokenizer.prompt(&[record::Message::user("Hello")], true)?;
//! let request = Request { prompt, max_tokens: 64, ..Request::default() };
//! for reply in model.generate(&[request], tokenizer) {
//!     println!("{}", reply?.text);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A reply is the same, bit for bit, whatever batch it is in, whatever was asked before, and whatever the number of
//! threads; [`kernel`] says how.

pub mod arch;
mod bundled;
mod checkpoint;
pub mod config;
mod decoder;
mod encoder;
mod engine;
mod error;
mod format;
pub mod fp8;
pub mod kernel;
mod matrix;
pub mod packed;
mod strips;
mod text;
pub mod weight;

pub use checkpoint::Checkpoint;
pub use checkpoint::bytes::Bytes;
pub use checkpoint::files::label;
pub use checkpoint::snapshot::{Snapshot, snapshot};
pub use checkpoint::tensors::TensorView;
pub use config::{BlockSettings, Config, ExpertGroups, Experts, Latent, LogitSettings, Positions, Scoring};
pub use decoder::activation::Activation;
pub use decoder::attention::Sequences;
pub use decoder::block::{Block, HeadNorms, Norm};
pub use decoder::block_reader::BlockReader;
pub use decoder::flow::Flow;
pub use decoder::gating::Gating;
pub use decoder::linear::{Group, GroupKind, Linear, Part, Rows};
pub use decoder::mlp::{Route, Router};
pub use decoder::model::{Head, Model};
pub use decoder::rope::{Llama3Scaling, LongRope, RopeScaling, RopeSettings, Yarn};
pub use encoder::Encoder;
pub use engine::logprob::TokenLogprob;
pub use engine::memory::{MemoryNeed, available};
pub use engine::sample::Sampling;
pub use engine::session::{Done, Generated, Prefill, Request, Session, SessionOptions, Thinking};
pub use error::ModelError;
pub use format::gguf;
pub use matrix::{Matrix, Spare};
pub use packed::Packed;
pub use record::Activations;
pub use safetensors::Dtype;
pub use strips::Strips;
pub use text::chat::{Chat, Clock};
pub use text::fitted::{Change, Prompt};
pub use text::surround::Surround;
pub use text::template::ChatTemplate;
pub use text::tokenizer::Tokenizer;
pub use weight::{Fp8, Half, HalfKind, Mapped, Weight};
