//! Engines of Kubernetes with a real cluster: `STRATA_TEST_CLUSTER` names its kubeconfig, and the tests are skipped when
//! it is not set. `cargo xtask cluster up` makes one (docs/cluster.md). With `STRATA_RECORD` set the dialogues become
//! the transcripts that the other tests replay.
#[path = "../engines/bench.rs"]
#[allow(dead_code)]
mod bench;
mod helm;
mod helm_elsewhere;
mod served;
#[path = "../engines/session.rs"]
#[allow(dead_code)]
mod session;
#[path = "../engines/transcript.rs"]
#[allow(dead_code)]
mod transcript;
mod unit;
