//! Deployments of BitOps: what runs before the tool, the tool, what runs after it, all in one folder that the
//! deployments of an environment share.
//!
//! Terraform is driven by the engine [`crate::terraform`], so its plans are real ones; the other tools run as BitOps
//! runs them. What configuration files mean was worked out before: the component's block says it.
//!
//! Two facts come from whoever makes the task: `mode` is `deploy` under `strata bitops deploy`, which obeys
//! `stack-action`, and `keep-going` is there when a failure does not end the run.
mod cloudformation;
mod dialogue;
mod helm;
mod playbook;
mod plugin;
mod terraform;
mod variables;

use crate::{
    declared,
    outcome::{failure, refused, succeeded},
};
pub use dialogue::State;

use dialogue::{At, deploys, finish, hook_failed, keeps_going, skips, takes_away, without_tool};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    engine::{
        Engine, Failure, Finding, Got, Invocation, Millis, Place, Task, ToolQuestion, Turn, Verb,
        Verdict, Workspace,
    },
    interface::{Interface, StateRead},
    need::Needs,
    proposal::Proposal,
    span::Location,
    spec::UnitSpec,
    tree::{Tree, rooted},
};

/// The name under which deployments of an environment share their work folder.
const SHARED: &str = "bitops";
/// Folders of hooks, before and after.
const HOOKS: [(&str, &str); 2] = [
    ("before", "bitops.before-deploy.d"),
    ("after", "bitops.after-deploy.d"),
];
/// The fact that says how the program is used.
pub const MODE: &str = "mode";
/// The mode of `strata bitops deploy`.
pub const DEPLOY: &str = "deploy";
/// The fact that says what is done, in BitOps' word.
pub const ACTION: &str = "action";
/// The fact that says that failures do not end the run.
pub const KEEP_GOING: &str = "keep-going";
/// The fact that names which hooks run now, of `before` and `after`, where one deployment takes several verbs.
pub const HOOKS_NOW: &str = "hooks";
/// The fact that names one target of terraform.
pub const TARGET: &str = "target";

/// What deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Terraform or OpenTofu.
    Terraform,
    /// A playbook.
    Ansible,
    /// A chart.
    Helm,
    /// A stack.
    CloudFormation,
    /// A deploy script, or nothing but hooks.
    Plugin,
}

/// The engine of deployments by one tool.
pub struct Deployment(pub Kind);

/// All of them.
pub fn all() -> Vec<Deployment> {
    use Kind::{Ansible, CloudFormation, Helm, Plugin, Terraform};
    [Terraform, Ansible, Helm, CloudFormation, Plugin]
        .map(Deployment)
        .into()
}

/// BitOps knows no time limit; a day is longer than anybody waits for one program. `timeout` says it otherwise.
const LIMIT: Millis = 24 * 3_600_000;

/// What a tool's procedure wants.
enum Step {
    Run(Box<Invocation>),
    Done,
    Failed(Failure),
}

impl Step {
    fn run(invocation: Invocation) -> Self {
        Self::Run(Box::new(invocation))
    }
}

impl Engine for Deployment {
    type State = State;

    fn name(&self) -> &'static str {
        match self.0 {
            Kind::Terraform => "bitops-terraform",
            Kind::Ansible => "bitops-ansible",
            Kind::Helm => "bitops-helm",
            Kind::CloudFormation => "bitops-cloudformation",
            Kind::Plugin => "bitops-plugin",
        }
    }
    fn tool(&self) -> Option<ToolQuestion> {
        match self.0 {
            Kind::Terraform => terraform::tool(),
            Kind::Ansible => playbook::tool(),
            Kind::Helm => Some(helm::tool()),
            Kind::CloudFormation => Some(cloudformation::tool()),
            Kind::Plugin => None,
        }
    }
    fn recognise<'a>(&self, _tree: &'a dyn Tree, _folder: &str) -> Option<&'a str> {
        None
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        match self.0 {
            Kind::Terraform => terraform::OPTIONS,
            Kind::Ansible => playbook::OPTIONS,
            Kind::Helm => helm::OPTIONS,
            Kind::CloudFormation => cloudformation::OPTIONS,
            Kind::Plugin => plugin::OPTIONS,
        }
    }
    fn needs(&self, tree: &dyn Tree, spec: &UnitSpec, inputs: &[String]) -> Needs {
        match self.0 {
            Kind::Terraform => terraform::needs(tree, spec, inputs),
            _ => Needs::default(),
        }
    }
    fn interface(&self, tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        let (mut interface, problems) = match self.0 {
            Kind::Terraform => terraform::interface(tree, spec),
            Kind::Ansible => playbook::interface(tree, spec),
            _ => (open(spec), Vec::new()),
        };
        let env = spec.string("environment").unwrap_or_default();
        for name in spec.strings("looks-at").unwrap_or_default() {
            interface.state_reads.push(StateRead {
                identity: Some(identity(&format!("{env}/{name}"))),
                outputs: BTreeMap::new(),
                all: true,
                at: Location::file(spec.folder.as_str()),
            });
        }
        for (name, folder) in HOOKS {
            let wanted = spec
                .string(&format!("{name}-hooks"))
                .is_none_or(|on| on != "false");
            let mut hooks = if wanted {
                hooks(tree, &spec.folder, folder)
            } else {
                Vec::new()
            };
            if hooks.is_empty() && self.0 == Kind::Helm {
                // its plugin has never forgotten how BitOps 1 called them
                hooks = self::hooks(tree, &spec.folder, &folder.replacen('.', "-", 1));
            }
            if !hooks.is_empty() {
                let list = serde_json::to_string(&hooks).unwrap_or_default();
                interface.facts.insert(name.to_owned(), list);
            }
        }
        let (root, _) = rooted(&spec.folder);
        let beside = serde_json::to_string(&beside(tree, &env, root)).unwrap_or_default();
        interface.facts.insert("beside".to_owned(), beside);
        (interface, problems)
    }
    fn identities(&self, task: &Task, interface: &Interface) -> Vec<String> {
        let mut out = vec![identity(&task.unit.to_string())];
        if self.0 == Kind::Terraform {
            out.extend(terraform::identities(task, interface));
        }
        out
    }
    fn claims(&self, task: &Task) -> Vec<String> {
        vec![format!("the work folder of {}", task.unit.env)]
    }
    fn workspace(&self, task: &Task) -> Workspace {
        let mut workspace = match self.0 {
            Kind::Terraform => terraform::workspace(task),
            _ => Workspace::default(),
        };
        workspace.generated.extend(variables::files());
        workspace.shared = Some(SHARED.to_owned());
        rooted(&task.spec.folder).0.clone_into(&mut workspace.root);
        workspace.beside = task
            .facts
            .get("beside")
            .and_then(|l| serde_json::from_str(l).ok())
            .unwrap_or_default();
        workspace
    }
    fn begin(&self, task: &Task, open: &Got) -> Turn<State> {
        if let Some(finding) = takes_away(task) {
            return finish(finding);
        }
        match (task.verb, self.0) {
            (Verb::Verify, _) => finish(refused("a deployment is no verifier")),
            (Verb::Recover, _) => finish(Finding::Recovered(Verdict::Partly)),
            (Verb::Observe | Verb::Outputs, Kind::Terraform) if !skips(task) => {
                let (state, act) = terraform::open(task, open);
                self.inner(task, state, act, None)
            }
            (Verb::Observe, _) => finish(Finding::Observed { drift: vec![] }),
            (Verb::Outputs, _) => finish(declared::recorded(task)),
            (Verb::Apply, Kind::Terraform) if !skips(task) && task.saved.is_none() => {
                let (state, act) = terraform::begin(task);
                self.inner(task, state, act, None)
            }
            // nobody can foretell what other tools do, and hooks alone
            (Verb::Plan, kind) if kind != Kind::Terraform || skips(task) => {
                let hooks = HOOKS.iter().any(|(name, _)| task.facts.contains_key(*name));
                finish(if self.has_tool(task) || hooks {
                    Finding::Planned {
                        proposal: Proposal::opaque(&task.unit.local()),
                        saved: None,
                        predicted: BTreeMap::new(),
                    }
                } else {
                    without_tool(task)
                })
            }
            // BitOps itself takes away nothing of these
            (Verb::Destroy, Kind::Ansible) => finish(Finding::Gone),
            (Verb::Destroy, Kind::Plugin) if task.spec.string("action").is_none() => {
                finish(Finding::Gone)
            }
            _ => self.before(task, 0, None),
        }
    }
    fn next(&self, task: &Task, state: State, got: &Got) -> Turn<State> {
        let State { at, failed } = state;
        match at {
            At::Idle => finish(refused("an answer came though nothing was asked")),
            At::Before(n) => match hook_failed(task, 0, n, got) {
                Some(f) if !keeps_going(task) => finish(Finding::Failed(f)),
                f => self.before(task, n + 1, failed.or(f)),
            },
            At::After(n, finding) => match hook_failed(task, 1, n, got) {
                Some(f) if !keeps_going(task) => finish(Finding::Failed(f)),
                f => self.after(task, n + 1, *finding, failed.or(f)),
            },
            At::Inner(state) => match terraform::next(task, &state, got) {
                Ok((state, act)) => self.inner(task, state, act, failed),
                Err(why) => finish(refused(why)),
            },
            At::Tool(label) => {
                let step = match self.0 {
                    Kind::Helm => helm::then(task, &label, got),
                    Kind::CloudFormation => cloudformation::then(task, &label, got),
                    _ if succeeded(got) => Step::Done,
                    _ => Step::Failed(failure(&label, got)),
                };
                self.step(task, step, failed)
            }
        }
    }
    fn progress(&self, label: &str, line: &str) -> Option<String> {
        if self.0 == Kind::Terraform
            && !HOOKS
                .iter()
                .any(|(name, _)| label.starts_with(&format!("{name} ")))
        {
            return terraform::progress(label, line);
        }
        Some(line.to_owned())
    }
}

fn identity(unit: &str) -> String {
    format!("bitops:{unit}")
}

/// Nobody knows what it takes.
fn open(spec: &UnitSpec) -> Interface {
    Interface {
        open_inputs: true,
        outputs: declared::interface(spec),
        ..Interface::default()
    }
}

/// The hooks of a folder as paths in the deployment, sorted.
fn hooks(tree: &dyn Tree, deployment: &str, folder: &str) -> Vec<String> {
    let path = format!("{deployment}/{folder}");
    let names = tree.below(&path).iter().map(|f| &f.path[path.len() + 1..]);
    names
        .filter(|name| !name.contains('/'))
        .map(|name| format!("{folder}/{name}"))
        .collect()
}

/// What lies in the work folder besides: the environment, and folders of its root that are no environment.
fn beside(tree: &dyn Tree, env: &str, root: &str) -> Vec<String> {
    let whole = |folder: &str| match root {
        "" => folder.to_owned(),
        root => format!("{root}/{folder}"),
    };
    let skip = whole("").len();
    let mut out = vec![whole(env)];
    for file in tree.below(root) {
        let Some((folder, _)) = file.path[skip..].split_once('/') else {
            continue;
        };
        let shared = folder.starts_with('_') || folder == "plugins";
        let folder = whole(folder);
        if shared && out.last() != Some(&folder) {
            out.push(folder);
        }
    }
    out
}

/// A place in the environment's tree.
fn tree_place(path: &str) -> Place {
    Place {
        root: strata_core::engine::Root::Tree,
        path: path.to_owned(),
    }
}
