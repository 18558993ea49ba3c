//! The Application that tells Argo CD what to fetch and where to apply it.
use super::make::{Form, flag, given, map, name, object, one_of, option, text};
use crate::frame::unusable;
use std::collections::BTreeMap;
use strata_core::{
    engine::{Failure, Task},
    value::Term,
};

/// Where Applications are when a component does not say.
pub(super) const NAMESPACE: &str = "argocd";
/// The cluster that Argo CD itself is in.
const HERE: &str = "https://kubernetes.default.svc";
pub(super) const SOURCE: &str =
    "`{git: URL}` with a branch, tag or commit, or `{helm: URL, chart: NAME, version: 1.2.0}`";

/// What a source may be.
pub(super) const FORMS: &[Form] = &[
    Form {
        url: "git",
        one_of: &["branch", "tag", "commit"],
        all: &[],
        may: &[],
    },
    Form {
        url: "helm",
        one_of: &["chart"],
        all: &["version"],
        may: &[],
    },
];
/// Options that are true or false.
pub(super) const FLAGS: &[&str] = &["automated", "prune"];

/// Keys of the block.
pub(super) const OPTIONS: &[(&str, &str)] = &[
    (
        "source",
        "what Argo CD fetches: `{git: URL, tag: 1.2.0}` (or branch, commit), or `{helm: URL, chart: NAME, version: 1.2.0}`",
    ),
    ("path", "the folder in the source; usual: `.`"),
    ("namespace", "where the Application is; usual: `argocd`"),
    ("project", "its project; usual: `default`"),
    (
        "target-namespace",
        "where the objects go that name no namespace",
    ),
    (
        "target-cluster",
        "address or name of the cluster that Argo CD applies to; usual: its own",
    ),
    (
        "automated",
        "`true`: Argo CD follows the source by itself; usual: only when this unit is applied",
    ),
    (
        "prune",
        "`false`: what is no longer in the source stays, where Argo CD follows by itself",
    ),
    (
        "wait",
        "how long to wait until it is synced and healthy, such as `45m`; usual: `10m`",
    ),
];

/// The objects of a component with a `source`.
pub(super) fn made(task: &Task, source: &BTreeMap<String, Term>) -> Result<Vec<Term>, Failure> {
    let namespace = task
        .spec
        .string("namespace")
        .unwrap_or_else(|| NAMESPACE.to_owned());
    let cluster = task
        .spec
        .string("target-cluster")
        .unwrap_or_else(|| HERE.to_owned());
    let by = if cluster.contains("://") {
        "server"
    } else {
        "name"
    };
    let automated = flag(task, "automated", false)?;
    let prune = flag(task, "prune", true)?;
    let spec = given([
        (
            "project",
            Some(option(task, "project").unwrap_or_else(|| text("default"))),
        ),
        ("source", Some(fetched(task, source)?)),
        (
            "destination",
            Some(given([
                (by, Some(text(cluster))),
                ("namespace", option(task, "target-namespace")),
            ])),
        ),
        (
            "syncPolicy",
            automated.then(|| {
                map([(
                    "automated",
                    map([("prune", Term::Bool(prune)), ("selfHeal", Term::Bool(true))]),
                )])
            }),
        ),
    ]);
    let mut app = object(
        "argoproj.io/v1alpha1",
        "Application",
        &name(task),
        &namespace,
        ("spec", spec),
    );
    // without it, what it applied stays when it goes
    let finalizers = Term::List(vec![text("resources-finalizer.argocd.argoproj.io")]);
    if let Term::Map(app) = &mut app
        && let Some(Term::Map(metadata)) = app.get_mut("metadata")
    {
        metadata.insert("finalizers".to_owned(), finalizers);
    }
    Ok(vec![app])
}

fn fetched(task: &Task, source: &BTreeMap<String, Term>) -> Result<Term, Failure> {
    let values = values(task)?;
    match (source.get("git"), source.get("helm")) {
        (Some(url), None) => {
            let (_, revision) =
                one_of(task, source, &["branch", "tag", "commit"], &["git"], SOURCE)?;
            Ok(given([
                ("repoURL", Some(url.clone())),
                ("targetRevision", Some(revision)),
                (
                    "path",
                    Some(option(task, "path").unwrap_or_else(|| text("."))),
                ),
                ("helm", values),
            ]))
        }
        (None, Some(url)) => {
            let (_, chart) = one_of(task, source, &["chart"], &["helm", "version"], SOURCE)?;
            let version = source
                .get("version")
                .ok_or_else(|| unusable("argocd", "source", SOURCE))?;
            Ok(given([
                ("repoURL", Some(url.clone())),
                ("chart", Some(chart)),
                ("targetRevision", Some(version.clone())),
                ("helm", values),
            ]))
        }
        _ => Err(unusable("argocd", "source", SOURCE)),
    }
}

/// Inputs are the chart's values. An Application is no place for a secret: everybody who may look at it reads it.
fn values(task: &Task) -> Result<Option<Term>, Failure> {
    let secret = task.inputs.iter().find(|(_, term)| term.is_secret());
    if let Some((name, _)) = secret {
        return Err(Failure::permanent(format!(
            "the input `{name}` is secret, and an Application would show it: put it into a Secret with another component, and name that"
        )));
    }
    let inputs = Term::Map(task.inputs.clone());
    Ok((!task.inputs.is_empty()).then(|| map([("valuesObject", inputs)])))
}
