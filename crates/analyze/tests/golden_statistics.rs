//! Every case of `statistics.json` (numpy float64 and scipy). Tolerance 1e-10 absolute, and 1e-9 relative for chi2
//! statistics, which grow with n: both sides are float64, so only the order of sums differs. Detectable differences
//! were found by a search there; 1e-6. Sample sizes are exact.

use std::path::PathBuf;

use analyze::statistic::{
    PairCounts, around, connor, mcnemar, normal_quantile, normal_two_sided, paired_standard_error, smallest_detectable,
    unpaired_size, unpaired_standard_error, wilson,
};
use serde_json::Value;

/// The cases, or `None` where the golden files are absent.
fn golden() -> Option<Value> {
    let folder = std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from);
    let path = folder.join("statistics.json");
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: {} is absent", path.display());
        return None;
    };
    Some(serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn number(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap_or_else(|| panic!("no number `{key}` in {case}"))
}

fn close(found: f64, wanted: f64, tolerance: f64) -> bool {
    (found - wanted).abs() <= tolerance * wanted.abs().max(1.0)
}

/// Runs `check` on every case of one kind; it returns what is wrong.
fn all(kind: &str, check: impl Fn(&Value, &str) -> Vec<String>) {
    let Some(golden) = golden() else { return };
    let mut passed = 0;
    let mut total = 0;
    for (key, cases) in golden.as_object().into_iter().flatten().filter(|(key, _)| key.starts_with(kind)) {
        for case in cases.as_array().into_iter().flatten() {
            total += 1;
            let wrong = check(case, key);
            passed += usize::from(wrong.is_empty());
            wrong.iter().for_each(|line| println!("{key} {case}: {line}"));
        }
    }
    println!("golden statistics {kind}: {passed} of {total}");
    assert!(total > 0, "no case of {kind}");
    assert_eq!(passed, total);
}

/// One line for each number that is not as wanted.
fn differences(case: &Value, found: &[(&str, Option<f64>)]) -> Vec<String> {
    found
        .iter()
        .filter(|(key, _)| !case[*key].is_null())
        .filter(|(key, found)| !found.is_some_and(|f| close(f, number(case, key), 1e-10)))
        .map(|(key, found)| format!("{key} is {found:?}"))
        .collect()
}

#[test]
fn golden_paired() {
    all("paired", |case, _| {
        let count = |key: &str| case[key].as_u64().unwrap_or_else(|| panic!("no count `{key}` in {case}"));
        let pairs =
            PairCounts { both: count("a"), dense_only: count("b"), compressed_only: count("c"), neither: count("d") };
        let test = mcnemar(pairs.dense_only, pairs.compressed_only);
        let unpaired = unpaired_standard_error(pairs);
        let mut wrong = differences(
            case,
            &[
                ("n", Some(pairs.n() as f64)),
                ("delta", Some(pairs.delta())),
                ("flips", Some(pairs.flips())),
                ("se_paired", paired_standard_error(pairs)),
                ("se_unpaired", unpaired),
                ("mcnemar_exact", Some(test.exact)),
                ("mcnemar_midp", Some(test.mid_p)),
                ("chi2", Some(test.chi2)),
                ("p_chi2", Some(test.p_chi2)),
                ("chi2_cc", Some(test.chi2_corrected)),
                ("p_chi2_cc", Some(test.p_chi2_corrected)),
                ("z_unpaired_p", unpaired.map(|error| normal_two_sided(pairs.delta() / error))),
            ],
        );
        let wald = paired_standard_error(pairs).map(|e| around(pairs.delta(), normal_quantile(0.975), e));
        if !wald.is_some_and(|w| close(w.low, ci(case).0, 1e-10) && close(w.high, ci(case).1, 1e-10)) {
            wrong.push(format!("ci is {wald:?}"));
        }
        wrong
    });
}

/// The two ends of a case's interval.
fn ci(case: &Value) -> (f64, f64) {
    let end = |at: usize| case["ci"][at].as_f64().unwrap_or_else(|| panic!("no ci in {case}"));
    (end(0), end(1))
}

#[test]
fn golden_wilson() {
    all("wilson", |case, _| {
        let found = wilson(number(case, "x") as u64, number(case, "n") as u64, 0.95);
        let (low, high) = ci(case);
        if close(found.low, low, 1e-10) && close(found.high, high, 1e-10) { vec![] } else { vec![format!("{found:?}")] }
    });
}

#[test]
fn golden_n_mcnemar_connor() {
    all("n_mcnemar_connor", |case, _| {
        differences(case, &[("n", Some(connor(number(case, "psi"), number(case, "delta")).ceil()))])
    });
}

#[test]
fn golden_mde_paired() {
    all("mde_paired", |case, _| {
        let found = smallest_detectable(number(case, "psi"), number(case, "n"));
        if close(found, number(case, "mde"), 1e-6) { vec![] } else { vec![format!("mde is {found}")] }
    });
}

#[test]
fn golden_n_unpaired() {
    all("n_unpaired", |case, key| {
        // The share is part of the key: n_unpaired_p60 is 0.60.
        let percent: f64 = key.rsplit('p').next().and_then(|text| text.parse().ok()).unwrap_or(60.0);
        differences(case, &[("n", Some(unpaired_size(percent / 100.0, number(case, "delta")).ceil()))])
    });
}
