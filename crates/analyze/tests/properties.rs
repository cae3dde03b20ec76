//! What must hold whatever the numbers are.

use analyze::statistic::{
    FirstDifference, PairCounts, Spent, Unit, bca, benjamini_hochberg, connor, graded, holm, kaplan_meier, mcnemar,
    pass_at_k, pass_hat_k, right_or_wrong, sign_flip, smallest_detectable, smallest_detectable_drop, tango,
    token_growth, wilson,
};
use proptest::prelude::*;

fn counts() -> impl Strategy<Value = PairCounts> {
    (0u64..400, 0u64..60, 0u64..60, 0u64..400)
        .prop_map(|(both, dense_only, compressed_only, neither)| PairCounts {
            both,
            dense_only,
            compressed_only,
            neither,
        })
        .prop_filter("some items", |pairs| pairs.n() > 0)
}

fn differences() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-1.0f64..1.0, 2..40)
}

fn units(values: &[f64]) -> Vec<Unit> {
    values.iter().map(|&sum| Unit { sum, n: 1 }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tango_holds_the_estimate_and_mirrors(pairs in counts()) {
        let here = tango(pairs, 0.95);
        prop_assert!(-1.0 <= here.low && here.low < pairs.delta() + 1e-12);
        prop_assert!(pairs.delta() - 1e-12 < here.high && here.high <= 1.0);
        let swapped = PairCounts { dense_only: pairs.compressed_only, compressed_only: pairs.dense_only, ..pairs };
        let there = tango(swapped, 0.95);
        prop_assert!((here.low + there.high).abs() < 1e-9 && (here.high + there.low).abs() < 1e-9);
    }

    #[test]
    fn p_values_are_probabilities_and_mid_p_is_the_smaller(b in 0u64..100_000, c in 0u64..100_000) {
        let test = mcnemar(b, c);
        for p in [test.exact, test.mid_p, test.p_chi2, test.p_chi2_corrected] {
            prop_assert!((0.0..=1.0).contains(&p), "{:?}", test);
        }
        prop_assert!(test.mid_p <= test.exact);
    }

    #[test]
    fn wilson_holds_the_share(n in 1u64..5000, part in 0.0f64..=1.0) {
        let x = (part * n as f64) as u64;
        let interval = wilson(x, n, 0.95);
        let share = x as f64 / n as f64;
        prop_assert!(0.0 <= interval.low && interval.low <= share && share <= interval.high && interval.high <= 1.0);
    }

    #[test]
    fn the_bootstrap_holds_the_estimate_and_mirrors(values in differences(), seed: u64) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let mirrored: Vec<f64> = values.iter().map(|v| -v).collect();
        let (Some(here), Some(there)) = (bca(&units(&values), 400, seed), bca(&units(&mirrored), 400, seed)) else {
            return Err(TestCaseError::fail("two units or more have a distribution"));
        };
        let (here, there) = (here.interval(0.9), there.interval(0.9));
        prop_assert!(here.low <= mean && mean <= here.high);
        prop_assert!((here.low + there.high).abs() < 1e-9 && (here.high + there.low).abs() < 1e-9);
        let p = sign_flip(&units(&values), 400, seed);
        prop_assert_eq!(p, sign_flip(&units(&mirrored), 400, seed));
        prop_assert!(p > 0.0 && p <= 1.0);
    }

    #[test]
    fn constant_differences_have_no_spread(value in -1.0f64..1.0, n in 2usize..50, seed: u64) {
        let interval = bca(&units(&vec![value; n]), 200, seed).map(|d| d.interval(0.95));
        prop_assert!(interval.is_some_and(|i| (i.low - value).abs() < 1e-9 && (i.high - value).abs() < 1e-9));
    }

    #[test]
    fn adjusting_keeps_order_and_never_lowers(p in prop::collection::vec(0.0f64..=1.0, 0..30)) {
        for adjusted in [holm(&p), benjamini_hochberg(&p)] {
            prop_assert_eq!(adjusted.len(), p.len());
            for i in 0..p.len() {
                prop_assert!(adjusted[i] >= p[i] - 1e-15 && adjusted[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] >= p[j] || adjusted[i] <= adjusted[j]);
                }
            }
        }
        prop_assert!(holm(&p).iter().zip(benjamini_hochberg(&p)).all(|(h, b)| *h >= b - 1e-15));
    }

    #[test]
    fn planning_forwards_and_backwards_agree(psi in 0.01f64..0.9, n in 20f64..50_000.0) {
        let delta = smallest_detectable(psi, n);
        prop_assert!(delta <= psi);
        prop_assert!(delta == psi || (connor(psi, delta) / n - 1.0).abs() < 1e-6);
        let drop = smallest_detectable_drop(psi, n);
        prop_assert!(drop >= delta - 1e-12 && drop <= 1.0);
        prop_assert!(smallest_detectable_drop(psi, n * 2.0) <= drop);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pass_rates_order_and_meet_the_share(n in 1u64..40, part in 0.0f64..=1.0) {
        let c = (part * n as f64).round() as u64;
        let share = c as f64 / n as f64;
        prop_assert!(pass_at_k(n, c, 1).is_some_and(|p| (p - share).abs() < 1e-12));
        prop_assert!(pass_hat_k(n, c, 1).is_some_and(|p| (p - share).abs() < 1e-12));
        for k in 2..=n {
            let (Some(any), Some(all)) = (pass_at_k(n, c, k), pass_hat_k(n, c, k)) else {
                return Err(TestCaseError::fail("k of n samples"));
            };
            prop_assert!(0.0 <= all && all <= share + 1e-12 && share - 1e-12 <= any && any <= 1.0);
            // All of k fail as often as all succeed with failures and successes exchanged.
            prop_assert!(pass_hat_k(n, n - c, k).is_some_and(|none| (1.0 - any - none).abs() < 1e-12));
        }
        prop_assert_eq!((pass_at_k(n, c, 0), pass_hat_k(n, c, n + 1), pass_at_k(n, n + 1, 1)), (None, None, None));
    }

    #[test]
    fn survival_falls_and_without_censoring_is_the_share_left(steps in prop::collection::vec((1usize..20, any::<bool>()), 1..60)) {
        let seen: Vec<_> = steps.iter().map(|&(step, differs)| FirstDifference { step, differs }).collect();
        let mut before = 1.0;
        for point in kaplan_meier(&seen, 0.95) {
            prop_assert!(point.survival < before && point.survival >= 0.0 && point.variance >= 0.0);
            prop_assert!(point.differing > 0 && point.differing <= point.at_risk);
            if let Some(interval) = point.interval {
                prop_assert!(0.0 <= interval.low && interval.low <= point.survival);
                prop_assert!(point.survival <= interval.high && interval.high <= 1.0);
            }
            before = point.survival;
        }
        let all: Vec<_> = steps.iter().map(|&(step, _)| FirstDifference { step, differs: true }).collect();
        let n = all.len() as f64;
        for point in kaplan_meier(&all, 0.95) {
            let left = steps.iter().filter(|(step, _)| *step > point.step).count() as f64 / n;
            prop_assert!((point.survival - left).abs() < 1e-12);
            // Greenwood without censoring is the binomial variance.
            prop_assert!((point.variance - left * (1.0 - left) / n).abs() < 1e-12);
        }
    }

    #[test]
    fn token_growth_holds_its_ratio_and_turns_around(tokens in prop::collection::vec((1u64..500, 1u64..500), 2..40)) {
        let spent = |dense, compressed| Spent { dense, compressed, dense_cut: false, compressed_cut: false };
        let clusters: Vec<usize> = (0..tokens.len()).collect();
        let here = token_growth(&tokens.iter().map(|&(d, c)| spent(d, c)).collect::<Vec<_>>(), &clusters);
        let there = token_growth(&tokens.iter().map(|&(d, c)| spent(c, d)).collect::<Vec<_>>(), &clusters);
        let (Some(here), Some(there)) = (here, there) else {
            return Err(TestCaseError::fail("tokens on both sides"));
        };
        prop_assert!((here.ratio * there.ratio - 1.0).abs() < 1e-9);
        let (Some(a), Some(b)) = (here.interval, there.interval) else {
            return Err(TestCaseError::fail("two items have an interval"));
        };
        prop_assert!(a.low <= here.ratio && here.ratio <= a.high);
        prop_assert!((a.low * b.high - 1.0).abs() < 1e-9 && (a.high * b.low - 1.0).abs() < 1e-9);
    }
}

/// Whether an interval leaves 0 out.
fn excludes_zero(interval: record::Interval) -> bool {
    interval.low > 0.0 || interval.high < 0.0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_interval_and_p_of_graded_items_never_contradict_each_other(
        values in prop::collection::vec((-1.0f64..1.0, 1usize..6), 2..60),
        shift in -0.5f64..0.5,
        zeros in 0.0f64..1.0,
        seed: u64,
    ) {
        let units: Vec<Unit> = values
            .iter()
            .enumerate()
            .map(|(i, &(value, n))| {
                let same = (i as f64 + 0.5) / (values.len() as f64) < zeros;
                Unit { sum: if same { 0.0 } else { (value * 0.5 + shift).clamp(-1.0, 1.0) * n as f64 }, n }
            })
            .collect();
        let changed = units.iter().filter(|unit| unit.sum != 0.0).map(|unit| unit.n).sum();
        let found = graded(&units, changed, 300, seed);
        prop_assert_eq!(found.p < 0.05, excludes_zero(found.interval), "{:?}", found);
        prop_assert!(found.interval.low <= found.bounds.low && found.bounds.high <= found.interval.high);
        prop_assert!((units.len() < 6 || found.p >= sign_flip(&units, 300, seed)) && found.p <= 1.0);
    }
}

#[test]
fn the_interval_and_p_of_right_or_wrong_items_never_contradict_each_other() {
    let mut extended = 0;
    for dense_only in 0..60 {
        for compressed_only in 0..60 {
            for both in [0, 300, 20_000] {
                let pairs = PairCounts { both, dense_only, compressed_only, neither: 1 };
                let found = right_or_wrong(pairs);
                assert_eq!(found.p, mcnemar(dense_only, compressed_only).mid_p);
                assert_eq!(found.p < 0.05, excludes_zero(found.interval), "{pairs:?} {found:?}");
                assert!(found.interval.low <= found.bounds.low && found.bounds.high <= found.interval.high);
                extended += usize::from(excludes_zero(tango(pairs, 0.95)) && found.p >= 0.05);
            }
        }
    }
    // Tango's interval alone contradicts mid-p in some of them, which is why it is extended.
    assert!(extended > 0);
}

#[test]
fn large_counts_agree_too() {
    for flips in [1_000u64, 10_000, 1_000_000] {
        // Around the place where p passes 0.05, one flip after the other.
        let edge = (flips as f64 / 2.0 - 0.98 * (flips as f64).sqrt()) as u64;
        for fewer in edge - 20..edge + 20 {
            let pairs = PairCounts { both: flips, dense_only: flips - fewer, compressed_only: fewer, neither: 0 };
            let found = right_or_wrong(pairs);
            assert_eq!(found.p < 0.05, excludes_zero(found.interval), "{pairs:?} {found:?}");
        }
    }
}

#[test]
fn the_numbers_do_not_depend_on_threads() {
    let values: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 41) / 41.0 - 0.6).collect();
    let once = || (bca(&units(&values), 2000, 11), sign_flip(&units(&values), 2000, 11));
    let alone = once();
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(once)).collect();
        for one in all {
            assert_eq!(one.join().ok().as_ref(), Some(&alone));
        }
    });
}

#[test]
fn bootstrap_and_tango_agree_where_both_apply() {
    let pairs = PairCounts { both: 800, dense_only: 60, compressed_only: 40, neither: 100 };
    let mut values = vec![0.0; 900];
    values.extend([-1.0; 60]);
    values.extend([1.0; 40]);
    let score = tango(pairs, 0.95);
    let drawn = bca(&units(&values), 10_000, 3).map(|d| d.interval(0.95));
    assert!(
        drawn.is_some_and(|d| (d.low - score.low).abs() < 0.002 && (d.high - score.high).abs() < 0.002),
        "{drawn:?} {score:?}"
    );
}
