//! One chart: dependencies, then an upgrade that installs what is not there; a release that hangs is rolled back first.
use super::{Step, tree_place};
use crate::outcome::{failure, succeeded};
use strata_core::engine::{
    Arg, Channel, Effect, EnvValue, Got, Invocation, Place, Recovery, Task, ToolQuestion, Verb,
};

pub const OPTIONS: &[(&str, &str)] = &[
    ("environment", "the folder of the environment"),
    ("deployment", "the folder of the chart in it"),
    ("plugin", "what BitOps calls its tool"),
    (
        "default-folder",
        "the folder whose files every environment gets",
    ),
    ("looks-at", "earlier deployments whose files it reads"),
    ("action", "not used by this tool"),
    ("skip", "`true`: only hooks run"),
    ("release", "name of the release: that of the folder"),
    (
        "namespace",
        "namespace of the release; made when it is missing",
    ),
    ("timeout", "how long one operation may take"),
    (
        "values",
        "files with values, from the root of the repo; later ones win",
    ),
    ("set", "values, as `KEY=VALUE`"),
    ("debug", "`true`: helm says more"),
    ("atomic", "`true`: a failed upgrade is rolled back"),
    ("force", "`true`: what cannot be changed is replaced"),
    ("dry-run", "`true`: nothing is changed"),
    ("kubeconfig", "a kubeconfig of the folder"),
    (
        "cluster",
        "an EKS cluster whose kubeconfig is fetched with the AWS CLI",
    ),
];

const MOST: u64 = 64 << 20;
const CLUSTER: &str = "update-kubeconfig";
const DEPENDENCIES: &str = "dependency update";
const STATUS: &str = "status";
const ROLLBACK: &str = "rollback";
const UPGRADE: &str = "upgrade";

pub fn tool() -> ToolQuestion {
    ToolQuestion {
        programs: vec!["helm".to_owned()],
        args: vec!["version", "--short"],
        minimum: "3.0",
        install: "install Helm 3",
    }
}

/// What a pipeline gives in variables becomes files, then this becomes the program: a kubeconfig, and for an upgrade
/// secret values. Nobody but us can read them.
const FROM_VARIABLES: &str = r#"umask 077
config="${BITOPS_KUBECONFIG_BASE64:-$KUBECONFIG_BASE64}"
if [ -n "$config" ]; then
  mkdir -p "$(dirname "$BITOPS_KUBE_CONFIG_FILE")" && echo "$config" | base64 -d > "$BITOPS_KUBE_CONFIG_FILE" || exit 1
  export KUBECONFIG="$BITOPS_KUBE_CONFIG_FILE"
fi
if [ "$2" = upgrade ] && [ -n "$HELM_SECRETS_BASE64" ]; then
  echo "$HELM_SECRETS_BASE64" | base64 -d > values-secrets.yaml || exit 1
  set -- "$@" -f values-secrets.yaml
fi
exec "$@""#;

fn option(task: &Task, name: &str) -> Option<String> {
    task.spec.string(name).filter(|v| !v.is_empty())
}

/// The kubeconfig that is used: a file of the folder, the one that is fetched, else what the caller has.
fn kubeconfig(task: &Task) -> Option<Place> {
    match (option(task, "kubeconfig"), option(task, "cluster")) {
        (Some(path), _) if !path.starts_with('/') => Some(Place::work(path)),
        (None, Some(_)) => Some(tree_place(".kube/config")),
        _ => None,
    }
}

fn helm(task: &Task, label: &str, args: Vec<Arg>) -> Invocation {
    let program = match task.tool.program.as_str() {
        "" => "helm",
        program => program,
    };
    let words = ["-c", FROM_VARIABLES, "bash", program].map(Arg::from);
    let args: Vec<Arg> = words.into_iter().chain(args).collect();
    let mut run = Invocation::new(label, "bash", args);
    if let Some(place) = kubeconfig(task) {
        run.env
            .insert("KUBECONFIG".to_owned(), EnvValue::Path(place));
    } else if let Some(path) = option(task, "kubeconfig") {
        run.env
            .insert("KUBECONFIG".to_owned(), EnvValue::Text(path));
    }
    run
}

fn release(task: &Task) -> Vec<Arg> {
    let mut args = vec![Arg::Text(option(task, "release").unwrap_or_default())];
    if let Some(namespace) = option(task, "namespace") {
        args.push(format!("--namespace={namespace}").into());
    }
    args
}

pub fn first(task: &Task) -> Step {
    match option(task, "cluster") {
        Some(cluster) if option(task, "kubeconfig").is_none() => {
            let args = [
                "eks",
                "update-kubeconfig",
                "--name",
                &cluster,
                "--kubeconfig",
            ];
            let mut args: Vec<Arg> = args.map(Arg::from).into();
            args.push(Arg::Path(tree_place(".kube/config")));
            Step::run(Invocation::new(CLUSTER, "aws", args))
        }
        _ => begin(task),
    }
}

fn begin(task: &Task) -> Step {
    if task.verb == Verb::Destroy {
        let mut args = vec![Arg::from("uninstall")];
        args.extend(release(task));
        args.push("--ignore-not-found".into());
        return Step::run(writes(helm(task, "uninstall", args)));
    }
    Step::run(helm(
        task,
        DEPENDENCIES,
        vec!["dependency".into(), "update".into(), ".".into()],
    ))
}

fn writes(mut run: Invocation) -> Invocation {
    run.effect = Effect::Writes(Recovery::Rerun);
    run
}

pub fn then(task: &Task, label: &str, got: &Got) -> Step {
    match label {
        CLUSTER if succeeded(got) => begin(task),
        DEPENDENCIES if succeeded(got) => {
            let mut args = vec![Arg::from("status")];
            args.extend(release(task));
            args.extend(["--output".into(), "json".into()]);
            let mut run = helm(task, STATUS, args);
            run.stdout = Channel::Answer(MOST);
            Step::run(run)
        }
        STATUS if hangs(got) => {
            let mut args = vec![Arg::from("rollback")];
            let mut release = release(task);
            args.push(release.remove(0));
            args.push("0".into());
            args.append(&mut release);
            Step::run(writes(helm(task, ROLLBACK, args)))
        }
        // a release that was never there has no status
        STATUS => Step::run(upgrade(task)),
        ROLLBACK if succeeded(got) => Step::run(upgrade(task)),
        _ if succeeded(got) => Step::Done,
        _ => Step::Failed(failure(&format!("helm {label}"), got)),
    }
}

/// Was an operation on the release cut off?
fn hangs(got: &Got) -> bool {
    let status = serde_json::from_slice::<serde_json::Value>(got.stdout()).ok();
    let status = status.as_ref().and_then(|s| s["info"]["status"].as_str());
    status.is_some_and(|s| s.starts_with("pending") && s != "pending-install")
}

fn upgrade(task: &Task) -> Invocation {
    let mut args = vec![Arg::from("upgrade")];
    let mut named = release(task);
    args.push(named.remove(0));
    args.push(".".into());
    args.extend(["--install", "--cleanup-on-fail", "--create-namespace"].map(Arg::from));
    args.append(&mut named);
    if let Some(timeout) = option(task, "timeout") {
        args.push(format!("--timeout={timeout}").into());
    }
    for flag in ["debug", "atomic", "force", "dry-run"] {
        if option(task, flag).is_some_and(|v| v == "true") {
            args.push(format!("--{flag}").into());
        }
    }
    for file in task.spec.strings("values").unwrap_or_default() {
        args.extend(["-f".into(), Arg::Path(tree_place(&file))]);
    }
    for value in task.spec.strings("set").unwrap_or_default() {
        args.extend(["--set".into(), value.into()]);
    }
    writes(helm(task, UPGRADE, args))
}
