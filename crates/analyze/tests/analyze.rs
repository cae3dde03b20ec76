//! From scores to verdicts, as a user of the stage sees it.

use std::collections::BTreeMap;

use analyze::{AnalyzeError, Question, Scores, analyze, difference, seed_of, verdict_at};
use record::{
    Analysis, Capability, Column, Fault, MeanOf, Metric, ModelSource, Outcome, PairTest, RunRecord, Score, Scoring,
    TaskSource, VariantRecord, VariantSource, Verdict,
};
use serde_json::json;

fn run(variants: &[&str], tasks: &[&str]) -> RunRecord {
    RunRecord {
        version: "0".into(),
        model: ModelSource { name: "pico".into(), digest: "d".into(), context: None },
        variants: variants
            .iter()
            .map(|&name| VariantRecord { name: name.into(), source: VariantSource::Dense })
            .collect(),
        tasks: tasks
            .iter()
            .map(|&task| TaskSource {
                skipped: Vec::new(),
                task: task.into(),
                capability: Capability::ToolUse,
                source: "generated".into(),
                judge: None,
                samples: 0,
                digest: "e".into(),
            })
            .collect(),
        embedders: Default::default(),
        seed: 1,
        scoring: Scoring::Corrected,
        epochs: 1,
        activations: Default::default(),
        sampling: BTreeMap::new(),
        chat_template: true,
        prompting: record::Prompting::default(),
        margin: 0.03,
    }
}

fn score(index: usize, value: f64) -> Score {
    Score {
        sample: format!("s{index:05}"),
        outcome: Outcome::Finished,
        value,
        metrics: BTreeMap::from([("f1".into(), value / 2.0)]),
        reason: String::new(),
        fault: (value < 0.3).then_some(Fault::WrongTool),
        cluster: None,
        tags: BTreeMap::from([("length".into(), json!(256 * (index % 2 + 1)))]),
    }
}

fn scores(values: &[f64]) -> Vec<Score> {
    values.iter().enumerate().map(|(index, &value)| score(index, value)).collect()
}

fn two(dense: Vec<Score>, compressed: Vec<Score>) -> Result<Analysis, AnalyzeError> {
    let all: Scores =
        BTreeMap::from([(("dense".into(), "t".into()), dense), (("gptq".into(), "t".into()), compressed)]);
    analyze(&run(&["dense", "gptq"], &["t"]), &all, &[])
}

/// Repeats a pattern of (dense, compressed) values.
fn repeated(pattern: &[(f64, f64)], times: usize) -> (Vec<Score>, Vec<Score>) {
    let pairs: Vec<_> = pattern.iter().copied().cycle().take(pattern.len() * times).collect();
    let (dense, compressed): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    (scores(&dense), scores(&compressed))
}

#[test]
fn equal_models_hold_once_there_are_enough_samples() -> Result<(), AnalyzeError> {
    for pattern in [[(1.0, 1.0), (0.0, 0.0)], [(0.5, 0.5), (0.25, 0.25)]] {
        let (dense, compressed) = repeated(&pattern, 20);
        let few = two(dense, compressed)?;
        assert_eq!(few.paired[0].verdict, Verdict::Inconclusive);
        assert!(few.paired[0].needed.is_some_and(|n| n > 40));
        let (dense, compressed) = repeated(&pattern, 60);
        let many = two(dense, compressed)?;
        assert_eq!((many.paired[0].verdict, many.paired[0].p, many.paired[0].flips), (Verdict::Holds, 1.0, 0.0));
        assert_eq!(many.paired[0].needed, None);
    }
    Ok(())
}

#[test]
fn a_collapse_drops_and_a_small_loss_is_inconclusive() -> Result<(), AnalyzeError> {
    let (dense, compressed) = repeated(&[(1.0, 0.0), (1.0, 1.0), (0.0, 0.0)], 30);
    let binary = two(dense, compressed)?.paired.remove(0);
    assert_eq!((binary.verdict, binary.test), (Verdict::Drops, PairTest::McnemarMidP));
    assert!(binary.p < 1e-6 && binary.p_exact.is_some());
    let (dense, compressed) = repeated(&[(0.9, 0.2), (0.6, 0.5), (0.3, 0.3)], 20);
    let graded = two(dense, compressed)?.paired.remove(0);
    assert_eq!((graded.verdict, graded.test), (Verdict::Drops, PairTest::PairedBootstrap));
    assert!((graded.delta + 0.8 / 3.0).abs() < 1e-9 && graded.p_exact.is_none());
    assert!((graded.harmful_flips - 2.0 / 3.0).abs() < 1e-9);
    let mut pattern = vec![(1.0, 1.0); 18];
    pattern.extend([(1.0, 0.0), (0.0, 1.0)]);
    let (dense, compressed) = repeated(&pattern, 6);
    let unsure = two(dense, compressed)?.paired.remove(0);
    assert_eq!(unsure.verdict, Verdict::Inconclusive);
    // Connor: 10% flips and 3 points need 870 pairs.
    assert_eq!(unsure.needed, Some(870));
    Ok(())
}

#[test]
fn no_sample_and_one_sample_say_nothing_and_print_no_nan() -> Result<(), Box<dyn std::error::Error>> {
    for values in [vec![], vec![1.0], vec![0.5], vec![0.5, 0.5]] {
        let analysis = two(scores(&values), scores(&values))?;
        let paired = &analysis.paired[0];
        assert_eq!((paired.n, paired.verdict, paired.p), (values.len(), Verdict::Inconclusive, 1.0));
        assert!(paired.interval.low < -0.3 && paired.interval.high > 0.3, "{paired:?}");
        assert!(analysis.summaries.iter().all(|s| s.interval.low < 0.6 && s.interval.high > 0.4), "{analysis:?}");
        let text = serde_json::to_string(&analysis)?;
        assert!(!text.contains("null"), "{text}");
        assert_eq!(serde_json::from_str::<Analysis>(&text)?, analysis);
    }
    Ok(())
}

#[test]
fn failed_samples_are_left_out_and_counted() -> Result<(), AnalyzeError> {
    let mut dense = scores(&[1.0, 1.0, 0.0, 1.0]);
    let mut compressed = scores(&[1.0, 0.0, 0.0, 1.0]);
    dense[0].outcome = Outcome::failed("too long");
    compressed[1].outcome = Outcome::failed("too long");
    let analysis = two(dense, compressed)?;
    assert_eq!((analysis.paired[0].n, analysis.paired[0].left_out), (2, 2));
    assert_eq!((analysis.paired[0].dense, analysis.paired[0].delta), (0.5, 0.0));
    assert_eq!((analysis.summaries[0].n, analysis.summaries[0].failed), (3, 1));
    Ok(())
}

#[test]
fn items_of_one_source_count_as_one() -> Result<(), AnalyzeError> {
    let (mut dense, mut compressed) = repeated(&[(1.0, 0.0), (1.0, 1.0), (0.0, 0.0), (1.0, 1.0)], 25);
    let alone = two(dense.clone(), compressed.clone())?.paired.remove(0);
    for (index, score) in dense.iter_mut().chain(&mut compressed).enumerate() {
        score.cluster = Some(format!("source {}", index % 100 % 4));
    }
    let shared = two(dense, compressed)?;
    assert_eq!(shared.paired[0].test, PairTest::PairedBootstrap);
    let width = |p: &record::Paired| p.interval.high - p.interval.low;
    assert!(width(&shared.paired[0]) > 2.0 * width(&alone), "{:?} {alone:?}", shared.paired[0]);
    assert!(shared.paired[0].p > alone.p && shared.paired[0].verdict == Verdict::Inconclusive);
    assert!(shared.summaries[0].interval.high - shared.summaries[0].interval.low > 0.5);
    Ok(())
}

#[test]
fn swapping_the_variants_mirrors_the_difference() -> Result<(), AnalyzeError> {
    let (dense, compressed) = repeated(&[(1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)], 12);
    let here = two(dense.clone(), compressed.clone())?.paired.remove(0);
    let there = two(compressed, dense)?.paired.remove(0);
    assert!((here.delta + there.delta).abs() < 1e-12 && (here.p - there.p).abs() < 1e-12);
    assert!((here.interval.low + there.interval.high).abs() < 1e-9);
    Ok(())
}

#[test]
fn the_order_of_scores_does_not_matter_for_the_same_pairs() -> Result<(), AnalyzeError> {
    let (dense, compressed) = repeated(&[(1.0, 0.0), (0.5, 0.75)], 20);
    let mut shuffled = compressed.clone();
    shuffled.reverse();
    assert_eq!(two(dense.clone(), compressed)?, two(dense, shuffled)?);
    Ok(())
}

#[test]
fn holm_is_over_all_comparisons_and_splits_are_by_tag() -> Result<(), AnalyzeError> {
    let (dense, compressed) = repeated(&[(1.0, 0.0), (1.0, 1.0), (0.0, 0.0)], 10);
    let mut all = Scores::new();
    for task in ["t", "u"] {
        all.insert(("dense".into(), task.into()), dense.clone());
        all.insert(("a".into(), task.into()), compressed.clone());
        all.insert(("b".into(), task.into()), dense.clone());
    }
    let analysis = analyze(&run(&["dense", "a", "b"], &["t", "u"]), &all, &[])?;
    let order: Vec<_> = analysis.paired.iter().map(|p| format!("{} {}", p.variant, p.task)).collect();
    assert_eq!(order, ["a t", "a u", "b t", "b u"]);
    assert!((analysis.paired[0].p_holm / analysis.paired[0].p - 4.0).abs() < 1e-9);
    assert_eq!(analysis.summaries[0].splits["length"]["512"].1, 15);
    assert!((analysis.summaries[0].metrics["f1"] - 1.0 / 3.0).abs() < 1e-12);
    Ok(())
}

#[test]
fn broken_scores_are_named() {
    let say = |dense: Vec<Score>, compressed: Vec<Score>| {
        two(dense, compressed).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let good = scores(&[1.0, 0.0]);
    for bad in [f64::NAN, f64::INFINITY, -0.1, 1.1] {
        let message = say(good.clone(), scores(&[1.0, bad]));
        assert!(message.contains("gptq") && message.contains("s00001"), "{message}");
    }
    let mut metric = good.clone();
    metric[0].metrics.insert("rouge".into(), f64::NAN);
    assert!(say(metric, good.clone()).contains("rouge"));
    assert!(say(good.clone(), scores(&[1.0])).contains("none in `gptq`"));
    assert!(say(scores(&[1.0]), good.clone()).contains("none in `dense`"));
    let twice = vec![score(0, 1.0), score(0, 1.0)];
    assert!(say(twice.clone(), twice).contains("twice"));
}

#[test]
fn a_run_that_cannot_be_compared_says_why() {
    let say =
        |run: &RunRecord, scores: &Scores| analyze(run, scores, &[]).err().map(|e| e.to_string()).unwrap_or_default();
    let none = Scores::new();
    assert!(say(&run(&["dense"], &["t"]), &none).contains("`t`"));
    assert!(say(&run(&["gptq"], &["t"]), &none).contains("dense"));
    let mut margin = run(&["dense"], &[]);
    margin.margin = f64::NAN;
    assert!(say(&margin, &none).contains("margin"));
    assert!(analyze(&run(&["dense"], &[]), &none, &[]).is_ok());
}

#[test]
fn kinds_of_mistake_are_counted() -> Result<(), AnalyzeError> {
    let found = two(scores(&[1.0, 0.5, 0.0]), scores(&[0.0, 0.25, 0.0]))?;
    assert_eq!(found.summaries[0].faults, BTreeMap::from([(Fault::WrongTool, 1)]));
    assert_eq!(found.summaries[1].faults, BTreeMap::from([(Fault::WrongTool, 3)]));
    Ok(())
}

#[test]
fn columns_are_means_of_metrics_and_of_columns_and_absent_where_nothing_was_asked() -> Result<(), AnalyzeError> {
    const fn f1(task: &'static str, tag: Option<(&'static str, &'static str)>) -> Metric {
        Metric { task, name: "f1", tag, scale: 100.0 }
    }
    const SHORT: Metric = f1("t", Some(("length", "256")));
    const LONG: Metric = f1("t", Some(("length", "512")));
    const OTHER: Metric = f1("u", None);
    const fn column(name: &'static str, of: MeanOf) -> Column {
        Column { table: "T", name, of }
    }
    const TABLE: &[Column] = &[
        column("both", MeanOf::Columns(&["short", "long"])), // before what it is made of
        column("short", MeanOf::Metrics(&[SHORT])),
        column("long", MeanOf::Metrics(&[LONG])),
        column("mean", MeanOf::Metrics(&[SHORT, LONG])),
        column("other", MeanOf::Metrics(&[OTHER])),
        column("partly", MeanOf::Columns(&["short", "other"])),
        column("circle", MeanOf::Columns(&["circle"])),
    ];
    let mut failed = scores(&[1.0, 0.5, 0.0, 0.0]);
    failed[2].outcome = Outcome::failed("late");
    let all: Scores = BTreeMap::from([(("dense".into(), "t".into()), failed)]);
    let found = analyze(&run(&["dense"], &["t"]), &all, &[TABLE])?.columns;
    let values: Vec<(&str, f64)> = found.iter().map(|value| (value.column.as_str(), value.value)).collect();
    // f1 is half the value; the failed sample is left out.
    assert_eq!(values, [("both", 31.25), ("short", 50.0), ("long", 12.5), ("mean", 31.25)]);
    assert!(found.iter().all(|value| value.generated && value.table == "T" && value.variant == "dense"));
    Ok(())
}

/// The same source for every `size` scores in a row.
fn in_clusters(mut scores: Vec<Score>, size: usize) -> Vec<Score> {
    scores.iter_mut().enumerate().for_each(|(i, score)| score.cluster = Some(format!("source {}", i / size)));
    scores
}

#[test]
fn an_interval_and_its_p_value_never_contradict_each_other() -> Result<(), AnalyzeError> {
    for n in [6, 12, 25, 40, 90] {
        for lost in 0..8 {
            for (whole, size) in [(true, 1), (false, 1), (true, 3)] {
                let worse = if whole { 0.0 } else { 0.4 };
                let values: Vec<f64> = (0..n).map(|i| if i % 9 < lost && i % 2 == 0 { worse } else { 1.0 }).collect();
                let dense = in_clusters(scores(&vec![1.0; n]), size);
                let found = two(dense, in_clusters(scores(&values), size))?.paired.remove(0);
                let excluded = found.interval.low > 0.0 || found.interval.high < 0.0;
                assert_eq!(found.p < 0.05, excluded, "{n} {lost} {whole} {size}: {found:?}");
                assert!(found.interval.low <= found.bounds.low && found.bounds.high <= found.interval.high);
            }
        }
    }
    Ok(())
}

#[test]
fn few_sources_cannot_hold_but_a_collapse_in_all_of_them_drops() -> Result<(), AnalyzeError> {
    let dense: Vec<f64> = (0..60).map(|i| 0.5 + (i % 7) as f64 * 0.05).collect();
    let wavering: Vec<f64> = dense.iter().enumerate().map(|(i, value)| value + (i % 3) as f64 * 0.02 - 0.02).collect();
    let collapsed: Vec<f64> = dense.iter().enumerate().map(|(i, _)| (i % 5) as f64 * 0.04).collect();
    let clustered = |values: &[f64], size| in_clusters(scores(values), size);
    let four =
        |values: &[f64]| two(clustered(&dense, 15), clustered(values, 15)).map(|mut found| found.paired.remove(0));
    // Small changes in every sample say nothing of a fifth source.
    assert_eq!(four(&wavering)?.verdict, Verdict::Inconclusive);
    assert!(four(&wavering)?.needed.is_some_and(|needed| needed > 98 * 15 / 2));
    assert_eq!(four(&collapsed)?.verdict, Verdict::Drops);
    Ok(())
}

#[test]
fn tasks_that_decide_nothing_alone_decide_together() -> Result<(), AnalyzeError> {
    let names = ["t", "u", "v", "w"];
    let (dense, compressed) = repeated(&[(1.0, 1.0), (0.0, 0.0)], 25);
    let mut all = Scores::new();
    for task in names {
        all.insert(("dense".into(), task.into()), dense.clone());
        all.insert(("a".into(), task.into()), compressed.clone());
    }
    // Where the dense model can do nothing, there is nothing to lose.
    all.insert(("dense".into(), "x".into()), scores(&[0.0; 300]));
    all.insert(("a".into(), "x".into()), scores(&[0.0; 300]));
    let found = analyze(&run(&["dense", "a"], &["t", "u", "v", "w", "x"]), &all, &[])?;
    assert!(found.paired[..4].iter().all(|paired| paired.verdict == Verdict::Inconclusive));
    let together = found.capabilities[0].pooled.clone().ok_or(AnalyzeError::NoDense)?;
    assert_eq!((together.verdict, together.tasks, together.left_out), (Verdict::Holds, 4, 1));
    assert_eq!((found.overall.len(), found.overall[0].variant.as_str()), (1, "a"));
    assert_eq!(found.overall[0].pooled, together);
    // The same samples in all four tasks are no more than in one.
    for scores in all.values_mut() {
        *scores = in_clusters(std::mem::take(scores), 1);
    }
    let same = analyze(&run(&["dense", "a"], &["t", "u", "v", "w"]), &all, &[])?;
    assert_eq!(same.overall[0].pooled.verdict, Verdict::Inconclusive);
    Ok(())
}

#[test]
fn scores_from_elsewhere_are_compared_as_those_of_a_run_are() -> Result<(), AnalyzeError> {
    for pattern in [&[(1.0, 1.0), (1.0, 0.0), (0.0, 0.0)][..], &[(0.5, 0.25), (0.25, 0.25)]] {
        let (dense, compressed) = repeated(pattern, 30);
        let run = run(&["dense", "gptq"], &["t"]);
        let question = Question { margin: 0.03, seed: seed_of(&run) };
        let found = difference("gptq/t", ("A", "B"), (&dense, &compressed), question)?;
        let paired = &two(dense.clone(), compressed.clone())?.paired[0];
        assert_eq!((found.interval, found.bounds, found.p), (paired.interval, paired.bounds, paired.p));
        assert_eq!((found.verdict, found.needed), (paired.verdict, paired.needed));
        let counts = found.agreement.map(|of| [of.both, of.only_a, of.only_b, of.neither]);
        assert_eq!(counts, (pattern.len() == 3).then_some([30, 30, 0, 30]));
        // Another margin needs no other comparison.
        for margin in [0.0, 0.1, 0.5, 1.0] {
            let at = difference("gptq/t", ("A", "B"), (&dense, &compressed), Question { margin, ..question })?;
            assert_eq!(verdict_at(paired, margin), at.verdict);
        }
        let error = difference("t", ("A", "B"), (&dense, &compressed[1..]), question).err();
        assert!(matches!(&error, Some(AnalyzeError::Unpaired { present, .. }) if present == "A"), "{error:?}");
    }
    Ok(())
}

#[test]
fn replies_to_the_same_sample_are_counted_by_item() -> Result<(), AnalyzeError> {
    // Solved of 3 replies, by item: dense 3, 2, 0; compressed 1, 2, 0, and one item failed once.
    let of = |solved: [usize; 3]| -> Vec<Score> {
        let mut all = Vec::new();
        for (item, solved) in solved.into_iter().enumerate() {
            for epoch in 1..=3 {
                let value = f64::from(u8::from(epoch <= solved));
                let (sample, cluster) = (format!("s{item}#{epoch}"), Some(format!("s{item}")));
                all.push(Score { sample, cluster, ..score(item, value) });
            }
        }
        all
    };
    let mut compressed = of([1, 2, 0]);
    compressed[8].outcome = Outcome::Failed { reason: "x".into(), again: false };
    let scores =
        BTreeMap::from([(("dense".into(), "t".into()), of([3, 2, 0])), (("gptq".into(), "t".into()), compressed)]);
    let run = RunRecord { epochs: 3, ..run(&["dense", "gptq"], &["t"]) };
    let found = analyze(&run, &scores, &[])?.repeats;
    let [dense, gptq] = &found[..] else { panic!("{found:?}") };
    let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
    // Of the three pairs of replies two differ where 1 or 2 of 3 are right.
    near(dense.flips, (0.0 + 2.0 / 3.0 + 0.0) / 3.0);
    near(dense.passes[0].all, 5.0 / 9.0);
    near(dense.passes[1].all, (1.0 + 1.0 / 3.0) / 3.0);
    near(dense.passes[1].any, 2.0 / 3.0);
    near(dense.passes[2].all, 1.0 / 3.0);
    assert_eq!((dense.items, dense.passes[2].all_change), (3, None));
    // Where every one of three replies must be right, the item that failed once cannot tell.
    assert_eq!(gptq.passes[2].all_change, Some(-0.5));
    near(gptq.passes[0].all_change.unwrap_or_default(), -2.0 / 9.0);
    assert!(gptq.passes[0].all_interval.is_some_and(|it| it.low < -2.0 / 9.0 && it.high > -2.0 / 9.0));
    Ok(())
}
