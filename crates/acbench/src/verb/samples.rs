//! `plan`: how many samples a margin needs, and what those of a run can show.

use analyze::statistic::{connor, smallest_detectable_drop};
use record::{Analysis, PairTest, Paired, SamplePlan, SampleSize, TaskSize, run_path};

use crate::Error;
use crate::run::Run;

/// Plans for a drop of `margin` (a share above 0) at each of some flip rates (shares); `samples` is a number to ask about,
/// `run` a run whose samples are looked at.
///
/// # Errors
/// A margin of 0, which no number of samples shows; a run without analysis.
pub fn sample_plan(margin: f64, flips: &[f64], samples: Option<usize>, run: Option<&Run>) -> Result<SamplePlan, Error> {
    if margin <= 0.0 {
        let problem = "no number of samples shows a drop of 0 points".to_owned();
        return Err(Error::Flag { flag: "--margin", value: (margin * 100.0).to_string(), problem });
    }
    let size = |flips: &f64| SampleSize {
        flips: *flips,
        // A drop brings its own flips.
        needed: connor(flips.max(margin), margin).ceil() as usize,
        detectable: samples.map(|n| smallest_detectable_drop(*flips, n as f64)),
    };
    let analysis: Option<Analysis> = run.map(|run| record::read_json(&run_path::analysis(&run.root))).transpose()?;
    let tasks = analysis.iter().flat_map(|analysis| &analysis.paired).map(|paired| task_size(paired, margin));
    Ok(SamplePlan { margin, samples, sizes: flips.iter().map(size).collect(), tasks: tasks.collect() })
}

fn task_size(paired: &Paired, margin: f64) -> TaskSize {
    // Right-or-wrong tasks: Connor's formula at the flips seen. Others: the drop that can be seen falls with the square root
    // of the number of samples.
    let needed = match paired.test {
        PairTest::McnemarMidP => connor(paired.flips.max(margin), margin),
        PairTest::PairedBootstrap => paired.n as f64 * (paired.detectable / margin).powi(2),
    };
    TaskSize {
        variant: paired.variant.clone(),
        task: paired.task.clone(),
        n: paired.n,
        flips: paired.flips,
        detectable: paired.detectable,
        needed: needed.ceil() as usize,
    }
}
