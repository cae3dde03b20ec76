//! `acbench serve`

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use acbench::{ModelServer, Run, ServeOptions, ServerOptions, ServerProgram};
use clap::{Args, ValueEnum};

use super::Failure;
use super::asked::ActivationsArg;
use super::output;
use super::progress::Progress;

/// What `--print` says.
#[derive(Clone, Copy, ValueEnum)]
enum Program {
    /// vLLM
    Vllm,
    /// SGLang
    Sglang,
    /// llama.cpp
    #[value(name = "llama.cpp", alias = "llama_cpp")]
    LlamaCpp,
}

/// Serve a variant of a run, or any model, as an OpenAI-compatible server; or print how other programs serve it, or check them
///
/// Replies are those of an evaluation. Only this machine can reach it unless --host says otherwise, and only who sends the
/// key: that of ACBENCH_API_KEY, else one that is printed.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    /// The run folder, or a model: a folder, a GGUF file; without one the bundled model
    #[arg(value_name = "RUN|MODEL")]
    place: Option<PathBuf>,

    /// Which variant of the run
    #[arg(long, value_name = "NAME", default_value = "dense")]
    variant: String,

    /// Print the commands with which another program serves the variants of the run
    #[arg(long, value_enum, value_name = "PROGRAM")]
    print: Option<Program>,

    /// Hold a running server against the variant: its template, and whose tokens it says
    #[arg(long, value_name = "ADDRESS", conflicts_with = "print")]
    check: Option<String>,

    /// A file with the key of the server that is checked [default: what ACBENCH_API_KEY says]
    #[arg(long = "api_key_file", value_name = "FILE", requires = "check")]
    api_key_file: Option<PathBuf>,

    /// Print what was checked as JSON
    #[arg(long, requires = "check")]
    json: bool,

    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 8000)]
    port: u16,

    /// The address that it listens at
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,

    /// Ask for no key
    #[arg(long = "no_key")]
    no_key: bool,

    /// How inputs of linears are rounded, as in `acbench evaluate` [default: as the run says, else `stored`]
    #[arg(long, value_name = "HOW", conflicts_with = "print")]
    activations: Option<ActivationsArg>,

    /// Replies that are made at the same time
    #[arg(long = "batch_size", value_name = "N", default_value_t = 16)]
    batch_size: usize,
}

const EXAMPLES: &str = "\
Examples:
  acbench serve runs/needle --variant gptq-w4-g128 --port 8001
  acbench serve ./SmolLM2-135M-Instruct.Q4_1.gguf --no_key
  acbench serve runs/needle --print vllm     one command a variant, and the one that evaluates them
  acbench serve runs/needle --variant gptq-w4-g128 --check http://gpu2:8000/v1#gptq

Exit codes of --check: 0 it is the variant; 1 it is not, or its template is another; 2 it cannot be asked.";

/// A server is not what it should be.
#[cfg(feature = "endpoint")]
const ANOTHER: u8 = 1;
/// How long a server that is checked may take for a reply.
const PATIENCE: Duration = Duration::from_secs(600);

impl Serve {
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let run = self.place.as_deref().filter(|place| place.join("run.json").is_file()).map(Run::open).transpose()?;
        if let Some(program) = self.print {
            let run = run.map_or_else(|| Run::open(self.place.as_deref().unwrap_or(Path::new("."))), Ok)?;
            let program = match program {
                Program::Vllm => ServerProgram::Vllm,
                Program::Sglang => ServerProgram::Sglang,
                Program::LlamaCpp => ServerProgram::LlamaCpp,
            };
            acbench::server_commands(&run, program).iter().try_for_each(|line| output::print(&format!("{line}\n")))?;
            return Ok(super::DONE);
        }
        let mut progress = Progress::new();
        let (checkpoint, name) = match &run {
            Some(run) => {
                let checkpoint = acbench::variant_checkpoint(run, &self.variant, &mut |event| progress.show(event))?;
                (checkpoint, self.variant.clone())
            }
            None => {
                let name = self.place.as_deref().map_or_else(|| acbench::PICO.to_owned(), acbench::label);
                (acbench::open_checkpoint(self.place.as_deref())?, name)
            }
        };
        let checkpoint = match self.activations {
            Some(activations) => checkpoint.with_activations(activations.said()),
            None => checkpoint,
        };
        if let Some(address) = &self.check {
            let how = ServerOptions::new(PATIENCE, self.api_key_file.as_deref())?;
            return self.held((run.as_ref(), &name), &checkpoint, (address, &how), &mut progress);
        }
        let options = ServeOptions {
            host: self.host,
            port: self.port,
            name,
            key: (!self.no_key).then(acbench::server_key),
            batch_size: self.batch_size,
        };
        let server = ModelServer::bind(checkpoint, options.clone())?;
        output::print(&format!("{}#{}\n", server.address(), options.name))?;
        if let Some(key) = options.key.filter(|_| std::env::var_os("ACBENCH_API_KEY").is_none()) {
            output::complain(&format!("key: {key}"));
        }
        server.run()?;
        Ok(super::DONE)
    }

    /// Checks a server and says what was found.
    #[cfg(feature = "endpoint")]
    fn held(
        &self,
        (run, name): (Option<&Run>, &str),
        checkpoint: &::generate::Checkpoint,
        (address, how): (&str, &ServerOptions),
        progress: &mut Progress,
    ) -> Result<u8, Failure> {
        let address = acbench::server_address("--check", address)?;
        let found = acbench::check_server((run, name), checkpoint, &address, how, &mut |event| progress.show(event))?;
        if self.json {
            output::print_json(&serde_json::to_value(&found).unwrap_or_default())?;
        } else {
            output::print(&found.text(name))?;
        }
        Ok(if found.problems.is_empty() { super::DONE } else { ANOTHER })
    }

    #[cfg(not(feature = "endpoint"))]
    fn held(
        &self,
        _: (Option<&Run>, &str),
        _: &::generate::Checkpoint,
        _: (&str, &ServerOptions),
        _: &mut Progress,
    ) -> Result<u8, Failure> {
        Err(acbench::Error::NotBuilt { what: "requests to servers", feature: "endpoint" }.into())
    }
}
