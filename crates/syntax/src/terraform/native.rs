//! Module files in HCL.
use super::{
    facts::{
        ArgumentFact, CallFact, DataFact, Expr, FileFacts, LocalFact, OutputFact, ProviderFact,
        RequirementFact, ResourceFact, Said, SettingsFact, VariableFact,
    },
    reading::{FileReader, Look, said},
    shape::Shape,
};
use crate::{
    hcl::{self, Block, Body},
    node::Origin,
};
use strata_core::span::Span;

/// The deepest nesting of settings that is read.
const MAX_DEPTH: u32 = 8;

/// The facts of a file.
pub(super) fn facts(origin: &Origin, text: &str) -> FileFacts {
    let mut reader = FileReader::new(origin, text);
    let (blocks, problems) = hcl::blocks(origin, text);
    if !problems.is_empty() {
        reader.look_everywhere();
    }
    reader.unreadable(problems);
    for block in &blocks {
        reader.block(block);
    }
    reader.finish()
}

fn truth(shape: &Shape) -> Option<bool> {
    match shape {
        Shape::Bool(b) => Some(*b),
        _ => None,
    }
}

impl<'t> FileReader<'t> {
    fn block(&mut self, block: &Block) {
        match block.ident.as_str() {
            "variable" => self.variable(block),
            "output" => self.output(block),
            "locals" => self.locals(block),
            "module" => self.call(block),
            "provider" => self.provider(block),
            "terraform" => self.settings(block),
            "data" => self.data(block),
            "resource" | "ephemeral" => {
                if let [kind, name] = block.labels.as_slice() {
                    self.facts.resources.push(ResourceFact {
                        ephemeral: block.ident == "ephemeral",
                        address: format!("{kind}.{name}"),
                        at: block.header,
                    });
                }
                self.resource(block);
            }
            "check" => {
                self.look(block.body, Look::default(), None);
                // a check may have data of its own
                let inner = self.body(block).blocks;
                for data in inner.iter().filter(|b| b.ident == "data") {
                    self.provider_of(data.label(), None);
                    self.facts.data.push(DataFact {
                        kind: data.label().to_owned(),
                        name: data.labels.get(1).cloned().unwrap_or_default(),
                        at: data.header,
                        arguments: Vec::new(),
                    });
                }
            }
            "moved" | "removed" | "import" => {
                let look = Look {
                    addresses: true,
                    ..Look::default()
                };
                self.look(block.body, look, None);
            }
            _ => self.look(block.body, Look::default(), None),
        }
    }

    fn body(&mut self, block: &Block) -> Body<'t> {
        let (body, problems) = block.read(self.text);
        self.unreadable(problems);
        body
    }
    fn inner(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.look(block.body, Look::default(), None);
        }
    }

    fn variable(&mut self, block: &Block) {
        let body = self.body(block);
        let mut out = VariableFact {
            name: block.label().to_owned(),
            at: block.header,
            ..VariableFact::default()
        };
        for a in &body.attributes {
            if a.name == "type" {
                let ty = crate::ty::parse(a.text);
                if ty.is_err() {
                    self.odd(a);
                }
                out.ty = Some(ty.unwrap_or_default());
                out.type_at = a.span;
                continue;
            }
            if a.name == "description" && !a.text.starts_with("<<") {
                // nothing is referred to in a description
                out.description = hcl::literal(a.text).and_then(|v| v.as_str().map(str::to_owned));
                continue;
            }
            let mut value = self.attribute(a).shape;
            if value == Shape::Unknown {
                self.odd(a);
            }
            if value.value().is_none()
                && let Some(written) = hcl::literal(a.text)
            {
                // a long text
                value = Shape::from_value(&written);
            }
            match a.name {
                "default" => (out.default, out.default_at) = (Some(value), a.span),
                "sensitive" => out.sensitive = truth(&value),
                "nullable" => out.nullable = truth(&value),
                "ephemeral" => out.ephemeral = truth(&value),
                "description" => out.description = value.text().map(str::to_owned),
                _ => {}
            }
        }
        for inner in &body.blocks {
            let checks = self.body(inner);
            for a in &checks.attributes {
                let value = self.attribute(a);
                if (inner.ident.as_str(), a.name) == ("validation", "error_message") {
                    out.validations.push(said(&value).map(|s| s.text));
                }
            }
        }
        self.facts.variables.push(out);
    }

    /// Says of an attribute that it can't be read, when that is so.
    fn odd(&mut self, a: &hcl::Attribute) {
        if hcl_edit::parser::parse_expr(a.text).is_err() {
            let what = format!("`{}` of this variable", a.name);
            self.unreadable([hcl::unreadable(self.location(a.span), &what)]);
        }
    }

    fn output(&mut self, block: &Block) {
        let body = self.body(block);
        let mut out = OutputFact {
            name: block.label().to_owned(),
            at: block.header,
            ..OutputFact::default()
        };
        for a in &body.attributes {
            let value = self.attribute(a);
            match a.name {
                "value" => out.value = Some(value),
                "sensitive" => out.sensitive = truth(&value.shape),
                "ephemeral" => out.ephemeral = truth(&value.shape),
                "description" => out.description = said(&value).map(|s| s.text),
                _ => {}
            }
        }
        self.inner(&body.blocks);
        self.facts.outputs.push(out);
    }

    fn locals(&mut self, block: &Block) {
        let body = self.body(block);
        for a in &body.attributes {
            let value = self.attribute(a);
            self.facts.locals.push(LocalFact {
                name: a.name.to_owned(),
                at: a.name_span,
                value,
            });
        }
    }

    fn call(&mut self, block: &Block) {
        let problems = self.facts.problems.len();
        let body = self.body(block);
        let mut out = CallFact {
            name: block.label().to_owned(),
            at: block.header,
            ..CallFact::default()
        };
        for a in &body.attributes {
            match a.name {
                "source" => out.source = said(&self.attribute(a)),
                "version" => out.version = said(&self.attribute(a)),
                "count" | "for_each" => {
                    out.many = true;
                    self.attribute(a);
                }
                "depends_on" => drop(self.attribute(a)),
                "providers" => out.providers = pairs(a.text),
                _ => {
                    let argument = self.argument(a);
                    out.arguments.push(argument);
                }
            }
        }
        self.inner(&body.blocks);
        out.incomplete = self.facts.problems.len() > problems || !body.blocks.is_empty();
        self.facts.calls.push(out);
    }

    fn provider(&mut self, block: &Block) {
        let body = self.body(block);
        let mut out = ProviderFact {
            name: block.label().to_owned(),
            at: block.header,
            ..ProviderFact::default()
        };
        for a in &body.attributes {
            let argument = self.argument(a);
            out.sources.extend(argument.value.sources.iter().cloned());
            match a.name {
                "alias" => out.alias = said(&argument.value).map(|s| s.text),
                "version" => out.version = said(&argument.value),
                _ => out.arguments.push(argument),
            }
        }
        for inner in &body.blocks {
            out.blocks.push((inner.ident.clone(), inner.header));
            self.look(inner.body, Look::default(), Some(&mut out.sources));
        }
        out.sources.sort_unstable();
        out.sources.dedup();
        self.facts.providers.push(out);
    }

    fn data(&mut self, block: &Block) {
        let kind = block.label().to_owned();
        let mut arguments = Vec::new();
        if matches!(kind.as_str(), "terraform_remote_state" | "tfe_outputs") {
            let body = self.body(block);
            arguments.extend(body.attributes.iter().map(|a| self.argument(a)));
            self.inner(&body.blocks);
            self.provider_of(&kind, None);
        } else {
            self.resource(block);
        }
        self.facts.data.push(DataFact {
            kind,
            name: block.labels.get(1).cloned().unwrap_or_default(),
            at: block.header,
            arguments,
        });
    }

    fn resource(&mut self, block: &Block) {
        self.look(block.body, Look::default(), None);
        let kind = block.label();
        let named = self.word_of("provider");
        self.provider_of(kind, named);
        if kind.contains("file") || kind == "external" || self.says("provisioner") {
            self.note_words();
        }
    }

    fn settings(&mut self, block: &Block) {
        let body = self.body(block);
        if let Some(a) = body.attribute("required_version") {
            let version = said(&self.attribute(a));
            self.facts.required_versions.extend(version);
        }
        for inner in &body.blocks {
            if matches!(
                inner.ident.as_str(),
                "backend" | "cloud" | "required_providers"
            ) {
                let once = (inner.ident.clone(), inner.header);
                self.facts.single.push(once);
            }
            match inner.ident.as_str() {
                "backend" | "cloud" => {
                    let settings = Some(SettingsFact {
                        kind: inner.label().to_owned(),
                        at: inner.header,
                        settings: self.nested(inner, 0),
                    });
                    if inner.ident == "cloud" {
                        self.facts.cloud = settings;
                    } else {
                        self.facts.backend = settings;
                    }
                }
                "required_providers" => {
                    let listed = self.body(inner);
                    let all = listed.attributes.iter().map(requirement).collect();
                    self.facts.requirements.push(all);
                }
                _ => self.look(inner.body, Look::default(), None),
            }
        }
    }

    /// The settings of a block; a block in it is an object.
    fn nested(&mut self, block: &Block, depth: u32) -> Vec<ArgumentFact> {
        let body = self.body(block);
        let mut out: Vec<ArgumentFact> = body.attributes.iter().map(|a| self.argument(a)).collect();
        for inner in body.blocks.iter().filter(|_| depth < MAX_DEPTH) {
            let fields = self.nested(inner, depth + 1);
            let fields = fields.into_iter().map(|f| (f.name, f.value.shape));
            out.push(ArgumentFact {
                name: inner.ident.clone(),
                at: inner.header,
                value: Expr {
                    shape: Shape::Object(fields.collect()),
                    at: inner.span,
                    sources: Vec::new(),
                },
            });
        }
        out
    }
}

/// `{ aws = aws.west }`: inner and outer names of providers.
fn pairs(text: &str) -> Vec<(String, String)> {
    entries(text)
        .map(|(name, value, _)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The entries of an object as they are written, with the places of their values in the text.
fn entries(text: &str) -> impl Iterator<Item = (&str, &str, usize)> {
    let inner = text
        .strip_prefix('{')
        .and_then(|t| t.strip_suffix('}'))
        .unwrap_or("");
    let mut depth = 0_u32;
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    let mut current: Option<std::ops::Range<usize>> = None;
    for token in hcl::Scanner::from(inner, 0) {
        match token.kind {
            hcl::Kind::Mark(b'[' | b'{' | b'(') if token.depth == 0 => depth += 1,
            hcl::Kind::Mark(b']' | b'}' | b')') if token.depth == 0 => {
                depth = depth.saturating_sub(1);
            }
            hcl::Kind::Newline | hcl::Kind::Mark(b',') if token.depth == 0 && depth == 0 => {
                found.extend(current.take());
                continue;
            }
            _ => {}
        }
        let start = current.as_ref().map_or(token.range.start, |c| c.start);
        current = Some(start..token.range.end);
    }
    found.extend(current);
    found.into_iter().filter_map(move |range| {
        let entry = inner.get(range.clone())?;
        let sign = entry.find(['=', ':'])?;
        let value = &entry[sign + 1..];
        let place = 1 + range.start + sign + 1 + (value.len() - value.trim_start().len());
        let name = entry[..sign].trim().trim_matches('"');
        (!name.is_empty()).then_some((name, value.trim(), place))
    })
}

/// A version, or `{ source = …, version = …, configuration_aliases = […] }`.
fn requirement(a: &hcl::Attribute) -> RequirementFact {
    let mut out = RequirementFact {
        name: a.name.to_owned(),
        at: a.name_span,
        ..RequirementFact::default()
    };
    let said = |text: &str, at: Span| match hcl::literal(text) {
        Some(strata_core::value::Value::String(text)) => Some(Said { text, at }),
        _ => None,
    };
    if !a.text.starts_with('{') {
        out.version = said(a.text, a.span);
        out.odd = out.version.is_none();
        return out;
    }
    for (name, value, place) in entries(a.text) {
        let start = a.span.start + place as u32;
        let at = Span::new(start, start + value.len() as u32);
        match name {
            "source" => {
                out.source = said(value, at);
                out.odd |= out.source.is_none();
            }
            "version" => {
                out.version = said(value, at);
                out.odd |= out.version.is_none();
            }
            "configuration_aliases" => {
                let listed = value.trim_start_matches('[').trim_end_matches(']');
                let names = listed.split([',', '\n']).map(str::trim);
                out.aliases = names
                    .filter(|n| !n.is_empty() && !n.starts_with(['#', '/']))
                    .map(|n| Said {
                        text: n.to_owned(),
                        at,
                    })
                    .collect();
            }
            _ => {}
        }
    }
    out
}
