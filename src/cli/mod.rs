//! The command line: one file for each subcommand. Here, and in `store` and `ingest`, the outside world enters: the
//! clock, the environment, files, signals.
#![allow(clippy::disallowed_methods, reason = "the command line is where clock, environment and files enter")]

mod args;
mod ast;
mod care;
mod check;
mod contact;
mod data;
mod demo;
mod describe;
mod diff;
mod evaluate;
mod explain;
mod explain_error;
mod export;
mod failure;
mod fix;
mod fmt;
mod generate;
mod hash;
mod import;
mod input;
mod interrupt;
mod membership;
mod output;
mod progress;
mod rename;
mod repl;
mod run;
mod schema;
mod script;
mod sets;
mod svg;
mod table;
mod test;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, ColorWhen, Command, SchemaCommand};
use failure::Failure;

/// Runs the program with the arguments of the process and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let ui = Ui { color: wants_color(cli.color) };
    let Some(command) = cli.command.or_else(prompt) else {
        eprint!("{}", Cli::command().render_help());
        return ExitCode::from(2);
    };
    let result = match command {
        Command::Demo(args) => demo::demo(&args, ui),
        Command::Import(args) => import::import(&args, ui),
        Command::Run(args) => run::run(&args, ui),
        Command::Check(args) => check::check(&args, ui),
        Command::Fmt(args) => fmt::fmt(&args, ui),
        Command::Ast(args) => ast::ast(&args, ui),
        Command::Hash(args) => hash::hash(&args, ui),
        Command::Diff(args) => diff::diff(&args, ui),
        Command::Rename(args) => rename::rename(&args, ui),
        Command::Why(args) => contact::why::why(&args, ui),
        Command::Which(args) => contact::which::which(&args, ui),
        Command::Decide(args) => contact::decide::decide(&args, ui),
        Command::Profile(args) => contact::profile::profile(&args, ui),
        Command::Overlap(args) => sets::overlap::overlap(&args, ui),
        Command::Trend(args) => sets::trend::trend(&args, ui),
        Command::Describe(args) => describe::describe(&args, ui),
        Command::Repl(args) => repl::repl(&args, ui),
        Command::Explain(args) => explain::explain(&args, ui),
        Command::ExplainError { code } => explain_error::explain_error(code.as_deref()),
        Command::Test(args) => test::test(&args, ui),
        Command::Schema(SchemaCommand::Infer { files, timezone, output }) => {
            schema::infer(&files, &timezone, output.as_deref(), ui)
        }
        Command::Schema(SchemaCommand::Show { store, schema }) => schema::show(store.as_deref(), schema.as_deref(), ui),
        Command::Verify(args) => care::verify(&args),
        Command::Stats(args) => care::stats(&args),
        Command::Compact(args) => care::compact(&args),
        Command::Backup(args) => care::backup(&args),
        Command::Erase(args) => care::erase(&args),
        Command::Export(args) => export::export(&args, ui),
        Command::Gen(args) => generate::generate(&args, ui),
        Command::Completions { shell } => completions(shell),
        Command::Man => man(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let (code, message) = failure.end();
            if let Some(message) = message {
                eprintln!("{}", ui.error(&message));
            }
            ExitCode::from(code)
        }
    }
}

/// Plain `segql` on a terminal is the prompt, on the store that `SEGQL_STORE` or the project names.
fn prompt() -> Option<Command> {
    let on_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let known = std::env::var_os("SEGQL_STORE").is_some() || std::path::Path::new("segql.toml").exists();
    if on_terminal && known { Cli::parse_from(["segql", "repl"]).command } else { None }
}

/// How to talk to this terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    color: bool,
}

impl Ui {
    /// `error: ...`, as the last line on standard error.
    fn error(self, message: &str) -> String {
        if self.color { format!("\u{1b}[1;31merror\u{1b}[0m: {message}") } else { format!("error: {message}") }
    }
}

fn wants_color(when: ColorWhen) -> bool {
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) && std::io::stderr().is_terminal(),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "segql", &mut script);
    output::print(&script)
}

fn man() -> Result<(), Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(|e| Failure::output(&e))?;
    output::print(&page)
}
