//! All clusters of this machine, one a line: name, state, nodes, kubeconfig.
use super::{down::processes, place};
use crate::Failure;

/// `cluster list`.
pub fn run() -> Result<(), Failure> {
    for (name, cluster) in place::all()? {
        let folder = place::folder(&name);
        let Ok(changing) = place::is_locked(&folder) else {
            // it went away a moment ago
            continue;
        };
        let kubeconfig = folder.join("kubeconfig");
        let state = if changing {
            "changing"
        } else if processes(&folder)?.is_empty() {
            "dead"
        } else if kubeconfig.exists() {
            "up"
        } else {
            "unfinished"
        };
        let nodes = cluster.map_or(0, |c| c.nodes);
        println!("{name}\t{state}\t{nodes} nodes\t{}", kubeconfig.display());
    }
    Ok(())
}
