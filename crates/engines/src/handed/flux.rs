//! The objects that tell Flux what to fetch and what to apply: source, Kustomization, and a Secret with the inputs.
use super::make::{Form, flag, given, map, name, object, one_of, option, text};
use crate::frame::unusable;
use std::collections::BTreeMap;
use strata_core::{
    engine::{Failure, Task},
    value::Term,
};

/// Where Flux's objects are when a component does not say.
pub(super) const NAMESPACE: &str = "flux-system";
/// How often Flux looks by itself when a component does not say.
const INTERVAL: &str = "10m";
/// What a source of git, and of a registry, may name as its revision.
const GIT: [&str; 4] = ["branch", "tag", "semver", "commit"];
const OCI: [&str; 3] = ["tag", "semver", "digest"];
pub(super) const SOURCE: &str = "`{git: URL}` with a branch, tag, semver or commit, or `{oci: URL}` with a tag, semver or digest; `secret: NAME` for the login; and `insecure: true` for a registry without TLS";

/// What a source may be.
pub(super) const FORMS: &[Form] = &[
    Form {
        url: "git",
        one_of: &GIT,
        all: &[],
        may: &["secret"],
    },
    Form {
        url: "oci",
        one_of: &OCI,
        all: &[],
        may: &["secret", "insecure"],
    },
];
/// Options that are true or false.
pub(super) const FLAGS: &[&str] = &["prune", "suspend"];

/// Keys of the block.
pub(super) const OPTIONS: &[(&str, &str)] = &[
    (
        "source",
        "what Flux fetches: `{git: URL, tag: 1.2.0}` (or branch, semver, commit), `{oci: URL, tag: …}`; `secret` names the Secret with the login, `insecure: true` a registry without TLS",
    ),
    ("path", "the folder in the source; usual: `./`"),
    (
        "namespace",
        "where Flux's objects are; usual: `flux-system`",
    ),
    ("target-namespace", "where the objects go that Flux applies"),
    ("service-account", "in whose name Flux applies"),
    ("interval", "how often Flux looks by itself; usual: `10m`"),
    ("prune", "`false`: what is no longer in the source stays"),
    (
        "suspend",
        "`true`: Flux leaves everything as it is until this is `false` again",
    ),
    (
        "inputs-as",
        "`{secret: NAME, key: values.yaml, namespace: …}`: the inputs as one document; usual: as variables for `${NAME}`",
    ),
    (
        "wait",
        "how long to wait until all is ready, such as `45m`; usual: `10m`",
    ),
];

/// The objects of a component with a `source`.
pub(super) fn made(task: &Task, source: &BTreeMap<String, Term>) -> Result<Vec<Term>, Failure> {
    let namespace = task
        .spec
        .string("namespace")
        .unwrap_or_else(|| NAMESPACE.to_owned());
    let own = name(task);
    let (secret, variables) = inputs(task, &own, &namespace)?;
    let (kind, source) = fetched(task, source, &own, &namespace)?;
    let spec = given([
        ("interval", Some(interval(task))),
        (
            "path",
            Some(option(task, "path").unwrap_or_else(|| text("./"))),
        ),
        ("prune", Some(Term::Bool(flag(task, "prune", true)?))),
        // Ready then means that all it applied is ready
        ("wait", Some(Term::Bool(true))),
        ("timeout", option(task, "wait")),
        (
            "suspend",
            flag(task, "suspend", false)?.then_some(Term::Bool(true)),
        ),
        (
            "sourceRef",
            Some(map([("kind", text(kind)), ("name", text(&own))])),
        ),
        ("targetNamespace", option(task, "target-namespace")),
        ("serviceAccountName", option(task, "service-account")),
        ("postBuild", variables),
    ]);
    let applied = object(
        "kustomize.toolkit.fluxcd.io/v1",
        "Kustomization",
        &own,
        &namespace,
        ("spec", spec),
    );
    Ok(secret.into_iter().chain([source, applied]).collect())
}

/// The source: what to fetch, and which revision of it.
fn fetched(
    task: &Task,
    source: &BTreeMap<String, Term>,
    own: &str,
    namespace: &str,
) -> Result<(&'static str, Term), Failure> {
    let (kind, url, revisions) = match (source.get("git"), source.get("oci")) {
        (Some(url), None) => ("GitRepository", url, &GIT[..]),
        (None, Some(url)) => ("OCIRepository", url, &OCI[..]),
        _ => return Err(unusable("flux", "source", SOURCE)),
    };
    let others = ["git", "oci", "secret", "insecure"];
    let (key, revision) = one_of(task, source, revisions, &others, SOURCE)?;
    let insecure = match source.get("insecure") {
        None | Some(Term::Null) => None,
        Some(Term::Bool(said)) if kind == "OCIRepository" => said.then_some(Term::Bool(true)),
        Some(_) => return Err(unusable("flux", "source", SOURCE)),
    };
    let spec = given([
        ("url", Some(url.clone())),
        ("interval", Some(interval(task))),
        ("ref", Some(Term::Map([(key, revision)].into()))),
        ("insecure", insecure),
        (
            "suspend",
            flag(task, "suspend", false)?.then_some(Term::Bool(true)),
        ),
        (
            "secretRef",
            source.get("secret").map(|s| map([("name", s.clone())])),
        ),
    ]);
    Ok((
        kind,
        object(
            "source.toolkit.fluxcd.io/v1",
            kind,
            own,
            namespace,
            ("spec", spec),
        ),
    ))
}

/// The Secret with the inputs, and how the Kustomization takes it: as variables, when no other form was asked for.
fn inputs(
    task: &Task,
    own: &str,
    namespace: &str,
) -> Result<(Option<Term>, Option<Term>), Failure> {
    if task.inputs.is_empty() {
        return Ok((None, None));
    }
    let secret = |name: &str, namespace: &str, data| {
        object("v1", "Secret", name, namespace, ("stringData", data))
    };
    let Some(form) = task.spec.options.get("inputs-as") else {
        let named = format!("{own}-inputs");
        let from = map([("kind", text("Secret")), ("name", text(&named))]);
        let data = Term::Map(task.inputs.clone());
        let variables = map([("substituteFrom", Term::List(vec![from]))]);
        return Ok((Some(secret(&named, namespace, data)), Some(variables)));
    };
    let said = |key: &str| match form {
        Term::Map(form) => form.get(key)?.plain()?.scalar_text(),
        _ => None,
    };
    let (Some(named), Some(key)) = (said("secret"), said("key")) else {
        let want = "`{secret: NAME, key: values.yaml}`, with `namespace` where it is another one";
        return Err(unusable("flux", "inputs-as", want));
    };
    let place = said("namespace").unwrap_or_else(|| namespace.to_owned());
    // JSON is YAML
    let data = Term::Map([(key, Term::Map(task.inputs.clone()))].into());
    Ok((Some(secret(&named, &place, data)), None))
}

fn interval(task: &Task) -> Term {
    option(task, "interval").unwrap_or_else(|| text(INTERVAL))
}
