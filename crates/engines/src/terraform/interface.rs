//! The interface of a Terraform module, from its files.
use crate::folder::{self, ends};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    digest::Digest,
    interface::{Input, Interface, OutputDecl},
    span::Location,
    spec::UnitSpec,
    tree::Tree,
    value::Term,
};
use strata_syntax::terraform::{self as syntax, Backend, Module, read_module};

/// Is it a module?
pub fn recognise<'a>(tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
    folder::files(tree, folder)
        .find(|(_, name)| ends(name, &[".tf", ".tf.json"]))
        .map(|(path, _)| path)
}

/// Its interface, and what is wrong with it. What could not be read is open, never invalid.
pub fn read(tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
    let folder = spec.folder.as_str();
    let mut module = read_module(tree, folder);
    let mut problems = syntax::problems(&module);
    problems.splice(0..0, std::mem::take(&mut module.problems));
    let state = folder::path(folder, "terraform.tfstate");
    if tree.file(&state).is_some() {
        problems.push(
            Diagnostic::error("terraform::state-in-tree", "the state of this module lies among its files")
                .at(Location::file(state.as_str()))
                .help("strata keeps local state in its store: move the file there with `strata adopt`, or name a backend in the module"),
        );
    }
    problems.extend(ignored_backend(&module, spec));
    let mut facts = facts(&module);
    let lock = tree
        .file(&folder::path(folder, ".terraform.lock.hcl"))
        .map(|file| file.digest);
    if lock.is_some() {
        facts.insert("lock-file".to_owned(), "yes".to_owned());
    }
    facts.insert("init".to_owned(), init_key(&module, lock));
    let state_reads = super::state_reads::of(&module);
    // what is large goes over as it is: modules are many
    let by_files = spec.options.contains_key("var-files");
    let set_here = &module.set_here;
    let inputs = module.variables.into_iter().map(|(name, v)| {
        let input = Input {
            ty: v.ty,
            optional: v.optional || by_files || set_here.contains(&name),
            default: v.default,
            sensitive: v.sensitive,
            description: v.description,
            at: Some(v.at),
        };
        (name, input)
    });
    let inputs = inputs.collect();
    let mut outputs = crate::declared::interface(spec);
    for (name, o) in module.outputs {
        let decl = OutputDecl {
            ty: o.ty,
            sensitive: o.sensitive || o.from_sensitive,
            at: Some(o.at),
        };
        outputs.entry(name).or_insert(decl);
    }
    let interface = Interface {
        inputs,
        outputs,
        marks_secrets: true,
        shows_inputs: false,
        open_inputs: module.incomplete,
        open_outputs: module.incomplete,
        reads: module.modules.into_iter().chain(module.files).collect(),
        uncovered: module.uncovered.into_iter().collect(),
        state_reads,
        facts,
    };
    (interface, problems)
}

/// What the procedures have to know of the files.
fn facts(module: &Module) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    if let Some(backend) = &module.backend {
        let texts: BTreeMap<String, String> = backend
            .literal()
            .into_iter()
            .filter_map(|(k, v)| Some((k, v.scalar_text()?)))
            .collect();
        facts.insert("backend".to_owned(), backend.kind.clone());
        facts.insert(
            "backend-settings".to_owned(),
            serde_json::to_string(&texts).unwrap_or_default(),
        );
    }
    if module.cloud.is_some() {
        facts.insert("cloud".to_owned(), "yes".to_owned());
    }
    let remote = module.backend.as_ref().filter(|b| b.kind == "remote");
    if let Some(hosted) = module.cloud.as_ref().or(remote) {
        for (fact, setting) in [("cloud-workspace", "name"), ("cloud-prefix", "prefix")] {
            if let Some(text) = hosted.text(&["workspaces", setting]) {
                facts.insert(fact.to_owned(), text.to_owned());
            }
        }
    }
    if !module.providers.is_empty() {
        facts.insert(
            "providers".to_owned(),
            module
                .providers
                .iter()
                .cloned()
                .collect::<Vec<_>>()
                .join(","),
        );
    }
    facts
}

/// Changes when something changes that `init` looks at. Terraform itself says when it is not enough.
fn init_key(module: &Module, lock: Option<Digest>) -> String {
    let remote: Vec<&String> = module
        .uncovered
        .iter()
        .filter(|what| what.starts_with("module "))
        .collect();
    let kind = |b: &Backend| (b.kind.clone(), b.literal());
    let backend = (
        module.backend.as_ref().map(kind),
        module.cloud.as_ref().map(kind),
    );
    Digest::of_json(&(&module.modules, remote, &module.providers, lock, backend)).to_string()
}

/// The module's own words about its state come first; a setting that they make useless is said.
fn ignored_backend(module: &Module, spec: &UnitSpec) -> Option<Diagnostic> {
    let Some(Term::Map(given)) = spec.options.get("backend") else {
        return None;
    };
    let own = match (&module.backend, &module.cloud) {
        (Some(b), _) if !given.contains_key(&b.kind) => format!("backend \"{}\"", b.kind),
        (None, Some(_)) => "cloud".to_owned(),
        _ => return None,
    };
    let message = format!(
        "`terraform.backend` of `{}` is not used: the module has a `{own}` block",
        spec.folder
    );
    Some(
        Diagnostic::warning("terraform::backend-ignored", message)
            .about("backend")
            .help("remove one of the two"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    fn spec(folder: &str) -> UnitSpec {
        UnitSpec {
            engine: "terraform".into(),
            folder: folder.into(),
            ..UnitSpec::default()
        }
    }

    #[test]
    fn a_module_with_a_backend_of_its_own_says_where_its_state_is() {
        let tree = MemoryTree::new([(
            "m/main.tf",
            "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    key = \"k\"\n  }\n}\nresource \"aws_vpc\" \"x\" {}\n",
        )]);
        let (i, problems) = read(&tree, &spec("m"));
        assert!(problems.is_empty());
        assert_eq!(i.facts["backend"], "s3");
        assert_eq!(i.facts["backend-settings"], r#"{"bucket":"b","key":"k"}"#);
        assert_eq!(i.facts["providers"], "aws");
    }

    #[test]
    fn outputs_have_types_and_what_is_wrong_is_said() {
        let tree = MemoryTree::new([(
            "m/main.tf",
            "variable \"zones\" { type = list(string) }\noutput \"zones\" { value = var.zones }\noutput \"first\" { value = \"${var.zone[0]}-a\" }\n",
        )]);
        let (i, problems) = read(&tree, &spec("m"));
        assert_eq!(i.outputs["zones"].ty.to_string(), "list(string)");
        assert_eq!(i.outputs["first"].ty.to_string(), "string");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].code, "terraform::undeclared-variable");
        assert_eq!(problems[0].help.as_deref(), Some("did you mean `zones`?"));
    }

    #[test]
    fn a_backend_that_is_not_used_is_said() {
        let tree = MemoryTree::new([("m/main.tf", "terraform {\n  backend \"s3\" {}\n}\n")]);
        let said = |json: &str| {
            let backend: strata_core::value::Value = serde_json::from_str(json).unwrap();
            let options = BTreeMap::from([("backend".to_owned(), backend.into())]);
            read(
                &tree,
                &UnitSpec {
                    options,
                    ..spec("m")
                },
            )
            .1
            .len()
        };
        assert_eq!(
            (
                said(r#"{"s3": {"bucket": "b"}}"#),
                said(r#"{"gcs": {"bucket": "b"}}"#)
            ),
            (0, 1)
        );
    }

    #[test]
    fn another_lock_file_asks_for_another_init() {
        let key = |lock: &str| {
            let tree = MemoryTree::new([("m/main.tf", ""), ("m/.terraform.lock.hcl", lock)]);
            read(&tree, &spec("m")).0.facts["init"].clone()
        };
        assert_ne!(key("a"), key("b"));
    }

    #[test]
    fn a_state_among_the_files_is_refused() {
        let tree = MemoryTree::new([("m/main.tf", ""), ("m/terraform.tfstate", "{}")]);
        let (_, problems) = read(&tree, &spec("m"));
        assert_eq!(problems[0].code, "terraform::state-in-tree");
    }
}
