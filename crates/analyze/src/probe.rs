//! From what variants predicted on the same text to what that says of them.

use record::{
    Distance, DistanceAt, ERank, Histogram, Interval, Positions, ProbeAnalysis, ProbeSummary, ProbeText, Spectrum,
    SpectrumOf, TopAgreement,
};

use crate::metric::energy::{energy_change, energy_of_log_sum_exp};
use crate::metric::erank::{erank_change, erank_covariance, erank_singular_values};
use crate::metric::perplexity::{likelihood, nll};
use crate::metric::ranking::{Agreement, Ranked, SIZES};
use crate::metric::{MetricError, summarize};
use crate::statistic::mean;

/// What a variant's probes hold.
#[derive(Debug, Clone, Copy)]
pub struct Probed<'a> {
    /// The variant.
    pub variant: &'a str,
    /// What it predicted.
    pub positions: &'a Positions,
    /// Spectra of its hidden states, logits and weights.
    pub spectra: &'a [Spectrum],
}

/// Bins of the energies' histograms.
const BINS: usize = 40;

/// The paper's three metrics, perplexity and the distances of every variant from the dense one, which comes first.
///
/// # Errors
/// Numbers that are none, or variants that did not read the same positions.
pub fn probes(texts: &[ProbeText], variants: &[Probed]) -> Result<ProbeAnalysis, MetricError> {
    let Some(dense) = variants.first() else { return Err(MetricError::Empty { what: "probed variant" }) };
    let places = Places::of(texts, dense.positions);
    let energies = |one: &Probed| one.positions.log_sum_exp.iter().map(|&sum| energy_of_log_sum_exp(sum)).collect();
    let energies: Vec<Vec<f64>> = variants.iter().map(energies).collect();
    let all = energies.iter().flatten();
    let (low, high) = all.fold((f64::MAX, f64::MIN), |(low, high), &energy| (low.min(energy), high.max(energy)));
    let mut summaries = Vec::new();
    for (one, energies) in variants.iter().zip(&energies) {
        let Positions { log_sum_exp, chosen, .. } = one.positions;
        let nll: Vec<f64> = log_sum_exp.iter().zip(chosen).map(|(&sum, &logit)| nll(sum, logit.into())).collect();
        summaries.push(ProbeSummary {
            variant: one.variant.to_owned(),
            perplexity: likelihood(&nll)?.perplexity(),
            energy: mean(energies),
            energies: histogram(energies, low, high),
            erank: one.spectra.iter().map(|spectrum| erank(spectrum, dense.spectra)).collect(),
            distance: match one.positions.beside {
                Some(_) => Some(distance(dense.positions, one.positions, &places)?),
                None => None,
            },
        });
    }
    Ok(ProbeAnalysis {
        texts: texts.len(),
        positions: dense.positions.len(),
        decisions: places.decisions.iter().filter(|decision| decision.is_some()).count(),
        variants: summaries,
    })
}

/// Where positions lie.
struct Places {
    /// The number of the sample that each is of.
    samples: Vec<usize>,
    /// What each decides.
    decisions: Vec<Option<record::Decision>>,
}

impl Places {
    fn of(texts: &[ProbeText], positions: &Positions) -> Self {
        let mut names: Vec<(&str, &str)> = texts.iter().map(|text| (&*text.source, &*text.sample)).collect();
        names.sort_unstable();
        names.dedup();
        let number = |text: &ProbeText| names.binary_search(&(&text.source, &text.sample)).unwrap_or(0);
        let numbers: Vec<usize> = texts.iter().map(number).collect();
        let samples = positions.text.iter().map(|&text| numbers.get(text as usize).copied().unwrap_or(0)).collect();
        let decision = |(&text, &token): (&u32, &u32)| texts.get(text as usize)?.decision(token as usize);
        Self { samples, decisions: positions.text.iter().zip(&positions.token).map(decision).collect() }
    }
}

fn histogram(energies: &[f64], low: f64, high: f64) -> Histogram {
    let mut counts = vec![0; BINS];
    let width = (high - low) / BINS as f64;
    for energy in energies {
        let bin = if width > 0.0 { ((energy - low) / width) as usize } else { 0 };
        counts[bin.min(BINS - 1)] += 1;
    }
    Histogram { low, high, counts }
}

fn erank(spectrum: &Spectrum, dense: &[Spectrum]) -> ERank {
    let both = |spectrum: &Spectrum| {
        let covariance = (!spectrum.covariance.is_empty()).then(|| erank_covariance(&spectrum.covariance)).flatten();
        (erank_singular_values(&spectrum.singular), covariance)
    };
    let (singular_values, covariance) = both(spectrum);
    let before = dense.iter().find(|other| other.of == spectrum.of).map(both).unwrap_or_default();
    let is_dense = dense.iter().any(|other| std::ptr::eq(other, spectrum));
    let change = |dense, own| erank_change(dense, own).filter(|_| !is_dense);
    ERank {
        of: match &spectrum.of {
            SpectrumOf::Hidden(layer) => format!("hidden.{layer}"),
            SpectrumOf::Logits => "logits".to_owned(),
            SpectrumOf::Weight(name) => name.clone(),
        },
        singular_values,
        covariance,
        change: change(before.0, singular_values),
        covariance_change: change(before.1, covariance),
    }
}

fn distance(dense: &Positions, own: &Positions, places: &Places) -> Result<Distance, MetricError> {
    let Some(beside) = own.beside.as_ref().filter(|beside| beside.kl.len() == dense.len() && own.top == dense.top)
    else {
        return Err(MetricError::Length { what: "positions of the variant", found: own.len(), expected: dense.len() });
    };
    let changes: Vec<f64> = (dense.log_sum_exp.iter().zip(&own.log_sum_exp))
        .map(|(&dense, &own)| energy_change(energy_of_log_sum_exp(dense), energy_of_log_sum_exp(own)))
        .collect();
    let top = dense.top;
    let wide = |logits: &[f32]| logits.iter().map(|&logit| f64::from(logit)).collect::<Vec<f64>>();
    let (mut agreements, mut first): (Vec<Vec<Agreement>>, Vec<f64>) = (vec![Vec::new(); SIZES.len()], Vec::new());
    for at in 0..dense.len() {
        let range = at * top..(at + 1) * top;
        let ranked = Ranked {
            dense: &dense.ids[range.clone()],
            compressed: &own.ids[range.clone()],
            dense_logits: &wide(&dense.logits[range.clone()]),
            compressed_logits: &wide(&beside.logits[range.clone()]),
        };
        for (all, k) in agreements.iter_mut().zip(SIZES) {
            all.push(ranked.agreement(k)?);
        }
        first.push(f64::from(u8::from(ranked.dense.first() == ranked.compressed.first())));
    }
    let top = SIZES.iter().zip(&agreements).map(|(&k, all)| TopAgreement {
        k,
        jaccard: mean_of(all.iter().map(|one| one.jaccard)),
        kendall: mean_of(all.iter().map(|one| one.kendall_tau)),
        spearman: mean_of(all.iter().map(|one| one.spearman_rho)),
    });
    let measured = Measured { kl: &beside.kl, acceptance: &beside.acceptance, first: &first, places };
    let mut at = vec![
        measured.at("all", &|_| true)?,
        measured.at("decisions", &|at| places.decisions[at].is_some())?,
        measured.at("elsewhere", &|at| places.decisions[at].is_none())?,
    ];
    for decision in record::Decision::ALL {
        at.push(measured.at(decision.as_str(), &|at| places.decisions[at] == Some(decision))?);
    }
    at.retain(|one| one.is_some());
    Ok(Distance { energy_change: mean(&changes), top: top.collect(), at: at.into_iter().flatten().collect() })
}

/// The mean of what is defined; `None` where nothing is.
fn mean_of(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let known: Vec<f64> = values.flatten().collect();
    (!known.is_empty()).then(|| mean(&known))
}

/// What was measured at every position.
struct Measured<'a> {
    kl: &'a [f64],
    acceptance: &'a [f64],
    /// 1 where both models have the same likeliest token, else 0.
    first: &'a [f64],
    places: &'a Places,
}

impl Measured<'_> {
    /// What it comes to at some of them; `None` where there are none.
    fn at(&self, name: &str, wanted: &dyn Fn(usize) -> bool) -> Result<Option<DistanceAt>, MetricError> {
        let which: Vec<usize> = (0..self.kl.len()).filter(|&at| wanted(at)).collect();
        if which.is_empty() {
            return Ok(None);
        }
        let of = |all: &[f64]| which.iter().map(|&at| all[at]).collect::<Vec<f64>>();
        let samples: Vec<usize> = which.iter().map(|&at| self.places.samples[at]).collect();
        let kl = summarize(&of(self.kl), &samples, Interval { low: 0.0, high: f64::INFINITY })?;
        let first = summarize(&of(self.first), &samples, Interval { low: 0.0, high: 1.0 })?;
        Ok(Some(DistanceAt {
            at: name.to_owned(),
            positions: which.len(),
            samples: kl.clusters,
            kl: kl.mean,
            kl_interval: kl.interval,
            kl_quantiles: [kl.median, kl.p95, kl.p99, kl.max],
            agreement: first.mean,
            agreement_interval: first.interval,
            acceptance: mean(&of(self.acceptance)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::{BesideDense, Decided, Decision};

    fn text(sample: &str, tokens: usize) -> ProbeText {
        let decisions = vec![Decided { decision: Decision::Tool, range: 2..3 }];
        let (source, sample) = ("t".to_owned(), sample.to_owned());
        ProbeText { source, sample, turn: 0, tokens: vec![0; tokens], from: 1, decisions }
    }

    /// Two texts of three tokens, the first of each given; a vocabulary of two.
    fn positions(logit: f32, kl: Option<[f64; 4]>) -> Positions {
        let sum = f64::from(logit).exp() + 1.0;
        Positions {
            top: 2,
            text: vec![0, 0, 1, 1],
            token: vec![1, 2, 1, 2],
            ids: if logit < 0.0 { [1, 0].repeat(4) } else { [0, 1].repeat(4) },
            logits: if logit < 0.0 { [0.0, logit].repeat(4) } else { [logit, 0.0].repeat(4) },
            log_sum_exp: vec![sum.ln(); 4],
            rest: vec![0.0; 4],
            chosen: vec![logit; 4],
            rank: vec![0; 4],
            beside: kl.map(|kl| BesideDense {
                logits: [logit, 0.0].repeat(4),
                kl: kl.to_vec(),
                acceptance: vec![0.75; 4],
            }),
        }
    }

    #[test]
    fn decisions_are_told_from_the_rest_and_the_dense_model_from_itself() -> Result<(), MetricError> {
        let spectrum = |singular: &[f64]| {
            vec![Spectrum { of: SpectrumOf::Hidden(1), singular: singular.to_vec(), covariance: vec![1.0, 1.0] }]
        };
        let (first, second) = (positions(1.0, None), positions(-1.0, Some([0.1, 0.3, 0.1, 0.5])));
        let (before, after) = (spectrum(&[1.0, 1.0]), spectrum(&[1.0, 0.0]));
        let of = |variant, positions, spectra| Probed { variant, positions, spectra };
        let found =
            probes(&[text("a", 3), text("b", 3)], &[of("dense", &first, &before[..]), of("x", &second, &after[..])])?;
        assert_eq!((found.texts, found.positions, found.decisions), (2, 4, 2));
        let [dense, other] = &found.variants[..] else { panic!("two variants") };
        assert!(dense.distance.is_none() && dense.erank[0].change.is_none());
        assert!((dense.perplexity - (1.0 + (-1.0f64).exp())).abs() < 1e-12);
        assert!((other.erank[0].change.unwrap_or_default() + 1.0).abs() < 1e-12);
        let distance = other.distance.clone().unwrap_or_default();
        let at = |name: &str| distance.at.iter().find(|at| at.at == name).cloned().unwrap_or_default();
        assert!((at("decisions").kl - 0.4).abs() < 1e-12 && (at("elsewhere").kl - 0.1).abs() < 1e-12);
        assert_eq!((at("tool").positions, at("all").samples, at("answer").positions), (2, 2, 0));
        assert_eq!((at("all").agreement, at("all").acceptance), (0.0, 0.75));
        assert_eq!((distance.top[0].jaccard, distance.top[1].jaccard), (Some(0.0), None));
        assert_eq!(dense.energies.counts.iter().sum::<usize>(), 4);
        assert!((distance.energy_change - 1.0).abs() < 1e-12);
        let short = Positions { beside: Some(BesideDense::default()), ..positions(0.0, None) };
        assert!(probes(&[], &[of("dense", &first, &[]), of("x", &short, &[])]).is_err());
        assert!(probes(&[], &[]).is_err());
        Ok(())
    }
}
