use record::{ModelSource, VariantRecord, VariantSource};
use serde_json::json;

use super::*;

fn table(name: &str) -> PaperTable {
    let tables = paper_tables().unwrap_or_default();
    tables.into_iter().find(|of| of.table == name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn every_row_is_as_long_as_its_table_and_compares_where_its_model_was_measured() {
    let tables = paper_tables().unwrap_or_default();
    let names: Vec<_> = tables.iter().map(|of| of.table).collect();
    assert_eq!(names, ["LongBench", "LongGenBench", "T-Eval", "AgentBoard", "WorfBench"]);
    for of in &tables {
        for row in &of.rows {
            assert_eq!((row.values.len(), row.changes.len()), (of.columns.len(), of.columns.len()), "{row:?}");
            assert!(!row.is_dense() || row.changes.iter().all(Option::is_none), "{row:?}");
        }
        let changed = of.rows.iter().filter(|row| row.changes.iter().any(Option::is_some)).count();
        // Table 10 has no uncompressed model of those that it compresses but for two.
        assert!(changed > 3, "{} {changed}", of.table);
    }
}

#[test]
fn headings_that_the_paper_interchanged_stand_where_they_belong() {
    let teval = table("T-Eval");
    assert_eq!(teval.columns[..2], ["Instr-J", "Instr-S"]);
    let overall = teval.columns.iter().position(|column| column == "Overall").unwrap_or_default();
    for row in &teval.rows {
        let eleven: f64 = row.values[..overall].iter().flatten().sum::<f64>() / overall as f64;
        assert!(row.values[overall].is_some_and(|printed| (printed - eleven).abs() < 0.11), "{row:?} {eleven}");
    }
}

#[test]
fn what_is_doubtful_is_found_by_rules() {
    let doubts = |of: &str, model: &str, compression: &str| {
        let of = table(of);
        let row = of.rows.iter().find(|row| row.model == model && row.compression == compression);
        row.map(|row| row.doubts.join("; ")).unwrap_or_else(|| panic!("no {model} {compression}"))
    };
    assert!(doubts("T-Eval", "Qwen2.5-7B", "FP8").contains("equal to FP16"));
    assert!(doubts("LongGenBench", "Phi-3.5", "Base").contains("outside of 0 to 100"));
    assert!(doubts("LongBench", "InternLM2.5-7B", "Base").contains("under AWQ"));
    assert_eq!(doubts("AgentBoard", "Qwen2.5-7B", "GPTQ"), "");
}

fn run() -> RunRecord {
    let gptq = |bits: u64| VariantSource::Compressed {
        method: "gptq".into(),
        settings: json!({"bits": bits}),
        calibration: None,
    };
    let variant = |name: &str, source| VariantRecord { name: name.into(), source };
    RunRecord {
        version: String::new(),
        model: ModelSource { name: "models/own".into(), digest: String::new(), context: None },
        variants: vec![variant("dense", VariantSource::Dense), variant("g4", gptq(4)), variant("g3", gptq(3))],
        tasks: Vec::new(),
        embedders: Default::default(),
        seed: 0,
        scoring: record::Scoring::Corrected,
        epochs: 1,
        activations: Default::default(),
        sampling: Default::default(),
        chat_template: true,
        prompting: Default::default(),
        margin: 0.03,
    }
}

#[test]
fn a_run_stands_beside_the_rows_of_its_compressions_in_its_columns() {
    let value = |variant: &str, value: f64| ColumnValue {
        table: "AgentBoard".into(),
        column: "PDDL-P".into(),
        variant: variant.into(),
        value,
        generated: true,
    };
    let values = [value("dense", 40.0), value("g4", 35.0), value("g3", 1.0)];
    let beside = paper_beside(&run(), &values).unwrap_or_default();
    let [of] = &beside[..] else { panic!("{beside:?}") };
    assert_eq!(of.columns, ["PDDL-P"]);
    let ours: Vec<_> = of.rows.iter().filter(|row| row.number.is_none()).map(PaperRow::cells).collect();
    assert_eq!(ours, [["40.0"], ["35.0 (\u{2212}5.0)"], ["1.0 (\u{2212}39.0)"]]);
    let printed: Vec<_> = of.rows.iter().filter(|row| row.number == Some(9)).collect();
    assert!(printed.iter().any(|row| row.compression == "GPTQ") && printed.iter().all(|row| row.compression != "AWQ"));
    let text = paper_terminal(&beside, 100);
    assert!(text.contains("this run") && text.contains("compare changes, not levels"), "{text}");
    assert!(paper_markdown(&beside).contains("| this run | own | g4 |"));
    assert!(paper_beside(&run(), &[]).is_ok_and(|none| none.is_empty()));
}
