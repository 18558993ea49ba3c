//! The private files of a session: values, the repository that the chart comes from, the chart that was planned.
use super::{
    options::{self, Chart},
    outputs,
};
use crate::cluster;
use std::collections::BTreeMap;
use strata_core::{
    cluster::{Ask, Request},
    digest::Digest,
    engine::{Content, Generated, Keep, Millis, Place, Task, Verb, Workspace},
    value::Term,
};

/// The values that the inputs make: the last `--values`, so they win.
pub const VALUES: &str = "values.json";
/// The repositories that helm knows.
pub const REPOSITORIES: &str = "repositories.yaml";
/// The registries that it may enter.
pub const REGISTRY: &str = "registry.json";
/// The folder of charts that were fetched.
pub const CHARTS: &str = "charts";
/// The objects of the release.
pub const MANIFEST: &str = "manifest.yaml";
/// What helm enters the cluster with.
pub const KUBECONFIG: &str = "kubeconfig";
/// The request of the session that writes it.
pub const ENTER: &str = "cluster.json";
/// The request of the session that looks at objects.
pub const OBJECTS: &str = "objects.json";
/// The request of the session that tells what the cluster serves.
pub const KINDS: &str = "kinds.json";
/// The request of the session that reads outputs.
pub const LOOKUPS: &str = "lookups.json";
/// Definitions that the chart brings.
pub const DEFINITIONS: &str = "definitions.yaml";
/// The namespace, where it is made.
pub const NAMESPACE: &str = "namespace.yaml";
/// How long a session waits that has only to tell what is not ready, in milliseconds.
const TO_TELL: Millis = 1;
/// What the chart's repository is called.
pub const NAME: &str = "strata";

/// The file that a fetched chart lies in.
pub fn pulled(chart: &Chart, version: &str) -> String {
    format!("{CHARTS}/{}", chart.file(version))
}

/// Everything that a session needs beside the component's own files.
pub fn of(task: &Task) -> Workspace {
    let private = |path: &str, content| Generated {
        at: Place::private(path),
        content,
        mode: 0o600,
    };
    let empty = || Content::Text(String::new());
    let mut generated = vec![
        private(VALUES, Content::Json(Term::Map(task.inputs.clone()))),
        // folders that have to be there
        private("helm/repository/.keep", empty()),
        private(&format!("{CHARTS}/.keep"), empty()),
    ];
    generated.extend(requests(task));
    if makes_namespace(task) {
        let name = Term::String(options::namespace(&task.spec));
        let text = |text: &str| Term::String(text.to_owned());
        let metadata = Term::Map([("name".to_owned(), name)].into());
        let namespace = [
            ("apiVersion".to_owned(), text("v1")),
            ("kind".to_owned(), text("Namespace")),
            ("metadata".to_owned(), metadata),
        ];
        generated.push(private(
            NAMESPACE,
            Content::Json(Term::Map(namespace.into())),
        ));
    }
    if let Some(repositories) = repositories(task) {
        // JSON is YAML
        generated.push(private(REPOSITORIES, Content::Json(repositories)));
    }
    if let Some(registry) = registry(task) {
        generated.push(private(REGISTRY, Content::Json(registry)));
    }
    let chart = Chart::of(&task.spec);
    if let (true, Verb::Apply, Some(saved)) = (chart.is_elsewhere(), task.verb, &task.saved) {
        let at = pulled(&chart, &options::version(&task.spec));
        generated.push(private(&at, Content::Artifact(saved.clone())));
    }
    if let Chart::Made(Some(made)) = &chart {
        let at = pulled(&chart, "");
        generated.push(private(&at, Content::Artifact(made.clone())));
    }
    Workspace {
        generated,
        keep: dependencies(task).into_iter().collect(),
        ..Workspace::default()
    }
}

/// The folder of fetched dependencies, kept while what names them is the same.
pub fn dependencies(task: &Task) -> Option<Keep> {
    let key = Digest::parse(task.facts.get("dependencies")?)?;
    let Chart::Folder(folder) = Chart::of(&task.spec) else {
        return None;
    };
    let path = match folder.as_str() {
        "." => "charts".to_owned(),
        folder if folder.split('/').any(|part| part == "..") => return None,
        folder => format!("{}/charts", folder.trim_start_matches("./")),
    };
    Some(Keep { path, key })
}

/// What helm knows of repositories: that of the chart, and those that its dependencies name.
pub fn repositories(task: &Task) -> Option<Term> {
    let text = |text: &str| Term::String(text.to_owned());
    let entry = |name: &str, url: &str, more: BTreeMap<String, Term>| {
        let mut entry = more;
        entry.insert("name".to_owned(), text(name));
        entry.insert("url".to_owned(), text(url));
        Term::Map(entry)
    };
    let mut all = Vec::new();
    if let Chart::Repository { url, .. } = Chart::of(&task.spec) {
        all.push(entry(NAME, &url, options::login(&task.spec)));
    }
    let named = task.facts.get("repositories").map_or("", String::as_str);
    for (i, url) in named.lines().enumerate() {
        all.push(entry(&format!("{NAME}-{i}"), url, BTreeMap::new()));
    }
    (!all.is_empty()).then(|| {
        Term::Map(BTreeMap::from([
            ("apiVersion".to_owned(), text("")),
            ("repositories".to_owned(), Term::List(all)),
        ]))
    })
}

/// What lets helm into the registry of the chart.
pub fn registry(task: &Task) -> Option<Term> {
    let Chart::Registry(url) = Chart::of(&task.spec) else {
        return None;
    };
    let login = options::login(&task.spec);
    let host = url.strip_prefix("oci://")?.split('/').next()?.to_owned();
    (!login.is_empty()).then(|| {
        let auths = Term::Map(BTreeMap::from([(host, Term::Map(login))]));
        Term::Map(BTreeMap::from([("auths".to_owned(), auths)]))
    })
}

/// Does an apply make the namespace?
pub fn makes_namespace(task: &Task) -> bool {
    options::flag(&task.spec, "create-namespace") == Some(true)
}

/// The requests of sessions, one file for each kind of question.
fn requests(task: &Task) -> Vec<Generated> {
    let asking = |name, ask| {
        let mut request = Request {
            namespace: Some(options::namespace(&task.spec)),
            // helm waits; a session only tells what it waited for, and waits for what comes after
            wait: match ask {
                Ask::Wait => TO_TELL,
                Ask::Outputs if task.verb == Verb::Apply => {
                    cluster::bounded(task, options::timeout(&task.spec))
                }
                _ => 0,
            },
            prune: false,
            force_conflicts: true,
            inventory: false,
            by_another: true,
            ..cluster::request(task, ask)
        };
        if ask != Ask::Outputs {
            request.lookups.clear();
        }
        cluster::file(task, name, &request, false)
    };
    let mut files = vec![asking(ENTER, Ask::Kubeconfig)];
    match task.verb {
        Verb::Plan => files.extend([asking(OBJECTS, Ask::Plan), asking(KINDS, Ask::Kinds)]),
        Verb::Apply => files.push(asking(OBJECTS, Ask::Wait)),
        Verb::Observe => files.push(asking(OBJECTS, Ask::Observe)),
        _ => {}
    }
    if outputs::are_looked_up(task) && matches!(task.verb, Verb::Apply | Verb::Outputs) {
        files.push(asking(LOOKUPS, Ask::Outputs));
    }
    files
}
