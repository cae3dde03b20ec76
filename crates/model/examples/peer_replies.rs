//! Compares a checkpoint with what other programs made of it, as `tools/peers/smollm2.sh` does:
//!
//! ```text
//! cargo run --release -p model --example peer_replies -- CHECKPOINT REQUEST.json
//! ```
//!
//! REQUEST is `{"texts": [..], "ids": [[..]], "prompts": [[..]], "replies": [[..]]}`: the ids of each text, and the greedy
//! reply to each prompt, end token included. Where a reply differs, the margin is shown: by how much the likelier token's
//! logit is above the other's, in this program. Fails where ids differ, or a reply by more than `NEAR`.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use model::{Checkpoint, Model, Request, Sampling, Session, SessionOptions};
use serde::Deserialize;

/// Where two logits are nearer than this, the order of additions decides.
const NEAR: f32 = 1e-3;

#[derive(Deserialize)]
struct Asked {
    texts: Vec<String>,
    ids: Vec<Vec<u32>>,
    prompts: Vec<Vec<u32>>,
    replies: Vec<Vec<u32>>,
}

/// User and system seconds so far, at 100 ticks a second; 0 where there is no such file.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// How many texts have the same ids.
fn same_ids(checkpoint: &Checkpoint, asked: &Asked) -> Result<usize, Box<dyn Error>> {
    let mut same = 0;
    for (text, ids) in asked.texts.iter().zip(&asked.ids) {
        let ours = checkpoint.tokenizer()?.encode(text, true)?;
        same += usize::from(ours == *ids);
        if ours != *ids {
            println!("{text:?}: {ours:?}, theirs {ids:?}");
        }
    }
    Ok(same)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, request] = &args[..] else { return Err("CHECKPOINT REQUEST.json".into()) };
    let asked: Asked = serde_json::from_str(&std::fs::read_to_string(request)?)?;
    let checkpoint = Checkpoint::open(Path::new(folder))?;
    let same = same_ids(&checkpoint, &asked)?;
    println!("ids: {same} of {} texts are the same", asked.texts.len());
    let (began, loading) = (Instant::now(), cpu());
    let model = Model::load(&checkpoint)?;
    println!("loaded in {:.2} s, {:.2} CPU s", began.elapsed().as_secs_f64(), cpu() - loading);
    let (mut equal, mut worst) = (0, 0f32);
    let (mut tokens, mut seconds) = ([0; 2], [0.0; 2]);
    for (at, (prompt, theirs)) in asked.prompts.iter().zip(&asked.replies).enumerate() {
        for (what, most) in [1, theirs.len()].into_iter().enumerate() {
            let options = SessionOptions { batch_size: 1, retained_bytes: 0, ..SessionOptions::default() };
            let (prompt, sampling) = (prompt.clone(), Sampling::GREEDY);
            let request = Request { prompt, sampling, max_tokens: most, ..Request::default() };
            let used = cpu();
            let replies = Session::new(&model, checkpoint.tokenizer()?, options).generate(&[request]);
            seconds[what] += cpu() - used;
            let ours = replies.into_iter().next().ok_or("no reply")??.tokens;
            tokens[what] += ours.len();
            if what == 0 {
                continue;
            }
            let ends = |id: &&u32| !checkpoint.tokenizer().is_ok_and(|tokenizer| tokenizer.eos().contains(id));
            let (ours, theirs): (Vec<u32>, Vec<u32>) =
                (ours.iter().take_while(ends).copied().collect(), theirs.iter().take_while(ends).copied().collect());
            let Some(first) = (0..ours.len().max(theirs.len())).find(|&i| ours.get(i) != theirs.get(i)) else {
                equal += 1;
                continue;
            };
            let logits = model.logits(&[&asked.prompts[at][..], &ours[..first]].concat())?;
            let last = logits.row(logits.rows - 1);
            let best = last.iter().fold(f32::MIN, |most, &logit| most.max(logit));
            let other = theirs.get(first).map_or(f32::MIN, |&id| last[id as usize]);
            println!("reply {at} differs at token {first}, margin {}", best - other);
            worst = worst.max(best - other);
        }
    }
    let read: usize = asked.prompts.iter().map(Vec::len).sum();
    println!("replies: {equal} of {} are the same", asked.prompts.len());
    println!(
        "{read} tokens read in {:.2} CPU s, {} written in {:.2} CPU s",
        seconds[0],
        tokens[1],
        seconds[1] - seconds[0]
    );
    if same < asked.texts.len() || worst > NEAR {
        return Err(format!("{} texts and replies by up to {worst} differ", asked.texts.len() - same).into());
    }
    Ok(())
}
