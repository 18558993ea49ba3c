//! A Packer template, read from its own files: what it takes, what it builds, which files it names.
//!
//! HCL, HCL spelled as JSON (`*.pkr.json`), and the older templates in JSON.
mod check;
mod json;

pub use check::problems;

use crate::{
    hcl::{self, Block},
    kept,
    node::Origin,
    said::Said,
    terraform::Variable,
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
    tree::{Tree, join},
    ty::Type,
    value::Value,
};

/// A template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackerTemplate {
    /// Variables by name.
    pub variables: BTreeMap<String, Variable>,
    /// Sources as `type.name`; in a JSON template the builders.
    pub sources: BTreeSet<String>,
    /// Sources that `build` blocks use, as `type.name`.
    pub builds: BTreeSet<String>,
    /// The places at which `build` blocks name sources.
    pub named: Vec<Said>,
    /// Files that provisioners name: the kind of the provisioner and the path.
    pub provisioners: Vec<(String, Said)>,
    /// Variables that the folder's own `*.auto.pkrvars.hcl` and `*.auto.pkrvars.json` files set.
    pub set_here: BTreeSet<String>,
    /// Files and folders that functions read, relative to the platform's root.
    pub files: BTreeSet<String>,
    /// What it can read that its files do not show.
    pub uncovered: BTreeSet<String>,
    /// Arguments of each source, as `type.name`; in a JSON template by builder type.
    pub settings: BTreeMap<String, BTreeMap<String, Location>>,
    /// Process variables that defaults of variables are read from, with the variable.
    pub environment: BTreeMap<String, String>,
    /// `required_version`
    pub required_version: Option<String>,
    /// Does it ask for plug-ins?
    pub plugins: bool,
    /// Some of it could not be read.
    pub incomplete: bool,
    /// What could not be read, as warnings.
    pub problems: Vec<Diagnostic>,
}

/// Reads the template in a folder: `*.pkr.hcl`, or JSON with `builders`.
pub fn read_template(tree: &dyn Tree, folder: &str) -> PackerTemplate {
    let mut reader = Reader {
        folder,
        file: Origin::from(folder),
        out: PackerTemplate::default(),
    };
    for (path, name) in crate::terraform::direct(tree, folder) {
        let wanted = [".pkr.hcl", ".auto.pkrvars.hcl", ".json"]
            .iter()
            .any(|s| name.ends_with(s));
        if !wanted {
            continue;
        }
        let file = Origin::from(path);
        reader.file = file.clone();
        if name.ends_with(".json") {
            // other JSON is none of the template's
            if let Ok((Some(node), _)) = kept::json(tree, path) {
                reader.json(name, &node);
            } else if name.ends_with(".pkr.json") {
                reader.unreadable([hcl::unreadable(Location::file(file), "this file")]);
            }
            continue;
        }
        match tree.text(path) {
            Ok(text) if name.ends_with(".pkr.hcl") => reader.hcl(&file, &text),
            Ok(text) => {
                let (body, problems) = hcl::body(&file, &text);
                reader.unreadable(problems);
                reader
                    .out
                    .set_here
                    .extend(body.attributes.iter().map(|a| a.name.to_owned()));
            }
            Err(e) => {
                let mut problem = hcl::unreadable(Location::file(file), "this file");
                problem.message = format!("{e}; what it declares is unknown");
                reader.unreadable([problem]);
            }
        }
    }
    reader.out
}

struct Reader<'a> {
    folder: &'a str,
    /// The file that is read.
    file: Origin,
    out: PackerTemplate,
}

impl Reader<'_> {
    fn unreadable(&mut self, problems: impl IntoIterator<Item = Diagnostic>) {
        let before = self.out.problems.len();
        self.out.problems.extend(problems);
        self.out.incomplete |= self.out.problems.len() > before;
    }

    fn hcl(&mut self, file: &Origin, text: &str) {
        let found = hcl::uses(text);
        for used in found.files {
            match join(self.folder, &used.path) {
                Some(path) => drop(self.out.files.insert(path)),
                None => drop(
                    self.out
                        .uncovered
                        .insert(format!("{}(\"{}\")", used.function, used.path)),
                ),
            }
        }
        self.out.uncovered.extend(found.computed);
        self.out.uncovered.extend(found.changing);
        let (blocks, problems) = hcl::blocks(file, text);
        self.unreadable(problems);
        for block in &blocks {
            self.block(block, text);
        }
    }

    fn block(&mut self, block: &Block, text: &str) {
        let (body, problems) = block.read(text);
        match block.ident.as_str() {
            "packer" => {
                self.unreadable(problems);
                self.out.plugins |= body.blocks.iter().any(|b| b.ident == "required_plugins");
                self.out.required_version = body
                    .text("required_version")
                    .or(self.out.required_version.take());
            }
            "source" => {
                let name = block.labels.join(".");
                let settings = self.out.settings.entry(name.clone()).or_default();
                for a in &body.attributes {
                    let at = Location::new(block.origin.clone(), a.name_span);
                    settings.insert(a.name.to_owned(), at);
                }
                self.out.sources.insert(name);
            }
            "build" => {
                self.unreadable(problems);
                self.named(&body);
                self.provisioners(&body, text);
                let listed = body.value("sources");
                if let Some(Value::List(items)) = &listed {
                    let names = items.iter().filter_map(|v| v.as_str());
                    self.out.builds.extend(names.map(|n| bare(n).to_owned()));
                }
                let inner = body
                    .blocks
                    .iter()
                    .filter(|b| b.ident == "source")
                    .map(Block::label);
                self.out.builds.extend(inner.map(|n| bare(n).to_owned()));
            }
            "variable" => {
                self.unreadable(problems);
                if let Some(read) = body.attribute("default").and_then(|a| read_from(a.text)) {
                    let name = block.label().to_owned();
                    self.out.environment.insert(read.to_owned(), name);
                }
                let variable = Variable {
                    ty: body
                        .attribute("type")
                        .map_or(Type::Any, |a| crate::ty::parse(a.text).unwrap_or_default()),
                    optional: body.attribute("default").is_some(),
                    default: body.value("default"),
                    sensitive: body.is_true("sensitive"),
                    description: body.text("description"),
                    at: block.location(),
                };
                self.out
                    .variables
                    .insert(block.label().to_owned(), variable);
            }
            // every attribute is a variable with a default
            "variables" => {
                self.unreadable(problems);
                for a in &body.attributes {
                    let at = Location::new(block.origin.clone(), a.name_span);
                    let variable = Variable {
                        ty: Type::Any,
                        optional: true,
                        default: hcl::literal(a.text),
                        sensitive: false,
                        description: None,
                        at,
                    };
                    self.out.variables.insert(a.name.to_owned(), variable);
                }
            }
            _ => {}
        }
    }

    /// The places of the sources that a build names.
    fn named(&mut self, body: &hcl::Body<'_>) {
        let file = |span| Location::new(self.file.clone(), span);
        if let Some(listed) = body.attribute("sources") {
            let names = listed.text.match_indices('"').collect::<Vec<_>>();
            for pair in names.chunks_exact(2) {
                let (start, end) = (pair[0].0 + 1, pair[1].0);
                let span = Span::new(start as u32, end as u32).offset(listed.span.start);
                let name = &listed.text[start..end];
                self.out.named.push(Said {
                    text: bare(name).to_owned(),
                    at: file(span),
                });
            }
        }
        for block in body.blocks.iter().filter(|b| b.ident == "source") {
            let name = block.label();
            self.out.named.push(Said {
                text: bare(name).to_owned(),
                at: block.location(),
            });
        }
    }
    /// The files that the provisioners of a build name.
    fn provisioners(&mut self, body: &hcl::Body<'_>, text: &str) {
        for block in body.blocks.iter().filter(|b| b.ident == "provisioner") {
            let (inner, _) = block.read(text);
            if inner.text("direction").is_some_and(|d| d == "download")
                || inner.is_true("generated")
            {
                continue;
            }
            for a in &inner.attributes {
                if !check::names_files(block.label(), a.name) {
                    continue;
                }
                let paths = match hcl::literal(a.text) {
                    Some(Value::String(path)) => vec![path],
                    Some(Value::List(list)) => list
                        .iter()
                        .filter_map(|v| v.as_str().map(str::to_owned))
                        .collect(),
                    _ => Vec::new(),
                };
                for path in paths {
                    let said = Said {
                        text: path,
                        at: Location::new(self.file.clone(), a.span),
                    };
                    self.out.provisioners.push((block.label().to_owned(), said));
                }
            }
        }
    }
}

/// The process variable of a default that is no more than `env("NAME")`.
fn read_from(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("env(")?.strip_suffix(')')?;
    let name = inside.trim().strip_prefix('"')?.strip_suffix('"')?;
    is_variable(name).then_some(name)
}

/// May a process variable be called so?
fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A source without the word before it.
fn bare(name: &str) -> &str {
    name.strip_prefix("source.")
        .or_else(|| name.strip_prefix("sources."))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests;
