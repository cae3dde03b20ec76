//! What is wrong with a call, with the words for it.

use std::fmt;

use record::{Fault, Message};

/// What is wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// Nothing like a call was said.
    NoCall,
    /// A step of a plan is missing.
    MissingStep(String),
    /// A call was begun, but not in the prescribed form.
    Malformed(String),
    /// Another tool that the prompt offers.
    WrongTool {
        /// The right one.
        wanted: String,
        /// The one called.
        got: String,
    },
    /// A tool of which the prompt says nothing.
    HallucinatedTool {
        /// The right one.
        wanted: String,
        /// The one called.
        got: String,
    },
    /// An argument with another value, missing, or that nobody asked for.
    WrongArgument {
        /// Its name.
        name: String,
        /// The right value as Python prints it; `None` where there should be none.
        wanted: Option<String>,
        /// The value given.
        got: Option<String>,
        /// How many arguments are wrong.
        count: usize,
    },
}

impl Mistake {
    /// `got` instead of `wanted`: hallucinated where no message of the prompt has the name.
    pub(super) fn tool(wanted: &str, got: String, prompt: &[Message]) -> Self {
        let wanted = wanted.to_owned();
        let offered = !got.is_empty() && prompt.iter().any(|message| message.content.contains(&got));
        if offered { Mistake::WrongTool { wanted, got } } else { Mistake::HallucinatedTool { wanted, got } }
    }

    /// Which kind it is counted as.
    pub fn kind(&self) -> Fault {
        match self {
            Mistake::NoCall | Mistake::MissingStep(_) => Fault::NoCall,
            Mistake::Malformed(_) => Fault::Malformed,
            Mistake::WrongTool { .. } => Fault::WrongTool,
            Mistake::HallucinatedTool { .. } => Fault::HallucinatedTool,
            Mistake::WrongArgument { .. } => Fault::WrongArgument,
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mistake::NoCall => write!(f, "no call: the reply has nothing like a tool call"),
            Mistake::MissingStep(step) => write!(f, "no call of {step}, which the plan needs"),
            Mistake::Malformed(problem) => write!(f, "malformed: {problem}"),
            Mistake::WrongTool { wanted, got } => write!(f, "wrong tool: wanted {wanted}, got {got}"),
            Mistake::HallucinatedTool { wanted, got } => {
                write!(f, "hallucinated tool: wanted {wanted}, got {got}, of which the prompt says nothing")
            }
            Mistake::WrongArgument { name, wanted, got, count } => {
                write!(f, "wrong argument: {name}: ")?;
                match (wanted, got) {
                    (Some(wanted), Some(got)) => write!(f, "wanted {wanted}, got {got}")?,
                    (Some(wanted), None) => write!(f, "wanted {wanted}, is missing")?,
                    (None, got) => write!(f, "not asked for, got {}", got.as_deref().unwrap_or("nothing"))?,
                }
                if *count > 1 { write!(f, " (and {} more wrong)", count - 1) } else { Ok(()) }
            }
        }
    }
}
