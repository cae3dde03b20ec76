//! The flags that decide what an evaluation finds.

use std::path::{Path, PathBuf};
use std::time::Duration;

use acbench::{
    BadRows, CalibrationChoice, Checkpoint, Cost, Error, GenerateOptions, Recipe, Run, RunSpec, Sampling, SeqLength,
    ServerOptions, Similarities, Similarity,
};
use clap::{ArgAction, Args};

use super::asked::{ActivationsArg, AgentArg, CallingArg, ThinkingArg};
use super::output;
use super::progress::Progress;

/// The flags of [`RunArgs`] that decide what a run is: all but those of speed. (The group that clap makes of a struct is
/// empty where it has structs in it.)
pub(crate) const RUN_ARGS: [&str; 27] = [
    "ModelArgs",
    "CompressionArgs",
    "SimilarityArgs",
    "methods",
    "variants",
    "tasks",
    "data",
    "skip_bad_rows",
    "limit",
    "margin",
    "scoring",
    "num_fewshot",
    "max_seq_length",
    "thinking",
    "calling",
    "max_thinking_tokens",
    "max_reply_tokens",
    "agent",
    "epochs",
    "temperature",
    "top_p",
    "top_k",
    "activations",
    "chat_template",
    "template_args",
    "replies",
    "output",
];

/// Which model, how compressed, asked what.
#[derive(Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,

    /// Methods to compare with the dense model (`acbench list methods`), separated by spaces or commas
    #[arg(long = "compression_method", alias = "method", value_name = "METHOD", num_args = 1.., value_delimiter = ',')]
    methods: Vec<String>,

    #[command(flatten)]
    compression: CompressionArgs,

    /// Checkpoints that somebody made before, to compare with the dense model: NAME=PATH, a folder, a GGUF file, or
    /// OWNER/NAME[@REVISION] of the hub. They are asked in the dense model's tokens and chat template. Or models behind
    /// OpenAI-compatible servers: NAME=http://HOST:PORT/v1#MODEL, several addresses with commas; dense=http://.. takes the
    /// dense model's place
    #[arg(long = "variant", value_name = "NAME=PATH", num_args = 1.., conflicts_with = "replies")]
    variants: Vec<String>,

    /// Tasks or capabilities (`acbench list tasks`), separated by spaces or commas
    #[arg(long, value_name = "TASK", num_args = 1.., value_delimiter = ',', default_value = "all")]
    tasks: Vec<String>,

    /// Official data of a task: TASK=FOLDER; tasks without are generated. hub:OWNER/DATASET[@REVISION][/PATH] takes a
    /// folder of the hub; longbench may be given twice, its prompts in one folder and its rows in another
    #[arg(long, value_name = "TASK=FOLDER", num_args = 1..)]
    data: Vec<String>,

    /// Leave out rows of official data that cannot be used, and say which; without it they are an error
    #[arg(long = "skip_bad_rows")]
    skip_bad_rows: bool,

    /// At most this many samples of each task
    #[arg(long, value_name = "N", value_parser = positive)]
    limit: Option<usize>,

    /// Verdict margin in points of 100: a loss below it `holds`
    #[arg(long, value_name = "POINTS", default_value = "3", value_parser = points)]
    margin: f64,

    /// How replies are scored: `corrected`, without the faults of the reference scorers and in any natural form; `paper`, as
    /// they do, to compare with published tables; or one of them but for some of `acbench list deviations`, as in
    /// paper+first_value or corrected-teval.same_values
    #[arg(long, value_name = "SCORING", default_value = "corrected")]
    scoring: String,

    /// Worked examples before each question of generated tasks [default: 2; 0 for the bundled model, trained without]
    #[arg(long = "num_fewshot", value_name = "N", value_parser = few)]
    num_fewshot: Option<usize>,

    /// Tokens of the longest texts of generated tasks, reply included, or `full` for the whole context [default: 4096, or
    /// the context where it is less; 1024 for the bundled model]
    #[arg(long = "max_seq_length", value_name = "TOKENS", value_parser = length)]
    max_seq_length: Option<SeqLength>,

    /// Whether the model thinks before it replies, where its chat template has a switch for it. Thoughts are kept in the
    /// transcripts and never judged
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    thinking: ThinkingArg,

    /// How functions are offered in tasks that can do both (bfcl, and generated tool_query and tool_operation): `native`, as tools of the chat template; `prompting`, in
    /// the words of the prompt; `auto`, as tools where the template has a place for them. The report says which it was
    #[arg(long, value_name = "HOW", default_value = "auto")]
    calling: CallingArg,

    /// Tokens that a thought may have beside the reply's own limit; a longer one fails its sample. With --scoring paper a
    /// thought counts among the reply's tokens
    #[arg(long = "max_thinking_tokens", value_name = "N", default_value_t = 4096)]
    max_thinking_tokens: usize,

    /// Cut replies at so many tokens where their task allows more: for models that do not stop. Scores of such a run are
    /// compared with each other, not with other runs
    #[arg(long = "max_reply_tokens", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_reply_tokens: Option<u32>,

    /// How agents in environments reply
    #[arg(long, value_name = "STYLE", default_value = "act")]
    agent: AgentArg,

    #[command(flatten)]
    similarity: SimilarityArgs,

    /// Ask each sample so often, with other draws each time: how often all replies are right, and how much chance alone
    /// changes. Needs sampling: that of the checkpoint's generation_config.json, or --temperature
    #[arg(long, value_name = "K", default_value = "1", value_parser = epochs, conflicts_with = "replies")]
    epochs: usize,

    /// 0 takes the likeliest token [default: 0; with --epochs the checkpoint's own]
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    temperature: Option<f32>,

    /// Draw from the likeliest tokens that together have this probability [default: 1; with --epochs the checkpoint's own]
    #[arg(long = "top_p", value_name = "P", allow_negative_numbers = true)]
    top_p: Option<f32>,

    /// Draw from this many likeliest tokens; 0: from all [default: 0; with --epochs the checkpoint's own]
    #[arg(long = "top_k", value_name = "K")]
    top_k: Option<usize>,

    /// How inputs of linears are rounded while models run here: `int8` is how llama.cpp runs weights of 8 bits or fewer on
    /// processors, and servers with W4A8 kernels; `bf16` how it, and most servers, run bfloat16 weights. Other weights are
    /// multiplied as stored
    #[arg(long, value_name = "HOW", default_value = "stored")]
    activations: ActivationsArg,

    /// Render prompts with the checkpoint's chat template
    #[arg(long = "apply_chat_template", value_name = "BOOL", num_args = 0..=1, default_value = "true",
          default_missing_value = "true", action = ArgAction::Set, hide_possible_values = true)]
    chat_template: bool,

    /// What the chat template is given beside the conversation: enable_thinking=false reasoning_effort=low. true, false,
    /// none, numbers and JSON count as such, anything else as text
    #[arg(long = "template_args", value_name = "NAME=VALUE", num_args = 1..)]
    template_args: Vec<String>,

    /// JSON lines of replies that stand in for the model: {"variant", "sample", "turn", "text"}
    #[arg(long, value_name = "FILE", conflicts_with = "methods")]
    replies: Option<PathBuf>,

    /// The run folder [default: runs/ and a name made from what is asked]
    #[arg(long = "output_path", value_name = "DIR")]
    output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) speed: SpeedArgs,
}

/// Which model.
#[derive(Args)]
pub(crate) struct ModelArgs {
    /// A Hugging Face model folder, or OWNER/NAME[@REVISION] of the hub [default: the bundled model]
    #[arg(long = "model_name", alias = "model", value_name = "DIR")]
    pub(crate) model: Option<PathBuf>,
}

impl ModelArgs {
    /// The model's folder, downloaded where it is on the hub.
    pub(crate) fn folder(&self) -> Result<Option<PathBuf>, Error> {
        self.model.as_deref().map(|name| with_progress(|watch| acbench::hub::model_folder(name, watch))).transpose()
    }
}

/// Does something that may take a while before a verb begins.
fn with_progress<T>(work: impl FnOnce(&mut acbench::Watch<'_>) -> Result<T, Error>) -> Result<T, Error> {
    let mut progress = Progress::new();
    work(&mut |event| progress.show(event))
}

/// How texts are compared, in tasks that need it.
#[derive(Args)]
pub(crate) struct SimilarityArgs {
    /// What compares texts: the folder or hub name of a sentence-transformers model, as
    /// sentence-transformers/all-mpnet-base-v2, or `lexical` [default: lexical; `score`: as the run has it]
    #[arg(long, value_name = "MODEL")]
    embedder: Option<PathBuf>,

    /// The same for Chinese samples, as thenlper/gte-large-zh [default: the --embedder]
    #[arg(long = "embedder_zh", value_name = "MODEL")]
    embedder_zh: Option<PathBuf>,
}

impl SimilarityArgs {
    /// What was said, with models of the hub downloaded.
    pub(crate) fn resolve(&self) -> Result<Similarities, Error> {
        let one = |name: &Option<PathBuf>| -> Result<Option<Similarity>, Error> {
            match name.as_deref() {
                None => Ok(None),
                Some(name) if name.as_os_str() == "lexical" => Ok(Some(Similarity::Lexical)),
                Some(name) => {
                    let folder = with_progress(|watch| acbench::hub::model_folder(name, watch))?;
                    Ok(Some(Similarity::Embedder(folder)))
                }
            }
        };
        Ok(Similarities { all: one(&self.embedder)?, chinese: one(&self.embedder_zh)? })
    }
}

/// How a method is set.
#[derive(Args)]
pub(crate) struct CompressionArgs {
    /// Settings of the methods, separated by spaces or commas: bits=3 for all that have it, gptq.bits=3 for one;
    /// overrides=JSON gives single linears a width of their own (`acbench list methods`)
    #[arg(long = "method_args", value_name = "NAME=VALUE", num_args = 1..)]
    settings: Vec<String>,

    /// The same in a TOML file: names at the top, or in a table [gptq] for one method, and a table [[overrides]] (linears,
    /// bits) for each width of single linears; --method_args count more
    #[arg(long = "method_config", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Calibration text. `self[:TOKENS]`: text that the dense model writes itself; `twins`: training prompts of the twins;
    /// or a file: plain text, .zip of plain texts, .jsonl or a .json array with a field `text`, `messages` or
    /// `conversations` (a chat, as OpenAI's or ShareGPT's) or `input_ids` (tokens);
    /// hub:OWNER/DATASET[@REVISION]/PATH takes one of the hub. `auto`: twins for the bundled model; for any other
    /// WikiText-2 of the hub where that is in the cache or can be reached, else `self`
    #[arg(long, value_name = "TEXT", default_value = "auto")]
    calibration: CalibrationChoice,

    /// The seed of everything that is drawn
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

impl CompressionArgs {
    /// Which text recipes are calibrated on, its file downloaded where it is on the hub. `model`: absent for the bundled
    /// one.
    pub(crate) fn calibration(&self, model: Option<&Path>, recipes: &[Recipe]) -> Result<CalibrationChoice, Error> {
        match &self.calibration {
            CalibrationChoice::File(name) => {
                with_progress(|watch| acbench::hub::file(name, watch)).map(CalibrationChoice::File)
            }
            CalibrationChoice::Auto { .. } if model.is_some() && recipes.iter().any(Recipe::calibrates) => {
                with_progress(|watch| Ok(CalibrationChoice::Auto { english: acbench::hub::english(watch) }))
            }
            other => Ok(other.clone()),
        }
    }

    /// The methods of some names with the settings that were given, fitted to a checkpoint; what was chosen is said.
    pub(crate) fn methods(&self, names: &[String], checkpoint: &Checkpoint) -> Result<Vec<Recipe>, Error> {
        let recipes = acbench::methods(names, &self.settings()?, &acbench::widths(checkpoint.config()))?;
        for recipe in &recipes {
            recipe.note().iter().for_each(|note| output::complain(&format!("{}: {note}", recipe.variant_name())));
        }
        Ok(recipes)
    }

    /// All settings that were given, those that count more last.
    pub(crate) fn settings(&self) -> Result<Vec<String>, Error> {
        let mut all = self.config.as_deref().map_or_else(|| Ok(Vec::new()), acbench::settings_file)?;
        all.extend(self.settings.iter().flat_map(|text| acbench::cut_settings(text)));
        Ok(all)
    }
}

/// What changes how fast replies come, and nothing else.
#[derive(Args)]
pub(crate) struct SpeedArgs {
    /// Conversations under way at a time; it changes no reply
    #[arg(long = "batch_size", value_name = "N", default_value = "16", value_parser = positive)]
    batch_size: usize,

    /// Seconds that one request to a server may take
    #[arg(long = "request_timeout", value_name = "S", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    request_timeout: u64,

    /// A file with the key for servers [default: what ACBENCH_API_KEY says]; keys are kept nowhere
    #[arg(long = "api_key_file", value_name = "FILE")]
    api_key_file: Option<PathBuf>,

    /// Ask servers for replies in pieces, as they are written: for proxies that end what is silent for a minute. Whole
    /// replies are safer: of a stream not everything that is lost can be seen
    #[arg(long)]
    stream: bool,
}

impl SpeedArgs {
    pub(crate) fn how(&self) -> Result<GenerateOptions, Error> {
        Ok(GenerateOptions { batch_size: self.batch_size, servers: self.servers()? })
    }

    /// The same as flags, for a worker that another program starts.
    pub(crate) fn flags(&self) -> Vec<String> {
        let key =
            self.api_key_file.as_deref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
        let mut flags =
            vec![format!("--batch_size={}", self.batch_size), format!("--request_timeout={}", self.request_timeout)];
        flags.extend(self.stream.then(|| "--stream".to_owned()));
        flags.extend(key.map(|path| format!("--api_key_file={}", path.display())));
        flags
    }

    fn servers(&self) -> Result<ServerOptions, Error> {
        let how = ServerOptions::new(Duration::from_secs(self.request_timeout), self.api_key_file.as_deref())?;
        Ok(ServerOptions { stream: self.stream, ..how })
    }
}

impl RunArgs {
    /// Begins the run that is asked for, or resumes it.
    pub(crate) fn plan(&self) -> Result<Run, Error> {
        let tasks = acbench::tasks(&self.tasks)?;
        let model = self.model.folder()?;
        let served = acbench::served(&self.variants, &self.speed.servers()?)?;
        let checkpoint = acbench::asked_model(model.as_deref(), &served)?;
        let methods = self.compression.methods(&self.methods, &checkpoint)?;
        let spec = RunSpec {
            served,
            calibration: self.compression.calibration(model.as_deref(), &methods)?,
            model,
            methods,
            checkpoints: with_progress(|watch| acbench::ready_made(&self.variants, watch))?,
            data: with_progress(|watch| acbench::data(&self.data, &tasks, watch))?,
            tasks,
            bad_rows: if self.skip_bad_rows { BadRows::Skip } else { BadRows::Refuse },
            limit: self.limit,
            seed: self.compression.seed,
            scoring: acbench::scoring(&self.scoring)?,
            num_fewshot: self.num_fewshot,
            max_seq_length: self.max_seq_length.unwrap_or_default(),
            thinking: self.thinking.on(),
            calling: self.calling.said(),
            max_thinking_tokens: self.max_thinking_tokens,
            max_reply_tokens: self.max_reply_tokens.map(|tokens| tokens as usize),
            agent: self.agent.style(),
            similarities: self.similarity.resolve()?,
            epochs: self.epochs,
            sampling: self.sampling(&checkpoint)?,
            activations: self.activations.said(),
            chat_template: self.chat_template,
            template_args: acbench::template_args(&self.template_args)?,
            margin: self.margin / 100.0,
            replies: self.replies.clone(),
        };
        output::notes(checkpoint.notes());
        let run = acbench::plan(&spec, self.output.as_deref())?;
        for task in run.record.tasks.iter().filter(|task| !task.skipped.is_empty()) {
            let count = task.skipped.len();
            output::complain(&format!(
                "warning: {}: {count} rows left out:\n  {}",
                task.task,
                task.skipped.join("\n  ")
            ));
        }
        for note in &run.record.prompting.notes {
            output::complain(&format!("warning: {note}"));
        }
        for source in &run.record.tasks {
            for note in acbench::notes(&run, source)? {
                output::complain(&format!("warning: {}: {note}", source.task));
            }
        }
        // Of the bundled model all of it takes a minute or two.
        if spec.model.is_some() && spec.replies.is_none() {
            output::complain(&format!("note: {}", costs(&run, &acbench::cost(&run, &checkpoint)?)));
        }
        Ok(run)
    }

    /// How tokens are drawn: greedily, unless flags say otherwise; of samples that are asked several times, as the
    /// checkpoint's own configuration says, unless there is a temperature.
    fn sampling(&self, checkpoint: &Checkpoint) -> Result<Sampling, Error> {
        let own = match (self.epochs, self.temperature) {
            (2.., None) => Sampling::recommended(checkpoint)?,
            _ => Sampling::GREEDY,
        };
        let sampling = Sampling {
            temperature: self.temperature.unwrap_or(own.temperature),
            top_p: self.top_p.unwrap_or(own.top_p),
            top_k: self.top_k.unwrap_or(own.top_k),
        };
        sampling.check()?;
        if self.epochs > 1 && sampling.temperature == 0.0 {
            let problem = "greedy replies are the same each time, and the model's generation_config.json asks for no \
                           sampling: give --temperature, as in --temperature 0.7"
                .to_owned();
            return Err(Error::Flag { flag: "--epochs", value: self.epochs.to_string(), problem });
        }
        Ok(sampling)
    }
}

/// What a run asks and what it takes, in one sentence.
fn costs(run: &Run, cost: &Cost) -> String {
    let variants = match cost.variants {
        1 => "the dense model".to_owned(),
        more => format!("{more} variants"),
    };
    let prompting = &run.record.prompting;
    let generated = prompting.num_fewshot.zip(prompting.max_seq_length).map_or_else(String::new, |(shots, length)| {
        format!(" (generated tasks: {shots} worked examples before each question, texts of up to {length} tokens)")
    });
    let turns = if cost.turns { ", and the later turns of games beside them" } else { "" };
    let about = |seconds: f64| match seconds {
        ..5400.0 => format!("{:.0} min", (seconds / 60.0).max(1.0)),
        _ => format!("{:.1} h", seconds / 3600.0),
    };
    let time = cost.seconds.map_or_else(String::new, |(least, most)| {
        format!("; about {} to {} on this machine, compression not counted", about(least), about(most))
    });
    format!(
        "{variants}, {} samples each: {} tokens to read{generated} and at most {} to write{turns}{time}",
        cost.samples, cost.read, cost.written
    )
}

/// A whole number from 1 on.
pub(crate) fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "a whole number from 1 on".to_owned())
}

/// Times that a sample is asked: more than this tell nothing that more samples would not tell better.
const MOST_EPOCHS: usize = 100;

/// How often samples are asked.
fn epochs(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=MOST_EPOCHS).contains(number));
    number.ok_or_else(|| format!("a whole number from 1 to {MOST_EPOCHS}"))
}

/// Worked examples: more make no prompt better, and fill it.
const MOST_EXAMPLES: usize = 16;

/// A number of worked examples.
fn few(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number <= MOST_EXAMPLES);
    number.ok_or_else(|| format!("a whole number up to {MOST_EXAMPLES}"))
}

fn length(text: &str) -> Result<SeqLength, String> {
    text.parse()
}

/// Points between 0 and 100.
pub(crate) fn points(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    number.filter(|number| (0.0..=100.0).contains(number)).ok_or_else(|| "points between 0 and 100".to_owned())
}
