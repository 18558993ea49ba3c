//! The invocations of helm, and which of their lines are worth showing.
use super::{
    options::{self, Chart, flag},
    release::Restore,
    workspace::{
        self, CHARTS, DEFINITIONS, ENTER, KINDS, KUBECONFIG, LOOKUPS, MANIFEST, NAMESPACE, OBJECTS,
        REPOSITORIES, VALUES,
    },
};
use crate::{cluster, declared};
use std::collections::BTreeMap;
use strata_core::engine::{
    Arg, Channel, Collect, Effect, EnvValue, Invocation, Millis, Place, Recovery, Task,
};

/// Most bytes of a release as JSON: it holds its objects and, while it is planned, its chart.
const MOST_JSON: u64 = 256 << 20;
/// Most bytes of a history.
const MOST_HISTORY: u64 = 4 << 20;
/// How many revisions helm keeps.
const HISTORY: &str = "--history-max=10";
/// Without values helm takes those of the revision before.
const RESET: &str = "--reset-values";
/// What an operation may take beside waiting: the chart, hooks, the way back.
const MARGIN: Millis = 5 * 60_000;

fn program(task: &Task) -> &str {
    match task.tool.program.as_str() {
        "" => "helm",
        program => program,
    }
}

fn environment(task: &Task) -> BTreeMap<String, EnvValue> {
    let private = |path: &str| EnvValue::Path(Place::private(path));
    let mut env = BTreeMap::from([
        // several units at once would overwrite each other's indexes
        ("HELM_CACHE_HOME".to_owned(), private("helm")),
        (
            "HELM_REPOSITORY_CACHE".to_owned(),
            private("helm/repository"),
        ),
    ]);
    if workspace::repositories(task).is_some() {
        env.insert("HELM_REPOSITORY_CONFIG".to_owned(), private(REPOSITORIES));
    }
    if workspace::registry(task).is_some() {
        env.insert(
            "HELM_REGISTRY_CONFIG".to_owned(),
            private(workspace::REGISTRY),
        );
    }
    env.insert("KUBECONFIG".to_owned(), private(KUBECONFIG));
    env
}

fn helm(task: &Task, label: &str, words: &[&str]) -> Invocation {
    let args = words.iter().map(|w| Arg::from(*w));
    let mut run = Invocation::new(label, program(task), args);
    run.env = environment(task);
    run
}

/// One about the release.
fn of_release(task: &Task, label: &str, words: &[&str]) -> Invocation {
    let mut run = helm(task, label, words);
    run.args.push(options::release(task).into());
    run.args
        .push(format!("--namespace={}", options::namespace(&task.spec)).into());
    run
}

fn timeout(task: &Task) -> Arg {
    format!("--timeout={}s", options::timeout(&task.spec).div_ceil(1000)).into()
}

/// `dependency build`: what `Chart.lock` names into `charts/`.
pub fn dependencies(task: &Task) -> Invocation {
    let mut run = helm(task, "dependency build", &["dependency", "build"]);
    run.args.push(chart(task));
    run
}

/// `repo update` of the repository that the chart comes from.
pub fn repo_update(task: &Task) -> Invocation {
    let words = [
        "repo",
        "update",
        workspace::NAME,
        "--fail-on-repo-update-fail",
    ];
    helm(task, "repo update", &words)
}

/// `pull`: the chart as a file that is kept, so that what was planned is what is applied.
pub fn pull(task: &Task) -> Invocation {
    let from = Chart::of(&task.spec);
    let version = options::version(&task.spec);
    let mut run = helm(task, "pull", &["pull"]);
    run.args.push(match &from {
        Chart::Repository { name, .. } => format!("{}/{name}", workspace::NAME).into(),
        other => other.shown().into(),
    });
    run.args.push(format!("--version={version}").into());
    run.args
        .extend(["--destination".into(), Arg::Path(Place::private(CHARTS))]);
    if flag(&task.spec, "plain-http") == Some(true) {
        run.args.push("--plain-http".into());
    }
    run.collect = vec![Collect::Keep {
        name: "chart".to_owned(),
        at: Place::private(workspace::pulled(&from, &version)),
        sensitive: false,
    }];
    run
}

/// The chart, as an argument.
fn chart(task: &Task) -> Arg {
    match Chart::of(&task.spec) {
        Chart::Folder(path) => path.into(),
        Chart::Archive(path) => format!("./{}", path.trim_start_matches("./")).into(),
        made @ Chart::Made(_) => Arg::Path(Place::private(workspace::pulled(&made, ""))),
        from => Arg::Path(Place::private(workspace::pulled(
            &from,
            &options::version(&task.spec),
        ))),
    }
}

/// `status -o json`: the release with its objects, secrets among them, so only the engine sees it.
pub fn status(task: &Task) -> Invocation {
    let mut run = of_release(task, "status", &["status", "--output=json"]);
    run.stdout = Channel::Answer(MOST_JSON);
    run.collect = declared::collects(&task.spec);
    run
}

/// The release at one revision.
pub fn revision(task: &Task, revision: u64) -> Invocation {
    let mut run = status(task);
    "status of the last good revision".clone_into(&mut run.label);
    run.args.push(format!("--revision={revision}").into());
    run
}

/// `history -o json`.
pub fn history(task: &Task) -> Invocation {
    let mut run = of_release(task, "history", &["history", "--output=json", "--max=256"]);
    run.stdout = Channel::Answer(MOST_HISTORY);
    run
}

/// A session that asks whether it is the cluster of the last apply, and writes the kubeconfig.
pub fn enter(task: &Task) -> Invocation {
    session(task, "cluster", ENTER, vec![Place::private(KUBECONFIG)])
}

/// A session that tells what the cluster serves.
pub fn kinds(task: &Task) -> Invocation {
    session(task, "kinds", KINDS, vec![])
}

/// A session that compares what was rendered with the cluster.
pub fn compare(task: &Task, with_definitions: bool) -> Invocation {
    let mut files = Vec::new();
    if workspace::makes_namespace(task) {
        files.push(Place::private(NAMESPACE));
    }
    if with_definitions {
        files.push(Place::private(DEFINITIONS));
    }
    files.push(Place::private(MANIFEST));
    session(task, "compare", OBJECTS, files)
}

/// A session that looks at the objects of the release: why they are not ready, or what has drifted.
pub fn look(task: &Task) -> Invocation {
    session(task, "look", OBJECTS, vec![Place::private(MANIFEST)])
}

/// A session that reads outputs from objects.
pub fn lookups(task: &Task) -> Invocation {
    let mut run = session(task, "outputs", LOOKUPS, vec![]);
    run.collect = declared::collects(&task.spec);
    run
}

fn session(task: &Task, label: &str, request: &str, files: Vec<Place>) -> Invocation {
    let mut run = cluster::invocation(task, label, request, files);
    // whatever the verb is: helm writes, this does not
    run.effect = Effect::Reads;
    run
}

/// What an upgrade would make of the release, as JSON; its objects also go to a private file, for a session to read.
pub fn render(task: &Task) -> Invocation {
    let words = [
        "upgrade",
        "--install",
        "--dry-run=server",
        "--output=json",
        RESET,
        HISTORY,
    ];
    let mut run = of_release(task, "render", &words);
    run.args.push(chart(task));
    values(task, &mut run);
    to_file(&mut run);
    run.stdout = Channel::Answer(MOST_JSON);
    run
}

/// The same without helm's own look at the release and at definitions: `template`, told what the cluster serves. For a
/// chart that brings definitions together with objects of them, and for a release that helm refuses to touch before it is
/// restored.
pub fn template(task: &Task, is_upgrade: bool, apis: &[String]) -> Invocation {
    let mut run = of_release(task, "template", &["template", "--dry-run=server"]);
    run.args.push(chart(task));
    values(task, &mut run);
    run.args.push(if is_upgrade {
        "--is-upgrade".into()
    } else {
        "--include-crds".into()
    });
    // the version first, then what it serves
    if let Some((version, apis)) = apis.split_first() {
        run.args.push(format!("--kube-version={version}").into());
        let apis = apis
            .iter()
            .map(|api| format!("--api-versions={api}").into());
        run.args.extend(apis);
    }
    to_file(&mut run);
    run.stdout = Channel::Answer(MOST_JSON);
    // template says nothing of the values that it was given, and they have to be hidden
    run.collect.push(Collect::Read {
        name: "values".to_owned(),
        at: Place::private(VALUES),
        max: MOST_JSON,
    });
    run
}

/// helm hands the objects to a program that may change them; `tee` changes nothing and keeps them.
fn to_file(run: &mut Invocation) {
    run.args.extend([
        "--post-renderer=tee".into(),
        Arg::Joined("--post-renderer-args=".to_owned(), Place::private(MANIFEST)),
    ]);
}

/// Definitions in the chart's folder `crds` and in those of the charts inside, into a private file for a session.
pub fn definitions(task: &Task) -> Invocation {
    let mut run = helm(task, "show crds", &["show", "crds"]);
    run.args.push(chart(task));
    written(run, DEFINITIONS)
}

fn values(task: &Task, run: &mut Invocation) {
    for file in options::values_files(&task.spec) {
        run.args.extend(["--values".into(), file.into()]);
    }
    run.args
        .extend(["--values".into(), Arg::Path(Place::private(VALUES))]);
    if flag(&task.spec, "skip-crds") == Some(true) {
        run.args.push("--skip-crds".into());
    }
    if flag(&task.spec, "take-ownership") == Some(true) && run.label != "template" {
        run.args.push("--take-ownership".into());
    }
    if workspace::makes_namespace(task) && run.label != "template" {
        run.args.push("--create-namespace".into());
    }
}

/// Does it go back by itself when it fails? Not by helm's `--atomic`, which removes what failed before anybody could
/// look why: the engine asks first, then goes back.
pub fn is_atomic(task: &Task) -> bool {
    flag(&task.spec, "atomic") != Some(false)
}

/// `upgrade --install`. helm is asked what became of one that was cut off.
pub fn upgrade(task: &Task) -> Invocation {
    let mut run = of_release(task, "upgrade", &["upgrade", "--install", RESET, HISTORY]);
    run.args.push(chart(task));
    values(task, &mut run);
    if flag(&task.spec, "wait") != Some(false) {
        run.args.extend(["--wait".into(), "--wait-for-jobs".into()]);
    }
    run.args.push(timeout(task));
    writes(task, &mut run, Recovery::Probe);
    run
}

/// The way back: `rollback` to a revision, or `uninstall`. To do it again does no harm.
pub fn back(task: &Task, to: Restore, wait: bool) -> Invocation {
    let mut run = match to {
        Restore::Rollback(revision) => {
            let mut run = of_release(task, "rollback", &["rollback"]);
            run.args
                .extend([revision.to_string().into(), HISTORY.into()]);
            if wait {
                run.args.push("--wait".into());
            }
            run
        }
        // what is gone already is no mistake
        _ => {
            let words = ["uninstall", "--wait", "--ignore-not-found"];
            of_release(task, "uninstall", &words)
        }
    };
    run.args.push(timeout(task));
    writes(task, &mut run, Recovery::Rerun);
    run
}

/// Files with definitions of the release's chart: helm never removes what they define.
pub fn stays(task: &Task) -> Invocation {
    let mut run = of_release(
        task,
        "get",
        &[
            "get",
            "all",
            "--template={{range .Release.Chart.CRDObjects}}definitions of {{.Name}} stay in the cluster, with all objects of them\n{{end}}",
        ],
    );
    run.stdout = Channel::Both(MOST_HISTORY);
    run
}

/// `test`: the chart's test pods, with their logs.
pub fn test(task: &Task) -> Invocation {
    let mut run = of_release(task, "test", &["test", "--logs"]);
    run.args.push(timeout(task));
    writes(task, &mut run, Recovery::Rerun);
    run
}

/// The objects of the release as they were applied, or its hooks, into a private file for a session.
pub fn recorded(task: &Task, what: &str) -> Invocation {
    let run = of_release(task, &format!("get {what}"), &["get", what]);
    written(run, MANIFEST)
}

/// The same with standard output in a private file: helm writes secrets there, and offers no other place.
fn written(mut run: Invocation, file: &str) -> Invocation {
    let words = ["-c", r#"umask 077; to=$1; shift; exec "$@" >"$to""#, "sh"];
    let mut args: Vec<Arg> = words.map(Arg::from).into();
    args.push(Arg::Path(Place::private(file)));
    args.push(std::mem::replace(&mut run.program, "sh".to_owned()).into());
    args.append(&mut run.args);
    run.args = args;
    run
}

fn writes(task: &Task, run: &mut Invocation, recovery: Recovery) {
    run.effect = Effect::Writes(recovery);
    run.limit = 2 * options::timeout(&task.spec) + MARGIN;
    // interrupted, it notes in the release that it was
    run.stop[0].1 = 60_000;
}

/// A line of helm's output.
pub fn progress(label: &str, line: &str) -> Option<String> {
    let text = line.trim();
    let noise = [
        "WARNING: Kubernetes configuration file",
        "Hang tight while",
        // there is none yet, or none any more
        "Error: release: not found",
    ];
    let says =
        text.chars().any(char::is_alphanumeric) && !noise.iter().any(|n| text.starts_with(n));
    // words of a failure come with the failure
    let speaks = says && !line.starts_with(strata_core::cluster::SAID);
    (speaks && label != "kinds").then(|| line.trim_end().to_owned())
}

#[cfg(test)]
mod tests;
