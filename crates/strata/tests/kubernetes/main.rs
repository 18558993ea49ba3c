//! Engines that speak to Kubernetes, on a real cluster: `setup/kubernetes-test.sh` brings one up and runs these.
//!
//! `STRATA_TEST_CLUSTER` is the path of a kubeconfig, `STRATA_TEST_OTHER_CLUSTER` that of another cluster. Without them
//! the tests say so and pass. Each test has namespaces, kinds and a platform of its own.
#[path = "../cli/charts.rs"]
#[allow(dead_code)]
mod charts;
#[path = "../cli/sandbox.rs"]
#[allow(dead_code)]
mod sandbox;

mod across;
mod argocd;
mod credentials;
mod faults;
mod figures;
mod flux;
mod gone;
mod ground;
mod handed;
mod helm;
mod life;
mod owners;
mod release;
mod removal;
mod replace;
mod repository;
mod services;
mod shelves;
