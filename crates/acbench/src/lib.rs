//! ACBench measures what compressing a large language model costs when the model works as an agent.
//!
//! | verb | reads | writes |
//! |---|---|---|
//! | [`compress()`] | a checkpoint, calibration text | `<variant>/checkpoint/` |
//! | [`generate()`] | a checkpoint, samples | `<variant>/transcripts/<task>.jsonl` |
//! | [`score()`] | transcripts | `<variant>/scores/<task>.jsonl` |
//! | [`analyze()`] | scores | `analysis/paired.json` |
//! | [`report()`] | scores, analysis | `report/` |
//!
//! [`evaluate()`] is these five in order. A [`RunSpec`] says what is asked, [`plan()`] makes a [`Run`] of it, and each verb
//! goes on where an earlier, perhaps killed, one stopped.

mod calibration;
mod conversations;
mod cost;
mod embedding;
mod error;
mod event;
pub mod hub;
mod lookup;
mod plan;
mod prompts;
mod ready_made;
mod run;
mod similarity;
mod spec;
mod tokens;
mod verb;

pub use ::compress::{
    FORMATS, Format, FormatInfo, GgufKind, GgufSummary, Inspection, METHODS, MethodInfo, Recipe, inspect, widths,
};
pub use ::generate::{ARCHITECTURES, Checkpoint, Sampling};
pub use ::record::{Capability, Scoring, TextOrigin, Verdict};
pub use ::task::{BadRows, DEVIATIONS, Effects, TASKS};

pub use calibration::CalibrationChoice;
pub use cost::{Cost, cost};
pub use error::Error;
pub use event::{Event, Watch};
pub use lookup::{scoring, tasks};
pub use plan::{notes, plan};
pub use prompts::template_args;
pub use ready_made::{ReadyMade, ready_made};
pub use run::{PICO, Run, open_checkpoint};
pub use similarity::{Similarities, Similarity};
pub use spec::{DataFolders, RunSpec, SeqLength, cut_settings, data, methods, settings_file};
pub use verb::{
    Compression, Counts, Finished, GenerateOptions, Reported, ScoreOptions, TerminalOptions, analyze, compress,
    compress_variant, evaluate, generate, report, score,
};
