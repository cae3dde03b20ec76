//! Replies beyond windows and original contexts: with a cache, beside others and after prompts that begin alike they are
//! what a pass over the whole sequence says, token for token.

use std::error::Error;
use std::fs;
use std::path::Path;

use model::{Checkpoint, Model, Request, Session, SessionOptions};
use serde_json::{Value, json};

type Checked<T> = Result<T, Box<dyn Error>>;

/// The bundled model's folder with other settings.
fn changed(settings: &Value) -> Checked<tempfile::TempDir> {
    let (pico, copy) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("pico"), tempfile::tempdir()?);
    for name in ["model.safetensors", "tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
        fs::copy(pico.join(name), copy.path().join(name))?;
    }
    let mut config: Value = serde_json::from_slice(&fs::read(pico.join("config.json"))?)?;
    for (name, value) in settings.as_object().into_iter().flatten() {
        config[name.as_str()] = value.clone();
    }
    fs::write(copy.path().join("config.json"), config.to_string())?;
    Ok(copy)
}

/// Prompts of which several begin alike, shorter and longer than 40 tokens.
fn requests() -> Vec<Request> {
    let text: Vec<u32> = (0..70u32).map(|at| 300 + at * 71 % 1500).collect();
    let prompt =
        |(from, to): (usize, usize)| Request { prompt: text[from..to].to_vec(), max_tokens: 12, ..Request::default() };
    [(0, 30), (0, 39), (0, 40), (0, 60), (5, 45), (0, 35)].map(prompt).to_vec()
}

fn replies(model: &Model, checkpoint: &Checkpoint, options: SessionOptions) -> Checked<Vec<Vec<u32>>> {
    let replies = Session::new(model, checkpoint.tokenizer()?, options).generate(&requests());
    replies.into_iter().map(|reply| Ok(reply?.tokens)).collect()
}

/// That each token of every second reply is the most likely one after all before it, in one pass without a cache.
fn as_without_cache(model: &Model, replies: &[Vec<u32>]) -> Checked<()> {
    for (request, reply) in requests().iter().zip(replies).step_by(2) {
        let mut tokens = request.prompt.clone();
        for &token in reply {
            let states = model.hidden_states(&tokens)?;
            let logits = states.last().map(|last| model.head(&last.slice_rows(tokens.len() - 1..tokens.len())));
            let logits = logits.unwrap_or_default();
            let last = logits.row(0);
            let most = last.iter().fold(f32::NEG_INFINITY, |most, &logit| most.max(logit));
            assert_eq!(last[token as usize], most, "after {} tokens: {:?}", tokens.len(), model.config.rope);
            tokens.push(token);
        }
    }
    Ok(())
}

#[test]
fn replies_are_those_of_one_pass_without_a_cache() -> Checked<()> {
    let factors = |slow: f64| (0..16).map(|i| 1.0 + slow * f64::from(i)).collect::<Vec<_>>();
    let long = json!({"type": "longrope", "short_factor": factors(0.0), "long_factor": factors(0.3),
        "original_max_position_embeddings": 40});
    let mut all = Vec::new();
    for settings in [
        json!({}),
        json!({"use_sliding_window": true, "sliding_window": 1, "max_window_layers": 0}),
        json!({"use_sliding_window": true, "sliding_window": 9, "max_window_layers": 2}),
        json!({"max_position_embeddings": 40, "rope_scaling": {"type": "dynamic", "factor": 4.0}}),
        json!({"rope_scaling": {"type": "linear", "factor": 2.0}}),
        json!({"rope_scaling": {"type": "yarn", "factor": null, "original_max_position_embeddings": 40}}),
        json!({"rope_scaling": long}),
        json!({"partial_rotary_factor": 0.5}),
    ] {
        let folder = changed(&settings)?;
        let checkpoint = Checkpoint::open(folder.path())?;
        let model = Model::load(&checkpoint)?;
        let alone = SessionOptions { batch_size: 1, retained_bytes: 0, ..SessionOptions::default() };
        let expected = replies(&model, &checkpoint, alone)?;
        as_without_cache(&model, &expected)?;
        for (batch_size, retained_bytes) in [(1, 1 << 24), (3, 1 << 24), (6, 0)] {
            let options = SessionOptions { batch_size, retained_bytes, ..SessionOptions::default() };
            assert_eq!(replies(&model, &checkpoint, options)?, expected, "{settings} {options:?}");
        }
        all.push(model.logits(&requests()[3].prompt)?.data);
    }
    assert!((1..all.len()).all(|at| !all[..at].contains(&all[at])), "each setting changes something");
    Ok(())
}
