//! Gives images to the nodes of a cluster: nothing can pull them.
use super::{
    down::processes,
    node::{NODE, SOCKET},
    place, task,
};
use crate::Failure;
use rustix::process::Pid;
use std::{fs, path::Path, process::Command};

/// `cluster load NAME ARCHIVE…`.
pub fn run(name: &str, archives: &[&str]) -> Result<(), Failure> {
    place::check_name(name)?;
    let folder = place::folder(name);
    if !folder.exists() {
        return Err(format!("there is no cluster `{name}`: `cargo xtask cluster list`").into());
    }
    let nodes: Vec<Pid> = processes(&folder)?
        .into_iter()
        .map(|(pid, _)| pid)
        .filter(|pid| is_node(*pid))
        .collect();
    if nodes.is_empty() {
        return Err(format!("cluster `{name}` has no node that runs").into());
    }
    for archive in archives {
        let archive = Path::new(archive);
        if !archive.is_file() {
            return Err(format!("{}: there is no such file", archive.display()).into());
        }
        for node in &nodes {
            // the node's containerd, through the node's mounts
            let socket = format!("/proc/{}/root{SOCKET}", node.as_raw_nonzero());
            let mut ctr = Command::new("ctr");
            ctr.args(["--address", &socket, "-n", "k8s.io", "images", "import"]);
            task::finish(ctr.arg(archive))?;
        }
    }
    Ok(())
}

/// Whether it is the first process of a node.
fn is_node(pid: Pid) -> bool {
    let path = format!("/proc/{}/cmdline", pid.as_raw_nonzero());
    let words = fs::read(path).unwrap_or_default();
    words.split(|b| *b == 0).nth(1) == Some(NODE.as_bytes())
}
