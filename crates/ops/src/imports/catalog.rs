//! Components whose files come from a catalog: which state a lock names, and its files beside ours.
//!
//! Each has a place of its own among the files, named by the component (`@vpc`) or, where an environment takes another
//! version, by both (`@prod.vpc`): no environment and no import is called like that.
use super::{
    gather::{Wanted, fetched, not_locked},
    lock::{Lock, What},
    mount::{MOUNTS, Mount},
    source::{Origin, Place, Sourced},
};
use crate::{decode::Problems, field::Field};
use std::sync::Arc;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    repo::{Pin, Repo},
    span::Location,
    tree::Tree,
};
use strata_syntax::{
    expr::{self, Root},
    node::{Kind, Node},
};

/// Keys that a `component.yaml` of a catalog may say. What is wired, where and when it runs is the consumer's.
const OBEYED: &[&str] = &[
    "engine",
    "outputs",
    "provides",
    "verify",
    "observe",
    "protect",
    "timeout",
    "retry",
    "leaves-processes",
    "description",
];

/// Finds the files of sources, for one platform.
pub(crate) struct Catalog<'a> {
    root: Arc<dyn Tree>,
    lock: &'a Lock,
    /// The repository of the platform, when it is an import.
    repo: Option<Repo>,
    /// How it is called: nothing, or `prod.obs`.
    name: String,
    /// Trees that it put beside ours.
    pub mounts: Vec<Arc<Mount>>,
    /// What was met.
    pub wanted: Vec<Wanted>,
}

/// The files of one component.
pub(crate) struct Files {
    /// Where they are read.
    pub tree: Arc<dyn Tree>,
    /// Their folder in it.
    pub folder: String,
    /// Where they came from.
    pub origin: Origin,
}

impl<'a> Catalog<'a> {
    /// For the platform itself, or for an import.
    pub fn new(root: Arc<dyn Tree>, lock: &'a Lock, of: Option<(Repo, String)>) -> Self {
        let (repo, name) = match of {
            Some((repo, name)) => (Some(repo), name),
            None => (None, String::new()),
        };
        Self {
            root,
            lock,
            repo,
            name,
            mounts: Vec::new(),
            wanted: Vec::new(),
        }
    }

    /// The files of a component, as an environment has it or as all have it.
    pub fn files(
        &mut self,
        sourced: &Sourced,
        (component, env): (&str, Option<&str>),
        (own, base): (Arc<dyn Tree>, &str),
        problems: &mut Problems,
    ) -> Option<Files> {
        let at = || sourced.at.clone();
        let (repo, folder, version) = match &sourced.place {
            Place::Folder(folder) => {
                let whole = format!("{base}{folder}");
                if own.below(&whole).is_empty() {
                    problems.push(no_folder(own.as_ref(), folder, "this repository").at(at()));
                    return None;
                }
                return Some(Files {
                    origin: origin(sourced, own.clone(), None, folder),
                    tree: own,
                    folder: whole,
                });
            }
            Place::Repository {
                repo,
                folder,
                version,
            } => (repo, folder, version),
        };
        let seen = match &self.repo {
            Some(from) => from.seen_from(repo.text()),
            None => Ok(repo.clone()),
        };
        let repo = match seen {
            Ok(repo) => repo,
            Err(not) => {
                let problem = Diagnostic::error("import::repo", not.why);
                problems.push(problem.at(at()).help(not.help));
                return None;
            }
        };
        let what = What::Folder(folder.clone());
        let found = self.lock.find(&repo, &what, version).cloned();
        let unsigned = found
            .as_ref()
            .is_some_and(|e| sourced.signed && e.signed.is_none());
        let entry = found.filter(|_| !unsigned);
        let path = [&self.name.replace('.', "/"), env.unwrap_or(""), component];
        let path: Vec<&str> = path.into_iter().filter(|p| !p.is_empty()).collect();
        self.wanted.push(Wanted {
            repo: repo.clone(),
            what,
            version: version.clone(),
            pin: entry.as_ref().map(|e| e.pin.clone()),
            signed: sourced.signed,
            at: sourced.version_at.clone(),
            path: path.join("/"),
        });
        let shown = if folder.is_empty() {
            repo.to_string()
        } else {
            format!("{repo}//{folder}")
        };
        let Some(entry) = entry else {
            let what = format!("{shown} at {version}");
            problems.push(not_locked(&what, unsigned).at(sourced.version_at.clone()));
            return None;
        };
        let inner = fetched(&self.root, &entry, &sourced.at)
            .map_err(|p| problems.push(p))
            .ok()?;
        if !folder.is_empty() && inner.below(folder).is_empty() {
            problems
                .push(no_folder(inner.as_ref(), folder, &format!("{repo} at {version}")).at(at()));
            return None;
        }
        let parts = [self.name.as_str(), "@", env.unwrap_or(""), component];
        let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        let name = parts.join(".").replacen("@.", "@", 1);
        let prefix = format!("{MOUNTS}/{name}");
        let mount = Arc::new(Mount::new(
            inner,
            &prefix,
            &format!("{component}@{version}"),
        ));
        self.mounts.push(mount.clone());
        let all = format!("{prefix}/{folder}");
        Some(Files {
            origin: origin(sourced, mount.clone(), Some(entry.pin), folder),
            tree: mount,
            folder: all.trim_end_matches('/').to_owned(),
        })
    }
}

fn origin(sourced: &Sourced, tree: Arc<dyn Tree>, pin: Option<Pin>, folder: &str) -> Origin {
    Origin {
        tree,
        pin,
        folder: folder.to_owned(),
        hooks: sourced.hooks,
        at: sourced.at.clone(),
        written: Default::default(),
    }
}

fn no_folder(tree: &dyn Tree, folder: &str, whose: &str) -> Diagnostic {
    let mut folders: Vec<&str> = tree
        .files()
        .iter()
        .filter_map(|f| f.path.rsplit_once('/').map(|(folder, _)| folder))
        .collect();
    folders.dedup();
    let help = suggest(folder, folders.iter().copied()).unwrap_or_else(|| {
        folders.truncate(8);
        if folders.is_empty() {
            "it has no folders: name it without `//FOLDER`".to_owned()
        } else {
            format!("it has: {}", folders.join(", "))
        }
    });
    Diagnostic::error(
        "import::folder",
        format!("{whose} has no folder `{folder}`"),
    )
    .help(help)
}

/// What a `component.yaml` of a catalog says, without what is not for it to say.
pub(crate) fn obeyed(
    node: Option<Node>,
    engines: &[&str],
    problems: &mut Problems,
) -> Option<Node> {
    let mut node = node?;
    let file = node.origin.clone();
    let mut ignored: Vec<(String, Location)> = Vec::new();
    if let Kind::Map(map) = &mut node.kind {
        map.entries.retain(|e| {
            let key = e.key.as_str();
            if OBEYED.contains(&key) || engines.contains(&key) {
                return true;
            }
            if !e.value.is_null() {
                let at = Location::new(file.clone(), e.key_span);
                ignored.push((e.key.clone(), at));
            }
            false
        });
        for e in &mut map.entries {
            if let Kind::Map(inner) = &mut e.value.kind
                && e.key == "terraform"
                && let Some(i) = inner.entries.iter().position(|e| e.key == "backend")
            {
                let at = inner.entries.remove(i).value.location();
                ignored.push(("terraform.backend".to_owned(), at));
            }
        }
    }
    if let Some((_, at)) = ignored.first().cloned() {
        let keys: Vec<String> = ignored.into_iter().map(|(key, _)| key).collect();
        let message = format!(
            "`{}` of a source is not obeyed: what stands here counts",
            keys.join("`, `")
        );
        problems.push(Diagnostic::note("import::ignored", message).at(at));
    }
    Some(node)
}

/// Names that a `component.yaml` of another repository may use: of its own unit, and what everybody is told.
const SEEN: &[&str] = &["self", "each", "unit", "env", "platform", "file"];

/// What of another repository would read ours: our values, outputs and secrets are given to it, not taken. Is there any?
pub(crate) fn reaches(node: &Node, problems: &mut Problems) -> bool {
    // what is wrong with an expression is said where it is used
    let field = Field::parse(node, &mut Problems::new());
    let mut found: Vec<(String, Location)> = Vec::new();
    for (reference, at) in field.references(SEEN) {
        let name = match reference.root {
            Root::Name(name) => name,
            Root::Env { env, name } => format!("env(\"{env}\").{name}"),
        };
        found.push((name, at));
    }
    field.each_template(&mut |template| {
        for call in expr::secrets(template) {
            let at = Location::new(template.origin.clone(), call.span);
            found.push(("secret".to_owned(), at));
        }
    });
    let any = !found.is_empty();
    problems.extend(found.into_iter().map(|(name, at)| {
        let message =
            format!("a source uses `{name}`, and nothing of this platform is its to read");
        Diagnostic::error("import::reach", message)
            .at(at)
            .help("what it needs from here is an input: say it beside `source`")
    }));
    any
}
