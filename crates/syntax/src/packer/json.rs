//! Templates in JSON: the older kind, with `builders`, and HCL spelled as JSON.
use super::{Reader, check::names_files};
use crate::{
    node::{Kind, Node},
    said::{Said, entries, items, place, texts},
    terraform::Variable,
};
use strata_core::{ty::Type, value::Value};

impl Reader<'_> {
    /// A JSON file of the folder; most are none of the template's.
    pub(super) fn json(&mut self, name: &str, node: &Node) {
        if name.ends_with(".auto.pkrvars.json") {
            let names = entries(Some(node)).iter().map(|e| e.key.clone());
            self.out.set_here.extend(names);
        } else if node.get("builders").and_then(Node::as_list).is_some() {
            self.older(node);
        } else if name.ends_with(".pkr.json") {
            self.spelled(node);
        }
    }

    fn older(&mut self, node: &Node) {
        for builder in items(node.get("builders")) {
            let name = builder
                .get("name")
                .or_else(|| builder.get("type"))
                .and_then(Node::as_str);
            let kind = builder.get("type").and_then(Node::as_str).or(name);
            let settings = self
                .out
                .settings
                .entry(kind.unwrap_or_default().to_owned())
                .or_default();
            for entry in entries(Some(builder)) {
                settings.insert(entry.key.clone(), place(entry));
            }
            self.out.sources.extend(name.map(str::to_owned));
            self.out.builds.extend(name.map(str::to_owned));
        }
        let hidden = items(node.get("sensitive-variables"));
        for entry in entries(node.get("variables")) {
            let default = Some(&entry.value).filter(|v| !v.is_null());
            if let Some(read) = default.and_then(Node::as_str).and_then(read_from) {
                let name = entry.key.clone();
                self.out.environment.insert(read.to_owned(), name);
            }
            // a default may be worked out, from a process variable for example
            let said = default.filter(|v| !v.as_str().is_some_and(|t| t.contains("{{")));
            let variable = Variable {
                ty: Type::String,
                optional: default.is_some(),
                default: said.map(Node::to_value),
                sensitive: hidden
                    .iter()
                    .any(|h| h.as_str() == Some(entry.key.as_str())),
                description: None,
                at: place(entry),
            };
            self.out.variables.insert(entry.key.clone(), variable);
        }
        let minimum = node.get("min_packer_version").and_then(Node::as_str);
        if let Some(minimum) = minimum {
            self.out.required_version = Some(format!(">= {minimum}"));
        }
        for provisioner in items(node.get("provisioners")) {
            let kind = provisioner.get("type").and_then(Node::as_str);
            self.provisioner(kind.unwrap_or_default(), provisioner);
        }
    }

    /// Blocks as maps: `{"variable": {"name": {…}}}`, each body also as a list of bodies.
    fn spelled(&mut self, node: &Node) {
        for entry in labelled(node.get("variable")) {
            for body in bodies(&entry.value) {
                let default = body.get("default");
                let kind = body.get("type").and_then(Node::as_str);
                let variable = Variable {
                    ty: kind.map_or(Type::Any, |t| {
                        let bare = t.strip_prefix("${").and_then(|t| t.strip_suffix('}'));
                        crate::ty::parse(bare.unwrap_or(t)).unwrap_or_default()
                    }),
                    optional: default.is_some(),
                    default: default.map(Node::to_value).filter(|v| !computed(v)),
                    sensitive: body.get("sensitive").and_then(Node::as_bool) == Some(true),
                    description: body
                        .get("description")
                        .and_then(Node::as_str)
                        .map(str::to_owned),
                    at: place(entry),
                };
                self.out.variables.insert(entry.key.clone(), variable);
            }
        }
        for kind in labelled(node.get("source")) {
            for entry in labelled(Some(&kind.value)) {
                let name = format!("{}.{}", kind.key, entry.key);
                let bodies = bodies(&entry.value).iter();
                let said = bodies.flat_map(|body| entries(Some(body)));
                let settings = said.map(|e| (e.key.clone(), place(e))).collect();
                self.out.settings.insert(name.clone(), settings);
                self.out.sources.insert(name);
            }
        }
        for build in node.get("build").into_iter().flat_map(bodies) {
            let inner = labelled(build.get("source")).map(Said::key);
            for said in texts(build.get("sources")).into_iter().chain(inner) {
                let bare = super::bare(&said.text);
                self.out.builds.insert(bare.to_owned());
                self.out.named.push(Said {
                    text: bare.to_owned(),
                    at: said.at,
                });
            }
            for kind in labelled(build.get("provisioner")) {
                for body in bodies(&kind.value) {
                    self.provisioner(&kind.key, body);
                }
            }
        }
        for settings in node.get("packer").into_iter().flat_map(bodies) {
            self.out.plugins |= settings.get("required_plugins").is_some();
            let version = settings.get("required_version").and_then(Node::as_str);
            if let Some(version) = version {
                self.out.required_version = Some(version.to_owned());
            }
        }
    }

    fn provisioner(&mut self, kind: &str, body: &Node) {
        let is = |key: &str, value: &str| body.get(key).and_then(Node::as_str) == Some(value);
        if is("direction", "download") || is("generated", "true") {
            return;
        }
        for entry in entries(Some(body)) {
            if names_files(kind, &entry.key) {
                let named = texts(Some(&entry.value)).into_iter();
                self.out
                    .provisioners
                    .extend(named.map(|said| (kind.to_owned(), said)));
            }
        }
    }
}

/// One body, or each of a list.
fn bodies(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::List(list) => list,
        _ => std::slice::from_ref(node),
    }
}

/// Entries of a map, or of each map of a list.
fn labelled(node: Option<&Node>) -> impl Iterator<Item = &crate::node::Entry> {
    node.into_iter()
        .flat_map(bodies)
        .flat_map(|body| entries(Some(body)))
}

/// Does a template stand in it?
fn computed(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${") || text.contains("%{"),
        Value::List(list) => list.iter().any(computed),
        Value::Map(map) => map.values().any(computed),
        _ => false,
    }
}

/// The process variable of a default that is no more than ``{{env `NAME`}}``.
fn read_from(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let name = inside.trim().strip_prefix("env")?.trim();
    let name = name.trim_matches(['`', '"']);
    super::is_variable(name).then_some(name)
}
