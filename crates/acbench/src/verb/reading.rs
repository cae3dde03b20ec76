//! How far variants part from the dense model at each token of its replies, for the page.

use std::collections::BTreeMap;

use generate::Tokenizer;
use record::{DENSE, Positions, ProbeText, run_path};
use report::Reading;

use super::probe::probe_digest;
use crate::Error;
use crate::run::Run;

/// The readings of a run by task: nothing where it was not probed, or where the dense model's tokenizer is gone.
///
/// # Errors
/// Probes that are broken.
pub(crate) fn readings(run: &Run) -> Result<BTreeMap<String, Vec<Reading>>, Error> {
    let mut all = BTreeMap::new();
    let Some(digest) = probe_digest(run)? else { return Ok(all) };
    let Ok(checkpoint) = run.checkpoint() else { return Ok(all) };
    let Ok(tokenizer) = checkpoint.tokenizer() else { return Ok(all) };
    let texts: Vec<ProbeText> = record::read_jsonl(&run_path::probe_texts(&run.root))?;
    let mut variants = Vec::new();
    for (place, variant) in run.record.variants.iter().enumerate().filter(|(_, variant)| variant.name != DENSE) {
        let read = generate::read_probes(&run_path::probes(&run.root, &variant.name), &digest)?;
        variants.extend(read.map(|(positions, _)| (place, by_text(&positions, texts.len()))));
    }
    for (at, text) in
        texts.iter().enumerate().filter(|(_, text)| run.record.tasks.iter().any(|of| of.task == text.source))
    {
        let kl = variants.iter().filter_map(|(place, by_text)| Some((*place, by_text.get(at)?.clone()))).collect();
        all.entry(text.source.clone()).or_insert_with(Vec::new).push(Reading {
            sample: text.sample.clone(),
            turn: text.turn,
            pieces: pieces(tokenizer, text.tokens.get(text.from..).unwrap_or_default()),
            decisions: (text.from..text.tokens.len()).map(|token| text.decision(token)).collect(),
            kl,
        });
    }
    Ok(all)
}

/// The KL at the tokens of each text.
fn by_text(positions: &Positions, texts: usize) -> Vec<Vec<f64>> {
    let mut all = vec![Vec::new(); texts];
    let kl = positions.beside.iter().flat_map(|beside| &beside.kl);
    for (text, kl) in positions.text.iter().zip(kl) {
        if let Some(of) = all.get_mut(*text as usize) {
            of.push(*kl);
        }
    }
    all
}

/// Each token's part of the text. A character of several tokens is the last one's; so is what marks an end.
fn pieces(tokenizer: &Tokenizer, tokens: &[u32]) -> Vec<String> {
    let mut known = String::new();
    let piece = |to: usize| {
        let text = tokenizer.decode(&tokens[..to]).unwrap_or_default();
        if text.ends_with(char::REPLACEMENT_CHARACTER) && to < tokens.len() {
            return String::new();
        }
        let piece = text.strip_prefix(&known).unwrap_or_default().to_owned();
        known = text;
        piece
    };
    (1..=tokens.len()).map(piece).collect()
}
