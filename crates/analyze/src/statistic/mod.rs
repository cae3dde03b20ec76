//! The formulas, one file an idea. Shares are in [0, 1]; differences are compressed minus dense, in [-1, 1].

mod bootstrap;
mod budget;
mod comparison;
mod holm;
mod interval;
mod mcnemar;
mod planning;
mod pooled;
mod quantile;
mod repeats;
mod survival;
mod tango;

pub use bootstrap::{Bca, RESAMPLES, Unit, bca, sign_flip};
pub use budget::{CutOffs, Spent, TokenGrowth, cut_offs, token_growth};
pub use comparison::{Comparison, FEW_CHANGES, decide, effective_units, graded, right_or_wrong, unseen_share};
pub use holm::{benjamini_hochberg, holm};
pub use interval::{
    around, clustered_standard_error, mean, paired_standard_error, standard_error, unpaired_standard_error, wilson,
    with_unseen,
};
pub use mcnemar::{Mcnemar, PairCounts, mcnemar};
pub use planning::{connor, smallest_detectable, smallest_detectable_drop, unpaired_size};
pub use pooled::{Pooled, Stratum, pooled};
pub use quantile::{normal_quantile, normal_two_sided, t_quantile};
pub use repeats::{item_means, pass_at_k, pass_hat_k};
pub use survival::{
    FirstDifference, SuccessByDivergence, Successes, SurvivalStep, kaplan_meier, median_survival,
    success_given_divergence,
};
pub use tango::tango;
