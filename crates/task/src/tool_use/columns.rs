//! T-Eval's numbers as they are published.

use record::{Column, MeanOf, Metric};

const SKILLS: &str = "T-Eval skills";
const PAPER: &str = "T-Eval";

const fn points(task: &'static str, name: &'static str, format: Option<&'static str>) -> Metric {
    let tag = match format {
        Some(format) => Some(("format", format)),
        None => None,
    };
    Metric { task, name, tag, scale: 100.0 }
}

const fn column(name: &'static str, of: MeanOf) -> Column {
    Column { table: PAPER, name, of }
}

const fn skill(name: &'static str, of: MeanOf) -> Column {
    Column { table: SKILLS, name, of }
}

/// The columns of the paper's Table 8, whose overall number is the mean of the eleven, and T-Eval's own six skills
/// with the mean of the six.
///
/// The paper's Instr-S and Instr-J are interchanged: its script prints the JSON number under the heading of the
/// strings. Here each stands under its own.
pub const COLUMNS: &[Column] = &[
    column("Instr-S", MeanOf::Metrics(&INSTRUCT_STRING)),
    column("Instr-J", MeanOf::Metrics(&INSTRUCT_JSON)),
    column("Plan-S", MeanOf::Metrics(&[PLAN_STRING])),
    column("Plan-J", MeanOf::Metrics(&[PLAN_JSON])),
    column("Reason-S", MeanOf::Metrics(&[REASON_STRING])),
    column("Reason-J", MeanOf::Metrics(&[REASON_JSON])),
    column("Retr-S", MeanOf::Metrics(&[RETRIEVE_STRING])),
    column("Retr-J", MeanOf::Metrics(&[RETRIEVE_JSON])),
    column("Und-S", MeanOf::Metrics(&[UNDERSTAND_STRING])),
    column("Und-J", MeanOf::Metrics(&[UNDERSTAND_JSON])),
    column("Review", MeanOf::Metrics(&[REVIEW])),
    column(
        "Overall",
        MeanOf::Columns(&[
            "Instr-S", "Instr-J", "Plan-S", "Plan-J", "Reason-S", "Reason-J", "Retr-S", "Retr-J", "Und-S", "Und-J",
            "Review",
        ]),
    ),
    skill("Instruct", MeanOf::Metrics(&[INSTRUCT_STRING[0], INSTRUCT_STRING[1], INSTRUCT_JSON[0], INSTRUCT_JSON[1]])),
    skill("Plan", MeanOf::Metrics(&[PLAN_STRING, PLAN_JSON])),
    skill("Reason", MeanOf::Metrics(&[REASON_STRING, REASON_JSON])),
    skill("Retrieve", MeanOf::Metrics(&[RETRIEVE_STRING, RETRIEVE_JSON])),
    skill("Understand", MeanOf::Metrics(&[UNDERSTAND_STRING, UNDERSTAND_JSON])),
    skill("Review", MeanOf::Metrics(&[REVIEW])),
    skill("Overall", MeanOf::Columns(&["Instruct", "Plan", "Reason", "Retrieve", "Understand", "Review"])),
];

const INSTRUCT_STRING: [Metric; 2] =
    [points("teval_instruct", "format", Some("string")), points("teval_instruct", "args_em", Some("string"))];
const INSTRUCT_JSON: [Metric; 2] =
    [points("teval_instruct", "format", Some("json")), points("teval_instruct", "args_em", Some("json"))];
const PLAN_STRING: Metric = points("teval_plan", "f1", Some("str"));
const PLAN_JSON: Metric = points("teval_plan", "f1", Some("json"));
const REASON_STRING: Metric = points("teval_reason", "thought", None);
const REASON_JSON: Metric = points("teval_rru", "thought", None);
const RETRIEVE_STRING: Metric = points("teval_retrieve", "name", None);
const RETRIEVE_JSON: Metric = points("teval_rru", "name", None);
const UNDERSTAND_STRING: Metric = points("teval_understand", "args", None);
const UNDERSTAND_JSON: Metric = points("teval_rru", "args", None);
const REVIEW: Metric = points("teval_review", "review_quality", None);
