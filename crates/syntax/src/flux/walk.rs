//! From a folder's files to everything that Flux applies because of them.
use super::{FluxFacts, here, objects};
use crate::{
    kubernetes::{self, Object, is_template_of_chart},
    kustomize,
    own::Own,
    said::{Said, is_yaml, name, parent},
};
use std::collections::BTreeSet;
use strata_core::tree::Tree;

/// Marks a text of which nothing else is known as one that has to do with Flux.
const MARKS: [&str; 2] = ["toolkit.fluxcd.io", "fluxcd.controlplane.io"];

/// Fields of a kustomization that change what is inside of objects.
const CHANGING: [&str; 4] = ["patches", "replacements", "transformers", "vars"];

pub(super) fn read(tree: &dyn Tree, folder: &str, own: &Own) -> FluxFacts {
    let mut walk = Walk {
        tree,
        facts: FluxFacts {
            folder: folder.to_owned(),
            start: folder.is_empty(),
            ..FluxFacts::default()
        },
        built: BTreeSet::new(),
    };
    walk.below(folder);
    let mut followed = 0;
    // every round may bring sources that tell more of the paths
    loop {
        let before = walk.facts.kustomizations.len();
        for i in 0..before {
            walk.follow(i, folder, own);
        }
        if walk.facts.kustomizations.len() == before && followed == before {
            break;
        }
        followed = before;
    }
    walk.elsewhere(own);
    walk.facts
}

struct Walk<'a> {
    tree: &'a dyn Tree,
    facts: FluxFacts,
    /// Folders whose kustomization was followed.
    built: BTreeSet<String>,
}

impl Walk<'_> {
    /// Every file of YAML below a folder.
    fn below(&mut self, folder: &str) {
        let tree = self.tree;
        let mut built = Vec::new();
        for file in tree.below(folder).iter().filter(|f| is_yaml(f)) {
            let path = file.path.as_ref();
            if kustomize::NAMES.contains(&name(path)) {
                built.push(parent(path));
            } else if is_template_of_chart(tree, path) {
                self.mentions(path, "a template");
            } else {
                self.file(path);
            }
        }
        // what kustomizations make of them: other namespaces and names
        for folder in built {
            self.build(folder);
        }
    }

    fn file(&mut self, path: &str) {
        if !self.facts.files.insert(path.to_owned()) {
            return;
        }
        match kubernetes::objects(self.tree, path) {
            Some(found) => found.iter().for_each(|o| self.object(o)),
            None => self.mentions(path, "a file that could not be read"),
        }
    }

    fn object(&mut self, object: &Object) {
        if !objects::is_flux(object) {
            return;
        }
        match object.kind.as_str() {
            "ResourceSet" | "ResourceSetInputProvider" => {
                self.facts
                    .open
                    .insert(format!("{} makes objects", object.kind));
            }
            // the operator starts Flux as `flux-system`
            "FluxInstance" => self.facts.start = true,
            _ => {}
        }
        match objects::id(object, object.namespace.as_ref()) {
            Some(id) => objects::take(object, id, &mut self.facts),
            None => drop(self.facts.open.insert("a name is computed".to_owned())),
        }
    }

    /// What a kustomization does to objects whose files are read anyway.
    fn build(&mut self, folder: &str) {
        if !self.built.insert(folder.to_owned()) {
            return;
        }
        let found = kustomize::read(self.tree, folder);
        for file in &found.files {
            self.file(file);
        }
        let changes = |k: &kustomize::Kustomization| {
            let mut fields = k.fields.iter().map(|f| f.text.as_str());
            fields.any(|f| CHANGING.iter().any(|c| f.starts_with(c)))
        };
        if found.kustomizations.iter().any(changes) {
            self.facts.patched.extend(found.files.iter().cloned());
        }
        for taken in found.objects.iter().filter(|f| objects::is_flux(&f.object)) {
            if taken.renamed {
                self.facts
                    .open
                    .insert("a kustomization renames objects".to_owned());
            }
            let own = taken.object.namespace.as_ref().map(|n| n.text.as_str());
            let set = taken
                .namespace
                .as_ref()
                .filter(|n| Some(n.text.as_str()) != own);
            if let Some(id) = set.and_then(|n| objects::id(&taken.object, Some(n))) {
                self.moved(&taken.object, id, own.is_some());
            }
        }
        for kustomization in &found.kustomizations {
            for named in &kustomization.names {
                if named.target == kustomize::Target::Remote {
                    self.facts.elsewhere.insert(named.said.text.clone());
                }
            }
        }
    }

    /// An object in the namespace that a kustomization sets.
    fn moved(&mut self, object: &Object, id: super::Id, named: bool) {
        // an object without a namespace fits any as it is
        if named && !self.facts.others.contains(&id) {
            self.facts.others.push(id);
            let at = object.name.as_ref().map(|n: &Said| &n.at);
            // what it names without a namespace is looked for in any
            let own = object.namespace.as_ref().map(|n| n.text.clone());
            let loose = |list: &mut Vec<super::Reference>| {
                for r in list.iter_mut().filter(|r| r.id.namespace == own) {
                    r.id.namespace = None;
                }
            };
            for k in &mut self.facts.kustomizations {
                if Some(&k.at) == at {
                    loose(&mut k.depends_on);
                    k.source
                        .iter_mut()
                        .filter(|r| r.id.namespace == own)
                        .for_each(|r| r.id.namespace = None);
                }
            }
            for k in &mut self.facts.releases {
                if Some(&k.at) == at {
                    loose(&mut k.depends_on);
                    k.source
                        .iter_mut()
                        .filter(|r| r.id.namespace == own)
                        .for_each(|r| r.id.namespace = None);
                }
            }
        }
    }

    /// Follows a Kustomization that comes from this repository.
    fn follow(&mut self, i: usize, start: &str, own: &Own) {
        let kustomization = &self.facts.kustomizations[i];
        let (Some(source), None) = (&kustomization.source, &kustomization.folder) else {
            return;
        };
        if !self.facts.is_own(source, own) {
            return;
        }
        let written = kustomization.path.as_ref().map_or("", |p| p.text.as_str());
        let Some(Ok(folder)) = here(self.tree, own, written) else {
            return;
        };
        self.facts.kustomizations[i].folder = Some(folder.clone());
        self.facts.start |= folder == start;
        if kustomize::recognise(self.tree, &folder).is_some() {
            self.build(&folder);
        } else {
            self.below(&folder);
        }
    }

    /// What comes from other places may hold objects of Flux too.
    fn elsewhere(&mut self, own: &Own) {
        let mut names = BTreeSet::new();
        for k in &self.facts.kustomizations {
            let foreign = k.source.as_ref().filter(|s| !self.facts.is_own(s, own));
            names.extend(foreign.map(|s| format!("{}/{}", s.id.kind, s.id.name)));
            if k.source.is_some() && foreign.is_none() && k.folder.is_none() {
                names.insert(k.path.as_ref().map_or(".", |p| p.text.as_str()).to_owned());
            }
        }
        self.facts.elsewhere.extend(names);
    }

    /// A text that is not read: does it have to do with Flux at all?
    fn mentions(&mut self, path: &str, what: &str) {
        let text = self.tree.text(path).unwrap_or_default();
        if MARKS.iter().any(|mark| text.contains(mark)) {
            self.facts.open.insert(format!("{what}: {path}"));
        }
    }
}
