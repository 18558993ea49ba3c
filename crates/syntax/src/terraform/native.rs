//! Module files in HCL.
use super::{ModuleOutput, Reader, Variable, origin, type_of};
use crate::hcl::{self, Block, Body};
use strata_core::{ty::Type, value::Value};

impl Reader<'_> {
    pub(super) fn native(&mut self, folder: &str, path: &str, text: &str) {
        self.uses(folder, text);
        let (blocks, problems) = hcl::blocks(&origin(path), text);
        problems.into_iter().for_each(|p| self.unreadable(p));
        for block in &blocks {
            self.block(folder, block, text);
        }
    }

    fn block(&mut self, folder: &str, block: &Block, text: &str) {
        match block.ident.as_str() {
            "data" => self.data(
                block.label(),
                block.labels.get(1).map_or("", String::as_str),
            ),
            "resource" | "ephemeral" => self.provider_of(block.label()),
            "variable" if self.is_root(folder) => {
                let variable = self.variable(block, text);
                self.module
                    .variables
                    .insert(block.label().to_owned(), variable);
            }
            "output" if self.is_root(folder) => {
                let body = self.body(block, text);
                let output = ModuleOutput {
                    sensitive: body.is_true("sensitive"),
                    at: block.location(),
                };
                self.module.outputs.insert(block.label().to_owned(), output);
            }
            "module" => {
                let body = self.body(block, text);
                match body.text("source") {
                    Some(source) => self.called_module(folder, &source),
                    None => self.unreadable(hcl::unreadable(
                        block.location(),
                        "the source of this module",
                    )),
                }
            }
            "terraform" => self.settings(folder, block, text),
            // a check may have data of its own
            "check" => {
                let inner = self.body(block, text).blocks;
                inner
                    .iter()
                    .filter(|b| b.ident == "data")
                    .for_each(|b| self.block(folder, b, text));
            }
            _ => {}
        }
    }

    fn body<'t>(&mut self, block: &Block, text: &'t str) -> Body<'t> {
        let (body, problems) = block.read(text);
        problems.into_iter().for_each(|p| self.unreadable(p));
        body
    }

    fn variable(&mut self, block: &Block, text: &str) -> Variable {
        let body = self.body(block, text);
        if let Some(odd) = body
            .attributes
            .iter()
            .find(|a| hcl_edit::parser::parse_expr(a.text).is_err())
        {
            let at = strata_core::span::Location::new(block.origin.clone(), odd.span);
            self.unreadable(hcl::unreadable(
                at,
                &format!("`{}` of this variable", odd.name),
            ));
        }
        Variable {
            ty: body
                .attribute("type")
                .map_or(Type::Any, |a| type_of(a.text)),
            optional: body.attribute("default").is_some(),
            default: body.value("default"),
            sensitive: body.is_true("sensitive"),
            description: body.text("description"),
            at: block.location(),
        }
    }

    fn settings(&mut self, folder: &str, block: &Block, text: &str) {
        let body = self.body(block, text);
        let root = self.is_root(folder);
        if root {
            self.module.required_version = body
                .text("required_version")
                .or(self.module.required_version.take());
        }
        for inner in &body.blocks {
            let settings = self.body(inner, text);
            match inner.ident.as_str() {
                "backend" if root => {
                    let known = settings.attributes.iter();
                    let known = known
                        .filter_map(|a| Some((a.name.to_owned(), hcl::literal(a.text)?)))
                        .collect();
                    self.module.backend = Some((inner.label().to_owned(), known));
                }
                "cloud" if root => {
                    let workspaces = settings.blocks.iter().find(|b| b.ident == "workspaces");
                    let name = workspaces.and_then(|b| b.read(text).0.text("name"));
                    self.module.cloud = Some(name.unwrap_or_default());
                }
                "required_providers" => {
                    for a in &settings.attributes {
                        self.required_provider(a.name, Some(&provider_settings(a.text)));
                    }
                }
                _ => {}
            }
        }
    }
}

/// A version, or `{source = …, version = …}`; `configuration_aliases` beside them is left out.
fn provider_settings(text: &str) -> Value {
    hcl::literal(text).unwrap_or_else(|| Value::Map(hcl::literal_entries(text)))
}
