//! What must hold whatever the numbers are.

use analyze::statistic::{
    PairCounts, Unit, bca, benjamini_hochberg, connor, holm, mcnemar, sign_flip, smallest_detectable,
    smallest_detectable_drop, tango, wilson,
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
