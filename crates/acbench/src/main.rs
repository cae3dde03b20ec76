//! The command line of ACBench. What was typed is resolved here, once; the library never sees arguments.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
