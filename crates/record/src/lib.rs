//! Every value that crosses a stage boundary of ACBench, and its file format.
//!
//! No mathematics and no model lives here: a record is what one stage writes and the next reads.
//!
//! | stage | reads | writes |
//! |---|---|---|
//! | `compress` | a checkpoint | [`CompressionRecord`] beside the compressed checkpoint |
//! | `generate` | [`Sample`] | [`TranscriptLine`], collected into a [`Transcript`] |
//! | `score` | [`Sample`], [`Transcript`] | [`Score`] |
//! | `probe` | [`ProbeText`], made of the dense [`Transcript`] | [`Positions`], [`Spectrum`] |
//! | `analyze` | [`Score`], [`Positions`], [`Spectrum`] | [`Analysis`], [`ProbeAnalysis`] |
//! | `report` | [`RunRecord`], [`Score`], [`Analysis`], [`WeightsRecord`] | pages |

mod analysis;
mod assets;
mod behavior;
mod calls;
mod column;
mod comparison;
mod compression;
mod digest;
mod effort;
mod files;
mod gate;
mod jsonl;
mod message;
mod probe;
mod prompting;
mod recommend;
mod rng;
mod run;
mod sample;
mod sample_file;
mod score;
mod scoring;
mod spoken;
mod text;
mod transcript;
mod transcripts;
mod variant;

pub use analysis::{
    Analysis, CapabilitySummary, ColumnValue, Interval, Overall, PairTest, Paired, Pass, PooledDecision, Repeats,
    TaskSummary, Verdict,
};
pub use assets::{Asset, AssetError, Assets};
pub use behavior::{Behavior, Course, InvalidTurn, SurvivalPoint};
pub use calls::{CallForm, Calls, ServedCalls, calls};
pub use column::{Column, MeanOf, Metric};
pub use comparison::{
    Agreement, Compared, Comparison, Difference, Epochs, LogName, NotComparable, SideSummary, series_name,
};
pub use compression::{Calibration, CheckpointRecord, CompressionRecord, LayerRecord, WeightsRecord};
pub use digest::{Digest, digest};
pub use effort::Effort;
pub use files::{RecordError, read_json, read_jsonl, read_torn_jsonl, write_atomic, write_json, write_jsonl};
pub use gate::{Check, Gate, Gated, SamplePlan, SampleSize, TaskSize};
pub use jsonl::{JsonlReader, JsonlWriter};
pub use message::{Message, Role, ToolCall};
pub use probe::{
    BesideDense, Blame, BlamedPart, Decided, Decision, Distance, DistanceAt, ERank, Histogram, Positions,
    ProbeAnalysis, ProbeRecord, ProbeSummary, ProbeText, Spectrum, SpectrumOf, TopAgreement,
};
pub use prompting::{AgentStyle, Prompting};
pub use recommend::{Candidate, Constraints, Dominance, Loss, LossCheck, LossLimit, Met, Recommendation, VariantFacts};
pub use rng::Rng;
pub use run::{Activations, DENSE, ModelSource, RunRecord, TaskSource, run_path};
pub use sample::{Ask, Capability, Sample, Turn};
pub use sample_file::SampleFile;
pub use score::{Fault, Outcome, Score};
pub use scoring::{Mixture, Scoring};
pub use spoken::{
    Spoken, begins_thought, clean, ends_in_thought, ends_thought, ends_turn, half_width, is_thought_mark, opened_by,
};
pub use text::{NotText, json, read_text, text, unmarked};
pub use transcript::{Finish, Reply, Step, Transcript, TranscriptLine};
pub use transcripts::{SampleState, Transcripts};
pub use variant::{TextOrigin, VariantRecord, VariantSource};
