//! One start of `ansible-playbook`: its private files, variables and arguments.
use super::inventory;
use std::collections::BTreeMap;
use strata_core::{
    engine::{
        Arg, Channel, Collect, Content, EnvValue, Generated, Invocation, Place, Task, Workspace,
    },
    value::Term,
};

/// The callback plug-in that streams what happens.
const CALLBACK: &str = include_str!("callback.py");
const KEY: &str = "ssh/key";
const KNOWN_HOSTS: &str = "ssh/known_hosts";
const STATS: &str = "stats.json";
/// Most bytes of a summary.
const MOST_STATS: u64 = 64 << 20;

/// The playbook of an apply.
pub fn main(task: &Task) -> String {
    task.spec
        .string("playbook")
        .or_else(|| task.facts.get("playbook").cloned())
        .unwrap_or_else(|| "site.yml".to_owned())
}

/// A part of `ansible.ssh`.
fn ssh<'a>(task: &'a Task, part: &str) -> Option<&'a Term> {
    match task.spec.options.get("ssh") {
        Some(Term::Map(ssh)) => ssh.get(part).filter(|term| **term != Term::Null),
        _ => None,
    }
}

/// Everything that has to lie there.
pub fn workspace(task: &Task) -> Workspace {
    let file = |path: &str, content| Generated {
        at: Place::private(path),
        content,
        mode: 0o600,
    };
    let mut files = vec![
        file("inputs.json", Content::Json(Term::Map(task.inputs.clone()))),
        file("callbacks/strata.py", Content::Text(CALLBACK.to_owned())),
        file("ansible.cfg", Content::Text("[defaults]\n".to_owned())),
        file("control/.keep", Content::Text(String::new())),
    ];
    let no_hosts = Term::Map(BTreeMap::from([(
        "all".to_owned(),
        Term::Map(BTreeMap::new()),
    )]));
    files.push(file(
        "inventory.json",
        Content::Json(inventory::of(task).unwrap_or(no_hosts)),
    ));
    // a key without a last line end is no key to ssh
    let line = |term: &Term| {
        Content::Term(Term::Text(vec![
            term.clone(),
            Term::String("\n".to_owned()),
        ]))
    };
    let texts = [
        (ssh(task, "key"), KEY.to_owned()),
        // beside the key and named after it, ssh finds it for itself
        (ssh(task, "certificate"), format!("{KEY}-cert.pub")),
        (ssh(task, "known-hosts"), KNOWN_HOSTS.to_owned()),
        (
            task.spec.options.get("vault-password"),
            "vault-password".to_owned(),
        ),
    ];
    files.extend(
        texts
            .iter()
            .filter_map(|(term, path)| term.map(|term| file(path, line(term)))),
    );
    Workspace {
        generated: files,
        keep: vec![],
        shared: None,
        root: String::new(),
        beside: vec![],
    }
}

/// A playbook in check mode: it changes nothing.
pub fn check(task: &Task, label: &str) -> Invocation {
    let mut run = invocation(task, label, &main(task));
    run.args
        .splice(0..0, [Arg::from("--check"), Arg::from("--diff")]);
    run
}

/// A playbook.
pub fn invocation(task: &Task, label: &str, playbook: &str) -> Invocation {
    let program = if task.tool.program.is_empty() {
        "ansible-playbook"
    } else {
        &task.tool.program
    };
    let mut args: Vec<Arg> = vec!["-i".into()];
    args.push(match task.spec.string("inventory") {
        Some(path) => path.into(),
        None => Arg::Path(Place::private("inventory.json")),
    });
    args.extend([
        "-e".into(),
        Arg::Joined("@".to_owned(), Place::private("inputs.json")),
    ]);
    args.extend(connection(task));
    if task.spec.options.contains_key("vault-password") {
        args.extend([
            "--vault-password-file".into(),
            Arg::Path(Place::private("vault-password")),
        ]);
    }
    args.push(playbook.into());
    let mut run = Invocation::new(label, program, args);
    run.env = variables(task);
    run.stdout = Channel::Log;
    run.collect = vec![Collect::Read {
        name: "stats".to_owned(),
        at: Place::private(STATS),
        max: MOST_STATS,
    }];
    run
}

/// How ssh finds its way.
fn connection(task: &Task) -> Vec<Arg> {
    let mut args = Vec::new();
    let mut options = String::from("--ssh-common-args=-o BatchMode=yes");
    if ssh(task, "key").is_some() {
        args.extend(["--private-key".into(), Arg::Path(Place::private(KEY))]);
        options.push_str(" -o IdentitiesOnly=yes");
    }
    if let Some(jump) = ssh(task, "jump")
        .and_then(Term::plain)
        .and_then(|v| v.scalar_text())
    {
        options.push_str(&format!(" -o ProxyJump={jump}"));
    }
    args.push(if ssh(task, "known-hosts").is_some() {
        options.push_str(" -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile=");
        Arg::Joined(options, Place::private(KNOWN_HOSTS))
    } else {
        options.into()
    });
    args
}

fn variables(task: &Task) -> BTreeMap<String, EnvValue> {
    let text = |text: &str| EnvValue::Text(text.to_owned());
    let private = |path: &str| EnvValue::Path(Place::private(path));
    let config = if task.facts.contains_key("config") {
        EnvValue::Path(Place::work("ansible.cfg"))
    } else {
        private("ansible.cfg")
    };
    [
        ("ANSIBLE_CONFIG", config),
        ("ANSIBLE_HOME", private("home")),
        ("ANSIBLE_LOCAL_TEMP", private("home/tmp")),
        ("ANSIBLE_CALLBACK_PLUGINS", private("callbacks")),
        ("ANSIBLE_STDOUT_CALLBACK", text("strata")),
        ("ANSIBLE_SSH_CONTROL_PATH_DIR", private("control")),
        ("ANSIBLE_PIPELINING", text("True")),
        ("ANSIBLE_HOST_KEY_CHECKING", text("True")),
        ("ANSIBLE_RETRY_FILES_ENABLED", text("False")),
        ("ANSIBLE_INVENTORY_UNPARSED_WARNING", text("False")),
        ("ANSIBLE_LOCALHOST_WARNING", text("False")),
        ("ANSIBLE_NOCOLOR", text("True")),
        ("ANSIBLE_NOCOWS", text("True")),
        ("PYTHONDONTWRITEBYTECODE", text("1")),
        ("STRATA_STATS", private(STATS)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
