//! Module files in JSON: the same words as keys.
use super::{ModuleOutput, Reader, Variable, origin, type_of};
use crate::{
    hcl,
    node::{Kind, Node},
};
use std::collections::BTreeMap;
use strata_core::{span::Location, ty::Type, value::Value};

/// The blocks of a kind: a map by label, or a list of such maps.
fn labelled(node: Option<&Node>) -> Vec<(&str, &Node, Location)> {
    let maps: Vec<&Node> = match node.map(|n| &n.kind) {
        Some(Kind::List(items)) => items.iter().collect(),
        _ => node.into_iter().collect(),
    };
    let entries = maps
        .into_iter()
        .filter_map(Node::as_map)
        .flat_map(|m| &m.entries);
    entries
        .map(|e| {
            (
                e.key.as_str(),
                &e.value,
                Location::new(e.value.origin.clone(), e.key_span),
            )
        })
        .collect()
}

/// A block that may also be written as a list of one.
fn single(node: &Node) -> &Node {
    match &node.kind {
        Kind::List(items) => items.first().unwrap_or(node),
        _ => node,
    }
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::as_str).map(str::to_owned)
}

/// A value without expressions in it.
fn written_out(node: &Node) -> Option<Value> {
    fn computed(v: &Value) -> bool {
        match v {
            Value::String(s) => s.contains("${") || s.contains("%{"),
            Value::List(l) => l.iter().any(computed),
            Value::Map(m) => m.values().any(computed),
            _ => false,
        }
    }
    Some(node.to_value()).filter(|v| !computed(v))
}

impl Reader<'_> {
    pub(super) fn json(&mut self, folder: &str, path: &str, source: &str) {
        let (node, problems) = crate::json::parse(&origin(path), source);
        for problem in problems {
            let mut warning = hcl::unreadable(
                problem.at.unwrap_or_else(|| Location::file(path)),
                "this file",
            );
            warning.help = Some(problem.message);
            self.unreadable(warning);
        }
        let Some(node) = node else { return };
        self.expressions(folder, &node);
        if self.is_root(folder) {
            self.json_interface(&node);
        }
        for (kind, names, _) in labelled(node.get("data")) {
            for (name, ..) in labelled(Some(names)) {
                self.data(kind, name);
            }
        }
        for (kind, resources, _) in labelled(node.get("resource")) {
            self.provider_of(kind);
            let provisioners = labelled(Some(resources))
                .into_iter()
                .filter_map(|(_, r, _)| r.get("provisioner"));
            for (name, ..) in provisioners.flat_map(|p| labelled(Some(p))) {
                self.module.local_exec |= name == "local-exec";
                self.module.uncovered.insert(name.to_owned());
            }
        }
        for (_, module, at) in labelled(node.get("module")) {
            match text(single(module), "source") {
                Some(source) => self.called_module(folder, &source),
                None => self.unreadable(hcl::unreadable(at, "the source of this module")),
            }
        }
        self.json_settings(folder, &node);
    }

    fn json_interface(&mut self, node: &Node) {
        for (name, v, at) in labelled(node.get("variable")) {
            let v = single(v);
            let default = v.get("default");
            let variable = Variable {
                ty: text(v, "type").map_or(Type::Any, |t| type_of(&t)),
                optional: default.is_some(),
                // nothing in a default can be computed
                default: default.map(Node::to_value),
                sensitive: v.get("sensitive").and_then(Node::as_bool).unwrap_or(false),
                description: text(v, "description"),
                at,
            };
            self.module.variables.insert(name.to_owned(), variable);
        }
        for (name, v, at) in labelled(node.get("output")) {
            let sensitive = single(v)
                .get("sensitive")
                .and_then(Node::as_bool)
                .unwrap_or(false);
            self.module
                .outputs
                .insert(name.to_owned(), ModuleOutput { sensitive, at });
        }
    }

    fn json_settings(&mut self, folder: &str, node: &Node) {
        let Some(settings) = node.get("terraform") else {
            return;
        };
        let blocks: Vec<&Node> = match &settings.kind {
            Kind::List(items) => items.iter().collect(),
            _ => vec![settings],
        };
        for block in blocks {
            for (name, provider, _) in labelled(block.get("required_providers")) {
                self.required_provider(name, Some(&provider.to_value()));
            }
            if !self.is_root(folder) {
                continue;
            }
            if let Some(version) = text(block, "required_version") {
                self.module.required_version = Some(version);
            }
            if let Some((kind, settings, _)) = labelled(block.get("backend")).into_iter().next() {
                let entries = single(settings)
                    .as_map()
                    .into_iter()
                    .flat_map(|m| &m.entries);
                let known: BTreeMap<String, Value> = entries
                    .filter_map(|e| Some((e.key.clone(), written_out(&e.value)?)))
                    .collect();
                self.module.backend = Some((kind.to_owned(), known));
            }
            if let Some(cloud) = block.get("cloud") {
                let workspaces = single(cloud).get("workspaces").map(single);
                self.module.cloud =
                    Some(workspaces.and_then(|w| text(w, "name")).unwrap_or_default());
            }
        }
    }

    /// What the expressions inside the texts of a JSON file look at.
    fn expressions(&mut self, folder: &str, node: &Node) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            match &node.kind {
                Kind::List(items) => open.extend(items),
                Kind::Map(map) => open.extend(map.entries.iter().map(|e| &e.value)),
                Kind::Scalar(s) if s.text.contains("${") || s.text.contains("%{") => {
                    // as HCL it is a text in quotes; line breaks would end it
                    let quoted = format!("\"{}\"", s.text.replace('\n', " "));
                    self.uses(folder, &quoted);
                }
                Kind::Scalar(_) => {}
            }
        }
    }
}
