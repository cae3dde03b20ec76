//! Tensors as their architecture names them, whatever a base model's file or a tied head calls them.

use serde_json::Value;

use crate::checkpoint::files::Files;
use crate::checkpoint::needed::Needed;
use crate::checkpoint::stacked::unstack;
use crate::checkpoint::tensors::Tensors;
use crate::format::same_values;
use crate::{Config, ModelError, arch};

/// The tensors of a folder, under the names of the architecture that `config` is of; all that it needs are there. Where the
/// files hold another head than a tied one, both forms of the configuration say so.
///
/// # Errors
/// No weights that can be read, or a tensor that is missing, with what is there instead.
pub(crate) fn read(files: &Files, config: &mut Config, config_json: &mut Value) -> Result<Tensors, ModelError> {
    let architecture = arch::named(&config.model_type, &files.path("config.json"))?;
    let needed = |config: &Config| Needed::of(architecture, config);
    // Whether a file is the model is told by its tensors as they will be named.
    let complete = |tensors: &Tensors| {
        let (mut tensors, mut config) = (tensors.clone(), config.clone());
        settle(&mut tensors, &needed(&config), &mut config, &mut Value::Null);
        needed(&config).first_absent(&tensors).is_none()
    };
    let mut tensors = Tensors::read(files, &complete)?;
    settle(&mut tensors, &needed(config), config, config_json);
    match needed(config).first_absent(&tensors) {
        None => Ok(tensors),
        Some(name) => Err(needed(config).lacking(&tensors, &name)),
    }
}

/// Gives tensors the names of the architecture, and settles which tensor the head is.
fn settle(tensors: &mut Tensors, needed: &Needed, config: &mut Config, config_json: &mut Value) {
    rename(tensors, needed);
    if let Some(experts) = config.experts.filter(|_| needed.stacks_experts()) {
        unstack(tensors, experts.count);
    }
    if config.tie_embeddings && !head_is_embedding(tensors, needed) {
        config.tie_embeddings = false;
        // So that a copy of this checkpoint says so.
        config_json["tie_word_embeddings"] = Value::from(false);
    }
}

/// A base model's tensors lack what stands before a whole model's, and some have it twice: transformers adds it or takes
/// it off once.
fn rename(tensors: &mut Tensors, needed: &Needed) {
    let prefix = needed.prefix();
    let canonical = |name: &str| {
        let alone = needed.inside().map(|part| name.replacen(part, "", 1)).filter(|name| needed.knows(name));
        let off = name.strip_prefix(prefix).filter(|rest| needed.knows(rest)).map(str::to_owned);
        alone.or(off).or_else(|| Some(format!("{prefix}{name}")).filter(|longer| needed.knows(longer)))
    };
    let promised = tensors.absent.keys().map(String::as_str);
    let strange: Vec<String> =
        tensors.names().chain(promised).filter(|name| !needed.knows(name)).map(str::to_owned).collect();
    for name in strange {
        match canonical(&name) {
            Some(canonical) => tensors.rename(&name, &canonical),
            None if needed.inside().is_some() && SEEING.iter().any(|part| name.contains(part)) => tensors.remove(&name),
            None => {}
        }
    }
}

/// Parts of a larger model that its decoder does without.
const SEEING: [&str; 2] = ["vision_tower.", "multi_modal_projector."];

/// Whether the head of a model whose configuration ties it is the embedding: not where the files hold another one, which
/// then counts, as in transformers 5. A file may hold the one matrix under the head's name alone.
fn head_is_embedding(tensors: &mut Tensors, needed: &Needed) -> bool {
    let head = format!("{}.weight", needed.head());
    if !tensors.has_module(needed.head()) {
        return true;
    }
    if !tensors.has(needed.embedding()) {
        tensors.rename(&head, needed.embedding());
        return true;
    }
    let (embedding, own) = (tensors.get(needed.embedding()), tensors.get(&head));
    if let (Ok(embedding), Ok(own)) = (embedding, own)
        && same_values(&embedding, &own)
    {
        tensors.remove(&head);
        return true;
    }
    tensors.notes.push(format!(
        "config.json ties the head to the embedding (tie_word_embeddings), but the files hold another `{}`: the file's \
         head counts, as in transformers 5",
        needed.head()
    ));
    false
}
