//! One folder per tool: each turns a task into invocations and a tool's answers into findings.
//!
//! Nothing here touches a file, a process, a clock or the environment: an engine says what to run and reads what
//! came of it, so the same engine works on a local process, in a pod or against a recorded transcript.
//!
//! - [`outcome`]: what an exit means when it is not a success.
//! - [`declared`]: outputs that a component declares itself, because its tool cannot.
//! - [`frame`]: what all engines have in common: time limits, processes that may stay, an `observe` command.
//! - [`terraform`], [`packer`], [`ansible`], [`helm`], [`script`], [`handoff`]: the engines; [`verify`]: the verifiers.
//! - [`kubectl`]: manifests and kustomizations; [`cluster`]: the session with a cluster that such engines use.
//! - [`handed`]: Flux and Argo CD, which are given objects and do the rest.
//! - [`needs`]: what plug-ins of tools read from their environment, from data.
//! - [`bitops`]: deployments of BitOps operations repos, over the others and with hooks around.
//! - [`described`]: tools that are read and checked, and not run yet.
//!
//! What an engine knows of a component's files it knows from `Interface::facts`: whoever makes a
//! [`strata_core::engine::Task`] hands them on in `Task::facts`.
pub mod ansible;
pub mod bitops;
pub mod cluster;
pub mod declared;
pub mod described;
mod folder;
pub mod frame;
pub mod handed;
pub mod handoff;
pub mod helm;
pub mod kubectl;
mod mask;
pub mod needs;
pub mod outcome;
pub mod packer;
pub mod script;
pub mod terraform;
pub mod verify;

use frame::Frame;
use strata_core::{engine::DynEngine, spec::UnitSpec};

/// Every engine, in the order in which a folder is recognised.
pub fn all() -> Vec<Box<dyn DynEngine>> {
    let mut all: Vec<Box<dyn DynEngine>> = vec![
        Box::new(Frame(terraform::Terraform)),
        Box::new(Frame(packer::Packer)),
        Box::new(Frame(ansible::Ansible)),
        Box::new(Frame(script::Script)),
        Box::new(Frame(handoff::HandOff)),
        Box::new(Frame(verify::Verify)),
    ];
    for engine in kubectl::all() {
        all.push(Box::new(Frame(engine)));
    }
    all.push(Box::new(Frame(helm::Helm)));
    for engine in handed::all() {
        all.push(Box::new(Frame(engine)));
    }
    for engine in described::all() {
        all.push(Box::new(Frame(engine)));
    }
    for engine in bitops::all() {
        all.push(Box::new(Frame(engine)));
    }
    all
}

/// The engine of a name; `None` when there is none.
pub fn by_name(name: &str) -> Option<Box<dyn DynEngine>> {
    all().into_iter().find(|engine| engine.name() == name)
}

/// Can anything look for drift of such a unit? Where nothing can, [`strata_core::engine::Verb::Observe`] finds none.
pub fn can_observe(spec: &UnitSpec) -> bool {
    !spec.observe.is_empty()
        || match spec.engine.as_str() {
            "terraform" | "bitops-terraform" | "helm" => true,
            "ansible" => ansible::checks(spec),
            "kubectl" | "kustomize" | "flux" | "argocd" => true,
            "script" => spec.options.contains_key("check"),
            _ => false,
        }
}
