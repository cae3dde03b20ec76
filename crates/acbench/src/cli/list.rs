//! `acbench list`

use acbench::{ARCHITECTURES, DEVIATIONS, Effects, FORMATS, FormatInfo, GgufKind, METHODS, PICO, TASKS};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::Failure;
use super::output;

/// List tasks, methods, models or deviations
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct List {
    /// What to list
    what: What,

    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  acbench list tasks
  acbench list methods --json
  acbench list deviations";

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// What can be asked, by capability
    Tasks,
    /// How a model can be compressed, with every setting and its default
    Methods,
    /// The bundled model; the architectures that can be run, the formats and block types that are read and written
    Models,
    /// What `--scoring corrected` does otherwise than the reference scorers, and what each changes on test cases
    Deviations,
}

impl List {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let (value, text) = match self.what {
            What::Tasks => (tasks_json(), tasks()),
            What::Methods => (methods_json(), methods()),
            What::Models => models()?,
            What::Deviations => (deviations_json(), deviations()),
        };
        if self.json {
            output::print_json(&value)?
        } else {
            output::print(&text)?
        };
        Ok(super::DONE)
    }
}

fn tasks() -> String {
    let line = |task: &&dyn task::Task| {
        let named = if task.info().named_only { " (runs where it is named)" } else { "" };
        format!("{:<13} {:<17} {}{named}\n", task.capability().as_str(), task.name(), task.about())
    };
    TASKS.iter().map(line).collect()
}

fn tasks_json() -> Value {
    TASKS
        .iter()
        .map(|task| {
            json!({
                "name": task.name(),
                "capability": task.capability().as_str(),
                "about": task.about(),
                "named_only": task.info().named_only,
            })
        })
        .collect()
}

fn methods() -> String {
    let mut text = String::new();
    for method in METHODS {
        text.push_str(&format!("{}: {}\n", method.name, method.about));
        for setting in method.all_settings() {
            let value = format!("{}={}", setting.name, setting.default.trim_matches('"'));
            text.push_str(&format!("    {value:<26} {}\n", setting.about));
        }
    }
    text
}

fn methods_json() -> Value {
    let settings = |method: &acbench::MethodInfo| -> Value {
        method
            .all_settings()
            .iter()
            .map(|setting| {
                json!({
                    "name": setting.name,
                    "aliases": setting.aliases,
                    "default": setting.default_value(),
                    "about": setting.about,
                })
            })
            .collect()
    };
    METHODS
        .iter()
        .map(|method| json!({"name": method.name, "about": method.about, "settings": settings(method)}))
        .collect()
}

/// What of each format is read; what is written is in [`FORMATS`].
const READ: &[(&str, &str)] = &[
    ("dense", "f32, f16 and bf16, f64 rounded to f32; one file, or shards with an index"),
    (
        "compressed-tensors",
        "pack-quantized of 1 to 8 bits, int-quantized (W8A8), float-quantized (FP8 by channel, tensor or block)",
    ),
    ("gptq", "v1 and v2 of 2, 3, 4 or 8 bits, act-order, `dynamic` rules for single modules"),
    ("gptq_v2", "as gptq"),
    ("awq", "GEMM, 4 bits"),
    ("gguf", "the block types below"),
    ("fp8", "quant_method fp8, in blocks or not"),
];

/// A format that is read, written or both.
struct Held {
    name: &'static str,
    read: &'static str,
    written: &'static str,
}

/// All that are written, and then those that are only read.
fn held() -> Vec<Held> {
    let read = |name: &str| READ.iter().find(|(known, _)| *known == name).map_or("", |(_, read)| read);
    let written =
        FORMATS.iter().map(|format| Held { name: format.name, read: read(format.name), written: format.about });
    let others = READ.iter().filter(|(name, _)| FormatInfo::named(name).is_none());
    written.chain(others.map(|&(name, read)| Held { name, read, written: "" })).collect()
}

fn models() -> Result<(Value, String), Failure> {
    let checkpoint = acbench::open_checkpoint(None)?;
    let (config, bytes, digest) =
        (checkpoint.config(), checkpoint.weight_bytes(), checkpoint.digest().map_err(acbench::Error::from)?);
    let families: Vec<&str> = ARCHITECTURES.iter().map(|architecture| architecture.model_type).collect();
    let blocks: Vec<&str> = GgufKind::all().map(GgufKind::name).collect();
    let mut text = format!(
        "{PICO}: bundled; {}, {} blocks of width {}, {:.1} MB, sha256 {}\n\
         Any Hugging Face folder or GGUF file of model_type {} runs with --model_name PATH.\n\nFormats:\n",
        config.model_type,
        config.layers,
        config.hidden_size,
        bytes as f64 / 1e6,
        &digest.get(..16).unwrap_or(&digest),
        families.join(", ")
    );
    let held = held();
    for Held { name, read, written } in &held {
        let done = [("read", read), ("written", written)].into_iter().filter(|(_, what)| !what.is_empty());
        for ((verb, what), name) in done.zip([name, ""]) {
            text.push_str(&format!("  {name:<19} {verb}: {what}\n"));
        }
    }
    text.push_str(&format!("\nGGUF block types that are read: {}\n", blocks.join(", ")));
    let formats: Vec<Value> =
        held.iter().map(|of| json!({"name": of.name, "read": of.read, "written": of.written})).collect();
    let value = json!({
        "bundled": [{"name": PICO, "model_type": config.model_type, "layers": config.layers,
                     "hidden_size": config.hidden_size, "weight_bytes": bytes, "sha256": digest}],
        "model_types": families,
        "formats": formats,
        "gguf_block_types": blocks,
    });
    Ok((value, text))
}

fn deviations() -> String {
    let measured = Effects::measured();
    let mut text = String::from(
        "Each alone, from --scoring paper: in how many test cases the score (or another metric) changes, and the mean\n\
         change in points.\n",
    );
    for of in DEVIATIONS.iter() {
        text.push_str(&format!("\n{}\n", of.task));
        let all = ("all", "all of them together: --scoring corrected");
        for (name, about) in (of.rows)().into_iter().chain([all]) {
            let effects: Vec<String> = measured
                .of(of.task, name)
                .into_iter()
                .map(|effect| {
                    let change = format!("{} of {}, {:+.2}", effect.changed, effect.cases, effect.mean_change);
                    if effect.metric == "value" { change } else { format!("{} {change}", effect.metric) }
                })
                .collect();
            text.push_str(&format!("  {name}: {about}\n      {}\n", effects.join("; ")));
        }
    }
    text
}

fn deviations_json() -> Value {
    let measured = Effects::measured();
    let described = |task: &str, name: &str, about: &str| {
        let effects = measured.of(task, name).into_iter().map(|effect| {
            json!({"metric": effect.metric, "file": effect.file, "cases": effect.cases, "changed": effect.changed,
                   "mean_change": effect.mean_change})
        });
        json!({"task": task, "name": name, "about": about, "effects": effects.collect::<Vec<_>>()})
    };
    let rows: Vec<Value> = DEVIATIONS
        .iter()
        .flat_map(|of| (of.rows)().into_iter().map(|(name, about)| described(of.task, name, about)).collect::<Vec<_>>())
        .collect();
    json!({"measured_on": measured.files, "deviations": rows})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_listed_once_whether_written_or_read() {
        let held = held();
        let written = held.iter().take_while(|of| !of.written.is_empty()).map(|of| of.name);
        assert!(written.eq(FORMATS.iter().map(|format| format.name)));
        assert!(
            READ.iter().all(|(name, read)| held.iter().filter(|of| of.name == *name && of.read == *read).count() == 1)
        );
    }
}
