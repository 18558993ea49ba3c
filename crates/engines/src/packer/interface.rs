//! The interface of a Packer template, from its files.
use crate::folder::{self, ends};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    interface::{Input, Interface, OutputDecl},
    spec::UnitSpec,
    tree::Tree,
    ty::Type,
};
use strata_syntax::packer;

/// The template of a folder: HCL, or a JSON file with builders.
pub fn recognise<'a>(tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
    let hcl =
        || folder::files(tree, folder).find(|(_, name)| ends(name, &[".pkr.hcl", ".pkr.json"]));
    let json = || {
        folder::files(tree, folder)
            .find(|(path, name)| ends(name, &[".json"]) && is_json_template(tree, path))
    };
    hcl().or_else(json).map(|(path, _)| path)
}

/// Is it a template of the older kind?
fn is_json_template(tree: &dyn Tree, path: &str) -> bool {
    tree.text(path)
        .ok()
        .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
        .is_some_and(|json| json["builders"].is_array())
}

/// Its interface, and what is wrong with it.
pub fn read(tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
    let template = packer::read_template(tree, &spec.folder);
    let inputs = template.variables.iter().map(|(name, v)| {
        let input = Input {
            ty: v.ty.clone(),
            optional: v.optional || template.set_here.contains(name),
            default: v.default.clone(),
            sensitive: v.sensitive,
            description: v.description.clone(),
            at: Some(v.at.clone()),
        };
        (name.clone(), input)
    });
    let mut facts = BTreeMap::new();
    if let Some((_, name)) = folder::files(tree, &spec.folder)
        .find(|(path, name)| ends(name, &[".json"]) && is_json_template(tree, path))
    {
        facts.insert("template".to_owned(), name.to_owned());
    }
    if template.plugins {
        facts.insert("plugins".to_owned(), "yes".to_owned());
    }
    let mut interface = Interface {
        inputs: inputs.collect(),
        outputs: crate::declared::interface(spec),
        marks_secrets: true,
        open_inputs: template.incomplete,
        facts,
        ..Interface::default()
    };
    let artifacts = OutputDecl {
        ty: Type::Map(Box::new(Type::String)),
        ..OutputDecl::default()
    };
    interface
        .outputs
        .entry(super::ARTIFACTS.to_owned())
        .or_insert(artifacts);
    let mut problems = packer::problems(tree, &spec.folder, &template);
    problems.extend(template.problems);
    problems.extend(crate::frame::wrong_duration(spec, "rebuild-after"));
    (interface, problems)
}
