//! Checkpoint folder to logits: tensors, tokenizer, chat template, one config-driven decoder, KV cache, kernels, sampling.
//!
//! ```no_run
//! use model::{Checkpoint, Model, Request, Sampling};
//! # fn main() -> Result<(), model::ModelError> {
//! let checkpoint = Checkpoint::open("Qwen2.5-0.5B-Instruct".as_ref())?;
//! let tokenizer = checkpoint.tokenizer()?;
//! let model = Model::load(&checkpoint)?;
//! let prompt = tokenizer.prompt(&[record::Message::user("Hello")], true)?;
//! let request = Request { prompt, sampling: Sampling::GREEDY, max_tokens: 64, thinking: None, stop: vec![], seed: 0 };
//! for reply in model.generate(&[request], tokenizer) {
//!     println!("{}", reply?.text);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A reply is the same, bit for bit, whatever batch it is in, whatever was asked before, and whatever the number of
//! threads; [`kernel`] says how.

mod activation;
pub mod arch;
mod attention;
mod block;
mod blocks;
mod bundled;
mod bytes;
mod cache;
mod calendar;
mod chat;
mod checkpoint;
pub mod config;

mod decoder;
mod encoder;
mod error;
mod files;
mod fitted;
mod flow;
mod format;
pub mod fp8;
pub mod kernel;
mod linear;
mod matrix;
mod mlp;
mod needed;
pub mod packed;
mod rope;
mod sample;
mod session;
mod settle;
mod shards;
mod snapshot;
mod stop;
mod surround;
mod template;
mod tensors;
mod tokenizer;
mod vocabulary;
pub mod weight;

pub use activation::Activation;
pub use attention::Sequences;
pub use block::{Block, HeadNorms};
pub use blocks::Blocks;
pub use bytes::Bytes;
pub use chat::{Chat, Clock};
pub use checkpoint::Checkpoint;
pub use config::{BlockSettings, Config, Experts};
pub use decoder::Model;
pub use encoder::Encoder;
pub use error::ModelError;
pub use files::label;
pub use fitted::{Change, Prompt};
pub use flow::Flow;
pub use format::gguf;
pub use linear::{Group, GroupKind, Linear, Part};
pub use matrix::Matrix;
pub use mlp::{Route, Router};
pub use packed::Packed;
pub use rope::{LongRope, RopeScaling, RopeSettings, Stretch, Yarn};
pub use safetensors::Dtype;
pub use sample::Sampling;
pub use session::{Done, Generated, Prefill, Request, Session, SessionOptions, Thinking};
pub use snapshot::{Snapshot, snapshot};
pub use surround::Surround;
pub use template::ChatTemplate;
pub use tensors::TensorView;
pub use tokenizer::Tokenizer;
pub use weight::{Fp8, Half, HalfKind, Weight};
