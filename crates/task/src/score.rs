//! The frame of a score: what no task decides.

use record::{Sample, Score, Scoring};

/// Every reply of a finished transcript is judged by the same frame: this fills the parts that no task decides.
pub fn scored(sample: &Sample, value: f64, metrics: Vec<(&str, f64)>, reason: impl Into<String>) -> Score {
    Score {
        sample: sample.id.clone(),
        outcome: record::Outcome::Finished,
        value,
        metrics: metrics.into_iter().map(|(name, number)| (name.to_owned(), number)).collect(),
        reason: reason.into(),
        fault: None,
        cluster: sample.cluster.clone(),
        tags: sample.tags.clone(),
    }
}

/// Tells form from content in scores of mode `corrected`: the metrics `form`, how much of the reply has the form that was
/// asked for, and `read`, how much of it could be read in whatever form; and the reason says which of the two it is about.
pub(crate) fn with_form(score: Score, scoring: Scoring, formed: impl Into<Share>, read: impl Into<Share>) -> Score {
    if !scoring.is_corrected() {
        return score;
    }
    let (Share(formed), Share(read), mut score) = (formed.into(), read.into(), score);
    score.metrics.extend([("form".to_owned(), formed), ("read".to_owned(), read)]);
    if read == 0.0 {
        score.reason.insert_str(0, "form: ");
    } else if formed < 1.0 {
        score.reason.push_str(if formed > 0.0 {
            "; partly in another form"
        } else {
            "; in another form than the asked one"
        });
    }
    score
}

/// A share, or all or nothing.
pub(crate) struct Share(f64);

impl From<bool> for Share {
    fn from(all: bool) -> Self {
        Self(f64::from(u8::from(all)))
    }
}

impl From<f64> for Share {
    fn from(share: f64) -> Self {
        Self(share)
    }
}
