//! Keys of BitOps' first generation. Most public repos still have them; the second one silently ignores them.
use strata_core::{diagnostic::Diagnostic, span::Location};
use strata_syntax::node::{Entry, Kind, Map, Node};

/// What became of a key.
enum Now {
    /// It has another name.
    Called(&'static str),
    /// It means nothing any more; what to do instead.
    Nothing(&'static str),
}

use Now::{Called, Nothing};

/// By tool: the old key, and what became of it.
const KEYS: &[(&str, &str, Now)] = &[
    ("terraform", "options.command", Called("cli.stack-action")),
    ("terraform", "cli.target", Called("cli.targets")),
    (
        "terraform",
        "options.version",
        Nothing(
            "the terraform on PATH runs; check it with `tools: {terraform: {version: …}}` in a native platform",
        ),
    ),
    (
        "terraform",
        "options.init-upgrade",
        Nothing("commit `.terraform.lock.hcl`, and change it with `terraform init -upgrade`"),
    ),
    (
        "terraform",
        "options.fetch-kubeconfig",
        Nothing("fetch it in a hook, or give `KUBECONFIG`"),
    ),
    ("ansible", "options.dryrun", Called("cli.dryrun")),
    (
        "helm",
        "options.kubeconfig.path",
        Called("options.k8s.kubeconfigpath"),
    ),
    (
        "helm",
        "options.kubeconfig.fetch.enabled",
        Called("options.k8s.fetch.kubeconfig"),
    ),
    (
        "helm",
        "options.kubeconfig.fetch.cluster-name",
        Called("options.k8s.fetch.cluster-name"),
    ),
    (
        "cloudformation",
        "cli.cfn-stack-action",
        Called("cli.stack-action"),
    ),
    (
        "cloudformation",
        "options.cfn-s3-bucket",
        Called("options.s3bucket"),
    ),
    (
        "cloudformation",
        "options.cfn-s3-prefix",
        Called("options.s3prefix"),
    ),
    (
        "cloudformation",
        "options.cfn-files.parameters.enabled",
        Called("options.cfn-files.parameters.template-param-flag"),
    ),
    (
        "cloudformation",
        "options.cfn-merge-parameters",
        Nothing("put the parameters in the one file of `cfn-files.parameters.template-param-file`"),
    ),
];

/// The configuration of a tool in today's words; each old key is said.
pub fn modern(tool: &str, config: &Node, problems: &mut Vec<Diagnostic>) -> Node {
    let mut config = config.clone();
    for (_, old, now) in KEYS.iter().filter(|(t, ..)| *t == tool) {
        let path: Vec<&str> = old.split('.').collect();
        let Some(entry) = take(&mut config, &path) else {
            continue;
        };
        let at = Location::new(entry.value.origin.clone(), entry.key_span);
        let said = |message: String| {
            Diagnostic::warning("bitops::first-generation", message).at(at.clone())
        };
        match now {
            Nothing(instead) => problems.push(
                said(format!(
                    "`{old}` is a key of BitOps 1, and has no meaning any more"
                ))
                .help(*instead),
            ),
            Called(new) => {
                let words: Vec<&str> = new.split('.').collect();
                if put(&mut config, &words, entry.value) {
                    problems.push(
                        said(format!("`{old}` is a key of BitOps 1, which BitOps 2 ignores; it is read as `{new}`"))
                            .help(format!("write it as `{new}`")),
                    );
                } else {
                    problems.push(
                        said(format!(
                            "`{old}` is a key of BitOps 1; `{new}` is there too, and counts"
                        ))
                        .help("remove it"),
                    );
                }
            }
        }
    }
    config
}

fn entries(node: &mut Node) -> Option<&mut Vec<Entry>> {
    match &mut node.kind {
        Kind::Map(map) => Some(&mut map.entries),
        _ => None,
    }
}

fn take(node: &mut Node, path: &[&str]) -> Option<Entry> {
    let (first, rest) = path.split_first()?;
    let entries = entries(node)?;
    let position = entries.iter().position(|e| e.key == *first)?;
    if rest.is_empty() {
        return Some(entries.remove(position));
    }
    take(&mut entries[position].value, rest)
}

/// Puts a value in, unless there is one; `false` then.
fn put(node: &mut Node, path: &[&str], value: Node) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    if entries(node).is_none() {
        node.kind = Kind::Map(Map::default());
    }
    let (origin, span) = (node.origin.clone(), value.span);
    let entries = entries(node).expect("just made");
    let known = entries.iter().position(|e| e.key == *first);
    if rest.is_empty() {
        if known.is_some_and(|i| !entries[i].value.is_null()) {
            return false;
        }
        entries.retain(|e| e.key != *first);
        entries.push(Entry {
            key: (*first).to_owned(),
            key_span: span,
            value,
        });
        return true;
    }
    let i = known.unwrap_or_else(|| {
        entries.push(Entry {
            key: (*first).to_owned(),
            key_span: span,
            value: Node::map(origin, span, Vec::new()),
        });
        entries.len() - 1
    });
    put(&mut entries[i].value, rest, value)
}
