//! `serve`: variants of a run as servers, ours or other people's.

use std::path::{Path, PathBuf};

use generate::Checkpoint;
use record::{VariantRecord, VariantSource, run_path};

use crate::run::{PICO, Run};
use crate::{Error, verb};

/// A program that serves models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerProgram {
    /// vLLM.
    Vllm,
    /// SGLang.
    Sglang,
    /// llama.cpp's `llama-server`.
    LlamaCpp,
}

/// The first port of the commands; each variant has the next.
const PORT: u16 = 8000;

/// A variant's checkpoint, made if it is not yet.
///
/// # Errors
/// A variant that the run has not, or that has no weights here.
pub fn variant_checkpoint(run: &Run, name: &str, watch: &mut crate::Watch<'_>) -> Result<Checkpoint, Error> {
    let variant = run.variant(name)?;
    if !variant.source.is_local() {
        let problem = "its weights are not here".to_owned();
        return Err(Error::Flag { flag: "--variant", value: name.to_owned(), problem });
    }
    if matches!(variant.source, VariantSource::Compressed { .. }) {
        let _lock = run.lock()?;
        verb::compress_variant(run, variant, watch)?;
    }
    run.running(variant)
}

/// The commands that serve the variants of a run with another program, and the one that evaluates them there. A line that
/// begins with `#` says why a variant cannot be served so.
pub fn server_commands(run: &Run, program: ServerProgram) -> Vec<String> {
    let context = run.record.model.context.unwrap_or(4096);
    let mut lines = Vec::new();
    let mut served = Vec::new();
    for variant in &run.record.variants {
        let port = PORT + served.len() as u16;
        match place(run, variant)
            .and_then(|path| command(program, &path, &Model { name: &variant.name, context, port }))
        {
            Ok(line) => {
                lines.push(line);
                served.push(format!("{}=http://127.0.0.1:{port}/v1#{}", variant.name, variant.name));
            }
            Err(why) => lines.push(format!("# {}: {why}", variant.name)),
        }
    }
    if !served.is_empty() {
        let tasks: Vec<&str> = run.record.tasks.iter().map(|task| task.task.as_str()).collect();
        let model = quoted(&run.record.model.name);
        let (served, tasks) = (served.join(" "), tasks.join(" "));
        lines.push(format!("acbench evaluate --model_name {model} --variant {served} --tasks {tasks}"));
    }
    lines
}

/// How a model is to be served.
struct Model<'a> {
    name: &'a str,
    context: usize,
    port: u16,
}

/// Where a variant's weights are.
fn place(run: &Run, variant: &VariantRecord) -> Result<PathBuf, String> {
    match &variant.source {
        VariantSource::Dense if run.record.model.name == PICO => {
            Err("the bundled model is in this program; `acbench serve` serves it".to_owned())
        }
        VariantSource::Dense => Ok(PathBuf::from(&run.record.model.name)),
        VariantSource::Compressed { .. } => {
            let path = run_path::checkpoint(&run.root, &variant.name);
            let made = path.is_dir().then(|| std::path::absolute(&path).unwrap_or(path));
            made.ok_or_else(|| format!("it is not compressed yet: `acbench generate {}` does it", run.root.display()))
        }
        VariantSource::Checkpoint { path, .. } => Ok(path.clone()),
        VariantSource::Endpoint { addresses, .. } => Err(format!("it is served already: {}", addresses.join(", "))),
        VariantSource::Scripted { .. } => Err("it is a file of replies".to_owned()),
    }
}

fn command(program: ServerProgram, path: &Path, model: &Model<'_>) -> Result<String, String> {
    let &Model { name, context, port } = model;
    let gguf = path.extension().is_some_and(|end| end == "gguf");
    let path = quoted(&path.display().to_string());
    match program {
        // Without this vLLM fills what a request leaves open from the model's generation_config.json.
        ServerProgram::Vllm => Ok(format!(
            "vllm serve {path} --served-model-name {name} --max-model-len {context} --generation-config vllm --port {port}"
        )),
        ServerProgram::Sglang => Ok(format!(
            "python -m sglang.launch_server --model-path {path} --served-model-name {name} --context-length {context} \
             --sampling-defaults openai --port {port}"
        )),
        ServerProgram::LlamaCpp if gguf => {
            Ok(format!("llama-server --model {path} --alias {name} --ctx-size {context} --jinja --port {port}"))
        }
        ServerProgram::LlamaCpp => {
            Err("llama.cpp reads GGUF files: `acbench compress --format gguf` writes one where the method allows it"
                .to_owned())
        }
    }
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.+:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_variant_and_its_context() {
        let model = Model { name: "gptq", context: 2048, port: 8001 };
        let of = |program, path: &str| command(program, Path::new(path), &model);
        let vllm = of(ServerProgram::Vllm, "/a b/c").unwrap_or_default();
        assert!(vllm.starts_with("vllm serve '/a b/c' --served-model-name gptq --max-model-len 2048"), "{vllm}");
        assert!(of(ServerProgram::LlamaCpp, "/a").is_err());
        assert!(of(ServerProgram::LlamaCpp, "/a/m.gguf").is_ok_and(|line| line.contains("--alias gptq")));
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
