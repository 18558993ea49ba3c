//! Manifests and kustomizations: compared with a cluster, applied to it, watched and removed by a session of our own
//! ([`crate::cluster`]), in a process for the whole unit and not one for each object.
//!
//! Two names, one engine: `kustomize` is found by its `kustomization.yaml` and builds it with `kubectl kustomize` or
//! `kustomize build`; `kubectl` is said in `component.yaml`, takes every YAML and JSON file of the folder, and needs no
//! program at all.
mod manifests;
mod options;

use crate::{
    cluster, declared,
    outcome::{failed, refused, succeeded},
};
use serde::{Deserialize, Serialize};
use strata_core::{
    cluster::Answer,
    diagnostic::Diagnostic,
    engine::{
        Arg, Engine, Failure, Finding, Got, Invocation, Place, Task, ToolQuestion, Turn, Verb,
        Verdict, Workspace,
    },
    interface::Interface,
    spec::{OutputFrom, UnitSpec},
    tree::Tree,
};
use strata_syntax::kustomize;

/// The private file with the request.
const REQUEST: &str = "cluster.json";
/// The private file with what a kustomization builds.
const BUILT: &str = "built.yaml";

/// The engine of objects.
pub struct Kubectl {
    /// Is it the one of kustomizations?
    kustomize: bool,
}

/// Both names.
pub fn all() -> [Kubectl; 2] {
    [Kubectl { kustomize: true }, Kubectl { kustomize: false }]
}

/// What runs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing.
    Idle,
    /// A kustomization is built.
    Building,
    /// A session.
    Asking,
}

impl Engine for Kubectl {
    type State = State;

    fn name(&self) -> &'static str {
        if self.kustomize {
            "kustomize"
        } else {
            "kubectl"
        }
    }
    fn tool(&self) -> Option<ToolQuestion> {
        self.kustomize.then(|| ToolQuestion {
            programs: vec!["kubectl".to_owned(), "kustomize".to_owned()],
            args: vec!["version", "--client"],
            minimum: "1.21",
            install: "install kubectl (https://kubernetes.io/docs/tasks/tools/)",
        })
    }
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
        if self.kustomize {
            kustomize::recognise(tree, folder)
        } else {
            None
        }
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        options::ALL
    }
    fn interface(&self, tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        let (mut interface, mut problems) = if self.kustomize {
            manifests::kustomization(tree, &spec.folder)
        } else {
            manifests::folder(tree, &spec.folder)
        };
        interface.open_inputs = true;
        interface.outputs.extend(declared::interface(spec));
        problems.extend(options::problems(self.name(), spec));
        (interface, problems)
    }
    fn workspace(&self, task: &Task) -> Workspace {
        let request = match options::request(self.name(), task, cluster::ask(task.verb)) {
            Ok(request) => request,
            // said when it begins
            Err(_) => cluster::request(task, cluster::ask(task.verb)),
        };
        Workspace {
            generated: vec![cluster::file(task, REQUEST, &request, true)],
            ..Workspace::default()
        }
    }
    fn begin(&self, task: &Task, _open: &Got) -> Turn<State> {
        let end = |finding| Turn::finish(State::Idle, finding);
        if let Err(failure) = options::request(self.name(), task, cluster::ask(task.verb)) {
            return end(Finding::Failed(failure));
        }
        match task.verb {
            Verb::Plan | Verb::Apply | Verb::Observe if self.kustomize => {
                Turn::run(State::Building, build(task))
            }
            Verb::Plan | Verb::Apply | Verb::Observe => {
                let files = manifests::files(&task.facts);
                session(task, files.into_iter().map(Place::work).collect())
            }
            Verb::Destroy | Verb::Outputs => session(task, vec![]),
            Verb::Recover => end(Finding::Recovered(Verdict::Partly)),
            Verb::Verify => end(refused("objects are no verifier")),
        }
    }
    fn next(&self, task: &Task, state: State, got: &Got) -> Turn<State> {
        let finding = match state {
            State::Building if succeeded(got) => {
                return session(task, vec![Place::private(BUILT)]);
            }
            State::Building => failed("the kustomization cannot be built:", got),
            State::Asking => {
                let what = format!("`{}`", task.verb.name());
                let found = cluster::answer(&what, got).and_then(|a| found(task, a, got));
                found.unwrap_or_else(Finding::Failed)
            }
            State::Idle => refused("an answer came though nothing was asked"),
        };
        Turn::finish(State::Idle, finding)
    }
    fn progress(&self, _label: &str, line: &str) -> Option<String> {
        cluster::progress(line)
    }
}

/// One start for the whole unit.
fn build(task: &Task) -> Invocation {
    let program = task.tool.program.as_str();
    let alone = program.rsplit('/').next() == Some("kustomize");
    let verb = if alone { "build" } else { "kustomize" };
    let to = Arg::Path(Place::private(BUILT));
    Invocation::new("build", program, [verb.into(), ".".into(), "-o".into(), to])
}

fn session(task: &Task, files: Vec<Place>) -> Turn<State> {
    Turn::run(State::Asking, cluster::session(task, REQUEST, files))
}

fn found(task: &Task, answer: Answer, got: &Got) -> Result<Finding, Failure> {
    if task.verb != Verb::Outputs {
        return cluster::found(task, answer, got);
    }
    // what only an apply makes is what was recorded
    Ok(match declared::recorded(task) {
        Finding::Applied { mut outputs } => {
            let mut spec = task.clone();
            spec.spec
                .outputs
                .retain(|_, o| matches!(o.from, OutputFrom::Lookup(..)));
            outputs.extend(cluster::outputs(&spec, &answer, got)?);
            Finding::Applied { outputs }
        }
        other => other,
    })
}
