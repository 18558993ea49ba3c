//! Module files in JSON: the same words as keys.
use super::{
    facts::{
        ArgumentFact, CallFact, DataFact, Expr, FileFacts, LocalFact, OutputFact, ProviderFact,
        RequirementFact, ResourceFact, Said, SettingsFact, VariableFact,
    },
    reading::{FileReader, Look, said},
    shape::Shape,
};
use crate::{
    hcl,
    node::{Entry, Kind, Node, Origin},
};
use strata_core::span::Span;

/// The facts of a file.
pub(super) fn facts(origin: &Origin, text: &str) -> FileFacts {
    let mut reader = FileReader::new(origin, text);
    let (node, problems) = crate::json::parse(origin, text);
    for problem in problems {
        let at = problem.at.clone();
        let at = at.unwrap_or_else(|| reader.location(Span::default()));
        let mut warning = hcl::unreadable(at, "this file");
        warning.help = Some(problem.message);
        reader.unreadable([warning]);
    }
    for entry in node
        .as_ref()
        .and_then(Node::as_map)
        .into_iter()
        .flat_map(|m| &m.entries)
    {
        reader.kind(entry);
    }
    reader.finish()
}

/// The blocks of a kind: a map by label, or a list of such maps.
fn labelled(node: &Node) -> impl Iterator<Item = &Entry> {
    blocks(node)
        .filter_map(Node::as_map)
        .flat_map(|m| &m.entries)
        // a comment
        .filter(|e| e.key != "//")
}

/// A block, or a list of such.
fn blocks(node: &Node) -> impl Iterator<Item = &Node> {
    let (items, one) = match &node.kind {
        Kind::List(items) => (items.as_slice(), None),
        _ => (&[][..], Some(node)),
    };
    items.iter().chain(one)
}

/// A block that may also be written as a list of one.
fn single(node: &Node) -> &Node {
    blocks(node).next().unwrap_or(node)
}

fn text(node: &Node, key: &str) -> Option<Said> {
    let value = node.get(key)?;
    Some(Said {
        text: value.as_str()?.to_owned(),
        at: value.span,
    })
}

fn truth(node: &Node, key: &str) -> Option<bool> {
    node.get(key).and_then(Node::as_bool)
}

impl FileReader<'_> {
    fn kind(&mut self, entry: &Entry) {
        let node = &entry.value;
        let look = Look::default();
        match entry.key.as_str() {
            "variable" => labelled(node).for_each(|e| self.json_variable(e)),
            "output" => labelled(node).for_each(|e| self.json_output(e)),
            "locals" => {
                for e in labelled(node) {
                    let value = self.expression(&e.value, look);
                    self.facts.locals.push(LocalFact {
                        name: e.key.clone(),
                        at: e.key_span,
                        value,
                    });
                }
            }
            "module" => labelled(node).for_each(|e| self.json_call(e)),
            "provider" => {
                for e in labelled(node) {
                    blocks(&e.value).for_each(|b| self.json_provider(e, b));
                }
            }
            "terraform" => blocks(node).for_each(|b| self.json_settings(b)),
            "data" | "resource" | "ephemeral" => {
                for kind in labelled(node) {
                    for e in labelled(&kind.value) {
                        self.json_resource(&entry.key, &kind.key, e);
                    }
                }
            }
            "moved" | "removed" | "import" => {
                let look = Look {
                    addresses: true,
                    ..look
                };
                self.expression(node, look);
            }
            "//" => {}
            _ => drop(self.expression(node, look)),
        }
    }

    /// A value: texts in it are templates.
    fn expression(&mut self, node: &Node, look: Look) -> Expr {
        match &node.kind {
            Kind::Scalar(s) if s.text.contains("${") || s.text.contains("%{") => {
                self.template(&s.text, node.span, look)
            }
            Kind::Scalar(s) => {
                if look.writes {
                    self.note_text(&s.text);
                }
                Expr {
                    shape: Shape::from_value(&node.to_value()).shortened(),
                    at: node.span,
                    sources: Vec::new(),
                }
            }
            Kind::List(items) => {
                let mut sources = Vec::new();
                let shapes = items.iter().map(|item| {
                    let value = self.expression(item, look);
                    sources.extend(value.sources);
                    value.shape
                });
                let shape = Shape::List(shapes.collect());
                Expr {
                    shape,
                    at: node.span,
                    sources,
                }
            }
            Kind::Map(map) => {
                let (mut sources, mut fields, mut computed) = (Vec::new(), Vec::new(), false);
                for e in map.entries.iter().filter(|e| e.key != "//") {
                    if e.key.contains("${") || e.key.contains("%{") {
                        computed = true;
                        sources.extend(self.template(&e.key, e.key_span, look).sources);
                    }
                    if e.key == "dynamic" {
                        self.dynamic(e.value.span);
                    }
                    let value = self.expression(&e.value, look);
                    sources.extend(value.sources);
                    fields.push((e.key.clone(), value.shape));
                }
                let shape = if computed {
                    Shape::EachByKey(Box::default())
                } else {
                    Shape::Object(fields)
                };
                Expr {
                    shape,
                    at: node.span,
                    sources,
                }
            }
        }
    }

    fn arguments(&mut self, node: &Node, without: &[&str]) -> Vec<ArgumentFact> {
        let entries = labelled(node).filter(|e| !without.contains(&e.key.as_str()));
        entries
            .map(|e| ArgumentFact {
                name: e.key.clone(),
                at: e.key_span,
                value: self.expression(&e.value, Look::default()),
            })
            .collect()
    }

    fn json_variable(&mut self, e: &Entry) {
        let v = single(&e.value);
        let validations = v.get("validation").into_iter().flat_map(blocks);
        let validations: Vec<_> = validations
            .map(|b| {
                self.expression(b, Look::default());
                text(b, "error_message").map(|s| s.text)
            })
            .collect();
        self.facts.variables.push(VariableFact {
            name: e.key.clone(),
            at: e.key_span,
            ty: v.get("type").map(|t| {
                t.as_str()
                    .and_then(|t| crate::ty::parse(t).ok())
                    .unwrap_or_default()
            }),
            type_at: v.get("type").map(|t| t.span).unwrap_or_default(),
            default_at: v.get("default").map(|d| d.span).unwrap_or_default(),
            // nothing in a default can be computed
            default: v.get("default").map(|d| Shape::from_value(&d.to_value())),
            sensitive: truth(v, "sensitive"),
            nullable: truth(v, "nullable"),
            ephemeral: truth(v, "ephemeral"),
            description: text(v, "description").map(|s| s.text),
            validations,
        });
    }

    fn json_output(&mut self, e: &Entry) {
        let v = single(&e.value);
        let value = v.get("value").map(|v| self.expression(v, Look::default()));
        for other in labelled(v).filter(|e| e.key != "value") {
            self.expression(&other.value, Look::default());
        }
        self.facts.outputs.push(OutputFact {
            name: e.key.clone(),
            at: e.key_span,
            value,
            sensitive: truth(v, "sensitive"),
            ephemeral: truth(v, "ephemeral"),
            description: text(v, "description").map(|s| s.text),
        });
    }

    fn json_call(&mut self, e: &Entry) {
        let v = single(&e.value);
        let own = [
            "source",
            "version",
            "count",
            "for_each",
            "depends_on",
            "providers",
        ];
        for key in ["count", "for_each", "depends_on"] {
            if let Some(value) = v.get(key) {
                self.expression(value, Look::default());
            }
        }
        let source = v.get("source").map(|s| self.expression(s, Look::default()));
        let providers = v.get("providers").and_then(Node::as_map);
        let providers = providers.into_iter().flat_map(|m| &m.entries);
        let call = CallFact {
            name: e.key.clone(),
            at: e.key_span,
            source: source.as_ref().and_then(said),
            version: text(v, "version"),
            many: v.get("count").is_some() || v.get("for_each").is_some(),
            providers: providers
                .filter_map(|p| Some((p.key.clone(), p.value.as_str()?.to_owned())))
                .collect(),
            arguments: self.arguments(v, &own),
            incomplete: v.as_map().is_none(),
        };
        self.facts.calls.push(call);
    }

    fn json_provider(&mut self, e: &Entry, block: &Node) {
        let arguments = self.arguments(block, &["alias", "version"]);
        let sources = arguments.iter().flat_map(|a| a.value.sources.clone());
        let mut sources: Vec<_> = sources.collect();
        sources.sort_unstable();
        sources.dedup();
        self.facts.providers.push(ProviderFact {
            name: e.key.clone(),
            at: e.key_span,
            alias: text(block, "alias").map(|s| s.text),
            version: text(block, "version"),
            arguments,
            // a block cannot be told from a map here: all are arguments
            blocks: Vec::new(),
            sources,
        });
    }

    fn json_resource(&mut self, word: &str, kind: &str, e: &Entry) {
        let provisioners = blocks(&e.value).filter_map(|b| b.get("provisioner"));
        let names: Vec<String> = provisioners
            .flat_map(|p| labelled(p).map(|e| e.key.clone()))
            .collect();
        let look = Look {
            writes: kind.contains("file") || kind == "external" || !names.is_empty(),
            ..Look::default()
        };
        self.provisioners(names);
        let named = single(&e.value).get("provider").and_then(Node::as_str);
        let named = named.and_then(|n| n.split('.').next());
        self.provider_of(kind, named);
        let mut arguments = Vec::new();
        if matches!(kind, "terraform_remote_state" | "tfe_outputs") {
            arguments = self.arguments(single(&e.value), &[]);
        } else {
            self.expression(&e.value, look);
        }
        if word != "data" {
            self.facts.resources.push(ResourceFact {
                ephemeral: word == "ephemeral",
                address: format!("{kind}.{}", e.key),
                at: e.key_span,
            });
        } else {
            self.facts.data.push(DataFact {
                kind: kind.to_owned(),
                name: e.key.clone(),
                at: e.key_span,
                arguments,
            });
        }
    }

    fn json_settings(&mut self, block: &Node) {
        let version = text(block, "required_version");
        self.facts.required_versions.extend(version);
        for key in ["backend", "cloud", "required_providers"] {
            if let Some(at) = block.key_location(key) {
                self.facts.single.push((key.to_owned(), at.span));
            }
        }
        for listed in block.get("required_providers").into_iter().flat_map(blocks) {
            let all = labelled(listed).map(requirement).collect();
            self.facts.requirements.push(all);
        }
        if let Some(e) = block.get("backend").and_then(|b| labelled(b).next()) {
            self.facts.backend = Some(SettingsFact {
                kind: e.key.clone(),
                at: e.key_span,
                settings: self.arguments(single(&e.value), &[]),
            });
        }
        if let Some(cloud) = block.get("cloud") {
            let mut settings = self.arguments(single(cloud), &[]);
            for s in &mut settings {
                if let ("workspaces", Shape::List(blocks)) = (s.name.as_str(), &mut s.value.shape) {
                    let first = std::mem::take(blocks).into_iter().next();
                    s.value.shape = first.unwrap_or_default();
                }
            }
            self.facts.cloud = Some(SettingsFact {
                kind: String::new(),
                at: block.key_location("cloud").map_or(cloud.span, |l| l.span),
                settings,
            });
        }
    }
}

fn requirement(e: &Entry) -> RequirementFact {
    let of_text = |n: &Node| {
        n.as_str().map(|text| Said {
            text: text.to_owned(),
            at: n.span,
        })
    };
    let aliases = e.value.get("configuration_aliases").and_then(Node::as_list);
    RequirementFact {
        name: e.key.clone(),
        at: e.key_span,
        source: e.value.get("source").and_then(of_text),
        version: of_text(&e.value).or_else(|| e.value.get("version").and_then(of_text)),
        aliases: aliases.into_iter().flatten().filter_map(of_text).collect(),
        odd: false,
    }
}
