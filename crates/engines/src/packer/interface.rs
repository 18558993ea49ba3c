//! The interface of a Packer template, from its files.
use crate::folder::{self, ends};
use strata_core::{
    diagnostic::Diagnostic,
    interface::{Interface, OutputDecl},
    spec::UnitSpec,
    tree::Tree,
    ty::Type,
};

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
pub fn read(_tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
    let mut interface = Interface {
        open_inputs: true,
        outputs: crate::declared::interface(spec),
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
    (interface, vec![])
}
