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
            let ctr = || {
                let mut ctr = Command::new("ctr");
                ctr.args(["--address", &socket, "-n", "k8s.io", "images"]);
                ctr
            };
            task::finish(ctr().arg("import").arg(archive))?;
            for (name, by_digest) in tagged(&task::finish(ctr().arg("list"))?) {
                task::finish(ctr().args(["tag", "--force", &name, &by_digest]))?;
            }
        }
    }
    Ok(())
}

/// Images with a tag, and the name by digest under which pods find them too: an import makes none.
fn tagged(list: &str) -> Vec<(String, String)> {
    let named = |line: &str| {
        let mut words = line.split_whitespace();
        let (name, digest) = (words.next()?, words.nth(1)?);
        let (repository, _) = name.rsplit_once(':')?;
        let is_tagged = !name.contains('@') && repository.contains('/');
        is_tagged.then(|| (name.to_owned(), format!("{repository}@{digest}")))
    };
    list.lines().skip(1).filter_map(named).collect()
}

/// Whether it is the first process of a node.
fn is_node(pid: Pid) -> bool {
    let path = format!("/proc/{}/cmdline", pid.as_raw_nonzero());
    let words = fs::read(path).unwrap_or_default();
    words.split(|b| *b == 0).nth(1) == Some(NODE.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::tagged;

    #[test]
    fn images_with_a_tag_get_a_name_by_digest() {
        let list = "REF TYPE DIGEST SIZE\n\
            localhost/a:1 application/x sha256:aa 1 MiB\n\
            localhost/b@sha256:bb application/x sha256:bb 1 MiB\n\
            sha256:cc application/x sha256:aa 1 MiB\n";
        let want = (
            "localhost/a:1".to_owned(),
            "localhost/a@sha256:aa".to_owned(),
        );
        assert_eq!(tagged(list), [want]);
    }
}
