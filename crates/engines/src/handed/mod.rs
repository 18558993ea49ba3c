//! Flux and Argo CD: a unit hands objects over to their controllers and waits until those did what the objects say.
//!
//! The objects are those of the component's folder, or are made from its options: what to fetch, where in it, at which
//! revision. What the controllers apply then is theirs: this engine neither renders nor compares it. It tells them to
//! look, waits for their verdict on that look and names what of theirs is not ready.
mod argocd;
mod flux;
mod make;

use crate::{
    cluster, declared,
    frame::{unusable, wrong_duration},
    outcome::refused,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strata_core::{
    cluster::{Answer, Request},
    diagnostic::Diagnostic,
    duration::duration,
    engine::{
        Content, Engine, Failure, Finding, Generated, Got, Place, Task, ToolQuestion, Turn, Verb,
        Verdict, Workspace,
    },
    interface::{Interface, OutputDecl},
    spec::UnitSpec,
    tree::Tree,
    ty::Type,
    value::{Output, Term, Value},
};
use strata_syntax::{argocd as read_argocd, flux as read_flux, own::Own};

/// The private file with the request.
const REQUEST: &str = "cluster.json";
/// The private file with the objects that are made.
const MADE: &str = "objects.json";
/// The fact that names the manifests of the folder, as a JSON list of paths in it.
const FACT: &str = "handed";
/// Where Flux keeps its own objects in the folder of a cluster.
const FLUX_SYSTEM: &str = "flux-system/";

/// The output with the revision of every object that was handed over, by its name.
const REVISIONS: &str = "revisions";
/// The output with the revision, where the unit makes one object that applies.
const REVISION: &str = "revision";

/// One of both.
pub struct Handed {
    name: &'static str,
    options: &'static [(&'static str, &'static str)],
    recognise: for<'a> fn(&'a dyn Tree, &str) -> Option<&'a str>,
    problems: fn(&dyn Tree, &str) -> Vec<Diagnostic>,
    /// What is wrong with the options.
    wrong: fn(&UnitSpec) -> Vec<Diagnostic>,
    /// Does everybody see the inputs of a component with a `source`?
    shows_inputs: bool,
    /// The objects of a component with a `source`.
    make: fn(&Task, &BTreeMap<String, Term>) -> Result<Vec<Term>, Failure>,
    /// Where objects are that name no namespace.
    namespace: &'static str,
}

/// Both.
pub fn all() -> [Handed; 2] {
    [
        Handed {
            name: "flux",
            options: flux::OPTIONS,
            recognise: read_flux::recognise,
            problems: |tree, folder| {
                let own = Own::of(tree);
                read_flux::problems(tree, &read_flux::read(tree, folder, &own), &own)
            },
            wrong: |spec| make::problems(spec, flux::FORMS, flux::SOURCE, flux::FLAGS),
            shows_inputs: false,
            make: flux::made,
            namespace: flux::NAMESPACE,
        },
        Handed {
            name: "argocd",
            options: argocd::OPTIONS,
            recognise: read_argocd::recognise,
            problems: |tree, folder| {
                let own = Own::of(tree);
                read_argocd::problems(tree, &read_argocd::read(tree, folder), &own)
            },
            wrong: |spec| make::problems(spec, argocd::FORMS, argocd::SOURCE, argocd::FLAGS),
            shows_inputs: true,
            make: argocd::made,
            namespace: argocd::NAMESPACE,
        },
    ]
}

/// What runs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing.
    Idle,
    /// A session.
    Asking,
}

impl Engine for Handed {
    type State = State;

    fn name(&self) -> &'static str {
        self.name
    }
    fn tool(&self) -> Option<ToolQuestion> {
        None
    }
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
        (self.recognise)(tree, folder)
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        self.options
    }
    fn interface(&self, tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        let here = (self.recognise)(tree, &spec.folder).is_some();
        let mut problems: Vec<Diagnostic> = wrong_duration(spec, "wait").into_iter().collect();
        problems.extend((self.wrong)(spec));
        let files = if here {
            manifests(tree, &spec.folder)
        } else {
            vec![]
        };
        let is_made = spec.options.contains_key("source");
        if here {
            problems.extend((self.problems)(tree, &spec.folder));
        } else if !is_made {
            let name = self.name;
            problems.push(
                Diagnostic::error(
                    "handed::nothing",
                    format!("nothing is handed over: the folder has no objects of {name}, and there is no `{name}.source`"),
                )
                .help(format!("put the objects there, or write `{name}: {{source: {{git: URL, …}}, path: …}}`")),
            );
        }
        let text = |ty| OutputDecl {
            ty,
            sensitive: false,
            at: None,
        };
        let mut outputs = declared::interface(spec);
        outputs.insert(
            REVISIONS.to_owned(),
            text(Type::Map(Box::new(Type::String))),
        );
        if is_made {
            outputs.insert(REVISION.to_owned(), text(Type::String));
        }
        let list = serde_json::to_string(&files).expect("plain data");
        let interface = Interface {
            open_inputs: true,
            shows_inputs: is_made && self.shows_inputs,
            outputs,
            facts: BTreeMap::from([(FACT.to_owned(), list)]),
            ..Interface::default()
        };
        (interface, problems)
    }
    fn workspace(&self, task: &Task) -> Workspace {
        // what is wrong is said when it begins
        let request = self
            .request(task)
            .unwrap_or_else(|_| cluster::request(task, cluster::ask(task.verb)));
        let with_inputs = !has_source(task);
        let mut generated = vec![cluster::file(task, REQUEST, &request, with_inputs)];
        if let Ok(Some(made)) = self.made(task) {
            generated.push(Generated {
                at: Place::private(MADE),
                content: Content::Json(made),
                mode: 0o600,
            });
        }
        Workspace {
            generated,
            ..Workspace::default()
        }
    }
    fn begin(&self, task: &Task, _open: &Got) -> Turn<State> {
        let end = |finding| Turn::finish(State::Idle, finding);
        let made = match self.request(task).and_then(|_| self.made(task)) {
            Ok(made) => made,
            Err(failure) => return end(Finding::Failed(failure)),
        };
        match task.verb {
            Verb::Plan | Verb::Apply | Verb::Observe => {
                let mut files: Vec<Place> =
                    listed(&task.facts).into_iter().map(Place::work).collect();
                files.extend(made.map(|_| Place::private(MADE)));
                asked(task, files)
            }
            Verb::Destroy => asked(task, vec![]),
            Verb::Outputs => end(declared::recorded(task)),
            Verb::Recover => end(Finding::Recovered(Verdict::Partly)),
            Verb::Verify => end(refused("what is handed over is no verifier")),
        }
    }
    fn next(&self, task: &Task, _state: State, got: &Got) -> Turn<State> {
        let what = format!("`{}`", task.verb.name());
        let found = cluster::answer(&what, got).and_then(|answer| found(task, answer, got));
        Turn::finish(State::Idle, found.unwrap_or_else(Finding::Failed))
    }
    fn progress(&self, _label: &str, line: &str) -> Option<String> {
        cluster::progress(line)
    }
}

impl Handed {
    fn request(&self, task: &Task) -> Result<Request, Failure> {
        let mut request = cluster::request(task, cluster::ask(task.verb));
        let namespace = task.spec.string("namespace").filter(|n| !n.is_empty());
        request.namespace = namespace.or_else(|| Some(self.namespace.to_owned()));
        if let Some(text) = task.spec.string("wait") {
            let wait = duration(&text)
                .ok_or_else(|| unusable(self.name, "wait", "a duration such as `45m`"))?;
            request.wait = cluster::bounded(task, wait);
        }
        request.hand_over = true;
        // what is made of options is nobody else's
        request.force_conflicts = has_source(task);
        Ok(request)
    }
    /// The objects that the options stand for; nothing when there is no `source`.
    fn made(&self, task: &Task) -> Result<Option<Term>, Failure> {
        match task.spec.options.get("source") {
            None | Some(Term::Null) => Ok(None),
            Some(Term::Map(source)) => Ok(Some(make::list((self.make)(task, source)?))),
            Some(_) => Err(unusable(
                self.name,
                "source",
                "a map such as `{git: URL, branch: main}`",
            )),
        }
    }
}

fn has_source(task: &Task) -> bool {
    matches!(task.spec.options.get("source"), Some(Term::Map(_)))
}

fn asked(task: &Task, files: Vec<Place>) -> Turn<State> {
    Turn::run(State::Asking, cluster::session(task, REQUEST, files))
}

fn found(task: &Task, answer: Answer, got: &Got) -> Result<Finding, Failure> {
    let made = revisions(task, &answer);
    let mut found = cluster::found(task, answer, got)?;
    if let Finding::Applied { outputs } = &mut found {
        outputs.extend(made);
    }
    Ok(found)
}

/// The revisions that were applied, as the controllers say them.
fn revisions(task: &Task, answer: &Answer) -> Vec<(String, Output)> {
    let text = |object: &serde_json::Value, pointer: &str| {
        object.pointer(pointer)?.as_str().map(str::to_owned)
    };
    let applied = |object: &serde_json::Value| {
        // of a HelmRelease, that was ready, Flux says no other
        let at = [
            "/status/lastAppliedRevision",
            "/status/lastAttemptedRevision",
            "/status/sync/revision",
        ];
        let revision = at.iter().find_map(|at| text(object, at))?;
        Some((text(object, "/metadata/name")?, Value::String(revision)))
    };
    let all: BTreeMap<String, Value> = answer.found.iter().filter_map(applied).collect();
    let output = |value, ty| Output {
        value,
        sensitive: false,
        ty: Some(ty),
    };
    let mut out = Vec::new();
    if has_source(task)
        && let Some(one) = all.get(&make::name(task))
    {
        out.push((REVISION.to_owned(), output(one.clone(), Type::String)));
    }
    let map = Type::Map(Box::new(Type::String));
    out.push((REVISIONS.to_owned(), output(Value::Map(all), map)));
    out
}

/// The manifests of a folder: those in it, and what Flux keeps of itself in the folder of a cluster. What lies deeper is
/// for the controllers to apply.
fn manifests(tree: &dyn Tree, folder: &str) -> Vec<String> {
    let base = match folder {
        "" | "." => String::new(),
        folder => format!("{folder}/"),
    };
    let all = tree.below(folder);
    let inside = all.iter().filter_map(|f| f.path.strip_prefix(&base));
    let mut files: Vec<String> = inside
        .filter(|name| is_manifest(name))
        .map(str::to_owned)
        .collect();
    files.sort();
    files
}

fn is_manifest(path: &str) -> bool {
    let name = path.strip_prefix(FLUX_SYSTEM).unwrap_or(path);
    let ends = [".yaml", ".yml"].iter().any(|end| name.ends_with(end));
    let other = ["component.yaml", "kustomization.yaml", "kustomization.yml"].contains(&name);
    ends && !other && !name.contains('/') && !name.starts_with('.')
}

fn listed(facts: &BTreeMap<String, String>) -> Vec<String> {
    let list = facts.get(FACT).map_or("[]", String::as_str);
    serde_json::from_str(list).unwrap_or_default()
}
