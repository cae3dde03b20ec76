//! Quantiles and tails of the normal and of Student's t distribution.
//! The tails are `libm`'s, exact to the last digit; `statrs` has the inverses (its own tails keep some 11 digits).

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::erf::erfc_inv;

/// The `p` quantile of the standard normal distribution, `p` in (0, 1).
///
/// ```
/// assert!((analyze::statistic::normal_quantile(0.975) - 1.959963984540054).abs() < 1e-12);
/// ```
pub fn normal_quantile(p: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * p)
}

/// P(|Z| >= |z|) of a standard normal Z.
///
/// ```
/// assert!((analyze::statistic::normal_two_sided(1.959963984540054) - 0.05).abs() < 1e-12);
/// ```
pub fn normal_two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// P(Z <= z) of a standard normal Z.
pub(super) fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// The `p` quantile of Student's t with `freedom` degrees of freedom, `p` in (0, 1).
/// Without any degree of freedom nothing is known: infinite.
///
/// ```
/// // One degree of freedom is the Cauchy distribution: tan(pi (p - 1/2)).
/// assert!((analyze::statistic::t_quantile(0.75, 1) - 1.0).abs() < 1e-9);
/// assert!((analyze::statistic::t_quantile(0.975, 10) - 2.2281388519649385).abs() < 1e-9);
/// ```
pub fn t_quantile(p: f64, freedom: usize) -> f64 {
    t_quantile_of(p, freedom as f64)
}

/// The same for any positive number of degrees of freedom.
pub(super) fn t_quantile_of(p: f64, freedom: f64) -> f64 {
    if freedom <= 0.0 {
        return f64::INFINITY.copysign(p - 0.5);
    }
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(t) => t.inverse_cdf(p),
        Err(_) => normal_quantile(p),
    }
}

/// P(|T| >= |mean / error|) of Student's t with `freedom` > 0 degrees of freedom; without error 0, and 1 where the mean is
/// 0 too.
pub(super) fn t_two_sided(mean: f64, error: f64, freedom: f64) -> f64 {
    if mean == 0.0 {
        return 1.0;
    }
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(t) if error > 0.0 => 2.0 * t.cdf(-(mean / error).abs()),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_and_quantiles_of_t_belong_together() {
        for freedom in [1.0, 2.5, 11.0, 300.0] {
            for p in [0.6, 0.975, 0.9995] {
                let tail = t_two_sided(t_quantile_of(p, freedom), 1.0, freedom);
                assert!((tail - 2.0 * (1.0 - p)).abs() < 1e-9, "{freedom} {p}: {tail}");
            }
        }
        assert_eq!((t_two_sided(0.0, 0.0, 3.0), t_two_sided(0.1, 0.0, 3.0)), (1.0, 0.0));
    }
}
