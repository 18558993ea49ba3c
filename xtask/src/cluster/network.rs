//! Links, addresses and routes of a cluster, made by `ip`.
//!
//! ```text
//! this machine            control plane                  node-1, node-2 …
//! strata-kN ─────── uplink ┐
//!                          bridge `nodes` ─ node-1 ───── eth0, cni0 ─ pods
//! ```
//!
//! Nothing routes from a cluster to anywhere else: it has this machine as its neighbour, and no way out.
use super::{addresses::Addresses, place::Cluster, task::run as sh};
use crate::Failure;

/// On this machine: a link into the network of a process, and the ways to pods and services.
pub fn host(cluster: &Cluster, machine: u32) -> Result<(), Failure> {
    let at = cluster.addresses;
    let link = at.link();
    sh(&format!(
        "ip link add {link} type veth peer name uplink netns {machine}"
    ))?;
    sh(&format!("ip link set {link} alias {}", cluster.name))?;
    sh(&format!(
        "ip address add {} dev {link}",
        Addresses::with_length(at.host())
    ))?;
    sh(&format!("ip link set {link} up"))?;
    ways(cluster, 0)
}

/// Removes this machine's end, which removes the other.
pub fn remove(cluster: &Cluster) -> Result<(), Failure> {
    let link = cluster.addresses.link();
    let links = sh("ip -o link show type veth")?;
    if links.lines().any(|l| names(l, &link)) {
        sh(&format!("ip link delete {link}"))?;
    }
    Ok(())
}

/// Whether a line of `ip -o link` is about a link: `7: NAME@if2: <…`.
fn names(line: &str, link: &str) -> bool {
    let name = line.split(' ').nth(1).unwrap_or_default();
    name.split(['@', ':']).next() == Some(link)
}

/// In the control plane: the bridge.
pub fn control(cluster: &Cluster) -> Result<(), Failure> {
    sh("ip link set lo up")?;
    sh("ip link add nodes type bridge")?;
    sh(&format!(
        "ip address add {} dev nodes",
        Addresses::with_length(cluster.addresses.control())
    ))?;
    sh("ip link set nodes up")?;
    ways(cluster, 0)
}

/// In the control plane: this machine's end has come.
pub fn uplink() -> Result<(), Failure> {
    sh("ip link set uplink master nodes up").map(drop)
}

/// In the control plane: a link into the network of a node's process.
pub fn plug(number: u8, process: u32) -> Result<(), Failure> {
    sh(&format!(
        "ip link add node-{number} type veth peer name eth0 netns {process}"
    ))?;
    sh(&format!("ip link set node-{number} master nodes up")).map(drop)
}

/// In a node, when its end has come.
pub fn node(cluster: &Cluster, number: u8) -> Result<(), Failure> {
    sh("ip link set lo up")?;
    sh(&format!(
        "ip address add {} dev eth0",
        Addresses::with_length(cluster.addresses.node(number))
    ))?;
    sh("ip link set eth0 up")?;
    // addresses of services lead nowhere; kube-proxy rewrites them after a route was found
    sh(&format!(
        "ip route add {} via {}",
        cluster.addresses.services(),
        cluster.addresses.control()
    ))?;
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1")?;
    ways(cluster, number)
}

/// Routes to the pods of all nodes but one's own, and for who has no kube-proxy to services through the first node.
fn ways(cluster: &Cluster, own: u8) -> Result<(), Failure> {
    let at = cluster.addresses;
    for i in (1..=cluster.nodes).filter(|i| *i != own) {
        sh(&format!(
            "ip route add {} via {}",
            at.pods_of(i),
            at.node(i)
        ))?;
    }
    if own == 0 && cluster.nodes > 0 {
        sh(&format!(
            "ip route add {} via {}",
            at.services(),
            at.node(1)
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_link_is_found_by_its_whole_name() {
        let line = "7: strata-k1@if2: <BROADCAST,UP> mtu 1500\\    alias a";
        assert!(super::names(line, "strata-k1"));
        assert!(!super::names(line, "strata-k"));
        assert!(!super::names(line, "strata-k12"));
        assert!(super::names("8: strata-k1: <UP>", "strata-k1"));
    }
}
