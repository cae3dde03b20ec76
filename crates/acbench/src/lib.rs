//! ACBench measures what compressing a large language model costs when the model works as an agent.
//!
//! | verb | reads | writes |
//! |---|---|---|
//! | [`compress()`] | a checkpoint, calibration text | `<variant>/checkpoint/` |
//! | [`generate()`] | a checkpoint, samples | `<variant>/transcripts/<task>.jsonl`, of workers `<task>/<shard>-<lease>.jsonl` |
//! | [`score()`] | transcripts | `<variant>/scores/<task>.jsonl` |
//! | [`probe()`] | the dense transcripts, read by every variant | `<variant>/probes/` |
//! | [`analyze()`] | scores, probes | `analysis/` |
//! | [`report()`] | scores, analysis | `report/` |
//! | [`compare()`] | two logs, ours or [others'](logs) | |
//! | [`gate()`] | analysis, a budget | |
//! | [`recommend()`] | analysis, checkpoints | |
//! | [`export()`] | samples, transcripts, scores, analysis | files of others |
//! | [`sample_plan()`] | nothing, or analysis | |
//!
//! [`evaluate()`] is compress to report but for [`probe()`], which is asked for by itself; [`view()`] shows a report in a
//! browser. A [`RunSpec`] says what is asked, [`plan()`] makes a [`Run`] of it, and each verb
//! goes on where an earlier, perhaps killed, one stopped. [`work()`] does the same stages together with other processes, on this
//! host and on others.

mod budget;
mod calibration;
mod conversations;
mod cost;
mod drawn;
mod effort;
mod embedding;
mod error;
mod event;
mod executor;
mod export;
mod fetch;
pub mod hub;
#[cfg(feature = "endpoint")]
mod identity;
pub mod logs;
mod lookup;
mod memory;
mod plan;
mod prompts;
mod ready_made;
mod run;
mod served;
mod server;
mod sharing;
mod similarity;
mod spec;
mod sweep;
mod threads;
mod tokens;
mod verb;

pub use ::compress::{
    FORMATS, Format, FormatInfo, GgufKind, GgufSummary, Inspection, METHODS, MethodInfo, Recipe, inspect, widths,
};
pub use ::generate::{ARCHITECTURES, Checkpoint, Sampling, label};
pub use ::record::{
    Activations, AgentStyle, Blame as Blamed, BlamedPart, Capability, Constraints, LossLimit, ProbeAnalysis,
    Recommendation, Scoring, TextOrigin, Verdict,
};
pub use ::report::{
    comparison_markdown, comparison_terminal, gate_markdown, gate_terminal, junit, paper_markdown, paper_terminal,
    probe_table, recommend_terminal, samples_terminal,
};
pub use ::task::{BadRows, Calling, DEVIATIONS, Effects, TASKS};

pub use budget::{Budget, Demands, VerdictDemand};
pub use calibration::CalibrationChoice;
pub use cost::{Cost, cost};
pub use error::Error;
pub use event::{Event, Watch};
pub use export::ExportFormat;
pub use fetch::fetch;
pub use lookup::{scoring, tasks};
pub use memory::{MemoryPlan, MethodMemory, size_text};
pub use plan::{notes, plan};
pub use prompts::template_args;
pub use ready_made::{ReadyMade, ready_made};
pub use run::{PICO, Run, open_checkpoint};
pub use served::{Served, ServerOptions, asked_model, served, server_address};
pub use server::{ModelServer, ServeOptions, server_key};
pub use sharing::{Ending, Stage, Stop};
pub use similarity::{Similarities, Similarity};
pub use spec::{DataFolders, RunSpec, SeqLength, cut_settings, data, methods, settings_file};
pub use sweep::{Sweep, SweepRun, sweep};
pub use threads::use_threads;
pub use verb::{
    BlameOptions, Compression, Counted, Counts, Executor, Finished, GenerateOptions, Predicted, ProbeOptions, Reported,
    RunStatus, STOPPED_CODE, ScoreOptions, ServerProgram, Spared, Status, Submission, TaskStatus, TerminalOptions,
    View, Worked, WorkerOptions, WorkerStatus, analyze, blame, compare, compress, compress_variant, evaluate, export,
    gate, generate, paper, probe, recommend, report, sample_plan, score, score_predictions, server_commands, status,
    submit, variant_checkpoint, view, work, write_recipe, write_text,
};
#[cfg(feature = "endpoint")]
pub use verb::{CheckedReply, ServerCheck, check_server};
