//! Which addresses a cluster has, from its number on this machine. All are of 198.18.0.0/15, which is set aside for
//! measurements between networks and routed nowhere.
use crate::Failure;
use std::net::Ipv4Addr;

/// Clusters that can stand side by side.
pub const CLUSTERS: u8 = 64;
/// Nodes that a cluster can have: its pods' network has so many parts.
pub const NODES: u8 = 4;

/// The addresses of one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    index: u8,
}

impl Addresses {
    pub const fn of(index: u8) -> Self {
        Self { index }
    }

    const fn machine(self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(198, 18, self.index, last)
    }

    /// This machine, as the cluster sees it.
    pub const fn host(self) -> Ipv4Addr {
        self.machine(1)
    }

    /// The API server.
    pub const fn control(self) -> Ipv4Addr {
        self.machine(2)
    }

    /// A node, counted from 1.
    pub const fn node(self, number: u8) -> Ipv4Addr {
        self.machine(10 + number)
    }

    /// An address with the length of the network in which host, control plane and nodes are neighbours.
    pub fn with_length(address: Ipv4Addr) -> String {
        format!("{address}/25")
    }

    /// Addresses of services.
    pub fn services(self) -> String {
        format!("{}/25", self.machine(128))
    }

    /// The service `kubernetes`: the first of them.
    pub const fn first_service(self) -> Ipv4Addr {
        self.machine(129)
    }

    /// All pods.
    pub fn pods(self) -> String {
        format!("{}/24", Ipv4Addr::new(198, 19, self.index, 0))
    }

    /// The pods of a node.
    pub fn pods_of(self, node: u8) -> String {
        format!("{}/26", Ipv4Addr::new(198, 19, self.index, (node - 1) * 64))
    }

    /// The link on this machine that leads to the cluster.
    pub fn link(self) -> String {
        format!("strata-k{}", self.index)
    }

    /// The control group of all its pods, in each hierarchy.
    pub fn cgroup(self) -> String {
        format!("strata-cluster-{}", self.index)
    }
}

/// What a bad number of nodes is answered with.
pub fn too_many(given: &str) -> Failure {
    format!("`--kubernetes-nodes` takes a number from 0 to {NODES}, not `{given}`").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_and_services_are_apart() {
        let a = Addresses::of(3);
        assert_eq!(a.node(NODES).to_string(), "198.18.3.14");
        assert_eq!(a.services(), "198.18.3.128/25");
        assert_eq!(a.first_service().to_string(), "198.18.3.129");
    }

    #[test]
    fn the_pods_of_the_last_node_end_with_the_network() {
        assert_eq!(Addresses::of(63).pods_of(NODES), "198.19.63.192/26");
        assert_eq!(Addresses::of(63).pods_of(1), "198.19.63.0/26");
    }

    #[test]
    fn names_of_links_fit_the_kernel() {
        assert!(Addresses::of(CLUSTERS - 1).link().len() < 16);
    }
}
