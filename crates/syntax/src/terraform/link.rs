//! Links the facts of a root folder and of the local modules that it calls.
use super::{
    facts::{CallFact, FileFacts, ReadFact},
    files,
    folder::{Folder, In},
    module::{Call, Local, Module, ModuleOutput, ModuleVariable, ProviderBlock},
    sensitive::Flow,
    settings::{address, backend, settings},
    sources,
    types::Types,
    variable_file::variable_file,
};
use crate::{hcl, node::Origin};
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::Arc,
};
use strata_core::{
    glob,
    span::Location,
    tree::{Tree, join},
};

/// Folders that a tree may leave out: that nothing is found in one means nothing.
const UNSEEN: &[&str] = &[".git", ".strata", ".terraform", "target", "node_modules"];

/// Reads the root module in a folder.
pub fn read_module(tree: &dyn Tree, folder: &str) -> Module {
    Folders::new(tree).module(folder)
}

/// Reads root modules of one tree; a folder that several of them use is put together once.
pub struct Folders<'t> {
    tree: &'t dyn Tree,
    kept: RefCell<HashMap<String, Arc<Folder>>>,
}

impl<'t> Folders<'t> {
    /// Of a tree.
    pub fn new(tree: &'t dyn Tree) -> Self {
        Self {
            tree,
            kept: RefCell::default(),
        }
    }

    /// The root module in a folder.
    pub fn module(&self, root: &str) -> Module {
        let mut linker = Linker {
            folders: self,
            root,
            module: Module::default(),
            seen: HashSet::new(),
            written: HashSet::new(),
            asked: HashSet::new(),
            reads: Vec::new(),
            sets: Vec::new(),
        };
        linker.follow(root);
        linker.sets();
        linker.missing_files();
        linker.states();
        linker.own();
        linker.variable_files();
        linker.module
    }

    fn folder(&self, path: &str, root: &str) -> Arc<Folder> {
        if let Some(known) = self.kept.borrow().get(path) {
            return known.clone();
        }
        let read = || Arc::new(Folder::read(self.tree, path));
        // a root is rarely read twice, and there are many: what was read of it goes again
        let folder = if path == root {
            read()
        } else {
            let key = format!("terraform folder {path}");
            let shared = self.tree.shared(&key, &|| read());
            shared.downcast::<Folder>().unwrap_or_else(|_| read())
        };
        self.kept
            .borrow_mut()
            .insert(path.to_owned(), folder.clone());
        folder
    }
}

/// The folder that a call leads to, when its source is a path.
pub(super) fn local_path(folder: &str, call: &CallFact) -> Option<String> {
    let source = call.source.as_ref()?.text.as_str();
    let local =
        source == "." || source == ".." || source.starts_with("./") || source.starts_with("../");
    join(folder, source).filter(|_| local)
}

/// Could a tree leave this path out?
fn unseen(path: &str) -> bool {
    path.split('/').any(|part| UNSEEN.contains(&part))
}

struct Linker<'a, 't> {
    folders: &'a Folders<'t>,
    root: &'a str,
    module: Module,
    seen: HashSet<String>,
    /// Names of files that resources or commands may write.
    written: HashSet<String>,
    /// Paths of which somebody asks whether they are there.
    asked: HashSet<String>,
    /// Files that are read, with their paths.
    reads: Vec<(String, Location)>,
    /// Folders of which some files are read, with the pattern of those.
    sets: Vec<(String, String)>,
}

impl Linker<'_, '_> {
    /// Takes a folder in, then the modules that it calls.
    fn follow(&mut self, path: &str) {
        let mut open = vec![path.to_owned()];
        while let Some(path) = open.pop() {
            if !self.seen.insert(path.clone()) {
                continue;
            }
            let folder = self.folders.folder(&path, self.root);
            self.module.folders.push(folder.clone());
            self.module.incomplete |= folder.incomplete;
            for (file, facts) in &folder.files {
                self.file(&folder, file, facts);
            }
            self.requirements(&folder);
            self.provider_blocks(&folder);
            let found: Vec<String> = folder
                .calls
                .values()
                .filter_map(|call| self.call(&folder, call))
                .collect();
            open.extend(found.into_iter().rev());
        }
    }

    fn file(&mut self, folder: &Folder, file: &Origin, facts: &FileFacts) {
        let m = &mut self.module;
        m.problems.extend(facts.problems.iter().cloned());
        m.reads_workspace |= facts.workspace;
        m.local_exec |= facts.provisioners.iter().any(|p| p == "local-exec");
        m.providers.extend(facts.used_providers.iter().cloned());
        let cwd = facts.working_directory.then(|| "path.cwd".to_owned());
        let said = [&facts.computed, &facts.changing, &facts.provisioners];
        m.uncovered.extend(said.into_iter().flatten().cloned());
        m.uncovered.extend(cwd);
        for data in &facts.data {
            m.remote_state |=
                matches!(data.kind.as_str(), "terraform_remote_state" | "tfe_outputs");
            let name = format!("{}.{}", data.kind, data.name);
            m.uncovered.insert(format!("data {name}"));
            m.data_blocks.insert(name);
        }
        for said in &facts.required_versions {
            let at = Location::new(file.clone(), said.at);
            m.required_versions.push((said.text.clone(), at));
            if folder.path == self.root {
                m.required_version = Some(said.text.clone());
            }
        }
        self.written.extend(facts.written.iter().cloned());
        for read in &facts.reads {
            self.read(folder, file, read);
        }
    }

    /// A file that a function reads.
    fn read(&mut self, folder: &Folder, file: &Origin, read: &ReadFact) {
        let base = if read.from_root {
            self.root
        } else {
            &folder.path
        };
        let Some(path) = join(base, &read.path) else {
            let said = format!("{}(\"{}\")", read.function, read.path);
            self.module.uncovered.insert(said);
            return;
        };
        let tries = matches!(read.function.as_str(), "fileset" | "fileexists");
        if tries {
            self.asked.insert(path.clone());
        } else if !read.guarded && !folder.overridden && !read.path.contains(['\\', '$', '%']) {
            let at = Location::new(file.clone(), read.at);
            self.reads.push((path.clone(), at));
        }
        match &read.pattern {
            Some(pattern) => self.sets.push((path, pattern.clone())),
            None => {
                self.module.files.insert(path);
            }
        }
    }

    /// What the patterns of `fileset` name. Where something is read under a name that is computed, it may be any file
    /// of these folders: names are made from names.
    fn sets(&mut self) {
        let all_known = self.module.uncovered.is_empty();
        for (folder, pattern) in std::mem::take(&mut self.sets) {
            match glob::matching(self.folders.tree, &folder, &pattern) {
                Some(found) if all_known => {
                    let found = found.iter().map(|f| f.path.to_string());
                    self.module.files.extend(found);
                }
                _ => {
                    self.module.files.insert(folder);
                }
            }
        }
    }

    /// Files that are read, are not there, and that nobody seems to write.
    fn missing_files(&mut self) {
        let tree = self.folders.tree;
        for (path, at) in std::mem::take(&mut self.reads) {
            let name = path.rsplit('/').next().unwrap_or_default();
            let there = tree.file(&path).is_some() || !tree.below(&path).is_empty();
            let known = there || unseen(&path) || self.asked.contains(&path);
            if !known && !self.written.contains(name) {
                self.module.missing_files.push((path, at));
            }
        }
    }

    /// A module that is called; gives the folder of a local one that is there.
    fn call(&mut self, folder: &Folder, call: &In<CallFact>) -> Option<String> {
        let at = call.at(call.fact.at);
        let Some(source) = &call.fact.source else {
            let problem = hcl::unreadable(at, "the source of this module");
            self.module.incomplete = true;
            self.module.problems.push(problem);
            return None;
        };
        let path = local_path(&folder.path, &call.fact);
        self.module.calls.push(Call {
            folder: folder.path.clone(),
            name: call.fact.name.clone(),
            source: Some((source.text.clone(), call.at(source.at))),
            path: path.clone(),
            version: call.fact.version.as_ref().map(|v| v.text.clone()),
            many: call.fact.many,
            arguments: settings(folder, call, &call.fact.arguments),
            providers: call.fact.providers.clone(),
            at,
        });
        let Some(path) = path else {
            self.module.remote_modules.insert(source.text.clone());
            self.module
                .uncovered
                .insert(format!("module {}", source.text));
            return None;
        };
        self.module.modules.insert(path.clone());
        let tree = self.folders.tree;
        if files::of_module(tree, &path).0.is_empty() && !unseen(&path) && !folder.overridden {
            let place = call.at(source.at);
            self.module.missing_modules.push((path.clone(), place));
        }
        Some(path)
    }

    fn requirements(&mut self, folder: &Folder) {
        for (name, r) in &folder.requirements {
            let fact = &r.fact;
            let written = fact.source.as_ref().map(|s| s.text.as_str());
            let Some(source) = sources::full(written, name).filter(|_| name != "terraform") else {
                continue;
            };
            self.module.providers.insert(name.clone());
            let version = fact.version.as_ref().map(|v| v.text.as_str());
            let said = format!("{} {}", written.unwrap_or(""), version.unwrap_or(""));
            let known = &mut self.module.required_providers;
            known
                .entry(name.clone())
                .or_insert_with(|| said.trim().to_owned());
            let placed = |s: &super::facts::Said| (s.text.clone(), r.at(s.at));
            self.module.requirements.push(super::Requirement {
                folder: folder.path.clone(),
                name: name.clone(),
                source,
                written: fact.source.as_ref().map(placed),
                version: fact.version.as_ref().map(placed),
                aliases: fact.aliases.iter().map(placed).collect(),
                at: r.at(fact.at),
            });
        }
    }

    fn provider_blocks(&mut self, folder: &Folder) {
        for p in &folder.providers {
            self.module.provider_blocks.push(ProviderBlock {
                folder: folder.path.clone(),
                name: p.fact.name.clone(),
                alias: p.fact.alias.clone(),
                settings: settings(folder, p, &p.fact.arguments),
                blocks: p
                    .fact
                    .blocks
                    .iter()
                    .map(|(name, at)| (name.clone(), p.at(*at)))
                    .collect(),
                uses: p.fact.sources.iter().filter_map(address).collect(),
                at: p.at(p.fact.at),
            });
        }
    }

    /// What the root itself declares.
    fn own(&mut self) {
        let folders = std::mem::take(&mut self.module.folders);
        let Some(root) = folders.first() else { return };
        let m = &mut self.module;
        m.backend = root.backend.as_ref().map(|b| backend(root, b));
        m.cloud = root.cloud.as_ref().map(|b| backend(root, b));
        m.variables = root
            .variables
            .iter()
            .map(|(name, v)| {
                let fact = &v.fact;
                let variable = ModuleVariable {
                    ty: fact.ty.clone().unwrap_or_default(),
                    optional: fact.default.is_some(),
                    default: fact.default.as_ref().and_then(super::Shape::value),
                    sensitive: fact.sensitive == Some(true),
                    nullable: fact.nullable != Some(false),
                    ephemeral: fact.ephemeral == Some(true),
                    description: fact.description.clone(),
                    validations: fact.validations.clone(),
                    at: v.at(v.fact.at),
                };
                (name.clone(), variable)
            })
            .collect();
        let (types, flow) = (Types::new(&folders), Flow::new(&folders));
        for (name, o) in &root.outputs {
            let value = o.fact.value.as_ref();
            let output = ModuleOutput {
                ty: types.of_output(root, name),
                sensitive: o.fact.sensitive == Some(true),
                from_sensitive: value.is_some_and(|v| flow.is_sensitive(root, &v.sources)),
                ephemeral: o.fact.ephemeral == Some(true),
                description: o.fact.description.clone(),
                shape: value.map(|v| v.shape.clone()).unwrap_or_default(),
                at: o.at(o.fact.at),
            };
            m.outputs.insert(name.clone(), output);
        }
        for (name, l) in &root.locals {
            let shape = &l.fact.value.shape;
            let ty = types.of(root, shape);
            let local = Local {
                ty,
                shape: shape.clone(),
                at: l.at(l.fact.at),
            };
            m.locals.insert(name.clone(), local);
        }
        drop(types);
        self.module.folders = folders;
    }

    fn states(&mut self) {
        let folders = self.module.folders.clone();
        let found = folders.iter().flat_map(|f| super::states::of_folder(f));
        self.module.remote_states = found.collect();
    }

    /// Reads which variables the root's own files set.
    fn variable_files(&mut self) {
        let tree = self.folders.tree;
        let lock = if self.root.is_empty() || self.root == "." {
            ".terraform.lock.hcl".to_owned()
        } else {
            format!("{}/.terraform.lock.hcl", self.root)
        };
        self.module.locked = tree.file(&lock).is_some();
        for path in files::of_variables(tree, self.root) {
            let file = variable_file(tree, path);
            self.module.incomplete |= !file.problems.is_empty();
            self.module.problems.extend(file.problems);
            self.module.set_here.extend(file.values.keys().cloned());
            self.module.values_here.extend(file.values);
        }
    }
}
