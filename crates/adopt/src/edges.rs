//! What has to be there before what: by states that are read, by files that one writes and another reads, by what
//! Flux is told.
use crate::{
    found::Edge,
    kubernetes::Applied,
    survey::inside,
    terraform::{Reader, Root, Write},
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::tree::Tree;
use strata_syntax::said::{exists, parent};

/// What edges are between: one entry for each component.
pub struct Nodes<'a> {
    /// Names.
    pub names: &'a [String],
    /// Folders.
    pub folders: Vec<&'a str>,
    /// Environments.
    pub envs: &'a [Vec<String>],
    /// Paths that it reads besides its own folder.
    pub reads: Vec<Vec<String>>,
}

/// The edges of every component by environment, and what could not be told of it.
pub struct Edges {
    /// By component, then by environment.
    pub of: Vec<BTreeMap<String, BTreeSet<Edge>>>,
    /// By component.
    pub look: Vec<Vec<String>>,
    /// Component by component: what it waits for.
    waits: Vec<BTreeSet<usize>>,
}

impl Edges {
    /// None yet.
    pub fn new(nodes: &Nodes<'_>) -> Self {
        Self {
            of: vec![BTreeMap::new(); nodes.names.len()],
            look: vec![Vec::new(); nodes.names.len()],
            waits: vec![BTreeSet::new(); nodes.names.len()],
        }
    }

    fn add(&mut self, nodes: &Nodes<'_>, from: (usize, &str), to: (usize, &str), why: &str) {
        let name = &nodes.names[to.0];
        let said = if from.1 == to.1 {
            name.clone()
        } else {
            format!("{}/{name}", to.1)
        };
        let known = self.of[from.0].entry(from.1.to_owned()).or_default();
        if !known.iter().any(|e| e.to == said) {
            known.insert(Edge {
                to: said,
                why: why.to_owned(),
                given: false,
            });
        }
        self.waits[from.0].insert(to.0);
    }

    /// Does one wait for another, over any others?
    fn reaches(&self, from: usize, to: usize) -> bool {
        let (mut open, mut seen) = (vec![from], BTreeSet::new());
        while let Some(i) = open.pop() {
            if i == to {
                return true;
            }
            if seen.insert(i) {
                open.extend(&self.waits[i]);
            }
        }
        false
    }

    /// By states. Roots are the first components, in their order.
    pub fn states(&mut self, reader: &Reader<'_>, nodes: &Nodes<'_>, roots: &[Root]) {
        let envs = &nodes.envs[..roots.len()];
        let kept = reader.kept(roots, envs);
        for (i, own) in envs.iter().enumerate() {
            let mut strangers: BTreeMap<(String, String), BTreeSet<&String>> = BTreeMap::new();
            for env in own {
                for read in reader.reads(roots, &kept, i, env) {
                    let why = format!("its state is read: {}", read.block);
                    for (root, its) in &read.of {
                        self.add(nodes, (i, env), (*root, its), &why);
                    }
                    if let Some(place) = read.place {
                        strangers
                            .entry((read.block, place))
                            .or_default()
                            .insert(env);
                    }
                }
            }
            for ((block, place), _) in strangers {
                let unknown = place.contains("`?`");
                self.look[i].push(if unknown {
                    format!("{block}: the files do not say whose state this is")
                } else {
                    format!("{block} reads {place}, which no folder here keeps")
                });
            }
        }
    }

    /// By files that one writes and another reads.
    pub fn files(&mut self, tree: &dyn Tree, nodes: &Nodes<'_>, writer: usize, writes: &[Write]) {
        let urls = tree.repository().urls;
        for write in writes {
            let other = write.repository.as_ref().is_some_and(|r| {
                let name = r.rsplit('/').next().unwrap_or(r);
                let own = urls
                    .iter()
                    .any(|u| u.trim_end_matches(".git").ends_with(&format!("/{name}")));
                !urls.is_empty() && !name.is_empty() && !own
            });
            if other || !exists(tree, parent(&write.path)) {
                continue;
            }
            for reader in 0..nodes.names.len() {
                if reader == writer || !takes(nodes, reader, write) {
                    continue;
                }
                if self.reaches(writer, reader) {
                    self.look[writer].push(format!(
                        "it writes {} for `{}`, which it waits for",
                        write.path, nodes.names[reader]
                    ));
                    continue;
                }
                let why = format!("it writes {}: {}", write.path, write.by);
                self.between(nodes, reader, writer, &why);
            }
        }
    }

    /// By what objects of Flux wait for.
    pub fn flux(&mut self, nodes: &Nodes<'_>, first: usize, applied: &[Applied]) {
        for (i, a) in applied.iter().enumerate() {
            for wanted in a.waits_for.iter().filter(|w| !a.defines.contains(w)) {
                let others = applied
                    .iter()
                    .enumerate()
                    .filter(|(j, b)| *j != i && b.defines.contains(wanted));
                for (j, _) in others {
                    let (from, to) = (first + i, first + j);
                    let same = nodes.envs[from].iter().any(|e| nodes.envs[to].contains(e));
                    if same && !self.reaches(to, from) {
                        self.between(nodes, from, to, &format!("dependsOn: {wanted}"));
                    }
                }
            }
        }
    }

    /// In each environment of both, else in all of the other's.
    fn between(&mut self, nodes: &Nodes<'_>, from: usize, to: usize, why: &str) {
        for env in &nodes.envs[from] {
            let its = &nodes.envs[to];
            if its.contains(env) {
                self.add(nodes, (from, env), (to, env), why);
            } else {
                its.iter()
                    .for_each(|e| self.add(nodes, (from, env), (to, e), why));
            }
        }
    }
}

/// Does a component read what is written?
fn takes(nodes: &Nodes<'_>, reader: usize, write: &Write) -> bool {
    let folder = nodes.folders[reader];
    let own = !folder.is_empty() && inside(&write.path, folder);
    // a path that ends where something is computed may lead into any folder below
    let below =
        !write.whole && !folder.is_empty() && !write.path.is_empty() && inside(folder, &write.path);
    let read = nodes.reads[reader].iter().any(|r| {
        if write.whole {
            inside(&write.path, r) && !r.is_empty()
        } else {
            !write.path.is_empty()
                && (inside(r, &write.path) || (inside(&write.path, r) && !r.is_empty()))
        }
    });
    own || below || read
}
