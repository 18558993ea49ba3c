//! What single answers mean, wherever a dialogue stands.
use super::{
    failure,
    options::{self, Chart},
    release::{self, Revision},
};
use crate::{
    cluster,
    outcome::{refused, succeeded},
};
use strata_core::{
    engine::{Artifact, Failure, Finding, Got, Task},
    proposal::{Action, Change},
};

/// The chart that was fetched.
pub fn pulled(task: &Task, got: &Got) -> Result<Artifact, Finding> {
    let kept = match got {
        Got::Exit { kept, .. } => kept.get("chart").cloned(),
        _ => None,
    };
    kept.ok_or_else(|| {
        let file = Chart::of(&task.spec).file(&options::version(&task.spec));
        refused(format!(
            "helm pull left no file `{file}`; write the version just as the chart does, with `v` where it has one"
        ))
    })
}

/// The history of the release; none when there is no release.
pub fn history(task: &Task, got: &Got) -> Result<Vec<Revision>, Finding> {
    if failure::is_unknown(got) {
        return Ok(Vec::new());
    }
    if !succeeded(got) {
        return Err(Finding::Failed(failure::failure(task, "history", got)));
    }
    release::read("history", got.stdout()).map_err(refused)
}

/// What the objects of a failed upgrade say: which are not ready, with their events and what their pods logged.
pub fn why(failure: Failure, got: &Got) -> Failure {
    match cluster::answer("", got) {
        Err(why) if !got.stdout().is_empty() => failure::followed(failure, &why.summary),
        _ => failure,
    }
}

/// A change of the release itself.
pub fn change(task: &Task, action: Action, line: String) -> Change {
    Change {
        object: format!("release {}", failure::shown(task)),
        action,
        after: None,
        detail: vec![line],
    }
}
