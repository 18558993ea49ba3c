//! The engine's own block: where objects go, how long to wait, what is removed and what is taken over.
use crate::{
    cluster,
    frame::{unusable, wrong_duration},
};
use strata_core::{
    cluster::{Ask, Request},
    diagnostic::Diagnostic,
    duration::duration,
    engine::{Failure, Task, Verb},
    spec::UnitSpec,
};

/// Its keys.
pub(super) const ALL: &[(&str, &str)] = &[
    (
        "namespace",
        "where objects go that name no namespace; usual: what the kubeconfig says, else `default`",
    ),
    (
        "wait",
        "how long to wait until all is ready or gone, such as `15m`; usual: `10m`; `0s`: not at all",
    ),
    (
        "prune",
        "`false`: what is no longer in the files stays in the cluster",
    ),
    (
        "force-conflicts",
        "`true`: fields that belong to other managers are taken over",
    ),
    (
        "rollback",
        "`true`: what was there before is applied again when the new does not get ready",
    ),
];

fn flag(block: &str, spec: &UnitSpec, key: &str, usual: bool) -> Result<bool, Failure> {
    match spec.string(key).as_deref() {
        None if spec.options.contains_key(key) => Err(unusable(block, key, "`true` or `false`")),
        None => Ok(usual),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(unusable(block, key, "`true` or `false`")),
    }
}

/// The request of a task.
pub(super) fn request(block: &str, task: &Task, ask: Ask) -> Result<Request, Failure> {
    let spec = &task.spec;
    let mut request = cluster::request(task, ask);
    request.namespace = spec.string("namespace").filter(|n| !n.is_empty());
    if let Some(text) = spec.string("wait") {
        let wait =
            duration(&text).ok_or_else(|| unusable(block, "wait", "a duration such as `10m`"))?;
        request.wait = cluster::bounded(task, wait);
    }
    if task.verb == Verb::Outputs {
        // nothing was changed that could still be under way
        request.wait = 0;
    }
    request.prune = flag(block, spec, "prune", true)?;
    request.force_conflicts = flag(block, spec, "force-conflicts", false)?;
    request.rollback = flag(block, spec, "rollback", false)?;
    Ok(request)
}

/// What is wrong with the block, before anything runs.
pub(super) fn problems(block: &str, spec: &UnitSpec) -> Vec<Diagnostic> {
    let wrong = |key: &str, want: &str| {
        Diagnostic::error(
            "file::wrong-kind",
            format!("`{block}.{key}` must be {want}"),
        )
        .about(key)
    };
    let mut out: Vec<Diagnostic> = wrong_duration(spec, "wait").into_iter().collect();
    for key in ["prune", "force-conflicts", "rollback"] {
        if let Some(text) = spec.string(key)
            && !matches!(text.as_str(), "true" | "false")
        {
            out.push(wrong(key, "`true` or `false`"));
        }
    }
    out
}
