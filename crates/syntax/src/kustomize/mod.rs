//! Kustomizations: what each takes in, followed through the folders that are here, and the objects that come out.
//!
//! Nothing is built. Patches and generators are looked at for the files that they name; an object is as its file has it,
//! but for the namespace that the outermost kustomization sets.
mod check;
mod fields;
mod patches;

pub use check::problems;

use crate::{
    kept,
    kubernetes::{self, Object},
    node::Node,
    said::{Said, unreadable, within},
};
use std::collections::BTreeSet;
use strata_core::{diagnostic::Diagnostic, span::Location, tree::Tree};

/// Names of a kustomization's file, as Kustomize looks for them.
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// How deeply kustomizations are followed.
const DEEPEST: usize = 64;

/// What a name in a kustomization means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file that is here.
    File(String),
    /// A folder with a kustomization.
    Kustomization(String),
    /// A folder without one.
    Folder(String),
    /// Nothing is here.
    Missing(String),
    /// Somewhere else, by URL.
    Remote,
    /// Nobody can say from the files.
    Unknown,
}

/// A name in a kustomization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The field: `resources`.
    pub field: &'static str,
    /// The path as it is written, without the key of a generator.
    pub said: Said,
    /// What it means.
    pub target: Target,
}

/// A patch that names what it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The kind of what it changes; nothing for any.
    pub kind: Option<String>,
    /// Its name.
    pub name: String,
    /// Does Kustomize refuse a patch of this form that finds nothing? Else it changes nothing.
    pub strict: bool,
    /// Where it stands.
    pub at: Location,
}

/// A chart that a kustomization renders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelmChart {
    /// Its name.
    pub name: Option<Said>,
    /// Where it comes from; nothing for a chart in the folder's `charts/`.
    pub repo: Option<Said>,
    /// Its version.
    pub version: Option<Said>,
    /// Its namespace.
    pub namespace: Option<Said>,
}

/// One kustomization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kustomization {
    /// Its file.
    pub path: String,
    /// Its folder.
    pub folder: String,
    /// Is it a component, which changes what others have?
    pub component: bool,
    /// `namespace`
    pub namespace: Option<Said>,
    /// `namePrefix`
    pub name_prefix: Option<Said>,
    /// `nameSuffix`
    pub name_suffix: Option<Said>,
    /// Files and folders that it names.
    pub names: Vec<Named>,
    /// Charts that it renders.
    pub charts: Vec<HelmChart>,
    /// Its fields, as they are written.
    pub fields: Vec<Said>,
    /// Patches that name what they change.
    pub patches: Vec<Patch>,
    /// More than one file of a kustomization lies in the folder.
    pub several: bool,
}

/// An object that a kustomization takes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The object as its file has it.
    pub object: Object,
    /// The namespace that the outermost kustomization sets, else its own.
    pub namespace: Option<Said>,
    /// Does a prefix or suffix change its name?
    pub renamed: bool,
}

/// A kustomization with everything that it takes in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KustomizeFacts {
    /// Its folder.
    pub folder: String,
    /// The kustomization, then those that it leads to.
    pub kustomizations: Vec<Kustomization>,
    /// Objects of the files that are here.
    pub objects: Vec<Found>,
    /// Files of resources that were read.
    pub files: BTreeSet<String>,
    /// Kustomizations that lead back to themselves, as folders with the place of the last step.
    pub cycles: Vec<(Vec<String>, Location)>,
    /// There may be more objects: something is remote, generated or could not be read.
    pub open: bool,
    /// What could not be read, as warnings.
    pub unread: Vec<Diagnostic>,
}

/// The file that makes a folder a kustomization.
pub fn recognise<'a>(tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
    NAMES
        .iter()
        .find_map(|name| tree.file(&within(folder, name)))
        .map(|f| f.path.as_ref())
}

/// Reads the kustomization in a folder and all that it takes in.
pub fn read(tree: &dyn Tree, folder: &str) -> KustomizeFacts {
    let folder = if folder == "." { "" } else { folder };
    let mut reader = Reader {
        tree,
        facts: KustomizeFacts {
            folder: folder.to_owned(),
            ..KustomizeFacts::default()
        },
        seen: BTreeSet::new(),
        path: Vec::new(),
    };
    reader.folder(folder, &Context::default());
    reader.facts
}

/// What the kustomizations around one do to its objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Context {
    namespace: Option<Said>,
    renamed: bool,
}

struct Reader<'a> {
    tree: &'a dyn Tree,
    facts: KustomizeFacts,
    /// What was read, with the namespace it was read for: the same base serves several overlays.
    seen: BTreeSet<(String, Option<String>, bool)>,
    path: Vec<String>,
}

impl Reader<'_> {
    fn folder(&mut self, folder: &str, around: &Context) {
        let Some(path) = recognise(self.tree, folder).map(str::to_owned) else {
            return;
        };
        let Some(node) = self.yaml(&path) else { return };
        let known = self
            .facts
            .kustomizations
            .iter()
            .position(|k| k.path == path);
        let kustomization = match known {
            Some(i) => self.facts.kustomizations[i].clone(),
            None => {
                let made = fields::read(self.tree, folder, &path, &node);
                self.facts.kustomizations.push(made.clone());
                made
            }
        };
        let context = Context {
            namespace: around.namespace.clone().or(kustomization.namespace.clone()),
            renamed: around.renamed
                || kustomization.name_prefix.is_some()
                || kustomization.name_suffix.is_some(),
        };
        let namespace = context.namespace.as_ref().map(|n| n.text.clone());
        if !self
            .seen
            .insert((folder.to_owned(), namespace, context.renamed))
        {
            return;
        }
        self.facts.open |= !kustomization.charts.is_empty();
        self.path.push(folder.to_owned());
        for named in &kustomization.names {
            self.taken(named, &context);
        }
        self.path.pop();
    }

    fn taken(&mut self, named: &Named, context: &Context) {
        let taken = ["resources", "bases", "components"].contains(&named.field);
        let made = ["generators", "transformers"].contains(&named.field);
        self.facts.open |=
            made || (taken && matches!(named.target, Target::Remote | Target::Unknown));
        match &named.target {
            Target::File(path) if taken => self.resource(path, context),
            Target::Kustomization(folder) if taken || made => {
                if let Some(from) = self.path.iter().position(|p| p == folder) {
                    let mut around = self.path[from..].to_vec();
                    around.push(folder.clone());
                    let found = (around, named.said.at.clone());
                    if !self.facts.cycles.contains(&found) {
                        self.facts.cycles.push(found);
                    }
                } else if self.path.len() < DEEPEST {
                    let context = match named.field {
                        // what a component has is put where it is taken in
                        _ if taken => context.clone(),
                        _ => Context::default(),
                    };
                    self.folder(folder, &context);
                } else {
                    self.facts.open = true;
                }
            }
            _ => {}
        }
    }

    fn resource(&mut self, path: &str, context: &Context) {
        let Some(objects) = kubernetes::objects(self.tree, path) else {
            self.facts.open = true;
            let problem = unreadable("kustomize::unreadable", path);
            if !self.facts.unread.contains(&problem) {
                self.facts.unread.push(problem);
            }
            return;
        };
        self.facts.files.insert(path.to_owned());
        for object in objects {
            let namespace = context.namespace.clone().or(object.namespace.clone());
            self.facts.objects.push(Found {
                object,
                namespace,
                renamed: context.renamed,
            });
        }
    }

    fn yaml(&mut self, path: &str) -> Option<Node> {
        let (node, problems) = kept::yaml(self.tree, path).unwrap_or_default();
        if node.is_none() {
            self.facts.open = true;
            let problem = unreadable("kustomize::unreadable", path);
            if (!problems.is_empty() || self.tree.text(path).is_err())
                && !self.facts.unread.contains(&problem)
            {
                self.facts.unread.push(problem);
            }
        }
        node
    }
}

#[cfg(test)]
mod tests;
