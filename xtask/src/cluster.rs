//! `cargo xtask cluster`: real Kubernetes clusters on this machine, for tests and examples. No image and no program
//! comes from outside. docs/cluster.md says what they are and what they are not.
//!
//! A cluster is one tree of processes in a PID namespace of its own: when its first process ends, the kernel ends all
//! others, and with them go mounts, network namespaces and links. So `down` needs to know little, and a cluster that
//! was only half made goes away like a whole one.
mod addresses;
mod certificates;
mod cgroups;
mod down;
mod image;
mod list;
mod load;
mod machine;
mod network;
mod node;
mod place;
mod program;
mod task;
mod up;

pub use machine::MACHINE;
pub use node::NODE;

use crate::{Failure, USAGE};
use std::{path::Path, process::ExitCode};

/// `cluster COMMAND …`.
pub fn run(args: &[String]) -> Result<bool, Failure> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["build"] => {
            program::all()?;
        }
        ["up", name] => up::run(name, 1)?,
        ["up", name, "--kubernetes-nodes", n] | ["up", "--kubernetes-nodes", n, name] => {
            up::run(name, n.parse().map_err(|_| addresses::too_many(n))?)?;
        }
        ["down", name] => down::run(name)?,
        ["load", name, ref archives @ ..] if !archives.is_empty() => load::run(name, archives)?,
        ["list"] => list::run()?,
        _ => return Err(USAGE.into()),
    }
    Ok(true)
}

/// What this program is inside of a cluster: its first process, or the first of a node.
pub fn inside(command: &str, args: &[&str]) -> ExitCode {
    let done = match (command, args) {
        (MACHINE, [folder, files @ ..]) => machine::run(Path::new(folder), files),
        (NODE, [number]) => node::run(number),
        _ => Err("this command is for `cluster up`".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}
