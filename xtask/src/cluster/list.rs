//! All clusters of this machine, one a line: name, state, nodes, kubeconfig.
use super::{down::processes, place};
use crate::Failure;

/// `cluster list`.
pub fn run() -> Result<(), Failure> {
    for (name, cluster) in place::all()? {
        let folder = place::folder(&name);
        let Ok(lock) = place::lock(&folder) else {
            // it went away a moment ago
            continue;
        };
        let kubeconfig = folder.join("kubeconfig");
        let state = match lock {
            None => "changing",
            Some(_) if processes(&folder)?.is_empty() => "dead",
            Some(_) if kubeconfig.exists() => "up",
            Some(_) => "unfinished",
        };
        let nodes = cluster.map_or(0, |c| c.nodes);
        println!("{name}\t{state}\t{nodes} nodes\t{}", kubeconfig.display());
    }
    Ok(())
}
