//! What flags say of how a model is asked.

use acbench::{Activations, AgentStyle, Calling};
use clap::ValueEnum;

/// What `--thinking` says.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ThinkingArg {
    /// The chat template lets the model think
    On,
    /// It does not
    Off,
    /// As the chat template does by itself
    Auto,
}

impl ThinkingArg {
    pub fn on(self) -> Option<bool> {
        match self {
            Self::On => Some(true),
            Self::Off => Some(false),
            Self::Auto => None,
        }
    }
}

/// What `--agent` says.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum AgentArg {
    /// With an action
    Act,
    /// With a thought, then an action (ReAct)
    React,
}

impl AgentArg {
    pub fn style(self) -> AgentStyle {
        match self {
            Self::Act => AgentStyle::Act,
            Self::React => AgentStyle::React,
        }
    }
}

/// What `--activations` says.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ActivationsArg {
    /// As the checkpoint says: rounded where it is W8A8 or FP8
    Stored,
    /// Beside integer weights rounded to 8-bit integers, in runs of 32 inputs (K-quants: 256)
    Int8,
    /// Beside bfloat16 weights rounded to bfloat16, with sums in f32
    Bf16,
}

impl ActivationsArg {
    pub fn said(self) -> Activations {
        match self {
            Self::Stored => Activations::Stored,
            Self::Int8 => Activations::Int8,
            Self::Bf16 => Activations::Bf16,
        }
    }
}

/// What `--calling` says.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum CallingArg {
    /// As tools where the chat template has a place for them
    Auto,
    /// As tools of the chat template
    Native,
    /// In the words of the prompt
    Prompting,
}

impl CallingArg {
    pub fn said(self) -> Option<Calling> {
        match self {
            Self::Auto => None,
            Self::Native => Some(Calling::Native),
            Self::Prompting => Some(Calling::Prompting),
        }
    }
}
