//! `strata`: deploys whole platforms, layer by layer, from an operations repo.
//!
//! Arguments, commands and the terminal; everything that decides lies in other crates. [`wire`] is the one place
//! that knows which store, executor and engines there are.
// first: its macros stand in for the standard ones in all that follows
#[macro_use]
mod output;

mod args;
mod bitops;
mod commands;
mod context;
mod formats;
mod lsp;
mod policy;
mod problem;
mod tools;
mod view;
mod wire;

use clap::{CommandFactory as _, Parser as _};
use std::process::ExitCode;
use strata_core::exit;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // hidden commands that must start fast: before arguments are parsed
    let mut raw = std::env::args_os().skip(1);
    match raw.next() {
        Some(command) if command == wire::SUPERVISE => return wire::supervise(raw.next()),
        Some(command) if command == wire::KUBERNETES => return wire::kubernetes(raw),
        _ => {}
    }
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(e) => {
            let code = if e.use_stderr() {
                exit::USAGE
            } else {
                exit::DONE
            };
            let _ = e.print();
            return ExitCode::from(code);
        }
    };
    let color = context::use_color(&args.global);
    let code = match commands::dispatch(args) {
        Ok(code) => code,
        Err(problem) => {
            problem.print(color);
            problem.code
        }
    };
    if let Some(why) = output::finish() {
        problem::Problem::new(
            exit::ERROR,
            format!("the output could not be written: {why}"),
        )
        .print(color);
        return ExitCode::from(if code == exit::DONE {
            exit::ERROR
        } else {
            code
        });
    }
    ExitCode::from(code)
}

/// The command line as data: for completions and manual pages.
pub(crate) fn command_line() -> clap::Command {
    args::Args::command()
}
