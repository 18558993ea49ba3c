//! A program for tests: the supervisor, and a run that waits to be killed.
//!
//! `__supervise DIR` is the supervisor. `run CASE` opens an executor as a file describes it and runs one invocation.
#![allow(missing_docs)]
#[path = "../it/bench.rs"]
mod bench;

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[1..] {
        [strata_adapters::supervisor::COMMAND, dir] => {
            strata_adapters::supervisor::main(Path::new(dir))
        }
        ["run", case] => {
            let text = std::fs::read_to_string(case).expect("the case is there");
            let case: bench::Case = serde_json::from_str(&text).expect("it is a case");
            let me = std::env::current_exe().expect("it runs");
            println!(
                "{:?}",
                bench::Bench::at(case.root.clone(), me).run_case(&case)
            );
            ExitCode::SUCCESS
        }
        _ => ExitCode::from(2),
    }
}
