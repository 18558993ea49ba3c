//! What has to lie where before Terraform starts: inputs, the saved plan, override files, kept folders; and where
//! the state is.
use super::identity::{effective_backend, keeps_state_here};
use std::collections::BTreeMap;
use strata_core::{
    digest::Digest,
    engine::{Arg, Content, Generated, Got, Keep, Place, Task, Verb, Workspace},
    value::Term,
};

/// Terraform's own folder.
const DATA: &str = ".terraform";
/// Its record of provider digests.
const LOCK: &str = ".terraform.lock.hcl";
/// The private file with the inputs.
pub const INPUTS: &str = "inputs.tfvars.json";
/// The private plan file.
pub const PLAN: &str = "plan.bin";
/// The private plan file of a destroy.
pub const DESTROY_PLAN: &str = "destroy.bin";
/// The private file with the backend's settings, which may be secret.
const BACKEND: &str = "backend.json";
/// The folder of downloaded providers in the platform's cache.
pub const PLUGINS: &str = "terraform-plugins";

/// The shared folder that an `init` fills: not safe at the same time as another with Terraform; with OpenTofu it is.
pub fn downloads(task: &Task) -> Option<Place> {
    let downloads = task.facts.contains_key("providers") && !task.tool.program.ends_with("tofu");
    downloads.then(|| Place::cache(PLUGINS))
}

/// Everything that has to lie there.
pub fn of(task: &Task) -> Workspace {
    let mut files = vec![
        file(
            Place::private(INPUTS),
            Content::Json(Term::Map(task.inputs.clone())),
        ),
        file(
            Place::cache(format!("{PLUGINS}/.keep")),
            Content::Text(String::new()),
        ),
    ];
    if let (Verb::Apply, Some(saved)) = (task.verb, &task.saved) {
        files.push(file(Place::private(PLAN), Content::Artifact(saved.clone())));
    }
    if let Some(settings) = backend_settings(task) {
        files.push(file(
            Place::private(BACKEND),
            Content::Json(settings.clone()),
        ));
    }
    if let Some(ours) = our_override(task) {
        files.push(file(
            Place::work("strata_override.tf.json"),
            Content::Json(ours),
        ));
    }
    if let Some(theirs) = task.spec.options.get("override").filter(|o| !o.is_secret()) {
        files.push(file(
            Place::work("strata_settings_override.tf.json"),
            Content::Json(theirs.clone()),
        ));
    }
    let key = key(task);
    let keep = |path: &&str| Keep {
        path: (*path).to_owned(),
        key,
    };
    Workspace {
        generated: files,
        keep: made_by_init(task).iter().map(keep).collect(),
        shared: None,
        root: String::new(),
        beside: vec![],
    }
}

/// What `init` leaves that later starts need: without a lock file among the component's files, also its own.
fn made_by_init(task: &Task) -> &'static [&'static str] {
    if task.facts.contains_key("providers") && !task.facts.contains_key("lock-file") {
        &[DATA, LOCK]
    } else {
        &[DATA]
    }
}

/// Is all of it still there from another session?
pub fn still_initialised(task: &Task, open: &Got) -> bool {
    let Got::Open { kept } = open else {
        return false;
    };
    made_by_init(task)
        .iter()
        .all(|path| kept.iter().any(|k| k == path))
}

fn file(at: Place, content: Content) -> Generated {
    Generated {
        at,
        content,
        mode: 0o600,
    }
}

/// `.terraform` may stay while nothing that `init` looks at has changed.
fn key(task: &Task) -> Digest {
    let options: BTreeMap<&String, &Term> = task
        .spec
        .options
        .iter()
        .filter(|(name, _)| ["workspace", "backend", "override"].contains(&name.as_str()))
        .collect();
    Digest::of_json(&(
        task.facts.get("init"),
        &task.tool.program,
        &task.tool.version,
        options,
    ))
}

/// The settings of `terraform.backend`, when they are for the backend that is used.
fn backend_settings(task: &Task) -> Option<&Term> {
    let kind = effective_backend(task, &task.facts);
    let Some(Term::Map(backend)) = task.spec.options.get("backend") else {
        return None;
    };
    backend.get(&kind)
}

/// Arguments of `init` that say where the state is.
pub fn backend_args(task: &Task) -> Vec<Arg> {
    let mut args = Vec::new();
    if backend_settings(task).is_some() {
        args.push(Arg::Joined(
            "-backend-config=".to_owned(),
            Place::private(BACKEND),
        ));
    }
    if keeps_state_here(task, &task.facts) {
        args.push(Arg::Joined(
            "-backend-config=path=".to_owned(),
            Place::state("terraform.tfstate"),
        ));
        args.push(Arg::Joined(
            "-backend-config=workspace_dir=".to_owned(),
            Place::state("workspaces"),
        ));
    }
    args
}

/// What the module has to say besides, so that the state lies where it belongs.
fn our_override(task: &Task) -> Option<Term> {
    if task.facts.contains_key("cloud") {
        return cloud_workspace(task);
    }
    if task.facts.contains_key("backend") {
        return None;
    }
    let nothing = Term::Map(BTreeMap::new());
    Some(nested(
        &[
            "terraform",
            "backend",
            &effective_backend(task, &task.facts),
        ],
        nothing,
    ))
}

/// `terraform.workspace` for a `cloud` block that names one, which `TF_WORKSPACE` can't select. The whole block is
/// replaced: its organization then comes from `TF_CLOUD_ORGANIZATION`.
fn cloud_workspace(task: &Task) -> Option<Term> {
    let named = task.facts.get("cloud-workspace")?;
    let wanted = task
        .spec
        .string("workspace")
        .filter(|wanted| wanted != named)?;
    Some(nested(
        &["terraform", "cloud", "workspaces", "name"],
        Term::String(wanted),
    ))
}

fn nested(path: &[&str], inner: Term) -> Term {
    path.iter().rev().fold(inner, |term, key| {
        Term::Map(BTreeMap::from([((*key).to_owned(), term)]))
    })
}
