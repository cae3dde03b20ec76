//! Every case of `analysis.json` (numpy float64 and scipy), within 1e-9 relative: both sides are float64, so only the order
//! of sums differs. Singular values and eigenvalues are found here, by rotations; the product uses a crate for them.

use std::path::PathBuf;

use analyze::metric::distance::distance;
use analyze::metric::energy::{energy, energy_change};
use analyze::metric::erank::{center_and_normalize, erank_covariance, erank_gram, erank_singular_values};
use analyze::metric::perplexity::{likelihood, nll};
use analyze::metric::ranking::agreements;
use analyze::metric::{MetricError, log_sum_exp};
use serde_json::Value;

type Rows = Vec<Vec<f64>>;

/// The cases, or none where the golden files are absent.
fn cases() -> Vec<Value> {
    let folder = std::env::var_os("ACBENCH_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/golden")), PathBuf::from);
    let path = folder.join("analysis.json");
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: {} is absent", path.display());
        return Vec::new();
    };
    let all: Value = serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let cases = all["cases"].as_array().cloned().unwrap_or_default();
    assert!(!cases.is_empty(), "no case in {}", path.display());
    cases
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().map(|number| number.as_f64().unwrap_or(f64::NAN)).collect()
}

fn rows(value: &Value) -> Rows {
    value.as_array().into_iter().flatten().map(numbers).collect()
}

/// All numbers as wanted, and as many.
fn close(what: &str, found: &[f64], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (place, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        // Numbers that are 0 but for rounding on one side are 0.
        assert!((found - wanted).abs() <= 1e-9 * wanted.abs() + 1e-14, "{what} {place}: {found} is not {wanted}");
    }
}

fn one(what: &str, found: Option<f64>, wanted: &Value) {
    close(what, &found.into_iter().collect::<Vec<_>>(), &wanted.as_f64().into_iter().collect::<Vec<_>>());
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Singular values of a matrix by one-sided Jacobi rotations of its rows.
fn singular_values(rows: &Rows) -> Vec<f64> {
    let mut rows = rows.clone();
    for _ in 0..60 {
        let mut turned = false;
        for i in 0..rows.len() {
            for j in 0..i {
                let (a, b, c) = (dot(&rows[i], &rows[i]), dot(&rows[j], &rows[j]), dot(&rows[i], &rows[j]));
                if c.abs() <= 1e-15 * (a * b).sqrt() {
                    continue;
                }
                turned = true;
                let zeta = (b - a) / (2.0 * c);
                let tangent = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
                let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
                for column in 0..rows[i].len() {
                    let (x, y) = (rows[i][column], rows[j][column]);
                    rows[i][column] = cosine * (x - tangent * y);
                    rows[j][column] = cosine * (tangent * x + y);
                }
            }
        }
        if !turned {
            break;
        }
    }
    rows.iter().map(|row| dot(row, row).sqrt()).collect()
}

fn gram(rows: &Rows) -> Vec<f64> {
    rows.iter().flat_map(|a| rows.iter().map(|b| dot(a, b))).collect()
}

/// Eigenvalues of a symmetric positive semidefinite matrix: its singular values.
fn eigenvalues(matrix: &[f64]) -> Vec<f64> {
    singular_values(&matrix.chunks(matrix.len().isqrt()).map(<[f64]>::to_vec).collect())
}

#[test]
fn golden_effective_rank() {
    for case in cases() {
        for model in ["dense", "compressed"] {
            let (rows, wanted) = (rows(&case[model]), &case["expected"][model]);
            one("singular values", erank_singular_values(&singular_values(&rows)), &wanted["erank_singular_values"]);
            let mut gram = gram(&rows);
            let by_gram = erank_gram(&eigenvalues(&gram)).unwrap_or_default();
            let wanted_singular = wanted["erank_singular_values"].as_f64().unwrap_or_default();
            // Squares keep half the digits of the small ones.
            assert!((by_gram / wanted_singular - 1.0).abs() < 1e-7, "{by_gram} {wanted_singular}");
            assert!(center_and_normalize(&mut gram));
            one("covariance", erank_covariance(&eigenvalues(&gram)), &wanted["erank_covariance"]);
        }
    }
}

#[test]
fn golden_energy_and_perplexity() -> Result<(), MetricError> {
    for case in cases() {
        let mut energies = Vec::new();
        for model in ["dense", "compressed"] {
            let (rows, wanted) = (rows(&case[model]), &case["expected"][model]);
            let at = |t: f64| rows.iter().map(|row| energy(row, t)).collect::<Result<Vec<_>, _>>();
            close("energy at 1", &at(1.0)?, &numbers(&wanted["energy_t1"]));
            close("energy at 2", &at(2.0)?, &numbers(&wanted["energy_t2"]));
            let targets = numbers(&case["targets"]);
            let found: Result<Vec<f64>, MetricError> = rows
                .iter()
                .zip(targets)
                .map(|(row, target)| Ok(nll(log_sum_exp(row)?, row[target as usize])))
                .collect();
            let found = found?;
            close("nll", &found, &numbers(&wanted["nll"]));
            one("perplexity", Some(likelihood(&found)?.perplexity()), &wanted["perplexity"]);
            energies.push(at(1.0)?);
        }
        let changes: Vec<f64> = energies[0].iter().zip(&energies[1]).map(|(a, b)| energy_change(*a, *b)).collect();
        close("energy change", &changes, &numbers(&case["expected"]["abs_delta_energy"]));
    }
    Ok(())
}

#[test]
fn golden_distance() -> Result<(), MetricError> {
    for case in cases() {
        let (dense, compressed, wanted) = (rows(&case["dense"]), rows(&case["compressed"]), &case["expected"]);
        let found: Result<Vec<_>, MetricError> = dense.iter().zip(&compressed).map(|(a, b)| distance(a, b)).collect();
        let found = found?;
        close("kl", &found.iter().map(|d| d.kl).collect::<Vec<_>>(), &numbers(&wanted["kl"]));
        let acceptance: Vec<f64> = found.iter().map(|d| d.acceptance).collect();
        close("acceptance", &acceptance, &numbers(&wanted["expected_acceptance_rate"]));
        let agreement: Vec<Value> = found.iter().map(|d| d.agrees.into()).collect();
        assert_eq!(Value::from(agreement), wanted["top1_agreement"]);
    }
    Ok(())
}

#[test]
fn golden_ranking() -> Result<(), MetricError> {
    for case in cases() {
        let (dense, compressed) = (rows(&case["dense"]), rows(&case["compressed"]));
        let found: Result<Vec<_>, MetricError> = dense.iter().zip(&compressed).map(|(a, b)| agreements(a, b)).collect();
        let found = found?;
        for (place, k) in analyze::metric::ranking::SIZES.into_iter().enumerate() {
            let wanted = &case["expected"]["topk"][k.to_string()];
            let all = |pick: fn(&analyze::metric::ranking::Agreement) -> Option<f64>| -> Vec<f64> {
                found.iter().filter_map(|position| pick(&position[place])).collect()
            };
            close("jaccard", &all(|a| a.jaccard), &numbers(&wanted["jaccard"]));
            close("tau", &all(|a| a.kendall_tau), &numbers(&wanted["kendall_tau"]));
            close("rho", &all(|a| a.spearman_rho), &numbers(&wanted["spearman_rho"]));
        }
    }
    Ok(())
}
