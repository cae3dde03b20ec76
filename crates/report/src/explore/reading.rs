//! What variants make of the dense model's replies, token by token, where they were probed.

use record::Decision;
use serde::Serialize;

use super::items::Items;

/// A reply of the dense model as the compressed variants read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The sample.
    pub sample: String,
    /// Which turn of it, from 0.
    pub turn: usize,
    /// The reply's tokens as text.
    pub pieces: Vec<String>,
    /// What each decides.
    pub decisions: Vec<Option<Decision>>,
    /// For each variant that read it, by its place in the run: KL(dense || variant) in nats, token by token.
    pub kl: Vec<(usize, Vec<f64>)>,
}

/// A reading as a file has it: the sample's place, the turn, the pieces, a letter a token for what it decides, and
/// thousandths of a nat by variant.
#[derive(Serialize)]
pub(super) struct Row<'a>(usize, usize, &'a [String], String, Vec<(usize, Vec<u64>)>);

/// The readings of samples that are known.
pub(super) fn rows<'a>(readings: &'a [Reading], items: &Items) -> Vec<Row<'a>> {
    readings.iter().filter_map(|reading| Some(row(reading, items.known(&reading.sample)?))).collect()
}

fn row(reading: &Reading, item: usize) -> Row<'_> {
    let thousandths = |kl: &Vec<f64>| kl.iter().map(|nats| (nats.max(0.0) * 1000.0).round() as u64).collect();
    let kl = reading.kl.iter().map(|(variant, kl)| (*variant, thousandths(kl))).collect();
    Row(item, reading.turn, &reading.pieces, reading.decisions.iter().map(letter).collect(), kl)
}

/// The first letter, of arguments another, since actions begin with it too.
fn letter(decision: &Option<Decision>) -> char {
    match decision {
        None => '.',
        Some(Decision::Tool) => 't',
        Some(Decision::Argument) => 'g',
        Some(Decision::Action) => 'a',
        Some(Decision::Answer) => 'w',
        Some(Decision::End) => 'e',
    }
}
