//! Perplexity of checkpoints on a text: `perplexity TEXT WINDOWS LENGTH FOLDER...`
//!
//! The text is cut into windows of LENGTH tokens; WINDOWS of them, evenly spread, are read one by one, each from its own
//! beginning, and every token but the first is guessed: `exp(mean of -ln p)`. One line a folder: the perplexity, and the
//! folder.

use std::error::Error;
use std::path::Path;

use model::{Checkpoint, Model};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [text, windows, length, folders @ ..] = &arguments[..] else {
        return Err("usage: perplexity TEXT WINDOWS LENGTH FOLDER...".into());
    };
    let (text, windows, length) = (std::fs::read_to_string(text)?, windows.parse()?, length.parse::<usize>()?);
    for folder in folders {
        println!("{:10.4} {folder}", perplexity(Path::new(folder), &text, windows, length)?);
    }
    Ok(())
}

fn perplexity(folder: &Path, text: &str, windows: usize, length: usize) -> Result<f64, Box<dyn Error>> {
    let checkpoint = Checkpoint::open(folder)?;
    let tokens = checkpoint.tokenizer()?.encode(text, false)?;
    let all: Vec<&[u32]> = tokens.chunks_exact(length.max(2)).collect();
    let windows = windows.clamp(1, all.len().max(1));
    let model = Model::load(&checkpoint)?;
    let (mut sum, mut count) = (0.0, 0);
    for at in 0..windows {
        let window = all.get(at * all.len() / windows).ok_or("the text is shorter than a window")?;
        let logits = model.logits(window)?;
        for (row, &next) in window[1..].iter().enumerate() {
            sum += surprise(logits.row(row), next as usize);
            count += 1;
        }
    }
    Ok((sum / f64::from(count)).exp())
}

/// `-ln p` of a token.
fn surprise(logits: &[f32], token: usize) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - most).exp()).sum();
    sum.ln() - f64::from(logits[token] - most)
}
